"""Classify exchanges, repair damaged answers, and decide about retries.

Every exchange has exactly one `Outcome`. In doubt it is the more expensive one: a refusal that is
classified as unknown costs the user a check; an unknown one classified as a refusal is sent again
and paid for twice.

msgspec handles hostile and broken JSON: deep nesting ends with a RecursionError at once; NaN,
Infinity and text after the end are errors; a number that does not fit 64 bits or a double is an
error when it is decoded; of a repeated key the last value counts. `repair` corrects small errors of
syntax.
"""

import codecs
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Literal

from enrich_pandas.providers.base import Outcome, Provider, Request, Response
from enrich_pandas.providers.decoding import is_json, repair, salvage
from enrich_pandas.transport.client import Exchange
from enrich_pandas.transport.connection import Phase

MAX_BACKOFF = 60.0  # seconds
EMPTY = (HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT)  # answers that may have no body
FATAL = (HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN)
BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def read_exchange(exchange: Exchange, request: Request, provider: Provider) -> Response:
    """Return an exchange as the answer to a request, with its outcome.

    The body is the raw one, for the journal; a flow receives `repair_response` of it.

    Parameters
    ----------
    exchange
        What happened to the request.
    request
        The request. A damaged answer to an unbilled one counts as lost: it is requested again.
    provider
        Its ``refuses`` decides about a complete answer that is not conclusive by itself.
    """
    answer = Response(status=exchange.status, headers=exchange.headers, body=exchange.body)
    outcome = classify(exchange)
    if outcome is Outcome.UNKNOWN and _is_whole(exchange) and provider.refuses(answer):
        outcome = Outcome.REFUSED
    if outcome is Outcome.DAMAGED and not request.billed:
        outcome = Outcome.UNKNOWN
    return replace(answer, outcome=outcome)


def classify(exchange: Exchange) -> Outcome:
    """Return the outcome of a request, from the exchange alone.

    ================  =============================================================
    not_sent          no byte of the request was sent
    refused           401 and 429, which no gateway returns for a forwarded request;
                      any redirect, because none is followed; 4xx with complete
                      JSON, except 408; 503 with JSON or a ``Retry-After``
    accepted          204; 202 without a body; 2xx with a JSON object or array
    accepted_damaged  2xx with anything else, or truncated
    unknown           no answer, a body that is too large, a web page with 200,
                      everything else
    ================  =============================================================

    A web page with 403 or 404 is unknown: a company's filter that finds personal data in an answer
    replaces the paid answer by its own page.
    """
    if exchange.phase is Phase.CONNECT:
        return Outcome.NOT_SENT
    classify_family = _FAMILIES.get(exchange.status // 100, _unknown)
    return classify_family(exchange)


def _success(exchange: Exchange) -> Outcome:
    shape = _shape(exchange)
    if exchange.error == "too_large" or shape == "page":
        return Outcome.UNKNOWN
    is_answer = shape == "container" or (shape == "empty" and exchange.status in EMPTY)
    return Outcome.ACCEPTED if is_answer and _is_whole(exchange) else Outcome.DAMAGED


def _redirect(_exchange: Exchange) -> Outcome:
    return Outcome.REFUSED


def _client_error(exchange: Exchange) -> Outcome:
    if exchange.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS):
        return Outcome.REFUSED
    # After 408 the vendor has closed the connection and may have read the request.
    is_refusal = exchange.status != HTTPStatus.REQUEST_TIMEOUT and _is_vendors(exchange)
    return Outcome.REFUSED if is_refusal else Outcome.UNKNOWN


def _server_error(exchange: Exchange) -> Outcome:
    is_refusal = exchange.status == HTTPStatus.SERVICE_UNAVAILABLE and (
        "retry-after" in exchange.headers or _is_vendors(exchange)
    )
    return Outcome.REFUSED if is_refusal else Outcome.UNKNOWN


def _unknown(_exchange: Exchange) -> Outcome:
    return Outcome.UNKNOWN


_FAMILIES: Mapping[int, Callable[[Exchange], Outcome]] = {
    2: _success,
    3: _redirect,
    4: _client_error,
    5: _server_error,
}


def _is_whole(exchange: Exchange) -> bool:
    return exchange.phase is Phase.BODY


def _is_vendors(exchange: Exchange) -> bool:
    return _is_whole(exchange) and _shape(exchange) == "container"


def _shape(exchange: Exchange) -> Literal["empty", "container", "scalar", "page", "other"]:
    body = exchange.body.removeprefix(codecs.BOM_UTF8)
    start = body.lstrip()[:1]
    if not start:
        return "empty"
    if is_json(body) or is_json(repair(body)):
        return "container" if start in (b"[", b"{") else "scalar"
    is_page = start == b"<" or "html" in exchange.headers.get("content-type", "")
    return "page" if is_page else "other"


def repair_response(answer: Response) -> Response:
    """Return an answer that a flow can parse: repair its JSON and close a truncated array.

    A truncated array keeps its complete elements; any other truncated body is lost.
    """
    body = repair(answer.body)
    if answer.outcome is Outcome.DAMAGED and body.lstrip()[:1] == b"[":
        body = b"[" + b",".join(salvage(body)) + b"]"
    return answer if body is answer.body else replace(answer, body=body)


def may_be_resent(recorded: Response) -> bool:
    """Return whether the request of a recorded answer may be sent again."""
    is_refusal = recorded.outcome is Outcome.REFUSED and recorded.status in (*FATAL, *BUSY)
    return is_refusal or recorded.outcome is Outcome.NOT_SENT


def is_retryable(request: Request, response: Response) -> bool:
    """Return whether a retry is useful and cannot be charged twice."""
    if response.outcome is Outcome.REFUSED:
        return response.status in BUSY
    return response.outcome is Outcome.NOT_SENT or (response.lost and not request.billed)


def is_unrelated_refusal(response: Response) -> bool:
    """Return whether a refusal does not depend on the requested identities."""
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST
    return response.outcome is Outcome.REFUSED and (is_redirect or response.status in BUSY)


def backoff(attempt: int, asked: float | None = None) -> float:
    """Return the seconds to wait before the next attempt.

    Parameters
    ----------
    attempt
        The number of attempts so far, from 1.
    asked
        The seconds that the vendor demands. The wait is never shorter, and longer by up to a second
        or a tenth, so that requests that were refused together are not retried together.

    Examples
    --------
    >>> 30 <= backoff(1, 30) <= 33
    True
    >>> all(0 <= backoff(3) <= 4 for _ in range(100))
    True
    """
    if asked is not None and asked > 0:
        return asked + random.uniform(0, max(1.0, asked / 10))  # noqa: S311 - not for cryptography
    return random.uniform(0, min(2.0 ** (attempt - 1), MAX_BACKOFF))  # noqa: S311 - not for cryptography
