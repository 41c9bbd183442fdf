"""A page as text."""

from collections.abc import Iterator, Sequence
from functools import singledispatch

from enrich_pandas.progress.phrases import named
from enrich_pandas.report.page import Advice, Block, Grid, Lines, Page, Shares, Stack, percent

WIDTH = 20  # characters of a whole bar
CELL = 48  # characters of a table's cell


def as_text(page: Page) -> str:
    """Return a page as lines of text."""
    head = [page.title, "─" * len(page.title), *([page.lead] if page.lead else [])]
    return "\n".join(line.rstrip() for line in (*head, *_bodies(page.blocks)))


def _bodies(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        lines = _lines(block)
        heading = getattr(block, "heading", "")
        if lines and heading:
            yield ""
            yield heading
        yield from lines


def _bar(share: float) -> str:
    return "█" * round(share * WIDTH)


@singledispatch
def _lines(block: Block) -> list[str]:
    raise TypeError(block)


@_lines.register
def _(block: Lines) -> list[str]:
    label, number = (max((len(x[n]) for x in block.lines), default=0) for n in (0, 1))
    return [f"{x.label:<{label}}  {x.number:>{number}}  {x.text}" for x in block.lines]


@_lines.register
def _(block: Stack) -> list[str]:
    counts = [(named(status), f"{rows:,}") for status, rows in block.counts.items() if rows]
    label, number = (max((len(pair[n]) for pair in counts), default=0) for n in (0, 1))
    return [f"{status:<{label}}  {rows:>{number}}" for status, rows in counts]


@_lines.register
def _(block: Shares) -> list[str]:
    width = max((len(share.label) for share in block.shares), default=0)
    lines = [
        f"{one.label:<{width}}  {percent(one.share):>5}  {_bar(one.share):<{WIDTH}}  {one.text}"
        for one in block.shares
    ]
    return [*lines, *([block.rest] if block.rest else [])]


@_lines.register
def _(block: Grid) -> list[str]:
    if not block.rows:
        return []
    kept = [place for place, name in enumerate(block.columns) if name not in block.notes]
    table = [[_cut(cells[place]) for place in kept] for cells in (block.columns, *block.rows)]
    widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
    right = [block.columns[place] in block.numbers for place in kept]
    lines = [
        "  ".join(
            f"{cell:>{width}}" if is_number else f"{cell:<{width}}"
            for cell, width, is_number in zip(cells, widths, right, strict=True)
        )
        for cells in table
    ]
    return [*lines, *([block.rest] if block.rest else [])]


def _cut(cell: str) -> str:
    return cell if len(cell) <= CELL else f"{cell[: CELL - 1]}…"


@_lines.register
def _(block: Advice) -> list[str]:
    return [f"{sentence} {code}" if code else sentence for sentence, code in block.steps]
