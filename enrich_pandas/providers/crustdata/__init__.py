"""Crustdata: people and companies, from both versions of its API."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar, Literal

import msgspec

from enrich_pandas.errors import ConfigurationError, ProviderError
from enrich_pandas.providers.base import (
    KEYS,
    Flow,
    Identity,
    Kind,
    Match,
    Provider,
    RateLimit,
    Request,
    Response,
    Rule,
    Secret,
    require_rate_limit,
)
from enrich_pandas.providers.crustdata.companies import COMPANIES
from enrich_pandas.providers.crustdata.current import CURRENT
from enrich_pandas.providers.crustdata.errors import BatchFlow, CrustdataErrorBody, reading_of_error
from enrich_pandas.providers.crustdata.people import PEOPLE
from enrich_pandas.providers.crustdata.prices import Prices
from enrich_pandas.providers.crustdata.requests import ApiVersion, ConfiguredEndpoint
from enrich_pandas.providers.crustdata.screener import SCREENER
from enrich_pandas.providers.crustdata.screener.companies import COMPANIES as SCREENER_COMPANIES
from enrich_pandas.providers.crustdata.screener.people import PEOPLE as SCREENER_PEOPLE
from enrich_pandas.providers.decoding import decoder_of
from enrich_pandas.providers.records import RecordType

__all__ = ["Crustdata", "Prices"]

APIS = ("2025-11-01", "screener")


def check(provider: Any) -> None:
    """Raise ConfigurationError for options that are not valid or do not go together."""
    for is_wrong, what, todo in _rules(provider):
        if is_wrong:
            raise ConfigurationError(what, todo=todo)
    require_rate_limit("rate", provider.rate)


def _rules(one: Any) -> list[tuple[bool, str, str]]:
    is_screener = one.api == "screener"
    least, fields = one.min_similarity_score, one.fields
    sizes = {name: getattr(one, name) for name in ("emails_per_request", "companies_per_request")}
    return [
        (
            one.api not in APIS,
            f"Crustdata has no API called {one.api!r}.",
            'Type api="2025-11-01", which is the default, or api="screener".',
        ),
        (
            (one.realtime or one.force_fetch) and not is_screener,
            "Crustdata's current API serves its database only and fetches nothing live.",
            'Type Crustdata(api="screener", realtime=True) to fetch profiles live.',
        ),
        (
            one.force_fetch and not one.realtime,
            "force_fetch can only be used with realtime.",
            'Type Crustdata(api="screener", realtime=True, force_fetch=True).',
        ),
        (
            one.preview and one.realtime,
            "preview and realtime cannot be used together.",
            "Leave out one of the two.",
        ),
        (
            least is not None and is_screener,
            "The screener has no min_similarity_score.",
            'Leave it out and filter by the column of the score, or type api="2025-11-01".',
        ),
        (
            least is not None and not 0 <= least <= 1,
            f"min_similarity_score={least!r} is not a number from 0 to 1.",
            "Type for example min_similarity_score=0.8.",
        ),
        *(
            (
                size is not None and not 1 <= size <= 25,  # noqa: PLR2004 - the vendor's limit
                f"{name}={size!r} is not a number from 1 to 25.",
                "Leave it out for the default.",
            )
            for name, size in sizes.items()
        ),
        *(
            (
                getattr(one, name) is not None and not isinstance(getattr(one, name), Prices),
                f"{name}={getattr(one, name)!r} is not Prices.",
                f"Type for example {name}=ep.Prices(base=0.5).",
            )
            for name in ("prices", "company_prices")
        ),
        (
            fields is not None and (isinstance(fields, str) or not _are_names(fields)),
            f"fields={fields!r} is not a list of the vendor's field names.",
            'Type for example fields=["basic_profile", "experience"]; a name has no comma.',
        ),
    ]


def _are_names(fields: Any) -> bool:
    names = list(fields)
    return bool(names) and all(isinstance(n, str) and n.strip() and "," not in n for n in names)


MAX_RESET = 3600.0  # seconds; a larger x-ratelimit-reset is not a duration


class _Balance(msgspec.Struct):
    credits: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Crustdata(Provider):
    """People by LinkedIn URL or business e-mail address, and companies, from Crustdata.

    A company is requested by its domain, its LinkedIn page, the domain of an e-mail address, or
    its name.

    Parameters
    ----------
    api
        ``"2025-11-01"``, the current API, or ``"screener"``, the older one. Only the screener can
        fetch a profile live.
    api_key
        The key, by default the value of ``CRUSTDATA_API_KEY``. It is never shown.
    account
        A name that distinguishes this account from another one with the same vendor.
    fields
        The vendor's names of fields or sections, with dots for parts of them. By default
        everything that the base price covers. For companies in the screener, the vendor's own
        default, because the other fields are not open to every account.
    business_email
        People: also find business e-mail addresses, at an additional price.
    realtime
        Screener only: fetch profiles live that are not in the database.
    force_fetch
        People, screener only, with ``realtime``: always fetch live.
    preview
        People: only a few basic fields, free of charge. The vendor enables this for some
        accounts.
    min_similarity_score
        People by e-mail, current API only: the least confidence, from 0 to 1, of a match.
    exact_match
        Companies: True for the company of exactly this domain, False to include similar ones. By
        default the vendor decides.
    emails_per_request, companies_per_request
        By default 25 with the current API. By default 1 with the screener, whose answers do not
        echo the identifier; with more, a company is identified by its own domain, page or name.
    connections
        Maximum number of requests in flight.
    rate
        Your contract's rate limit, by default 15 requests in 60 seconds.
    prices
        Your contract's prices of people, in credits. By default the vendor's published prices.
    company_prices
        Your contract's prices of companies, in credits.

    Raises
    ------
    ConfigurationError
        An option is not valid, or two do not go together. The message says what to type.

    Notes
    -----
    Sources: docs.crustdata.com/person-docs/enrichment and ``/company-docs/enrichment``
    (2025-11-01), and the pages "People Enrichment API" and "Company Enrichment API" of 2024-11-01
    (screener). No match costs nothing.

    A row is matched by the identifier that the answer echoes, never by position. If a batch is
    refused because of one malformed identifier, that one is found and the others are requested
    again.

    The vendor can return several companies for one identifier. The one that has this domain, page
    or name is used; if that is not exactly one, the row fails as ``ambiguous``. A single company
    with another domain, page and name is matched with the reason ``inexact`` in the current API.
    In the screener the row fails with that reason, because the answer echoes nothing.

    Examples
    --------
    >>> Crustdata(api="screener", realtime=True).price("people", [Identity.of(email="a@b.example")])
    5.0
    >>> Crustdata(api_key="abc").api_key
    Secret(***)
    """

    name: ClassVar[str] = "crustdata"
    kinds: ClassVar[tuple[Kind, ...]] = ("people", "companies")
    identifiers: ClassVar[Mapping[Kind, tuple[str, ...]]] = {
        "people": ("linkedin_url", "email"),
        "companies": ("domain", "company_linkedin_url", "email_domain", "company"),
    }
    origin: ClassVar[str] = "https://api.crustdata.com"
    credentials: ClassVar[Mapping[str, str]] = {"api_key": "CRUSTDATA_API_KEY"}
    record_types: ClassVar[tuple[RecordType, ...]] = (
        *(PEOPLE, COMPANIES),
        *(SCREENER_PEOPLE, SCREENER_COMPANIES),
    )
    docs_url: ClassVar[str] = "https://docs.crustdata.com"
    keys_url: ClassVar[str] = "https://app.crustdata.com"
    batch_size: ClassVar[int] = 25
    unbilled_options: ClassVar[Mapping[Kind, tuple[str, ...]]] = {
        "people": (
            *("emails_per_request", "companies_per_request", "company_prices"),
            "exact_match",
        ),
        "companies": (
            *("emails_per_request", "companies_per_request", "company_prices"),
            *("business_email", "force_fetch", "preview", "min_similarity_score"),
        ),
    }

    api: Literal["2025-11-01", "screener"] = "2025-11-01"
    api_key: Secret | str | None = field(default=None, repr=False)
    account: str = ""
    fields: Sequence[str] | None = None
    business_email: bool = False
    realtime: bool = False
    force_fetch: bool = False
    preview: bool = False
    min_similarity_score: float | None = None
    exact_match: bool | None = None
    emails_per_request: int | None = None
    companies_per_request: int | None = None
    connections: int = 8
    rate: RateLimit | None = None
    prices: Prices | None = None
    company_prices: Prices | None = None

    def __post_init__(self) -> None:
        check(self)
        if self.api_key is not None:
            object.__setattr__(self, "api_key", Secret(self.api_key))
        if self.fields is not None:
            object.__setattr__(self, "fields", tuple(self.fields))

    @property
    def version(self) -> str:
        """Version of the vendor's API."""
        return self.api

    @property
    def rate_limit(self) -> RateLimit:
        """The vendor's documented rate limit, or that of your contract."""
        return self.rate or RateLimit(15, 60)

    def billed_options(self, kind: Kind) -> Mapping[str, Any]:
        """Return all options; the default fields, spelled out or in another order, are the same."""
        fields = sorted(set(self._endpoint(kind).fields))
        return {**Provider.billed_options(self, kind), "fields": fields}

    def price(self, kind: Kind, batch: Sequence[Identity]) -> float:
        """Return the maximum cost of requesting this batch, in credits."""
        return self._endpoint(kind).price() * len(batch)

    def auth(self, secrets: Mapping[str, Secret]) -> Mapping[str, Secret]:
        """Return the header that signs a request: ``Token`` in the screener, else ``Bearer``."""
        return {"Authorization": Secret(f"{self._api.scheme} {secrets['api_key'].reveal()}")}

    def balance_request(self) -> Request:
        """Return the request for the balance, ``/account/credits`` or ``/user/credits``."""
        return Request(method="GET", path=self._api.credits, headers=self._api.headers)

    def balance(self, response: Response) -> float:
        """Parse ``{"credits": n}``."""
        return decoder_of(_Balance).decode(response.body).credits

    def rules(self, kind: Kind) -> Mapping[str, Sequence[Rule]]:
        """Return the screener's requirements: a value must fit into the URL of a GET."""
        if not self._api.uses_query:
            return {}
        endpoint = self._endpoint(kind)
        rules = {
            name: [Rule("too_long", partial(endpoint.fits, KEYS.get(name, name)))]
            for name in self.identifiers[kind]
        }
        if "company" in rules:
            rules["company"].append(Rule("separator", _is_one_value))
        return rules

    def batches(self, kind: Kind, identities: Sequence[Identity]) -> Iterator[list[Identity]]:
        """Split into batches that fit into a request, each with one kind of identifier."""
        return self._endpoint(kind).batches(identities)

    def flow(self, kind: Kind, batch: Sequence[Identity]) -> Flow:
        """Request a batch in one billed request, and bind the answer by what it echoes."""
        endpoint = self._endpoint(kind)
        flow = BatchFlow(endpoint.request, endpoint.read, self.retry_after)
        matches: list[Match] = []
        for part in endpoint.batches(batch):  # one, unless the batch was not made by `batches`
            matches += yield from flow.run(part)
        return matches

    def refuses(self, response: Response) -> bool:
        """Return whether a 500 has one of the screener's codes: no data, so no charge."""
        is_error = response.status == HTTPStatus.INTERNAL_SERVER_ERROR
        is_documented = self._api is SCREENER and is_error
        return is_documented and reading_of_error(CrustdataErrorBody.of(response).words) is not None

    def retry_after(self, response: Response) -> float | None:
        """Return the seconds to wait: ``Retry-After``, else ``x-ratelimit-reset`` of a 429."""
        seconds = Provider.retry_after(self, response)
        reset = self.allowance(response).reset
        is_limited = response.status == HTTPStatus.TOO_MANY_REQUESTS
        if seconds is None and is_limited and reset and reset <= MAX_RESET:
            return reset
        return seconds

    def error_for(self, response: Response) -> ProviderError | None:
        """Return the exception for an error response; that of a 403 names the refused fields."""
        error = Provider.error_for(self, response)
        words = " ".join(CrustdataErrorBody.of(response).words)
        fields = dict.fromkeys(name for kind in self.kinds for name in self._endpoint(kind).fields)
        gated = [name for name in fields if re.search(rf"\b{re.escape(name)}\b", words)]
        if error is not None and response.status == HTTPStatus.FORBIDDEN and gated:
            error.todo = f"Leave {', '.join(gated)} out of fields=…, or ask the vendor for access."
        return error

    def _endpoint(self, kind: Kind) -> ConfiguredEndpoint:
        endpoint = self._api.endpoints[kind]
        prices = self.prices if kind == "people" else self.company_prices
        return ConfiguredEndpoint(self._api, endpoint, self, prices or endpoint.prices)

    @property
    def _api(self) -> ApiVersion:
        return SCREENER if self.api == "screener" else CURRENT


def _is_one_value(name: str) -> bool:
    """Return whether a name with a comma can be written in double quotes."""
    return not ("," in name and '"' in name)
