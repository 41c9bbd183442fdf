"""Several providers in order: what is requested, which value stays, and what it costs.

Free providers without a network give the semantics; a paid one is judged by the sandbox's ledger.
"""

import itertools
import threading
import time
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import enrich_pandas as ep
from enrich_pandas.errors import QuotaError
from enrich_pandas.models import Company, Email, Employer, Location, Person
from enrich_pandas.providers.base import Identity, Match, Provider, Rule, Status, Wait
from enrich_pandas.report.provenance import last_report
from tests.report.pages import XSS, Page

SERIALS = itertools.count()
KEYS = ("linkedin_url", "email", "name")


class Free(Provider):
    """Knows some people; records the identities that were requested."""

    name = "free"
    kinds = ("people", "companies")
    identifiers: ClassVar[Mapping] = {"people": KEYS, "companies": ("domain", "company")}
    origin = ""
    version = "1"
    rate_limit = None
    batch_size = 10
    credit = 0.0
    takes = KEYS
    demands: ClassVar[Mapping] = {}

    def __init__(self, known, status=Status.NOT_FOUND, price=0.0, **facts):
        self.known, self.status, self.credit = known, status, price
        self.asked = []
        self.serial = next(SERIALS)  # each has stored results of its own
        self.__dict__.update(facts)

    def billed_options(self, kind):
        return {"serial": self.serial}

    def price(self, kind, batch):
        return self.credit * len(batch)

    def rules(self, kind):
        return self.demands

    def identify(self, kind, values):
        takes = self.takes if kind == "people" else self.identifiers[kind]
        return super().identify(kind, {name: values[name] for name in takes if name in values})

    def flow(self, kind, batch):
        yield from ()
        self.asked += [identity.keys[0][1] for identity in batch]
        return [self._match(identity) for identity in batch]

    def _match(self, identity):
        model = self.known.get(identity.keys[0][1])
        if isinstance(model, Exception):
            raise model
        if isinstance(model, Status):
            return Match(identity=identity, status=model, reason="scripted")
        if model is None:
            return Match(identity=identity, status=self.status, reason="unknown")
        return Match(identity=identity, status=Status.MATCHED, model=model, credits=self.credit)


class Second(Free):
    name = "second"


class Third(Free):
    name = "third"


def url(n):
    return f"https://www.linkedin.com/in/p{n}-example"


def leads(count):
    return pd.DataFrame({"LinkedIn": [url(n) for n in range(count)]})


def enrich(frame, providers, **options):
    return ep.people(frame, providers, progress=None, **options)


@pytest.fixture(autouse=True)
def in_a_sandbox(box):
    """A sandbox in which nothing costs anything."""


# -- what is requested from which provider -------------------------------------------------------


def test_later_provider_gets_only_rows_with_missing_fields():
    first = Free({url(0): Person(name="Ann", title="CEO"), url(1): Person(name="Bo")})
    second = Second({url(1): Person(name="Other", title="CFO"), url(2): Person(title="CTO")})
    people = enrich(leads(4), [first, second], fields=["name", "title"], sources=True)
    assert second.asked == [url(1), url(2), url(3)]
    assert people["person_name"].fillna("-").tolist() == ["Ann", "Bo", "-", "-"]
    assert people["person_title"].fillna("-").tolist() == ["CEO", "CFO", "CTO", "-"]
    assert people["person_title_source"].fillna("-").tolist() == ["free", "second", "second", "-"]
    assert people["person_name_source"].fillna("-").tolist() == ["free", "free", "-", "-"]
    assert people["person_status"].tolist() == ["matched"] * 3 + ["not_found"]
    providers = people["person_provider"].tolist()
    assert providers == ["free", "free+second", "second", "free"]


@pytest.mark.parametrize("options", [{}, {"fields": "standard"}, {"fields": "all"}])
def test_without_named_fields_later_provider_gets_unmatched_rows(options):
    first, second = Free({url(0): Person(name="Ann")}), Second({url(1): Person(title="CFO")})
    people = enrich(leads(2), [first, second], **options)
    assert second.asked == [url(1)]
    assert people["person_status"].eq("matched").all()


def test_only_fields_named_beside_the_standard_ones_are_wanted():
    first = Free({url(0): Person(skills=["sql"]), url(1): Person(name="Bo")})
    second = Second({url(1): Person(name="Other", skills=["r"])})
    people = enrich(leads(2), [first, second], fields=["standard", "skills"], sources=True)
    assert second.asked == [url(1)]
    assert people["person_skill_1"].tolist() == ["sql", "r"]
    assert people["person_name"].fillna("-").tolist() == ["-", "Bo"]


def test_row_that_lacks_the_named_leaf_goes_on():
    first = Free({url(n): Person(location=Location(country="France")) for n in (0, 1)})
    first.known[url(0)].location.city = "Lyon"
    second = Second({url(1): Person(location=Location(city="Paris"))})
    people = enrich(leads(2), [first, second], fields="location.city", sources=True)
    assert second.asked == [url(1)]
    assert people["person_location_city"].tolist() == ["Lyon", "Paris"]
    assert people["person_location_source"].tolist() == ["free", "second"]


def test_lists_and_parts_are_merged_whole():
    first = Free({url(0): Person(emails=[Email(address="a@b.example")], location=Location())})
    places = Location(city="Paris", country="France")
    others = [Email(address="c@d.example"), Email(address="e@f.example")]
    second = Second({url(0): Person(emails=others, location=places, skills=["sql"])})
    fields = ["emails", "location", "skills"]
    people = enrich(leads(1), [first, second], fields=fields, sources=True)
    row = people.iloc[0]
    assert (row["person_email_1"], row["person_email_count"]) == ("a@b.example", 1)
    assert (row["person_emails_source"], row["person_skills_source"]) == ("free", "second")
    assert (row["person_location_city"], row["person_location_source"]) == ("Paris", "second")


def test_found_identifier_is_used_by_next_provider():
    crm = Free({"Ann Example": Person(emails=[Email(address="ann@B.EXAMPLE")])}, takes=("name",))
    second = Second({"ann@b.example": Person(title="CEO")}, takes=("email",))
    frame = pd.DataFrame({"Name": ["Ann  Example", "Unknown Example"]})
    people = enrich(frame, [crm, second], fields=["title"])
    assert second.asked == ["ann@b.example"]
    assert people["person_title"].fillna("-").tolist() == ["CEO", "-"]
    assert people["person_status"].tolist() == ["matched", "not_found"]


def test_own_identifier_is_preferred_to_found_one():
    crm = Free({"Ann Example": Person(linkedin_url=url(9))}, takes=("name",))
    second = Second({url(1): Person(title="CEO")}, takes=("linkedin_url",))
    frame = pd.DataFrame({"Name": ["Ann Example"] * 2, "LinkedIn": [url(1), "n/a"]})
    enrich(frame, [crm, second], fields=["title"])
    assert second.asked == [url(1), url(9)]


def test_found_identifier_replaces_one_that_breaks_rules():
    crm = Free({"Ann Example": Person(emails=[Email(address="ann@b.example")])}, takes=("name",))
    rule = Rule("free_mail", lambda value: value.endswith("b.example"))
    second = Second({}, takes=("email",), demands={"email": [rule]})
    frame = pd.DataFrame({"Name": ["Ann Example"], "Email": ["ann@example.com"]})
    enrich(frame, [crm, second], fields=["title"])
    assert second.asked == ["ann@b.example"]


def test_employer_identifies_a_company():
    first = Free({"company1.example": Company(domain="company2.example")})
    second = Second({"company1.example": Company(name="One")})
    frame = pd.DataFrame({"Website": ["www.company1.example"]})
    found = ep.companies(frame, [first, second], fields=["name"], progress=None)
    assert found["company_name"].tolist() == ["One"]


def test_rows_outside_where_are_not_requested():
    first, second = Free({}), Second({})
    people = enrich(leads(3), [first, second], where=np.array([True, False, True]))
    assert first.asked == second.asked == [url(0), url(2)]
    assert people["person_status"].tolist() == ["not_found", "skipped", "not_found"]
    assert people["person_reason"].tolist() == ["unknown", "where", "unknown"]


@pytest.mark.parametrize("status", ["removed", "pending"])
def test_removed_and_pending_rows_end_the_waterfall(status):
    first, second = Free({url(0): Status(status)}), Second({url(0): Person(name="Ann")})
    people = enrich(leads(1), [first, second])
    assert second.asked == []
    assert people["person_status"].tolist() == [status]


ORDER = ["held", "removed", "failed", "not_found", "invalid"]


@pytest.mark.parametrize("more", ORDER[:-1])
@pytest.mark.parametrize("less", ORDER[:-1])
def test_unmatched_row_shows_the_most_important_status(more, less):
    first, second = Free({url(0): Status(less)}), Second({url(0): Status(more)})
    people = enrich(leads(1), [first, second])
    closed = less == "removed"
    expected = less if closed else min(more, less, key=ORDER.index)
    assert people["person_status"].tolist() == [expected]
    assert people["person_provider"].tolist() == [
        "free" if closed or expected == less else "second"
    ]


def test_row_that_no_provider_accepts_is_invalid():
    first = Free({}, takes=("linkedin_url",))
    second = Second({"ann@b.example": Person(name="Ann")}, takes=("email",))
    frame = pd.DataFrame(
        {"LinkedIn": [url(0), "", None], "Email": ["?", "ann@b.example", "no address"]}
    )
    people = enrich(frame, [first, second])
    assert people["person_status"].tolist() == ["not_found", "matched", "invalid"]
    assert people["person_reason"].tolist() == ["unknown", "", "email:syntax"]
    with pytest.raises(ep.InputError) as caught:
        enrich(frame, [first, second], errors="raise")
    assert caught.value.failure_cases["index"].tolist() == [2]
    assert enrich(frame[:2], [first, second], errors="raise").shape[0] == 2


# -- the result ----------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["wide", "nested", "tables"])
def test_columns_depend_on_the_call_alone(layout):
    both = [Free({url(0): Person(name="Ann", skills=["sql"])}), Second({})]
    some, none, empty = (
        enrich(frame, both, layout=layout, sources=True, fields=["name", "skills"])
        for frame in (leads(2), leads(3)[2:], leads(2)[:0])
    )
    if layout == "tables":
        assert set(some) == {"people", "skills"}
        some, none, empty = some["people"], none["people"], empty["people"]
    assert some.dtypes.to_dict() == none.dtypes.to_dict() == empty.dtypes.to_dict()
    sources = [name for name in some if name.endswith("_source")]
    assert sources == ["person_name_source", "person_skills_source"]
    assert some["person_skills_source"].fillna("-").tolist() == ["free", "-"]
    pd.testing.assert_frame_equal(some[["LinkedIn"]], leads(2))


@pytest.mark.parametrize("layout", ["wide", "nested", "tables"])
def test_column_names_are_unique(layout):
    for call, frame in (
        (ep.people, leads(1)),
        (ep.companies, pd.DataFrame({"Website": ["company1.example"]})),
    ):
        made = call(frame, Free({}), sources=True, layout=layout, progress=None)
        for table in made.values() if layout == "tables" else [made]:
            assert table.columns.is_unique


def test_one_provider_has_sources_too():
    known = Free({url(0): Person(name="Ann")})
    people = enrich(leads(2), known, sources=True, fields=["name"])
    assert people["person_name_source"].fillna("-").tolist() == ["free", "-"]
    plain = people.drop(columns="person_name_source")
    pd.testing.assert_frame_equal(enrich(leads(2), [known], fields=["name"]), plain)
    pd.testing.assert_frame_equal(enrich(people, known, fields=["name"]), plain)


def test_fetched_at_is_the_oldest_part():
    first = Free({url(0): Person(name="Ann")})
    second = Second({url(0): Person(title="CEO")})
    alone = enrich(leads(1), first)["person_fetched_at"]
    time.sleep(0.01)
    both = enrich(leads(1), [first, second], fields=["name", "title"])
    assert both["person_provider"].tolist() == ["free+second"]
    assert both["person_fetched_at"].tolist() == alone.tolist()


# -- money ---------------------------------------------------------------------------------------


def spent(box):
    return box.ledger["credits"].sum()


def test_existing_field_is_not_bought_again(box):
    crm = Free({url(n): Person(title="CEO") for n in range(0, 30, 3)})
    people = enrich(leads(30), [crm, "crustdata"], fields=["title"], sources=True)
    assert spent(box) == 20
    asked = {f"p{n}-example" for n in range(30) if n % 3}
    assert {who.rsplit("/", 1)[-1] for who in box.ledger["identity"]} == asked
    assert people["person_title_source"].eq("free").sum() == 10
    report = last_report().providers.set_index("provider")
    assert report["credits"].tolist() == [0, 20]
    assert report["asked"].tolist() == [30, 20]
    assert ep.runs()["credits"].sum() == spent(box)


def test_repeated_waterfall_costs_nothing(box):
    crm = Free({"Ann Example": Person(linkedin_url=url(1))}, takes=("name",))
    frame = pd.DataFrame({"Name": ["Ann Example"] * 2, "LinkedIn": [None, url(2)]})
    both = [crm, "crustdata"]
    once = enrich(frame, both, fields=["name", "title"])
    assert spent(box) == 2
    assert ep.plan(frame, both, fields=["name", "title"]).credits == 0
    pd.testing.assert_frame_equal(enrich(frame, both, fields=["name", "title"]), once)
    assert spent(box) == 2
    assert last_report().providers["credits"].tolist() == [0, 0]


def test_budget_applies_to_the_whole_waterfall(box):
    first = Free({url(n): Person(name="Ann") for n in range(10)}, price=1.0)
    people = enrich(leads(10), [first, "crustdata"], fields=["title"], budget=14)
    assert spent(box) == 4
    assert last_report().providers["credits"].tolist() == [10, 4]
    assert people["person_title"].notna().sum() == 4
    assert people["person_status"].eq("matched").all()


def test_held_credits_count_against_the_budget(box):
    first = Free({}, status=Status.HELD, price=1.0)
    enrich(leads(10), [first, "crustdata"], fields=["title"], budget=12)
    assert spent(box) == 2
    assert last_report().providers["credits_held"].tolist() == [10, 0]


def test_plan_has_best_and_maximum_cost(box):
    first, frame = Free({url(0): Person(title="CEO")}, price=2.0), leads(30)
    both = [first, "crustdata"]
    plan = ep.plan(frame, both, fields=["title"])
    assert (plan.credits_best, plan.credits) == (60, 90)
    assert (plan.requests_best, plan.requests) == (3, 5)
    assert "30 to 90" not in repr(plan)
    assert "90  at most; 60 if each provider returns all wanted fields" in repr(plan)
    assert "crustdata 0 to 30 0 to 30 0 0 to 2 0 to 30" in " ".join(repr(plan).split())
    assert "0 to 30" in plan._repr_html_()
    assert first.asked == []
    assert len(box.requests) == 0


def test_plan_counts_stored_results(box):
    frame = leads(30)
    enrich(frame[:10], "crustdata")
    plan = ep.plan(frame, [Free({}), "crustdata"], fields=["title"])
    assert [stage.credits for stage in plan.stages] == [0, 20]
    assert sum(plan.stages[1].stored.values()) == 10


def test_plan_counts_identities_that_may_be_found():
    crm = Free({}, takes=("name",))
    frame = pd.DataFrame({"Name": ["Ann Example", "Bo Example", "Bo Example"]})
    plan = ep.plan(frame, [crm, "crustdata"], fields=["title"])
    assert (plan.stages[1].rows_best, plan.stages[1].rows) == (0, 3)
    assert plan.credits == 2


def test_plan_of_several_providers_shows_example_rows(box):
    crm = Free({}, takes=("email",))
    frame = pd.DataFrame(
        {
            "Email": [None, XSS, "=cmd()", "ann@example.com", "ann@example.com", None],
            "LinkedIn": ["n/a", XSS, "=cmd()", None, None, url(1)],
        },
        index=list("abcdef"),
    )
    enrich(frame[5:], "crustdata")
    plan = ep.plan(frame, [crm, "crustdata"], where=frame.index != "b")
    page = Page.of(plan._repr_html_())
    page.check_inert()
    assert "d, e" in page.text  # requested once for two rows, by their labels
    assert "=cmd()" in page.text
    assert [(one.label, one.provider) for one in plan.examples.sent] == [
        ("d", "free"),
        ("f", "crustdata"),
    ]
    assert plan.failure_cases["row"].tolist() == ["a", "c", "c"]
    assert (plan.saved_by_duplicates, plan.saved_by_stored) == (1, 1)
    assert "1  at most, by stored answers" in repr(plan)
    hostile = frame.rename(columns={"Email": f"Email {XSS}"}).set_index(pd.Index([XSS] * 6))
    on = {"email": f"Email {XSS}", "linkedin_url": "LinkedIn"}
    Page.of(ep.plan(hostile, [crm, "crustdata"], on=on)._repr_html_()).check_inert()


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, "n/a", "ann@example.com", "bo@", "=cmd()"]),
            st.sampled_from([None, "-", url(1), url(2), "linkedin.com/company/x-example"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=8,
    )
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_plan_refuses_the_rows_that_are_not_sent(rows):
    table = pd.DataFrame(rows, columns=["Email", "LinkedIn", "wanted"], dtype="object")
    frame, where = table[["Email", "LinkedIn"]], table["wanted"].astype(bool)
    both = [Free({}, takes=("email",)), Second({}, takes=("linkedin_url",))]
    on = {"email": "Email", "linkedin_url": "LinkedIn"}
    plan = ep.plan(frame, both, where=where, on=on)
    people = enrich(frame, both, where=where, on=on)
    unsent = people[people["person_status"].isin(["invalid", "skipped"])]
    counts = unsent.groupby(["person_status", "person_reason"]).size().to_dict()
    assert {(str(status), why): n for (status, why), n in plan.refused.items()} == counts


def test_large_live_waterfall_is_refused_by_maximum_cost(monkeypatch):
    monkeypatch.setattr(ep.options, "confirm_above", 20)
    monkeypatch.setattr("enrich_pandas.pipeline.current_environment", _live)
    monkeypatch.setenv("CRUSTDATA_API_KEY", "made-up")
    first = Free({})
    with pytest.raises(ep.BudgetError) as caught:
        enrich(leads(30), [first, "crustdata"])
    assert caught.value.plan.credits == 30
    assert first.asked == []


def _live():
    from enrich_pandas.engine.context import Environment

    return Environment()


def test_missing_key_of_later_provider_raises_first(monkeypatch):
    monkeypatch.setattr("enrich_pandas.pipeline.current_environment", _live)
    first = Free({})
    with pytest.raises(ep.CredentialError):
        enrich(leads(2), [first, "crustdata"])
    assert first.asked == []


# -- the report ----------------------------------------------------------------------------------


def test_disagreements_are_reported():
    ann = Person(name="Ann", title="CEO", company="One", score=0.9, location=Location(city="Rome"))
    other = Person(
        name=" ANN ", title="CTO", score=0.1, skills=["sql"], linkedin_url=url(0),
        location=Location(city="Paris", country="France"),
    )  # fmt: skip
    first, second = Free({url(0): ann}), Second({url(0): other})
    frame = pd.DataFrame({"LinkedIn": [url(1), url(0), url(0)]}, index=["x", "y", "y"])
    fields = ["name", "title", "company", "location", "skills", "score"]
    people = enrich(frame, [first, second], fields=fields)
    shown = last_report().disagreements
    assert shown.index.tolist() == ["y"] * 4
    assert shown["row"].tolist() == [1, 1, 2, 2]
    assert shown.iloc[:2, 1:].to_numpy().tolist() == [
        ["title", "free", "CEO", "second", "CTO"],
        ["location_city", "free", "Rome", "second", "Paris"],
    ]
    assert people["person_title"].tolist()[1:] == ["CEO", "CEO"]
    assert "4 values of 2 rows disagree" in repr(last_report())


def test_spellings_of_an_address_do_not_disagree():
    first = Free({url(0): Person(linkedin_url="linkedin.com/in/P0-example/")})
    second = Second({url(0): Person(linkedin_url=url(0), title="CEO")})
    enrich(leads(1), [first, second], fields=["linkedin_url", "title"])
    assert len(last_report().disagreements) == 0


def test_coverage_and_lift_add_up():
    first = Free({url(n): Person(name="Ann") for n in range(4)})
    second = Second({url(n): Person(name="Ann", title="CEO") for n in (3, 4)})
    frame = pd.concat([leads(6), leads(6)], ignore_index=True)
    enrich(frame, [first, second], fields=["name", "title"])
    report = last_report()
    table = report.providers.set_index("provider")
    assert table["asked"].tolist() == [12, 12]
    assert table["matched"].tolist() == [8, 4]
    assert table["coverage"].round(3).tolist() == [0.667, 0.333]
    assert table["rows_added"].tolist() == [6, 2]
    assert table["values"].tolist() == [8, 6]
    assert table["values_added"].tolist() == [6, 6]
    fields = report.fields.set_index(["provider", "field"])
    assert fields.loc[("second", "name")].tolist() == [4, 2, 2]
    assert "free" in report._repr_html_()


# -- how it runs ---------------------------------------------------------------------------------


class Slow(Second):
    """Waits until it is released."""

    name = "slow"

    def __init__(self, known, **facts):
        super().__init__(known, **facts)
        self.begun, self.go = threading.Event(), threading.Event()

    def flow(self, kind, batch):
        self.begun.set()
        while not self.go.is_set():
            yield Wait(0.01)
        return (yield from super().flow(kind, batch))


def test_handle_returns_results_so_far():
    first, slow = Free({url(0): Person(name="Ann")}), Slow({url(1): Person(name="Bo")})
    handle = ep.people(leads(2), [first, slow], wait=False, progress=None)
    assert slow.begun.wait(60)
    assert handle.result()["person_status"].tolist() == ["matched", "pending"]
    handle.pause()
    handle.resume()
    slow.go.set()
    assert handle.wait()["person_status"].tolist() == ["matched", "matched"]
    assert last_report().providers["matched"].tolist() == [1, 1]


def test_stopped_waterfall_starts_no_further_stage():
    slow, third = Slow({}), Third({url(0): Person(name="Ann")})
    handle = ep.people(leads(1), [Free({}), slow, third], wait=False, progress=None)
    assert slow.begun.wait(60)
    handle.cancel()
    with pytest.raises(ep.RunInterrupted) as caught:
        handle.wait()
    assert third.asked == []
    assert caught.value.result["person_status"].tolist() == ["not_found"]


def test_ctrl_c_in_a_later_stage_keeps_results():
    slow = Slow({})

    def interrupt(progress):
        if slow.begun.is_set() and progress.state == "running":
            raise KeyboardInterrupt

    first = Free({url(0): Person(name="Ann")})
    with pytest.raises(ep.RunInterrupted) as caught:
        ep.people(leads(2), [first, slow], progress=interrupt)
    result = caught.value.result
    assert result["person_name"].fillna("-").tolist() == ["Ann", "-"]


def test_error_stops_the_waterfall_and_keeps_results():
    first = Free({url(0): Person(name="Ann")})
    second, third = Second({url(1): QuotaError("Out of credits.")}), Third({})
    with pytest.raises(ep.QuotaError) as caught:
        enrich(leads(2), [first, second, third])
    assert third.asked == []
    assert caught.value.result["person_name"].fillna("-").tolist() == ["Ann", "-"]
    assert last_report().providers["matched"].tolist() == [1, 0, 0]


def test_empty_account_keeps_results_of_free_provider():
    crm = Free({url(n): Person(name="Ann") for n in range(100)})
    with ep.sandbox(misses=0, credits=25) as box:
        shown = pytest.warns(UserWarning, match="25 credits are left")
        with shown, pytest.raises(ep.QuotaError) as caught:
            enrich(leads(100), [crm, ep.Crustdata(connections=1)], fields=["name", "title"])
        titles = caught.value.result["person_title"].notna().sum()
        # Of twenty-five people that are bought, some may have no title.
        assert 0 < titles <= spent(box) == last_report().providers["credits"].sum()
    assert caught.value.result["person_name"].eq("Ann").all()


def test_progress_shows_each_stage_and_ends_once():
    seen = []
    slow = Slow({url(1): Person(name="Bo")})
    slow.go.set()
    first = Free({url(0): Person(name="Ann")})
    ep.people(leads(3), [first, slow], progress=seen.append)
    assert [progress.state for progress in seen].count("done") == 1
    last = seen[-1]
    assert (last.state, last.rows, last.rows_done) == ("done", 3, 3)
    assert last.counts == {"matched": 2, "not_found": 1}
    assert last.provider == "free+slow"


@pytest.mark.parametrize("wrong", [[], ["crustdata", "crustdata"], ["crustdata", 7]])
def test_invalid_provider_list_is_refused(box, wrong):
    with pytest.raises(ep.ConfigurationError):
        enrich(leads(2), wrong)
    assert len(box.requests) == 0


def test_vendor_can_be_listed_twice_with_other_options(box):
    both = ["crustdata", ep.Crustdata(api="screener")]
    people = enrich(leads(2), both, fields=["name"], sources=True)
    assert people["person_name_source"].eq("crustdata").all()
    assert last_report().providers["provider"].tolist() == ["crustdata", "crustdata (2)"]


def test_employers_identify_their_company():
    known = Person(employer=Employer(name="One", domain="www.company1.example"))
    from enrich_pandas.waterfall.groups import extract_identifiers

    assert extract_identifiers(known) == {"company": "One", "domain": "company1.example"}


# -- for any frame and any providers -------------------------------------------------------------

PEOPLE = st.dictionaries(
    st.integers(0, 8).map(url),
    st.builds(
        Person,
        name=st.sampled_from([None, "Ann", "Bo"]),
        title=st.sampled_from([None, "CEO", "CTO"]),
        skills=st.lists(st.sampled_from(["sql", "r"]), max_size=2),
    ),
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(0, 9), max_size=12), PEOPLE, PEOPLE, PEOPLE)
def test_waterfall_takes_the_first_value_of_each_field(numbers, one, two, three):
    providers = [Free(one), Second(two), Third(three)]
    frame = pd.DataFrame({"LinkedIn": [url(n) for n in numbers]}, dtype="object")
    frame.index = pd.Index([n % 3 for n in range(len(numbers))])
    fields = ["name", "title", "skills"]
    on = {"linkedin_url": "LinkedIn"}
    people = enrich(frame, providers, on=on, fields=fields, sources=True, layout="nested")
    pd.testing.assert_frame_equal(people[["LinkedIn"]], frame)
    for n, (_, row) in zip(numbers, people.iterrows(), strict=True):
        models = [provider.known.get(url(n)) for provider in providers]
        assert row["person_status"] == ("matched" if any(models) else "not_found")
        for name in fields:
            gave = [
                (getattr(model, name), provider.name)
                for model, provider in zip(models, providers, strict=True)
                if model and getattr(model, name)
            ]
            value, source = gave[0] if gave else (None, None)
            shown = row[f"person_{name}_source"]
            assert (None if pd.isna(shown) else shown) == source
            if value is not None:
                shown = row[f"person_{name}"]
                assert (list(shown) if name == "skills" else shown) == value
    for before, provider in itertools.pairwise(providers):
        assert set(provider.asked) <= set(before.asked)
        assert len(provider.asked) == len(set(provider.asked))


def test_an_identity_is_never_shown():
    assert "ann" not in repr(Identity.of(email="ann@b.example"))


def test_odd_fields_are_named_as_for_one_provider(box):
    people = pd.DataFrame({"LinkedIn": ["https://www.linkedin.com/in/p0-example"]})
    box.fault("crustdata", "submit", "wrong_type")
    alone = people.enrich.people("crustdata", progress=None)
    several = people.enrich.people([Free({}), "crustdata"], progress=None)
    reason = alone.loc[0, "person_reason"]
    assert reason == "not as documented, left empty: matches[].person_data.education.schools"
    assert several.loc[0, "person_reason"] == reason
