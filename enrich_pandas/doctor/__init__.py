"""What ``enrich-pandas doctor`` does, between the words of the command line and the checks."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from enrich_pandas.doctor.canary import Canary, Subject
from enrich_pandas.doctor.checks import (
    Account,
    Installed,
    accounts,
    installed,
    versions,
)
from enrich_pandas.doctor.verdicts import Check, kept
from enrich_pandas.engine.context import current_environment, journal_path
from enrich_pandas.journal.inspection import JournalFile, inspect
from enrich_pandas.providers.base import Provider

# -- The doctor's report: what is on this machine and on the accounts, and its lines -------------

HELD = "nobody can say whether they were charged; ep.runs() tells whose they are"
PENDING = "repeat the call later: what was paid for is not paid for again"
SIZES = ((2**30, "GB"), (2**20, "MB"), (2**10, "kB"))


class Report(msgspec.Struct, kw_only=True):
    """All that can be said for nothing; no credential and no person stands in it."""

    versions: dict[str, str]
    journal: JournalFile
    providers: list[Installed]
    accounts: list[Account]
    checks: list[Check]

    @property
    def is_well(self) -> bool:
        """Whether nothing stands in the way of the next run."""
        return not self.journal.problems and not any(one.problems for one in self.accounts)


def gather(*, offline: bool = False) -> Report:
    """Look at this machine and, unless ``offline``, ask each account what is left; it is free."""
    environment = current_environment()
    path, known = journal_path(environment), installed(environment)
    return Report(
        versions=versions(),
        journal=inspect(path),
        providers=known,
        accounts=[] if offline else accounts(known, environment),
        checks=kept(path.parent),
    )


def lines(report: Report) -> Iterator[str]:
    """Yield the lines of a report."""
    known = report.versions
    yield (
        f"enrich_pandas {known['enrich_pandas']}, Python {known['python']}, "
        f"pandas {known['pandas']}, {known['system']}"
    )
    yield from ("", "Journal", *_of_journal(report.journal))
    yield from ("", "Providers")
    for one in report.providers:
        yield from _of_provider(one)
    if report.accounts:
        yield from ("", "Accounts")
    for account in report.accounts:
        yield f"  {account.provider}: {account.said}"
        yield from (f"  PROBLEM: {problem}" for problem in account.problems)
    yield from ("", "Live checks")
    for check in report.checks:
        yield from of_check(check)
    if not report.checks:
        yield "  none yet: what the vendors' documents say is unconfirmed on your account"
        yield "  type enrich-pandas doctor --live PROVIDER; it says first what it can cost"


def of_check(check: Check) -> Iterator[str]:
    """Yield the lines of a live check."""
    name = f"{check.provider} ({check.account})" if check.account else check.provider
    where = "" if check.realm == "live" else f", in the {check.realm}"
    spent = check.credits_counted if check.credits_spent is None else check.credits_spent
    by = "the library's count" if check.credits_spent is None else "the vendor's balance"
    yield f"  {name} {check.version}, {check.kind}{where}, {check.at[:10]}"
    yield f"    {spent:g} of at most {check.credits_max:g} credits spent, by {by}"
    for finding in check.findings:
        yield f"    {finding.verdict:<13}  {finding.assumption}"
        yield f"    {'':<13}  {finding.evidence}"
    if check.stopped:
        yield f"    stopped: {check.stopped}"


def _of_journal(journal: JournalFile) -> Iterator[str]:
    yield f"  {journal.path}"
    free = "" if journal.free_bytes is None else f", {_size(journal.free_bytes)} free"
    if not journal.exists:
        yield f"  not made yet: the first run makes it; its disk: {journal.disk}{free}"
    if journal.bytes is not None:
        mode = f"mode {journal.mode}, its folder {journal.folder_mode}; " if journal.mode else ""
        yield f"  {_size(journal.bytes)}, {mode}disk: {journal.disk}{free}"
    if journal.runs is not None:
        yield (
            f"  {_many(journal.runs, 'run')} ({journal.running} at work, {journal.died} died), "
            f"{_many(journal.stored or 0, 'stored answer')}"
        )
        yield f"  {_many(journal.held or 0, 'row')} held{_todo(journal.held, HELD)}"
        yield f"  {_many(journal.pending or 0, 'row')} pending{_todo(journal.pending, PENDING)}"
    if journal.asking:
        yield f"  {_many(journal.asking, 'row')} that a run is asking about now"
    yield from (f"  PROBLEM: {problem}" for problem in journal.problems)


def _todo(rows: int | None, what: str) -> str:
    return f": {what}" if rows else ""


def _of_provider(one: Installed) -> Iterator[str]:
    if one.problem:
        yield f"  {one.name}: {one.problem}"
        return
    said = [
        f"{name} found ({place})" if place else f"{name} not found ({one.variables[name]})"
        for name, place in one.credentials.items()
    ]
    yield f"  {one.name}: {', '.join(said) or 'needs no credential'}"


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _size(size: int) -> str:
    for unit, name in SIZES:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"


# -- What ``enrich-pandas doctor`` does, between the words of the command line and the checks ----

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
        f"This asks {name}, on your account:"
        if current_environment().paid
        else f"This asks {name}'s emulator:"
    )
    for what, price in canary.questions:
        tell(f"  {what}: at most {price:g} credits")
    tell(f"It can cost {canary.credits_max:g} credits in all, and is expected to cost less.")
    tell("Let nothing else use the account meanwhile: its balance is compared.")


def _encoded(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()
