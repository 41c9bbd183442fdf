"""F30 and S1: whatever URL an answer contains, only the pinned origin receives requests.

A second server listens. More than 200 hostile URLs are tried as the ``Location`` of a redirect, as
a link to a job or to another page, and as data of a person.
"""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

import enrich_pandas as ep
from enrich_pandas.engine.credentials import Tokens
from enrich_pandas.providers.amplemarket import flows
from enrich_pandas.providers.amplemarket.flows import TRIES
from enrich_pandas.providers.base import Status
from tests.faults.hostile import REDIRECTS, Elsewhere, addresses, elsewhere
from tests.faults.judging import PROVIDERS, counted, enriched, people, proven, sandbox_name
from tests.faults.talking import Line, line_of

JOB = "/people/enrichment-requests/{job}"
LONGEST_HEADER = 2**16  # bytes that http.client reads
MATCHED, FAILED, HELD = {Status.MATCHED}, {Status.FAILED}, {Status.HELD}


@pytest.fixture(scope="module")
def there() -> Iterator[Elsewhere]:
    with elsewhere() as listener:
        yield listener


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Collect the hosts that are looked up: even a DNS lookup reveals a visit."""
    real, hosts = socket.getaddrinfo, set[str]()

    def noting(host: Any, *rest: Any, **options: Any) -> Any:
        hosts.add(host)
        return real(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", noting)
    return hosts


@pytest.fixture
def unheard(there: Elsewhere, looked_up: set[str]) -> Iterator[Elsewhere]:
    """Check that the second listener receives nothing during a test."""
    before = there.visitors, there.bytes
    yield there
    assert (there.visitors, there.bytes) == before
    assert looked_up == {"127.0.0.1"}


def test_second_listener_notices_a_client_that_follows(there: Elsewhere) -> None:
    """The second listener notices a client that follows redirects."""
    before = there.visitors
    with ep.sandbox() as box, requests.Session() as naive:
        box.fault("crustdata", "account", "redirect", location=f"http://127.0.0.1:{there.port}/")
        with pytest.raises(requests.ConnectionError):
            naive.get(
                box.url("crustdata") + "/account/credits",
                headers={"Authorization": "Bearer sandbox-key"},
                timeout=60,
            )
    assert there.visitors == before + 1


# Redirects

BILLED = [("crustdata", "submit"), ("screener", "submit"), ("amplemarket", "submit"),
          ("single", "find"), ("zoho", "submit")]  # fmt: skip
FREE = [("amplemarket", "poll"), ("amplemarket", "page"), ("zoho", "poll"), ("zoho", "list")]


def every(there: Elsewhere, box: Any, vendor: str, path: str = "/x") -> list[str]:
    here = box.url(sandbox_name(vendor)).removeprefix("http://")
    return addresses(here, there.port, path)


def redirected(
    box: Any, line: Line, vendor: str, where: str, urls: list[str]
) -> Iterator[set[Status]]:
    """Request another person for each URL; yield the statuses."""
    for number, url in enumerate(urls):
        http = REDIRECTS[number % len(REDIRECTS)]
        strike(box, vendor, where, http=http, headers=[("location", url)])
        yield set(line.talk([f"p{number}-example"]).statuses.values())


def strike(box: Any, vendor: str, where: str, **options: Any) -> None:
    skip = int(where == "page")
    place = "poll" if where == "page" else where
    box.fault(sandbox_name(vendor), place, "answer_instead", skip=skip, **options)


@pytest.mark.parametrize(("vendor", "where"), BILLED)
def test_billed_redirect_is_refused_and_not_followed(
    unheard: Elsewhere, vendor: str, where: str
) -> None:
    with ep.sandbox(misses=0) as box, line_of(PROVIDERS[vendor]()) as line:
        urls = [url for url in every(unheard, box, vendor) if len(url) < LONGEST_HEADER]
        line.talk(["first-example"])  # of Zoho, a token
        paid, sent = len(box.ledger), len(box.requests)
        assert all(one == FAILED for one in redirected(box, line, vendor, where, urls))
        assert (len(box.ledger), len(box.requests)) == (paid, sent + len(urls))


@pytest.mark.parametrize(("vendor", "where"), BILLED)
def test_location_of_64_kb_holds_the_row(unheard: Elsewhere, vendor: str, where: str) -> None:
    with ep.sandbox(misses=0) as box, line_of(PROVIDERS[vendor]()) as line:
        urls = [url for url in every(unheard, box, vendor) if len(url) >= LONGEST_HEADER]
        assert [one == HELD for one in redirected(box, line, vendor, where, urls)] == [True, True]


@pytest.mark.parametrize(
    ("vendor", "where", "step"),
    [
        *((*one, 16) for one in FREE),
        *(pytest.param(*one, 1, marks=pytest.mark.slow) for one in FREE),
    ],
)
def test_redirect_of_free_request_keeps_the_job(
    unheard: Elsewhere, monkeypatch: pytest.MonkeyPatch, vendor: str, where: str, step: int
) -> None:
    if where == "page":
        monkeypatch.setattr(flows, "PAGE", {"page[size]": "1"})
    with ep.sandbox(misses=0) as box, line_of(PROVIDERS[vendor]()) as line:
        for number, url in enumerate(every(unheard, box, vendor)[::step]):
            strike(box, vendor, where, http=REDIRECTS[number % 5], headers=[("location", url)])
            talk = line.talk([f"p{number}-{n}-example" for n in range(2 - (vendor == "zoho"))])
            assert set(talk.statuses.values()) == MATCHED


@pytest.mark.parametrize("how", ["location", "api_domain"])
def test_token_answer_does_not_redirect_the_credential(
    unheard: Elsewhere, tmp_path: Any, how: str
) -> None:
    """The body of that request has the secrets; the token goes to the pinned origin only."""
    with ep.sandbox(misses=0) as box:
        for number, url in enumerate(every(unheard, box, "zoho")[::8]):
            if how == "location":
                strike(box, "zoho", "token", http=REDIRECTS[number % 5], headers=[(how, url)])
            else:
                body = f'{{"access_token": "t", "api_domain": {json.dumps(url)}}}'
                strike(box, "zoho", "token", http=200, body=body)
            signed = sign(box, tmp_path / str(number))
            assert signed == (None if how == "location" else "Zoho-oauthtoken t")
        assert set(box.requests["path"]) == {"/oauth/v2/token"}


def sign(box: Any, folder: Any) -> str | None:
    """Return the signature of a request; None without a token."""
    secret = dict.fromkeys(("client_id", "client_secret", "refresh_token"), "sandbox-key")
    provider = ep.Zoho(**secret)
    renewal = provider.renewal({name: getattr(provider, name) for name in secret})
    tokens = Tokens(provider, {}, renewal, origin=box.url("zoho"), folder=folder)
    try:
        return tokens.sign()["Authorization"].reveal()
    except ep.UnavailableError:
        return None


# Links


@pytest.fixture
def paged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "PAGE", {"page[size]": "1"})


def linked(
    there: Elsewhere, where: str, link: str, count: int
) -> Iterator[tuple[str, list[Status]]]:
    """Insert each URL into the answer of a job; yield the resulting statuses."""
    with ep.sandbox(misses=0) as box, line_of(ep.Amplemarket()) as line:
        here = box.url("amplemarket").removeprefix("http://")
        urls = addresses(here, there.port, JOB, in_body=True)
        for number, form in enumerate(urls):
            path, url = (text.replace("{job}", str(number + 1)) for text in (JOB, form))
            looks = 1 + TRIES * (where == "poll")  # for a job with fewer results than leads
            box.fault("amplemarket", where, "edited", edit={link: url}, times=looks)
            talk = line.talk([f"p{number}-{n}-example" for n in range(count)])
            yield url[:100], sorted(talk.statuses.values())
            assert {request.path for request in talk.requests} == {path.rpartition("/")[0], path}
        assert len(box.ledger) == count * len(urls)


def test_hostile_link_to_the_job_keeps_the_job(unheard: Elsewhere) -> None:
    for url, statuses in linked(unheard, "submit", "_links.self.href", count=1):
        assert statuses == [Status.MATCHED], url


def test_hostile_next_page_is_not_requested_elsewhere(
    unheard: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first page is stored; the next one is read from the pinned origin or held."""
    monkeypatch.setattr(flows, "PAGE", {"page[size]": "1"})
    for url, statuses in linked(unheard, "poll", "_links.next.href", count=2):
        assert statuses == [Status.HELD, Status.MATCHED], url


def test_next_page_at_other_host_is_read_from_origin(
    unheard: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows, "PAGE", {"page[size]": "1"})
    with ep.sandbox(misses=0) as box, line_of(ep.Amplemarket()) as line:
        link = f"http://127.0.0.1:{unheard.port}{JOB.format(job=1)}?page[size]=1&page[after]=1"
        box.fault("amplemarket", "poll", "edited", edit={"_links.next.href": link})
        assert set(line.talk(["p0-example", "p1-example"]).statuses.values()) == MATCHED


# A whole run


@pytest.mark.parametrize(
    "step", [120, pytest.param(5, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
@pytest.mark.parametrize(("vendor", "where"), [*BILLED, *FREE])
def test_run_sends_nothing_to_the_second_listener(
    unheard: Elsewhere, monkeypatch: pytest.MonkeyPatch, vendor: str, where: str, step: int
) -> None:
    if where == "page":
        monkeypatch.setattr(flows, "PAGE", {"page[size]": "1"})
    with ep.sandbox(misses=0) as box:
        urls = [url for url in every(unheard, box, vendor) if len(url) < LONGEST_HEADER]
        size = 1 + (where == "page")
        asked = people([f"p{number}-example" for number in range(size * len(urls[::step]))])
        for number, url in enumerate(urls[::step]):
            strike(box, vendor, where, http=REDIRECTS[number % 5], headers=[("location", url)])
            rows = asked.iloc[number * size : (number + 1) * size]
            frame, error = enriched(rows, PROVIDERS[vendor]())
            status = "failed" if (vendor, where) in BILLED else "matched"
            assert (counted(frame), error) == ({status: size}, None)
        again, _ = enriched(asked, PROVIDERS[vendor]())
        assert counted(again) == {"matched": len(asked)}
        proven(box, again)


# URLs in the data

FIELDS = {
    "crustdata": ("submit", "*.matches.*.person_data.basic_profile.profile_picture_permalink"),
    "screener": ("submit", "*.profile_picture_url"),
    "amplemarket": ("poll", "results.*.result.image_url"),
    "single": ("find", "image_url"),
    "zoho": ("poll", "__zia_people_enrichment.*.enriched_data.social_media"),
}


@pytest.mark.parametrize("vendor", FIELDS)
def test_address_in_the_data_is_not_opened(unheard: Elsewhere, vendor: str) -> None:
    where, path = FIELDS[vendor]
    with ep.sandbox(misses=0) as box, line_of(PROVIDERS[vendor]()) as line:
        here = box.url(sandbox_name(vendor)).removeprefix("http://")
        for number, url in enumerate(addresses(here, unheard.port, "/x", in_body=True)[::8]):
            value = [{"media_type": "twitter", "media_url": [url]}] if vendor == "zoho" else url
            box.fault(sandbox_name(vendor), where, "edited", edit={path: value})
            talk = line.talk([f"p{number}-example"])
            assert set(talk.statuses.values()) == MATCHED
