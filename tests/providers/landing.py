"""Where each field of a vendor's answer lands: change it, and see what changes.

Nothing here knows how a provider reads. A field whose change changes nothing was dropped.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from enrich_pandas.models import Model

Path = tuple[str | int, ...]

WHOM = "whom the answer is about"


def landings(sample: Any, read: Callable[[Any], Model | None]) -> dict[str, set[str]]:
    """Return for each field of a sample the fields of the model that change with it.

    Parameters
    ----------
    sample
        An answer as the vendor prints it; every list that it has holds something.
    read
        Makes a model of an answer, or None where it is about nobody who was asked for.
    """
    before = values(read(sample))
    found: dict[str, set[str]] = {}
    for path, value in leaves(sample):
        landed = found.setdefault(written(path), set())
        for changed in others(value):
            after = read(with_leaf(sample, path, changed))
            landed |= {WHOM} if after is None else {name for name, _ in before ^ values(after)}
    return found


def values(model: Model | None) -> set[tuple[str, str]]:
    """Return what a model holds, whatever the order of its lists."""
    return {(written(path), repr(leaf)) for path, leaf in leaves(msgspec.to_builtins(model))}


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value that holds no others, with the way to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from leaves(inner, (*path, position))
    else:
        yield path, value


def others(value: Any) -> list[Any]:
    """Return other values in place of one, some of which are of its kind whatever that is."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1, value / 2]
    if value is None:
        return ["Other", ["Other"], "2001"]
    year = value.replace("20", "19", 1) if value else "2001"
    return [f"x{value}", f"{value}x", *([year] if year != value else []), "PERSONAL"]


def with_leaf(sample: Any, path: Path, value: Any) -> Any:
    """Return a sample with another value at the end of a way."""
    changed = copy.deepcopy(sample)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


def written(path: Path) -> str:
    """Write a way as documents do: ``emails[].address``; a name that is data is left open.

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
