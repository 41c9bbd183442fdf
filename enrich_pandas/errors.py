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
└─ RunInterrupted(KeyboardInterrupt)

A message has up to three lines: what happened; what it cost and where the results are; what to
type next. No message holds a key or an e-mail address.
"""

from typing import Any


class EnrichError(Exception):
    """Base of every exception that enrich_pandas raises.

    Parameters
    ----------
    what
        What happened, in one sentence.
    cost
        What it cost and where the results are, in one sentence.
    todo
        What to type or do next, in one sentence.

    Attributes
    ----------
    result : pandas.DataFrame, mapping of them, or None
        The frame with everything that had arrived, where the error stopped a run.
    """

    result: Any = None

    def __init__(self, what: str, *, cost: str = "", todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cost = cost
        self.todo = todo

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.what, self.cost, self.todo)))

    def _render_traceback_(self) -> list[str]:
        """Shorten what a notebook shows; `traceback.print_last()` shows the rest."""
        return [f"{type(self).__name__}: {self.what}", *filter(None, (self.cost, self.todo))]


class ConfigurationError(EnrichError, ValueError):
    """An option or a provider is not usable as given; raised before anything is spent."""


class ProviderNotFoundError(ConfigurationError):
    """No provider is registered under that name."""


class CredentialError(ConfigurationError):
    """A credential is missing; the message says where to get it and what to type."""


class InputError(EnrichError, ValueError):
    """The frame cannot be used as it is; raised before anything is spent.

    Attributes
    ----------
    failure_cases : pandas.DataFrame or None
        pandera's table of what failed and where, when rows were invalid and ``errors="raise"``.
    """

    def __init__(
        self, what: str, *, cost: str = "", todo: str = "", failure_cases: Any = None
    ) -> None:
        super().__init__(what, cost=cost or "Nothing was spent.", todo=todo)
        self.failure_cases = failure_cases


class BudgetError(EnrichError):
    """The quote is above what is allowed; raised before anything is spent.

    Attributes
    ----------
    plan : enrich_pandas.report.quote.Plan or None
        The quote that was refused.
    """

    def __init__(self, what: str, *, cost: str = "", todo: str = "", plan: Any = None) -> None:
        super().__init__(what, cost=cost or "Nothing was spent.", todo=todo)
        self.plan = plan


class ProviderError(EnrichError):
    """A vendor refused or failed; the run was stopped."""


class AuthenticationError(ProviderError):
    """The vendor refused the credential (401)."""


class PermissionDeniedError(ProviderError):
    """The account may not use this endpoint or this field (403)."""


class QuotaError(ProviderError):
    """The account is out of credits (402) or over its quota."""


class RequestError(ProviderError):
    """The vendor refused the request as malformed (400, 422)."""


class RateLimitError(ProviderError):
    """The vendor still refused for its rate limit after every allowed attempt (429)."""


class UnavailableError(ProviderError, ConnectionError):
    """The vendor could not be reached, or failed (5xx)."""


class DeadlineError(ProviderError, TimeoutError):
    """An answer did not come within the deadline."""


class AnswerError(ProviderError):
    """The vendor's answer could not be read; the raw bytes are kept in the journal."""


class JournalError(EnrichError):
    """The journal is damaged, locked, full or on a network disk; nothing was spent after it."""


class RunInterrupted(EnrichError, KeyboardInterrupt):  # noqa: N818 - named after KeyboardInterrupt
    """The run was stopped by the user; no billed request started after it.

    Attributes
    ----------
    result : pandas.DataFrame or None
        The frame with everything that had arrived. Repeating the call continues from there.
    """

    result: Any = None
