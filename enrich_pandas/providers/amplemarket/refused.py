"""What becomes of the rows of a request that was refused: nothing was charged for it."""

from collections.abc import Sequence

from enrich_pandas.providers.amplemarket.errors import Refusal
from enrich_pandas.providers.base import Identity, Match, Outcome, Response, Status

PATIENCE = 60.0  # seconds; the window of the vendor's rate limit

_TEMPORARY = {429: "rate_limited", 503: "unavailable"}


def is_to_repeat(answer: Response) -> bool:
    """Tell a refusal that an earlier run got, and that stopped it; nothing was charged for it.

    What was wrong with every request then, such as an account without credits, is asked anew.
    """
    is_refusal = answer.outcome is Outcome.REFUSED and answer.is_recorded
    return is_refusal and Refusal.of(answer).error() is not None


def refused(batch: Sequence[Identity], answer: Response, wait: float | None) -> list[Match]:
    """Read the refusal of a whole request.

    Raises
    ------
    ProviderError
        It is about the call or the account, not about a person: the run stops.
    """
    refusal = Refusal.of(answer)
    error = refusal.error(batch)
    if error is not None:
        raise error
    if reason := _TEMPORARY.get(answer.status):
        retry_in = wait or PATIENCE
        return [
            Match(identity=one, status=Status.PENDING, reason=reason, retry_in=retry_in)
            for one in batch
        ]
    return failed(batch, refusal.reason)


def failed(batch: Sequence[Identity], reason: str) -> list[Match]:
    """Match every identity to ``failed``."""
    return [Match(identity=one, status=Status.FAILED, reason=reason) for one in batch]
