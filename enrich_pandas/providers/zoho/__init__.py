"""Zoho CRM, people and companies: Zia's enrichment, one job an identity."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from enrich_pandas.errors import ConfigurationError, ProviderError
from enrich_pandas.providers.base import (
    Flow,
    Identity,
    Kind,
    Listing,
    Provider,
    RateLimit,
    Renewal,
    Request,
    Response,
    Rule,
    Secret,
    Token,
    batched,
)
from enrich_pandas.providers.zoho import oauth
from enrich_pandas.providers.zoho.basis import chosen, in_english, is_english
from enrich_pandas.providers.zoho.errors import refusal_of
from enrich_pandas.providers.zoho.jobs import JobFlow, ended
from enrich_pandas.providers.zoho.oauth import CENTRES, centre_named, check_people
from enrich_pandas.providers.zoho.requests import CREDITS, ZohoEndpoint, quota, quota_of

__all__ = ["Zoho"]

SPELLED = ("name", "company")  # what may be written in other letters and mean the same
SHORTEST = 3  # characters; "the values of these keys must be at least three characters long"
_MODULE = re.compile(r"[A-Za-z]\w{0,99}", re.ASCII)
_RECORD = re.compile(r"\d{1,30}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zoho(Provider):
    """People and companies from Zia, the enrichment of Zoho CRM.

    A person is asked for by e-mail address, LinkedIn address, and name with company or domain:
    by all of them that the row has, for Zia takes them together and finds more by more. A name
    without a company, or a company without a name, is left out. Profiles on other networks go with
    them where ``on={"facebook_url": ..., "twitter_url": ...}`` names their columns. A company is
    asked for by its name and its domain, or the domain of an e-mail address; the address itself
    goes with them by ``on={"email": ...}``, and Zoho's configuration must map it.

    Parameters
    ----------
    client_id, client_secret, refresh_token
        The credentials; by default those of ``ZOHO_CLIENT_ID``, ``ZOHO_CLIENT_SECRET`` and
        ``ZOHO_REFRESH_TOKEN``. They are never shown. The scope needed is
        ``ZohoCRM.settings.intelligence.ALL``.
    dc
        The data centre of the account: us, eu, in, au, ca, sa, jp or cn; by default that of
        ``ZOHO_DC``, else us. People are enriched in us, in, au, ca and sa alone.
    module
        API name of the module whose enrichment configuration is used. The configuration must be
        there, and decides which fields are given.
    record_id
        Id of a record of that module. **This writes to the CRM**: Zoho fills the record's fields
        from what it finds. It is for one row: more are refused before anything is spent.
    version
        Of the API.
    transliterate
        Write names of people and companies without the marks that English has not: Žižek as Zizek,
        Müller as Muller, Strauß as Strauss. Zoho then looks for who is spelled so, who may be
        somebody else. Only Latin letters; others are refused all the same.
    patience
        Seconds to wait for a job without news. One that is still at work then is ``pending``, and
        the next call goes on waiting for it; nothing is paid twice.
    settle
        Seconds until a request whose answer was lost counts as not accepted. Until then its job is
        looked for in Zoho's list of jobs, and taken up when it is found; else the row is ``held``.
    connections
        Requests in flight at most; Zoho allows ten of the dearer ones.
    account
        A name that tells this account from another one with the same vendor.

    Raises
    ------
    ConfigurationError
        An option is not usable, or people are asked for where Zoho has none.

    Notes
    -----
    Sources: the pages "People Enrichment", "People Enrichment Details" and "Organization
    Enrichment" of Zoho CRM's API, v7, and the official OpenAPI files, v8.

    A credit is one enrichment of the organization's quota. Zoho publishes no price of one that
    finds nothing: every job that was scheduled is taken to be charged, whatever it finds.

    Values are at least three characters long and in English: others are refused before they are
    sent, as ``too_short`` and ``not_english``. For people, the extension Web Amigo must be
    installed.

    A refusal that is about one row makes it ``failed``, with Zoho's code. One that is about all of
    them, such as a quota that is used up, raises `QuotaError`, `PermissionDeniedError`,
    `AuthenticationError` or `RequestError`, with what to do.

    Examples
    --------
    >>> zoho = Zoho(dc="in", client_secret="abc")
    >>> zoho.origin, zoho.client_secret
    ('https://www.zohoapis.in', Secret(***))
    >>> zoho.price("people", [Identity.of(email="ada@example.com")])
    1.0
    """

    name: ClassVar[str] = "zoho"
    kinds: ClassVar[tuple[Kind, ...]] = ("people", "companies")
    identifiers: ClassVar[Mapping[Kind, tuple[str, ...]]] = {
        "people": (
            *("email", "linkedin_url", "facebook_url", "twitter_url"),
            *("name", "company", "domain"),
        ),
        "companies": ("domain", "company", "email_domain", "email"),
    }
    credentials: ClassVar[Mapping[str, str]] = {
        "client_id": "ZOHO_CLIENT_ID",
        "client_secret": "ZOHO_CLIENT_SECRET",
        "refresh_token": "ZOHO_REFRESH_TOKEN",
    }
    docs_url: ClassVar[str] = "https://www.zoho.com/crm/developer/docs/api/v8/"
    keys_url: ClassVar[str] = oauth.CONSOLE
    batch_size: ClassVar[int] = 1

    client_id: Secret | str | None = field(default=None, repr=False)
    client_secret: Secret | str | None = field(default=None, repr=False)
    refresh_token: Secret | str | None = field(default=None, repr=False)
    dc: str | None = None
    module: str = "Leads"
    record_id: str | None = None
    version: Literal["v8", "v7"] = "v8"
    transliterate: bool = False
    patience: float = 1800.0
    settle: float = 900.0
    connections: int = 10
    account: str = ""

    def __post_init__(self) -> None:
        given = self.dc if self.dc is not None else os.environ.get("ZOHO_DC") or "us"
        object.__setattr__(self, "dc", centre_named(given))
        _check(self)
        for name in self.credentials:
            if (secret := getattr(self, name)) is not None:
                object.__setattr__(self, name, Secret(secret))

    @property
    def origin(self) -> str:  # type: ignore[override]  # one of several, by the data centre
        """Scheme and host of the API of the account's data centre."""
        return CENTRES[self._dc].api

    @property
    def rate_limit(self) -> RateLimit | None:
        """None: Zoho limits the requests at a time, and the credits of a day."""
        return None

    def billed_options(self, kind: Kind) -> Mapping[str, Any]:
        """Return the options that change what is bought; people only where Zoho has them."""
        if kind == "people":
            check_people(self._dc)
        return {"module": self.module, "record_id": self.record_id}

    def price(self, kind: Kind, batch: Sequence[Identity]) -> float:
        """Return the enrichments that asking about this batch uses up: one each."""
        return CREDITS * len(batch)

    def renewal(self, secrets: Mapping[str, Secret]) -> Renewal:
        """Return how a token is had: from the accounts of the data centre."""
        return oauth.renewal(secrets, self._dc)

    def token(self, response: Response) -> Token:
        """Read a token; a refusal comes with status 200, too."""
        return oauth.token_of(response, self._dc)

    def is_stale(self, response: Response) -> bool:
        """Tell a refused token; one of too little scope is no better when renewed."""
        return oauth.is_stale(response)

    def auth(self, secrets: Mapping[str, Secret]) -> Mapping[str, Secret]:
        """Return the header that signs a request; Zoho's own scheme, not ``Bearer``."""
        return {"Authorization": Secret(f"Zoho-oauthtoken {secrets['access_token'].reveal()}")}

    def balance_request(self) -> Request:
        """Ask for the quota of the feature, as the official OpenAPI files have it."""
        return quota(self.version)

    def balance(self, response: Response) -> float:
        """Read the enrichments that are left of the quota."""
        return quota_of(response)

    def rules(self, kind: Kind) -> Mapping[str, Sequence[Rule]]:
        """Return Zoho's demands on every value; people only where Zoho has them."""
        if kind == "people":
            check_people(self._dc)
        return {name: self._demands(name) for name in self.identifiers[kind]}

    def identify(self, kind: Kind, values: Mapping[str, str]) -> Identity | None:
        """Choose all identifiers that Zoho takes together."""
        return chosen(kind, {name: self._spelled(name, value) for name, value in values.items()})

    def missing_reason(self, kind: Kind, values: Mapping[str, str]) -> str:
        """Say that a name needs a company beside it."""
        return "needs_company" if "name" in values else "incomplete"

    def batches(self, kind: Kind, identities: Sequence[Identity]) -> Iterator[list[Identity]]:
        """Split into single identities; with a record to write to, there is but one.

        Raises
        ------
        ConfigurationError
            Several people or companies would be written to one record.
        """
        if self.record_id is not None and len(identities) > 1:
            raise ConfigurationError(
                f"record_id names one record of the CRM, and {len(identities)} rows would be "
                "written to it.",
                cost="Nothing was spent.",
                todo="Enrich a frame of one row, or leave record_id out.",
            )
        return batched(identities, self.batch_size)

    def flow(self, kind: Kind, batch: Sequence[Identity]) -> Flow:
        """Schedule a job, wait until it has ended, and fetch what it found."""
        return JobFlow(self._endpoint(kind), self.patience, self.settle).ask(batch)

    def listing(self, kind: Kind, jobs: frozenset[str]) -> Listing:
        """Look at the list of jobs, a hundred a request; return those that have ended."""
        return ended(self._endpoint(kind), jobs)

    def error_for(self, response: Response) -> ProviderError | None:
        """Return the exception that a refusal means, with the remedy for Zoho's code."""
        refusal = refusal_of(response) if response.status >= 400 else None  # noqa: PLR2004 - HTTP's errors
        usual = Provider.error_for(self, response)
        error = refusal.error() if refusal else None
        is_right = error is not None and (response.status != 401 or isinstance(error, type(usual)))  # noqa: PLR2004 - unauthorised
        return error if is_right else usual

    def _demands(self, name: str) -> Sequence[Rule]:
        return (
            Rule("too_short", lambda value: len(self._spelled(name, value)) >= SHORTEST),
            Rule("not_english", lambda value: is_english(self._spelled(name, value))),
        )

    def _spelled(self, name: str, value: str) -> str:
        """Return a value as it is sent: an address is no matter of spelling."""
        return in_english(value) if self.transliterate and name in SPELLED else value

    def _endpoint(self, kind: Kind) -> ZohoEndpoint:
        return ZohoEndpoint(kind, self.version, self.module, self.record_id)

    @property
    def _dc(self) -> str:
        return self.dc or "us"


def _check(zoho: Zoho) -> None:
    """Refuse options that no request can be made of."""
    faults = {
        'version is "v7" or "v8"': zoho.version in ("v7", "v8"),
        "module is the API name of a module, such as Leads": bool(_MODULE.fullmatch(zoho.module)),
        "record_id is the number of a record, as text": zoho.record_id is None
        or (isinstance(zoho.record_id, str) and bool(_RECORD.fullmatch(zoho.record_id))),
        "patience and settle are seconds, more than 0": min(zoho.patience, zoho.settle) > 0,
        "connections is 1 or more": zoho.connections >= 1,
        "transliterate is True or False": isinstance(zoho.transliterate, bool),
    }
    for demand, is_met in faults.items():
        if not is_met:
            raise ConfigurationError(
                f"An option of Zoho is not usable: {demand}.",
                cost="Nothing was spent.",
                todo="Correct it, then repeat the call.",
            )
