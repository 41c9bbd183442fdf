"""What ``enrich-pandas doctor`` does, between the words of the command line and the checks."""

from collections.abc import Callable
from typing import Any

import msgspec

from enrich_pandas.doctor.canary import Canary
from enrich_pandas.doctor.report import gather, lines, of_check
from enrich_pandas.doctor.subjects import Subject
from enrich_pandas.engine.context import current
from enrich_pandas.providers.base import Provider

Say = Callable[[str], object]


def examine(say: Say, *, offline: bool, as_json: bool) -> bool:
    """Tell what is on this machine and left on the accounts; and whether a run could begin."""
    report = gather(offline=offline)
    if as_json:
        say(_encoded(report))
    else:
        for line in lines(report):
            say(line)
    return report.is_well


def probe(
    provider: Provider,
    chosen: Subject | None,
    *,
    say: Say,
    tell: Say,
    ask: Callable[[str], bool] | None,
    max_credits: float,
    as_json: bool,
) -> bool:
    """Check an account, once what it can cost was told and agreed to; tell whether all holds.

    Parameters
    ----------
    provider
        Whose account it is.
    chosen
        Whom to ask about beside somebody made up.
    say, tell
        Where the outcome goes, and where all that is said on the way.
    ask
        Whether to go on; None where that is settled.
    max_credits
        Refuse a check that can cost more.
    as_json
        Whether the outcome is for machines.

    Raises
    ------
    EnrichError
        It cannot be begun: the identity, a credential, or the price.
        Nothing was sent.
    """
    canary = Canary(provider, chosen, tell)
    _announce(canary, provider.name, tell)
    canary.refuse_above(max_credits)
    if ask is not None and not ask("Go on?"):
        return False
    check, path = canary.check()
    if as_json:
        say(_encoded(check))
    else:
        for line in of_check(check):
            say(line)
    tell(f"Kept in {path}; enrich-pandas doctor shows it again.")
    return not check.stopped and not check.count("does not hold")


def _announce(canary: Canary, name: str, tell: Say) -> None:
    tell(
        f"This asks {name}, on your account:" if current().paid else f"This asks {name}'s emulator:"
    )
    for what, price in canary.questions:
        tell(f"  {what}: at most {price:g} credits")
    tell(f"It can cost {canary.credits_max:g} credits in all, and is expected to cost less.")
    tell("Let nothing else use the account meanwhile: its balance is compared.")


def _encoded(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()
