"""The provider interface: what the author of a provider writes.

A provider describes requests and parses answers. It sends nothing, waits for nothing and knows no
DataFrame, so it is tested without a network and without a mock.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec

from enrich_pandas.errors import (
    AuthenticationError,
    ConfigurationError,
    PermissionDeniedError,
    ProviderError,
    QuotaError,
    RateLimitError,
    RequestError,
    UnavailableError,
)
from enrich_pandas.providers.records import RecordType
from enrich_pandas.providers.types import (
    NOTHING,
    Allowance,
    Flow,
    Identity,
    Kind,
    Listing,
    Match,
    Outcome,
    RateLimit,
    Renewal,
    Request,
    Response,
    Rule,
    Secret,
    Token,
    Unfinished,
    Wait,
    WaitForJob,
    batched,
    held,
)
from enrich_pandas.statuses import Status

__all__ = [
    "NOTHING",
    "Allowance",
    "Flow",
    "Identity",
    "Kind",
    "Listing",
    "Match",
    "Outcome",
    "Provider",
    "RateLimit",
    "Renewal",
    "Request",
    "Response",
    "Rule",
    "Secret",
    "Status",
    "Token",
    "Unfinished",
    "Wait",
    "WaitForJob",
    "batched",
    "held",
]

# Fields that no provider buys by. The account is a part of the fingerprint of its own.
UNBILLED_OPTIONS = frozenset({"account", "connections", "rate", "rate_limit", "prices"})


class Provider(ABC):
    """A vendor, or another source: describes requests and parses answers.

    Attributes
    ----------
    name : str
        The name to type, and the value of the ``…_provider`` column.
    kinds : tuple of {"people", "companies"}
        What it enriches.
    identifiers : mapping of str to tuple of str
        For each kind, the identifiers that it takes, the preferred one first.
    origin : str
        Scheme and host of the API. The credential is sent there and nowhere else.
    version : str
        Version of the vendor's API, a part of every fingerprint: another version is another
        answer.
    batch_size : int
        Maximum number of identities in a request.
    rate_limit : RateLimit or None
        The vendor's documented rate limit.
    connections : int
        Maximum number of requests in flight.
    account : str
        Distinguishes accounts with one vendor, a part of every fingerprint. Never the key, which
        can be renewed.
    credentials : mapping of str to str
        The name of each credential, and the environment variable that can hold it.
    unbilled_options : mapping of str to tuple of str
        For each kind, the options that change neither what is bought nor the answer. See
        `billed_options`.
    record_types : tuple of RecordType
        The types of the records that it returns, if it returns no models.
    docs_url, keys_url : str
        Where the vendor documents the API, and where to get a key.

    See Also
    --------
    enrich_pandas.testing.ProviderContract : Tests that every provider must pass.
    """

    name: ClassVar[str]
    kinds: ClassVar[tuple[Kind, ...]]
    identifiers: ClassVar[Mapping[Kind, tuple[str, ...]]]
    origin: ClassVar[str]
    credentials: ClassVar[Mapping[str, str]] = NOTHING
    unbilled_options: ClassVar[Mapping[Kind, tuple[str, ...]]] = MappingProxyType({})
    record_types: ClassVar[tuple[RecordType, ...]] = ()
    docs_url: ClassVar[str] = ""
    keys_url: ClassVar[str] = ""
    batch_size: ClassVar[int] = 1
    connections: int = 8
    account: str = ""

    @property
    @abstractmethod
    def version(self) -> str:
        """Version of the vendor's API."""

    @property
    @abstractmethod
    def rate_limit(self) -> RateLimit | None:
        """The vendor's documented rate limit."""

    @abstractmethod
    def price(self, kind: Kind, batch: Sequence[Identity]) -> float:
        """Return the maximum cost of requesting this batch, in credits."""

    @abstractmethod
    def flow(self, kind: Kind, batch: Sequence[Identity]) -> Flow:
        """Yield requests and waits, receive responses, return one match for each identity.

        The order of an answer proves nothing: bind each element by the identifier that it echoes.
        Answer a lost response with `held`.
        """

    def billed_options(self, kind: Kind) -> Mapping[str, Any]:
        """Return the options that decide what is bought; a part of every fingerprint.

        By default these are all options: every field of a dataclass, and every public attribute
        that ``__init__`` sets. Credentials, ``account``, ``connections``, ``rate``, ``prices`` and
        the names in `unbilled_options` are left out. An answer that was bought with one value is
        never used for a call with another value.

        Returns
        -------
        mapping of str to Any
            Plain values that are the same in every process, and no credential.

        Raises
        ------
        ConfigurationError
            An option has a value that cannot be stored, such as a function.
        """
        left_out = UNBILLED_OPTIONS.union(self.credentials, self.unbilled_options.get(kind, ()))
        return {
            name: _plain(self.name, name, value)
            for name, value in sorted(options_of(self).items())
            if name not in left_out and not isinstance(value, Secret | RateLimit)
        }

    def listing(self, kind: Kind, jobs: frozenset[str]) -> Listing:
        """Yield the requests that read the vendor's list of jobs; return those that have ended.

        For a provider whose flows yield `WaitForJob`. One listing serves all open jobs.
        """
        raise NotImplementedError(f"{self.name} lists no jobs.")

    def renewal(self, secrets: Mapping[str, Secret]) -> Renewal | None:
        """Return the request for a short-lived token; None if the credentials sign requests.

        The token is then passed to `auth` as ``access_token``.
        """
        return None

    def token(self, response: Response) -> Token:
        """Parse the response to a `renewal`.

        Raises
        ------
        ProviderError
            It holds no token. The message says why, and what to do.
        """
        raise NotImplementedError(f"{self.name} renews no token.")

    def is_stale(self, response: Response) -> bool:
        """Return whether a response refuses the short-lived token, so that a new one can help."""
        return False

    def auth(self, secrets: Mapping[str, Secret]) -> Mapping[str, Secret]:
        """Return the headers that sign a request."""
        return {}

    def balance_request(self) -> Request | None:
        """Return the free request that reads the account's balance.

        None if the vendor documents none. `balance` parses its response.
        """
        return None

    def balance(self, response: Response) -> float | None:
        """Parse the balance, in the credits of `price`. An exception counts as None."""
        return None

    def rules(self, kind: Kind) -> Mapping[str, Sequence[Rule]]:
        """Return the vendor's own requirements on each identifier."""
        return {}

    def identify(self, kind: Kind, values: Mapping[str, str]) -> Identity | None:
        """Return the identity of a row from its valid identifiers, or None.

        By default the first of `identifiers` that the row has.
        """
        return next(
            (
                Identity.of(**{KEYS.get(name, name): values[name]})
                for name in self.identifiers[kind]
                if name in values
            ),
            None,
        )

    def missing_reason(self, kind: Kind, values: Mapping[str, str]) -> str:
        """Return the reason code of a row whose valid identifiers are not enough."""
        return "incomplete"

    def batches(self, kind: Kind, identities: Sequence[Identity]) -> Iterator[list[Identity]]:
        """Split distinct identities into batches of at most ``batch_size``."""
        return batched(identities, self.batch_size)

    def error_for(self, response: Response) -> ProviderError | None:
        """Return the exception for an error response; None if the response is not an error.

        A 401, 402 or 403 stops the run.
        """
        status = response.status
        is_server_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        error = ERRORS.get(status, UnavailableError if is_server_error else None)
        if error is None:
            return None
        what = MESSAGES.get(status, "failed" if is_server_error else "refused the request")
        todo = TODO.get(status, "Repeat the call later: it continues from here.")
        variable = next(iter(self.credentials.values()), "the credential")
        return error(
            f"{self.name} {what} ({status}).",
            cost=UNCHARGED,
            todo=todo.format(url=self.keys_url or self.docs_url, variable=variable),
        )

    def refuses(self, response: Response) -> bool:
        """Return whether a 5xx response says that nothing was charged.

        By default it does not: after a server error the request can have been accepted.
        """
        return False

    def allowance(self, response: Response) -> Allowance:
        """Parse what is left of the rate limit; by default the headers ``x-ratelimit-*``."""
        return Allowance(
            *(_number(response.headers.get(f"x-ratelimit-{n}")) for n in Allowance._fields)
        )

    def retry_after(self, response: Response) -> float | None:
        """Return the seconds that the vendor asks to wait, or None.

        A date is compared with the response's own ``Date``, so that a wrong local clock does no
        harm.
        """
        text = response.headers.get("retry-after", "").strip()
        if re.fullmatch(r"\d+", text):
            return float(text) or None
        try:
            until = parsedate_to_datetime(text)
            now = parsedate_to_datetime(response.headers.get("date", ""))
            seconds = (until - now).total_seconds()
        except (TypeError, ValueError):  # not a date, or only one of the two has a time zone
            return None
        return seconds if seconds > 0 else None


# The domain of an e-mail address identifies a company just as its website does.
KEYS: Mapping[str, str] = {"email_domain": "domain"}
UNCHARGED = "Nothing was charged for the refused request. The results so far are kept."
ERRORS: Mapping[int, type[ProviderError]] = {
    HTTPStatus.BAD_REQUEST: RequestError,
    HTTPStatus.UNAUTHORIZED: AuthenticationError,
    HTTPStatus.PAYMENT_REQUIRED: QuotaError,
    HTTPStatus.FORBIDDEN: PermissionDeniedError,
    HTTPStatus.UNPROCESSABLE_ENTITY: RequestError,
    HTTPStatus.TOO_MANY_REQUESTS: RateLimitError,
}
MESSAGES: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "does not accept the key",
    HTTPStatus.PAYMENT_REQUIRED: "says that the account is out of credits",
    HTTPStatus.FORBIDDEN: "does not allow this account to use the endpoint or a field",
    HTTPStatus.TOO_MANY_REQUESTS: "refused the request for its rate limit after every retry",
}
TODO: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "Check the provider's options against {url}.",
    HTTPStatus.UNAUTHORIZED: "Check or renew it at {url}, set {variable}, then repeat the call.",
    HTTPStatus.PAYMENT_REQUIRED: (
        "Buy credits at {url}, then repeat the call: it continues from here."
    ),
    HTTPStatus.FORBIDDEN: (
        "Ask the vendor for access, or leave the option out, then repeat the call."
    ),
}


def options_of(provider: Provider) -> dict[str, Any]:
    """Return the options of a provider with their values, credentials included.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> options_of(ep.Crustdata(business_email=True))["business_email"]
    True
    """
    kind: Any = type(provider)
    names = [one.name for one in fields(kind) if one.init] if is_dataclass(kind) else []
    others = getattr(provider, "__dict__", {})
    # A cached property is set by its first use, not by the user.
    names += [one for one in others if not isinstance(getattr(kind, one, None), cached_property)]
    return {name: getattr(provider, name) for name in names if not name.startswith("_")}


def require_rate_limit(name: str, value: object) -> None:
    """Raise ConfigurationError if an option is neither None nor a usable `RateLimit`.

    Examples
    --------
    >>> require_rate_limit("rate", RateLimit(2, 1))
    """
    if value is None:
        return
    if not (isinstance(value, RateLimit) and _is_limit(value)):
        raise ConfigurationError(
            f"{name}={value!r} is not a valid rate limit.",
            todo=f"Type for example {name}=ep.RateLimit(2, 1) for 2 requests a second, or "
            f"{name}=ep.RateLimit(60, 60) for 60 a minute.",
        )


def _is_limit(rate: RateLimit) -> bool:
    values: Sequence[Any] = rate  # as the user gave them
    numbers = [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
    return len(numbers) == len(rate) and rate.requests >= 1 and 0 < rate.seconds < float("inf")


def _plain(provider: str, name: str, value: Any) -> Any:
    """Return a value as plain data that is the same in every process."""
    try:
        return msgspec.to_builtins(value, order="deterministic")
    except TypeError as error:
        raise ConfigurationError(
            f"The option {name!r} of {provider} has a value of the type {type(value).__name__}, "
            "which cannot be a part of what was bought.",
            todo="Use plain values, name it in the provider's `unbilled_options`, or override "
            "`billed_options`.",
        ) from error


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and re.fullmatch(r"\s*\d+(\.\d+)?\s*", text) else None
