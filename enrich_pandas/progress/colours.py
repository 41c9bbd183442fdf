"""The colour and the pattern of each status, the same in every view."""

from collections.abc import Mapping
from types import MappingProxyType

from enrich_pandas.providers.base import Status

# Mid-tones: each has three to one, or more, on a white and on a near-black page.
COLOURS: Mapping[Status, str] = MappingProxyType(
    {
        Status.MATCHED: "#2e8b57",
        Status.NOT_FOUND: "#808080",
        Status.INVALID: "#b8651b",
        Status.SUPPRESSED: "#8a6fb3",
        Status.REMOVED: "#a0568f",
        Status.PENDING: "#3b82c4",
        Status.HELD: "#a67c00",
        Status.FAILED: "#d0423f",
        Status.SKIPPED: "#6f7f8f",
    }
)

_STRIPES = "repeating-linear-gradient({}deg,transparent 0 3px,rgba(255,255,255,.45) 3px 5px)"
_RISING, _FALLING, _UPRIGHT, _LEVEL = map(_STRIPES.format, (135, 45, 90, 0))

# CSS backgrounds: the patterns tell apart, without colour, those that stand side by side.
FILLS: Mapping[Status, str] = MappingProxyType(
    {
        Status.MATCHED: COLOURS[Status.MATCHED],
        Status.NOT_FOUND: f"{_UPRIGHT},{COLOURS[Status.NOT_FOUND]}",
        Status.INVALID: f"{_RISING},{COLOURS[Status.INVALID]}",
        Status.SUPPRESSED: f"{_LEVEL},{COLOURS[Status.SUPPRESSED]}",
        Status.REMOVED: f"{_FALLING},{COLOURS[Status.REMOVED]}",
        Status.PENDING: f"{_LEVEL},{COLOURS[Status.PENDING]}",
        Status.HELD: f"{_UPRIGHT},{COLOURS[Status.HELD]}",
        Status.FAILED: f"{_FALLING},{COLOURS[Status.FAILED]}",
        Status.SKIPPED: f"{_RISING},{COLOURS[Status.SKIPPED]}",
    }
)
