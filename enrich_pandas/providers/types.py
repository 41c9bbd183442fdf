"""The values that pass between a provider and the engine."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from itertools import islice
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import msgspec

from enrich_pandas.models import Model
from enrich_pandas.providers.records import Record
from enrich_pandas.statuses import Status

# Values of which there is one for each person are structs, which are made twenty times as fast as
# immutable dataclasses. `dataclasses.replace` and `dataclasses.fields` still take them.
replaceable = dataclass(init=False, repr=False, eq=False, match_args=False)

Kind = Literal["people", "companies"]
NOTHING: Mapping[str, Any] = MappingProxyType({})


def repr_without(value: msgspec.Struct, hidden: str) -> str:
    """Return the representation of a struct without a field with personal data."""
    shown = (name for name in value.__struct_fields__ if name != hidden)
    fields = ", ".join(f"{name}={getattr(value, name)!r}" for name in shown)
    return f"{type(value).__name__}({fields})"


class Secret:
    """A credential that is never shown, logged or pickled.

    Parameters
    ----------
    value
        The credential.

    Examples
    --------
    >>> Secret("abc")
    Secret(***)
    """

    __slots__ = ("_value",)

    def __init__(self, value: "str | Secret") -> None:
        self._value: str = value.reveal() if isinstance(value, Secret) else value

    def reveal(self) -> str:
        """Return the credential itself. Call it only to sign a request."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> Any:
        raise TypeError("A credential cannot be pickled. Pass it again where it is needed.")


class Identity(msgspec.Struct, frozen=True, order=True):
    """A person or company to request: canonical identifiers, by name.

    Examples
    --------
    >>> ada = Identity.of(email="ada@example.com")
    >>> ada.get("email"), ada.get("linkedin_url")
    ('ada@example.com', None)
    """

    keys: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, **keys: str) -> "Identity":
        """Return the identity with these canonical identifiers."""
        return cls(tuple(sorted(keys.items())))

    def get(self, name: str) -> str | None:
        """Return the identifier of that name, or None."""
        return next((value for key, value in self.keys if key == name), None)

    def __repr__(self) -> str:
        # Identifiers are personal data: they must not reach a log or a traceback.
        return f"Identity({', '.join(name for name, _ in self.keys)})"


class Outcome(StrEnum):
    """The result of sending a request; each (exception, phase, status, body) has exactly one."""

    NOT_SENT = "not_sent"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    DAMAGED = "accepted_damaged"
    UNKNOWN = "unknown"


class RateLimit(NamedTuple):
    """A limit on requests: at most ``requests`` in any window of ``seconds``.

    Parameters
    ----------
    requests
        Requests that can start within one window, 1 or more.
    seconds
        Length of the window in seconds, more than 0.

    Examples
    --------
    Two requests a second, and the 60 a minute of a larger contract:

    >>> RateLimit(2, 1)
    RateLimit(requests=2, seconds=1)
    >>> import enrich_pandas as ep
    >>> ep.Crustdata(rate=RateLimit(requests=60, seconds=60)).rate_limit
    RateLimit(requests=60, seconds=60)
    """

    requests: int
    seconds: float


class Allowance(NamedTuple):
    """A vendor's rate limit as a response reports it.

    Attributes
    ----------
    limit
        Requests in a window.
    remaining
        Requests left in this window.
    reset
        Seconds until more requests are allowed.
    """

    limit: float | None = None
    remaining: float | None = None
    reset: float | None = None


@replaceable
class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request to the provider's own origin.

    Attributes
    ----------
    method, path, params, json, headers
        The HTTP request, without the header that signs it.
    billed
        Whether the vendor can charge for it. This alone, not the method, decides about retries: a
        billed request with an unknown outcome is not sent again.
    credits
        Maximum cost.
    identities
        The identities that it is about. A billed request names all of them; recovery after a
        crash relies on it.
    deadline
        Seconds to wait for the response; None for the default.
    """

    method: str
    path: str
    params: Mapping[str, str] = msgspec.field(default_factory=dict)
    json: Any = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    billed: bool = False
    credits: float = 0.0
    identities: Sequence[Identity] = ()
    deadline: float | None = None

    def __repr__(self) -> str:
        # Parameters and bodies hold personal data, so only the path and the cost are shown.
        return (
            f"Request({self.method} {self.path}, {len(self.identities)} identities, "
            f"{'billed, ' if self.billed else ''}at most {self.credits:g} credits)"
        )


@dataclass(frozen=True, slots=True)
class Wait:
    """A step of a flow: continue it after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WaitForJob:
    """A step of a flow: continue it when the provider's `listing` reports that a job has ended.

    One listing covers many jobs, so few requests poll thousands of them. The flow continues with
    an empty response, at the latest after ``seconds``; it then requests the job's result.
    """

    job: str
    seconds: float


class Unfinished(Exception):  # noqa: N818 - not an error: the vendor's job is still running
    """Raised by a flow whose job is still running: its rows are pending until the next call.

    Parameters
    ----------
    reason
        A short code for the rows.
    """

    def __init__(self, reason: str = "unfinished") -> None:
        super().__init__(reason)
        self.reason = reason


@replaceable
class Response(msgspec.Struct, frozen=True, kw_only=True):
    """The response to a request.

    Attributes
    ----------
    status
        HTTP status; 0 if no response arrived.
    headers
        Headers, with names in lower case.
    body
        Body; empty if no response arrived.
    outcome
        UNKNOWN if the response was lost, so that only the vendor knows whether it charged.
    sent, received
        Times in seconds since the epoch.
    is_recorded
        Whether an earlier run received it, and the flow runs again on its recording.
    """

    status: int = 0
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    body: bytes = b""
    outcome: Outcome = Outcome.ACCEPTED
    sent: float = 0.0
    received: float = 0.0
    is_recorded: bool = False

    def __repr__(self) -> str:
        return repr_without(self, "body")

    @property
    def lost(self) -> bool:
        """Whether it is unknown if the vendor accepted the request."""
        return self.outcome is Outcome.UNKNOWN

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_error(self) -> bool:
        """Whether the status is 4xx or 5xx."""
        return self.status >= HTTPStatus.BAD_REQUEST

    def json(self) -> Any:
        """Decode the body; raise msgspec.DecodeError if it is not JSON."""
        return msgspec.json.decode(self.body)


@replaceable
class Match(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one identity.

    Attributes
    ----------
    identity, status
        The identity and its status.
    model
        The person or company, if there is one: a model, or a vendor's record.
    reason
        A short code; empty for a plain match.
    credits
        What it cost.
    retry_in
        Seconds after which a pending identity can be requested again.
    note
        What was irregular about the answer.
    """

    identity: Identity
    status: Status
    model: Model | Record | None = None
    reason: str = ""
    credits: float = 0.0
    retry_in: float | None = None
    note: str = ""

    def __repr__(self) -> str:
        return repr_without(self, "model")


Flow = Generator[Request | Wait | WaitForJob, Response, list[Match]]
Listing = Generator[Request | Wait, Response, set[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """The request for a short-lived token: a form, sent to an origin used for nothing else."""

    origin: str
    path: str
    form: Mapping[str, Secret]
    limit: RateLimit | None = None


class Token(NamedTuple):
    """A short-lived token, and its lifetime in seconds."""

    value: Secret
    seconds: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A vendor's own requirement on an identifier, checked before anything is sent.

    Attributes
    ----------
    code
        Reason code of a row that does not meet it.
    accepts
        Returns whether a canonical value meets it.
    """

    code: str
    accepts: Callable[[str], bool]


def held(batch: Iterable[Identity], reason: str = "answer_lost") -> list[Match]:
    """Return a match with the status ``held`` for each identity of a batch."""
    return [Match(identity=identity, status=Status.HELD, reason=reason) for identity in batch]


def batched(identities: Iterable[Identity], size: int) -> Iterator[list[Identity]]:
    """Split identities into lists of at most ``size``.

    Examples
    --------
    >>> [
    ...     len(batch)
    ...     for batch in batched([Identity.of(email=f"{n}@example.com") for n in range(5)], 2)
    ... ]
    [2, 2, 1]
    """
    iterator = iter(identities)
    while batch := list(islice(iterator, size)):
        yield batch
