"""Compare the frames of records with those of the reference, cell by cell.

``frames_equal`` returns the first differences, ``check`` raises an error that shows them, and
``compare`` prints them for development:

>>> from tests.reference.comparison import compare
>>> compare("zoho", "people", count=7000, seed=1)  # doctest: +SKIP
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from time import monotonic
from typing import Any, Literal, NamedTuple, get_args

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from enrich_pandas.frame import flatten
from enrich_pandas.frame.arrays import ArrayBuilder
from enrich_pandas.frame.output import Tables, decide_output
from enrich_pandas.frame.schema import fields_of
from enrich_pandas.models import Company, Model, Person
from enrich_pandas.providers import amplemarket, crustdata, find_provider, zoho
from enrich_pandas.providers.crustdata import screener
from enrich_pandas.providers.records import Record, RecordType
from tests.reference import (
    amplemarket as amplemarket_reference,
    crustdata as crustdata_reference,
    screener as screener_reference,
    zoho as zoho_reference,
)
from tests.reference.damage import STYLES, VALID, Records, Style, paths_of

Layout = Literal["wide", "nested", "tables"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
Frames = Mapping[str, pd.DataFrame]


class Case(NamedTuple):
    """A type of record: how it is made, and how it was read before.

    ``names`` are the names that its record type can have; its wire type decides first. ``spine``
    are the fields that lead from the element to the data of the person or company.
    """

    vendor: str
    kind: str
    provider: str
    names: tuple[str, ...]
    wire: type[msgspec.Struct]
    spine: tuple[str, ...]
    reference: Callable[[bytes], tuple[Model | None, list[str]]]

    @property
    def label(self) -> str:
        return f"{self.vendor} {self.kind}"

    @property
    def model(self) -> type[Model]:
        return Person if self.kind == "people" else Company

    def records(self, count: int, seed: int = 0, styles: Sequence[Style] = STYLES) -> list[bytes]:
        """Return made-up records."""
        return Records(self.wire, self.spine, seed).make(count, styles)


def _cases() -> Iterator[Case]:
    of = crustdata_reference.REFERENCE
    person, company = crustdata.people.Element, crustdata.companies.CompanyElement
    yield _case("crustdata people", person, of["people"], ("matches", "person_data"))
    yield _case("crustdata companies", company, of["companies"], ("matches", "company_data"))
    of = screener_reference.REFERENCE
    yield _case("screener people", screener.people.Profile, of["people"])
    yield _case("screener companies", screener.companies.Firm, of["companies"])
    of, people, companies = (
        amplemarket_reference.REFERENCE,
        amplemarket.people,
        amplemarket.companies,
    )
    yield _case("amplemarket people", people.PersonResult, of["people"], ("result",))
    yield _case("amplemarket companies", companies.CompanyResult, of["companies"], ("result",))
    yield _case("amplemarket-single people", people.WirePerson, of["single/people"])
    yield _case("amplemarket-single companies", companies.WireCompany, of["single/companies"])
    of = zoho_reference.REFERENCE
    yield _case("zoho people", zoho.people.PersonJob, of["people"], ("enriched_data",))
    yield _case("zoho companies", zoho.companies.OrgJob, of["companies"], ("enriched_data",))


def _case(label: str, wire: Any, reference: Any, spine: tuple[str, ...] = ()) -> Case:
    vendor, kind = label.split()
    provider, _, form = vendor.partition("-")
    if provider == "screener":
        provider, form = "crustdata", "screener"
    names = (f"{form}/{kind}", f"{kind}/{form}") if form else (kind,)
    return Case(vendor, kind, provider, names, wire, spine, reference)


CASES: dict[str, Case] = {case.label: case for case in _cases()}


def record_type_of(case: Case) -> RecordType | None:
    """Return the record type of a case, or None if the vendor still returns models."""
    declared = find_provider(case.provider).record_types
    by_wire = (one for one in declared if one.wire is case.wire)
    by_name = (one for one in declared if one.name in case.names)
    return next(chain(by_wire, by_name), None)


# -- Frames --------------------------------------------------------------------------------------


def names_of(case: Case, fields: Sequence[str] | Literal["all"]) -> list[str]:
    """Return the names of fields; they are all given by name, because the default can change."""
    return [one.name for one in fields_of(case.model)] if fields == "all" else list(fields)


def frames_of(
    case: Case,
    found: Sequence[Model | Record | None],
    fields: Sequence[str] | Literal["all"] = "all",
    layout: Layout = "wide",
    max_items: int = 3,
) -> Frames:
    """Return the frame of models or records by the name of its table: one row for each."""
    rows = pd.DataFrame(index=pd.RangeIndex(len(found)))
    output = decide_output(
        rows,
        case.model,
        case.kind,
        fields=names_of(case, fields),
        layout=layout,
        max_items=max_items,
        prefix="",
    )
    builder, count = output.builder(), len(found)
    references = [None if one is None else builder.add(one) for one in found]
    distinct = flatten.DistinctAnswers(
        ["matched"] * count,
        [""] * count,
        [case.provider] * count,
        [1.8e9] * count,
        builder.places(references),
        builder.arrays(),
    )
    made = output.assemble(rows, flatten.RowAnswers(distinct, np.arange(count)))
    return made if isinstance(made, Tables) else {case.kind: made}


# -- Differences ---------------------------------------------------------------------------------


class Difference(NamedTuple):
    """A cell that differs, or a note, or a column if ``record`` is -1."""

    where: str
    record: int
    reference: Any
    found: Any

    def __str__(self) -> str:
        where, one, other = self.where, self.reference, self.found
        # Of two lists or structs, the first part that differs.
        while type(one) is type(other) and isinstance(one, list | dict) and len(one) == len(other):
            keys = list(one) if isinstance(one, dict) else range(len(one))
            if isinstance(one, dict) and keys != list(other):
                break
            key = next((key for key in keys if repr(one[key]) != repr(other[key])), None)
            if key is None:
                break
            where, one, other = f"{where}[{key!r}]", one[key], other[key]
        place = f"record {self.record}" if self.record >= 0 else "the column"
        return f"{where}, {place}:\n    reference {_cut(one)}\n    found     {_cut(other)}"


def _cut(value: Any) -> str:
    shown = ascii(value) if isinstance(value, str) else repr(value)
    return shown if len(shown) <= 400 else f"{shown[:400]}…"


def differences(old: Frames, new: Frames) -> Iterator[Difference]:
    """Yield the cells that differ, column by column. Dtypes, order and index are cells, too."""
    if list(old) != list(new):
        yield Difference("tables", -1, list(old), list(new))
    for table in old:
        if table in new:
            yield from _in_table(table, old[table], new[table])


def _in_table(table: str, old: pd.DataFrame, new: pd.DataFrame) -> Iterator[Difference]:
    if list(old.columns) != list(new.columns):
        yield Difference(f"{table}: columns", -1, list(old.columns), list(new.columns))
    is_linked = "item" in old.columns
    if is_linked and not old["row"].equals(new["row"]):
        counts = [one["row"].value_counts().to_dict() for one in (old, new)]
        for row in sorted({*counts[0], *counts[1]}):
            pair = [count.get(row, 0) for count in counts]
            if pair[0] != pair[1]:
                yield Difference(f"{table}: number of items", row, *pair)
        return
    rows = old["row"].tolist() if is_linked else range(len(old))
    if not old.index.equals(new.index):
        yield Difference(f"{table}: index", -1, old.index, new.index)
    for name in old.columns:
        if name in new.columns:
            yield from _in_column(f"{table}.{name}", rows, old[name], new[name])


def _in_column(
    where: str, rows: Sequence[int], old: pd.Series, new: pd.Series
) -> Iterator[Difference]:
    if old.dtype != new.dtype:
        yield Difference(f"{where}: dtype", -1, old.dtype, new.dtype)
    ours, theirs = map(_arrow, (old, new))
    if ours.type != theirs.type:
        yield Difference(f"{where}: type in Arrow", -1, ours.type, theirs.type)
    if ours.equals(theirs) and ours.type != pa.float64():  # 0.0 equals -0.0 there
        return
    for row, one, other in zip(rows, ours.to_pylist(), theirs.to_pylist(), strict=False):
        if repr(one) != repr(other):  # tells -0.0 from 0.0, and NaN from null
            yield Difference(where, row, one, other)


def _arrow(column: pd.Series) -> Any:
    array = pa.array(column.array)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


# -- Comparing -----------------------------------------------------------------------------------

MOST = 100  # differences to return
ReadNew = Callable[[Sequence[bytes]], Sequence[Model | Record | None]]


def frames_equal(
    kind: str,
    provider: str,
    raws: Sequence[bytes],
    fields: Sequence[str] | Literal["all"] = "all",
    layout: Layout = "wide",
    *,
    max_items: int = 3,
    read_new: ReadNew | None = None,
) -> list[Difference]:
    """Return the first differences between the reference's frame and that of the records.

    Parameters
    ----------
    kind, provider
        Together the name of a case: "people" and "zoho", "screener" or "amplemarket-single".
    raws
        The raw elements.
    fields, layout, max_items
        As in a call.
    read_new
        What reads the elements instead of the registered record type.
    """
    case = CASES[f"{provider} {kind}"]
    old = [model for model, _ in read_all(case, tuple(raws))]
    new = (read_new or _records_of(case))(raws)
    found = differences(
        frames_of(case, old, fields, layout, max_items),
        frames_of(case, new, fields, layout, max_items),
    )
    return list(islice(found, MOST))


@lru_cache(maxsize=8)
def read_all(case: Case, raws: tuple[bytes, ...]) -> list[tuple[Model | None, list[str]]]:
    """Return the model and the odd fields of each element, as they were read before."""
    return list(map(case.reference, raws))


def _records_of(case: Case) -> ReadNew:
    kind = record_type_of(case)
    if kind is None:
        raise LookupError(f"No record type is registered for {case.label}.")
    return lambda raws: [Record(kind, raw) for raw in raws]


def explain(
    case: Case,
    raws: Sequence[bytes],
    found: Sequence[Difference],
    fields: Sequence[str] | Literal["all"] = "all",
    layout: Layout = "wide",
    *,
    max_items: int = 3,
    read_new: ReadNew | None = None,
) -> str:
    """Return a text with the first differences and the least record that shows the first one."""
    first = found[0]
    shown = list({one.where: one for one in reversed(found)}.values())[::-1][:8]
    count = f"{MOST} or more" if len(found) >= MOST else len(found)
    lines = [f"{case.label}, {layout}: {count} differences, such as", *map(str, shown)]
    if first.record < 0:
        return "\n".join(lines)
    raw = raws[first.record]

    def differs(one: bytes, named: Sequence[str] | Literal["all"] = fields) -> bool:
        found = frames_equal(
            case.kind, case.vendor, [one], named, layout, max_items=max_items, read_new=read_new
        )
        return bool(found)

    if not differs(raw):
        return "\n".join([*lines, f"It needs more than record {first.record}: {_shown(raw)}"])
    alone = next((name for name in names_of(case, fields) if differs(raw, [name])), None)
    named = fields if alone is None else [alone]
    least = shrink(raw, lambda one: differs(one, named))
    own = frames_equal(
        case.kind, case.vendor, [least], named, layout, max_items=max_items, read_new=read_new
    )
    lines += [f"The least part of record {first.record} with a difference:", f"  {_shown(least)}"]
    return "\n".join([*lines, f"with fields={named!r}:", *map(str, own[:3])])


def _shown(raw: bytes) -> str:
    return ascii(raw.decode()[:2_000])[1:-1].replace("\\\\", "\\")


def shrink(raw: bytes, differs: Callable[[bytes], bool], seconds: float = 10.0) -> bytes:
    """Return the smallest part of a record that still differs, as far as it is found in time."""
    value, end = json.loads(raw), monotonic() + seconds
    if not differs(json.dumps(value).encode()):
        return raw  # such as a key that occurs twice
    found = True
    while found:
        found = False
        for one in _smaller(value):
            if monotonic() > end:
                break
            if differs(json.dumps(one).encode()):
                value, found = one, True
                break
    return json.dumps(value).encode()


def _smaller(value: Any) -> Iterator[Any]:
    """Yield a value without one of its parts, the large parts first."""
    if isinstance(value, dict):
        for key in value:
            yield {name: of for name, of in value.items() if name != key}
        for key, of in value.items():
            yield from ({**value, key: smaller} for smaller in _smaller(of))
    elif isinstance(value, list):
        for place in range(len(value)):
            yield value[:place] + value[place + 1 :]
        for place, of in enumerate(value):
            yield from ([*value[:place], one, *value[place + 1 :]] for one in _smaller(of))


def check(
    case: Case,
    raws: Sequence[bytes],
    fields: Sequence[str] | Literal["all"] = "all",
    layout: Layout = "wide",
    *,
    max_items: int = 3,
    read_new: ReadNew | None = None,
) -> None:
    """Raise an AssertionError that shows the first differences, if there are some."""
    options: Any = {"max_items": max_items, "read_new": read_new}
    found = frames_equal(case.kind, case.vendor, raws, fields, layout, **options)
    if found:
        raise AssertionError(explain(case, raws, found, fields, layout, **options))


# -- Notes ---------------------------------------------------------------------------------------


def notes_of(case: Case, raws: Sequence[bytes]) -> list[Sequence[str]]:
    """Return the paths of the odd fields of each record, as its record type names them."""
    builder = ArrayBuilder(fields_of(case.model))
    references = [builder.add(record) for record in _records_of(case)(raws)]
    odd = builder.arrays().odd
    return [odd.get(place, ()) for place in builder.places(references).tolist()]


def notes_equal(
    case: Case, raws: Sequence[bytes], found: Sequence[Sequence[str]]
) -> list[Difference]:
    """Return the first records whose odd fields are not named as the reference names them.

    The paths can begin at the element or at its data. Fields that no column needs are left out. A
    difference has the paths that only one of them names.
    """
    old, given = read_all(case, tuple(raws)), unread(case)
    different = []
    for number, ((_, mistyped), paths) in enumerate(zip(old, found, strict=True)):
        ours = {path for one in mistyped if not _is_within(path := bare(case, one), given)}
        theirs = {path for one in paths if not _is_within(path := bare(case, one), given)}
        if ours != theirs:
            missing, more = sorted(ours - theirs), sorted(theirs - ours)
            different.append(Difference("paths in the note", number, missing, more))
    return different[:MOST]


def bare(case: Case, path: str) -> str:
    """Return a path without the fields of the spine.

    Examples
    --------
    >>> case = CASES["crustdata people"]
    >>> bare(case, "matches[].person_data.skills"), bare(case, "person_data.skills")
    ('skills', 'skills')
    """
    for name in case.spine:
        path = path.removeprefix(f"{name}[].").removeprefix(f"{name}.")
    return path


def _is_within(path: str, given: frozenset[str]) -> bool:
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in given)


@lru_cache(maxsize=32)
def unread(case: Case) -> frozenset[str]:
    """Return the paths of the fields that change nothing in the model.

    Found by trying: records without the field read as the same models.
    """
    maker = Records(case.wire, case.spine, seed=3)
    made = [json.loads(maker.one("clean")) for _ in range(150)]
    models = [_model_of(case, one) for one in made]
    return frozenset(
        bare(case, path)
        for path in paths_of(case.wire)
        if all(
            _model_of(case, _without(one, path.split("."))) == model
            for one, model in zip(made, models, strict=True)
        )
    )


def _model_of(case: Case, value: Any) -> Model | None:
    return case.reference(json.dumps(value).encode())[0]


def _without(value: Any, path: Sequence[str]) -> Any:
    """Return a copy of a JSON value without the field of a path."""
    if isinstance(value, list):
        return [_without(one, path) for one in value]
    if not isinstance(value, dict):
        return value
    name, rest = path[0].removesuffix("[]"), path[1:]
    if not rest:
        return {key: of for key, of in value.items() if key != name}
    if name in value:
        return {**value, name: _without(value[name], rest)}
    # The keys of an object with any keys stand in no path.
    return {key: _without(of, path) if isinstance(of, dict) else of for key, of in value.items()}


# -- By hand -------------------------------------------------------------------------------------


def compare(vendor: str, kind: str, count: int = 7000, seed: int = 0) -> None:
    """Print the first differences of many records, in all layouts and for each field alone."""
    case = CASES[f"{vendor} {kind}"]
    for styles in (VALID, STYLES):
        raws = case.records(count, seed, styles)
        print(f"-- {case.label}, {len(raws):,} records: {', '.join(styles)}")  # noqa: T201 - as below
        different = [layout for layout in LAYOUTS if _print(case, raws, "all", layout)]
        if different:
            found = frames_equal(kind, vendor, raws, layout=different[0])
            print(explain(case, raws, found, layout=different[0]))  # noqa: T201 - as below
        for name in names_of(case, "all"):
            _print(case, raws[:1000], [name], "nested")
        notes = notes_equal(case, raws, notes_of(case, raws))
        print("notes:", *map(str, notes[:3] or ["equal"]))  # noqa: T201 - as below


def _print(
    case: Case, raws: Sequence[bytes], fields: Sequence[str] | Literal["all"], layout: Layout
) -> bool:
    start = monotonic()
    found = frames_equal(case.kind, case.vendor, raws, fields, layout)
    wrong = ", ".join(list(dict.fromkeys(one.where for one in found))[:9])
    took = monotonic() - start
    print(f"{layout}, fields={fields!r}, {took:.1f} s: {wrong or 'equal'}")  # noqa: T201 - its purpose
    return bool(found)
