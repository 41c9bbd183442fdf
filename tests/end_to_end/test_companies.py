"""Companies, end to end: the public API and the sandbox, checked by the sandbox's ledger."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import enrich_pandas as ep
from tests.conftest import asked

ROW = ["company_status", "company_reason", "company_provider", "company_fetched_at"]
APIS = ["2025-11-01", "screener"]
PRICE = {"2025-11-01": 2, "screener": 1}
apis = pytest.mark.parametrize("api", APIS)


def domains(count, start=0):
    return [f"company{n}.example" for n in range(start, start + count)]


def enrich(frame, provider="crustdata", **options):
    return frame.enrich.companies(provider, progress=None, **options)


@pytest.fixture
def firms():
    return pd.DataFrame({"Website": domains(30) + domains(5), "note": range(35)})


@apis
def test_result_has_the_same_rows_and_new_columns(box, firms, api):
    found = enrich(firms, ep.Crustdata(api=api))
    pd.testing.assert_frame_equal(found[firms.columns], firms)
    assert list(found.columns[2:6]) == ROW
    assert found["company_status"].eq("matched").all()
    assert found["company_domain"].tolist() == firms["Website"].tolist()
    assert box.ledger["credits"].sum() == 30 * PRICE[api]
    assert box.ledger["identity"].is_unique


@apis
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("domain", "https://www.company{}.example/about?x=1"),
        ("company_linkedin_url", "uk.linkedin.com/company/Company{}/"),
        ("email_domain", "ada@company{}.example"),
        ("company", "company{}"),
    ],
)
def test_every_identifier_finds_the_same_company(box, api, name, make):
    column = {"column": [make.format(n) for n in range(8)]}
    found = enrich(pd.DataFrame(column), ep.Crustdata(api=api), on={name: "column"})
    assert found["company_status"].eq("matched").all()
    assert found["company_domain"].tolist() == domains(8)
    assert found["company_name"].tolist() == [f"Company{n}" for n in range(8)]


def test_email_and_domain_are_requested_once(box):
    frame = pd.DataFrame(
        {"Website": ["company0.example", None], "Email": [None, "a@company0.example"]}
    )
    found = enrich(frame, on={"domain": "Website", "email_domain": "Email"}, fields="id")
    assert found["company_id"].iloc[0] == found["company_id"].iloc[1]
    assert len(box.ledger) == 1


def test_free_mail_is_invalid_with_its_reason(box):
    frame = pd.DataFrame({"Email": ["ada@" + "gmail.com"]})
    found = enrich(frame, on={"email_domain": "Email"})
    assert found["company_status"].tolist() == ["invalid"]
    assert "free_mail" in found["company_reason"].iloc[0]
    assert len(box.requests) == 0


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.integers(0, 40), max_size=40), st.floats(0, 1), st.sampled_from(APIS), st.booleans()
)
def test_plan_is_never_below_the_ledger(numbers, misses, api, exact):
    frame = pd.DataFrame({"Website": pd.Series([f"q{n}.example" for n in numbers], dtype=object)})
    provider = ep.Crustdata(api=api, exact_match=exact, companies_per_request=25)
    options = {"on": {"domain": "Website"}}
    with ep.sandbox(misses=misses) as box:
        plan = ep.plan(frame, provider, kind="companies", **options)
        found = ep.companies(frame, provider, progress=None, **options)
        assert plan.credits == len(set(numbers)) * PRICE[api]
        assert box.ledger["credits"].sum() <= plan.credits
        assert asked(box) == plan.requests == -(-len(set(numbers)) // 25)
        for domain, row in zip(frame["Website"], found.itertuples(), strict=True):
            assert row.company_status in {"matched", "not_found", "pending", "failed", "held"}
            if row.company_status == "matched":
                assert row.company_domain == domain


FAULTS = ["reorder", "missing_element", "duplicate_element", "alien_element", "differing_duplicate"]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("size", [25, None])
def test_disordered_answer_never_reaches_another_row(box, fault, api, size):
    provider = ep.Crustdata(api=api, companies_per_request=size, connections=1)
    frame = pd.DataFrame({"Website": domains(25)})
    box.fault("crustdata", "submit", fault)
    found = enrich(frame, provider)
    matched = found[found["company_status"] == "matched"]
    assert matched["company_domain"].tolist() == matched["Website"].tolist()
    assert matched["company_name"].str.lower().add(".example").eq(matched["Website"]).all()
    unproven = {"missing_element": 1, "differing_duplicate": 1}.get(fault, 0)
    assert len(found) - len(matched) == unproven
    assert set(found["company_status"]) <= {"matched", "held", "failed"}


@apis
def test_several_companies_of_one_domain_are_ambiguous(api):
    frame = pd.DataFrame({"Website": domains(40)})
    with ep.sandbox(misses=1) as box:
        found = enrich(frame, ep.Crustdata(api=api))
        assert box.ledger["credits"].sum() == ep.runs()["credits"].sum()
        shared = found[found["company_status"] == "failed"]
        assert shared["company_reason"].eq("ambiguous").all()
        assert len(shared) > 0
        assert shared["company_name"].isna().all()
        pages = [f"linkedin.com/company/{d.removesuffix('.example')}" for d in shared["Website"]]
        by_page = pd.DataFrame({"Page": pages})
        again = enrich(by_page, ep.Crustdata(api=api), on={"company_linkedin_url": "Page"})
        assert again["company_status"].eq("matched").all()


@apis
def test_company_that_is_being_enriched_is_pending(api):
    frame = pd.DataFrame({"Website": domains(40)})
    with ep.sandbox(misses=1) as box:
        found = enrich(frame, ep.Crustdata(api=api))
        waiting = found["company_status"] == "pending"
        assert found.loc[waiting, "company_reason"].eq("enriching").all()
        assert waiting.any()
        slugs = found.loc[waiting, "Website"].str.removesuffix(".example")
        assert not set(slugs) & set(box.ledger["identity"])
        before = len(box.requests)
        enrich(frame, ep.Crustdata(api=api))  # within 24 hours, and ambiguous answers are stored
        assert len(box.requests) == before


@apis
def test_field_without_permission_stops_the_run_for_free(box, firms, api):
    with pytest.raises(ep.RequestError) as caught:
        enrich(firms, ep.Crustdata(api=api, fields=["no_such_field"], connections=1))
    assert "no_such_field" in str(caught.value)
    assert len(box.ledger) == 0
    assert len(box.requests) == 1 + 1  # the first request checks the balance


@pytest.mark.parametrize("fault", ["malformed", "malformed_unnamed"])
def test_one_malformed_domain_fails_alone(box, fault):
    box.fault("crustdata", "submit", fault, times=None, only="company7")
    found = enrich(pd.DataFrame({"Website": domains(25)}))
    assert found["company_status"].value_counts().to_dict() == {"matched": 24, "failed": 1}
    assert found["company_status"].iloc[7] == "failed"
    assert len(box.ledger) == 24
    assert len(box.requests) <= (2 if fault == "malformed" else 10)


def test_lost_answer_is_held_and_not_bought_again(box):
    frame = pd.DataFrame({"Website": domains(25)})
    box.fault("crustdata", "submit", "drop_after_accept")
    assert enrich(frame)["company_status"].eq("held").all()
    assert enrich(frame)["company_status"].eq("held").all()
    assert len(box.requests) == 1


@apis
def test_companies_of_people_are_enriched_on_one_frame(box, api):
    urls = [f"https://www.linkedin.com/in/p{n}-example" for n in range(25)]
    leads = pd.DataFrame({"LinkedIn": urls}, index=range(25, 0, -1))
    provider = ep.Crustdata(api=api)
    people = leads.enrich.people(provider, progress=None)
    both = enrich(people, provider, on={"domain": "person_company_domain"})
    pd.testing.assert_frame_equal(both[people.columns], people)
    employed = both["person_company_domain"].notna()
    assert both.loc[employed, "company_status"].eq("matched").all()
    assert both.loc[~employed, "company_status"].eq("invalid").all()
    known = both[employed]
    assert known["company_domain"].tolist() == known["person_company_domain"].tolist()
    bought = box.ledger.groupby("endpoint")["credits"].count()
    assert bought.iloc[0] == known["company_domain"].nunique()


def test_both_apis_give_the_same_values(box, firms):
    opened = [
        *("taxonomy", "headcount", "funding_and_investment", "linkedin_followers", "competitors"),
        *("headquarters", "hq_country", "hq_street_address", "markets", "year_founded"),
        *("estimated_revenue_lower_bound_usd", "estimated_revenue_higher_bound_usd"),
        *("company_type", "linkedin_company_description", "all_office_addresses", "company_id"),
    ]
    current = enrich(firms, fields="all")
    screener = enrich(firms, ep.Crustdata(api="screener", fields=opened), fields="all")
    same = [
        *("id", "name", "domain", "linkedin_url", "linkedin_id", "founded_year", "employees"),
        *("description", "type", "headquarters", "headquarters_address", "revenue_min_usd"),
        *("revenue_max_usd", "total_funding_usd", "last_funding_date", "last_funding_usd"),
        *("linkedin_followers", "industry", "funding_count", "headcount_count", "competitor_1"),
    ]
    for name in same:
        pd.testing.assert_series_equal(current[f"company_{name}"], screener[f"company_{name}"])
        assert current[f"company_{name}"].notna().any(), name


@pytest.mark.parametrize("layout", ["wide", "nested"])
def test_layout_fields_and_prefix_shape_the_columns(box, firms, layout):
    found = enrich(firms, fields=["name", "industries"], layout=layout, prefix="c_")
    assert list(found.columns[:7]) == ["Website", "note", "c_status", "c_reason", "c_provider",
                                       "c_fetched_at", "c_name"]  # fmt: skip
    tables = enrich(firms, fields="all", layout="tables")
    assert {"companies", "headcounts", "fundings"} <= set(tables)
    assert asked(box) == 2
