"""Amplemarket: people and companies, by enrichment requests or one by one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar, Literal

from enrich_pandas.errors import ConfigurationError, ProviderError
from enrich_pandas.providers.amplemarket.companies import COMPANIES, SINGLE_COMPANIES
from enrich_pandas.providers.amplemarket.errors import KEYS_URL, AmplemarketErrorBody
from enrich_pandas.providers.amplemarket.flows import BulkFlow, SingleFlow
from enrich_pandas.providers.amplemarket.people import PEOPLE, SINGLE_PEOPLE
from enrich_pandas.providers.amplemarket.requests import (
    AmplemarketEndpoint,
    LeadKey,
    endpoint_of,
    identity_of,
)
from enrich_pandas.providers.base import (
    Flow,
    Identity,
    Kind,
    Provider,
    RateLimit,
    Response,
    Secret,
)
from enrich_pandas.providers.records import RecordType

__all__ = ["Amplemarket"]

MAX_LEADS = 10_000  # in one request, by the text of the documents; a table says 100,000

CHOICES = {
    "api": ("bulk", "single"),
    "on_late": ("leave", "cancel"),
    "lead_key": ("linkedin_url", "linkedin_id"),
}


def check(provider: Any) -> None:
    """Raise ConfigurationError for options that are not valid."""
    for is_wrong, what, todo in _rules(provider):
        if is_wrong:
            raise ConfigurationError(what, todo=todo)


def _rules(one: Any) -> list[tuple[bool, str, str]]:
    rows, patience, connections = one.rows_at_risk, one.patience, one.connections
    return [
        *(
            (
                getattr(one, name) not in choices,
                f"{name}={getattr(one, name)!r} is not a valid option of Amplemarket.",
                f"Type {name}={choices[0]!r}, the default, or {name}={choices[1]!r}.",
            )
            for name, choices in CHOICES.items()
        ),
        *(
            (
                not isinstance(getattr(one, name), bool),
                f"{name}={getattr(one, name)!r} is neither True nor False.",
                f"Type {name}=True, or leave it out.",
            )
            for name in ("reveal_email", "reveal_phone_numbers")
        ),
        (
            not _is_count(rows),
            f"rows_at_risk={rows!r} is not a whole number, 1 or more.",
            "Type for example rows_at_risk=100.",
        ),
        (
            not _is_count(connections),
            f"connections={connections!r} is not a whole number, 1 or more.",
            "Leave it out for the default.",
        ),
        (
            not (isinstance(patience, int | float) and 0 < patience < math.inf),
            f"patience={patience!r} is not a number of seconds, more than 0.",
            "Type for example patience=1800.",
        ),
    ]


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Amplemarket(Provider):
    """People and companies from Amplemarket.

    A person is requested by LinkedIn URL, else by e-mail address, else by name together with the
    company's domain or name. A title with a company, such as "the treasurer of Example", is used
    only with ``on={"title": ...}`` and if there is no name. A company is requested by its domain,
    its LinkedIn page, or the domain of an e-mail address.

    Parameters
    ----------
    api_key
        The key, by default the value of ``AMPLEMARKET_API_KEY``. It is never shown.
    reveal_email, reveal_phone_numbers
        People: also reveal an e-mail address, or phone numbers, at an additional price.
    api
        ``"bulk"``, one enrichment request for many rows, or ``"single"``, one request for each row.
    rows_at_risk
        Rows in one enrichment request, at most 10,000. If the answer that starts it is lost, this
        many rows are held, because the vendor has no list in which to find the request.
    patience
        Seconds to poll an enrichment request in one call.
    on_late
        What to do after that: ``"leave"`` it running, its rows pending until the next call, or
        ``"cancel"`` it and keep its results so far.
    lead_key
        How to send a LinkedIn URL: as ``"linkedin_url"``, by the description of the API, or as
        ``"linkedin_id"``, by an older page.
    account
        A name that distinguishes this account from another one with the same vendor.
    connections
        Maximum number of requests in flight.

    Raises
    ------
    ConfigurationError
        An option is not valid. The message says what to type.

    Notes
    -----
    Sources: docs.amplemarket.com, the guide "People Search", "Start Enrichment Request",
    "Cancelling a running Enrichment Request", "Errors and Compatibility".

    A match costs 0.5 credits, 1 more if an e-mail address is revealed, and 1 more if phone numbers
    are. No match costs nothing. The vendor counts e-mail and phone credits separately; here they
    are added. The price of a company is not published: 0.5 is assumed.

    A row is matched by the identifier that a result echoes, never by position or by the person's
    data. The echo of a company is not documented. Without one, its own domain and page count, if
    exactly one row fits. A result that names no requested identity holds the rows without one.

    The parameters of ``api="single"`` are those of public clients; they are not documented.

    Examples
    --------
    >>> provider = Amplemarket(api_key="abc", reveal_email=True)
    >>> provider.api_key, provider.price("people", [Identity.of(email="ada@example.com")])
    (Secret(***), 1.5)
    """

    name: ClassVar[str] = "amplemarket"
    kinds: ClassVar[tuple[Kind, ...]] = ("people", "companies")
    identifiers: ClassVar[Mapping[Kind, tuple[str, ...]]] = {
        "people": ("linkedin_url", "email", "name", "title", "domain", "company"),
        "companies": ("domain", "company_linkedin_url", "email_domain"),
    }
    origin: ClassVar[str] = "https://api.amplemarket.com"
    credentials: ClassVar[Mapping[str, str]] = {"api_key": "AMPLEMARKET_API_KEY"}
    record_types: ClassVar[tuple[RecordType, ...]] = (
        PEOPLE,
        COMPANIES,
        SINGLE_PEOPLE,
        SINGLE_COMPANIES,
    )
    docs_url: ClassVar[str] = "https://docs.amplemarket.com"
    keys_url: ClassVar[str] = KEYS_URL
    unbilled_options: ClassVar[Mapping[Kind, tuple[str, ...]]] = {
        "people": ("api", "rows_at_risk", "patience", "on_late", "lead_key"),
        "companies": (
            *("api", "rows_at_risk", "patience", "on_late", "lead_key"),
            *("reveal_email", "reveal_phone_numbers"),
        ),
    }

    api_key: Secret | str | None = field(default=None, repr=False)
    reveal_email: bool = False
    reveal_phone_numbers: bool = False
    api: Literal["bulk", "single"] = "bulk"
    rows_at_risk: int = 100
    patience: float = 1800.0
    on_late: Literal["leave", "cancel"] = "leave"
    lead_key: LeadKey = "linkedin_url"
    account: str = ""
    connections: int = 8

    def __post_init__(self) -> None:
        check(self)
        if self.api_key is not None:
            object.__setattr__(self, "api_key", Secret(self.api_key))

    @property
    def batch_size(self) -> int:  # type: ignore[override]  # depends on an option
        """Maximum number of identities in a request."""
        return 1 if self.api == "single" else min(self.rows_at_risk, MAX_LEADS)

    @property
    def version(self) -> str:
        """Version of the vendor's API, as its description states it."""
        return "v1"

    @property
    def rate_limit(self) -> RateLimit:
        """The vendor's documented rate limit."""
        return RateLimit(500, 60)

    def price(self, kind: Kind, batch: Sequence[Identity]) -> float:
        """Return the maximum cost of requesting this batch, in credits."""
        return self._endpoint(kind).price * len(batch)

    def auth(self, secrets: Mapping[str, Secret]) -> Mapping[str, Secret]:
        """Return the header that signs a request."""
        return {"Authorization": Secret(f"Bearer {secrets['api_key'].reveal()}")}

    def identify(self, kind: Kind, values: Mapping[str, str]) -> Identity | None:
        """Return the identity of a row; a name or title needs a domain or company."""
        if kind == "companies":
            return Provider.identify(self, kind, values)
        return identity_of(values)

    def missing_reason(self, kind: Kind, values: Mapping[str, str]) -> str:
        """Return the reason code of a row whose valid identifiers are not enough."""
        return "needs_company" if {"name", "title"} & set(values) else "incomplete"

    def flow(self, kind: Kind, batch: Sequence[Identity]) -> Flow:
        """Request a batch, in one enrichment request or one by one.

        Raises
        ------
        Unfinished
            The vendor is still working after ``patience``. The next call continues.
        """
        endpoint = self._endpoint(kind)
        if self.api == "single":
            return SingleFlow(endpoint, self.patience, self.retry_after).run(batch)
        return BulkFlow(endpoint, self.patience, self.on_late, self.retry_after).run(batch)

    def error_for(self, response: Response) -> ProviderError | None:
        """Return the exception for an error response, by the vendor's code, else by the status."""
        is_refusal = response.is_error and response.status < HTTPStatus.INTERNAL_SERVER_ERROR
        refusal = AmplemarketErrorBody.of(response) if is_refusal else None
        named = refusal.error() if refusal and refusal.code else None
        return named or Provider.error_for(self, response)

    def _endpoint(self, kind: Kind) -> AmplemarketEndpoint:
        return endpoint_of(
            kind, self.lead_key, email=self.reveal_email, phones=self.reveal_phone_numbers
        )
