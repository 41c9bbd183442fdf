"""Convert rows of a directory to models.

Each cell is converted to the type of its field. A cell that does not fit is left out.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from enrich_pandas.frame.cells import PLACEHOLDERS
from enrich_pandas.frame.identifiers import canonical
from enrich_pandas.frame.schema import (
    ROW_COLUMNS,
    Field,
    fields_of,
    item_columns,
    scalar_columns,
    singular,
)
from enrich_pandas.models import Company, Model, Part, Person
from enrich_pandas.providers.base import Kind

# -- Parts of a model, by the column names of the wide layout ------------------------------------

MODELS: Mapping[Kind, type[Part]] = {"people": Person, "companies": Company}
PREFIXES: Mapping[Kind, str] = {"people": "person_", "companies": "company_"}


class FieldTarget(NamedTuple):
    """A part of a model: a field, the number of an item, and the item's own field.

    ``number`` is 0 for a field that is not a list, and -1 for the whole list.
    """

    field: str
    number: int = 0
    part: str = ""


@cache
def fields(kind: Kind) -> dict[str, Field]:
    """Return the fields of a kind's model by name."""
    return {field.name: field for field in fields_of(MODELS[kind])}


@cache
def wide_targets(kind: Kind) -> dict[str, FieldTarget | None]:
    """Return the target of each wide column, with items numbered 0. Derived columns have None."""
    found: dict[str, FieldTarget | None] = dict.fromkeys(ROW_COLUMNS)
    for field in fields(kind).values():
        found.update(_columns_of(field))
    return found


def target_of(kind: Kind, name: str) -> FieldTarget | None:
    """Return the target of a wide column's name without its prefix, or None if it is derived.

    Raises
    ------
    KeyError
        The wide layout has no such column.

    Examples
    --------
    >>> target_of("people", "email_2_type")
    FieldTarget(field='emails', number=2, part='type')
    >>> target_of("people", "location_city")
    FieldTarget(field='location', number=0, part='city')
    """
    number = re.search(r"_(\d+)(?=_|$)", name)
    target = wide_targets(kind)[name if number is None else _stem(name)]
    return target if target is None or number is None else target._replace(number=int(number[1]))


def export_prefixes(labels: set[str], kind: Kind) -> list[str]:
    """Return the prefixes of earlier results: those with which all row columns exist."""
    found = [
        label.removesuffix("status")
        for label in labels
        if label.endswith("status")
        and {label.removesuffix("status") + name for name in ROW_COLUMNS} <= labels
    ]
    return sorted(prefix for prefix in found if _is_of(kind, prefix, labels))


def is_wide(kind: Kind, name: str) -> bool:
    """Return whether the wide layout has a column of this name."""
    return _stem(name) in wide_targets(kind)


def _is_of(kind: Kind, prefix: str, labels: set[str]) -> bool:
    """Return whether the columns with a prefix are of this kind, and not of the other."""
    names = [label.removeprefix(prefix) for label in labels if label.startswith(prefix)]
    counts = {one: sum(is_wide(one, name) for name in names) for one in MODELS}
    best = max(counts.values())
    return counts[kind] == best and (
        prefix == PREFIXES[kind] or list(counts.values()).count(best) == 1
    )


def _stem(name: str) -> str:
    return re.sub(r"_\d+(?=_|$)", "_0", name, count=1)


def _columns_of(field: Field) -> Iterator[tuple[str, FieldTarget | None]]:
    if field.shape == "list":
        for name, leaf in item_columns(field, 0):
            yield name, None if leaf.is_year else FieldTarget(field.name, 0, leaf.field)
        yield f"{singular(field.name)}_count", None
        return
    for name, leaf in scalar_columns(field):
        part = leaf.field if field.shape == "part" else ""
        yield name, None if leaf.is_year else FieldTarget(field.name, 0, part)


# -- Rows to models ------------------------------------------------------------------------------

# Placeholders without letters. "NA" can be Namibia and "None" a name, so both are values.
NO_VALUE = frozenset(word for word in PLACEHOLDERS if not word.replace(" ", "").isalnum())
_INTEGER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.0+)?")
_DATE = re.compile(r"(\d{4}(?:-\d\d(?:-\d\d)?)?)(?:[T ].*)?")
_RANGE = re.compile(r"\d[\d,. ]*\s*(?:-|\u2013|to)\s*\d[\d,. ]*|\d[\d,. ]*\+")
_FLAGS = {
    **dict.fromkeys(("true", "yes", "y", "1", "t", "x"), True),
    **dict.fromkeys(("false", "no", "n", "0", "f"), False),
}
# Fields that are converted to their canonical form, because the next provider looks up by them.
_CANONICAL: Mapping[Kind, Mapping[tuple[str, str], str]] = {
    "people": {
        ("emails", "address"): "email",
        ("linkedin_url", ""): "linkedin_url",
        ("company_domain", ""): "domain",
        ("employer", "linkedin_url"): "company_linkedin_url",
    },
    "companies": {
        ("emails", "address"): "email",
        ("linkedin_url", ""): "company_linkedin_url",
        ("domain", ""): "domain",
    },
}


class RowReader:
    """Convert rows to models.

    Parameters
    ----------
    kind : {"people", "companies"}
        Kind of the models.
    targets : mapping
        Part of the model: the column that it is read from.
    types : mapping
        Field and number of an item: the type that the column's label names.
    is_export : bool
        Whether the rows are of an earlier result. Its cells are used unchanged.
    """

    def __init__(
        self,
        kind: Kind,
        targets: Mapping[FieldTarget, int],
        types: Mapping[tuple[str, int], str],
        *,
        is_export: bool,
    ) -> None:
        self._kind = kind
        self._types = types
        self._is_export = is_export
        self.places: tuple[int, ...] = tuple(dict.fromkeys(targets.values()))
        at = {place: n for n, place in enumerate(self.places)}
        self._steps = [
            (target, at[place], self._conversion(target)) for target, place in targets.items()
        ]

    def models(self, rows: Sequence[tuple[str | None, ...]]) -> list[Model]:
        """Return the distinct models of rows. Rows with equal models give one."""
        distinct: list[Model] = []
        for cells in dict.fromkeys(rows):
            if (model := self._model(cells)) not in distinct:
                distinct.append(model)
        return distinct

    def _model(self, cells: Sequence[str | None]) -> Model:
        values: dict[str, Any] = {}
        items: dict[str, dict[int, dict[str, Any]]] = {}
        for target, at, conversion in self._steps:
            text = _present(cells[at], self._is_export)
            value = None if text is None else conversion(text)
            if value is None or value == []:
                continue
            if target.part or target.number:
                numbered = items.setdefault(target.field, {})
                numbered.setdefault(target.number, {})[target.part] = value
            else:
                values[target.field] = value
        for name, numbered in items.items():
            values[name] = self._parts(name, numbered)
        if not self._is_export:
            self._complete(values, cells)
        model: Model = MODELS[self._kind](**values)  # type: ignore[assignment]
        return model

    def _parts(self, name: str, numbered: Mapping[int, Mapping[str, Any]]) -> Any:
        field = fields(self._kind)[name]
        if field.shape == "part":
            return field.type(**numbered[0])
        if field.type is str:
            return [numbered[n][""] for n in sorted(numbered)]
        found: list[Any] = []
        for number in sorted(numbered):
            item = field.type(**self._typed(name, number), **numbered[number])
            if self._is_export or all(_lead(item) != _lead(other) for other in found):
                found.append(item)
        return found

    def _typed(self, name: str, number: int) -> dict[str, str]:
        kind = self._types.get((name, number))
        return {"type": kind} if kind else {}

    def _complete(self, values: dict[str, Any], cells: Sequence[str | None]) -> None:
        """Add the name of a person from its parts, and a range of employees."""
        parts = [values[n] for n in ("first_name", "last_name") if n in values]
        if self._kind == "people" and "name" not in values and parts:
            values["name"] = " ".join(parts)
        for target, at, _ in self._steps:
            if self._kind == "companies" and target.field == "employees" and cells[at]:
                text = str(cells[at]).strip()
                if "employees" not in values and _RANGE.fullmatch(text):
                    values.setdefault("employees_range", text)

    def _conversion(self, target: FieldTarget) -> Callable[[str], Any]:
        field = fields(self._kind)[target.field]
        if field.shape == "list" and field.type is str and not target.number:
            return _split
        type_, name = field.type, target.part or field.name
        if target.part:
            type_ = next(f.type for f in fields_of(field.type) if f.name == target.part)
        if type_ is not str:
            return {int: _integer, float: _float, bool: _flag}[type_]
        if self._is_export:
            return str
        if identifier := _CANONICAL[self._kind].get((target.field, target.part)):
            return lambda text: canonical(identifier, text)[0]
        return _date if name.endswith("_date") else str


def _present(cell: str | None, is_export: bool) -> str | None:
    """Return the text of a cell, or None for a blank or a placeholder."""
    if cell is None or not (text := cell.strip()):
        return None
    return cell if is_export else (None if text.casefold() in NO_VALUE else text)


def _lead(item: Any) -> Any:
    value = getattr(item, item.lead) if item.lead else item
    return value.casefold() if isinstance(value, str) else value


def _split(text: str) -> list[str]:
    sign = next((sign for sign in ";|\n," if sign in text), ",")
    return [part.strip() for part in text.split(sign) if part.strip()]


def _integer(text: str) -> int | None:
    """Parse a whole number, or return None. ``1.200`` is ambiguous, so it is None."""
    text = text.strip()
    return int(text.partition(".")[0].replace(",", "")) if _INTEGER.fullmatch(text) else None


def _float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _flag(text: str) -> bool | None:
    return _FLAGS.get(text.strip().casefold())


def _date(text: str) -> str | None:
    found = _DATE.fullmatch(text)
    return found[1] if found else None
