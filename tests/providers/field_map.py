"""Find the place of each field of a vendor's answer: change it, and see what changes.

This is independent of the provider's parser. A field that changes nothing was dropped.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from enrich_pandas.models import Model

Path = tuple[str | int, ...]

IDENTITY = "the identity of the answer"


def field_map(sample: Any, read: Callable[[Any], Model | None]) -> dict[str, set[str]]:
    """Return the fields of the model that change with each field of a sample.

    Parameters
    ----------
    sample
        An answer as the vendor documents it, without empty lists.
    read
        Returns the model of an answer, or None if the answer is about another identity.
    """
    before = values(read(sample))
    found: dict[str, set[str]] = {}
    for path, value in leaves(sample):
        landed = found.setdefault(written(path), set())
        for changed in others(value):
            after = read(with_leaf(sample, path, changed))
            landed |= {IDENTITY} if after is None else {name for name, _ in before ^ values(after)}
    return found


def values(model: Model | None) -> set[tuple[str, str]]:
    """Return the values of a model, without the order of its lists."""
    return {(written(path), repr(leaf)) for path, leaf in leaves(msgspec.to_builtins(model))}


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every leaf with its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from leaves(inner, (*path, position))
    else:
        yield path, value


def others(value: Any) -> list[Any]:
    """Return other values, some of the same form."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1, value / 2]
    if value is None:
        return ["Other", ["Other"], "2001"]
    year = value.replace("20", "19", 1) if value else "2001"
    return [f"x{value}", f"{value}x", *([year] if year != value else []), "PERSONAL"]


def with_leaf(sample: Any, path: Path, value: Any) -> Any:
    """Return a sample with another value at a path."""
    changed = copy.deepcopy(sample)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


def written(path: Path) -> str:
    """Format a path as documents do, such as ``emails[].address``; data becomes ``{}``.

    Examples
    --------
    >>> written(("emails", 0, "address")), written(("emails", "ada@acme.example", "status"))
    ('emails[].address', 'emails{}.status')
    """
    return "".join(map(_step, path)).removeprefix(".")


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return "[]"
    return f".{step}" if step.isidentifier() else "{}"
