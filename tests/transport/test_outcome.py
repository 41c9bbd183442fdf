import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from enrich_pandas.providers.base import Outcome, Request, Response
from enrich_pandas.transport import Exchange
from enrich_pandas.transport.connection import Phase
from enrich_pandas.transport.outcome import backoff, classify, read_exchange, repair_response

NOT_SENT, REFUSED, ACCEPTED, DAMAGED, UNKNOWN = Outcome
PAGE = b"<!doctype html><html><body>Please log in</body></html>"
ERROR = b'{"error": "no"}'


def exchange(status: int = 200, body: bytes = b"[]", error: str = "", **headers: str) -> Exchange:
    phase = Phase.HEADERS if error else Phase.BODY
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Exchange(phase=phase, status=status, headers=named, body=body, error=error)


# Outcomes


@pytest.mark.parametrize("error", ["dns", "refused", "connect_timeout", "tls", "certificate"])
def test_unsent_request_is_not_sent(error: str) -> None:
    assert classify(Exchange(phase=Phase.CONNECT, error=error)) is NOT_SENT


@pytest.mark.parametrize("error", ["deadline", "reset", "protocol"])
def test_sent_request_without_answer_is_unknown(error: str) -> None:
    assert classify(Exchange(phase=Phase.SENT, error=error)) is UNKNOWN


@pytest.mark.parametrize(
    ("what", "outcome"),
    [
        # the vendor's own answers
        (exchange(200, b"[]"), ACCEPTED),
        (exchange(200, b"{}"), ACCEPTED),
        (exchange(200, b' \n[{"name": "Ada"}]\n'), ACCEPTED),
        (exchange(200, b"\xef\xbb\xbf[]"), ACCEPTED),
        (exchange(200, b'["\\ud800"]'), ACCEPTED),
        (exchange(200, b'["\xff"]'), ACCEPTED),
        (exchange(200, b"[]", content_type="text/html"), ACCEPTED),
        (exchange(202, b'{"id": "1"}'), ACCEPTED),
        (exchange(202, b""), ACCEPTED),
        (exchange(204, b""), ACCEPTED),
        # accepted, but unreadable
        (exchange(200, b""), DAMAGED),
        (exchange(200, b"null"), DAMAGED),
        (exchange(200, b'"ok"'), DAMAGED),
        (exchange(200, b"7"), DAMAGED),
        (exchange(200, b"[1, 2"), DAMAGED),
        (exchange(200, b"[] trailing"), DAMAGED),
        (exchange(200, b"[NaN]"), DAMAGED),
        (exchange(200, b"\x1f\x8b\x08broken"), DAMAGED),
        (exchange(200, "[]".encode("utf-16")), DAMAGED),
        (exchange(200, b"[" * 1_000_000 + b"]" * 1_000_000), DAMAGED),
        (exchange(200, b'[{"name": "Ada"}', "incomplete"), DAMAGED),
        (exchange(200, b'[{"name": "Ada"}', "deadline"), DAMAGED),
        (exchange(200, b"[]", "reset"), DAMAGED),
        (exchange(200, b"", "reset"), DAMAGED),
        (exchange(202, b"", "incomplete"), DAMAGED),
        # from a gateway, or unclear
        (exchange(200, PAGE), UNKNOWN),
        (exchange(200, b"Please log in", content_type="text/html; charset=utf-8"), UNKNOWN),
        (exchange(200, PAGE[:9], "incomplete"), UNKNOWN),
        (exchange(200, b"[", "too_large"), UNKNOWN),
        # redirects are never followed
        *((exchange(status, b""), REFUSED) for status in (300, 301, 302, 303, 304, 307, 308)),
        # refused by the vendor
        *(
            (exchange(status, ERROR), REFUSED)
            for status in (400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 422, 423, 429, 451)
        ),
        *((exchange(status, PAGE), REFUSED) for status in (401, 429)),
        *((exchange(status, b""), REFUSED) for status in (401, 429)),
        (exchange(429, b"{", "incomplete"), REFUSED),
        # an error that may replace a paid answer
        *((exchange(status, PAGE), UNKNOWN) for status in (400, 402, 403, 404, 422, 451)),
        (exchange(403, b"Forbidden"), UNKNOWN),
        (exchange(404, b'{"error"', "incomplete"), UNKNOWN),
        (exchange(408, ERROR), UNKNOWN),
        *((exchange(status, ERROR), UNKNOWN) for status in (500, 501, 502, 504, 520, 524, 529)),
        *((exchange(status, PAGE), UNKNOWN) for status in (500, 502, 503, 504)),
        # busy, according to the vendor
        (exchange(503, ERROR), REFUSED),
        (exchange(503, b"", retry_after="5"), REFUSED),
        (exchange(503, PAGE, retry_after="5"), REFUSED),
        (exchange(503, b""), UNKNOWN),
        (exchange(503, b'{"error"', "incomplete"), UNKNOWN),
        # not an HTTP status
        (exchange(103, b""), UNKNOWN),
        (exchange(699, b"[]"), UNKNOWN),
    ],
)
def test_exchange_has_the_expected_outcome(what: Exchange, outcome: Outcome) -> None:
    assert classify(what) is outcome


@given(
    phase=st.sampled_from(Phase),
    status=st.integers(0, 999),
    body=st.one_of(st.binary(max_size=40), st.sampled_from([b"[]", b"{}", b"null", PAGE, ERROR])),
    error=st.sampled_from(["", "incomplete", "deadline", "too_large", "protocol"]),
    retry=st.booleans(),
)
@settings(max_examples=500, deadline=None)
def test_classify_is_total_and_refuses_only_on_evidence(
    phase: Phase, status: int, body: bytes, error: str, *, retry: bool
) -> None:
    headers = {"retry-after": "1"} if retry else {}
    outcome = classify(
        Exchange(phase=phase, status=status, headers=headers, body=body, error=error)
    )
    assert outcome in Outcome
    assert (outcome is NOT_SENT) is (phase is Phase.CONNECT)
    if outcome is REFUSED:
        assert 300 <= status < 500 or status == 503
    if outcome in (ACCEPTED, DAMAGED):
        assert 200 <= status < 300


class Vendor:
    def __init__(self, *, refuses: bool) -> None:
        self.answers: list[Response] = []
        self._refuses = refuses

    def refuses(self, response: Response) -> bool:
        self.answers.append(response)
        return self._refuses


def outcome_of(what: Exchange, *, billed: bool = True, refuses: bool = False) -> Outcome:
    request = Request(method="GET", path="/people", billed=billed)
    vendor: Any = Vendor(refuses=refuses)
    return read_exchange(what, request, vendor).outcome


def test_provider_can_declare_an_error_a_refusal() -> None:
    failed = exchange(500, b'{"code": "PE02"}')
    assert outcome_of(failed) is UNKNOWN
    assert outcome_of(failed, refuses=True) is REFUSED


@pytest.mark.parametrize(
    "what",
    [
        Exchange(phase=Phase.SENT, error="deadline"),
        exchange(500, b"{", "incomplete"),
        exchange(200, b"[]"),
        exchange(200, b"[1", "incomplete"),
    ],
)
def test_refuses_is_called_for_complete_unknown_answers_only(what: Exchange) -> None:
    assert outcome_of(what, refuses=True) is outcome_of(what)


def test_damaged_unbilled_answer_is_unknown() -> None:
    cut = exchange(200, b"[1, 2", "incomplete")
    assert outcome_of(cut) is DAMAGED
    assert outcome_of(cut, billed=False) is UNKNOWN


def test_response_keeps_the_raw_bytes() -> None:
    request, vendor = Request(method="GET", path="/people", billed=True), Vendor(refuses=False)
    what = exchange(200, b'[{"a": 1}, {"a"', "reset", date="now")
    answer = read_exchange(what, request, vendor)  # type: ignore[arg-type]
    assert answer == Response(
        status=200, headers={"date": "now"}, body=b'[{"a": 1}, {"a"', outcome=DAMAGED
    )


# Repair


def answer(body: bytes, outcome: Outcome) -> Response:
    return Response(status=200, body=body, outcome=outcome)


def test_truncated_array_keeps_complete_elements() -> None:
    cut = answer(b'[{"a": "\\ud800"}, {"a": 2}, {"a', DAMAGED)
    assert repair_response(cut).json() == [{"a": "\ufffd"}, {"a": 2}]
    assert repair_response(cut).outcome is DAMAGED


def test_complete_answer_is_not_changed() -> None:
    whole = answer(b'[{"a": 1}]', ACCEPTED)
    assert repair_response(whole) is whole


def test_other_truncated_body_is_not_changed() -> None:
    cut = answer(b'{"id": "4', DAMAGED)
    assert repair_response(cut) is cut


# The behavior of msgspec with hostile JSON, on which `classify` relies


@pytest.mark.parametrize(
    "body",
    [
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"[" + b"9" * 5000 + b"]",
        rb'["\ud800"]',
        b'["\x00"]',
        b'["\n"]',
        b"[01]",
        b"[1,]",
        b"[] []",
    ],
)
def test_msgspec_raises_for_invalid_json_and_large_numbers(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(body)


@pytest.mark.parametrize("kind", [Any, msgspec.Raw])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_msgspec_ends_hostile_nesting_at_once(kind: Any, opening: bytes) -> None:
    start = time.process_time()
    with pytest.raises(RecursionError):
        msgspec.json.decode(opening * 1_000_000, type=kind)
    assert time.process_time() - start < 0.5


def test_last_value_of_a_repeated_key_counts() -> None:
    assert msgspec.json.decode(b'{"a": 1, "a": 2}') == {"a": 2}


def test_million_keys_are_read_quickly() -> None:
    body = b"{" + b",".join(b'"k%d":1' % n for n in range(1_000_000)) + b"}"
    start = time.process_time()
    assert classify(exchange(200, body)) is ACCEPTED
    assert time.process_time() - start < 1


# Backoff


@given(st.integers(1, 60))
def test_backoff_doubles_up_to_a_minute(attempt: int) -> None:
    assert 0 <= backoff(attempt) <= min(2 ** (attempt - 1), 60)


@given(st.integers(1, 10), st.floats(0.001, 1e9))
def test_backoff_is_at_least_the_vendors_demand(attempt: int, asked: float) -> None:
    assert asked <= backoff(attempt, asked) <= asked + max(1, asked / 10)


@pytest.mark.parametrize("asked", [None, 0, -5])
def test_backoff_ignores_a_demand_of_zero(asked: float | None) -> None:
    assert 0 <= backoff(2, asked) <= 2


@pytest.mark.parametrize(("attempt", "asked"), [(1, None), (1, 2.0), (2, 30.0)])
def test_backoff_spreads_simultaneous_retries(attempt: int, asked: float | None) -> None:
    waits = [backoff(attempt, asked) for _ in range(2000)]
    fullest = max(sum(start <= w < start + 0.1 for w in waits) for start in waits[:50])
    assert fullest <= 0.2 * len(waits)
