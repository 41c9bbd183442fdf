"""Long lists: rate, credits and memory for every vendor. Takes minutes; ``-m slow``."""

import resource
import unicodedata
from urllib.parse import unquote

import pandas as pd
import pytest

import enrich_pandas as ep

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]


def people(count, start=0):
    return pd.DataFrame(
        {"LinkedIn": [f"linkedin.com/in/large-{n}-example" for n in range(start, start + count)]}
    )


def slugs(urls):
    """Return the profile name of each URL, whatever the spelling."""
    names = urls.str.rstrip("/").str.rpartition("/")[2].map(unquote).str.removesuffix("-now")
    return names.map(lambda name: unicodedata.normalize("NFC", name).lower())


def assert_own_rows(found):
    hits = found[found["person_status"] == "matched"]
    assert len(hits) > 0.5 * len(found)
    assert slugs(hits["LinkedIn"]).eq(slugs(hits["person_linkedin_url"])).all()


def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_ten_thousand_jobs_are_polled_by_their_list():
    count, latency, connections = 10_000, 0.1, 10
    with ep.sandbox(latency=latency, job_seconds=(1, 30), process=True) as box:
        people(100).enrich.people(ep.Zoho(connections=connections), progress=None)
        before = megabytes()
        found = people(count, 100).enrich.people(ep.Zoho(connections=connections), progress=None)
        grown = megabytes() - before
        requests, spent = box.requests, box.ledger["credits"].sum()
        assert ep.runs()["credits"].sum() == spent == count + 100
    is_list = requests["path"].str.endswith("__zia_people_enrichment")
    looks = (is_list & requests["method"].eq("GET")).sum()
    assert looks <= 0.15 * count
    assert set(requests["status"]) <= {200, 202}
    assert_own_rows(found)
    assert grown < 200  # the objects of ten answers, and the frame


def test_twenty_five_thousand_leads_are_matched_by_echo():
    urls = [f"linkedin.com/in/zoé-{n}-example" for n in range(20_000)]
    again = [
        url.replace("é", spelled)
        for url, spelled in zip(urls[:5_000], ["%C3%A9", "é"] * 2_500, strict=True)
    ]
    leads = pd.DataFrame({"LinkedIn": [*urls, *again]}).sample(frac=1, random_state=3)
    provider = ep.Amplemarket(rows_at_risk=1_000)
    with ep.sandbox(latency=0.05, job_seconds=(2, 9), process=True) as box:
        found = leads.enrich.people(provider, fields="all", progress=None)
        requests, ledger = box.requests, box.ledger
        assert ep.runs()["credits"].sum() == ledger["credits"].sum()
        assert ledger["identity"].is_unique
    assert requests["method"].eq("POST").sum() == 20
    assert not requests["fault"].eq("early").any()
    assert set(requests["status"]) <= {200, 202}
    assert_own_rows(found)
    by_person = found.groupby(slugs(found["LinkedIn"]))["person_id"]
    assert by_person.nunique().le(1).all()


def test_each_vendor_receives_only_missing_rows():
    order = [ep.Zoho(connections=20), "amplemarket", "crustdata"]
    names, fields = ["zoho", "amplemarket", "crustdata"], ["title", "company"]
    with ep.sandbox(misses=0.3, process=True) as box:
        found = people(2_000).enrich.people(order, fields=fields, sources=True, progress=None)
        ledger, report = box.ledger, ep.last_report().providers.set_index("provider")
        assert ep.runs()["credits"].sum() == ledger["credits"].sum()
        columns = [f"person_{field}" for field in fields]
        has, left = pd.DataFrame(False, index=range(2_000), columns=columns), set(range(2_000))
        for name in names:  # each alone, which is free since the answers are stored
            charged = ledger[ledger["vendor"] == name]
            asked = set(charged["identity"].str.extract(r"large-(\d+)")[0].astype(int))
            assert asked <= left
            assert report.loc[name, "asked"] == len(left)
            assert report.loc[name, "credits"] == charged["credits"].sum()
            alone = people(2_000).iloc[sorted(left)].enrich.people(name, progress=None)
            has |= alone[columns].notna().reindex(has.index, fill_value=False)
            is_removed = alone["person_status"].eq(
                "removed"
            )  # removed by one vendor, requested from none
            left -= {*has.index[has.all(axis="columns")], *alone.index[is_removed]}
        assert len(box.ledger) == len(ledger)
    assert found["person_title"].notna().mean() > 0.9
