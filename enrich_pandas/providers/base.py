"""The seam: what a provider's author writes.

A provider *describes* requests and *reads* answers. It never sends anything, never sleeps and
never sees a frame, so it is tested with no network and no mock.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from enrich_pandas.errors import (
    AuthenticationError,
    PermissionDeniedError,
    ProviderError,
    QuotaError,
    RateLimitError,
    RequestError,
    UnavailableError,
)
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


class Provider(ABC):
    """A vendor, or any other source: describes requests and reads answers.

    Class attributes
    ----------------
    name
        The name to type, also the value of the ``…_provider`` column.
    kinds
        What it enriches.
    identifiers
        For each kind, the identifiers it takes, the preferred first.
    origin
        Scheme and host of its API; the credential goes there and nowhere else.
    version
        Of the vendor's API, part of every fingerprint: another version is another answer.
    batch_size
        How many identities a request may ask about.
    rate_limit, connections
        The vendor's documented limit, and how many requests may be in flight.
    account
        Tells accounts with one vendor apart; part of every fingerprint. Never the key, which may
        be renewed.
    credentials
        Name of each credential and the environment variable that may hold it.
    docs_url, keys_url
        Where the vendor documents the API, and where a key is had.
    """

    name: ClassVar[str]
    kinds: ClassVar[tuple[Kind, ...]]
    identifiers: ClassVar[Mapping[Kind, tuple[str, ...]]]
    origin: ClassVar[str]
    credentials: ClassVar[Mapping[str, str]] = NOTHING
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
    def billed_options(self, kind: Kind) -> Mapping[str, Any]:
        """Options that change what is bought; part of every fingerprint."""

    @abstractmethod
    def price(self, kind: Kind, batch: Sequence[Identity]) -> float:
        """Return the most credits that asking about this batch can cost."""

    @abstractmethod
    def flow(self, kind: Kind, batch: Sequence[Identity]) -> Flow:
        """Yield requests and waits, be sent responses, return one match an identity.

        The order of the vendor's answer is never trusted: a match is bound by the echoed
        identifier. A response that was lost is answered with `held`.
        """

    def listing(self, kind: Kind, jobs: frozenset[str]) -> Listing:
        """Yield the requests of one look at the vendor's list of jobs; return those that ended.

        For a provider whose flows yield `WaitForJob`. One look serves all jobs that are open.
        """
        raise NotImplementedError(f"{self.name} lists no jobs.")

    def renewal(self, secrets: Mapping[str, Secret]) -> Renewal | None:
        """Return how a short-lived token is had, or None where the credentials sign by themselves.

        `auth` is then given the token as ``access_token``.
        """
        return None

    def token(self, response: Response) -> Token:
        """Read the answer to a `renewal`.

        Raises
        ------
        ProviderError
            It holds no token: the exception says why, and what to do.
        """
        raise NotImplementedError(f"{self.name} renews no token.")

    def is_stale(self, response: Response) -> bool:
        """Tell a refusal of the short-lived token, after which a new one is worth a try."""
        return False

    def auth(self, secrets: Mapping[str, Secret]) -> Mapping[str, Secret]:
        """Return the headers that sign a request."""
        return {}

    def balance_request(self) -> Request | None:
        """Return the free request that tells what is left on the account.

        None where the vendor documents none. `balance` reads its answer.
        """
        return None

    def balance(self, response: Response) -> float | None:
        """Read what is left, in the credits of `price`; whatever it raises counts as None."""
        return None

    def rules(self, kind: Kind) -> Mapping[str, Sequence[Rule]]:
        """Return the vendor's own demands on each identifier."""
        return {}

    def identify(self, kind: Kind, values: Mapping[str, str]) -> Identity | None:
        """Choose the identity of a row from its valid identifiers, or None.

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
        """Return the exception that a refusal means, or None where it is no error of the call.

        A 401, 402 or 403 stops the run.
        """
        status = response.status
        error = ERRORS.get(status, UnavailableError if status >= 500 else None)  # noqa: PLR2004 - the server's own range
        if error is None:
            return None
        what = WORDS.get(status, "refused the request" if status < 500 else "failed")  # noqa: PLR2004 - as above
        todo = TODO.get(status, "Repeat the call later: it continues from here.")
        variable = next(iter(self.credentials.values()), "the credential")
        return error(
            f"{self.name} {what} ({status}).",
            cost="Nothing was charged for what was refused; what had arrived is kept.",
            todo=todo.format(url=self.keys_url or self.docs_url, variable=variable),
        )

    def refuses(self, response: Response) -> bool:
        """Tell whether a 5xx answer is the vendor's own word that nothing was charged.

        By default it is not: a server error leaves open whether the request was accepted.
        """
        return False

    def allowance(self, response: Response) -> Allowance:
        """Read what the vendor says is left of its rate limit; by default ``x-ratelimit-*``."""
        return Allowance(
            *(_number(response.headers.get(f"x-ratelimit-{n}")) for n in Allowance._fields)
        )

    def retry_after(self, response: Response) -> float | None:
        """Return the seconds that the vendor asks to wait, or None.

        A date is read against the response's own ``Date``, so that a wrong clock here does no
        harm.
        """
        text = response.headers.get("retry-after", "").strip()
        if re.fullmatch(r"\d+", text):
            return float(text) or None
        try:
            until = parsedate_to_datetime(text)
            now = parsedate_to_datetime(response.headers.get("date", ""))
            seconds = (until - now).total_seconds()
        except (TypeError, ValueError):  # no date, or one without a zone beside one with
            return None
        return seconds if seconds > 0 else None


# The domain of an e-mail address names a company just as its website does.
KEYS: Mapping[str, str] = {"email_domain": "domain"}
ERRORS: Mapping[int, type[ProviderError]] = {
    400: RequestError,
    401: AuthenticationError,
    402: QuotaError,
    403: PermissionDeniedError,
    422: RequestError,
    429: RateLimitError,
}


WORDS = {
    401: "does not accept the key",
    402: "says that the account is out of credits",
    403: "does not allow this account to use the endpoint or a field",
    429: "still refused for its rate limit",
}
TODO = {
    400: "Check the provider's options against {url}.",
    401: "Check or renew it at {url}, set {variable}, then repeat the call.",
    402: "Buy credits at {url}, then repeat the call: it continues from here.",
    403: "Ask the vendor for access, or leave the option out, then repeat the call.",
}


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and re.fullmatch(r"\s*\d+(\.\d+)?\s*", text) else None
