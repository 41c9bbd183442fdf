"""Crustdata, people and companies: both generations of its API."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
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
)
from enrich_pandas.providers.crustdata.current import CURRENT
from enrich_pandas.providers.crustdata.errors import BatchFlow, CrustdataErrorBody, verdict
from enrich_pandas.providers.crustdata.prices import Prices
from enrich_pandas.providers.crustdata.requests import ApiVersion, ConfiguredEndpoint
from enrich_pandas.providers.crustdata.screener import SCREENER
from enrich_pandas.providers.decoding import decoder_of

__all__ = ["Crustdata", "Prices"]

# -- Which options of `Crustdata` go together; refused before anything is spent ------------------

APIS = ("2025-11-01", "screener")


def check(provider: Any) -> None:
    """Raise ConfigurationError for options that do not go together."""
    for is_wrong, what, todo in _rules(provider):
        if is_wrong:
            raise ConfigurationError(what, cost="Nothing was spent.", todo=todo)


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
            "Crustdata's current API serves its database only; it fetches nothing live.",
            'Type Crustdata(api="screener", realtime=True) to fetch profiles live.',
        ),
        (
            one.force_fetch and not one.realtime,
            "force_fetch can only be used with realtime.",
            'Type Crustdata(api="screener", realtime=True, force_fetch=True).',
        ),
        (
            one.preview and one.realtime,
            "A preview is never fetched live.",
            "Leave out either preview or realtime.",
        ),
        (
            least is not None and is_screener,
            "The screener knows no min_similarity_score.",
            'Leave it out and filter by the score it gives, or use api="2025-11-01".',
        ),
        (
            least is not None and not 0 <= least <= 1,
            f"min_similarity_score is {least}, and must be from 0 to 1.",
            "Type min_similarity_score=0.8, for example.",
        ),
        *(
            (
                size is not None and not 1 <= size <= 25,  # noqa: PLR2004 - the vendor's limit
                f"{name} is {size}, and must be from 1 to 25.",
                "Leave it out for the default.",
            )
            for name, size in sizes.items()
        ),
        *(
            (
                getattr(one, name) is not None and not isinstance(getattr(one, name), Prices),
                f"{name} is {getattr(one, name)!r}, and must be Prices.",
                f"Type {name}=Prices(base=0.5); `enrich_pandas.providers.crustdata` has it.",
            )
            for name in ("prices", "company_prices")
        ),
        (
            fields is not None and (isinstance(fields, str) or not _are_names(fields)),
            "fields is not a list of the vendor's field names.",
            'Type fields=["basic_profile", "experience"], for example; names hold no comma.',
        ),
    ]


def _are_names(fields: Any) -> bool:
    names = list(fields)
    return bool(names) and all(isinstance(n, str) and n.strip() and "," not in n for n in names)


# -- Crustdata, people and companies: both generations of its API --------------------------------

LONGEST_RESET = 3600.0  # seconds; a larger x-ratelimit-reset is no duration


class _Balance(msgspec.Struct):
    credits: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Crustdata(Provider):
    """People by LinkedIn address or business e-mail, and companies, from Crustdata.

    A company is asked for by its domain, its LinkedIn page, the domain of an e-mail address, or
    its name.

    Parameters
    ----------
    api
        ``"2025-11-01"``, the current API, or ``"screener"``, the one before it, which alone can
        fetch a profile live.
    api_key
        The key; by default that of ``CRUSTDATA_API_KEY``. It is never shown.
    account
        A name that tells this account from another one with the same vendor.
    fields
        The vendor's own names of fields or sections, with dots for parts of them. By default all
        that the base price covers; of companies in the screener, the vendor's own default, for
        the others are not open to every account.
    business_email
        People: also find business e-mails, which costs more.
    realtime
        Screener only: fetch what is not in the database live.
    force_fetch
        People, screener only, with ``realtime``: fetch live in any case.
    preview
        People: only a few basic fields, at no cost. The vendor opens this to chosen accounts.
    min_similarity_score
        People, current API only, for e-mails: the least confidence, 0 to 1, that counts as found.
    exact_match
        Companies: True for no company but that of exactly this domain, False for similar ones
        too. By default as the vendor decides.
    emails_per_request, companies_per_request
        By default 25 with the current API, and 1 with the screener, whose answers do not say
        which of them they are about. With more, a company is known by its own domain, page or
        name.
    connections
        Requests in flight at most.
    rate
        Your contract's rate limit; by default 15 requests in 60 seconds.
    prices
        Your contract's prices of people, in credits; by default those that the vendor publishes.
    company_prices
        Those of companies.

    Raises
    ------
    ConfigurationError
        The options do not go together; the message says what to type.

    Notes
    -----
    Sources: docs.crustdata.com/person-docs/enrichment and ``/company-docs/enrichment``
    (2025-11-01), and the pages "People Enrichment API" and "Company Enrichment API" of 2024-11-01
    (screener). Nobody is charged for who is not found.

    A row is matched by what the answer echoes, never by its position. Of a batch that is refused
    for one malformed address, that one is found and the others are asked about again.

    Several companies may be given for one identifier. The one whose own domain, page or name it
    is, is taken; where that is not exactly one, the row fails as ``ambiguous``. A company that is
    given alone and is not exactly the one asked for is matched with the reason ``inexact`` in the
    current API, and fails with it in the screener, which does not say what it answers.

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
    docs_url: ClassVar[str] = "https://docs.crustdata.com"
    keys_url: ClassVar[str] = "https://app.crustdata.com"
    batch_size: ClassVar[int] = 25

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
        """The vendor's documented rate limit, or your contract's."""
        return self.rate or RateLimit(15, 60)

    def billed_options(self, kind: Kind) -> Mapping[str, Any]:
        """Return the options that change what is bought."""
        enquiry = self._enquiry(kind)
        options = {name: getattr(self, name) for name in enquiry.endpoint.billed}
        return {"fields": sorted(set(enquiry.fields)), **options}

    def price(self, kind: Kind, batch: Sequence[Identity]) -> float:
        """Return the most credits that asking about this batch can cost."""
        return self._enquiry(kind).price() * len(batch)

    def auth(self, secrets: Mapping[str, Secret]) -> Mapping[str, Secret]:
        """Return the header that signs a request: ``Token`` for the screener, else ``Bearer``."""
        return {"Authorization": Secret(f"{self._api.scheme} {secrets['api_key'].reveal()}")}

    def balance_request(self) -> Request:
        """Ask for what is left: ``GET /account/credits``; the screener has ``/user/credits``."""
        return Request(method="GET", path=self._api.credits, headers=self._api.headers)

    def balance(self, response: Response) -> float:
        """Read ``{"credits": n}``."""
        return decoder_of(_Balance).decode(response.body).credits

    def rules(self, kind: Kind) -> Mapping[str, Sequence[Rule]]:
        """Return the vendor's own demands: what goes into the line of a GET must fit into it."""
        if not self._api.has_lines:
            return {}
        enquiry = self._enquiry(kind)
        rules = {
            name: [Rule("too_long", partial(enquiry.fits, KEYS.get(name, name)))]
            for name in self.identifiers[kind]
        }
        if "company" in rules:
            rules["company"].append(Rule("separator", _is_one_value))
        return rules

    def batches(self, kind: Kind, identities: Sequence[Identity]) -> Iterator[list[Identity]]:
        """Split into batches of one identifier each, addresses first, that fit into a request."""
        return self._enquiry(kind).batches(identities)

    def flow(self, kind: Kind, batch: Sequence[Identity]) -> Flow:
        """Ask about a batch in one billed request, and bind the answer by what it echoes."""
        enquiry = self._enquiry(kind)
        asker = BatchFlow(enquiry.request, enquiry.read, self.retry_after)
        matches: list[Match] = []
        for part in enquiry.batches(batch):  # one, but for a batch made elsewhere
            matches += yield from asker.ask(part)
        return matches

    def refuses(self, response: Response) -> bool:
        """Tell whether a 500 names one of the screener's codes: no data, hence no charge."""
        is_documented = self._api is SCREENER and response.status == 500  # noqa: PLR2004 - of PE02
        return is_documented and verdict(CrustdataErrorBody.of(response).words) is not None

    def retry_after(self, response: Response) -> float | None:
        """Return the seconds to wait: ``Retry-After``, else ``x-ratelimit-reset`` of a 429."""
        asked = Provider.retry_after(self, response)
        reset = self.allowance(response).reset
        if asked is None and response.status == 429 and reset and reset <= LONGEST_RESET:  # noqa: PLR2004 - too many requests
            return reset
        return asked

    def error_for(self, response: Response) -> ProviderError | None:
        """Return the exception that a refusal means; a 403 tells the fields it is for."""
        error = Provider.error_for(self, response)
        said = " ".join(CrustdataErrorBody.of(response).words)
        asked = dict.fromkeys(name for kind in self.kinds for name in self._enquiry(kind).fields)
        gated = [name for name in asked if re.search(rf"\b{re.escape(name)}\b", said)]
        if error is not None and response.status == 403 and gated:  # noqa: PLR2004 - forbidden
            error.todo = f"Leave {', '.join(gated)} out of fields=…, or ask the vendor for access."
        return error

    def _enquiry(self, kind: Kind) -> ConfiguredEndpoint:
        endpoint = self._api.endpoints[kind]
        own = self.prices if kind == "people" else self.company_prices
        return ConfiguredEndpoint(self._api, endpoint, self, own or endpoint.prices)

    @property
    def _api(self) -> ApiVersion:
        return SCREENER if self.api == "screener" else CURRENT


def _is_one_value(name: str) -> bool:
    """Tell whether a name can be put into double quotes, for its comma is none of a list."""
    return not ("," in name and '"' in name)
