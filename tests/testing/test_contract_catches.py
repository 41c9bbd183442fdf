"""The contract finds what is wrong: each slip of a provider breaks the test that is about it."""

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from enrich_pandas.engine.context import current_environment
from enrich_pandas.errors import ConfigurationError, RequestError
from enrich_pandas.models import Person
from enrich_pandas.providers.base import (
    Identity,
    Match,
    Outcome,
    RateLimit,
    Request,
    Response,
    Rule,
    Status,
    Unfinished,
    Wait,
    WaitForJob,
    held,
)
from enrich_pandas.testing import (
    Elements,
    ProviderContract,
    Scene,
    drive,
    pointed_at,
    reply,
    violations,
)
from enrich_pandas.testing.driving import CLOCK

PATH = Path(__file__).parents[1] / "plugin" / "acme_provider.py"
SPEC = importlib.util.spec_from_file_location("acme_provider", PATH)
ACME = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(ACME)

ADA, BO, CY, NOBODY = (
    Identity.of(email=f"{name}@example.com") for name in ("ada", "bo", "cy", "nobody")
)


def answer(request: Request) -> Response:
    return reply(
        [
            {"query": one, "person": None if "nobody" in one else {"full_name": f"Name of {one}"}}
            for one in request.json["queries"]
        ]
    )


SCENE = Scene(
    kind="people", hits=[ADA, BO, CY], misses=[NOBODY], answer=answer, elements="", errors={}
)


def broken(provider: Any, scene: Scene = SCENE) -> dict[str, str]:
    contract = {"provider": provider, "scenes": [scene]}
    return violations(type("TestAcme", (ProviderContract,), contract))


def test_a_good_provider_keeps_the_contract() -> None:
    assert broken(ACME.Acme()) == {}


def acme(**changes: Any) -> Any:
    """Return a provider that is Acme, but for some of its class."""
    return type("Acme", (ACME.Acme,), changes)()


def asked(provider: Any, batch: list[Identity], **changes: Any) -> Request:
    return replace(next(ACME.Acme.flow(provider, "people", batch)), **changes)


def flow(**changes: Any) -> Any:
    """Return a provider whose request is another one."""

    def other(self: Any, _kind: str, batch: list[Identity]) -> Any:
        made = {name: one(batch) if callable(one) else one for name, one in changes.items()}
        response = yield asked(self, batch, **made)
        return held(batch) if response.lost else ACME.matched(batch, response)

    return acme(flow=other)


def reading(read: Callable[[list[Identity], Response], list[Match]]) -> Any:
    """Return a provider that reads answers in another way."""

    def other(self: Any, _kind: str, batch: list[Identity]) -> Any:
        response = yield asked(self, batch)
        return read(batch, response)

    return acme(flow=other)


def honest(batch: list[Identity], response: Response) -> list[Match]:
    return held(batch) if response.lost else ACME.matched(batch, response)


def by_position(batch: list[Identity], response: Response) -> list[Match]:
    if response.status != 200 or response.outcome is not Outcome.ACCEPTED:
        return honest(batch, response)
    rows = [ACME.reading(raw) for raw in ACME.elements(response.body).raw]
    return [row.match(one) for row, one in zip(rows, batch, strict=False)]


def trusting(batch: list[Identity], response: Response) -> list[Match]:
    """Take every element for a different somebody, and what is absent for a miss."""
    matches = honest(batch, response)
    gone = [one for one in matches if one.reason in ("missing", "unproven", "answer_cut")]
    return [replace(one, status=Status.NOT_FOUND) if one in gone else one for one in matches]


def optimistic(batch: list[Identity], response: Response) -> list[Match]:
    lost = [Match(identity=one, status=Status.NOT_FOUND) for one in batch]
    return lost if response.lost else honest(batch, response)


def defeatist(batch: list[Identity], response: Response) -> list[Match]:
    lost = [Match(identity=one, status=Status.FAILED) for one in batch]
    return lost if response.lost else honest(batch, response)


def strict(batch: list[Identity], response: Response) -> list[Match]:
    if response.status == 200:
        msgspec.json.decode(response.body, type=list[dict[str, str | dict[str, str] | None]])
    return honest(batch, response)


def impatient(self: Any, _kind: str, batch: list[Identity]) -> Any:
    response = yield asked(self, batch)
    if response.lost:
        response = yield asked(self, batch)
    return honest(batch, response)


def forgetful(batch: list[Identity], response: Response) -> list[Match]:
    return honest(batch, response)[1:]


def generous(batch: list[Identity], response: Response) -> list[Match]:
    return [replace(one, credits=5) for one in honest(batch, response)]


def talkative(batch: list[Identity], response: Response) -> list[Match]:
    return [replace(one, note=one.identity.keys[0][1]) for one in honest(batch, response)]


def nameless(batch: list[Identity], response: Response) -> list[Match]:
    return [replace(one, model=one.model and Person()) for one in honest(batch, response)]


def unlucky(batch: list[Identity], response: Response) -> list[Match]:
    """Take silence about somebody for a failure, and forget who was found."""
    matches = honest(batch, response)
    is_short = any(one.reason == "missing" for one in matches)
    return held(batch) if is_short else matches


def doubling(batch: list[Identity], response: Response) -> list[Match]:
    count = len(ACME.elements(response.body).raw) if response.status == 200 else 0
    factor = 2 if count > len(batch) else 1
    return [replace(one, credits=one.credits * factor) for one in honest(batch, response)]


def pessimistic(batch: list[Identity], response: Response) -> list[Match]:
    return [
        replace(one, status=Status.FAILED) if one.status is Status.NOT_FOUND else one
        for one in honest(batch, response)
    ]


def demanding(batch: list[Identity], response: Response) -> list[Match]:
    """Count on every field, and on every list."""
    if response.status == 200 and response.outcome is Outcome.ACCEPTED:
        for element in response.json():
            _ = element["query"], list(element.get("friends", []))
    return honest(batch, response)


def two_steps(self: Any, _kind: str, batch: list[Identity]) -> Any:
    """Look first who is known, and take no answer for a no."""
    known = yield Request(method="GET", path="/v1/known")
    if known.lost:
        return [Match(identity=one, status=Status.NOT_FOUND) for one in batch]
    return honest(batch, (yield asked(self, batch)))


def friendly(request: Request) -> Response:
    """Answer with a list in every element; or, to who asks who is known, with nothing."""
    if request.json is None:
        return reply({"jobs": ["1"]})
    return reply([{**one, "friends": []} for one in answer(request).json()])


class Fickle(ACME.Acme):
    calls = 0

    def flow(self, kind: Any, batch: list[Identity]) -> Any:
        type(self).calls += 1
        response = yield asked(self, batch, headers={"X-Call": str(self.calls)})
        return honest(batch, response)


class Signing(ACME.Acme):
    def flow(self, kind: Any, batch: list[Identity]) -> Any:
        key = self.api_key.reveal() if self.api_key else ""
        return honest(batch, (yield asked(self, batch, params={"key": key})))


class Unlisted(ACME.Acme):
    """Counts on a list of jobs."""

    def flow(self, kind: Any, batch: list[Identity]) -> Any:
        yield WaitForJob("1", 60)
        return honest(batch, (yield asked(self, batch)))

    def listing(self, kind: Any, jobs: frozenset[str]) -> Any:
        jobs = yield Request(method="GET", path="/v1/list")
        return {jobs.json()["jobs"][0]}


class Deep(ACME.Acme):
    """Sends an option, and overrides `billed_options` without it."""

    def __init__(self, *, deep: bool = False) -> None:
        super().__init__()
        self.deep = deep

    def billed_options(self, kind: Any) -> dict[str, Any]:
        return {}

    def flow(self, kind: Any, batch: list[Identity]) -> Any:
        return honest(batch, (yield asked(self, batch, params={"deep": str(self.deep)})))


class Dear(Deep):
    """Declares an option that changes the price as not billed."""

    unbilled_options = {"people": ("deep",)}  # noqa: RUF012 - as the guide writes it

    def price(self, kind: Any, batch: list[Identity]) -> float:
        return len(batch) * (2.0 if self.deep else 1.0)


class Careless(ACME.Acme):
    def __init__(self, *, api_key: str = "") -> None:
        self.api_key = api_key

    def __repr__(self) -> str:
        return f"Careless({self.api_key})"


@pytest.mark.parametrize(
    ("provider", "test"),
    [
        (acme(name="Acme Inc."), "it_has_a_name_to_type"),
        (acme(kinds=("people", "dogs")), "it_enriches_people_or_companies"),
        (acme(identifiers={"people": ("email", "shoe_size")}), "its_identifiers_are_known_ones"),
        (acme(docs_url=""), "it_says_where_it_is_documented"),
        (acme(origin="http://api.acme.example/v1"), "its_origin_is_scheme_and_host"),
        (acme(rate_limit=RateLimit(0, 60)), "its_limits_are_limits"),
        (
            acme(balance_request=lambda _: Request(method="GET", path="/left", billed=True)),
            "its_balance_is_free_to_ask_for",
        ),
        (acme(version=1), "its_options_can_be_kept"),
        (acme(rules=lambda *_: {"name": []}), "its_rules_are_about_its_identifiers"),
        (
            acme(rules=lambda *_: {"email": [Rule("no", lambda _: False)]}),
            "its_rules_are_about_its_identifiers",
        ),
        (acme(identify=lambda *_: None), "it_chooses_the_identities_of_its_scenes"),
        (acme(batches=lambda _, __, many: [[many[0]]]), "its_batches_have_everybody_once"),
        (acme(kinds=("people", "companies")), "it_has_a_scene"),
        (acme(price=lambda *_: -1.0), "its_price_grows_with_the_batch"),
        (acme(price=lambda _, __, batch: 9 - len(batch)), "its_price_grows_with_the_batch"),
        (flow(credits=0), "a_billed_request_has_a_price_and_names_whom_it_is_about"),
        (flow(identities=()), "a_billed_request_has_a_price_and_names_whom_it_is_about"),
        (flow(billed=False), "a_billed_request_has_a_price_and_names_whom_it_is_about"),
        (flow(billed=False, credits=0), "everybody_who_costs_is_asked_for_in_a_billed_request"),
        (Deep(), "an_option_that_changes_requests_is_billed"),
        (Dear(), "an_option_that_changes_requests_is_billed"),
        (flow(credits=99), "it_costs_no_more_than_its_price"),
        (reading(generous), "it_costs_no_more_than_its_price"),
        (acme(flow=impatient), "a_lost_answer_is_held_and_not_bought_again"),
        (reading(optimistic), "a_lost_answer_is_held_and_not_bought_again"),
        (reading(nameless), "a_batch_of_hits_is_matched"),
        (reading(forgetful), "a_batch_of_hits_is_matched"),
        (Fickle(), "the_same_answers_lead_to_the_same_requests"),
        (reading(by_position), "the_order_of_an_answer_means_nothing"),
        (reading(by_position), "an_alien_element_is_nobodys"),
        (reading(by_position), "an_answer_about_another_is_nobodys"),
        (reading(trusting), "a_cut_answer_keeps_what_arrived_and_proves_no_miss"),
        (reading(strict), "a_field_of_another_type_raises_nothing"),
        (reading(strict), "a_new_field_changes_nothing"),
        (reading(optimistic), "a_refusal_raises_nothing_of_its_own"),
        (reading(defeatist), "a_refusal_raises_nothing_of_its_own"),
        (reading(defeatist), "a_lost_answer_is_held_and_not_bought_again"),
        (acme(error_for=lambda *_: None), "a_refusal_is_explained"),
        (acme(retry_after=lambda *_: -1.0), "odd_headers_raise_nothing"),
        (Careless(), "a_credential_shows_nowhere"),
        (Careless(), "a_credential_is_not_pickled"),
        (acme(auth=lambda *_: {"X-Api-Key": "text"}), "it_signs_with_secrets"),
        (flow(path=lambda batch: f"/v1/{batch[0].keys[0][1]}"), "a_request_shows_nobody"),
        (reading(talkative), "a_request_shows_nobody"),
        (acme(flow=two_steps), "the_loss_of_a_free_answer_proves_nothing"),
        (reading(pessimistic), "a_miss_is_not_found"),
        (reading(unlucky), "a_missing_element_is_nobody_elses_loss"),
        (reading(doubling), "a_doubled_element_is_one"),
        (reading(demanding), "a_missing_field_raises_nothing"),
        (reading(demanding), "a_list_that_is_null_raises_nothing"),
        (Unlisted(), "an_odd_list_of_jobs_raises_nothing"),
        (Signing(), "a_request_carries_no_credential"),
    ],
)
def test_a_slip_breaks_the_test_that_is_about_it(provider: Any, test: str) -> None:
    found = broken(
        provider, replace(SCENE, answer=friendly if ("list" in test or "free" in test) else answer)
    )
    assert test in found
    assert found[test]


def test_there_is_a_slip_for_every_test() -> None:
    (mark,) = test_a_slip_breaks_the_test_that_is_about_it.pytestmark
    tests = {name.removeprefix("test_") for name in dir(ProviderContract) if "test_" in name}
    assert {test for _, test in mark.args[1]} == tests - {"pytest_generate_tests"}


def test_a_scene_must_not_be_too_small() -> None:
    assert "it_has_a_scene" in broken(ACME.Acme(), replace(SCENE, hits=[ADA]))
    assert "it_has_a_scene" in broken(ACME.Acme(), replace(SCENE, misses=[]))


def test_a_scene_that_leads_to_no_elements_is_told() -> None:
    found = broken(ACME.Acme(), replace(SCENE, elements="people"))
    assert "leads to none" in found["an_alien_element_is_nobodys"]


def test_several_in_a_request_that_echoes_nothing_are_refused() -> None:
    found = broken(ACME.Acme(), replace(SCENE, is_echoed=False))
    assert "nothing can be bound" in found["an_answer_about_another_is_nobodys"]


def test_elements_may_have_any_form() -> None:
    lines = Elements(
        split=lambda body: body.split(b"\n"), joined=lambda _, parts: b"\n".join(parts)
    )
    assert replace(SCENE, elements=lines).parts.joined(b"", [b"a", b"b"]) == b"a\nb"
    assert Elements.at("").split(b"not json") is None


# -- the driver ----------------------------------------------------------------------------------


class Slow(ACME.Acme):
    """Makes a job, waits for it, and gets it."""

    last = Status.MATCHED

    def flow(self, kind: Any, batch: list[Identity]) -> Any:
        yield asked(self, batch)
        yield Wait(60)
        news = yield WaitForJob("job-1", 60)
        assert (news.status, news.body) == (0, b"")
        if self.last is Status.PENDING:
            raise Unfinished("still_at_work")
        got = yield Request(method="GET", path="/v1/jobs")
        assert got.sent == CLOCK + 2
        return [Match(identity=one, status=self.last, model=Person(name="A")) for one in batch]

    def listing(self, kind: Any, jobs: frozenset[str]) -> Any:
        yield Request(method="GET", path="/v1/list")
        return set(jobs)


def test_a_drive_skips_what_is_waited_for_and_looks_at_the_list() -> None:
    talk = drive(Slow(), "people", [ADA], lambda _: reply([]))
    assert [request.path for request in talk.requests] == ["/v1/people/lookup", "/v1/jobs"]
    assert [request.path for request in talk.looks] == ["/v1/list"]
    assert [type(pause) for pause in talk.pauses] == [Wait, WaitForJob]
    assert (talk.statuses, len(talk.billed)) == ({ADA: Status.MATCHED}, 1)
    assert talk.models == {ADA: Person(name="A")}


def test_an_unfinished_flow_leaves_its_batch_pending() -> None:
    unfinished = type("Slow", (Slow,), {"last": Status.PENDING})()
    talk = drive(unfinished, "people", [ADA, BO], lambda _: reply([]))
    assert [(one.status, one.reason) for one in talk.matches] == [("pending", "still_at_work")] * 2


def test_an_endless_flow_is_ended() -> None:
    def endless(_self: Any, _kind: str, _batch: list[Identity]) -> Any:
        while True:
            yield Wait(1)

    with pytest.raises(RuntimeError, match="goes on after 7 steps"):
        drive(acme(flow=endless), "people", [ADA], answer, most=7)


def test_an_error_of_a_flow_is_the_drivers() -> None:
    def refused(*_: Any) -> list[Match]:
        raise RequestError("no")

    with pytest.raises(RequestError, match="no"):
        drive(reading(refused), "people", [ADA], answer)


# -- pointing ------------------------------------------------------------------------------------


def test_a_provider_is_pointed_at_this_machine_and_back() -> None:
    before = current_environment()
    with pointed_at("http://127.0.0.1:9/", ACME.Acme()), pointed_at("http://[::1]:9", "crustdata"):
        inner = current_environment()
        assert dict(inner.origins) == {"acme": "http://127.0.0.1:9", "crustdata": "http://[::1]:9"}
        assert (inner.realm, inner.paid) == ("testing", False)
        assert inner.journal.parent.is_dir()
    assert current_environment() is before
    assert not inner.journal.parent.exists()


def test_a_provider_is_pointed_nowhere_else() -> None:
    with (
        pytest.raises(ConfigurationError, match="this machine only"),
        pointed_at("https://api.acme.example", ACME.Acme()),
    ):
        pass
