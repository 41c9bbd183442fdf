"""The panel of a notebook, in front of a screen without a browser."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets
import nbformat
import pytest
from nbclient import NotebookClient

from enrich_pandas.progress import Progress, State, widget
from enrich_pandas.progress.widget import Clicks, Panel
from enrich_pandas.providers.base import RateLimit

Snapshot = Callable[..., Progress]

XSS = '"><img src=x onerror=alert(1)><script>alert(2)</script>&'


class Screen:
    """Stands for a front end: what is displayed, and how often it was replaced."""

    def __init__(self) -> None:
        self.shown: list[Any] = []
        self.updates = 0

    def display(self, shown: object, *, raw: bool, display_id: bool) -> "Screen":
        assert raw
        assert display_id
        self.shown.append(shown)
        return self

    def update(self, shown: object) -> None:
        self.shown[-1] = shown
        self.updates += 1

    @property
    def html(self) -> str:
        return str(self.shown[-1].data)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr(widget, "display", screen.display)
    return screen


@pytest.fixture
def panel(screen: Screen) -> Panel:
    """Return a panel that draws on the screen."""
    assert not screen.shown
    return Panel()


def descendants(box: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    yield box
    for child in getattr(box, "children", ()):
        yield from descendants(child)


def visible(box: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    if box.layout.display != "none":
        yield box
        for child in getattr(box, "children", ()):
            yield from visible(child)


def text(box: ipywidgets.Widget) -> str:
    """Return the visible text of a panel."""
    shown = (w.value for w in visible(box) if isinstance(w, ipywidgets.Label | ipywidgets.HTML))
    return "\n".join(re.sub(r"(<[^>]*>)+", "\n", value) for value in shown)


def buttons(panel: Panel) -> dict[str, ipywidgets.Button]:
    found = (w for w in visible(panel._live.box) if isinstance(w, ipywidgets.Button))
    return {button.description: button for button in found}


class Run:
    """Stands for a run: records what the buttons do to it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def pause(self) -> None:
        self.done.append("pause")

    def resume(self) -> None:
        self.done.append("resume")

    def cancel(self) -> None:
        self.done.append("cancel")


@pytest.fixture
def run(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a run that the panel controls."""
    monkeypatch.setattr(Clicks, "arrive", False)
    run = Run()
    panel.take_controls(run)
    return run


def test_run_is_one_panel_updated_in_place(
    snapshot: Snapshot, panel: Panel, screen: Screen
) -> None:
    for rows in range(100):
        panel(snapshot(rows_done=rows))
    assert len(screen.shown) == 1
    assert screen.updates == 0
    view = screen.shown[0]["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == panel._live.box.model_id


def test_panel_has_words_for_all_colors(snapshot: Snapshot, panel: Panel) -> None:
    panel(snapshot(requests=12, limit=RateLimit(60, 60.0)))
    shown = text(panel._live.box)
    for part in (
        "crustdata: 310 of 500 rows, 0:12 left",
        "250 matched\n40 not found\n17 invalid\n1 held\n2 failed",
        "Credits\n280 of at most 900",
        "Batches\n9 of 15, 2 in flight",
        "Rate\n12 of 60 requests a minute",
    ):
        assert part in shown


def test_bar_has_the_rows_and_ends_with_undone_ones(snapshot: Snapshot, panel: Panel) -> None:
    panel(snapshot())
    parts = re.findall(r"flex:(\d+) 1 0", panel._live.figures.value)
    assert list(map(int, parts)) == [250, 40, 17, 1, 2, 190]


def test_status_without_rows_has_no_legend(snapshot: Snapshot, panel: Panel) -> None:
    panel(snapshot())
    assert "suppressed" not in text(panel._live.box)


def test_wait_is_shown_until_it_ends(snapshot: Snapshot, panel: Panel) -> None:
    panel(snapshot(waiting="rate limit", wait_seconds=9.0))
    assert "waiting 0:09: rate limit" in text(panel._live.box)
    panel(snapshot())
    assert "waiting" not in text(panel._live.box)


@pytest.mark.parametrize("state", ["done", "failed", "interrupted"])
def test_static_html_replaces_the_panel_at_the_end(
    snapshot: Snapshot, state: State, panel: Panel, screen: Screen
) -> None:
    panel(snapshot())
    live = panel._live.box
    panel(snapshot(state=state))
    assert len(screen.shown) == 1
    assert f"crustdata {state}: 310 of 500 rows" in screen.html
    assert all(w.comm is None for w in descendants(live))


def test_second_run_gets_a_new_panel(snapshot: Snapshot, panel: Panel, screen: Screen) -> None:
    panel(snapshot(state="done"))
    panel(snapshot())
    assert len(screen.shown) == 2


def test_labels_hold_no_markup_and_no_tex(snapshot: Snapshot, panel: Panel) -> None:
    panel(snapshot(provider=XSS, waiting=r"$\href{javascript:alert(1)}{x}$" + XSS))
    shown = [w.value for w in descendants(panel._live.box) if isinstance(w, ipywidgets.Label)]
    assert any("script" in value for value in shown)
    assert not set("".join(shown)) & set("<>$\\")


def test_figures_hold_no_text_from_elsewhere(snapshot: Snapshot, panel: Panel) -> None:
    panel(snapshot())
    plain = panel._live.figures.value
    panel(snapshot(provider=XSS, run=XSS, waiting=XSS))
    assert panel._live.figures.value == plain
    pages = [w for w in descendants(panel._live.box) if isinstance(w, ipywidgets.HTML)]
    assert pages == [panel._live.figures]


def test_panel_without_controls_has_no_buttons(snapshot: Snapshot, panel: Panel) -> None:
    panel(snapshot())
    assert not buttons(panel)
    assert "Stop" not in text(panel._live.box)


def test_buttons_pause_resume_and_cancel(snapshot: Snapshot, panel: Panel, run: Run) -> None:
    panel(snapshot())
    buttons(panel)["Pause"].click()
    panel(snapshot(state="paused"))
    assert "paused, 2 in flight" in text(panel._live.box)
    buttons(panel)["Resume"].click()
    panel(snapshot())
    buttons(panel)["Cancel"].click()
    assert run.done == ["pause", "resume", "cancel"]


def test_buttons_are_disabled_while_a_run_stops(snapshot: Snapshot, panel: Panel, run: Run) -> None:
    panel(snapshot())
    assert not any(button.disabled for button in buttons(panel).values())
    panel(snapshot(state="stopping"))
    assert all(button.disabled for button in buttons(panel).values())


def test_tooltips_begin_with_the_button_text(snapshot: Snapshot, panel: Panel, run: Run) -> None:
    panel(snapshot())
    assert all(button.tooltip.startswith(f"{text}: ") for text, button in buttons(panel).items())


def test_stop_hint_is_shown_until_a_click_arrives(
    snapshot: Snapshot, panel: Panel, run: Run
) -> None:
    panel(snapshot())
    assert "■ Stop" in text(panel._live.box)
    buttons(panel)["Pause"].click()
    panel(snapshot())
    assert "■ Stop" not in text(panel._live.box)
    panel(snapshot(state="done"))
    panel.take_controls(run)
    panel(snapshot())  # another run in the same process
    assert "■ Stop" not in text(panel._live.box)


NOTEBOOK = """
from enrich_pandas.progress import Progress
from enrich_pandas.progress.choose import choose_view

show = choose_view("auto")
for rows, state in [(10, "running"), (20, "running"), (30, "done")]:
    show(Progress(
        run="r_1", provider="crustdata", rows=30, rows_done=rows, counts={"matched": rows},
        batches=3, batches_done=rows // 10, in_flight=0, credits=rows, credits_max=30,
        budget=None, elapsed=1, eta=1, state=state,
    ))
"""


def test_saved_notebook_holds_html_and_no_widget() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NOTEBOOK)])
    notebook = NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "display_data"
    assert "crustdata done: 30 of 30 rows" in output.data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" not in output.data
