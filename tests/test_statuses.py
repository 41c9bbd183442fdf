"""The table of statuses is complete, and the documentation agrees with it."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from enrich_pandas.statuses import REASONS, STATUSES, Status

ROOT = Path(__file__).parents[1]
BACKGROUNDS = "#ffffff", "#111111"


def luminance(color: str) -> float:
    """Return the relative luminance of a color, as WCAG defines it."""
    channels = (int(color[n : n + 2], 16) / 255 for n in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_table_has_a_row_for_each_status() -> None:
    assert list(STATUSES) == list(Status)


def test_ranks_are_distinct() -> None:
    assert sorted(status.info.rank for status in Status) == list(range(len(Status)))


@pytest.mark.parametrize("status", Status)
def test_colors_are_visible_in_both_themes(status: Status) -> None:
    assert all(contrast(status.info.color, background) >= 3 for background in BACKGROUNDS)


def test_fills_are_distinct_and_neighbors_differ_without_color() -> None:
    fills = {(status.info.color, status.info.pattern) for status in Status}
    assert len(fills) == len(Status)
    assert all(one.info.pattern != next_.info.pattern for one, next_ in pairwise(Status))


@pytest.mark.parametrize("page", ["README.md", "docs/statuses.md"])
@pytest.mark.parametrize("status", Status)
def test_documentation_has_the_words_of_the_table(page: str, status: Status) -> None:
    row = f"| `{status}` | {status.info.meaning} | {status.info.charged} |"
    assert row in (ROOT / page).read_text("utf-8")


def test_documentation_explains_each_reason() -> None:
    page = (ROOT / "docs" / "statuses.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| `[^|]+` \| (.+) \|$", page, re.MULTILINE))
    assert {code: rows.get(code) for code in REASONS} == dict(REASONS)
