"""Outcomes: what became of a request, and what can still be read of its answer.

Every exchange is exactly one `Outcome`. In doubt it is the dearer one: a refusal taken for an
unknown costs the user a look, an unknown taken for a refusal is sent again and paid for twice.

Hostile or broken JSON is left to msgspec, which was tried with all of it: nesting ends at the
interpreter's recursion limit with a RecursionError, in no time; NaN, Infinity and anything after
the end are errors; a number too long for 64 bits or a double is one when it is
decoded; of a repeated key the last counts. What is only spelled wrongly, `repair` repairs.
"""

import codecs
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from enrich_pandas.providers.base import Outcome, Provider, Request, Response
from enrich_pandas.providers.decoding import is_json, repair, salvage
from enrich_pandas.transport.client import Exchange
from enrich_pandas.transport.connection import Phase

MAX_BACKOFF = 60.0  # seconds
FATAL = (401, 402, 403)
BUSY = (429, 503)

# -- the classes ---------------------------------------------------------------------------------


def read_exchange(exchange: Exchange, request: Request, provider: Provider) -> Response:
    """Return an exchange as an answer to a request, with its outcome.

    The body is the raw one, for the journal; a flow is given `repair_response` of it.

    Parameters
    ----------
    exchange
        What happened on the wire.
    request
        An answer to one that is not billed is never salvaged: it is lost, and asked for again.
    provider
        Its ``refuses`` is asked about a complete answer that proves nothing by itself.
    """
    answer = Response(status=exchange.status, headers=exchange.headers, body=exchange.body)
    outcome = classify(exchange)
    if outcome is Outcome.UNKNOWN and _is_whole(exchange) and provider.refuses(answer):
        outcome = Outcome.REFUSED
    if outcome is Outcome.DAMAGED and not request.billed:
        outcome = Outcome.UNKNOWN
    return replace(answer, outcome=outcome)


def classify(exchange: Exchange) -> Outcome:
    """Return what became of a request, by the evidence alone.

    ================  =============================================================
    not_sent          not one byte of the request was handed over
    refused           401 and 429, which no gateway gives for a request passed on;
                      any redirect, for none is followed; a complete JSON answer of
                      the 400s but 408; 503 with JSON or a ``Retry-After``
    accepted          204; 202 with no body; 200s with a JSON object or array
    accepted_damaged  200s with anything else, or cut
    unknown           no answer, too large a one, a web page at 200, all the rest
    ================  =============================================================

    A web page at 403 or 404 is unknown: a filter that looks at answers, and sees personal data,
    puts its own page in place of one that was paid for.
    """
    if exchange.phase is Phase.CONNECT:
        return Outcome.NOT_SENT
    judge = _FAMILIES.get(exchange.status // 100, _unknown)
    return judge(exchange)


def _success(exchange: Exchange) -> Outcome:
    shape = _shape(exchange)
    if exchange.error == "too_large" or shape == "page":
        return Outcome.UNKNOWN
    is_answer = shape == "container" or (shape == "empty" and exchange.status in (202, 204))
    return Outcome.ACCEPTED if is_answer and _is_whole(exchange) else Outcome.DAMAGED


def _redirect(_exchange: Exchange) -> Outcome:
    return Outcome.REFUSED


def _client_error(exchange: Exchange) -> Outcome:
    if exchange.status in (401, 429):
        return Outcome.REFUSED
    is_vendors = exchange.status != 408 and _is_vendors(exchange)  # noqa: PLR2004 - gave up on us
    return Outcome.REFUSED if is_vendors else Outcome.UNKNOWN


def _server_error(exchange: Exchange) -> Outcome:
    is_refusal = exchange.status == 503 and (  # noqa: PLR2004 - alone of the 500s
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


# -- what can still be read ----------------------------------------------------------------------


def repair_response(answer: Response) -> Response:
    """Return an answer as a flow can read it: mended, and an array that was cut made whole.

    Of a cut array every complete element is there; of any other cut body nothing can be saved.
    """
    body = repair(answer.body)
    if answer.outcome is Outcome.DAMAGED and body.lstrip()[:1] == b"[":
        body = b"[" + b",".join(salvage(body)) + b"]"
    return answer if body is answer.body else replace(answer, body=body)


# -- what may be done about it --------------------------------------------------------------------


def may_be_resent(recorded: Response) -> bool:
    """Tell whether the request behind a recorded answer may be sent again."""
    is_refusal = recorded.outcome is Outcome.REFUSED and recorded.status in (*FATAL, *BUSY)
    return is_refusal or recorded.outcome is Outcome.NOT_SENT


def is_retryable(request: Request, response: Response) -> bool:
    """Tell whether sending again can neither pay twice nor be in vain."""
    if response.outcome is Outcome.REFUSED:
        return response.status in BUSY
    return response.outcome is Outcome.NOT_SENT or (response.lost and not request.billed)


def is_unrelated_refusal(response: Response) -> bool:
    """Tell a refusal that has nothing to do with who was asked about."""
    is_redirect = response.status // 100 == 3  # noqa: PLR2004 - HTTP's class of answers
    return response.outcome is Outcome.REFUSED and (is_redirect or response.status in BUSY)


# -- the next attempt ----------------------------------------------------------------------------


def backoff(attempt: int, asked: float | None = None) -> float:
    """Return the seconds to wait before another try.

    Parameters
    ----------
    attempt
        How many tries there were, from 1.
    asked
        Seconds that the vendor asks for. The wait is never shorter, and longer by up to a second
        or a tenth, so that those who were refused together do not come back together.

    Examples
    --------
    >>> 30 <= backoff(1, 30) <= 33
    True
    >>> all(0 <= backoff(3) <= 4 for _ in range(100))
    True
    """
    if asked is not None and asked > 0:
        return asked + random.uniform(0, max(1.0, asked / 10))  # noqa: S311 - spreads, hides nothing
    return random.uniform(0, min(2.0 ** (attempt - 1), MAX_BACKOFF))  # noqa: S311 - as above
