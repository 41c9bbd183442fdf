"""``enrich-pandas doctor``: the report on this machine and its accounts, and the live check."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from enrich_pandas.doctor.checks import (
    AccountCheck,
    InstalledProvider,
    check_accounts,
    find_installed,
    read_versions,
)
from enrich_pandas.doctor.findings import Check, read_checks
from enrich_pandas.doctor.live import LiveCheck, Subject
from enrich_pandas.engine.context import current_environment, journal_path
from enrich_pandas.journal.disk import JournalFile, inspect
from enrich_pandas.providers.base import Provider

HELD = "the vendor may have charged them; ep.runs() shows their runs"
PENDING = "repeat the call later; what was paid for is not paid for again"
SIZES = ((2**30, "GB"), (2**20, "MB"), (2**10, "kB"))

Print = Callable[[str], object]


class DoctorReport(msgspec.Struct, kw_only=True):
    """What can be checked at no cost. It contains no credential and no person."""

    versions: dict[str, str]
    journal: JournalFile
    providers: list[InstalledProvider]
    accounts: list[AccountCheck]
    checks: list[Check]

    @property
    def is_well(self) -> bool:
        """Whether no problem prevents the next run."""
        return not self.journal.problems and not any(one.problems for one in self.accounts)


def run_checks(say: Print, *, offline: bool, as_json: bool) -> bool:
    """Print the report; return whether no problem prevents the next run."""
    report = build_report(offline=offline)
    if as_json:
        say(_as_json(report))
    else:
        for line in report_lines(report):
            say(line)
    return report.is_well


def build_report(*, offline: bool = False) -> DoctorReport:
    """Return the report on this machine and, unless ``offline``, on each account; it is free."""
    environment = current_environment()
    path, installed = journal_path(environment), find_installed(environment)
    return DoctorReport(
        versions=read_versions(),
        journal=inspect(path),
        providers=installed,
        accounts=[] if offline else check_accounts(installed, environment),
        checks=read_checks(path.parent),
    )


def run_live_check(
    provider: Provider,
    chosen: Subject | None,
    *,
    say: Print,
    tell: Print,
    confirm: Callable[[str], bool] | None,
    max_credits: float,
    as_json: bool,
) -> bool:
    """Check an account after its maximum cost was shown and confirmed.

    Parameters
    ----------
    provider
        The provider with the account.
    chosen
        The identity to request besides a made-up one.
    say, tell
        Print the outcome, and the messages before it.
    confirm
        Ask the user whether to continue; None if that is settled.
    max_credits
        Refuse a check that can cost more.
    as_json
        Whether the outcome is printed as JSON.

    Returns
    -------
    bool
        Whether the check ended and every tested assumption holds.

    Raises
    ------
    EnrichError
        The check cannot start because of the identity, a credential or the price. Nothing was
        sent.
    """
    live = LiveCheck(provider, chosen, tell)
    _announce(live, provider.name, tell)
    live.refuse_above(max_credits)
    if confirm is not None and not confirm("Continue?"):
        return False
    check, path = live.check()
    if as_json:
        say(_as_json(check))
    else:
        for line in check_lines(check):
            say(line)
    tell(f"Stored in {path}; enrich-pandas doctor shows it again.")
    return not check.stopped and not check.count("does not hold")


def _announce(live: LiveCheck, name: str, tell: Print) -> None:
    is_paid = current_environment().paid
    tell(f"This requests from {name}, on your account:" if is_paid else f"From {name}'s emulator:")
    for what, price in live.questions:
        tell(f"  {what}: at most {price:g} credits")
    tell(f"It can cost {live.credits_max:g} credits in all, and will probably cost less.")
    tell("Use the account for nothing else meanwhile, because its balance is compared.")


def _as_json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()


# -- The lines of a report -----------------------------------------------------------------------


def report_lines(report: DoctorReport) -> Iterator[str]:
    """Yield the lines of a report."""
    found = report.versions
    yield (
        f"enrich_pandas {found['enrich_pandas']}, Python {found['python']}, "
        f"pandas {found['pandas']}, {found['system']}"
    )
    yield from ("", "Journal", *_journal_lines(report.journal))
    yield from ("", "Providers")
    for one in report.providers:
        yield _provider_line(one)
    if report.accounts:
        yield from ("", "Accounts")
    for account in report.accounts:
        yield f"  {account.provider}: {account.text}"
        yield from (f"  PROBLEM: {problem}" for problem in account.problems)
    yield from ("", "Live checks")
    for check in report.checks:
        yield from check_lines(check)
    if not report.checks:
        yield "  none yet: what the vendors' documents say is unconfirmed on your account"
        yield "  type enrich-pandas doctor --live PROVIDER; it shows its maximum cost first"


def check_lines(check: Check) -> Iterator[str]:
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


def _journal_lines(journal: JournalFile) -> Iterator[str]:
    yield f"  {journal.path}"
    free = "" if journal.free_bytes is None else f", {_size(journal.free_bytes)} free"
    if not journal.exists:
        yield f"  does not exist yet: the first run makes it; its disk: {journal.disk}{free}"
    if journal.bytes is not None:
        mode = f"mode {journal.mode}, its folder {journal.folder_mode}; " if journal.mode else ""
        yield f"  {_size(journal.bytes)}, {mode}disk: {journal.disk}{free}"
    if journal.runs is not None:
        yield (
            f"  {_count(journal.runs, 'run')} ({journal.running} active, {journal.died} died), "
            f"{_count(journal.stored or 0, 'stored answer')}"
        )
        yield f"  {_count(journal.held or 0, 'row')} held{_advice(journal.held, HELD)}"
        yield f"  {_count(journal.pending or 0, 'row')} pending{_advice(journal.pending, PENDING)}"
    if journal.asking:
        yield f"  {_count(journal.asking, 'row')} that a run is requesting now"
    yield from (f"  PROBLEM: {problem}" for problem in journal.problems)


def _advice(rows: int | None, text: str) -> str:
    return f": {text}" if rows else ""


def _provider_line(one: InstalledProvider) -> str:
    if one.problem:
        return f"  {one.name}: {one.problem}"
    found = [
        f"{name} found ({place})" if place else f"{name} not found ({one.variables[name]})"
        for name, place in one.credentials.items()
    ]
    return f"  {one.name}: {', '.join(found) or 'needs no credential'}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _size(size: int) -> str:
    for unit, name in SIZES:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"
