"""What Zoho says instead of an answer, and what is to be done about it.

Sources: the pages "People Enrichment", "People Enrichment Details" and "Organization Enrichment",
"Possible Errors"; the shapes from the official OpenAPI files. An error stands in the array, where
it is about what was asked, or at the top.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from enrich_pandas.errors import (
    AuthenticationError,
    PermissionDeniedError,
    ProviderError,
    QuotaError,
    RequestError,
)
from enrich_pandas.providers.base import Kind, Response
from enrich_pandas.providers.decoding import Id, elements, read, text

ARRAYS: Mapping[Kind, str] = MappingProxyType(
    {"people": "__zia_people_enrichment", "companies": "__zia_org_enrichment"}
)
_CODE = re.compile(r"[A-Z][A-Z_]{2,40}")
_FIELD = re.compile(r"\w{1,60}", re.ASCII)


class Details(msgspec.Struct):
    """Wire type: ``details`` of an element that is no enrichment."""

    id: Id = None
    api_name: str | None = None
    param_name: str | None = None
    param: str | None = None


class Item(msgspec.Struct):
    """Wire type: what became of what was posted, or an error."""

    code: str | None = None
    details: Details | None = None
    status: str | None = None


class Remedy(NamedTuple):
    """What a code means for the whole run; ``error`` is None where it is about one row."""

    error: type[ProviderError] | None
    todo: str


_ENABLE = "Enable data enrichment feature or contact your system administrator."
_EDITION = (
    "Data enrichment is available only for the Enterprise and Ultimate editions of CRM. "
    "Upgrade your edition."
)
_MODULE = "Input correct module API name, as module=…: Zoho's Get Modules API tells them."
REMEDIES: Mapping[str, Remedy] = MappingProxyType(
    {
        # About one row.
        "INVALID_DATA": Remedy(
            None, "the values must be text, at least three characters long and only in English"
        ),
        "MANDATORY_NOT_FOUND": Remedy(None, '"enrich_based_on" is a mandatory input key'),
        "EXPECTED_FIELD_MISSING": Remedy(
            None, "specify at least one of name, email, social, company or website"
        ),
        "DEPENDENT_FIELD_MISSING": Remedy(None, 'specify both "company" and "name"'),
        # About every row.
        "LIMIT_EXCEEDED": Remedy(
            QuotaError,
            "The enrichment limit depends on the edition and its users: see the edition-wise "
            "feature list of Zoho CRM.",
        ),
        "LIMIT_REACHED": Remedy(QuotaError, "See the edition-wise feature list of Zoho CRM."),
        "REQUIRED_PARAM_MISSING": Remedy(RequestError, _MODULE),
        "INVALID_MODULE": Remedy(RequestError, _MODULE),
        "NOT_ALLOWED": Remedy(
            RequestError,
            "Map the field in the Enrichment Configuration of the module: Zoho enriches only "
            "based on the fields in it.",
        ),
        "FEATURE_NOT_ENABLED": Remedy(PermissionDeniedError, _ENABLE),
        "FEATURE_NOT_SUPPORTED": Remedy(PermissionDeniedError, _EDITION),
        "NO_PERMISSION": Remedy(
            PermissionDeniedError,
            "Contact your system administrator: the user needs the Manage or View Data "
            "Enrichment permission.",
        ),
        "OAUTH_SCOPE_MISMATCH": Remedy(
            AuthenticationError,
            "Create a new refresh token with the scope ZohoCRM.settings.intelligence.ALL, set "
            "ZOHO_REFRESH_TOKEN, then repeat the call.",
        ),
        "INVALID_TOKEN": Remedy(
            AuthenticationError,
            "Check ZOHO_DC, and make a new refresh token for ZOHO_REFRESH_TOKEN.",
        ),
        "AUTHENTICATION_FAILURE": Remedy(
            AuthenticationError,
            "Check ZOHO_DC, and make a new refresh token for ZOHO_REFRESH_TOKEN.",
        ),
        "API_NOT_SUPPORTED": Remedy(RequestError, 'Try version="v7" or version="v8".'),
        "INVALID_URL_PATTERN": Remedy(RequestError, 'Try version="v7" or version="v8".'),
    }
)
_ELSEWHERE = "Check module= and record_id=: Zoho's Get Modules and Get Records APIs tell them."


class ZohoErrorBody(NamedTuple):
    """A code of Zoho's, and the field or parameter that it is about."""

    code: str
    field: str = ""
    is_about_a_parameter: bool = False

    def error(self) -> ProviderError | None:
        """Return the exception of a code that is about every row, or None."""
        remedy = REMEDIES.get(self.code, Remedy(None, ""))
        kind, todo = remedy
        if self.code == "INVALID_DATA" and self.is_about_a_parameter:
            kind, todo = RequestError, _ELSEWHERE
        if kind is None:
            return None
        return kind(
            f"Zoho refused the request: {self.words}.",
            cost="Nothing was charged for what was refused; what had arrived is kept.",
            todo=todo,
        )

    @property
    def words(self) -> str:
        """The code and the field, with nothing in it that may name a person."""
        return f"{self.code} ({self.field})" if self.field else self.code

    @property
    def note(self) -> str:
        """What is to be done about one row."""
        todo = REMEDIES[self.code].todo if self.code in REMEDIES else ""
        return ": ".join(filter(None, (self.words, todo)))


def items_of(response: Response) -> list[bytes]:
    """Return the raw elements of the array of an answer, whichever kind it is of."""
    fields = envelope(response)
    arrays = (fields[name] for name in ARRAYS.values() if name in fields)
    return [raw for array in arrays for raw in elements(array).raw]


def envelope(response: Response) -> dict[str, bytes]:
    """Return the raw fields of an answer; none where it is no object."""
    try:
        fields = msgspec.json.decode(response.body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return {name: bytes(raw) for name, raw in fields.items()}


def refusal_of(response: Response) -> ZohoErrorBody | None:
    """Return the error of an answer, in the array or at its top, or None where there is none."""
    for raw in (*items_of(response), response.body):
        item, _ = read(raw, Item)
        code = text(item.code) if item else None
        details = (item.details if item else None) or Details()
        is_error = item and (text(item.status) == "error" or response.status >= 400)  # noqa: PLR2004 - HTTP's errors
        if is_error and code and details.id is None and _CODE.fullmatch(code):
            parameter = text(details.param_name) or text(details.param)
            field = text(details.api_name) or parameter or ""
            shown = field if _FIELD.fullmatch(field) else ""
            return ZohoErrorBody(code, shown, is_about_a_parameter=parameter is not None)
    return None


def code_of(response: Response) -> str | None:
    """Return the code of an error, or None."""
    refusal = refusal_of(response)
    return refusal.code if refusal else None
