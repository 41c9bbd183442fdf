"""The contract finds errors: each error of a provider breaks the test for it."""

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

ADA, BO, CY, MISS = (
    Identity.of(email=f"{name}@example.com") for name in ("ada", "bo", "cy", "unknown")
)


def answer(request: Request) -> Response:
    return reply(
        [
            {"query": one, "person": None if "unknown" in one else {"full_name": f"Name of {one}"}}
            for one in request.json["queries"]
        ]
    )


SCENE = Scene(
    kind="people", hits=[ADA, BO, CY], misses=[MISS], answer=answer, elements="", errors={}
)


def broken(provider: Any, scene: Scene = SCENE) -> dict[str, str]:
    contract = {"provider": provider, "scenes": [scene]}
    return violations(type("TestAcme", (ProviderContract,), contract))


def test_correct_provider_has_no_violations() -> None:
    assert broken(ACME.Acme()) == {}


def acme(**changes: Any) -> Any:
    """Return an Acme provider with some attributes of its class changed."""
    return type("Acme", (ACME.Acme,), changes)()


def request_of(provider: Any, batch: list[Identity], **changes: Any) -> Request:
    return replace(next(ACME.Acme.flow(provider, "people", batch)), **changes)


def flow(**changes: Any) -> Any:
    """Return a provider that changes its request."""

    def other(self: Any, _kind: str, batch: list[Identity]) -> Any:
        made = {name: one(batch) if callable(one) else one for name, one in changes.items()}
        response = yield request_of(self, batch, **made)
        return held(batch) if response.lost else ACME.matched(batch, response)

    return acme(flow=other)


def reading(read: Callable[[list[Identity], Response], list[Match]]) -> Any:
    """Return a provider that reads answers with another function."""

    def other(self: Any, _kind: str, batch: list[Identity]) -> Any:
        response = yield request_of(self, batch)
        return read(batch, response)

    return acme(flow=other)


def read_correctly(batch: list[Identity], response: Response) -> list[Match]:
    return held(batch) if response.lost else ACME.matched(batch, response)


def by_position(batch: list[Identity], response: Response) -> list[Match]:
    if response.status != 200 or response.outcome is not Outcome.ACCEPTED:
        return read_correctly(batch, response)
    rows = [ACME.reading(raw) for raw in ACME.elements(response.body).raw]
    return [row.match(one) for row, one in zip(rows, batch, strict=False)]


def missing_is_not_found(batch: list[Identity], response: Response) -> list[Match]:
    """Read a missing or unproven element as a miss."""
    matches = read_correctly(batch, response)
    unproven = [one for one in matches if one.reason in ("missing", "unproven", "answer_cut")]
    return [replace(one, status=Status.NOT_FOUND) if one in unproven else one for one in matches]


def lost_is_not_found(batch: list[Identity], response: Response) -> list[Match]:
    lost = [Match(identity=one, status=Status.NOT_FOUND) for one in batch]
    return lost if response.lost else read_correctly(batch, response)


def lost_is_failed(batch: list[Identity], response: Response) -> list[Match]:
    lost = [Match(identity=one, status=Status.FAILED) for one in batch]
    return lost if response.lost else read_correctly(batch, response)


def strict_types(batch: list[Identity], response: Response) -> list[Match]:
    if response.status == 200:
        msgspec.json.decode(response.body, type=list[dict[str, str | dict[str, str] | None]])
    return read_correctly(batch, response)


def request_again(self: Any, _kind: str, batch: list[Identity]) -> Any:
    response = yield request_of(self, batch)
    if response.lost:
        response = yield request_of(self, batch)
    return read_correctly(batch, response)


def drop_first_match(batch: list[Identity], response: Response) -> list[Match]:
    return read_correctly(batch, response)[1:]


def raise_credits(batch: list[Identity], response: Response) -> list[Match]:
    return [replace(one, credits=5) for one in read_correctly(batch, response)]


def note_identifier(batch: list[Identity], response: Response) -> list[Match]:
    return [replace(one, note=one.identity.keys[0][1]) for one in read_correctly(batch, response)]


def empty_models(batch: list[Identity], response: Response) -> list[Match]:
    return [replace(one, model=one.model and Person()) for one in read_correctly(batch, response)]


def hold_all_if_one_is_missing(batch: list[Identity], response: Response) -> list[Match]:
    """Hold the whole batch if one element is missing."""
    matches = read_correctly(batch, response)
    is_short = any(one.reason == "missing" for one in matches)
    return held(batch) if is_short else matches


def double_credits(batch: list[Identity], response: Response) -> list[Match]:
    count = len(ACME.elements(response.body).raw) if response.status == 200 else 0
    factor = 2 if count > len(batch) else 1
    return [replace(one, credits=one.credits * factor) for one in read_correctly(batch, response)]


def miss_is_failed(batch: list[Identity], response: Response) -> list[Match]:
    return [
        replace(one, status=Status.FAILED) if one.status is Status.NOT_FOUND else one
        for one in read_correctly(batch, response)
    ]


def require_all_fields(batch: list[Identity], response: Response) -> list[Match]:
    """Require every field and every list."""
    if response.status == 200 and response.outcome is Outcome.ACCEPTED:
        for element in response.json():
            _ = element["query"], list(element.get("friends", []))
    return read_correctly(batch, response)


def two_steps(self: Any, _kind: str, batch: list[Identity]) -> Any:
    """Request a free list first, and read its loss as a miss."""
    known = yield Request(method="GET", path="/v1/known")
    if known.lost:
        return [Match(identity=one, status=Status.NOT_FOUND) for one in batch]
    return read_correctly(batch, (yield request_of(self, batch)))


def answer_with_lists(request: Request) -> Response:
    """Answer with a list in every element, and a request without body with a list of jobs."""
    if request.json is None:
        return reply({"jobs": ["1"]})
    return reply([{**one, "friends": []} for one in answer(request).json()])


class CountingAcme(ACME.Acme):
    calls = 0

    def flow(self, kind: Any, batch: list[Identity]) -> Any:
        type(self).calls += 1
        response = yield request_of(self, batch, headers={"X-Call": str(self.calls)})
        return read_correctly(batch, response)


class SigningAcme(ACME.Acme):
    def flow(self, kind: Any, batch: list[Identity]) -> Any:
        key = self.api_key.reveal() if self.api_key else ""
        return read_correctly(batch, (yield request_of(self, batch, params={"key": key})))


class JobListAcme(ACME.Acme):
    """Requires a valid list of jobs."""

    def flow(self, kind: Any, batch: list[Identity]) -> Any:
        yield WaitForJob("1", 60)
        return read_correctly(batch, (yield request_of(self, batch)))

    def listing(self, kind: Any, jobs: frozenset[str]) -> Any:
        jobs = yield Request(method="GET", path="/v1/list")
        return {jobs.json()["jobs"][0]}


class UnbilledOptionAcme(ACME.Acme):
    """Sends an option, and overrides `billed_options` without it."""

    def __init__(self, *, deep: bool = False) -> None:
        super().__init__()
        self.deep = deep

    def billed_options(self, kind: Any) -> dict[str, Any]:
        return {}

    def flow(self, kind: Any, batch: list[Identity]) -> Any:
        return read_correctly(
            batch, (yield request_of(self, batch, params={"deep": str(self.deep)}))
        )


class UnbilledPriceAcme(UnbilledOptionAcme):
    """Declares an option that changes the price as not billed."""

    unbilled_options = {"people": ("deep",)}  # noqa: RUF012 - as the guide writes it

    def price(self, kind: Any, batch: list[Identity]) -> float:
        return len(batch) * (2.0 if self.deep else 1.0)


class PlainCredentialAcme(ACME.Acme):
    def __init__(self, *, api_key: str = "") -> None:
        self.api_key = api_key

    def __repr__(self) -> str:
        return f"PlainCredentialAcme({self.api_key})"


@pytest.mark.parametrize(
    ("provider", "test"),
    [
        (acme(name="Acme Inc."), "name_is_short_and_lower_case"),
        (acme(kinds=("people", "dogs")), "kinds_are_people_or_companies"),
        (acme(identifiers={"people": ("email", "shoe_size")}), "identifiers_are_known"),
        (acme(docs_url=""), "remote_provider_names_its_documents"),
        (acme(origin="http://api.acme.example/v1"), "origin_is_scheme_and_host"),
        (acme(rate_limit=RateLimit(0, 60)), "limits_are_positive"),
        (
            acme(balance_request=lambda _: Request(method="GET", path="/left", billed=True)),
            "balance_request_is_free",
        ),
        (acme(version=1), "billed_options_are_stable_and_serializable"),
        (acme(rules=lambda *_: {"name": []}), "rules_accept_every_hit"),
        (
            acme(rules=lambda *_: {"email": [Rule("no", lambda _: False)]}),
            "rules_accept_every_hit",
        ),
        (acme(identify=lambda *_: None), "identify_returns_the_identities_of_the_scene"),
        (acme(batches=lambda _, __, many: [[many[0]]]), "batches_contain_every_identity_once"),
        (acme(kinds=("people", "companies")), "every_kind_has_a_scene"),
        (acme(price=lambda *_: -1.0), "price_grows_with_the_batch"),
        (acme(price=lambda _, __, batch: 9 - len(batch)), "price_grows_with_the_batch"),
        (flow(credits=0), "billed_request_has_credits_and_identities"),
        (flow(identities=()), "billed_request_has_credits_and_identities"),
        (flow(billed=False), "billed_request_has_credits_and_identities"),
        (flow(billed=False, credits=0), "priced_batch_is_covered_by_billed_requests"),
        (UnbilledOptionAcme(), "option_that_changes_requests_is_billed"),
        (UnbilledPriceAcme(), "option_that_changes_requests_is_billed"),
        (flow(credits=99), "cost_is_at_most_the_price"),
        (reading(raise_credits), "cost_is_at_most_the_price"),
        (acme(flow=request_again), "lost_answer_is_held_and_not_requested_again"),
        (reading(lost_is_not_found), "lost_answer_is_held_and_not_requested_again"),
        (reading(empty_models), "hits_are_matched"),
        (reading(drop_first_match), "hits_are_matched"),
        (CountingAcme(), "same_answers_give_the_same_requests"),
        (reading(by_position), "order_of_elements_changes_no_match"),
        (reading(by_position), "element_of_another_identity_is_ignored"),
        (reading(by_position), "answer_about_another_identity_never_matches"),
        (reading(missing_is_not_found), "truncated_answer_never_means_not_found"),
        (reading(strict_types), "field_of_another_type_raises_nothing"),
        (reading(strict_types), "unknown_field_changes_no_match"),
        (reading(lost_is_not_found), "refusal_raises_provider_errors_only"),
        (reading(lost_is_failed), "refusal_raises_provider_errors_only"),
        (reading(lost_is_failed), "lost_answer_is_held_and_not_requested_again"),
        (acme(error_for=lambda *_: None), "refusal_is_explained"),
        (acme(retry_after=lambda *_: -1.0), "invalid_headers_raise_nothing"),
        (PlainCredentialAcme(), "credential_is_not_in_repr_or_options"),
        (PlainCredentialAcme(), "credential_is_not_pickled"),
        (acme(auth=lambda *_: {"X-Api-Key": "text"}), "auth_returns_secrets"),
        (
            flow(path=lambda batch: f"/v1/{batch[0].keys[0][1]}"),
            "request_repr_contains_no_identifier",
        ),
        (reading(note_identifier), "request_repr_contains_no_identifier"),
        (acme(flow=two_steps), "lost_free_answer_never_means_not_found"),
        (reading(miss_is_failed), "misses_are_not_found"),
        (reading(hold_all_if_one_is_missing), "missing_element_loses_one_match_only"),
        (reading(double_credits), "repeated_element_changes_no_match"),
        (reading(require_all_fields), "missing_field_raises_nothing"),
        (reading(require_all_fields), "null_instead_of_a_list_raises_nothing"),
        (JobListAcme(), "invalid_job_list_raises_nothing"),
        (SigningAcme(), "request_contains_no_credential"),
    ],
)
def test_error_breaks_the_test_for_it(provider: Any, test: str) -> None:
    found = broken(
        provider,
        replace(SCENE, answer=answer_with_lists if ("list" in test or "free" in test) else answer),
    )
    assert test in found
    assert found[test]


def test_every_test_has_an_error() -> None:
    (mark,) = test_error_breaks_the_test_for_it.pytestmark
    tests = {name.removeprefix("test_") for name in dir(ProviderContract) if "test_" in name}
    assert {test for _, test in mark.args[1]} == tests - {"pytest_generate_tests"}


def test_scene_that_is_too_small_is_refused() -> None:
    assert "every_kind_has_a_scene" in broken(ACME.Acme(), replace(SCENE, hits=[ADA]))
    assert "every_kind_has_a_scene" in broken(ACME.Acme(), replace(SCENE, misses=[]))


def test_scene_without_elements_is_named() -> None:
    found = broken(ACME.Acme(), replace(SCENE, elements="people"))
    assert "leads to none" in found["element_of_another_identity_is_ignored"]


def test_batch_without_echo_is_refused() -> None:
    found = broken(ACME.Acme(), replace(SCENE, is_echoed=False))
    assert "nothing can be bound" in found["answer_about_another_identity_never_matches"]


def test_elements_may_have_any_form() -> None:
    lines = Elements(
        split=lambda body: body.split(b"\n"), joined=lambda _, parts: b"\n".join(parts)
    )
    assert replace(SCENE, elements=lines).parts.joined(b"", [b"a", b"b"]) == b"a\nb"
    assert Elements.at("").split(b"not json") is None


# -- drive ---------------------------------------------------------------------------------------


class Slow(ACME.Acme):
    """Starts a job, waits for it and reads it."""

    last = Status.MATCHED

    def flow(self, kind: Any, batch: list[Identity]) -> Any:
        yield request_of(self, batch)
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


def test_drive_skips_waits_and_runs_the_listing() -> None:
    talk = drive(Slow(), "people", [ADA], lambda _: reply([]))
    assert [request.path for request in talk.requests] == ["/v1/people/lookup", "/v1/jobs"]
    assert [request.path for request in talk.looks] == ["/v1/list"]
    assert [type(pause) for pause in talk.pauses] == [Wait, WaitForJob]
    assert (talk.statuses, len(talk.billed)) == ({ADA: Status.MATCHED}, 1)
    assert talk.models == {ADA: Person(name="A")}


def test_unfinished_flow_leaves_the_batch_pending() -> None:
    unfinished = type("Slow", (Slow,), {"last": Status.PENDING})()
    talk = drive(unfinished, "people", [ADA, BO], lambda _: reply([]))
    assert [(one.status, one.reason) for one in talk.matches] == [("pending", "still_at_work")] * 2


def test_endless_flow_raises_an_error() -> None:
    def endless(_self: Any, _kind: str, _batch: list[Identity]) -> Any:
        while True:
            yield Wait(1)

    with pytest.raises(RuntimeError, match="goes on after 7 steps"):
        drive(acme(flow=endless), "people", [ADA], answer, most=7)


def test_error_of_a_flow_is_raised() -> None:
    def refused(*_: Any) -> list[Match]:
        raise RequestError("no")

    with pytest.raises(RequestError, match="no"):
        drive(reading(refused), "people", [ADA], answer)


# -- pointed_at ----------------------------------------------------------------------------------


def test_pointed_at_changes_and_restores_the_environment() -> None:
    before = current_environment()
    with pointed_at("http://127.0.0.1:9/", ACME.Acme()), pointed_at("http://[::1]:9", "crustdata"):
        inner = current_environment()
        assert dict(inner.origins) == {"acme": "http://127.0.0.1:9", "crustdata": "http://[::1]:9"}
        assert (inner.realm, inner.paid) == ("testing", False)
        assert inner.journal.parent.is_dir()
    assert current_environment() is before
    assert not inner.journal.parent.exists()


def test_pointed_at_refuses_other_hosts() -> None:
    with (
        pytest.raises(ConfigurationError, match="server on this machine"),
        pointed_at("https://api.acme.example", ACME.Acme()),
    ):
        pass
