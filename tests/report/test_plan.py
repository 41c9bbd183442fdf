"""A plan as text and as a page."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

import enrich_pandas as ep
from enrich_pandas.engine.plan import StagePlan
from enrich_pandas.report.plan import Plan
from enrich_pandas.statuses import Status
from tests.report.pages import XSS, Page

STAGE = StagePlan(
    provider="crustdata",
    stored={Status.MATCHED: 364},
    requests=17,
    requests_best=17,
    credits=1_234_567.5,
    credits_best=1_234_567.5,
    seconds=60.0,
    expected=987.0,
    known=1200,
    saved_by_duplicates=55.0,
)
PLAN = Plan(
    kind="people",
    rows=1500,
    distinct=1400,
    refused={
        (Status.SKIPPED, "where"): 7,
        (Status.INVALID, "no_identifier"): 5,
        (Status.INVALID, "email:syntax"): 33,
    },
    stages=(STAGE,),
    columns={"email": "'Work Email'"},
    rejected={"'LinkedIn'": "it holds yes/no flags"},
)


def with_stage(**changes: Any) -> Plan:
    """Return the plan with some values of its stage changed."""
    return replace(PLAN, stages=(replace(STAGE, **changes),))


def test_plan_is_shown_as_a_table() -> None:
    assert repr(PLAN).splitlines()[2:] == [
        "Rows            1,500",
        "Columns                email from 'Work Email'",
        "                       not 'LinkedIn': it holds yes/no flags",
        "Valid           1,455  55 repeat another row",
        "Distinct        1,400  each requested at most once",
        "Invalid            38  not sent",
        "Skipped             7  not sent",
        "Stored            364  matched; not requested again",
        "Requests           17",
        "Credits   1,234,567.5  at most",
        "                  987  expected, from the cost of 1,200 earlier identities",
        "Saved              55  at most, because duplicates are requested once",
        "Time                   at least 1 min 00 s, by the rate limit",
        "",
        "Not sent",
        "Status   Reason         Rows  Examples  Values",
        "invalid  email:syntax     33",
        "invalid  no_identifier     5",
        "skipped  where             7",
        "",
        "Next steps",
        "Try a few rows first: df.head(5).enrich.people(…)",
        "Run it with the same arguments: df.enrich.people(…, budget=1234567.5)",
    ]


def test_notebook_shows_the_explanation_of_each_reason() -> None:
    assert "where= leaves the row out." in Page.of(PLAN._repr_html_()).text


def test_batches_of_other_runs_are_shown() -> None:
    shown = repr(with_stage(abandoned=2, elsewhere=3))
    assert "2  batches of an earlier run" in shown
    assert "3  requested by another process" in shown


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (75, "1 min 15 s"), (7500, "2 h 05 min")]
)
def test_time_is_shown_in_hours_minutes_and_seconds(seconds: float, text: str) -> None:
    assert f"at least {text}, by" in repr(with_stage(seconds=seconds))


def test_plan_without_valid_rows_says_how_to_name_columns() -> None:
    assert "on={" in repr(
        replace(PLAN, distinct=0, refused={(Status.INVALID, "no_identifier"): 1500})
    )


LEADS = pd.DataFrame(
    {"Email": ["ada@EXAMPLE.com", "mailto:ada@example.com", XSS, "bo@example.com", "n/a"]},
    index=["a", "b", "c", "d", "e"],
)


def test_reasons_have_values_and_labels_of_the_frame() -> None:
    with ep.sandbox():
        shown = LEADS.enrich.plan("crustdata")
    page = Page.of(shown._repr_html_())
    assert f"c{XSS[:50]}" in page.text
    assert "en/aThe cell holds a placeholder" in page.text
    assert "email ada@example.com" in page.text
    assert "a, b" in page.text  # duplicates
    cases = shown.failure_cases.set_index("row")
    assert cases.loc["e", ["column", "value", "reason"]].tolist() == ["Email", "n/a", "placeholder"]
    assert cases.loc["c", "value"] == XSS
    assert shown.saved_by_duplicates == 1


def test_labels_are_shown_as_python_values() -> None:
    leads = pd.DataFrame({"Email": ["ada@example.com", "bo@example.com"]}, index=[7, 7])
    with ep.sandbox():
        assert "np." not in repr(leads.enrich.plan("crustdata"))


def test_expected_cost_comes_from_earlier_identical_purchases() -> None:
    leads = pd.DataFrame({"Email": [f"p{n}@company{n}.example" for n in range(40)]})
    with ep.sandbox(misses=0.5):
        first = leads.enrich.plan("crustdata")
        leads.head(20).enrich.people("crustdata", progress=None)
        second = leads.enrich.plan("crustdata")
        dearer = leads.enrich.plan(ep.Crustdata(business_email=True))
        spent = ep.runs()["credits"].sum()
    assert first.expected is None
    assert second.expected == spent
    assert second.known == 20
    assert second.saved_by_stored == 20
    assert dearer.expected is None


@pytest.mark.parametrize(
    "hostile",
    [
        lambda text: with_stage(provider=text),
        lambda text: replace(PLAN, columns={text: text}),
        lambda text: replace(PLAN, rejected={text: text}),
        lambda text: replace(PLAN, refused={(Status.INVALID, text): 1}),
    ],
)
@given(text=st.text(st.characters(exclude_categories=["C", "Z"])) | st.just(XSS))
@settings(max_examples=25)
def test_plan_text_never_becomes_markup(hostile: Callable[[str], Plan], text: str) -> None:
    page = Page.of(hostile(text)._repr_html_())
    page.check_inert()
    assert text[:50] in page.text
