"""Zoho CRM: people and companies by Zia's enrichment, one job for each identity."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
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
from enrich_pandas.providers.records import RecordType
from enrich_pandas.providers.zoho import oauth
from enrich_pandas.providers.zoho.basis import (
    choose_identity,
    has_english_letters,
    to_english_letters,
)
from enrich_pandas.providers.zoho.companies import COMPANIES
from enrich_pandas.providers.zoho.errors import parse_error
from enrich_pandas.providers.zoho.jobs import JobFlow, list_ended
from enrich_pandas.providers.zoho.oauth import DATA_CENTERS, check_people, parse_data_center
from enrich_pandas.providers.zoho.people import PEOPLE
from enrich_pandas.providers.zoho.requests import CREDITS, ZohoEndpoint, parse_quota, quota_request

__all__ = ["Zoho"]

TRANSLITERATED = ("name", "company")
MIN_LENGTH = 3  # characters; "the values of these keys must be at least three characters long"
_MODULE = re.compile(r"[A-Za-z]\w{0,99}", re.ASCII)
_RECORD = re.compile(r"\d{1,30}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zoho(Provider):
    """People and companies from Zia, the enrichment of Zoho CRM.

    A person is requested by all of e-mail address, LinkedIn URL, and name with company or domain
    that the row has, because Zia finds more with more identifiers. A name without a company, or a
    company without a name, is left out. Profiles on other networks are added with
    ``on={"facebook_url": ..., "twitter_url": ...}``. A company is requested by its name and its
    domain, or the domain of an e-mail address. The address itself is added with
    ``on={"email": ...}``, if Zoho's configuration maps it.

    Parameters
    ----------
    client_id, client_secret, refresh_token
        The credentials, by default the values of ``ZOHO_CLIENT_ID``, ``ZOHO_CLIENT_SECRET`` and
        ``ZOHO_REFRESH_TOKEN``. They are never shown. The required scope is
        ``ZohoCRM.settings.intelligence.ALL``.
    dc
        The account's data center: us, eu, in, au, ca, sa, jp or cn; by default the value of
        ``ZOHO_DC``, else us. People are enriched only in us, in, au, ca and sa.
    module
        API name of the module whose enrichment configuration is used. It must exist, and decides
        which fields are delivered.
    record_id
        Id of a record of that module. **This writes to the CRM**: Zoho fills the record's fields
        with what it finds. Only for a frame of one row; more rows are refused before anything is
        spent.
    version
        Version of the API.
    transliterate
        Write the names of people and companies without diacritics: Žižek as Zizek, Müller as
        Muller, Strauß as Strauss. Zoho then searches for that spelling, which can belong to another
        person. Only Latin letters are transliterated; other letters are refused.
    patience
        Seconds to wait for a job without news. After that its row is ``pending``, and the next call
        continues to wait. Nothing is paid twice.
    settle
        Seconds after which a request with a lost answer counts as not accepted. Until then its job
        is searched for in Zoho's list of jobs, and used if found. Otherwise the row is ``held``.
    connections
        Maximum number of requests in flight; Zoho allows ten.
    account
        A name that distinguishes this account from another one with the same vendor.

    Raises
    ------
    ConfigurationError
        An option is not valid, or people are requested in a data center without them.

    Notes
    -----
    Sources: the pages "People Enrichment", "People Enrichment Details" and "Organization
    Enrichment" of Zoho CRM's API, v7, and the official OpenAPI files, v8.

    A credit is one enrichment of the organization's quota. Zoho publishes no price of a job without
    a match: every scheduled job is assumed to be charged.

    Values must have at least three characters, all English. Other values are refused before they
    are sent, as ``too_short`` and ``not_english``. For people, the extension Web Amigo must be
    installed.

    An error about one row makes it ``failed``, with Zoho's code. An error about all rows, such as a
    quota that is used up, raises `QuotaError`, `PermissionDeniedError`, `AuthenticationError` or
    `RequestError`, with what to do.

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
    record_types: ClassVar[tuple[RecordType, ...]] = (PEOPLE, COMPANIES)
    docs_url: ClassVar[str] = "https://www.zoho.com/crm/developer/docs/api/v8/"
    keys_url: ClassVar[str] = oauth.CONSOLE
    batch_size: ClassVar[int] = 1
    # Transliteration changes the identity itself, which is a part of the fingerprint.
    unbilled_options: ClassVar[Mapping[Kind, tuple[str, ...]]] = {
        "people": ("patience", "settle", "transliterate"),
        "companies": ("patience", "settle", "transliterate"),
    }

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
        object.__setattr__(self, "dc", parse_data_center(given))
        _check(self)
        for name in self.credentials:
            if (secret := getattr(self, name)) is not None:
                object.__setattr__(self, name, Secret(secret))

    @property
    def origin(self) -> str:  # type: ignore[override]  # depends on the data center
        """Scheme and host of the API in the account's data center."""
        return DATA_CENTERS[self._dc].api

    @property
    def rate_limit(self) -> RateLimit | None:
        """None: Zoho limits concurrent requests, and credits a day."""
        return None

    def billed_options(self, kind: Kind) -> Mapping[str, Any]:
        """Return the options that decide what is bought.

        Raises
        ------
        ConfigurationError
            The data center has no people.
        """
        if kind == "people":
            check_people(self._dc)
        return Provider.billed_options(self, kind)

    def price(self, kind: Kind, batch: Sequence[Identity]) -> float:
        """Return the enrichments that this batch uses: one for each identity."""
        return CREDITS * len(batch)

    def renewal(self, secrets: Mapping[str, Secret]) -> Renewal:
        """Return the request for a token, to the accounts of the data center."""
        return oauth.renewal(secrets, self._dc)

    def token(self, response: Response) -> Token:
        """Parse a token. A refusal can have the status 200."""
        return oauth.token_of(response, self._dc)

    def is_stale(self, response: Response) -> bool:
        """Return whether the token is refused; its scope does not change with a new one."""
        return oauth.is_stale(response)

    def auth(self, secrets: Mapping[str, Secret]) -> Mapping[str, Secret]:
        """Return the header that signs a request, by Zoho's own scheme instead of ``Bearer``."""
        return {"Authorization": Secret(f"Zoho-oauthtoken {secrets['access_token'].reveal()}")}

    def balance_request(self) -> Request:
        """Return the request for the quota, by the official OpenAPI files."""
        return quota_request(self.version)

    def balance(self, response: Response) -> float:
        """Parse the number of enrichments that are left of the quota."""
        return parse_quota(response)

    def rules(self, kind: Kind) -> Mapping[str, Sequence[Rule]]:
        """Return Zoho's requirements on every value.

        Raises
        ------
        ConfigurationError
            The data center has no people.
        """
        if kind == "people":
            check_people(self._dc)
        return {name: self._rules(name) for name in self.identifiers[kind]}

    def identify(self, kind: Kind, values: Mapping[str, str]) -> Identity | None:
        """Return the identity with all identifiers that Zoho takes together."""
        return choose_identity(
            kind, {name: self._format(name, value) for name, value in values.items()}
        )

    def missing_reason(self, kind: Kind, values: Mapping[str, str]) -> str:
        """Return the reason code of a row whose identifiers are not enough."""
        return "needs_company" if "name" in values else "incomplete"

    def batches(self, kind: Kind, identities: Sequence[Identity]) -> Iterator[list[Identity]]:
        """Split into single identities.

        Raises
        ------
        ConfigurationError
            ``record_id`` is given, and several rows would be written to that record.
        """
        if self.record_id is not None and len(identities) > 1:
            raise ConfigurationError(
                f"record_id={self.record_id!r} is one record, and {len(identities)} rows would be "
                "written to it.",
                todo="Enrich a frame of one row, or leave record_id out.",
            )
        return batched(identities, self.batch_size)

    def flow(self, kind: Kind, batch: Sequence[Identity]) -> Flow:
        """Schedule a job, wait until it has ended, and fetch its result."""
        return JobFlow(self._endpoint(kind), self.patience, self.settle).run(batch)

    def listing(self, kind: Kind, jobs: frozenset[str]) -> Listing:
        """Read the list of jobs, a hundred in a request; return those that have ended."""
        return list_ended(self._endpoint(kind), jobs)

    def error_for(self, response: Response) -> ProviderError | None:
        """Return the exception for an error response, with the remedy for Zoho's code."""
        default = Provider.error_for(self, response)
        body = parse_error(response) if response.is_error else None
        error = body.error() if body else None
        is_unauthorized = response.status == HTTPStatus.UNAUTHORIZED
        if error is None or (is_unauthorized and not isinstance(error, type(default))):
            return default
        return error

    def _rules(self, name: str) -> Sequence[Rule]:
        return (
            Rule("too_short", lambda value: len(self._format(name, value)) >= MIN_LENGTH),
            Rule("not_english", lambda value: has_english_letters(self._format(name, value))),
        )

    def _format(self, name: str, value: str) -> str:
        """Return a value as it is sent. Only names are transliterated."""
        return to_english_letters(value) if self.transliterate and name in TRANSLITERATED else value

    def _endpoint(self, kind: Kind) -> ZohoEndpoint:
        return ZohoEndpoint(kind, self.version, self.module, self.record_id)

    @property
    def _dc(self) -> str:
        return self.dc or "us"


def _check(zoho: Zoho) -> None:
    """Raise ConfigurationError for options that are not valid."""
    is_record = isinstance(zoho.record_id, str) and bool(_RECORD.fullmatch(zoho.record_id))
    rules = {
        "version": (zoho.version in ("v7", "v8"), 'version="v8" or version="v7"'),
        "module": (bool(_MODULE.fullmatch(zoho.module)), 'module="Leads", an API name of a module'),
        "record_id": (
            zoho.record_id is None or is_record,
            'record_id="1234567", the number of a record as text',
        ),
        "patience": (zoho.patience > 0, "patience=1800, in seconds, more than 0"),
        "settle": (zoho.settle > 0, "settle=900, in seconds, more than 0"),
        "connections": (zoho.connections >= 1, "connections=10, 1 or more"),
        "transliterate": (isinstance(zoho.transliterate, bool), "transliterate=True or False"),
    }
    for name, (is_valid, example) in rules.items():
        if not is_valid:
            raise ConfigurationError(
                f"{name}={getattr(zoho, name)!r} is not a valid option of Zoho.",
                todo=f"Type for example {example}.",
            )
