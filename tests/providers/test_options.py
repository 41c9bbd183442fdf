"""Which options belong to what was bought."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.errors import ConfigurationError
from enrich_pandas.models import Person
from enrich_pandas.providers.base import Match, Provider, RateLimit, Request, Secret, Status
from enrich_pandas.testing import pointed_at


@dataclass(frozen=True, kw_only=True)
class Deep(Provider):
    """A vendor with an option that the author does not list anywhere."""

    name = "deep"
    kinds = ("people",)
    identifiers = {"people": ("email",)}  # noqa: RUF012 - as the guide writes it
    origin = "https://api.deep.example"
    credentials = {"api_key": "DEEP_API_KEY"}  # noqa: RUF012 - as the guide writes it
    version = "v1"
    rate_limit = RateLimit(600, 60)

    api_key: Secret | str | None = field(default=None, repr=False)
    deep: bool = False
    regions: Any = None
    rate: RateLimit | None = None
    connections: int = 2
    account: str = ""

    def price(self, kind, batch):
        return float(len(batch))

    def auth(self, secrets):
        return {"X-Api-Key": secrets["api_key"]}

    def flow(self, kind, batch):
        response = yield Request(
            method="POST",
            path="/people",
            json={"email": batch[0].get("email"), "deep": self.deep},
            billed=True,
            credits=1.0,
            identities=tuple(batch),
        )
        person = Person(name=response.json()["name"])
        return [Match(identity=batch[0], status=Status.MATCHED, model=person, credits=1.0)]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(sent)
        body = json.dumps({"name": "Deep Ada" if sent["deep"] else "Ada"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def vendor() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_another_value_of_an_option_sends_another_request(vendor):
    leads = pd.DataFrame({"Email": ["ada@example.com"]})
    with pointed_at(f"http://127.0.0.1:{vendor.server_port}", Deep()):
        plain = ep.people(leads, Deep(), progress=None)
        deep = ep.people(leads, Deep(deep=True), progress=None)
        again = ep.people(leads, Deep(), progress=None)
    assert [one["deep"] for one in vendor.seen] == [False, True]
    assert [one["person_name"].item() for one in (plain, deep, again)] == ["Ada", "Deep Ada", "Ada"]


def test_every_option_of_a_dataclass_is_billed_by_default():
    provider = Deep(api_key="hidden", account="b", rate=RateLimit(1, 1), regions=["eu"])
    assert provider.billed_options("people") == {"deep": False, "regions": ["eu"]}


def test_credentials_account_connections_and_rate_are_not_billed():
    changed = replace(Deep(), api_key="k", account="b", connections=1, rate=RateLimit(1, 1))
    assert changed.billed_options("people") == Deep().billed_options("people")


def test_a_named_exception_is_not_billed_for_its_kind():
    kind = type("Shallow", (Deep,), {"unbilled_options": {"people": ("deep",)}})
    assert kind(deep=True).billed_options("people") == kind().billed_options("people")
    assert kind(deep=True).billed_options("companies") != kind().billed_options("companies")


def test_sets_and_mappings_are_billed_in_one_order():
    one, two = Deep(regions={"eu": 1, "us": 2}), Deep(regions={"us": 2, "eu": 1})
    assert list(one.billed_options("people")["regions"]) == ["eu", "us"]
    assert one.billed_options("people") == two.billed_options("people")
    names = [f"region-{n}" for n in range(20)]
    assert Deep(regions=set(names)).billed_options("people")["regions"] == sorted(names)


def test_an_option_that_cannot_be_stored_is_refused():
    with pytest.raises(ConfigurationError, match=r"'regions' of deep .* function") as caught:
        Deep(regions=lambda: None).billed_options("people")
    assert "unbilled_options" in caught.value.todo
    with pytest.raises(ConfigurationError) as caught:
        Deep(regions=[Secret("hidden")]).billed_options("people")
    assert "hidden" not in str(caught.value)


class Plain(Deep):
    """A provider that is not a dataclass of its own."""

    def __init__(self, *, page: int = 1) -> None:
        self.__dict__.update(api_key=Secret("hidden"), deep=False, regions=None, rate=None)
        self.__dict__.update(page=page, _calls=0, connections=1, account="")

    @cached_property
    def table(self) -> Path:
        return Path()


def test_public_attributes_are_billed_without_a_dataclass():
    one = Plain(page=2)
    before = one.billed_options("people")
    assert before == {"deep": False, "page": 2, "regions": None}
    assert one.table == Path()
    assert one.billed_options("people") == before
    assert Plain(page=3).billed_options("people") != before


@pytest.mark.parametrize(
    "rate", [2, 0.5, (2, 1), "2/s", RateLimit(0, 1), RateLimit(1, 0), RateLimit("2", 1), True]
)
def test_an_invalid_rate_says_what_to_type(rate):
    with pytest.raises(ConfigurationError, match="is not a valid rate limit") as caught:
        ep.Crustdata(rate=rate)
    assert "rate=ep.RateLimit(2, 1) for 2 requests a second" in caught.value.todo


def test_a_rate_of_a_contract_is_used():
    assert ep.Crustdata(rate=RateLimit(2, 1)).rate_limit == RateLimit(2, 1)
