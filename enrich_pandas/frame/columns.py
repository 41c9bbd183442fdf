"""Find the columns that hold identifiers: by ``on=``, or by name and content."""

from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from enrich_pandas.errors import InputError
from enrich_pandas.frame.cells import may_hold_text
from enrich_pandas.frame.identifiers import canonical

# -- Common names of columns that hold an identifier, in one table -------------------------------

# Prefixes of the row's own person: "Contact LinkedIn URL", "lead_email".
_OWNERS = (
    *("", "person", "contact", "lead", "prospect", "candidate", "member", "user", "customer"),
    *("client", "employee", "attendee", "applicant", "participant", "profile", "my"),
)
_EMAIL_KINDS = (
    *("", "work", "business", "professional", "corporate", "office", "personal", "private"),
    *("home", "primary", "main", "direct", "verified", "valid"),
)
_EMPLOYERS = ("", "company", "account", "organization", "organisation", "employer", "firm")

_LINKEDIN = (
    *("LinkedIn", "LinkedIn URL", "LinkedIn URI", "LinkedIn link", "LinkedIn page"),
    *("LinkedIn address", "LinkedIn account", "LinkedIn profile", "LinkedIn profile URL"),
    *("LinkedIn profile link", "LinkedIn profile page", "LinkedIn public profile"),
    *("LinkedIn public profile URL", "LinkedIn public URL", "LinkedIn flagship URL"),
    *("LinkedIn member URL", "LinkedIn person URL", "LinkedIn contact profile URL"),
    *("personal LinkedIn", "personal LinkedIn URL", "personal LinkedIn profile"),
    *("LI URL", "LI link", "LI profile", "LI profile URL", "LI profile link"),
    *("URL LinkedIn", "link LinkedIn", "profile LinkedIn", "profil LinkedIn", "LinkedIn profil"),
    *("perfil LinkedIn", "perfil de LinkedIn"),
)
_EMAIL = (
    *("email", "email address", "email addr", "email id", "email 1", "email 1 value"),
    *("email 1 address", "email address 1", "mail", "mail address", "mail id", "adresse email"),
    *(
        "email adresse",
        "mail adresse",
        "adresse mail",
        "courriel",
        "correo",
        "correo electr\u00f3nico",
    ),
)
_COMPANY_LINKEDIN = (
    *("LinkedIn", "LinkedIn URL", "LinkedIn page", "LinkedIn link", "LinkedIn profile"),
    *("LinkedIn profile URL", "LinkedIn company page", "LinkedIn company URL"),
)
_DOMAIN = (
    *("domain", "domain name", "website", "website URL", "website address", "website domain"),
    *("web site", "web", "web address", "webpage", "homepage", "site", "URL"),
)


def normalize_label(label: Hashable) -> str:
    """Return the letters and digits of a column label; levels of a MultiIndex are joined.

    Examples
    --------
    >>> normalize_label("E-Mail Address"), normalize_label(("Contact", "LI_URL", ""))
    ('emailaddress', 'contactliurl')
    """
    text = " ".join(map(str, label)) if isinstance(label, tuple) else str(label)
    return "".join(filter(str.isalnum, text.casefold()))


def _spelled(*parts: Iterable[str]) -> Iterator[str]:
    return (normalize_label(words) for words in product(*parts))


def _names() -> Iterator[tuple[str, str]]:
    by_identifier: Mapping[str, Iterable[Iterator[str]]] = {
        "linkedin_url": [_spelled(_OWNERS, _LINKEDIN)],
        "email": [
            _spelled(_OWNERS, _EMAIL_KINDS, _EMAIL),
            _spelled(_EMAIL[:2], _EMAIL_KINDS),
            _spelled(_OWNERS, _EMAIL[:2], _EMAIL_KINDS),
        ],
        "domain": [_spelled(_EMPLOYERS, _DOMAIN)],
        "company_linkedin_url": [
            _spelled(_EMPLOYERS[1:], _COMPANY_LINKEDIN),
            _spelled(["LinkedIn"], _EMPLOYERS[1:], ["", "URL", "page", "page URL"]),
        ],
        "name": [_spelled(_OWNERS, ["name", "full name", "fullname", "display name"])],
        "company": [
            _spelled(_EMPLOYERS[1:], ["", "name"]),
            _spelled(["current"], _EMPLOYERS[1:], ["", "name"]),
            _spelled(["business name", "works at", "company at"]),
        ],
    }
    for identifier, spellings in by_identifier.items():
        yield from ((name, identifier) for group in spellings for name in group)


# From a normalized label to the identifier that such a column holds.
NAMES: Mapping[str, str] = dict(_names())

# A column of e-mail addresses also serves a provider that takes their domains. A company is only
# requested by a whole e-mail address if `on=` says so.
SERVES_AS: Mapping[str, str] = {"email": "email_domain"}


def served_identifier(identifier: str, identifiers: Iterable[str]) -> str | None:
    """Return the wanted identifier that a column of this identifier serves, or None."""
    wanted = set(identifiers)
    return next(
        (name for name in (SERVES_AS.get(identifier, ""), identifier) if name in wanted), None
    )


# Words in the label of a column that is about another person than the row's own.
OTHER_PEOPLE = (
    *("owner", "manager", "supervisor", "assistant", "referr", "recruiter", "spouse", "createdby"),
    *("modifiedby", "updatedby", "assignedto", "salesrep", "boss", "reportsto", "sender"),
)


# -- Find the columns that hold identifiers: by ``on=``, or by name and content ------------------

SHOWN = 12  # labels in a message
COMPARED = 120  # labels that are compared with the known names
WIDTH = 60  # characters of a label in a message


def column_not_found(frame: pd.DataFrame, label: object) -> InputError:
    """Return the error for a label that no column has."""
    labels = list(frame.columns)
    if not isinstance(label, str | tuple):
        what = f"on= takes column labels, and no column has the label {_quoted(label)}."
    else:
        what = f"The frame has no column {_quoted(label)}."
    close = get_close_matches(str(label), [str(name) for name in labels], n=1)
    todo = f"Did you mean {close[0]!r}?" if close else f"The columns are {_listed(labels)}."
    return InputError(what, todo=todo)


def duplicate_label(label: Hashable, count: int) -> InputError:
    """Return the error for a label that several columns have."""
    return InputError(
        f"The frame has {count} columns named {_quoted(label)}.",
        todo="Rename all but one, so that the label is unique.",
    )


def ambiguous_columns(
    identifier: str, labels: Sequence[Hashable], chosen: Mapping[str, Hashable]
) -> InputError:
    """Return the error for several columns that can hold the same identifier."""
    return InputError(
        f"{len(labels)} columns can hold the {identifier}: {_listed(labels)}.",
        todo=f"Choose one, for example on={dict(chosen)!r}.",
    )


def no_columns_found(
    frame: pd.DataFrame, identifiers: Sequence[str], rejected: Mapping[Hashable, str]
) -> InputError:
    """Return the error for a frame without an identifier, with the columns that come near."""
    wanted = " or ".join(identifiers)
    rejections = "".join(
        f" {_quoted(label)} was not used: {why}." for label, why in rejected.items()
    )
    if not len(frame.columns):
        return InputError("The frame has no columns.", todo=f"Add a column that holds a {wanted}.")
    looked_at = _listed(list(frame.columns))
    guess = _guess(frame.columns, identifiers) or (identifiers[0], "the column's name")
    return InputError(
        f"No column holds a {wanted}. The columns are {looked_at}.{rejections}",
        todo=f"Name the column: on={{{guess[0]!r}: {guess[1]!r}}}.",
    )


def unsupported_identifier(
    identifier: object, label: object, identifiers: Sequence[str]
) -> InputError:
    """Return the error for an identifier in ``on=`` that the provider does not accept."""
    close = get_close_matches(str(identifier), identifiers, n=1) or list(identifiers)
    return InputError(
        f"on= contains {identifier!r}, but the provider accepts {', '.join(identifiers)}.",
        todo=f"Use for example on={{{close[0]!r}: {label!r}}}.",
    )


def unknown_content(label: Hashable, identifiers: Sequence[str]) -> InputError:
    """Return the error for a column of which neither label nor content shows the identifier."""
    return InputError(
        f"Neither the label nor the content of column {_quoted(label)} shows what it holds.",
        todo=f"Name the identifier: on={{{identifiers[0]!r}: {label!r}}}.",
    )


def empty_on(identifiers: Sequence[str]) -> InputError:
    """Return the error for ``on={}``."""
    todo = f"Remove on=, or use for example on={{{identifiers[0]!r}: 'your column'}}."
    return InputError("on={} contains no column.", todo=todo)


def _guess(labels: Iterable[Hashable], identifiers: Sequence[str]) -> tuple[str, Hashable] | None:
    """Return the identifier and label of a column with nearly a known name."""
    known = [name for name, found in NAMES.items() if served_identifier(found, identifiers)]
    for label in list(labels)[:COMPARED]:
        if close := get_close_matches(normalize_label(label), known, n=1, cutoff=0.8):
            return served_identifier(NAMES[close[0]], identifiers) or "", label
    return None


def _quoted(label: object) -> str:
    text = repr(label)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


def _listed(labels: Sequence[object]) -> str:
    more = len(labels) - SHOWN
    shown = ", ".join(map(_quoted, labels[:SHOWN]))
    return f"{shown} and {more} more" if more > 0 else shown


# Identifiers that have a form of their own. A column of words could hold names of anything.
FOUND_BY_CONTENT = ("email", "linkedin_url", "company_linkedin_url", "domain")
SAMPLE = 100  # cells that are read of a column
SHARE = 0.8  # of the sampled cells that must be valid for a column to be found by content
FLAGS = frozenset({"yes", "no", "y", "n", "true", "false", "0", "1", "x", "ja", "nein", "oui"})


@dataclass(frozen=True, slots=True)
class IdentifierColumns:
    """The columns that identify the rows.

    Attributes
    ----------
    chosen
        Identifier to column label, the preferred identifier first.
    how
        Identifier to how its column was found: ``on=``, ``name`` or ``content``.
    rejected
        Label of a column that was considered and not chosen, to the reason.
    """

    chosen: Mapping[str, Hashable]
    how: Mapping[str, str]
    rejected: Mapping[Hashable, str]


def find_columns(
    frame: pd.DataFrame,
    identifiers: Sequence[str],
    on: Mapping[str, Hashable] | Hashable | None = None,
    *,
    ignore: Container[Hashable] = (),
) -> IdentifierColumns:
    """Find the column that holds each identifier.

    Without ``on``, a column is found by its name, unless its content rules it out. Only if no name
    fits, the content of every text column is read, since a column of addresses can be about other
    people than the row's own. At most 100 cells of a column are read.

    Parameters
    ----------
    frame
        The user's frame.
    identifiers
        The identifiers that the provider accepts, the preferred one first.
    on
        Identifier to column label, or one label. Only these columns are used.
    ignore
        Labels of columns that are not input, such as those of an earlier result.

    Returns
    -------
    Columns
        At least one column, how each was found, and which columns were not chosen.

    Raises
    ------
    InputError
        No column is found, several columns hold the same identifier, or a label in ``on`` is
        missing or not unique.

    Examples
    --------
    >>> leads = pd.DataFrame({"LI URL": ["linkedin.com/in/zoe-example"], "Tier": ["A"]})
    >>> find_columns(leads, ["linkedin_url", "email"]).chosen
    {'linkedin_url': 'LI URL'}
    """
    if on is not None:
        return _named_columns(frame, identifiers, on)
    labels = [(place, label) for place, label in enumerate(frame.columns) if label not in ignore]
    candidates = [c for place, label in labels if (c := _by_name(frame, place, label, identifiers))]
    if all(candidate.doubt for candidate in candidates):
        by_content = [
            c for place, label in labels if (c := _by_content(frame, place, label, identifiers))
        ]
        held = {candidate.label for candidate in by_content}
        candidates = by_content + [c for c in candidates if c.label not in held]
    return _resolve(frame, identifiers, candidates)


def position(frame: pd.DataFrame, label: Hashable) -> int:
    """Return the position of a column by its label.

    Raises
    ------
    InputError
        The label is missing, not unique, or not a label.
    """
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for place, name in enumerate(frame.columns):
        places[name].append(place)
    try:
        found = places.get(label, [])
    except TypeError:  # unhashable, such as a list
        found = []
    if not found:
        raise column_not_found(frame, label)
    if len(found) > 1:
        raise duplicate_label(label, len(found))
    return found[0]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A column that can hold an identifier; ``barred`` if ``doubt`` rules it out."""

    identifier: str
    label: Hashable
    how: str
    doubt: str = ""
    barred: bool = False


def _by_name(
    frame: pd.DataFrame, place: int, label: Hashable, identifiers: Sequence[str]
) -> _Candidate | None:
    """Return a candidate if the column's name fits; it is in doubt if no cell is valid."""
    identifier = served_identifier(NAMES.get(normalize_label(label), ""), identifiers)
    if identifier is None:
        return None
    cells = _sample(frame.iloc[:, place])
    if _are_flags(cells):
        return _Candidate(identifier, label, "name", "it holds yes/no flags", barred=True)
    doubt = (
        "" if _share(identifier, cells) else f"none of the sampled cells is a valid {identifier}"
    )
    return _Candidate(identifier, label, "name", doubt)


def _by_content(
    frame: pd.DataFrame, place: int, label: Hashable, identifiers: Sequence[str]
) -> _Candidate | None:
    """Return a candidate if the column holds one of the identifiers, whatever its name."""
    column = frame.iloc[:, place]
    if not may_hold_text(column.dtype):
        return None
    cells = _sample(column)
    probe = cells[:: max(1, len(cells) // 10)]  # so that ten thousand columns take seconds
    matching = (n for n in FOUND_BY_CONTENT if _share(n, probe) and _share(n, cells) >= SHARE)
    identifier = served_identifier(next(matching, ""), identifiers)
    if identifier is None:
        return None
    if any(word in normalize_label(label) for word in OTHER_PEOPLE):
        return _Candidate(identifier, label, "content", "its name is about another person", True)
    return _Candidate(identifier, label, "content")


def _resolve(
    frame: pd.DataFrame, identifiers: Sequence[str], candidates: Sequence[_Candidate]
) -> IdentifierColumns:
    """Choose one candidate for each identifier; one without doubt comes before the others."""
    usable = [candidate for candidate in candidates if not candidate.barred]
    choices = {name: _best(name, usable) for name in identifiers}
    found = {name: best for name, best in choices.items() if best}
    chosen = {name: best[0].label for name, best in found.items()}
    rejected = {c.label: c.doubt for c in candidates if c.doubt and c.label not in chosen.values()}
    if not chosen:
        raise no_columns_found(frame, identifiers, rejected)
    for name, best in found.items():
        labels = list(dict.fromkeys(candidate.label for candidate in best))
        if len(labels) > 1:
            raise ambiguous_columns(name, labels, chosen)
        position(frame, labels[0])
    return IdentifierColumns(chosen, {name: best[0].how for name, best in found.items()}, rejected)


def _best(identifier: str, candidates: Sequence[_Candidate]) -> list[_Candidate]:
    fitting = [candidate for candidate in candidates if candidate.identifier == identifier]
    return [candidate for candidate in fitting if not candidate.doubt] or fitting


def _named_columns(
    frame: pd.DataFrame, identifiers: Sequence[str], on: Mapping[str, Hashable] | Hashable
) -> IdentifierColumns:
    """Return the columns that the user named in ``on=``."""
    if not isinstance(on, Mapping):
        on = {_identifier_in(frame, position(frame, on), on, identifiers): on}
    for identifier, label in on.items():
        if identifier not in identifiers:
            raise unsupported_identifier(identifier, label, identifiers)
        position(frame, label)
    if not on:
        raise empty_on(identifiers)
    chosen = {name: on[name] for name in identifiers if name in on}
    return IdentifierColumns(chosen, dict.fromkeys(chosen, "on="), {})


def _identifier_in(
    frame: pd.DataFrame, place: int, label: Hashable, identifiers: Sequence[str]
) -> str:
    """Return the identifier that the one column in ``on=`` holds."""
    for find in (_by_content, _by_name):
        if candidate := find(frame, place, label, identifiers):
            return candidate.identifier
    if len(identifiers) == 1:
        return identifiers[0]
    raise unknown_content(label, identifiers)


def _sample(column: "pd.Series[Any]") -> list[object]:
    """Return cells that are not null, spread evenly over the column."""
    present = np.flatnonzero(np.asarray(column.notna(), dtype=bool))
    steps = np.linspace(0, len(present) - 1, min(len(present), SAMPLE), dtype=np.intp)
    return list(column.iloc[present[steps]])


def _share(identifier: str, cells: Sequence[object]) -> float:
    """Return the share of valid cells among the cells that are not empty."""
    reasons = [canonical(identifier, cell)[1] for cell in cells]
    filled = [reason for reason in reasons if reason not in {"missing", "placeholder"}]
    return filled.count(None) / len(filled) if filled else 0.0


def _are_flags(cells: Sequence[object]) -> bool:
    return bool(cells) and all(
        pd.api.types.is_scalar(cell) and str(cell).strip().casefold() in FLAGS for cell in cells
    )
