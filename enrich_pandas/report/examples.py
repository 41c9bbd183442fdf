"""Examples from the user's frame for a plan: rows that are sent, rejected and duplicated."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from enrich_pandas.frame.cells import Codes, is_missing
from enrich_pandas.frame.columns import position
from enrich_pandas.frame.identities import count_by_identifiers
from enrich_pandas.frame.impersonal import count_impersonal_rows
from enrich_pandas.frame.validation import Identified
from enrich_pandas.providers.base import KEYS, Identity, Kind, Provider
from enrich_pandas.report.page import Grid, Line, explain, format_labels, format_value, label_lines
from enrich_pandas.statuses import Status

MAX_EXAMPLES = 3  # of each kind
SEARCHED_ROWS = 1000  # among which the rows that are sent are looked for

Refused = Mapping[tuple[Status, str], int]


class SentRow(NamedTuple):
    """A row that is sent: its label, its cells, its identity and, of several, the provider."""

    label: Hashable
    cells: str
    identity: str
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Examples:
    """A few rows of a frame, by what the call will do with them.

    Attributes
    ----------
    refused
        For each status and reason: the labels of the first rows, and their cells.
    sent
        The first rows that are sent.
    repeated
        The identities with the most rows: the number of rows, the first labels, the identity.
    failure_cases
        One line for each distinct bad value, in the order of the frame, as in pandera: ``row`` is
        the label of the first row with it, ``rows`` the number of such rows.
    """

    refused: Mapping[tuple[Status, str], tuple[list[Hashable], list[str]]]
    sent: Sequence[SentRow]
    repeated: Sequence[tuple[int, list[Hashable], str]]
    failure_cases: pd.DataFrame


def find_examples(
    frame: pd.DataFrame, columns: Mapping[str, Hashable], identified: Identified
) -> Examples:
    """Find examples for a call with one provider."""
    places = _places(frame, columns)
    refused = identified.codes - len(identified.identities)
    return Examples(
        dict(_refused(frame, places, refused, identified.exclusions)),
        list(_sent(frame, places, identified)),
        list(_repeated(frame, identified)),
        _failure_cases(frame, identified.failure_cases),
    )


class ProviderRows(NamedTuple):
    """The identities that one of several providers finds in the frame's own columns."""

    name: str
    provider: Provider
    columns: Mapping[str, Hashable]
    identified: Identified


def find_waterfall_examples(
    frame: pd.DataFrame,
    providers: Sequence[ProviderRows],
    refused: Codes,
    refusals: Sequence[tuple[Status, str]],
) -> Examples:
    """Find examples for a call with several providers.

    Parameters
    ----------
    refused
        For each row, the place in ``refusals`` if all providers refuse it, else -1.
    """
    columns = {name: label for one in providers for name, label in one.columns.items()}
    sent: list[SentRow] = []
    is_open = np.ones(len(frame), dtype=bool)
    for one in providers:
        found = _sent(frame, _places(frame, one.columns), one.identified, is_open)
        sent += [row._replace(provider=one.name) for row in found]
        is_open &= one.identified.codes >= len(one.identified.identities)
    cases = pd.concat([one.identified.failure_cases for one in providers])
    # A row that lacks an identifier for one provider is no failure if another accepts it.
    is_failure = cases["column"].notna() | (refused[cases["index"].to_numpy(np.intp)] >= 0)
    cases = cases[is_failure].sort_values("index", kind="stable")
    return Examples(
        dict(_refused(frame, _places(frame, columns), refused, refusals)),
        sent,
        next(filter(None, (list(_repeated(frame, one.identified)) for one in providers)), []),
        _failure_cases(frame, cases.drop_duplicates(["index", "column", "check"])),
    )


def _places(frame: pd.DataFrame, columns: Mapping[str, Hashable]) -> dict[str, int]:
    return {name: position(frame, label) for name, label in columns.items()}


def _refused(
    frame: pd.DataFrame,
    places: Mapping[str, int],
    refused: Codes,
    refusals: Sequence[tuple[Status, str]],
) -> Iterator[tuple[tuple[Status, str], tuple[list[Hashable], list[str]]]]:
    for number, (status, reason) in enumerate(refusals):
        rows = np.flatnonzero(refused == number)[:MAX_EXAMPLES]
        place = places.get(reason.partition(":")[0])
        cells = [] if place is None else frame.iloc[rows, place].tolist()
        values = list(dict.fromkeys(map(format_value, cells)))
        yield (status, reason), (list(frame.index[rows]), values)


def _sent(
    frame: pd.DataFrame,
    places: Mapping[str, int],
    identified: Identified,
    is_open: "npt.NDArray[np.bool_] | None" = None,
) -> Iterator[SentRow]:
    """Yield the first rows with distinct identities, among the rows that are open."""
    is_sent = identified.codes < len(identified.identities)
    rows = np.flatnonzero(is_sent if is_open is None else is_sent & is_open)[:SEARCHED_ROWS]
    _, first = np.unique(identified.codes[rows], return_index=True)
    for row in rows[np.sort(first)[:MAX_EXAMPLES]].tolist():
        identity = identified.identities[identified.codes[row]]
        names = {name for name, _ in identity.keys}
        columns = [place for name, place in places.items() if KEYS.get(name, name) in names]
        cells = [frame.iat[row, place] for place in columns]  # noqa: PD009 - by position
        shown = ", ".join(format_value(cell) for cell in cells if not is_missing(cell))
        (label,) = frame.index[[row]].tolist()  # a Python value, as the user types it
        yield SentRow(label, shown, _format_identity(identity))


def _repeated(
    frame: pd.DataFrame, identified: Identified
) -> Iterator[tuple[int, list[Hashable], str]]:
    rows: Codes = np.bincount(identified.codes, minlength=len(identified.identities))
    counts = rows[: len(identified.identities)]
    for number in np.argsort(-counts, kind="stable")[:MAX_EXAMPLES].tolist():
        if counts[number] > 1:
            found = np.flatnonzero(identified.codes == number)[:MAX_EXAMPLES]
            labels = list(frame.index[found])
            yield int(counts[number]), labels, _format_identity(identified.identities[number])


def _failure_cases(frame: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
    places = cases["index"].to_numpy(dtype=np.intp)
    table = cases[["column", "failure_case", "check", "rows"]].rename(
        columns={"failure_case": "value", "check": "reason"}
    )
    table.insert(0, "row", frame.index.take(places).to_flat_index())
    return table


def cases_of(found: Examples | None) -> pd.DataFrame:
    """Return the bad values; an empty table without examples."""
    if found is None:
        return pd.DataFrame(columns=["row", "column", "value", "reason", "rows"])
    return found.failure_cases.copy()


def _format_identity(identity: Identity) -> str:
    return ", ".join(f"{name} {format_value(value)}" for name, value in identity.keys)


def refused_table(refused: Refused, found: Examples | None) -> Grid:
    """Return the table of rows that are not sent: one line for each status and reason."""
    order = list(Status)
    rows = sorted(refused.items(), key=lambda item: (order.index(item[0][0]), -item[1]))
    return Grid(
        "Not sent",
        ["Status", "Reason", "Rows", "Examples", "Values", "Explanation"],
        [_refused_row(status, reason, count, found) for (status, reason), count in rows],
        numbers=["Rows"],
        html_only=["Explanation"],
    )


def _refused_row(status: Status, reason: str, count: int, found: Examples | None) -> list[str]:
    labels, cells = found.refused.get((status, reason), ([], [])) if found else ([], [])
    examples = format_labels(labels, count) if labels else ""
    facts = [status.label, format_value(reason), f"{count:,}", examples, ", ".join(cells)]
    return [*facts, explain(status, reason)]


def sent_table(found: Examples) -> Grid:
    """Return the table of a few rows that are sent."""
    columns = ["Row", "Cells", "Sent as", "First provider"]
    rows = [
        [format_value(one.label), one.cells, one.identity, format_value(one.provider)]
        for one in found.sent
    ]
    width = 4 if any(one.provider for one in found.sent) else 3
    return Grid("Examples", columns[:width], [row[:width] for row in rows])


def duplicates_table(found: Examples) -> Grid:
    """Return the table of the identities with the most rows."""
    rows = [[f"{n:,}", format_labels(labels, n), name] for n, labels, name in found.repeated]
    return Grid("Duplicates, requested once", ["Rows", "Examples", "Identity"], rows, ["Rows"])


IMPERSONAL = {
    "role": "rows with a shared mailbox, such as info@ or sales@",
    "disposable": "rows with a disposable address",
    "test": "rows with an address for tests, such as test@",
}


@dataclass(frozen=True, slots=True)
class Remarks:
    """Rows that are valid and sent, and worth checking before they are paid for.

    Attributes
    ----------
    by_identifier : mapping of str to int
        Identities by the identifiers they are requested by, such as ``email``.
    impersonal : mapping of str to int
        Rows that are requested by an address of no single person, by its sort; see `impersonal`.
    """

    by_identifier: Mapping[str, int] = field(default_factory=dict)
    impersonal: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def on(cls, kind: Kind, identities: Sequence[Identity], rows: Sequence[int]) -> "Remarks":
        """Return the remarks on identities; ``rows`` holds the number of rows of each."""
        counts = count_by_identifiers(identities).most_common()
        # The address of a company is expected to be a shared mailbox.
        impersonal = count_impersonal_rows(identities, rows) if kind == "people" else {}
        return cls({" and ".join(names): n for names, n in counts}, impersonal)

    @classmethod
    def of_several(cls, each: Sequence["Remarks"]) -> "Remarks":
        """Return the remarks on several providers of the same rows."""
        by_identifier = next((one.by_identifier for one in each if len(one.by_identifier) > 1), {})
        most = {
            sort: max(one.impersonal.get(sort, 0) for one in each) for sort in IMPERSONAL if each
        }
        return cls(by_identifier, {sort: n for sort, n in most.items() if n})

    def identifier_lines(self) -> Iterator[Line]:
        """Yield a warning if identities have different identifiers, so that one can occur twice."""
        if len(self.by_identifier) > 1:
            by = ", ".join(f"{n:,} by {names}" for names, n in self.by_identifier.items())
            text = f"{by}. Duplicates with different identifiers are charged separately."
            yield Line("", "", text)

    def impersonal_lines(self) -> list[Line]:
        """Return the rows with an address of no single person."""
        rows = [(f"{n:,}", IMPERSONAL[sort]) for sort, n in self.impersonal.items()]
        return label_lines("Check", rows)

    def steps(self, columns: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield how to leave these rows out."""
        if self.impersonal and "email" in columns:
            yield (
                "Leave out addresses of no single person (optional):",
                f"where=ep.impersonal(df[{columns['email']}]).isna()",
            )
