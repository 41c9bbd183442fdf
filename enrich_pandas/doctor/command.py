"""What ``enrich-pandas doctor`` does, between the words of the command line and the checks."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from enrich_pandas.doctor.canary import Canary
from enrich_pandas.doctor.report import gather, lines, of_check
from enrich_pandas.doctor.subjects import Subject
from enrich_pandas.errors import ConfigurationError
from enrich_pandas.providers import find_provider
from enrich_pandas.providers.base import Provider
from enrich_pandas.run.surroundings import current

Say = Callable[[str], object]


def examine(say: Say, *, as_json: bool) -> bool:
    """Tell what is on this machine, and whether nothing stands in the way of a run."""
    report = gather()
    if as_json:
        say(_encoded(report))
    else:
        for line in lines(report):
            say(line)
    return report.is_well


def probe(
    name: str,
    options: Sequence[str],
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
    name, options
        The provider, and its own options such as ``api=screener``.
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
        It cannot be begun: the provider, its options, the identity, a credential, or the price.
        Nothing was sent.
    """
    canary = Canary(_provider(name, options), chosen, tell)
    _announce(canary, name, tell)
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


def _provider(name: str, options: Sequence[str]) -> Provider:
    """Make a provider by its name, with options such as ``api=screener``."""
    made = find_provider(name)
    given = dict(_option(text) for text in options)
    if shown := sorted(given.keys() & made.credentials.keys()):
        raise ConfigurationError(
            f"A credential ({', '.join(shown)}) is not given on the command line, where others on "
            "this machine can read it.",
            cost="Nothing was sent.",
            todo=f"Set {', '.join(made.credentials[name] for name in shown)} instead.",
        )
    try:
        return type(made)(**given) if given else made
    except TypeError:
        raise ConfigurationError(
            f"{name} does not take these options: {', '.join(given)}.",
            cost="Nothing was sent.",
            todo="Its page in the documents names them.",
        ) from None


def _option(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    try:
        return name, msgspec.json.decode(value)
    except msgspec.DecodeError:  # a word, which needs no quotes
        return name, value


def _encoded(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()
