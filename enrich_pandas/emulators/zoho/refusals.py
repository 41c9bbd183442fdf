"""Every code that the vendor refuses with: its status, its words, and the place it stands in.

Sources: "Possible Errors" of the three documents for codes and statuses; the vendor's OpenAPI
description and its documents of version 8 for words and places: what is wrong with a body stands
inside the array, and all else at the top. Not documented, and chosen here: the words of
OAUTH_SCOPE_MISMATCH, TOO_MANY_REQUESTS and NOT_ALLOWED.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

LIMIT = 1500


class Code(NamedTuple):
    """How a code is refused with; ``{}`` in its words is the kind of enrichment."""

    status: int
    message: str
    is_item: bool = False


CODES: Mapping[str, Code] = {
    "INVALID_TOKEN": Code(401, "invalid oauth token"),
    "AUTHENTICATION_FAILURE": Code(401, "Authentication failed"),
    "OAUTH_SCOPE_MISMATCH": Code(401, "invalid oauth scope to access this URL"),
    "NO_PERMISSION": Code(403, "No permission to access this feature"),
    "FEATURE_NOT_ENABLED": Code(400, "Data Enrichment feature not enabled"),
    "FEATURE_NOT_SUPPORTED": Code(400, "Your License does not support this feature"),
    "REQUIRED_PARAM_MISSING": Code(400, "One of the expected parameter is missing"),
    "INVALID_MODULE": Code(400, "The given module is not supported for {} Enrichment"),
    "NOT_ALLOWED": Code(400, "email is not mapped in configuration"),
    "API_NOT_SUPPORTED": Code(400, "This API is not supported in this version"),
    "INVALID_DATA": Code(400, "invalid data", is_item=True),
    "MANDATORY_NOT_FOUND": Code(400, "required field not found", is_item=True),
    "EXPECTED_FIELD_MISSING": Code(400, "Specify atleast one field", is_item=True),
    "DEPENDENT_FIELD_MISSING": Code(400, "dependent field missing", is_item=True),
    "LIMIT_EXCEEDED": Code(400, "enrichment data limit exceeded", is_item=True),
    "TOO_MANY_REQUESTS": Code(429, "too many requests"),
    "INTERNAL_SERVER_ERROR": Code(500, "Unhandled and unexpected exception in server."),
}
# What every vendor's faults are called, in this one's codes.
KINDS: Mapping[str, str] = {
    "unauthorized": "INVALID_TOKEN",
    "out_of_credits": "LIMIT_EXCEEDED",
    "malformed": "INVALID_DATA",
    "rate_limited": "TOO_MANY_REQUESTS",
    "server_error": "INTERNAL_SERVER_ERROR",
}
REFUSALS: Mapping[str, tuple[int, str]] = {
    **{code: (one.status, one.message) for code, one in CODES.items()},
    **{kind: (CODES[code].status, CODES[code].message) for kind, code in KINDS.items()},
}


def where(array: str, *keys: str) -> dict[str, Any]:
    """Return how the vendor names a key of the body."""
    return {"api_name": keys[-1], "json_path": ".".join([f"$.{array}[0]", *keys])}


def usual_details(code: str, array: str) -> dict[str, Any]:
    """Return details such as the vendor's samples of a code have."""
    based_on = where(array, "enrich_based_on")
    name, company = (where(array, "enrich_based_on", key) for key in ("name", "company"))
    details: Mapping[str, dict[str, Any]] = {
        "REQUIRED_PARAM_MISSING": {"param_name": "module"},
        "INVALID_MODULE": {"param_name": "module"},
        "NOT_ALLOWED": where(array, "enrich_based_on", "email"),
        "API_NOT_SUPPORTED": {"supported_version": 7},
        "INVALID_DATA": based_on,
        "MANDATORY_NOT_FOUND": based_on,
        "EXPECTED_FIELD_MISSING": {"expected_fields": [name]},
        "DEPENDENT_FIELD_MISSING": {"dependee": name, **company},
        "LIMIT_EXCEEDED": {"limit": LIMIT, "limit_due_to": [based_on]},
    }
    return details.get(code, {})
