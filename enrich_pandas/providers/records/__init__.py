"""A vendor's records: the elements of an answer as they were sent, and how they are read.

A record type names the wire type of its records and a mapping to a model, written in the vocabulary
of `expressions`. Records are read into columns, many at once, and only the wanted fields of them.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, get_args, get_type_hints

import msgspec
import numpy as np
import pyarrow as pa

from enrich_pandas.models import Model, Part
from enrich_pandas.providers.decoding import read
from enrich_pandas.providers.records.batch import Batch, Plan, Recorder
from enrich_pandas.providers.records.columns import Column
from enrich_pandas.providers.records.leaves import Places
from enrich_pandas.providers.records.lists import ListColumn
from enrich_pandas.providers.records.source import Pruned, Source

Wanted = Mapping[str, Sequence[str]]  # the leaves of each field; a scalar or a text has the leaf ""
Leaves = Mapping[str, pa.Array]
Fields = Mapping[str, "Column | Mapping[str, Column] | ListColumn"]


class ListValues(NamedTuple):
    """The items of a list: how many each record has, and their leaves."""

    counts: Places
    leaves: Leaves


class RecordValues(NamedTuple):
    """The values of records by field, and the paths of the odd fields of each record."""

    size: int
    scalars: Mapping[str, Leaves]
    lists: Mapping[str, ListValues]
    odd: Mapping[int, Sequence[str]]


@dataclass(frozen=True, eq=False)
class RecordType:
    """How the records of a vendor's endpoint are read.

    Attributes
    ----------
    name
        Name of the type, unique within a provider. The journal stores it with each record.
    model
        The model that it describes.
    wire
        The wire type of a record.
    mapping
        Returns the columns of the model's fields from the place of a record. Fields that the vendor
        does not deliver are left out.
    head
        Returns the places that tell which identity a record is about, its status and its cost.
    """

    name: str
    model: type[Model]
    wire: type[msgspec.Struct]
    mapping: Callable[[Source], Fields] = field(repr=False)
    head: Callable[[Source], Iterable[Source]] = field(repr=False)

    @cached_property
    def root(self) -> Source:
        """The place of a record."""
        return Source(self.wire)

    @cached_property
    def fields(self) -> Fields:
        """The columns of the model's fields.

        Raises
        ------
        TypeError
            The mapping names a field or a leaf that the model does not have.
        """
        fields = self.mapping(self.root)
        for name, column in fields.items():
            _check_names(self.model, name, column)
        return fields

    def read(self, raws: Sequence[bytes], wanted: Wanted) -> RecordValues:
        """Read the wanted fields of records.

        Parameters
        ----------
        raws
            The records.
        wanted
            The leaves to read of each field; those that the vendor does not deliver are left out.
        """
        batch = Batch(raws, self._plan(wanted))
        scalars, lists = dict[str, Leaves](), dict[str, ListValues]()
        for name, leaves in wanted.items():
            column = self.fields.get(name)
            if isinstance(column, ListColumn):
                lists[name] = _list(column, leaves, batch)
            elif column is not None:
                scalars[name] = {leaf: of.read(batch) for leaf, of in _chosen(column, leaves)}
        return RecordValues(len(raws), scalars, lists, batch.odd)

    def read_head(self, raw: bytes) -> tuple[Any, list[str]]:
        """Decode the head of a record; as `decoding.read`."""
        return read(raw, self.head_type)

    @cached_property
    def head_type(self) -> type[Any]:
        """The pruned wire type of the head."""
        root = Source(self.wire)
        return Pruned(root, self.head(root)).wire

    @cached_property
    def _plans(self) -> dict[Any, Plan]:
        return {}

    def _plan(self, wanted: Wanted) -> Plan:
        """Return what to read for the wanted fields; it is found out once."""
        key = tuple((name, tuple(leaves)) for name, leaves in wanted.items())
        if key not in self._plans:
            with _lock:
                recorder = Recorder(self.root)
                for name, leaves in wanted.items():
                    _record(self.fields.get(name), leaves, recorder)
                self._plans[key] = recorder.plan()
        return self._plans[key]


_lock = threading.Lock()


def _check_names(model: type[Part], name: str, column: Any) -> None:
    if name not in model.__struct_fields__:
        raise TypeError(f"{model.__name__} has no field {name!r}")
    hint = get_type_hints(model)[name]
    kinds = [one for one in get_args(hint) if hasattr(one, "__struct_fields__")]
    known = kinds[0].__struct_fields__ if kinds else ()
    unknown = [leaf for leaf in _leaves_of(column) if leaf and leaf not in known]
    if unknown:
        raise TypeError(f"{model.__name__}.{name} has no {', '.join(unknown)}")


def _chosen(
    column: Column | Mapping[str, Column], leaves: Sequence[str]
) -> Iterator[tuple[str, Column]]:
    """Yield the wanted leaves of a scalar, a part or the items of a list."""
    known = {"": column} if isinstance(column, Column) else column
    return ((leaf, known[leaf]) for leaf in leaves if leaf in known)


def _record(column: Any, leaves: Sequence[str], recorder: Recorder) -> None:
    if isinstance(column, ListColumn):
        column.owners.read(recorder)
        column = column.leaves
    for _, of in _chosen(column or {}, leaves):
        of.read(recorder)


def _list(column: ListColumn, leaves: Sequence[str], batch: Batch) -> ListValues:
    counts = np.bincount(column.owners.read(batch), minlength=batch.size(column.level))
    return ListValues(counts, {leaf: of.read(batch) for leaf, of in _chosen(column.leaves, leaves)})


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A person or company as a vendor sent it.

    Two records are equal if they were sent in the same bytes, or if they are read as equal models.

    Attributes
    ----------
    type
        How to read it.
    raw
        The vendor's element: one JSON object.
    """

    type: RecordType
    raw: bytes = field(repr=False)

    def read(self) -> Model:
        """Return the model. For many records, `read_models` is faster."""
        (model,) = read_models([self])
        return model

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record) or self.type is not other.type:
            return False
        if self.raw == other.raw:
            return True
        own, others = read_models([self, other])
        return own == others

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # equal records can have different bytes


def read_models(records: Iterable[Record], fields: Collection[str] | None = None) -> list[Model]:
    """Return the models of records, in their order, with all fields or only some."""
    return [model for model, _ in read_with_odd_fields(records, fields)]


def read_with_odd_fields(
    records: Iterable[Record], fields: Collection[str] | None = None
) -> list[tuple[Model, Sequence[str]]]:
    """Return models as `read_models` does, each with the paths of its fields that were odd."""
    places: dict[RecordType, list[int]] = {}
    raws: list[bytes] = []
    for place, one in enumerate(records):
        places.setdefault(one.type, []).append(place)
        raws.append(one.raw)
    models: dict[int, tuple[Model, Sequence[str]]] = {}
    for kind, own in places.items():
        found = _models(kind, [raws[place] for place in own], fields)
        models |= zip(own, found, strict=True)
    return [models[place] for place in range(len(raws))]


def _models(
    kind: RecordType, raws: Sequence[bytes], fields: Collection[str] | None
) -> list[tuple[Model, Sequence[str]]]:
    wanted = {
        name: _leaves_of(column)
        for name, column in kind.fields.items()
        if fields is None or name in fields
    }
    values = kind.read(raws, wanted)
    made: list[dict[str, Any]] = [{} for _ in raws]
    for name, leaves in values.scalars.items():
        for whole, own in zip(made, _dicts(leaves, len(raws)), strict=True):
            if own:
                whole[name] = own.get("", own)
    for name, listed in values.lists.items():
        items = [one.get("", one) for one in _dicts(listed.leaves, listed.counts.sum())]
        ends = np.cumsum(listed.counts)
        for whole, start, end in zip(made, ends - listed.counts, ends, strict=True):
            whole[name] = items[start:end]
    models = msgspec.convert(made, list[kind.model])  # type: ignore[name-defined]  # a type made at run time
    return [(model, values.odd.get(place, ())) for place, model in enumerate(models)]


def _leaves_of(column: "Column | Mapping[str, Column] | ListColumn") -> Sequence[str]:
    if isinstance(column, Column):
        return ("",)
    return tuple(column.leaves if isinstance(column, ListColumn) else column)


def _dicts(leaves: Leaves, size: int) -> list[dict[str, Any]]:
    """Return the values of each owner that are not null, by leaf."""
    found: list[dict[str, Any]] = [{} for _ in range(size)]
    for leaf, array in leaves.items():
        for own, value in zip(found, array.to_pylist(), strict=True):
            if value is not None:
                own[leaf] = value
    return found
