"""The values that cross the seam between a provider and the engine."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import msgspec

from enrich_pandas.models import Model
from enrich_pandas.statuses import Status

Kind = Literal["people", "companies"]
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Secret:
    """A credential that shows itself nowhere.

    Examples
    --------
    >>> Secret("abc")
    Secret(***)
    """

    __slots__ = ("_value",)

    def __init__(self, value: "str | Secret") -> None:
        self._value: str = value.reveal() if isinstance(value, Secret) else value

    def reveal(self) -> str:
        """Return the credential itself; called where a request is signed, and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> Any:
        raise TypeError("A credential is never pickled; give it again where it is needed.")


class Identity(msgspec.Struct, frozen=True, order=True):
    """Whom to ask about: canonical identifiers, by name. One identity a person.

    Examples
    --------
    >>> ada = Identity.of(email="ada@example.com")
    >>> ada.get("email"), ada.get("linkedin_url")
    ('ada@example.com', None)
    """

    keys: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, **keys: str) -> "Identity":
        """Make an identity from named canonical identifiers."""
        return cls(tuple(sorted(keys.items())))

    def get(self, name: str) -> str | None:
        """Return the identifier of that name, or None."""
        return next((value for key, value in self.keys if key == name), None)

    def __repr__(self) -> str:
        # Identifiers are personal data: they never reach a log or a traceback by themselves.
        return f"Identity({', '.join(name for name, _ in self.keys)})"


class Outcome(StrEnum):
    """What became of a request; every (exception, phase, status, body) is exactly one."""

    NOT_SENT = "not_sent"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    DAMAGED = "accepted_damaged"
    UNKNOWN = "unknown"


class RateLimit(NamedTuple):
    """So many requests in any window of so many seconds."""

    requests: int
    seconds: float


class Allowance(NamedTuple):
    """What a vendor says of its own limit: a window's requests, those left, seconds to more."""

    limit: float | None = None
    remaining: float | None = None
    reset: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to the provider's own origin.

    ``billed`` decides about repetition, never the method: a billed request whose outcome is
    unknown is not sent again. ``credits`` is the most it can cost. ``identities`` are those it
    asks about; a billed request names them all, for recovery relies on it. ``deadline`` is in
    seconds; None for the usual one.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    billed: bool = False
    credits: float = 0.0
    identities: Sequence[Identity] = field(default=(), repr=False)
    deadline: float | None = None

    def __repr__(self) -> str:
        # Parameters and bodies hold people; a request shows only where it goes and what it costs.
        return (
            f"Request({self.method} {self.path}, {len(self.identities)} identities, "
            f"{'billed, ' if self.billed else ''}at most {self.credits:g} credits)"
        )


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask to be continued after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WaitForJob:
    """Ask to be continued when the provider's `listing` tells that a job has ended.

    One listing tells of many jobs, so thousands are polled by few requests. The flow is continued
    with an empty response, also after ``seconds`` without news: what the job says is asked next.
    """

    job: str
    seconds: float


class Unfinished(Exception):  # noqa: N818 - no error: a job that is still at work
    """A flow's word that its job goes on: its rows are pending, and the next call takes it up.

    Parameters
    ----------
    reason
        A short code for the rows.
    """

    def __init__(self, reason: str = "unfinished") -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back. ``status`` is 0 and ``body`` empty where nothing did.

    Header names are in lower case. ``outcome`` is UNKNOWN where the answer was lost: nobody can
    say whether the request was charged. ``sent`` and ``received`` are when, in seconds since the
    epoch. ``is_recorded`` tells an answer that an earlier run got, on which the flow is run again.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    outcome: Outcome = Outcome.ACCEPTED
    sent: float = 0.0
    received: float = 0.0
    is_recorded: bool = False

    @property
    def lost(self) -> bool:
        """Whether nobody can say if the request was accepted."""
        return self.outcome is Outcome.UNKNOWN

    def json(self) -> Any:
        """Decode the body; raises msgspec.DecodeError where it is not JSON."""
        return msgspec.json.decode(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The answer for one identity.

    ``reason`` is a short code, empty for a plain match; ``credits`` is what it cost;
    ``retry_in`` (seconds) tells a pending row when it may be asked again; ``note`` says what in
    the answer was odd.
    """

    identity: Identity
    status: Status
    model: Model | None = field(default=None, repr=False)
    reason: str = ""
    credits: float = 0.0
    retry_in: float | None = None
    note: str = ""


Flow = Generator[Request | Wait | WaitForJob, Response, list[Match]]
Listing = Generator[Request | Wait, Response, set[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """How a short-lived token is had: a form posted to an origin that gets no other request."""

    origin: str
    path: str
    form: Mapping[str, Secret]
    limit: RateLimit | None = None


class Token(NamedTuple):
    """A short-lived token, and the seconds that it lasts."""

    value: Secret
    seconds: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A vendor's own demand on an identifier, checked before anything is sent.

    ``accepts`` is given the canonical value; ``code`` is the reason a refused row shows.
    """

    code: str
    accepts: Callable[[str], bool]


def held(batch: Iterable[Identity], reason: str = "answer_lost") -> list[Match]:
    """Match every identity of a batch whose answer was lost to ``held``."""
    return [Match(identity=identity, status=Status.HELD, reason=reason) for identity in batch]


def batched(identities: Iterable[Identity], size: int) -> Iterator[list[Identity]]:
    """Split into lists of at most ``size``.

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
