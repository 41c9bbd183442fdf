"""What all endpoints of Amplemarket have in common.

Source: docs.amplemarket.com, ``errors.md``: the envelope ``_errors``, whose ``status`` is text, and
its codes. The status of ``insufficient_credits`` is not documented; 402 is chosen.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from enrich_pandas.sandbox.vendor import Endpoint


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
        "missing_field": (400, "The field is missing: {}"),
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

    def error(self, kind: str, message: str) -> Any:
        """Return the body of a refusal."""
        status = self.refusals[kind][0]
        return {
            "_errors": [
                {
                    "status": str(status),
                    "code": self.codes.get(kind, kind),
                    "title": HTTPStatus(status).phrase,
                    "detail": message,
                }
            ]
        }
