from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich_pandas.providers.base import Status
from enrich_pandas.report.quote import Plan

XSS = '"><img src=x onerror=alert(1)><script>alert(2)</script>&'


def plan(**changes: Any) -> Plan:
    facts: dict[str, Any] = {
        "provider": "crustdata",
        "kind": "people",
        "rows": 1500,
        "valid": 1455,
        "distinct": 1400,
        "refused": {
            (Status.INVALID, "email:syntax"): 33,
            (Status.SKIPPED, "where"): 7,
            (Status.INVALID, "no_identifier"): 5,
        },
        "stored": {Status.MATCHED: 364},
        "abandoned": 0,
        "elsewhere": 0,
        "requests": 17,
        "credits": 1_234_567.5,
        "seconds": 60.0,
        "columns": {"email": "'Work Email'"},
        "rejected": {"'LinkedIn'": "it holds yes/no flags"},
    }
    return Plan(**facts | changes)


def test_a_plan_reads_as_a_table() -> None:
    assert repr(plan()).splitlines()[2:] == [
        "rows            1,500",
        "columns                email from 'Work Email'",
        "                       not 'LinkedIn': it holds yes/no flags",
        "invalid            38  not sent:",
        "                   33  email:syntax",
        "                    5  no_identifier",
        "skipped             7  where",
        "usable          1,455  of which 55 repeat another",
        "distinct        1,400  each asked for once at most",
        "stored            364  matched; not asked again",
        "requests           17",
        "credits   1,234,567.5  at most",
        "time                   1 min 00 s at least, by the vendor's rate limit",
    ]


def test_what_other_runs_have_begun_is_told() -> None:
    shown = repr(plan(abandoned=2, elsewhere=3))
    assert "2  batches of a run that died" in shown
    assert "3  being asked for by another process" in shown


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (75, "1 min 15 s"), (7500, "2 h 05 min")]
)
def test_time_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert f"{said} at least" in repr(plan(seconds=seconds))


def test_a_notebook_explains_each_reason() -> None:
    assert "The row has nothing to ask the provider by." in plan()._repr_html_()


class Tags(HTMLParser):
    """Collects the elements, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    "hostile",
    [
        lambda text: plan(provider=text),
        lambda text: plan(columns={text: text}),
        lambda text: plan(rejected={text: text}),
        lambda text: plan(refused={(Status.INVALID, text): 1}),
    ],
)
@given(text=st.text(st.characters(exclude_categories=["C"])) | st.just(XSS))
def test_no_text_becomes_markup(hostile: Callable[[str], Plan], text: str) -> None:
    page = Tags()
    page.feed(hostile(text)._repr_html_())
    assert page.elements <= {"table", "caption", "tbody", "tr", "th", "td", "span"}
    assert page.attributes <= {"style"}
    assert text in page.text
