"""The places of a record that a mapping reads, and the pruned wire type that decodes only these."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Union, get_args, get_origin

import msgspec

from enrich_pandas.providers.decoding import (
    Day,
    Wire,
    Year,
    alternatives,
    is_struct,
)

Step = str | int
ITEM, ONLY, KEY = 0, 1, 2  # steps that are no fields: each item, the first item, a key of an object


class Source:
    """A place in the records of a wire type, named as in Python: ``person.contact.phone_numbers``.

    A name that the wire type does not have raises AttributeError when the mapping is built.

    Parameters
    ----------
    wire
        The type of its values.
    parent, step
        The place that it is in, and the step from there; None for a whole record.
    """

    __slots__ = ("_children", "_parent", "_step", "_wire")

    def __init__(self, wire: Any, parent: "Source | None" = None, step: Step = "") -> None:
        self._wire, self._parent, self._step = wire, parent, step
        self._children: dict[Step, Source] = {}

    def __getattr__(self, name: str) -> "Source":
        hints = {one.name: one.type for one in msgspec.structs.fields(struct_in(self._wire))}
        if name not in hints:
            raise AttributeError(f"{struct_in(self._wire).__name__} has no field {name!r}")
        return self._child(name, hints[name])

    def _child(self, step: Step, wire: Any) -> "Source":
        if step not in self._children:
            self._children[step] = Source(wire, self, step)
        return self._children[step]

    def __repr__(self) -> str:
        return f"Source({path_of(self)})"


def item_of(source: Source) -> Source:
    """Return the place of each item of a list, or of each value of an object."""
    return source._child(ITEM, _item_type(source._wire))


def only(source: Source) -> Source:
    """Return the place of the first item of a list."""
    return source._child(ONLY, _item_type(source._wire))


def key_of(item: Source) -> Source:
    """Return the place of the key of an item of an object."""
    return item._child(KEY, str | None)


def level_of(source: Source) -> Source:
    """Return the place whose number of values a place shares: an item of a list, or the record."""
    while source._parent is not None and source._step != ITEM:
        source = source._parent
    return source


def path_of(source: Source) -> str:
    """Return a place as notes name it, such as ``contact.emails[].type``; without the keys."""
    steps: dict[Step, str] = {ITEM: "[]", ONLY: "[]", KEY: ".key"}
    parent, step = source._parent, source._step
    if parent is None:
        return ""
    if step == ITEM and _holds_object(parent):
        return path_of(parent)
    return (path_of(parent) + steps.get(step, f".{step}")).removeprefix(".")


def struct_in(wire: Any) -> type[msgspec.Struct]:
    """Return the struct among the alternatives of a type."""
    found = [one for one in alternatives(wire) if is_struct(one)]
    if not found:
        raise AttributeError(f"{wire} has no fields")
    (struct,) = found
    return struct  # type: ignore[no-any-return]  # types of a vendor are Any here


def _item_type(wire: Any) -> Any:
    """Return the type of the items of a list, or of the values of an object."""
    own = alternatives(wire)
    listed = [get_args(one)[-1] for one in own if get_origin(one) in (list, dict)]
    lone = [one for one in own if is_struct(one)] if listed else []
    if not listed:
        raise AttributeError(f"{wire} has no items")
    return Union[(*listed, *lone)]


def _holds_object(source: Source) -> bool:
    """Return whether a place holds an object with any keys."""
    return any(get_origin(one) is dict for one in alternatives(source._wire))


# -- The pruned wire type ------------------------------------------------------------------------


class Pruned:
    """The wire types of some places, without all other fields.

    Parameters
    ----------
    root
        The place of a whole record.
    used
        The places to read.
    """

    def __init__(self, root: Source, used: Iterable[Source]) -> None:
        self._used = set(chain.from_iterable(map(_with_parents, used)))
        self._made: dict[tuple[Any, ...], type[msgspec.Struct]] = {}
        self.types: dict[Source, type[msgspec.Struct]] = {}
        self.wire: type[msgspec.Struct] = self._struct(struct_in(root._wire), [root])

    def _struct(
        self, kind: type[msgspec.Struct], sources: Sequence[Source]
    ) -> type[msgspec.Struct]:
        key = (kind, *sources)
        if key in self._made:
            return self._made[key]
        fields = [
            (one.name, self._type(one.type, places), None)
            for one in msgspec.structs.fields(kind)
            if (places := self._used_places(sources, one.name))
        ]
        names = {one.name: one.encode_name for one in msgspec.structs.fields(kind)}
        made = msgspec.defstruct(kind.__name__, fields, bases=(Wire,), gc=False, rename=names)
        self._made[key] = made
        self.types |= dict.fromkeys(sources, made)
        return made

    def _used_places(self, sources: Sequence[Source], step: Step) -> list[Source]:
        found = [one._children[step] for one in sources if step in one._children]
        return [one for one in found if one in self._used]

    def _type(self, wire: Any, sources: Sequence[Source]) -> Any:
        """Return a type with pruned structs; a date stays the text or the year that was sent."""
        items = [*self._used_places(sources, ITEM), *self._used_places(sources, ONLY)]
        made: list[Any] = []
        for one in alternatives(wire):
            if is_struct(one):
                made.append(self._struct(one, items or sources))
            elif one is Day:
                made += [str, Year, float]  # without float, 2002.0 would be a year
            elif get_origin(one) is list:
                made.append(list[self._type(get_args(one)[0], items)])  # type: ignore[misc]  # built at run time
            elif get_origin(one) is dict:
                made.append(dict[str, self._type(get_args(one)[1], items)])  # type: ignore[misc]  # built at run time
            else:
                made.append(one)
        return Union[tuple(made)]  # noqa: UP007 - built at run time


def _with_parents(source: Source) -> Iterator[Source]:
    place: Source | None = source
    while place is not None:
        yield place
        place = place._parent
