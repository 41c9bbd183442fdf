"""What a batch cost: what was spent, and the most that those cost whose answer was lost."""

from collections.abc import Callable, Iterable, Sequence

from enrich_pandas.journal.records import Change
from enrich_pandas.providers.base import Identity, Match, Status

Price = Callable[[Sequence[Identity]], float]


def is_known(match: Match) -> bool:
    """Tell whether it is known what an answer has cost, be it lost itself."""
    return match.status is not Status.HELD or match.credits > 0


def cost(matches: Iterable[Match], price: Price) -> tuple[float, float]:
    """Return what was spent, and what may have been on those who are held.

    Who is held at a price has cost that: the vendor says what the request did, and only the answer
    is lost.

    Examples
    --------
    >>> ada, bob = (Identity.of(email=f"{name}@example.com") for name in ("ada", "bob"))
    >>> found = Match(identity=ada, status=Status.MATCHED, credits=3)
    >>> from dataclasses import replace
    >>> lost = Match(identity=bob, status=Status.HELD)
    >>> cost([found, lost], lambda held: 5.0 * len(held))
    (3.0, 5.0)
    >>> cost([found, replace(lost, credits=1)], lambda held: 5.0 * len(held))
    (4.0, 0.0)
    """
    spent, unknown = 0.0, list[Identity]()
    for match in matches:
        spent += match.credits
        if not is_known(match):
            unknown.append(match.identity)
    return spent, price(unknown) if unknown else 0.0


def difference(changes: Sequence[Change], price: Price) -> tuple[float, float]:
    """Return by how much another reading changes both."""
    before = cost([one.before.match for one in changes if one.before], price)
    after = cost([one.after.match for one in changes if one.after], price)
    return after[0] - before[0], after[1] - before[1]
