"""Every vendor of the sandbox with the same calls: same columns, exact costs, no early poll."""

import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import enrich_pandas as ep

VENDORS = ("amplemarket", "crustdata", "zoho")


def people(count, start=0):
    return pd.DataFrame(
        {"LinkedIn": [f"linkedin.com/in/vendor-p{n}-example" for n in range(start, count)]}
    )


def counts(frame, kind="person"):
    return frame[f"{kind}_status"].value_counts().to_dict()


def books():
    return ep.runs()["credits"].sum()


@pytest.mark.parametrize("vendor", VENDORS)
def test_same_call_works_for_every_vendor(vendor):
    with ep.sandbox(misses=0.2) as box:
        found = people(60).enrich.people(vendor, progress=None)
        again = people(60).enrich.people(vendor, progress=None)
        firms = pd.DataFrame({"Website": ["acme.example", "globex.example", "www.acme.example/x"]})
        enriched = firms.enrich.companies(vendor, progress=None)
        assert books() == box.ledger["credits"].sum()
    pd.testing.assert_frame_equal(found, again)
    assert set(counts(found)) <= {"matched", "not_found", "removed", "pending", "failed"}
    assert counts(found)["matched"] >= 30
    assert enriched["company_status"].iloc[0] == enriched["company_status"].iloc[2]


def test_every_provider_gives_the_same_columns_and_dtypes():
    with ep.sandbox(misses=0):
        by_vendor = {name: people(3).enrich.people(name, progress=None) for name in VENDORS}
    table = by_vendor["crustdata"]
    own = people(3).enrich.people(ep.Directory(table), progress=None)
    assert counts(own) == {"matched": 3}
    assert own["person_name"].tolist() == table["person_name"].tolist()
    for frame in (*by_vendor.values(), own):
        pd.testing.assert_series_equal(frame.dtypes, table.dtypes)


def test_poll_waits_as_long_as_the_vendor_says():
    provider = ep.Amplemarket(rows_at_risk=40)
    with ep.sandbox(misses=0.1, job_seconds=(1, 2.5)) as box:
        found = people(200).enrich.people(provider, progress=None)
        requests, spent = box.requests, box.ledger["credits"].sum()
        assert books() == spent
    assert 429 not in requests["status"].tolist()
    assert requests["method"].eq("POST").sum() == 5
    assert set(counts(found)) <= {"matched", "not_found", "removed"}
    names = found["person_linkedin_url"].dropna().str.rpartition("/")[2]
    assert (
        names.str.removesuffix("-now")
        .eq(found["LinkedIn"].loc[names.index].str.rpartition("/")[2])
        .all()
    )


def test_pages_match_rows_with_duplicates_and_unicode():
    urls = [f"linkedin.com/in/zoé-{n}-example" for n in range(250)]
    leads = pd.DataFrame({"LinkedIn": [*urls, *(url.replace("é", "%C3%A9") for url in urls)]})
    with ep.sandbox(misses=0) as box:
        found = leads.enrich.people(ep.Amplemarket(rows_at_risk=250), fields="all", progress=None)
        assert len(box.requests) == 4  # a start, and three pages
    assert counts(found) == {"matched": 500}
    assert found["person_id"].iloc[:250].tolist() == found["person_id"].iloc[250:].tolist()
    assert found["person_id"].nunique() == 250


def test_jobs_are_polled_by_their_list():
    with ep.sandbox(misses=0.2, job_seconds=(0.2, 2)) as box:
        found = people(150).enrich.people("zoho", progress=None)
        paths = box.requests["path"].str.removesuffix("/").str.rpartition("/")[2]
        assert books() == box.ledger["credits"].sum() == 150
    looks = (paths == "__zia_people_enrichment").sum() - 150
    assert looks <= 0.15 * 150
    assert set(counts(found)) == {"matched", "not_found"}


def test_token_that_expires_during_a_run_is_renewed():
    with ep.sandbox(misses=0, latency=0.05, token_seconds=2.0) as box:
        began = time.monotonic()
        found = people(100).enrich.people(ep.Zoho(connections=4), progress=None)
        ends = (time.monotonic() - began) / 1.8  # of tokens, each renewed a tenth before its end
        tokens = box.requests["path"].eq("/oauth/v2/token").sum()
        assert box.ledger["identity"].is_unique
    assert counts(found) == {"matched": 100}
    assert 2 <= tokens <= 2 + ends


def test_token_refused_during_a_run_is_renewed_once():
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "submit", "unauthorized")
        found = people(20).enrich.people("zoho", progress=None)
        assert box.requests["path"].eq("/oauth/v2/token").sum() == 2
        assert len(box.ledger) == 20
    assert counts(found) == {"matched": 20}


SCRIPT = """
import sys, pandas as pd, enrich_pandas as ep
first = int(sys.argv[1])
urls = [f"linkedin.com/in/shared-{{n}}-example" for n in range(first, first + 30)]
with ep.sandbox(url={url!r}, journal={journal!r}):
    found = pd.DataFrame({{"LinkedIn": urls}}).enrich.people("zoho", progress=None)
    assert found["person_status"].eq("matched").all(), found["person_status"].value_counts()
"""


def test_four_processes_share_one_token(tmp_path: Path):
    with ep.sandbox(misses=0) as box:
        script = SCRIPT.format(url=box.url("zoho"), journal=str(tmp_path / "journal.sqlite"))
        running = [
            subprocess.Popen([sys.executable, "-c", script, str(30 * n)], stderr=subprocess.PIPE)
            for n in range(4)
        ]
        ended = [(one.communicate()[1], one.returncode) for one in running]
        assert [code for _, code in ended] == [0, 0, 0, 0], ended
        assert box.requests["path"].eq("/oauth/v2/token").sum() == 1
        assert len(box.ledger) == 120
        assert box.ledger["identity"].is_unique


def test_lost_job_is_found_in_the_list():
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "submit", "drop_after_accept")
        found = people(4).enrich.people(ep.Zoho(settle=20.0), progress=None)
        assert len(box.ledger) == 4
    assert counts(found) == {"matched": 4}


@pytest.mark.parametrize("vendor", ["amplemarket", "zoho"])
@pytest.mark.parametrize("fault", ["unknown_field", "wrong_type"])
def test_unexpected_answers_raise_nothing(vendor, fault):
    with ep.sandbox(misses=0) as box:
        box.fault(vendor, "poll", fault)
        found = people(4).enrich.people(vendor, progress=None)
        assert len(box.ledger) == 4
    assert set(counts(found)) <= {"matched", "held"}


@pytest.mark.parametrize("vendor", VENDORS)
def test_refused_key_stops_before_a_charge(vendor):
    where = "token" if vendor == "zoho" else "submit"
    with ep.sandbox(misses=0) as box:
        box.fault(vendor, where, "unauthorized", times=None)
        with pytest.raises(ep.EnrichError) as caught:
            people(30).enrich.people(vendor, progress=None)
        assert box.ledger.empty
    assert isinstance(caught.value, ep.AuthenticationError | ep.CredentialError)
    assert len(caught.value.result) == 30


def test_later_vendors_get_only_rows_that_lack_fields():
    with ep.sandbox(misses=0.3) as box:
        order = ["zoho", "crustdata", "amplemarket"]
        found = people(120).enrich.people(order, fields=["name"], progress=None)
        ledger, report = box.ledger, ep.last_report()
        named = found["person_name"].notna()
        by_vendor = ledger.groupby("vendor")["credits"].sum()
        costs = report.providers.set_index("provider")["credits"]
        for vendor in order:
            assert costs.get(vendor, 0.0) == by_vendor.get(vendor, 0.0)
    assert named.sum() >= 100
    assert (report.providers["asked"].diff().dropna() < 0).all()
