"""Suppressed people are not requested; erased people leave no readable byte."""

import contextlib
import sqlite3
import time
import zlib
from unittest.mock import Mock

import msgspec
import pandas as pd
import pytest
import zstandard

import enrich_pandas as ep
from enrich_pandas.journal import Journal, erasure
from enrich_pandas.journal.elements import decompress
from enrich_pandas.journal.erasure import TextMatcher, remove_elements
from enrich_pandas.journal.suppression import identifier_keys
from tests.conftest import HOUR

LEADS = pd.DataFrame(
    {
        "Email": ["ada@acme.example", "bo@acme.example", None],
        "LinkedIn": [None, None, "https://www.linkedin.com/in/cy-example-3"],
    }
)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home" / "journal.sqlite"


@pytest.fixture
def box(home):
    with ep.sandbox(misses=0, journal=home) as box:
        yield box


def enriched(leads=LEADS, provider="crustdata", **options):
    return ep.people(leads, provider, progress=None, **options)


def statuses(frame):
    return list(zip(frame["person_status"], frame["person_reason"].fillna(""), strict=True))


def bytes_of(home):
    """Return every byte of the journal's folder, compressed cells included."""
    plain = b"".join(path.read_bytes() for path in home.parent.rglob("*") if path.is_file())
    connection = sqlite3.connect(home)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
    cells = (
        cell
        for table in tables
        if connection.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchone()[
            0
        ]
        == "table"
        for row in connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - its own names
        for cell in row
        if isinstance(cell, bytes)
    )
    inflated = []
    for cell in cells:
        try:
            inflated.append(decompress(cell))
        except (zlib.error, zstandard.ZstdError):
            continue
    connection.close()
    return plain + b"".join(inflated)


def mentions(home, *texts):
    whole = bytes_of(home).lower()
    return [
        text
        for text in texts
        if text.lower().encode() in whole or text.lower().encode("utf-16-le") in whole
    ]


# The suppression list


def test_suppressed_row_is_not_sent(box):
    assert ep.suppress(["ADA@acme.example", "linkedin.com/in/Cy-Example-3/"]) == 2
    frame = enriched()
    assert statuses(frame) == [
        ("suppressed", "suppressed"),
        ("matched", ""),
        ("suppressed", "suppressed"),
    ]
    assert frame.loc[[0, 2], "person_name"].isna().all()
    assert len(box.ledger) == 1
    assert not box.requests["identities"].astype(str).str.contains("ada|cy-example").any()


def test_any_identifier_of_a_row_suppresses_it(box):
    both = pd.DataFrame({"Email": ["ada@acme.example"], "LinkedIn": ["linkedin.com/in/ada-x"]})
    ep.suppress("ada@acme.example")
    assert statuses(enriched(both)) == [("suppressed", "suppressed")]
    assert box.ledger.empty


def test_answer_about_a_suppressed_person_is_not_shown(box):
    by_address = enriched(fields=["name", "linkedin_url"])
    with ep.sandbox(misses=0):  # another journal without stored answers
        ep.suppress(by_address.loc[0, "person_linkedin_url"])
        frame = enriched()
        assert statuses(frame)[0] == ("suppressed", "suppressed")
        assert frame.loc[0, ["person_name", "person_linkedin_url", "person_email_1"]].isna().all()
        assert statuses(frame)[1] == ("matched", "")


def test_stored_answer_of_a_suppressed_person_is_not_shown(box):
    assert statuses(enriched())[0] == ("matched", "")
    ep.suppress("ada@acme.example")
    assert statuses(enriched())[0] == ("suppressed", "suppressed")
    assert ep.unsuppress("ada@acme.example") == 1
    assert statuses(enriched())[0] == ("matched", "")
    assert len(box.ledger) == 3


def test_plan_counts_suppressed_rows(box):
    ep.suppress("ada@acme.example")
    plan = ep.plan(LEADS, "crustdata")
    assert plan.distinct == 2
    assert ("suppressed", "suppressed") in {(str(s), why) for s, why in plan.refused}


def test_suppressed_row_is_sent_to_no_provider(box):
    ep.suppress("ada@acme.example")
    frame = enriched(provider=["amplemarket", "crustdata"])
    assert statuses(frame)[0] == ("suppressed", "suppressed")
    assert not box.ledger["identity"].astype(str).str.contains("ada@").any()


def test_suppressed_domain_does_not_suppress_people(box):
    ep.suppress(["https://www.acme.example", "linkedin.com/company/other-example"])
    firms = pd.DataFrame({"Website": ["acme.example", "more.example"]})
    found = ep.companies(firms, "crustdata", progress=None)
    assert found["company_status"].tolist() == ["suppressed", "matched"]
    assert statuses(enriched())[0] == ("matched", "")  # employees are not suppressed


def test_invalid_identifier_changes_nothing(box):
    with pytest.raises(ep.InputError, match="at position 1, 2"):
        ep.suppress(["ada@acme.example", "Ada Example", None])
    assert statuses(enriched())[0] == ("matched", "")


def test_suppression_list_contains_no_identifier(box, home):
    ep.suppress(["hidden.person@acme.example", "linkedin.com/in/hidden-person-9"])
    assert not mentions(home, "hidden.person", "hidden-person-9")


# Erasure


@pytest.mark.parametrize("provider", ["crustdata", "amplemarket", "zoho"])
def test_erased_person_leaves_no_readable_byte(home, provider):
    with ep.sandbox(misses=0, journal=home, job_seconds=(0.0, 0.1)) as box:
        before = enriched(provider=provider)
        texts = ["ada@acme.example", *before.loc[0].filter(like="person_email_").dropna()]
        texts = [one for one in texts if "@" in str(one)]
        slug = before.loc[0, "person_linkedin_url"].rstrip("/").rpartition("/")[2]
        assert mentions(home, "ada@acme.example", before.loc[0, "person_name"])
        assert ep.forget("ada@acme.example") == 1
        assert not mentions(home, *texts, slug, before.loc[0, "person_name"])
        charged = len(box.ledger)
        after = enriched(provider=provider)
        assert statuses(after) == [("suppressed", "forgotten"), ("matched", ""), ("matched", "")]
        assert after.loc[[1, 2], "person_name"].equals(before.loc[[1, 2], "person_name"])
        assert len(box.ledger) == charged


@pytest.mark.parametrize("vendor", [ep.Amplemarket, ep.Zoho])
def test_person_erased_during_a_job_is_not_stored(home, vendor, end_jobs):
    people = pd.DataFrame({"Email": [f"late{n}@acme.example" for n in range(4)]})
    with ep.sandbox(misses=0, journal=home, job_seconds=HOUR) as box:
        assert set(enriched(people, provider=vendor(patience=0.1))["person_status"]) == {"pending"}
        ep.forget("late1@acme.example")
        end_jobs()
        after = enriched(people, provider=vendor(patience=30))
        assert after["person_status"].tolist() == ["matched", "suppressed", "matched", "matched"]
        assert not mentions(home, "late1@acme.example")
        assert mentions(home, "late2@acme.example")
        assert len(box.ledger) == 4
    assert "late1" not in after.drop(columns="Email").to_csv()


@pytest.mark.parametrize("provider", ["crustdata", "amplemarket", "zoho"])
def test_erased_person_does_not_return_by_another_email(tmp_path, provider):
    home = tmp_path / "mine" / "journal.sqlite"
    jobs = {"misses": 0, "job_seconds": (0.0, 0.1)}
    with ep.sandbox(journal=tmp_path / "theirs" / "journal.sqlite", **jobs) as box:
        before = enriched(provider=provider)
        url = before.loc[0, "person_linkedin_url"]
        with ep.sandbox(url=box.url(provider), journal=home):
            assert ep.forget(url) == 0  # nothing is stored yet
            after = enriched(provider=provider)
            assert statuses(after) == [
                ("suppressed", "forgotten"),
                ("matched", ""),
                ("matched", ""),
            ]
            assert not mentions(home, "ada@acme.example", url, before.loc[0, "person_name"])
            assert mentions(home, "bo@acme.example")
            asked = len(box.requests)
            assert statuses(enriched(provider=provider)) == statuses(after)
            assert len(box.requests) == asked


def test_identifier_from_the_answer_erases_the_person(box, home):
    before = enriched()
    assert ep.forget(before.loc[1, "person_linkedin_url"]) == 1
    assert not mentions(home, "bo@acme.example", before.loc[1, "person_name"])
    assert statuses(enriched())[1] == ("suppressed", "forgotten")


def test_erasure_deletes_headers_that_repeat_the_email(home):
    leads = pd.DataFrame({"Email": ["zelda@acme.example", "bo@acme.example"]})
    with ep.sandbox(journal=home, misses=0) as box:
        for lead in leads["Email"]:
            repeated = f"/screener/person/enrich?business_email={lead.replace('@', '%40')}"
            box.fault("crustdata", "submit", "redirect", times=1, location=repeated)
            alone = leads[leads["Email"] == lead]
            with contextlib.suppress(ep.EnrichError):
                enriched(alone, provider=ep.Crustdata(api="screener"))
        assert mentions(home, "zelda", "bo%40acme") == ["zelda", "bo%40acme"]
        ep.forget("zelda@acme.example")
        assert mentions(home, "zelda", "bo%40acme") == ["bo%40acme"]
        with contextlib.closing(sqlite3.connect(home)) as connection:
            rows = connection.execute("SELECT headers FROM requests").fetchall()
        assert all(b"content-length" in row[0] for row in rows)


def test_erasure_deletes_answers_of_all_providers(box, home):
    enriched()
    enriched(provider="amplemarket")
    assert ep.forget("ada@acme.example") == 2
    assert not mentions(home, "ada@acme.example")


def test_erasure_discards_the_last_report(box):
    enriched(provider=["amplemarket", "crustdata"])
    ep.last_report()
    ep.forget("ada@acme.example")
    with pytest.raises(ep.EnrichError):
        ep.last_report()


def test_short_slug_erases_no_other_person():
    trace = TextMatcher.of(
        identifier_keys("people", {"linkedin_url": "https://www.linkedin.com/in/ada"})
    )
    other = b'[{"name":"Ada Canada","url":"https://www.linkedin.com/in/ada-b","slug":["adam"]}]'
    assert remove_elements(other, trace) is other
    for written in ("https://linkedin.com/in/ADA/?x=1", "ada", "linkedin.com/in/%61da"):
        body = msgspec.json.encode([{"url": written}, {"url": "bo"}])
        assert remove_elements(body, trace) == b'[{"url":"bo"}]'


def test_unparsable_body_is_erased_as_a_whole():
    trace = TextMatcher.of(["email ada@example.com"])
    assert remove_elements(b'[{"email": "ada@example.com"}, {"ema', trace) == b""
    assert remove_elements(b'{"email": "ada@example.com", "name": "Ada"}', trace) == b""
    escaped = b'[{"email": "\\u0061da@example.com"}, 1]'
    assert remove_elements(escaped, trace) == b"[1]"


def test_erasure_searches_10000_answers_in_seconds(box, home):
    many = pd.DataFrame({"LinkedIn": [f"linkedin.com/in/many-{n}-example" for n in range(2_000)]})
    enriched(many)
    started = time.process_time()  # of this process: the machine may be busy
    ep.forget("linkedin.com/in/many-77-example")
    assert time.process_time() - started < 5
    assert not mentions(home, "many-77-example")
    assert mentions(home, "many-78-example")


# Removed by the vendor


def test_removal_by_vendor_erases_stored_answers(home):
    people = pd.DataFrame({"Email": [f"person{n}@acme.example" for n in range(60)]})
    jobs = {"journal": home, "job_seconds": (0.0, 0.0)}
    with ep.sandbox(misses=0, **jobs):
        before = enriched(people, provider="amplemarket")
    with ep.sandbox(misses=1, **jobs):
        after = enriched(people, provider="amplemarket", max_age="0D")
    removed = after[after["person_status"] == "removed"]
    assert set(removed["person_reason"]) == {"gdpr_removed"}
    assert removed["person_name"].isna().all()
    names = before.loc[removed.index, "person_linkedin_url"]
    assert not mentions(home, *removed["Email"], *names.str.rpartition("/")[2])
    kept = after[after["person_status"] == "matched"]
    assert kept["person_name"].equals(before.loc[kept.index, "person_name"])
    with ep.sandbox(misses=0, **jobs) as box:
        again = enriched(people.loc[removed.index], provider="amplemarket", max_age="0D")
        assert set(again["person_status"]) == {"removed"}
        assert box.requests.empty


def test_removed_people_are_erased_in_one_pass(home, monkeypatch):
    """A pass reads everything that is stored: one pass per person would take hours."""
    passes, erase = [], erasure.erase
    monkeypatch.setattr(erasure, "erase", lambda *it: passes.append(it[2]) or erase(*it))
    people = pd.DataFrame({"Email": [f"person{n}@acme.example" for n in range(60)]})
    with ep.sandbox(misses=1, journal=home, job_seconds=(0.0, 0.0)):
        after = enriched(people, provider="amplemarket")
    removed = (after["person_status"] == "removed").sum()
    assert removed > 1
    assert list(map(len, passes)) == [removed]


# Retention


def test_data_older_than_the_retention_is_deleted(box, home, monkeypatch):
    before = enriched()
    later = time.time() + 91 * 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    ep.plan(LEADS, "crustdata")
    assert not mentions(home, "ada@acme.example", before.loc[0, "person_name"])
    assert ep.plan(LEADS, "crustdata").requests == 2


def in_days(monkeypatch, days):
    """Move the clock forward by a number of days."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + days * 86_400)


SHOWN = {
    "runs": lambda _: ep.runs(),
    "run": lambda run: ep.run(run.id).rows.empty,
    "report": lambda run: run.report,
    "rows": lambda run: run.rows,
    "held": lambda run: run.held,
    "provenance": lambda run: ep.provenance(run.frame),
}


@pytest.mark.parametrize("look", SHOWN.values(), ids=SHOWN)
def test_past_runs_do_not_show_expired_rows(box, home, monkeypatch, look):
    before = enriched()
    run = ep.run(ep.runs()["run"][0])
    run.frame = before
    in_days(monkeypatch, 91)
    look(run)
    assert not mentions(home, "ada@acme.example", before.loc[0, "person_name"])
    assert ep.run(run.id).rows.empty


def test_expired_answers_are_not_exported(box, home, monkeypatch):
    before = enriched()
    run = ep.run(ep.runs()["run"][0])
    in_days(monkeypatch, 91)
    with pytest.raises(ep.InputError, match="has no raw answers"):
        run.freeze(home.with_name("report.yaml"))
    assert not mentions(home, "ada@acme.example", before.loc[0, "person_name"])


def test_clock_that_was_ahead_does_not_delay_deletion(box, home, monkeypatch):
    with monkeypatch.context() as ahead:
        in_days(ahead, 3_650)
        enriched(LEADS[1:])
    before = enriched(LEADS[:1])
    in_days(monkeypatch, 91)
    ep.runs()
    assert not mentions(home, "ada@acme.example", before.loc[0, "person_name"])


UNREAD = LEADS[["Email"]].dropna()  # the rows of one request


@pytest.fixture
def died(box, monkeypatch):
    """Leave a paid and unread answer, as a dead process does."""
    with monkeypatch.context() as dying:
        dying.setattr(Journal, "store_results", Mock(side_effect=ep.JournalError("died")))
        with pytest.raises(ep.JournalError, match="died"):
            enriched(UNREAD)
    assert len(box.ledger) == 2


def test_expired_unread_answer_is_deleted_and_held(died, box, home, monkeypatch):
    in_days(monkeypatch, 91)
    (run,) = ep.runs()["run"]
    assert not mentions(home, '"name":', "headline")
    assert mentions(home, *UNREAD["Email"]) == UNREAD["Email"].tolist()
    assert statuses(enriched(UNREAD)) == [("held", "unread")] * 2
    assert len(box.ledger) == 2
    credits_ = ep.runs().set_index("run").loc[run]
    assert (credits_["credits"], credits_["credits_held"]) == (0, credits_["credits_planned"])
    newest = ep.run(ep.runs()["run"][0])
    assert set(newest.resume(held="resend", progress=None)["person_status"]) == {"matched"}
    in_days(monkeypatch, 91)
    ep.runs()
    assert not mentions(home, "ada@acme.example")


def test_erased_person_with_unread_answer_is_not_held(died, box, home, monkeypatch):
    ep.forget("ada@acme.example")
    in_days(monkeypatch, 91)
    assert statuses(enriched(UNREAD))[0] == ("suppressed", "forgotten")
    assert not mentions(home, "ada@acme.example")


@pytest.mark.parametrize(("days", "retention"), [(89, "90D"), (0.9, "0D")])
def test_young_open_job_is_fetched(home, monkeypatch, end_jobs, days, retention):
    """It is kept for a day at least, because it was paid for and not parsed."""
    monkeypatch.setattr(ep.options, "retention", retention)
    jobs = {"misses": 0, "journal": home, "job_seconds": HOUR}
    with ep.sandbox(**jobs) as box:
        first = enriched(provider=ep.Amplemarket(patience=0.1), max_age=retention)
        assert set(first["person_status"]) == {"pending"}
        end_jobs()
        in_days(monkeypatch, days)
        after = enriched(provider=ep.Amplemarket(patience=30), max_age=retention)
        assert set(after["person_status"]) == {"matched"}
        assert len(box.ledger) == 3


def test_answers_older_than_the_retention_are_not_used(box, monkeypatch):
    with pytest.raises(ep.ConfigurationError, match="longer than answers are stored \\(90D\\)"):
        enriched(max_age="91D")
    monkeypatch.setattr(ep.options, "retention", "1y")
    with pytest.raises(ep.ConfigurationError, match="retention"):
        enriched()
    monkeypatch.setattr(ep.options, "retention", "365D")
    assert statuses(enriched(max_age="91D"))[0] == ("matched", "")
