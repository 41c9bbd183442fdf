"""The nine statuses of a row, in one table: all that the library knows of each is here.

To add a status, add a member to `Status`, its row to `STATUSES`, and a row to the tables in
README.md and docs/statuses.md, which a test compares with this one. No other module lists statuses.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """The nine statuses; every row has exactly one.

    Examples
    --------
    >>> Status("not_found").label, Status.NOT_FOUND.info.charged
    ('not found', "by the vendor's rule")
    """

    MATCHED = "matched"
    NOT_FOUND = "not_found"
    INVALID = "invalid"
    SUPPRESSED = "suppressed"
    REMOVED = "removed"
    PENDING = "pending"
    HELD = "held"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def info(self) -> "StatusInfo":
        """The row of the table."""
        return STATUSES[self]

    @property
    def label(self) -> str:
        """The status as words."""
        return self.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusInfo:
    """One row of the table.

    Attributes
    ----------
    meaning
        A sentence for reports and the documentation.
    charged
        Whether such a row costs credits, for the documentation.
    rank
        A row with several providers shows the status of the lowest rank.
    color
        A CSS color with a contrast of 3:1 or more on white and on near-black.
    pattern
        A CSS image over the color, which tells neighbors in a bar apart without color.
    urgency
        Reports list the most urgent statuses first; 0 means that there is nothing to do.
    is_sent
        Whether a vendor was requested, in this call or for the stored answer.
    is_undone
        Whether a stopped run leaves such rows to the next call.
    ends_search
        Whether no later provider of a waterfall is requested.
    """

    meaning: str
    charged: str
    rank: int
    color: str
    pattern: str = "none"
    urgency: int = 0
    is_sent: bool = False
    is_undone: bool = False
    ends_search: bool = False


_STRIPES = "repeating-linear-gradient({}deg,transparent 0 3px,rgba(255,255,255,.45) 3px 5px)"
_RISING, _FALLING, _UPRIGHT, _LEVEL = map(_STRIPES.format, (135, 45, 90, 0))

STATUSES: Mapping[Status, StatusInfo] = MappingProxyType(
    {
        Status.MATCHED: StatusInfo(
            meaning="Found, and proven to belong to this row.",
            charged="the vendor's price",
            rank=1,
            color="#2e8b57",
            is_sent=True,
        ),
        Status.NOT_FOUND: StatusInfo(
            meaning="The vendor returned no match.",
            charged="by the vendor's rule",
            rank=6,
            color="#808080",
            pattern=_UPRIGHT,
            is_sent=True,
        ),
        Status.INVALID: StatusInfo(
            meaning="Not sent, because a value is not valid.",
            charged="no",
            rank=7,
            color="#b8651b",
            pattern=_RISING,
        ),
        Status.SUPPRESSED: StatusInfo(
            meaning="Not sent or not shown: on the list of ep.suppress, or deleted by ep.forget.",
            charged="no",
            rank=0,
            color="#8a6fb3",
            pattern=_LEVEL,
            ends_search=True,
        ),
        Status.REMOVED: StatusInfo(
            meaning="Withheld by the vendor for legal reasons.",
            charged="no",
            rank=4,
            color="#a0568f",
            pattern=_FALLING,
            is_sent=True,
            ends_search=True,
        ),
        Status.PENDING: StatusInfo(
            meaning="Accepted by the vendor, and not finished.",
            charged="when it finishes",
            rank=3,
            color="#3b82c4",
            pattern=_LEVEL,
            urgency=1,
            is_sent=True,
            is_undone=True,
            ends_search=True,
        ),
        Status.HELD: StatusInfo(
            meaning="Sent, and the answer was lost.",
            charged="unknown",
            rank=2,
            color="#a67c00",
            pattern=_UPRIGHT,
            urgency=3,
            is_sent=True,
        ),
        Status.FAILED: StatusInfo(
            meaning="Refused, or several matches of which none is proven.",
            charged="no, except for `ambiguous` and `inexact`",
            rank=5,
            color="#d0423f",
            pattern=_FALLING,
            urgency=2,
            is_sent=True,
        ),
        Status.SKIPPED: StatusInfo(
            meaning="Not sent: left out by where=, not covered by the budget, or the run stopped.",
            charged="no",
            rank=8,
            color="#6f7f8f",
            pattern=_RISING,
            is_undone=True,
        ),
    }
)

# Why a row has its status, by its reason code. `frame.cells` has the codes of invalid values; other
# codes of failed rows are the vendor's own.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "where": "where= leaves the row out.",
        "meta": "Dask made up the row to learn the columns; it is never sent.",
        "budget": "The budget did not allow the request.",
        "run_stopped": "The run was stopped before the row was sent.",
        "run_failed": "An error ended the run before the row was sent.",
        "interrupted": "The run was stopped during the request; the next call reads the answer.",
        "in_flight": "The answer had not arrived when this result was made.",
        "unfinished": "The job at the vendor is not finished; the next call reads its answer.",
        "at_work": "The job at the vendor is not finished; the next call reads its answer.",
        "not_asked": "The run ended before the row was sent.",
        "not_kept": "Refused and not charged; the vendor's reason is not stored.",
        "ambiguous": "The vendor returned several matches, and none is proven to be this row.",
        "inexact": "The vendor returned another identity than was requested.",
        "unproven": "The answer names none of the requested identities.",
        "unreadable": "This version of the library cannot read the answer; it is kept.",
        "forgotten": "Deleted by ep.forget; it is not requested again.",
        "suppressed": "On the list of ep.suppress.",
    }
)
