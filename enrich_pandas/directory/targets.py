"""Where in a model a column's cell goes, named as the wide layout names it."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from enrich_pandas.frame.schema import (
    ROW_COLUMNS,
    Field,
    fields_of,
    item_columns,
    scalar_columns,
    singular,
)
from enrich_pandas.models import Company, Part, Person
from enrich_pandas.providers.base import Kind

MODELS: Mapping[Kind, type[Part]] = {"people": Person, "companies": Company}
PREFIXES: Mapping[Kind, str] = {"people": "person_", "companies": "company_"}


class Target(NamedTuple):
    """A field, the number of its item (0 where it is no list) and the part's own field."""

    field: str
    number: int = 0
    part: str = ""


@cache
def fields(kind: Kind) -> dict[str, Field]:
    """Return the fields of a kind's model by name."""
    return {field.name: field for field in fields_of(MODELS[kind])}


@cache
def wide_targets(kind: Kind) -> dict[str, Target | None]:
    """Return what each wide column holds, items numbered 0; None for what is only derived."""
    found: dict[str, Target | None] = dict.fromkeys(ROW_COLUMNS)
    for field in fields(kind).values():
        found.update(_columns_of(field))
    return found


def target_of(kind: Kind, name: str) -> Target | None:
    """Return what a wide column's name tells, without its prefix; None for a derived column.

    Raises
    ------
    KeyError
        It is no column of the wide layout.

    Examples
    --------
    >>> target_of("people", "email_2_type")
    Target(field='emails', number=2, part='type')
    >>> target_of("people", "location_city")
    Target(field='location', number=0, part='city')
    """
    number = re.search(r"_(\d+)(?=_|$)", name)
    target = wide_targets(kind)[name if number is None else _stem(name)]
    return target if target is None or number is None else target._replace(number=int(number[1]))


def export_prefixes(labels: set[str], kind: Kind) -> list[str]:
    """Return the prefixes of earlier results among the labels: all row columns are there."""
    found = [
        label.removesuffix("status")
        for label in labels
        if label.endswith("status")
        and {label.removesuffix("status") + name for name in ROW_COLUMNS} <= labels
    ]
    return sorted(prefix for prefix in found if _is_of(kind, prefix, labels))


def is_wide(kind: Kind, name: str) -> bool:
    """Tell whether a name is one of the wide layout's."""
    return _stem(name) in wide_targets(kind)


def _is_of(kind: Kind, prefix: str, labels: set[str]) -> bool:
    """Tell people from companies by the columns that a prefix has."""
    names = [label.removeprefix(prefix) for label in labels if label.startswith(prefix)]
    counts = {one: sum(is_wide(one, name) for name in names) for one in MODELS}
    best = max(counts.values())
    return counts[kind] == best and (
        prefix == PREFIXES[kind] or list(counts.values()).count(best) == 1
    )


def _stem(name: str) -> str:
    return re.sub(r"_\d+(?=_|$)", "_0", name, count=1)


def _columns_of(field: Field) -> Iterator[tuple[str, Target | None]]:
    if field.shape == "list":
        for name, leaf in item_columns(field, 0):
            yield name, None if leaf.is_year else Target(field.name, 0, leaf.field)
        yield f"{singular(field.name)}_count", None
        return
    for name, leaf in scalar_columns(field):
        part = leaf.field if field.shape == "part" else ""
        yield name, None if leaf.is_year else Target(field.name, 0, part)
