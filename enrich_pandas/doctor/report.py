"""The doctor's report: what is on this machine and on the accounts, and its lines."""

from collections.abc import Iterator

import msgspec

from enrich_pandas.doctor.accounts import Account, accounts
from enrich_pandas.doctor.checks import Installed, installed, versions
from enrich_pandas.doctor.findings import Check, kept
from enrich_pandas.doctor.ledger import Ledger, inspect
from enrich_pandas.engine.context import current, journal_path

HELD = "nobody can say whether they were charged; ep.runs() tells whose they are"
PENDING = "repeat the call later: what was paid for is not paid for again"
SIZES = ((2**30, "GB"), (2**20, "MB"), (2**10, "kB"))


class Report(msgspec.Struct, kw_only=True):
    """All that can be said for nothing; no credential and no person stands in it."""

    versions: dict[str, str]
    journal: Ledger
    providers: list[Installed]
    accounts: list[Account]
    checks: list[Check]

    @property
    def is_well(self) -> bool:
        """Whether nothing stands in the way of the next run."""
        return not self.journal.problems and not any(one.problems for one in self.accounts)


def gather(*, offline: bool = False) -> Report:
    """Look at this machine and, unless ``offline``, ask each account what is left; it is free."""
    here = current()
    path, known = journal_path(here), installed(here)
    return Report(
        versions=versions(),
        journal=inspect(path),
        providers=known,
        accounts=[] if offline else accounts(known, here),
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


def _of_journal(journal: Ledger) -> Iterator[str]:
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
