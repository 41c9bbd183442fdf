"""Why a row is not matched, in a sentence: by its reason, else by its status."""

from collections.abc import Mapping
from types import MappingProxyType

from enrich_pandas.frame.cells import REASONS
from enrich_pandas.providers.base import Status

_BY_REASON: Mapping[str, str] = MappingProxyType(
    {
        "where": "where= leaves the row out.",
        "meta": "Dask made it up to learn the columns; it is never sent.",
        "budget": "The budget did not allow to ask.",
        "run_stopped": "The run was stopped before it was asked about.",
        "run_failed": "An error stopped the run before it was asked about.",
        "interrupted": "The run was stopped while it was asked about; the next call reads on.",
        "in_flight": "It was being asked about when this was made.",
        "unfinished": "The vendor is still at work; the next call takes it up.",
        "at_work": "The vendor is still at work; the next call takes it up.",
        "not_asked": "The run ended before it was asked about.",
        "not_kept": "It was refused, and not charged; the reason is not kept.",
        "ambiguous": "The vendor named several, and none is proven to be this one.",
        "inexact": "The vendor named another than was asked for.",
        "unproven": "The answer names nobody who was asked for.",
        "forgotten": "ep.forget deleted it; it is not asked about again.",
        "suppressed": "It is on the list of ep.suppress.",
    }
)
_BY_STATUS: Mapping[Status, str] = MappingProxyType(
    {
        Status.MATCHED: "Found; the answer had something odd in it.",
        Status.NOT_FOUND: "The vendor has nobody.",
        Status.INVALID: "The row cannot be asked about as it is.",
        Status.SUPPRESSED: "Nobody may ask about it.",
        Status.REMOVED: "The vendor withholds it for legal reasons.",
        Status.PENDING: "Accepted and not finished; the next call takes it up.",
        Status.HELD: "Sent, and the answer was lost: charged or not, nobody can say.",
        Status.FAILED: "The vendor refused.",
        Status.SKIPPED: "It was not asked about.",
    }
)


def explain(status: Status, reason: str) -> str:
    """Explain a status and reason.

    Examples
    --------
    >>> why(Status.INVALID, "email:syntax")
    'The text is not a valid value of this kind.'
    >>> why(Status.FAILED, "vendor_error")
    'The vendor refused.'
    """
    code = reason.rpartition(":")[2]
    return REASONS.get(code) or _BY_REASON.get(reason) or _BY_STATUS[status]
