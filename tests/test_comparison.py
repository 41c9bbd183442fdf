"""Comparison of two results by identity, whatever the row order."""

import random

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.report.comparison import CHANGES
from tests.report.pages import XSS, Page

COUNT = 90


def people(titles=None, companies=None, mails=None):
    """Return a table for the sandbox in which each person has a job and an address."""
    numbers = range(COUNT)
    return pd.DataFrame(
        {
            "linkedin_url": [f"https://www.linkedin.com/in/c{n}-example" for n in numbers],
            "name": [f"Ada Example {n}" for n in numbers],
            "title": titles or [f"Engineer {n}" for n in numbers],
            "company": companies or [f"Company {n}" for n in numbers],
            "company_domain": [f"company{n}.example" for n in numbers],
            "email": mails or [f"ada{n}@company{n}.example" for n in numbers],
        }
    )


LEADS = pd.DataFrame({"LinkedIn": people()["linkedin_url"]})
VENDOR = ep.Crustdata(business_email=True)


def enriched(table, home, leads=LEADS, **options):
    with ep.sandbox(people=table, journal=home, misses=0):
        frame = leads.enrich.people(VENDOR, max_age="0D", progress=None, **options)
        return frame, ep.runs()["run"][0]


@pytest.fixture
def home(tmp_path):
    return tmp_path / "journal.sqlite"


def moved(chosen):
    titles = [f"Engineer {n}" if n not in chosen else f"Director {n}" for n in range(COUNT)]
    return people(titles=titles)


def test_exactly_the_changed_jobs_are_found(home):
    chosen = set(random.Random(7).sample(range(COUNT), 30))  # noqa: S311 - no secret
    before, first = enriched(people(), home)
    shuffled = pd.concat(
        [LEADS.sample(frac=1, random_state=1), LEADS.head(9)]
    )  # nine of them twice
    after, second = enriched(moved(chosen), home, leads=shuffled)
    with ep.sandbox(people=people(), journal=home) as box:
        runs = ep.run(first), ep.run(second)
        found = [ep.compare(*pair) for pair in ((before, after), (first, second), runs)]
        assert box.requests.empty
    for changes in found:
        table = changes.to_frame()
        assert set(table["identity"]) == {LEADS["LinkedIn"][n] for n in chosen}
        assert table["changed_job"].all()
        assert not table[["changed_company", "changed_email"]].to_numpy().any()
        assert table["title_before"].str.startswith("Engineer").all()
        assert table["title_after"].str.startswith("Director").all()
        assert changes.counts["same"] == COUNT - 30


def test_company_and_email_are_separate_changes(home):
    before, _ = enriched(people(), home)
    mails = [f"ada{n}@company{n}.example" for n in range(COUNT)]
    companies = [f"Company {n}" for n in range(COUNT)]
    mails[3], companies[5], companies[6] = "ada3@new.example", "Other", "company 6"
    table = people(companies=companies, mails=mails)
    table.loc[5, "company_domain"] = "other.example"
    after, _ = enriched(table, home)
    changes = ep.compare(before, after)
    found = changes.to_frame().set_index("identity")
    assert found.loc[LEADS["LinkedIn"][3], "changed_email"]
    assert found.loc[LEADS["LinkedIn"][5], ["changed_job", "changed_company"]].all()
    assert len(found) == 2
    assert changes.counts[["changed", "job", "company", "email"]].tolist() == [2, 1, 1, 1]


def result(rows, prefix="person_"):
    """Return a result with LinkedIn name, status, title, company and first address."""
    columns = ["li", "status", "title", "company", "email_1"]
    table = pd.DataFrame(rows, columns=columns)
    frame = pd.DataFrame({"LinkedIn": "https://www.linkedin.com/in/" + table.pop("li")})
    found = table.assign(
        reason="", provider="crustdata", fetched_at=pd.Timestamp("2026-01-01", tz="UTC")
    )
    return pd.concat([frame, found.add_prefix(prefix)], axis=1)


def test_unmatched_people_are_unknown_not_gone():
    hit = ("matched", "CTO", "Acme", None)
    before = result([("a-ex", *hit), ("b-ex", *hit), ("c-ex", *hit), ("d-ex", *hit)])
    after = result(
        [
            ("a-ex", "not_found", None, None, None),
            ("b-ex", "held", None, None, None),
            ("d-ex", "matched", None, "ACME ", None),
            ("e-ex", *hit),
        ]
    )
    changes = ep.compare(before, after)
    table = changes.to_frame()
    assert table["change"].tolist() == ["unknown", "unknown", "gone", "new"]
    assert changes.counts[["same", "unknown", "gone", "new", "changed"]].tolist() == [1, 2, 1, 1, 0]


def test_best_of_several_rows_of_a_person_is_compared():
    before = result([("a-ex", "matched", "CTO", "Acme", None)])
    after = result(
        [("a-ex", "not_found", None, None, None), ("A-ex", "matched", "CEO", "Acme", None)]
    )
    assert ep.compare(before, after).to_frame()["title_after"].tolist() == ["CEO"]


def test_people_are_paired_by_the_answered_profile():
    before = result([("a-ex", "matched", "CTO", "Acme", None)])
    after = before.drop(columns="LinkedIn").assign(
        Email="ada@example.com",
        person_linkedin_url="https://linkedin.com/in/A-ex/",
        person_title="CEO",
    )
    assert ep.compare(before, after).counts["job"] == 1


def test_additional_email_is_not_a_change():
    before = result([("a-ex", "matched", "CTO", "Acme", "a@one.example")])
    after = before.assign(person_email_2="a@two.example")
    assert ep.compare(before, after).counts["email"] == 0
    moved = after.assign(person_email_1="a@three.example")
    assert ep.compare(before, moved).counts["email"] == 1


def test_result_read_from_a_file_is_unchanged(tmp_path):
    frame = result([("a-ex", "matched", "CTO", "Acme", None), (None, "invalid", None, None, None)])
    frame.to_csv(tmp_path / "a.csv", index=False)
    changes = ep.compare(frame, pd.read_csv(tmp_path / "a.csv"))
    assert changes.counts["same"] == len(changes.pairs) == 1
    assert changes.skipped == 2


def test_results_that_cannot_be_compared_raise():
    frame = result([("a-ex", "matched", "CTO", "Acme", None)])
    with ep.sandbox(), pytest.raises(ep.InputError, match="no run 'x'"):
        ep.compare("x", frame)
    with pytest.raises(ep.InputError, match="not int"):
        ep.compare(1, frame)
    with pytest.raises(ep.InputError, match="no prefix"):
        ep.compare(LEADS, frame)
    firm = pd.DataFrame({"Domain": ["a.example"]}).join(
        result([("a", "matched", *"xyz")], "company_").iloc[:, 1:]
    )
    with pytest.raises(
        ep.InputError, match="result of people, and after= is a result of companies"
    ):
        ep.compare(frame, firm)


def test_companies_have_their_own_changes():
    firm = result([("a", "matched", *"xyz")], "company_").iloc[:, 1:].assign(Domain="a.example")
    before = firm.assign(company_name="Acme", company_employees=10)
    after = firm.assign(company_name="Acme", company_employees=12.0)
    changes = ep.compare(before, after)
    assert changes.counts["employees"] == changes.counts["changed"] == 1
    assert list(CHANGES["companies"]) == [
        name.removeprefix("changed_") for name in changes.to_frame() if name.startswith("changed_")
    ]


def test_page_escapes_markup(tmp_path):
    before = result([("a-ex", "matched", "CTO", "Acme", None)])
    after = before.assign(person_title=XSS, person_name=XSS)
    changes = ep.compare(before, after)
    page = Page.of(changes._repr_html_())
    page.check_inert()
    assert "<img src=x" in page.text
    changes.to_html(tmp_path / "changes.html")
    assert (
        repr(changes) == "<comparison: 1 of 1 people changed (1 job); .to_frame(), .to_html(path)>"
    )
