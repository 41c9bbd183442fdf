"""The exceptions of enrich_pandas.

EnrichError
├─ ConfigurationError(ValueError)
│  ├─ ProviderNotFoundError
│  └─ CredentialError
├─ InputError(ValueError)
├─ BudgetError
├─ ProviderError
│  ├─ AuthenticationError
│  ├─ PermissionDeniedError
│  ├─ QuotaError
│  ├─ RequestError
│  ├─ RateLimitError
│  ├─ UnavailableError(ConnectionError)
│  ├─ DeadlineError(TimeoutError)
│  └─ AnswerError
├─ JournalError
├─ ReplayError
└─ RunInterrupted(KeyboardInterrupt)

A message has up to three lines: what happened; what it cost and where the results are; what to
type next. A notebook shows five lines, with the reason. `last_error` returns the error, and
`last_traceback` prints its traceback. No message contains a key or an e-mail address.
"""

import sys
import threading
import traceback
from collections.abc import Sequence
from typing import Any, ClassVar

_lock = threading.Lock()
_shown: "list[EnrichError]" = []


class EnrichError(Exception):
    """Base class of the exceptions of enrich_pandas.

    Parameters
    ----------
    what
        What happened, in one sentence.
    cost
        What it cost, in one sentence.
    todo
        What to type or do next, in one sentence.

    Attributes
    ----------
    why : str
        Why the error ends the call, in one sentence.
    result : pandas.DataFrame, mapping of them, or None
        If the error stopped a run: the frame with everything that had arrived.
    """

    why: ClassVar[str] = "The call cannot continue."
    default_cost: ClassVar[str] = ""
    result: Any = None

    def __init__(self, what: str, *, cost: str = "", todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cost: str = cost or self.default_cost
        self.todo = todo

    def __str__(self) -> str:
        result = "" if self.result is None else "The frame so far is in `.result`."
        return "\n".join(filter(None, (self.what, f"{self.cost} {result}".strip(), self.todo)))

    def _render_traceback_(self) -> list[str]:
        """Return the five lines that a notebook shows instead of a traceback."""
        with _lock:
            _shown[:] = [self]
        todo = f"{self.todo} The full traceback: ep.last_traceback()"
        parts = {
            "why": self.why,
            "cost": self.cost,
            "results": self._describe_result(),
            "next": todo.strip(),
        }
        lines = [f"{name:<8} {text}" for name, text in parts.items() if text]
        return [f"{type(self).__name__}: {self.what}", *lines]

    def _describe_result(self) -> str:
        if self.result is None:
            return "Your frame is unchanged."
        return f"{_size(self.result)} so far: ep.last_error().result. Your frame is unchanged."


def _size(result: Any) -> str:
    return "The tables" if isinstance(result, dict) else f"The frame of {len(result):,} rows"


def last_error() -> EnrichError:
    """Return the last error of enrich_pandas that this notebook has shown.

    Returns
    -------
    EnrichError
        If it stopped a run, its ``result`` is the frame with everything that had arrived.

    Raises
    ------
    InputError
        No error was shown.

    Examples
    --------
    In the cell after one that was interrupted: ``people = ep.last_error().result``.
    """
    with _lock:
        if _shown:
            return _shown[0]
    raise InputError(
        "No error of enrich_pandas was shown in this notebook.",
        todo="In a script, catch the error: try: … except ep.EnrichError as error: …",
    )


def last_traceback() -> None:
    """Print the traceback of the last error that this notebook has shown.

    Raises
    ------
    InputError
        No error of enrich_pandas was shown.
    """
    traceback.print_exception(last_error(), file=sys.stdout)


class ConfigurationError(EnrichError, ValueError):
    """An option or a provider cannot be used as given. Nothing was spent."""

    why = "The arguments of a call are checked before anything is sent."
    default_cost = "Nothing was spent."


class ProviderNotFoundError(ConfigurationError):
    """No provider has that name."""


class CredentialError(ConfigurationError):
    """A credential is missing. The message says where to get it and how to set it."""

    why = "Nothing is sent to a vendor without a credential."


class InputError(EnrichError, ValueError):
    """The frame cannot be used as it is. Nothing was spent.

    Attributes
    ----------
    failure_cases : pandas.DataFrame or None
        If rows were invalid and ``errors="raise"``: pandera's table of the failures.
    """

    why = "A frame is checked before anything is sent."
    default_cost = "Nothing was spent."

    def __init__(
        self, what: str, *, cost: str = "", todo: str = "", failure_cases: Any = None
    ) -> None:
        super().__init__(what, cost=cost, todo=todo)
        self.failure_cases = failure_cases


class BudgetError(EnrichError):
    """A call can cost more than is allowed. Nothing was spent.

    Attributes
    ----------
    plan : Plan or None
        The plan of the call.
    """

    why = "This guards against spending a large amount by mistake."
    default_cost = "Nothing was spent."

    def __init__(self, what: str, *, cost: str = "", todo: str = "", plan: Any = None) -> None:
        super().__init__(what, cost=cost, todo=todo)
        self.plan = plan


class ProviderError(EnrichError):
    """A vendor refused a request or failed, and the run was stopped."""

    why = "Further requests would fail in the same way, so the run was stopped."


class AuthenticationError(ProviderError):
    """The vendor refused the credential (401)."""

    why = "Every further request with this credential would be refused."


class PermissionDeniedError(ProviderError):
    """The account may not use this endpoint or this field (403)."""

    why = "Every further request of this kind would be refused."


class QuotaError(ProviderError):
    """The account has no credits left (402) or is over its quota."""

    why = "Every further request would be refused until the account has credits."


class RequestError(ProviderError):
    """The vendor refused the request as malformed (400, 422)."""

    why = "Every further request with these options would be refused."


class RateLimitError(ProviderError):
    """The vendor refused for its rate limit after every allowed attempt (429)."""

    why = "The vendor allows fewer requests than it documents, so more would be refused."


class UnavailableError(ProviderError, ConnectionError):
    """The vendor could not be reached, or failed (5xx)."""

    why = "The vendor is unavailable. A request that may have been charged is not sent again."


class DeadlineError(ProviderError, TimeoutError):
    """An answer did not arrive within the deadline."""

    why = "A request whose answer was lost may have been charged, so it is not sent again."


class AnswerError(ProviderError):
    """The vendor's answer could not be parsed. The raw bytes are stored in the journal."""

    why = "An answer that cannot be parsed is stored, and its meaning is never guessed."


class JournalError(EnrichError):
    """The journal is damaged, locked, full or on a network disk. Nothing was spent after that."""

    why = "Nothing is bought if its answer could not be stored."


class ReplayError(EnrichError):
    """A recording cannot be read, or lacks rows of the frame. Nothing was sent.

    Attributes
    ----------
    rows : list of int
        Positions, from 0, of the rows of the frame that are not recorded.
    """

    why = "A replay sends nothing: it has the recorded answers only."

    def __init__(
        self, what: str, *, cost: str = "", todo: str = "", rows: Sequence[int] = ()
    ) -> None:
        super().__init__(what, cost=cost, todo=todo)
        self.rows: list[int] = list(rows)


class RunInterrupted(EnrichError, KeyboardInterrupt):  # noqa: N818 - named after KeyboardInterrupt
    """The user stopped the run. No billed request started after that.

    Attributes
    ----------
    result : pandas.DataFrame or None
        The frame with everything that had arrived. Repeating the call continues from there.
    """

    why = "You stopped the run. The error keeps later cells from running on part of the data."

    result: Any = None


def as_enrich_error(error: BaseException) -> EnrichError:
    """Return an `EnrichError` as it is, and any other exception as the report of a bug."""
    if isinstance(error, EnrichError):
        return error
    bug = EnrichError(
        f"A bug stopped the run: {type(error).__name__} in enrich_pandas or a provider.",
        cost="Everything that was paid for is in the journal, including answers not yet parsed.",
        todo="Please report it. A fixed version parses them without paying again.",
    )
    bug.__cause__ = error
    return bug
