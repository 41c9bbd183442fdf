from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import enrich_pandas as ep
from enrich_pandas.engine.plan import StagePlan
from enrich_pandas.providers.base import Status
from enrich_pandas.report.plan import Plan
from tests.report.pages import XSS, Page


def plan(*, provider: str = "crustdata", **changes: Any) -> Plan:
    stage = StagePlan(
        provider=provider,
        stored={Status.MATCHED: 364},
        requests=17,
        credits=1_234_567.5,
        seconds=60.0,
        expected=987.0,
        known=1200,
        saved_by_duplicates=55.0,
    )
    names = {field.name for field in fields(StagePlan)} - {"distinct"}
    facts: dict[str, Any] = {
        "kind": "people",
        "rows": 1500,
        "distinct": 1400,
        "refused": {
            (Status.SKIPPED, "where"): 7,
            (Status.INVALID, "no_identifier"): 5,
            (Status.INVALID, "email:syntax"): 33,
        },
        "stages": [replace(stage, **{k: v for k, v in changes.items() if k in names - {"rows"}})],
        "columns": {"email": "'Work Email'"},
        "rejected": {"'LinkedIn'": "it holds yes/no flags"},
    }
    return Plan(**facts | {k: v for k, v in changes.items() if k in facts})


def test_a_plan_reads_as_a_table() -> None:
    assert repr(plan()).splitlines()[2:] == [
        "rows            1,500",
        "columns                email from 'Work Email'",
        "                       not 'LinkedIn': it holds yes/no flags",
        "usable          1,455  of which 55 repeat another",
        "distinct        1,400  each asked for once at most",
        "invalid            38  not sent",
        "skipped             7  not sent",
        "stored            364  matched; not asked again",
        "requests           17",
        "credits   1,234,567.5  at most",
        "                  987  expected, by what 1,200 cost that were asked about before",
        "saved              55  by asking once about who repeats",
        "time                   1 min 00 s at least, by the vendor's rate limit",
        "",
        "not sent",
        "status   reason         rows  such as row  with",
        "invalid  email:syntax     33",
        "invalid  no_identifier     5",
        "skipped  where             7",
        "",
        "next",
        "Try a few rows first: df.head(5).enrich.people(…)",
        "Go on with the same arguments: df.enrich.people(…, budget=1234567.5)",
    ]


def test_a_notebook_explains_each_reason() -> None:
    assert (
        "The row has no identifier that the provider accepts." in Page.of(plan()._repr_html_()).text
    )


def test_what_other_runs_have_begun_is_told() -> None:
    shown = repr(plan(abandoned=2, elsewhere=3))
    assert "2  batches of a run that died" in shown
    assert "3  being asked for by another process" in shown


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (75, "1 min 15 s"), (7500, "2 h 05 min")]
)
def test_time_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert f"{said} at least" in repr(plan(seconds=seconds))


def test_without_a_usable_row_it_says_how_to_name_the_column() -> None:
    assert "on={" in repr(plan(distinct=0, refused={(Status.INVALID, "no_identifier"): 1500}))


LEADS = pd.DataFrame(
    {"Email": ["ada@EXAMPLE.com", "mailto:ada@example.com", XSS, "bo@example.com", "n/a"]},
    index=["a", "b", "c", "d", "e"],
)


def test_values_of_the_frame_stand_beside_the_reasons_by_row() -> None:
    with ep.sandbox():
        shown = LEADS.enrich.plan("crustdata")
    page = Page.of(shown._repr_html_())
    assert f"c{XSS[:50]}" in page.text
    assert "en/aThe cell holds a placeholder" in page.text
    assert "email ada@example.com" in page.text
    assert "a, b" in page.text  # asked once for two rows
    cases = shown.failure_cases.set_index("row")
    assert cases.loc["e", ["column", "value", "reason"]].tolist() == ["Email", "n/a", "placeholder"]
    assert cases.loc["c", "value"] == XSS
    assert shown.saved_by_duplicates == 1


def test_rows_are_named_by_their_labels_as_a_person_types_them() -> None:
    leads = pd.DataFrame({"Email": ["ada@example.com", "bo@example.com"]}, index=[7, 7])
    with ep.sandbox():
        assert "np." not in repr(leads.enrich.plan("crustdata"))


def test_the_cost_to_expect_is_that_of_the_same_purchase_before() -> None:
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
        lambda text: plan(provider=text),
        lambda text: plan(columns={text: text}),
        lambda text: plan(rejected={text: text}),
        lambda text: plan(refused={(Status.INVALID, text): 1}),
    ],
)
@given(text=st.text(st.characters(exclude_categories=["C", "Z"])) | st.just(XSS))
@settings(max_examples=25)
def test_no_text_becomes_markup(hostile: Callable[[str], Plan], text: str) -> None:
    page = Page.of(hostile(text)._repr_html_())
    page.check_inert()
    assert text[:50] in page.text
