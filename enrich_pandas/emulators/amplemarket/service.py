"""What all endpoints of Amplemarket have in common.

Source: docs.amplemarket.com, ``errors.md``: the envelope ``_errors``, whose ``status`` is text, its
codes and ``source``. Not documented, and chosen here: the statuses of ``insufficient_credits``
(402) and of ``missing_field`` (422), and the codes of a 404 other than a person's and of a 429.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from enrich_pandas.emulators.account import Account
from enrich_pandas.emulators.amplemarket.jobs import Jobs
from enrich_pandas.emulators.ledger import Visit
from enrich_pandas.emulators.vendor import Endpoint, Refusal, World, rendered
from enrich_pandas.emulators.wire import Dropped, Truncated

EARLY = "early"


class Service(Endpoint):
    """An endpoint of Amplemarket."""

    vendor = "amplemarket"
    scheme = "Bearer"
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = {
        "unauthorized": (401, "The API key is missing or not valid."),
        "out_of_credits": (402, "The account has not enough credits."),
        "person_not_found": (404, "The person could not be found."),
        "not_found": (404, "There is no such resource."),
        "unavailable_for_legal_reasons": (451, "The person's data was removed for legal reasons."),
        "missing_field": (422, "The field is missing: {}"),
        "unsupported_value": (400, "The value is not supported: {}"),
        "malformed": (400, "The value is not supported: {}"),
        "rate_limited": (429, "Too many requests."),
        "server_error": (500, "An internal error occurred."),
    }
    codes: ClassVar[Mapping[str, str]] = {
        "malformed": "unsupported_value",
        "out_of_credits": "insufficient_credits",
        "server_error": "internal_server_error",
        "rate_limited": "too_many_requests",
    }

    def __init__(self, world: World, account: Account, jobs: Jobs) -> None:
        super().__init__(world, account)
        self.jobs = jobs

    def error(self, kind: str, message: str) -> Any:
        """Return the body of a refusal."""
        source = {"header": "Authorization"} if kind == "unauthorized" else {}
        return self._envelope(kind, message, source)

    def refuse_at(self, kind: str, about: str, **source: str) -> Refusal:
        """Make the refusal to raise, with the ``pointer`` or ``parameter`` that is at fault."""
        status, message = self.refusals[kind]
        body = self._envelope(kind, message.replace("{}", about), source)
        return Refusal(rendered(body, status, self.headers(0.0)))

    def _envelope(self, kind: str, detail: str, source: Mapping[str, str]) -> Any:
        status, code = self.refusals[kind][0], self.codes.get(kind, kind)
        title = code.replace("_", " ").title()
        error = {"status": str(status), "code": code, "title": title, "detail": detail}
        return {"_errors": [{**error, **({"source": source} if source else {})}]}


class Paced(Service):
    """An endpoint that tells when to ask again, and marks the request of who asks earlier.

    The document asks to respect ``Retry-After`` and does not say what happens otherwise. Nothing
    is refused here; ``fault`` of such a request is ``"early"`` in `Sandbox.requests`.
    """

    async def _serve(self, request: Request, visit: Visit) -> Response:
        told, question = self.jobs.told, self._question(request)
        is_early = request.method == "GET" and self.account.clock() < told.get(question, 0.0)
        try:
            response = await super()._serve(request, visit)
        finally:
            if is_early and visit.fault is None:
                visit.fault = EARLY
        pause = response.headers.get("retry-after", "")
        if isinstance(response, Dropped | Truncated):
            pass  # what never arrived has told nobody anything
        elif pause.isdecimal():
            told[question] = self.account.clock() + int(pause)
        elif response.status_code == HTTPStatus.OK:
            told.pop(question, None)
        return response

    def _question(self, request: Request) -> str:
        """Return what counts as asking the same again."""
        return f"{request.url.path}?{request.url.query}"


def seconds_to_tell(left: float, longest: int = 5) -> str:
    """Return a ``Retry-After``: whole seconds, one at least.

    >>> seconds_to_tell(0.2), seconds_to_tell(2.1), seconds_to_tell(60)
    ('1', '3', '5')
    """
    whole = int(-(-left // 1))
    return str(max(1, min(longest, whole)))
