"""The HTML writer, and a snapshot as HTML."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given, strategies as st

from enrich_pandas.progress import Progress, State
from enrich_pandas.progress.html import element, snapshot_page

Snapshot = Callable[..., Progress]

XSS = '"><img src=x onerror=alert(1)><script>alert(2)</script>&'


class Tags(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_writer_escapes_text_and_attributes_once() -> None:
    inner = element("b", "<")
    assert element("p", "<", inner, aria_label='"') == '<p aria-label="&quot;">&lt;<b>&lt;</b></p>'


@given(st.text() | st.just(XSS), st.sampled_from(["done", "failed", "interrupted"]))
def test_text_never_becomes_markup(snapshot: Snapshot, provider: str, state: State) -> None:
    page = Tags()
    page.feed(snapshot_page(snapshot(provider=provider, state=state)))
    assert page.elements <= {"div", "strong", "span", "ul", "li", "dl", "dt", "dd"}
    assert page.attributes <= {"style", "role", "aria-label"}


def test_page_loads_nothing_and_follows_the_theme(snapshot: Snapshot) -> None:
    page = snapshot_page(snapshot(state="done"))
    assert not re.search(r"https?:|url\(|<script|<style|class=", page)
    assert "var(--jp-ui-font-color1,var(--vscode-foreground,inherit))" in page


def test_undone_rows_keep_their_place_in_the_bar(snapshot: Snapshot) -> None:
    assert 'style="flex:190 1 0"' in snapshot_page(snapshot(state="interrupted"))


def test_bar_has_the_counts_as_its_text(snapshot: Snapshot) -> None:
    page = snapshot_page(snapshot(state="done"))
    assert 'role="img" aria-label="310 of 500 rows: 250 matched, 40 not found' in page


@pytest.mark.parametrize("status", ["skipped", "pending"])
def test_stopped_run_does_not_count_undone_rows(snapshot: Snapshot, status: str) -> None:
    stopped = snapshot(state="interrupted", rows_done=500, counts={"matched": 310, status: 190})
    assert "crustdata interrupted: 310 of 500 rows" in snapshot_page(stopped)
