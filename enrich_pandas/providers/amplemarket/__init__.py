"""Amplemarket, people and companies: enrichment requests, and single questions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from enrich_pandas.errors import ConfigurationError, ProviderError
from enrich_pandas.providers.amplemarket.errors import KEYS_URL, AmplemarketErrorBody
from enrich_pandas.providers.amplemarket.flows import BulkFlow, SingleFlow
from enrich_pandas.providers.amplemarket.requests import LeadKey, identity_of
from enrich_pandas.providers.amplemarket.results import AmplemarketEndpoint, endpoint_of
from enrich_pandas.providers.base import (
    Flow,
    Identity,
    Kind,
    Provider,
    RateLimit,
    Response,
    Secret,
)

__all__ = ["Amplemarket"]

# -- Which options of `Amplemarket` are allowed; refused before anything is spent ----------------

MOST_LEADS = 10_000  # in one request; a table of the documents says 100,000, their text says this

CHOICES = {
    "api": ("bulk", "single"),
    "on_late": ("leave", "cancel"),
    "lead_key": ("linkedin_url", "linkedin_id"),
}


def check(provider: Any) -> None:
    """Raise ConfigurationError for options that are not allowed."""
    for is_wrong, what, todo in _rules(provider):
        if is_wrong:
            raise ConfigurationError(what, cost="Nothing was spent.", todo=todo)


def _rules(one: Any) -> list[tuple[bool, str, str]]:
    rows, patience, connections = one.rows_at_risk, one.patience, one.connections
    return [
        *(
            (
                getattr(one, name) not in choices,
                f"Amplemarket's {name} is {getattr(one, name)!r}.",
                f"Type {name}={choices[0]!r}, which is the default, or {name}={choices[1]!r}.",
            )
            for name, choices in CHOICES.items()
        ),
        *(
            (
                not isinstance(getattr(one, name), bool),
                f"{name} is {getattr(one, name)!r}, and must be True or False.",
                f"Type {name}=True, or leave it out.",
            )
            for name in ("reveal_email", "reveal_phone_numbers")
        ),
        (
            not _is_count(rows),
            f"rows_at_risk is {rows!r}, and must be a whole number, 1 or more.",
            "Type rows_at_risk=100, for example.",
        ),
        (
            not _is_count(connections),
            f"connections is {connections!r}, and must be a whole number, 1 or more.",
            "Leave it out for the default.",
        ),
        (
            not (isinstance(patience, int | float) and 0 < patience < math.inf),
            f"patience is {patience!r}, and must be seconds, more than 0.",
            "Type patience=1800, for example.",
        ),
    ]


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 1


# -- Amplemarket, people and companies: enrichment requests, and single questions ----------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Amplemarket(Provider):
    """People and companies from Amplemarket.

    A person is asked for by the LinkedIn address, else the e-mail address, else the name together
    with the company's domain or name. A title with a company, "the treasurer of Example", is asked
    for only where ``on={"title": ...}`` says so, and where there is no name. A company is asked for
    by its domain, its LinkedIn page, or the domain of an e-mail address.

    Parameters
    ----------
    api_key
        The key; by default that of ``AMPLEMARKET_API_KEY``. It is never shown.
    reveal_email, reveal_phone_numbers
        People: also reveal an e-mail address, or phone numbers, which costs more.
    api
        ``"bulk"``, one enrichment request for many rows, or ``"single"``, one question a row.
    rows_at_risk
        Rows in one enrichment request, at most 10,000. So many are held where the answer to one is
        lost, for the vendor has no list of requests in which to look for it.
    patience
        Seconds of waits for which a request is polled in one call.
    on_late
        What comes then: ``"leave"`` it at work, its rows pending, and the next call takes it up;
        or ``"cancel"`` it, and keep what it has found.
    lead_key
        How a LinkedIn address is sent: ``"linkedin_url"`` as the API's description has it, or
        ``"linkedin_id"`` as an older page has it.
    account
        A name that tells this account from another one with the same vendor.
    connections
        Requests in flight at most.

    Raises
    ------
    ConfigurationError
        An option is not allowed; the message says what to type.

    Notes
    -----
    Sources: docs.amplemarket.com, the guide "People Search", "Start Enrichment Request",
    "Cancelling a running Enrichment Request", "Errors and Compatibility".

    A person found costs 0.5 credits, 1 more where an e-mail is revealed and 1 more where phone
    numbers are; who is not found costs nothing. The vendor counts e-mail and phone credits apart;
    here they are added. The price of a company is not published: 0.5 is assumed.

    A row is matched by what a result echoes, never by its position and never by the person's own
    data. The echo of a company is not documented: where there is none, its own domain and page
    count, if exactly one row fits. A result that names nobody holds the rows without one.

    The parameters of single questions are those of public clients, and not documented.

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
    docs_url: ClassVar[str] = "https://docs.amplemarket.com"
    keys_url: ClassVar[str] = KEYS_URL

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
    def batch_size(self) -> int:  # type: ignore[override]  # here it is an option's
        """How many identities a request may ask about."""
        return 1 if self.api == "single" else min(self.rows_at_risk, MOST_LEADS)

    @property
    def version(self) -> str:
        """Version of the vendor's API, as its description names itself."""
        return "v1"

    @property
    def rate_limit(self) -> RateLimit:
        """The vendor's documented rate limit."""
        return RateLimit(500, 60)

    def billed_options(self, kind: Kind) -> Mapping[str, Any]:
        """Return the options that change what is bought."""
        return self._endpoint(kind).flags

    def price(self, kind: Kind, batch: Sequence[Identity]) -> float:
        """Return the most credits that asking about this batch can cost."""
        return self._endpoint(kind).price * len(batch)

    def auth(self, secrets: Mapping[str, Secret]) -> Mapping[str, Secret]:
        """Return the header that signs a request."""
        return {"Authorization": Secret(f"Bearer {secrets['api_key'].reveal()}")}

    def identify(self, kind: Kind, values: Mapping[str, str]) -> Identity | None:
        """Choose the identity of a row; a name or title goes together with a domain or company."""
        if kind == "companies":
            return Provider.identify(self, kind, values)
        return identity_of(values)

    def missing_reason(self, kind: Kind, values: Mapping[str, str]) -> str:
        """Return the reason of a row whose valid identifiers are not enough."""
        return "needs_company" if {"name", "title"} & set(values) else "incomplete"

    def flow(self, kind: Kind, batch: Sequence[Identity]) -> Flow:
        """Ask about a batch, in one enrichment request or one by one.

        Raises
        ------
        Unfinished
            The vendor still works on it after `patience`: the next call takes it up.
        """
        endpoint = self._endpoint(kind)
        if self.api == "single":
            return SingleFlow(endpoint, self.patience, self.retry_after).ask(batch)
        return BulkFlow(endpoint, self.patience, self.on_late, self.retry_after).ask(batch)

    def error_for(self, response: Response) -> ProviderError | None:
        """Return the exception that a refusal means: by the vendor's code, else by the status."""
        is_refusal = response.status // 100 == 4  # noqa: PLR2004 - HTTP's class of answers
        refusal = AmplemarketErrorBody.of(response) if is_refusal else None
        named = refusal.error() if refusal and refusal.code else None
        return named or Provider.error_for(self, response)

    def _endpoint(self, kind: Kind) -> AmplemarketEndpoint:
        return endpoint_of(
            kind, self.lead_key, email=self.reveal_email, phones=self.reveal_phone_numbers
        )
