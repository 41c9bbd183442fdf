"""Past runs, read from the journal."""

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
from enrich_pandas.cassette.file import Recording, load, save
from enrich_pandas.cassette.recording import Cassette, StartedRun
from enrich_pandas.cassette.replay import export_run, missing_message
from enrich_pandas.engine.budget import Budget
from enrich_pandas.engine.context import (
    RecordedCall as Recalled,
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
from enrich_pandas.report.report import Report
from enrich_pandas.report.summary import read_run_facts, summarize

# -- Freezing a past run: its raw answers as a recording, at no cost -----------------------------


class Exportable:
    """What `Run` has to freeze itself."""

    id: str
    started: pd.Timestamp
    kind: Kind
    _call: Recalled | None
    _asked: PastRows

    def freeze(
        self,
        path: str | os.PathLike[str],
        *,
        provider: "str | Provider | None" = None,
        redact: Callable[[Any], Any] | None = None,
    ) -> None:
        """Write the run's answers as a recording for `enrich_pandas.replay`. It costs nothing.

        What the run did not ask because it was stored is in it, too. A recording that is there is
        added to: so the runs of one report, or of one waterfall, go into one file.

        Parameters
        ----------
        path : str or path
            The cassette: YAML, or JSON where the name ends in ``.json``.
        provider : str or Provider, optional
            As in `resume`.
        redact : callable, optional
            As in `enrich_pandas.replay`.

        Raises
        ------
        ConfigurationError
            As in `resume`.
        InputError
            No raw answer of the run is kept any more.
        ReplayError
            The file is there and no recording.

        Warns
        -----
        UserWarning
            Some of those asked about have no answer, or it is not kept any more.

        Notes
        -----
        **It holds other people's data**; see `enrich_pandas.replay`. Whom the vendor has removed,
        or who was forgotten since, is not in it.

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
        environment, file, asked = (
            current_environment(),
            Path(path).expanduser(),
            self._asked.identities,
        )
        made = provider_for(self.id, self._call, asked, provider)
        begun = StartedRun(self.id, made, self.kind, asked)
        with open_journal(environment) as journal:
            found, left = export_run(journal, begun, environment.realm, redact)
            screen = journal.suppression.current_filter()
        if not found:
            raise InputError(
                f"No raw answer of run {self.id} is kept.",
                todo="Repeat the call inside ep.replay(…, mode='once').",
            )
        cassette = Cassette(
            file,
            load(file) if file.exists() else Recording(as_of=self.started.timestamp()),
            is_offline=False,
        )
        cassette.add(found)
        cassette.filters.append(screen)
        save(file, cassette.recording())
        if left := left.difference(cassette.identities):
            warnings.warn(missing_message(len(left), file), stacklevel=2)


# -- One past run: its rows, what it cost, and how to go on with it without the original frame ---


class Run(Exportable):
    """A run in the journal; made by ``ep.run(id)``.

    Attributes
    ----------
    id, provider, kind, status : str
        Its id, whom it asked, ``people`` or ``companies``, and how it ended; ``died`` where its
        process is gone.
    started, ended : pandas.Timestamp
        When; ``ended`` is NaT while it goes on, and where it died.
    credits, credits_held, credits_planned, budget, balance : float
        What it spent, what it may have spent besides, the most it could cost, its wall, and what
        was left on the account before; None without a wall, and where the vendor told nothing.
    """

    def __init__(self, facts: dict[str, Any], call: Recalled | None, asked: list[Identity]) -> None:
        self.id, self.provider, self.kind = facts["id"], facts["provider"], facts["kind"]
        self.status: str = facts["status"]
        self.started = pd.Timestamp(facts["started"], unit="s", tz="UTC")
        self.ended = pd.to_datetime(facts["ended"], unit="s", utc=True)
        self.credits, self.credits_held = facts["credits"], facts["credits_held"]
        self.credits_planned, self.budget = facts["credits_planned"], facts["budget"]
        has_budget = facts["budget"] is not None
        self._budget = Budget(facts["budget"], facts["budget_name"]) if has_budget else None
        self._call = call
        self._asked = PastRows(self.id, self.provider, self.kind, call, asked)
        self.balance = facts["balance"]

    def __repr__(self) -> str:
        counts = Counter(self._asked.statuses()).most_common()
        told = ", ".join(f"{count:,} {status}" for status, count in counts)
        before = "" if self.balance is None else f"; {self.balance:g} were left before"
        return (
            f"<run {self.id}: {self.provider}, {self.status}; {told or 'no rows'}; "
            f"{self.credits:g} of at most {self.credits_planned:g} credits, "
            f"{self.credits_held:g} held{before}>"
        )

    @property
    def rows(self) -> pd.DataFrame:
        """Everybody that the run asked about, with what is known of them now; it costs nothing.

        One row a distinct person or company: a column an identifier, in its canonical form, then
        the columns that `enrich_pandas.people` or `enrich_pandas.companies` adds. Who was forgotten
        since, or removed by the vendor, is not in it any more.
        """
        return self._asked.rows()

    @property
    def held(self) -> pd.DataFrame:
        """Those whose answer was lost: the identifiers, the reason, and what each may have cost.

        The columns are the identifiers, ``reason`` (text) and ``credits_at_most`` (Float64); the
        last is null where the provider cannot be made again.
        """
        held = self._asked.with_status({Status.HELD})
        provider, answers = self._call and remake_provider(self._call), held.answers()
        frame, every = held.frame.reset_index(drop=True), held.identities
        most = [provider.price(self.kind, [one]) if provider else None for one in every]
        reasons = [answers[one].match.reason for one in every]
        return frame.assign(
            reason=pd.Series(reasons, frame.index, dtype=TEXT),
            credits_at_most=pd.Series(most, frame.index, dtype="Float64"),
        )

    @property
    def report(self) -> Report:
        """What came of it: counts, filled fields, money, requests, reasons; it costs nothing.

        It counts the people or companies that it asked about, by what was known of them when it
        ended. Labels are those of `rows`.
        """
        rows, _ = self.rows_at_end()
        with open_journal(current_environment()) as journal:
            known = read_run_facts(journal, [self.id])
        return Report(summarize(rows, self.kind, PREFIXES[self.kind], unit=self.kind), tuple(known))

    def rows_at_end(self) -> tuple[pd.DataFrame, list[Sequence[tuple[str, str]]]]:
        """Return `rows` as they were when it ended, and the identifiers of each by name.

        Answers that later runs have replaced are read again from the raw ones.
        """
        until = None if pd.isna(self.ended) else self.ended.timestamp()
        return self._asked.rows(until=until), [one.keys for one in self._asked.identities]

    def resume(
        self,
        *,
        provider: "str | Provider | None" = None,
        budget: float | Budget | None = None,
        held: Literal["hold", "resend"] = "hold",
        progress: "str | Hook | None" = "auto",
        wait: bool = True,
    ) -> Any:
        """Go on where the run stopped, in any process, without the original frame.

        What was bought is not bought again, jobs that are open are fetched, unread answers are
        read, and whoever was not asked about is asked about. Repeating the original call does the
        same; this one needs no frame.

        Parameters
        ----------
        provider : str or Provider, optional
            The provider with the run's own options, where it cannot be made again from the journal:
            a directory, or one whose options are more than text and numbers.
        budget : float or Budget, optional
            Credits; a hard wall for what is spent now. By default what is left of the run's own.
        held : {"hold", "resend"}
            Whether to ask again about rows that are ``held``. **They may be paid for twice**: at
            most the credits that `held` shows.
        progress, wait
            As in `enrich_pandas.people`.

        Returns
        -------
        pandas.DataFrame or handle
            As `rows`.

        Raises
        ------
        ConfigurationError
            The provider is needed and not given, or is another one; or ``held`` is another word.
        InputError
            Whom the run asked about is not kept any more.
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
        return self._ask(self._asked, provider, budget, held, progress, wait=wait)

    def retry(
        self,
        *,
        provider: "str | Provider | None" = None,
        budget: float | Budget | None = None,
        held: Literal["hold", "resend"] = "hold",
        progress: "str | Hook | None" = "auto",
        wait: bool = True,
    ) -> Any:
        """Ask again about those who are ``failed``, and about nobody else.

        What a failed one was charged for, such as ``ambiguous``, is not bought again.

        Parameters
        ----------
        provider, budget, progress, wait
            As in `resume`.
        held : {"hold", "resend"}
            Whether to ask again about those who are ``held``, too, as in `resume`.

        Returns
        -------
        pandas.DataFrame or handle
            Those who were asked about again, with the labels that they have in `rows`.

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
        return self._ask(
            self._asked.with_status(again), provider, budget, held, progress, wait=wait
        )

    def parse_again(self, *, provider: "Provider | None" = None) -> pd.DataFrame:
        """Read the raw answers again, with the code of today. It makes no request.

        Where a newer version of the library understands more of an answer, what is stored is
        replaced; what it cost and when it was fetched stay.

        Parameters
        ----------
        provider : Provider, optional
            As in `resume`.

        Returns
        -------
        pandas.DataFrame
            A row for each person or company whose answer changed: the identifiers, and status and
            reason before and after.

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

    def _ask(
        self,
        asked: PastRows,
        given: "str | Provider | None",
        budget: float | Budget | None,
        held: str,
        progress: "str | Hook | None",
        *,
        wait: bool,
    ) -> Any:
        if held not in ("hold", "resend"):
            raise ConfigurationError(
                f"held={held!r} is not known.",
                cost="Nothing was spent.",
                todo='Type held="hold", or held="resend" to ask again at the risk of paying twice.',
            )
        stage, hook = asked.stage(self._provider(given)), choose_view(progress)
        wall = self._budget if budget is None else budget
        call = Call(provider=stage.provider, kind=self.kind, budget=wall, max_age="0D")
        terms = replace(read_terms(asked.frame, call), oldest=self._oldest())
        handle = prepare_stage(asked.frame, stage, terms, hook, resend=held == "resend")
        if wait:
            return handle.wait()
        handle.start(follow=True)
        return handle

    def _provider(self, given: "str | Provider | None") -> Provider:
        return provider_for(self.id, self._call, self._asked.identities, given)

    def _oldest(self) -> float:
        """Return the time of the oldest answer to use: such as the run used, or has bought."""
        begun = min(time.time(), self.started.timestamp())
        return begun if self._call is None else begun - self._call.max_age


# -- Past runs, read from the journal ------------------------------------------------------------

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
        One row a run: its id, provider, kind, times, status, rows, distinct identities, requests,
        and credits: planned at most, spent, and held (may have been spent; nobody can say). Runs
        with the same ``budget_name`` share a budget; without a name of its own it is the run's id.
        ``balance`` is what was left on the account before, where the vendor told.

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
        Of the first column of `enrich_pandas.runs`.

    Returns
    -------
    Run
        Its `Run.rows`, `Run.held` and `Run.report`; `Run.resume` goes on with it, `Run.retry` asks
        again about its failed rows.

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
        found = journal.queries.runs(id) if str(id).isascii() else []  # as all ids are
        if not found:
            newest = [one["id"] for one in journal.queries.runs()[:3]]
            raise InputError(
                f"The journal has no run {id!r}.",
                cost="Nothing was spent.",
                todo=f"See ep.runs(); the newest are {', '.join(newest)}."
                if newest
                else "No call has been made yet with this journal.",
            )
        begun = journal.queries.run_input(id)
    call = None if begun.call is None else read_call(begun.call)
    return Run(found[0], call, begun.asked or [])
