"""Past runs: their rows, reports and costs, and how to resume, retry and export them."""

import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from enrich_pandas.call import Call
from enrich_pandas.cassette import export_run, missing_message
from enrich_pandas.cassette.file import Recording, load, save
from enrich_pandas.cassette.recording import Cassette, StartedRun
from enrich_pandas.engine.budget import Budget
from enrich_pandas.engine.context import (
    RecordedCall,
    current_environment,
    open_journal,
    read_call,
    remake_provider,
)
from enrich_pandas.engine.results import parse_again
from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.frame.schema import TEXT, TIME, times
from enrich_pandas.past_rows import PastRows, changes_table, provider_for
from enrich_pandas.pipeline import PREFIXES, prepare_stage, read_terms
from enrich_pandas.progress import Hook
from enrich_pandas.progress.choose import choose_view
from enrich_pandas.providers.base import Identity, Kind, Provider, Status
from enrich_pandas.report import Report
from enrich_pandas.report.summary import read_run_facts, summarize


class Run:
    """A past run in the journal; ``ep.run(id)`` returns it.

    Attributes
    ----------
    id, provider, kind, status : str
        The id, the provider, ``people`` or ``companies``, and how the run ended: ``done``,
        ``interrupted``, ``died`` if its process ended without a status, or ``running``.
    started, ended : pandas.Timestamp
        The times in UTC; ``ended`` is NaT while the run is going on and if it died.
    credits : float
        The credits that were spent.
    credits_held : float
        The credits that may have been spent besides, for lost answers.
    credits_planned : float
        The maximum cost of the plan, in credits.
    budget : float or None
        The budget in credits; None without one.
    balance : float or None
        The credits of the account before the run; None if the vendor does not report a balance.
    """

    def __init__(
        self, facts: dict[str, Any], call: RecordedCall | None, identities: list[Identity]
    ) -> None:
        self.id: str = facts["id"]
        self.provider: str = facts["provider"]
        self.kind: Kind = facts["kind"]
        self.status: str = facts["status"]
        self.started: pd.Timestamp = pd.Timestamp(facts["started"], unit="s", tz="UTC")
        # NaT, which is no Timestamp, while the run goes on and if it died.
        self.ended: Any = pd.to_datetime(facts["ended"], unit="s", utc=True)
        self.credits: float = facts["credits"]
        self.credits_held: float = facts["credits_held"]
        self.credits_planned: float = facts["credits_planned"]
        self.budget: float | None = facts["budget"]
        has_budget = facts["budget"] is not None
        self._budget = Budget(facts["budget"], facts["budget_name"]) if has_budget else None
        self._call = call
        self._past = PastRows(self.id, self.provider, self.kind, call, identities)
        self.balance: float | None = facts["balance"]

    def __repr__(self) -> str:
        counts = Counter(self._past.statuses()).most_common()
        statuses = ", ".join(f"{count:,} {status}" for status, count in counts)
        before = "" if self.balance is None else f"; balance before: {self.balance:g}"
        return (
            f"<run {self.id}: {self.provider}, {self.status}; {statuses or 'no rows'}; "
            f"{self.credits:g} of at most {self.credits_planned:g} credits, "
            f"{self.credits_held:g} held{before}>"
        )

    @property
    def rows(self) -> pd.DataFrame:
        """One row per distinct person or company of the run, as stored now. It costs nothing.

        The columns are the identifiers in their canonical form, one column each, and those that
        `enrich_pandas.people` or `enrich_pandas.companies` adds with ``fields="all"``. People and
        companies that were erased since, or that the vendor removed, are left out.
        """
        return self._past.rows()

    @property
    def held(self) -> pd.DataFrame:
        """The rows whose answer was lost, with the reason and the maximum cost of each.

        The columns are the identifiers, ``reason`` (text) and ``credits_at_most`` (Float64). The
        last is null if the provider cannot be created from the journal.
        """
        held = self._past.with_status({Status.HELD})
        provider, answers = self._call and remake_provider(self._call), held.answers()
        frame, identities = held.frame.reset_index(drop=True), held.identities
        costs = [provider.price(self.kind, [one]) if provider else None for one in identities]
        reasons = [answers[one].match.reason for one in identities]
        return frame.assign(
            reason=pd.Series(reasons, frame.index, dtype=TEXT),
            credits_at_most=pd.Series(costs, frame.index, dtype="Float64"),
        )

    @property
    def report(self) -> Report:
        """The report of the run: counts, fill rates, credits, requests. It costs nothing.

        It counts distinct people or companies, as they were known at the end of the run. Its row
        labels are those of `rows`.
        """
        rows, _ = self.rows_at_end()
        with open_journal(current_environment()) as journal:
            facts = read_run_facts(journal, [self.id])
        return Report(summarize(rows, self.kind, PREFIXES[self.kind], unit=self.kind), tuple(facts))

    def rows_at_end(self) -> tuple[pd.DataFrame, list[Sequence[tuple[str, str]]]]:
        """Return `rows` as they were at the end of the run, and the identifiers of each row.

        Answers that later runs have replaced are parsed again from the raw answers.
        """
        ended: object = self.ended  # NaT unless the run has ended
        until = ended.timestamp() if isinstance(ended, pd.Timestamp) else None
        return self._past.rows(until=until), [one.keys for one in self._past.identities]

    def resume(
        self,
        *,
        provider: "str | Provider | None" = None,
        budget: float | Budget | None = None,
        held: Literal["hold", "resend"] = "hold",
        progress: "str | Hook | None" = "auto",
        wait: bool = True,
    ) -> Any:
        """Continue the run where it stopped, in any process, without the original frame.

        Stored rows are not bought again, the results of open jobs are fetched, unread answers are
        parsed, and the rows that were not requested yet are requested. Repeating the original call
        does the same; this method needs no frame.

        Parameters
        ----------
        provider : str or Provider, optional
            The provider with the options of the run. It is needed if it cannot be created from the
            journal: a directory, or a provider whose options are not only text and numbers.
        budget : float or Budget, optional
            Credits that may be spent now at most. By default what is left of the run's budget.
        held : {"hold", "resend"}, default "hold"
            Whether to request rows again that are ``held``. **They may be paid for twice**: at
            most the credits that `held` shows.
        progress, wait
            As in `enrich_pandas.people`.

        Returns
        -------
        pandas.DataFrame or handle
            As `rows`; a handle with ``wait=False``.

        Raises
        ------
        ConfigurationError
            ``provider`` is needed and missing, or has other options than the run; or ``held`` has
            another value.
        InputError
            The input of the run has expired and was deleted.
        BudgetError, CredentialError, ProviderError, RunInterrupted
            As in `enrich_pandas.people`.

        Examples
        --------
        >>> import enrich_pandas as ep
        >>> leads = pd.DataFrame({"Email": ["ada@example.com"]})
        >>> with ep.sandbox(misses=0):
        ...     people = ep.people(leads, progress=None)
        ...     again = ep.run(ep.runs()["run"][0]).resume(progress=None)
        >>> again["person_status"].tolist()
        ['matched']
        """
        return self._request(self._past, provider, budget, held, progress, wait=wait)

    def retry(
        self,
        *,
        provider: "str | Provider | None" = None,
        budget: float | Budget | None = None,
        held: Literal["hold", "resend"] = "hold",
        progress: "str | Hook | None" = "auto",
        wait: bool = True,
    ) -> Any:
        """Request only the ``failed`` rows of the run again.

        A failed row that was charged, such as ``ambiguous``, is not bought again.

        Parameters
        ----------
        provider, budget, progress, wait
            As in `resume`.
        held : {"hold", "resend"}, default "hold"
            Whether to request ``held`` rows again, too, as in `resume`.

        Returns
        -------
        pandas.DataFrame or handle
            The rows that were requested again, with their labels in `rows`.

        Raises
        ------
        ConfigurationError, InputError, BudgetError, CredentialError, ProviderError, RunInterrupted
            As in `resume`.

        Examples
        --------
        >>> import enrich_pandas as ep
        >>> leads = pd.DataFrame({"Email": ["ada@example.com"]})
        >>> with ep.sandbox(misses=0):
        ...     people = ep.people(leads, progress=None)
        ...     len(ep.run(ep.runs()["run"][0]).retry(progress=None))
        0
        """
        again = {Status.FAILED, Status.HELD} if held == "resend" else {Status.FAILED}
        return self._request(
            self._past.with_status(again), provider, budget, held, progress, wait=wait
        )

    def reread(self, *, provider: "Provider | None" = None) -> pd.DataFrame:
        """Parse the stored raw answers again. It makes no request and costs nothing.

        If this version of the library reads more from an answer than the one that stored it, the
        stored result is replaced. Its cost and the time it was fetched stay.

        Parameters
        ----------
        provider : Provider, optional
            As in `resume`.

        Returns
        -------
        pandas.DataFrame
            One row per person or company whose result changed: the identifiers, and the columns
            ``status_before``, ``reason_before``, ``status`` and ``reason`` (text).

        Raises
        ------
        ConfigurationError, InputError
            As in `resume`.
        """
        known = self._provider(provider)
        with open_journal(current_environment()) as journal:
            changes = list(
                parse_again(journal, self.id, known, self.kind, current_environment().realm)
            )
        return changes_table(changes)

    def freeze(
        self,
        path: str | os.PathLike[str],
        *,
        provider: "str | Provider | None" = None,
        redact: Callable[[Any], Any] | None = None,
    ) -> None:
        """Export the answers of the run as a cassette for `enrich_pandas.replay`. It is free.

        The cassette includes stored answers that the run did not request. If the file exists, the
        answers are added to it, so that the runs of one report can share a cassette.

        Parameters
        ----------
        path : str or path
            The cassette: JSON if the name ends in ``.json``, else YAML.
        provider : str or Provider, optional
            As in `resume`.
        redact : callable, optional
            As in `enrich_pandas.replay`.

        Raises
        ------
        ConfigurationError
            As in `resume`.
        InputError
            The raw answers of the run have expired and were deleted.
        ReplayError
            The file exists and is not a cassette.

        Warns
        -----
        UserWarning
            Some identities of the run have no raw answer.

        Notes
        -----
        **A cassette contains personal data**; see `enrich_pandas.replay`. It leaves out people and
        companies that were erased since, or that the vendor removed.

        Examples
        --------
        >>> import enrich_pandas as ep
        >>> import pandas as pd
        >>> import tempfile
        >>> leads = pd.DataFrame({"Email": ["ada@example.com"]})
        >>> path = Path(tempfile.mkdtemp()) / "report.yaml"
        >>> with ep.sandbox(misses=0):
        ...     people = ep.people(leads, progress=None)
        ...     ep.run(ep.runs()["run"][0]).freeze(path)
        >>> with ep.replay(path):
        ...     ep.people(leads, progress=None).equals(people)
        True
        """
        environment, file = current_environment(), Path(path).expanduser()
        made = self._provider(provider)
        started = StartedRun(self.id, made, self.kind, self._past.identities)
        with open_journal(environment) as journal:
            found, missing = export_run(journal, started, environment.realm, redact)
            suppressed = journal.suppression.current_filter()
        if not found:
            raise InputError(
                f"Run {self.id} has no raw answers: they have expired and were deleted.",
                todo="Repeat the call inside ep.replay(…, mode='once').",
            )
        cassette = Cassette(
            file,
            load(file) if file.exists() else Recording(as_of=self.started.timestamp()),
            is_offline=False,
        )
        cassette.add(found)
        cassette.filters.append(suppressed)
        save(file, cassette.recording())
        if missing := missing.difference(cassette.identities):
            warnings.warn(missing_message(len(missing), file), stacklevel=2)

    def _request(
        self,
        rows: PastRows,
        given: "str | Provider | None",
        budget: float | Budget | None,
        held: str,
        progress: "str | Hook | None",
        *,
        wait: bool,
    ) -> Any:
        if held not in ("hold", "resend"):
            raise ConfigurationError(
                f"held={held!r} is not valid.",
                todo='Type held="hold", or held="resend" to request held rows again at the risk '
                "of paying twice.",
            )
        stage, hook = rows.stage(self._provider(given)), choose_view(progress)
        limit = self._budget if budget is None else budget
        call = Call(
            provider=stage.provider, kind=self.kind, fields="all", budget=limit, max_age="0D"
        )
        terms = replace(read_terms(rows.frame, call), oldest=self._oldest())
        handle = prepare_stage(rows.frame, stage, terms, hook, resend=held == "resend")
        if wait:
            return handle.wait()
        handle.start(follow=True)
        return handle

    def _provider(self, given: "str | Provider | None") -> Provider:
        return provider_for(self.id, self._call, self._past.identities, given)

    def _oldest(self) -> float:
        """Return the time of the oldest answer that the run would have used."""
        started = min(time.time(), self.started.timestamp())
        return started if self._call is None else started - self._call.max_age


COLUMNS = {
    "run": TEXT,
    "provider": TEXT,
    "kind": TEXT,
    "started": TIME,
    "ended": TIME,
    "status": TEXT,
    "rows": "Int64",
    "identities": "Int64",
    "requests": "Int64",
    "credits_planned": "Float64",
    "credits": "Float64",
    "credits_held": "Float64",
    "budget": "Float64",
    "budget_name": TEXT,
    "balance": "Float64",
    "library": TEXT,
}


def runs() -> pd.DataFrame:
    """Return the runs in the journal, the newest first. It costs nothing.

    Returns
    -------
    pandas.DataFrame
        One row per run: ``run`` (its id), ``provider``, ``kind``, ``started``, ``ended`` (UTC),
        ``status``, ``rows``, ``identities`` (distinct), ``requests``, ``credits_planned`` (the
        maximum), ``credits`` (spent), ``credits_held`` (may have been spent on lost answers),
        ``budget``, ``budget_name``, ``balance`` (of the account before the run; null if unknown)
        and ``library`` (its version). Runs with the same ``budget_name`` share a budget; the
        default name is the id of the run.

    Raises
    ------
    JournalError
        The journal cannot be read.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> with ep.sandbox():
    ...     len(ep.runs())
    0
    """
    with open_journal(current_environment()) as journal:
        found = journal.runs()
    frame = pd.DataFrame(found, columns=["id", *list(COLUMNS)[1:]]).rename(columns={"id": "run"})
    for name in ("started", "ended"):
        frame[name] = times(frame[name].to_list())
    return frame.astype(COLUMNS)


def run(id: str) -> Run:  # noqa: A002 - what users call it
    """Return one past run. It costs nothing.

    Parameters
    ----------
    id : str
        A value of the column ``run`` of `enrich_pandas.runs`.

    Returns
    -------
    Run
        Read its `Run.rows`, `Run.held` and `Run.report`. `Run.resume` continues it, `Run.retry`
        requests its failed rows again, `Run.freeze` exports its answers.

    Raises
    ------
    InputError
        The journal has no such run.
    JournalError
        The journal cannot be read.

    Examples
    --------
    >>> import pandas as pd
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com"]})
    >>> with ep.sandbox(misses=0):
    ...     people = ep.people(leads, fields=["name"], progress=None)
    ...     past = ep.run(ep.runs()["run"][0])
    ...     past.rows[["email", "person_status"]]
                 email person_status
    0  ada@example.com       matched
    """
    with open_journal(current_environment()) as journal:
        found = journal.queries.runs(id) if str(id).isascii() else []  # all ids are ASCII
        if not found:
            newest = [one["id"] for one in journal.queries.runs()[:3]]
            raise InputError(
                f"The journal has no run {id!r}.",
                todo=f"See ep.runs(). The newest runs are {', '.join(newest)}."
                if newest
                else "Enrich a frame first: this journal has no run yet.",
            )
        given = journal.queries.run_input(id)
    call = None if given.call is None else read_call(given.call)
    return Run(found[0], call, given.identities or [])
