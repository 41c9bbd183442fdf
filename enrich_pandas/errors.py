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
type next. A notebook shows five, with the reason why; `last_error` gives the error itself, and
`last_traceback` all of its traceback. No message holds a key or an e-mail address.
"""

import sys
import threading
import traceback
from collections.abc import Sequence
from typing import Any, ClassVar

_lock = threading.Lock()
_shown: "list[EnrichError]" = []


class EnrichError(Exception):
    """Base of every exception that enrich_pandas raises.

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
        Why that ends the call, in one sentence.
    result : pandas.DataFrame, mapping of them, or None
        The frame with everything that had arrived, where the error stopped a run.
    """

    why: ClassVar[str] = "The call cannot go on."
    unpaid: ClassVar[str] = ""  # what is said of the cost where nothing else is
    result: Any = None

    def __init__(self, what: str, *, cost: str = "", todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cost = cost or self.unpaid
        self.todo = todo

    def __str__(self) -> str:
        kept = "" if self.result is None else "The frame so far is in `.result`."
        return "\n".join(filter(None, (self.what, f"{self.cost} {kept}".strip(), self.todo)))

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows: five lines; `last_traceback` shows the rest."""
        with _lock:
            _shown[:] = [self]
        todo = f"{self.todo} The full traceback: ep.last_traceback()"
        told = {"why": self.why, "cost": self.cost, "results": self._kept(), "next": todo.strip()}
        lines = [f"{name:<8} {text}" for name, text in told.items() if text]
        return [f"{type(self).__name__}: {self.what}", *lines]

    def _kept(self) -> str:
        if self.result is None:
            return "Your frame is unchanged."
        return f"{_size(self.result)} so far: ep.last_error().result. Your frame is unchanged."


def _size(result: Any) -> str:
    return "The tables" if isinstance(result, dict) else f"The frame of {len(result):,} rows"


def last_error() -> EnrichError:
    """Return the last error of enrich_pandas that this notebook has shown.

    Its ``result`` is the frame with all that had arrived, where it stopped a run.

    Returns
    -------
    EnrichError

    Raises
    ------
    InputError
        None was shown.

    Examples
    --------
    In a notebook, after a cell that was interrupted: ``people = ep.last_error().result``.
    """
    with _lock:
        if _shown:
            return _shown[0]
    raise InputError("No error of enrich_pandas was shown.", todo="In a script, catch it.")


def last_traceback() -> None:
    """Print the whole traceback of the last error of enrich_pandas that this notebook has shown.

    Raises
    ------
    InputError
        None was shown.
    """
    traceback.print_exception(last_error(), file=sys.stdout)


class ConfigurationError(EnrichError, ValueError):
    """An option or a provider is not usable as given; raised before anything is spent."""

    why = "What a call names is checked before anything is sent."
    unpaid = "Nothing was spent."


class ProviderNotFoundError(ConfigurationError):
    """No provider is registered under that name."""


class CredentialError(ConfigurationError):
    """A credential is missing; the message says where to get it and what to type."""

    why = "Nothing is sent to a vendor without a credential."


class InputError(EnrichError, ValueError):
    """The frame cannot be used as it is; raised before anything is spent.

    Attributes
    ----------
    failure_cases : pandas.DataFrame or None
        pandera's table of what failed and where, when rows were invalid and ``errors="raise"``.
    """

    why = "A frame is checked before anything is sent."
    unpaid = "Nothing was spent."

    def __init__(
        self, what: str, *, cost: str = "", todo: str = "", failure_cases: Any = None
    ) -> None:
        super().__init__(what, cost=cost, todo=todo)
        self.failure_cases = failure_cases


class BudgetError(EnrichError):
    """The quote is above what is allowed; raised before anything is spent.

    Attributes
    ----------
    plan : enrich_pandas.Plan or None
        The quote that was refused.
    """

    why = "Nobody is to spend a fortune by a typing error."
    unpaid = "Nothing was spent."

    def __init__(self, what: str, *, cost: str = "", todo: str = "", plan: Any = None) -> None:
        super().__init__(what, cost=cost, todo=todo)
        self.plan = plan


class ProviderError(EnrichError):
    """A vendor refused or failed; the run was stopped."""

    why = "The vendor's answer leaves no sense in further requests, so the run was stopped."


class AuthenticationError(ProviderError):
    """The vendor refused the credential (401)."""

    why = "Every further request with this credential would be refused, too."


class PermissionDeniedError(ProviderError):
    """The account may not use this endpoint or this field (403)."""

    why = "Every further request of this kind would be refused, too."


class QuotaError(ProviderError):
    """The account is out of credits (402) or over its quota."""

    why = "Every further request would be refused until there are credits."


class RequestError(ProviderError):
    """The vendor refused the request as malformed (400, 422)."""

    why = "The vendor cannot read what the options make of a request."


class RateLimitError(ProviderError):
    """The vendor still refused for its rate limit after every allowed attempt (429)."""

    why = "The vendor is slower than it says; going on would only be refused again."


class UnavailableError(ProviderError, ConnectionError):
    """The vendor could not be reached, or failed (5xx)."""

    why = "The vendor does not serve; what may have been charged is not sent again."


class DeadlineError(ProviderError, TimeoutError):
    """An answer did not come within the deadline."""

    why = "A lost answer may have been charged, so it is not asked for again."


class AnswerError(ProviderError):
    """The vendor's answer could not be read; the raw bytes are kept in the journal."""

    why = "An answer that nobody can read is kept, and never guessed at."


class JournalError(EnrichError):
    """The journal is damaged, locked, full or on a network disk; nothing was spent after it."""

    why = "Nothing is bought whose answer could not be kept."


class ReplayError(EnrichError):
    """A recording cannot be read, or does not hold what a replay asks for; nothing was sent.

    Attributes
    ----------
    rows : list of int
        Positions, from 0, of the rows of the frame that are not recorded.
    """

    why = "A replay sends nothing and asks nobody: it has what was recorded."

    def __init__(
        self, what: str, *, cost: str = "", todo: str = "", rows: Sequence[int] = ()
    ) -> None:
        super().__init__(what, cost=cost, todo=todo)
        self.rows = list(rows)


class RunInterrupted(EnrichError, KeyboardInterrupt):  # noqa: N818 - named after KeyboardInterrupt
    """The run was stopped by the user; no billed request started after it.

    Attributes
    ----------
    result : pandas.DataFrame or None
        The frame with everything that had arrived. Repeating the call continues from there.
    """

    why = "You stopped it; cells that waited behind it do not run on half the data."

    result: Any = None


def as_enrich_error(error: BaseException) -> EnrichError:
    """Return an error of ours; any other is a defect, and says so."""
    if isinstance(error, EnrichError):
        return error
    defect = EnrichError(
        f"A defect stopped the run: {type(error).__name__} in enrich_pandas or a provider.",
        cost="What was paid for is kept in the journal, unread answers too.",
        todo="Please report it; a repaired version reads them without paying again.",
    )
    defect.__cause__ = error
    return defect
