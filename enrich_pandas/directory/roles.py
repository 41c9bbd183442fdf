"""Assign the columns of a directory: keys to look up by, fields to return, or neither.

`assign_roles` decides in this order: the fields that the user names in ``columns=``, the columns of
an earlier result, the keys, and the fields that a column's label names. The tables below list the
labels that CRM exports use, in several languages.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple

from enrich_pandas.directory.reading import (
    PREFIXES,
    FieldTarget,
    export_prefixes,
    fields,
    is_wide,
    target_of,
)
from enrich_pandas.directory.table import Table
from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.frame.columns import (
    NAMES,
    OTHER_PEOPLE,
    find_columns,
    normalize_label,
    position,
    served_identifier,
)
from enrich_pandas.providers.base import Kind

# -- Labels of CRM exports -----------------------------------------------------------------------

# Field, or field.part: the labels of its column, the preferred one first.
_PERSON_LABELS = {
    "id": "person id, contact id, lead id, record id, id",
    "name": "full name, fullname, contact name, lead name, person name, display name, name",
    "first_name": "first name, firstname, given name, forename, vorname, prenom, nombre",
    "last_name": "last name, lastname, surname, family name, nachname, nom, apellido",
    "gender": "gender, sex, geschlecht",
    "title": "job title, jobtitle, current title, position, current position, job position, title, "
    "role, job role, occupation, berufsbezeichnung, funktion, poste, cargo",
    "company": "company, company name, current company, account name, account, organization, "
    "organisation, organization name, associated company, employer, firma, unternehmen, "
    "entreprise, empresa",
    "company_domain": "company domain, company website domain, domain, company website, website, "
    "company url, account domain, employer domain",
    "headline": "headline, linkedin headline",
    "summary": "summary, bio, about, linkedin summary, description",
    "linkedin_url": "linkedin url, linkedin, linkedin profile, linkedin profile url, "
    "person linkedin url, contact linkedin url",
    "picture_url": "picture url, photo url, image url, avatar, profile picture",
    "website": "personal website, personal url, blog",
    "connections": "connections, linkedin connections, number of connections",
    "followers": "followers, linkedin followers",
    "location.name": "location, place, ort, lieu",
    "location.address": "address, street, street address, mailing street, strasse, straße",
    "location.postal_code": "postal code, postcode, zip, zip code, mailing zip, plz, code postal",
    "location.city": "city, town, mailing city, stadt, ville, ciudad",
    "location.region": "state, region, province, county, mailing state, bundesland",
    "location.country": "country, mailing country, country region, land, pays, pais",
    "employer.id": "company id, account id, organization id",
    "employer.linkedin_url": "company linkedin url, company linkedin, organization linkedin url",
    "employer.industry": "industry, company industry, branche, sector",
    "employer.employees": "employees, company employees, number of employees, employee count, "
    "headcount, company size, no of employees, company headcount",
    "employer.revenue_usd": "annual revenue usd, revenue usd",
    "employer.city": "company city, account city",
    "employer.region": "company state, company region",
    "employer.country": "company country, account country",
    "skills": "skills",
    "interests": "interests",
}

_COMPANY_LABELS = {
    "id": "company id, account id, organization id, record id, id",
    "name": "company name, company, account name, account, organization name, organization, "
    "organisation, business name, firma, unternehmen, entreprise, empresa, name",
    "domain": "company domain, domain, domain name, website domain, account domain",
    "website": "company website, website, website url, company url, homepage, web site, url",
    "description": "company description, description, about, short description",
    "type": "company type, account type, type",
    "industry": "company industry, industry, branche, sector",
    "founded_year": "founded year, year founded, founded, company founded, company founded year",
    "employees": "company employees, employees, number of employees, employee count, headcount, "
    "company headcount, company size, no of employees",
    "employees_range": "employees range, employee range, company size range",
    "revenue_usd": "annual revenue usd, revenue usd, company revenue usd",
    "revenue_range": "revenue range, revenue, annual revenue, company revenue",
    "linkedin_url": "company linkedin url, company linkedin, organization linkedin url, "
    "linkedin company page, linkedin url, linkedin",
    "linkedin_id": "company linkedin id, linkedin id",
    "logo_url": "company logo, logo, logo url",
    "ceo": "ceo, company ceo",
    "headquarters.name": "headquarters, company location, hq, hq location, location",
    "headquarters.address": "company address, company street, billing street, street, "
    "street address, address",
    "headquarters.postal_code": "company postal code, company zip, billing postal code, "
    "billing zip, postal code, zip, zip code, plz",
    "headquarters.city": "company city, account city, headquarters city, billing city, city, stadt",
    "headquarters.region": "company state, company region, headquarters state, "
    "billing state, state, region",
    "headquarters.country": "company country, account country, headquarters country, "
    "billing country, country, country region, land",
    "industries": "industries",
    "specialities": "specialities, specialties",
    "keywords": "company keywords, keywords, tags",
    "technologies": "company technologies, technologies, tech stack",
    "sic_codes": "sic codes, sic code, sic, company sic codes",
    "naics_codes": "naics codes, naics code, naics, company naics codes",
}

# Type of phone: the labels of its columns. Each such column is an item of the list of phones.
_PHONE_LABELS = {
    "mobile": "mobile, mobile phone, mobile number, cell, cell phone, handy, phone mobile",
    "direct": "direct phone, direct dial, work direct phone, direct number",
    "office": "work phone, office phone, business phone, corporate phone, company phone",
    "home": "home phone, private phone",
    "": "phone, phone number, telephone, tel, telefon, phone 1, phone 2, phone 3, other phone",
}


def _normalized(table: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(map(normalize_label, labels.split(","))) for name, labels in table.items()}


LABELS: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    "people": _normalized(_PERSON_LABELS),
    "companies": _normalized(_COMPANY_LABELS),
}
PHONES: Mapping[str, str] = {
    label: kind for kind, labels in _normalized(_PHONE_LABELS).items() for label in labels
}
# A word in the label of an e-mail column: the type of the addresses.
EMAIL_TYPES = {
    **dict.fromkeys(("work", "business", "professional", "corporate", "office"), "business"),
    **dict.fromkeys(("personal", "private", "home"), "personal"),
}
# A table with one of these labels lists people. Its "phone" or "city" does not describe a company,
# unless the label starts with one of OF_COMPANIES.
OF_PEOPLE = frozenset(
    label for name in ("first_name", "last_name", "title") for label in LABELS["people"][name]
) | {"fullname", "contactname", "leadname", "personname"}
OF_COMPANIES = (
    *("company", "account", "organi", "headquarters", "hq", "firma", "unternehmen", "entreprise"),
    *("empresa", "employer", "domain", "website", "industry", "employee"),
)


# -- Keys and fields -----------------------------------------------------------------------------

# Keys that are also fields of the model.
FIELDS_OF_KEYS: Mapping[Kind, Mapping[str, FieldTarget]] = {
    "people": {
        "linkedin_url": FieldTarget("linkedin_url"),
        "name": FieldTarget("name"),
        "company": FieldTarget("company"),
        "domain": FieldTarget("company_domain"),
    },
    "companies": {
        "domain": FieldTarget("domain"),
        "company_linkedin_url": FieldTarget("linkedin_url"),
        "company": FieldTarget("name"),
    },
}
# Fields of an earlier result that are also keys.
KEYS_OF_FIELDS: Mapping[Kind, Mapping[str, str]] = {
    "people": {"linkedin_url": "linkedin_url", "emails": "email"},
    "companies": {"linkedin_url": "company_linkedin_url", "domain": "domain"},
}


@dataclass(slots=True)
class Roles:
    """The roles of the columns, which are identified by their positions.

    Attributes
    ----------
    keys : dict
        Identifier: the columns that hold it.
    targets : dict
        Part of the model: the column that it is read from.
    types : dict
        Field and number of an item: the type that the label names, such as ``"mobile"``.
    status : int or None
        The status column of an earlier result. Rows that are not matched are not looked up.
    unmapped : tuple
        Labels of the columns without a role.
    """

    keys: dict[str, list[int]] = field(default_factory=dict)
    targets: dict[FieldTarget, int] = field(default_factory=dict)
    types: dict[tuple[str, int], str] = field(default_factory=dict)
    status: int | None = None
    unmapped: tuple[Hashable, ...] = ()


def assign_roles(
    table: Table,
    kind: Kind,
    identifiers: Sequence[str],
    on: Any = None,
    columns: Mapping[str, Any] | None = None,
) -> Roles:
    """Assign a role to each column.

    Parameters
    ----------
    table : Table
        The directory.
    kind : {"people", "companies"}
        Kind of the model.
    identifiers : sequence of str
        Identifiers to look for.
    on : mapping or label, optional
        Columns of the keys, as the user names them.
    columns : mapping, optional
        Field: label or labels, as the user names them.

    Returns
    -------
    Roles

    Raises
    ------
    InputError
        No column is a key, or several columns could be the same key.
    ConfigurationError
        ``columns=`` names an unknown field, or no column is a field.
    """
    roles, texts = Roles(), [str(label) for label in table.labels]
    exports = export_prefixes(set(texts), kind)
    results = [place for place, text in enumerate(texts) if _is_result_column(text, exports, kind)]
    ignored = {table.labels[place] for place in results}
    for target, label in _named_columns(kind, columns or {}):
        _assign(roles, target, position(table.frame(), label))
    for place in results:
        _assign_result_column(roles, kind, texts[place], place, exports)
    if exports:
        roles.status = texts.index(f"{exports[0]}status")
    _find_keys(roles, table, kind, _Requested(identifiers, on, ignored))
    if not exports:
        _find_fields(roles, table.labels, kind)
    if not roles.targets:
        raise ConfigurationError(
            f"The directory has no column with a field of {kind}.",
            todo="Name one: ep.Directory(…, columns={'name': 'your label'}).",
        )
    used = {*roles.targets.values(), *(p for places in roles.keys.values() for p in places)}
    roles.unmapped = tuple(
        label for place, label in enumerate(table.labels) if place not in used.union(results)
    )
    return roles


def _is_result_column(text: str, exports: Sequence[str], kind: Kind) -> bool:
    """Return whether a label is a column of the wide layout, with the prefix of the result."""
    return any(
        text.startswith(prefix) and is_wide(kind, text.removeprefix(prefix))
        for prefix in (exports[:1] or [PREFIXES[kind]])
    )


def _assign_result_column(
    roles: Roles, kind: Kind, text: str, place: int, exports: Sequence[str]
) -> None:
    """Assign a column of the wide layout. Derived columns, such as counts, have no target."""
    target = target_of(kind, text.removeprefix((exports or [PREFIXES[kind]])[0]))
    if target is None:
        return
    roles.targets.setdefault(target, place)
    identifier = KEYS_OF_FIELDS[kind].get(target.field)
    if identifier and target.part in {"", "address"}:
        roles.keys.setdefault(identifier, []).append(place)


class _Requested(NamedTuple):
    """The keys to look for, the user's ``on=``, and the labels that cannot be keys."""

    identifiers: Sequence[str]
    on: Any
    ignored: set[Hashable]


def _find_keys(roles: Roles, table: Table, kind: Kind, requested: _Requested) -> None:
    """Find the key columns, by the same rules as in an input frame."""
    frame, (identifiers, on, ignored) = table.frame(), requested
    emails = [] if on is not None else _email_columns(table, ignored)
    try:
        found = find_columns(
            frame,
            identifiers,
            _on_for_kind(on, identifiers),
            ignore=ignored | (set(emails[1:]) - set(emails[:1])),
        )
    except InputError:
        by_name = (NAMES.get(normalize_label(label), "") for label in set(table.labels) - ignored)
        if (
            on is not None
            or not roles.keys
            or any(served_identifier(n, identifiers) for n in by_name)
        ):
            raise
        return
    chosen = {name: [position(frame, label)] for name, label in found.chosen.items()}
    for name in {"email", "email_domain"} & chosen.keys():
        chosen[name] += [position(frame, label) for label in emails[1:] if label not in ignored]
    for name, places in chosen.items():
        own = roles.keys.setdefault(name, [])
        own += [place for place in places if place not in own]
        if (target := FIELDS_OF_KEYS[kind].get(name)) and roles.status is None:
            roles.targets.setdefault(target, places[0])


def _on_for_kind(on: Any, identifiers: Sequence[str]) -> Any:
    """Return the part of ``on=`` that concerns these identifiers."""
    if not isinstance(on, Mapping):
        return on
    own = {name: label for name, label in on.items() if name in identifiers}
    if "email" in on and "email_domain" in identifiers and not own:
        return {"email_domain": on["email"]}
    return own


def _email_columns(table: Table, ignored: set[Hashable]) -> list[Hashable]:
    """Return the columns of e-mail addresses by label, without columns of flags."""
    found = []
    for place, label in enumerate(table.labels):
        if NAMES.get(normalize_label(label)) == "email" and label not in ignored:
            cells = table.columns[place].drop_null()
            if not len(cells) or any("@" in (cell or "") for cell in cells[:100].to_pylist()):
                found.append(label)
    return found


def _find_fields(roles: Roles, labels: Sequence[Hashable], kind: Kind) -> None:
    """Assign the columns with a label of the tables above to their fields."""
    plain = [normalize_label(label) for label in labels]
    lists_people = kind == "companies" and _is_of_people(plain)
    usable = {
        label: place
        for place, label in reversed(list(enumerate(plain)))
        if plain.count(label) == 1
        and not any(word in label for word in OTHER_PEOPLE)
        and (not lists_people or label.startswith(OF_COMPANIES))
    }
    for name, spellings in LABELS[kind].items():
        field_name, _, part = name.partition(".")
        target = FieldTarget(field_name, 0, part)
        place = next((usable[s] for s in spellings if s in usable), None)
        if place is not None and place not in roles.targets.values():
            roles.targets.setdefault(target, place)
    if lists_people:  # the e-mail addresses and phones are not the company's
        return
    for place in roles.keys.get("email", roles.keys.get("email_domain", [])):
        _add_item(roles, "emails", "address", place, _email_type(plain[place]))
    for place, label in enumerate(plain):
        if label in PHONES and place not in roles.targets.values():
            _add_item(roles, "phones", "number", place, PHONES[label])


def _is_of_people(labels: Sequence[str]) -> bool:
    """Return whether the labels are of people.

    A company label beside a plain "name" means that the name is a person's.
    """
    companies = set(LABELS["companies"]["name"]) - {"name"}
    has_both = "name" in labels and not companies.isdisjoint(labels)
    return has_both or not OF_PEOPLE.isdisjoint(labels)


def _email_type(label: str) -> str:
    return next((kind for word, kind in EMAIL_TYPES.items() if word in label), "")


def _add_item(roles: Roles, name: str, part: str, place: int, kind: str) -> None:
    """Assign a column as the next item of a list."""
    if any(t.field == name and t.part == part and p == place for t, p in roles.targets.items()):
        return
    number = 1 + max((target.number for target in roles.targets if target.field == name), default=0)
    roles.targets[FieldTarget(name, number, part)] = place
    if kind:
        roles.types[name, number] = kind


def _assign(roles: Roles, target: FieldTarget, place: int) -> None:
    """Assign a column to a target of ``columns=``."""
    if target.number < 0:  # the whole list: the column is the next item
        _add_item(roles, target.field, target.part, place, "")
    else:
        roles.targets[target] = place


def _named_columns(
    kind: Kind, columns: Mapping[str, Any]
) -> Iterator[tuple[FieldTarget, Hashable]]:
    """Yield the targets and labels of ``columns=``. A list can have several labels."""
    for name, given in columns.items():
        target = _target_of_name(kind, name)
        if target is not None:
            for label in given if isinstance(given, list) else [given]:
                yield target, label


def _target_of_name(kind: Kind, name: str) -> FieldTarget | None:
    """Return the target of a field's name, or None if only the other kind has the field."""
    if target := _find_target(kind, name):
        return target
    if _find_target("companies" if kind == "people" else "people", name):
        return None
    close = get_close_matches(name, list(fields(kind)), n=3)
    todo = "Use the names of the result's columns, such as 'title' or 'location_city'."
    if close:
        todo = f"Did you mean {' or '.join(map(repr, close))}?"
    raise ConfigurationError(f"columns= names {name!r}, which is not a field.", todo=todo)


def _find_target(kind: Kind, name: str) -> FieldTarget | None:
    """Return the target of a list field or a wide column, or None if the kind has neither."""
    known = fields(kind).get(name)
    if known and known.shape == "list":
        if known.type is str:
            return FieldTarget(name)
        return FieldTarget(name, -1, known.type.lead)  # type: ignore[attr-defined]  # a Part has it
    column = name.replace(".", "_")
    return target_of(kind, column) if is_wide(kind, column) else None
