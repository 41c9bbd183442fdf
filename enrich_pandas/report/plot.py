"""A report as a figure."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.progress.html import COLOURS
from enrich_pandas.progress.phrases import named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from enrich_pandas.report.report import Report


def draw(report: "Report", what: str, ax: "Axes | None") -> "Axes":
    """Draw one of the figures that there are."""
    if what not in _FIGURES:
        raise ConfigurationError(
            f"There is no figure {what!r}.",
            cost="Nothing was spent.",
            todo=f"Type {' or '.join(map(repr, _FIGURES))}.",
        )
    axes = _axes(len(report.summary.filled if what == "fields" else report.summary.counts), ax)
    _FIGURES[what](report, axes)
    axes.margins(y=0.01)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _axes(bars: int, ax: "Axes | None") -> "Axes":
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise ConfigurationError(
            "matplotlib, which draws the figures, is not installed.",
            cost="Nothing was spent.",
            todo='Type pip install "enrich-pandas[plot]".',
        ) from None
    _, made = plt.subplots(figsize=(6.4, 0.8 + 0.24 * max(bars, 3)), layout="constrained")
    return made


def _fields(report: "Report", ax: Any) -> None:
    table = report.fill
    ax.barh(
        table["field"].tolist(), table["share"].fillna(0).to_numpy(float) * 100, color="#3b82c4"
    )
    ax.set_xlim(0, 100)
    ax.set_xlabel(f"% of the {report.summary.matched:,} matched {report.summary.unit}")


def _rows(report: "Report", ax: Any) -> None:
    counts = report.summary.counts
    names = [named(status) for status in counts]
    bars = ax.barh(names, list(counts.values()), color=[COLOURS[status] for status in counts])
    ax.bar_label(bars, labels=[f"{rows:,}" for rows in counts.values()], padding=3)
    ax.set_xlabel(report.summary.unit)


_FIGURES: Mapping[str, Callable[["Report", Any], None]] = {"fields": _fields, "rows": _rows}
