"""Zoho's errors, and what to do about each.

Sources: the pages "People Enrichment", "People Enrichment Details" and "Organization Enrichment",
"Possible Errors"; the shapes from the official OpenAPI files. An error is in the array if it is
about an element, else at the top.
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
from enrich_pandas.providers.base import UNCHARGED, Kind, Response
from enrich_pandas.providers.decoding import Id, elements, read, text

ARRAYS: Mapping[Kind, str] = MappingProxyType(
    {"people": "__zia_people_enrichment", "companies": "__zia_org_enrichment"}
)
_CODE = re.compile(r"[A-Z][A-Z_]{2,40}")
_FIELD = re.compile(r"\w{1,60}", re.ASCII)


class Details(msgspec.Struct):
    """Wire type: ``details`` of an element that is not an enrichment."""

    id: Id = None
    api_name: str | None = None
    param_name: str | None = None
    param: str | None = None


class Item(msgspec.Struct):
    """Wire type: the result of posting an element, or an error."""

    code: str | None = None
    details: Details | None = None
    status: str | None = None


class Remedy(NamedTuple):
    """What a code means for the whole run; ``error`` is None if it is about one row."""

    error: type[ProviderError] | None
    todo: str


_ENABLE = "Enable data enrichment feature or contact your system administrator."
_EDITION = (
    "Data enrichment is available only for the Enterprise and Ultimate editions of CRM. "
    "Upgrade your edition."
)
_MODULE = "Type a correct module=…; Zoho's Get Modules API lists the API names."
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
_PARAMETER = "Check module= and record_id=; Zoho's Get Modules and Get Records APIs list them."


class ZohoErrorBody(NamedTuple):
    """A code of Zoho's, and the field or parameter that it is about."""

    code: str
    field: str = ""
    is_about_a_parameter: bool = False

    def error(self) -> ProviderError | None:
        """Return the exception for a code about every row, or None."""
        remedy = REMEDIES.get(self.code, Remedy(None, ""))
        kind, todo = remedy
        if self.code == "INVALID_DATA" and self.is_about_a_parameter:
            kind, todo = RequestError, _PARAMETER
        if kind is None:
            return None
        return kind(
            f"Zoho refused the request: {self.words}.",
            cost=UNCHARGED,
            todo=todo,
        )

    @property
    def words(self) -> str:
        """The code and the field, without words that could name a person."""
        return f"{self.code} ({self.field})" if self.field else self.code

    @property
    def note(self) -> str:
        """What to do about one row."""
        todo = REMEDIES[self.code].todo if self.code in REMEDIES else ""
        return ": ".join(filter(None, (self.words, todo)))


def items_of(response: Response) -> list[bytes]:
    """Return the raw elements of an answer's array, for either kind."""
    fields = envelope(response)
    arrays = (fields[name] for name in ARRAYS.values() if name in fields)
    return [raw for array in arrays for raw in elements(array).raw]


class OneItem(msgspec.Struct, rename=dict(ARRAYS)):
    """Wire type: an answer with one element and without an error at its top."""

    people: tuple[msgspec.Raw] | None = None
    companies: tuple[msgspec.Raw] | None = None
    code: None = None


_one_item = msgspec.json.Decoder(OneItem)


def only_item(response: Response) -> bytes | None:
    """Return the raw element of an answer with nothing else, or None for any other answer.

    Nearly all answers are of this form. It is the only one of `items_of`, and an error can be
    nowhere else.
    """
    try:
        answer = _one_item.decode(response.body)
        found = answer.people or answer.companies
        if found is None or (answer.people and answer.companies):
            return None
        raw = bytes(found[0])
        raw.decode()  # a decoder skips bytes that are not UTF-8
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return raw


def envelope(response: Response) -> dict[str, bytes]:
    """Return the raw fields of an answer; none if it is not an object."""
    try:
        fields = msgspec.json.decode(response.body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return {name: bytes(raw) for name, raw in fields.items()}


def parse_error(response: Response) -> ZohoErrorBody | None:
    """Return the error in an answer's array or at its top, or None."""
    for raw in (*items_of(response), response.body):
        item, _ = read(raw, Item)
        code = text(item.code) if item else None
        details = (item.details if item else None) or Details()
        is_error = item and (text(item.status) == "error" or response.is_error)
        if is_error and code and details.id is None and _CODE.fullmatch(code):
            parameter = text(details.param_name) or text(details.param)
            field = text(details.api_name) or parameter or ""
            shown = field if _FIELD.fullmatch(field) else ""
            return ZohoErrorBody(code, shown, is_about_a_parameter=parameter is not None)
    return None


def code_of(response: Response) -> str | None:
    """Return the code of an error, or None."""
    error = parse_error(response)
    return error.code if error else None
