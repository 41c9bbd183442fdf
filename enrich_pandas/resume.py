"""One past run: its rows, what it cost, and how to go on with it without the original frame."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from enrich_pandas.asked import identifiers, known, provider_of, read_first
from enrich_pandas.enrichment import Call, assemble, drive, output_of, terms_of
from enrich_pandas.errors import ConfigurationError, EnrichError, InputError
from enrich_pandas.frame.columns import Columns
from enrich_pandas.frame.schema import TEXT
from enrich_pandas.frame.validation import Identified
from enrich_pandas.progress import Hook
from enrich_pandas.progress.choose import choose
from enrich_pandas.providers.base import Identity, Provider, Status
from enrich_pandas.run.journal import Journal
from enrich_pandas.run.recall import Call as Recalled
from enrich_pandas.run.recall import read_call, remade
from enrich_pandas.run.records import Answer
from enrich_pandas.run.rereading import reread
from enrich_pandas.run.surroundings import current, journal_path
from enrich_pandas.waterfall.stage import Stage


class Run:
    """A run in the journal; made by ``ep.run(id)``.

    Attributes
    ----------
    id, provider, kind, status : str
        Its id, whom it asked, ``people`` or ``companies``, and how it ended; ``died`` where its
        process is gone.
    started, ended : pandas.Timestamp
        When; ``ended`` is NaT while it goes on, and where it died.
    credits, credits_held, credits_planned, budget : float
        What it spent, what it may have spent besides, the most it could cost, and its wall.
    """

    def __init__(self, facts: dict[str, Any], call: Recalled | None, asked: list[Identity]) -> None:
        self.id, self.provider, self.kind = facts["id"], facts["provider"], facts["kind"]
        self.status: str = facts["status"]
        self.started = pd.Timestamp(facts["started"], unit="s", tz="UTC")
        self.ended = pd.to_datetime(facts["ended"], unit="s", utc=True)
        self.credits, self.credits_held = facts["credits"], facts["credits_held"]
        self.credits_planned, self.budget = facts["credits_planned"], facts["budget"]
        self._call, self._asked = call, asked

    def __repr__(self) -> str:
        counts = self._statuses().value_counts()
        told = ", ".join(f"{count:,} {status}" for status, count in counts.items())
        return (
            f"<run {self.id}: {self.provider}, {self.status}; {told or 'no rows'}; "
            f"{self.credits:g} credits, {self.credits_held:g} held>"
        )

    @property
    def rows(self) -> pd.DataFrame:
        """Everybody that the run asked about, with what is known of them now; it costs nothing.

        One row a distinct person or company: a column an identifier, in its canonical form, then
        the columns that `enrich_pandas.people` or `enrich_pandas.companies` adds. Who was forgotten
        since, or removed by the vendor, is not in it any more.
        """
        with _journal() as journal:
            answers = known(journal, self.id, self._call, self._asked)
        call = Call(provider=self.provider, kind=self.kind)
        output = output_of(self._frame(), call)
        frame = assemble(self._frame(), self._identified(), output, answers)
        assert isinstance(frame, pd.DataFrame)  # noqa: S101 - for the type checker: it is wide
        return frame

    @property
    def held(self) -> pd.DataFrame:
        """Those whose answer was lost: the identifiers, the reason, and what each may have cost.

        The columns are the identifiers, ``reason`` (text) and ``credits_at_most`` (Float64); the
        last is null where the provider cannot be made again.
        """
        with _journal() as journal:
            answers = known(journal, self.id, self._call, self._asked)
        places = [n for n, one in enumerate(self._asked) if _status(answers, one) is Status.HELD]
        held, frame = [self._asked[n] for n in places], self._frame().iloc[places]
        provider = self._call and remade(self._call)
        most = [provider.price(self.kind, [one]) if provider else None for one in held]
        reasons = [answers[one].match.reason for one in held]
        return frame.assign(
            reason=pd.Series(reasons, frame.index, dtype=TEXT),
            credits_at_most=pd.Series(most, frame.index, dtype="Float64"),
        ).reset_index(drop=True)

    @property
    def report(self) -> pd.DataFrame:
        """Its requests by outcome: how many, how many billed, and the most that these could cost.

        Beside `credits`, `credits_held` and `credits_planned` it tells the plan from what came of
        it. An ``unknown`` request has no answer, or one that does not tell whether it was charged.
        """
        with _journal() as journal:
            found = journal.past.requests(self.id)
        columns = {"outcome": TEXT, "requests": "Int64", "billed": "Int64", "credits": "Float64"}
        return pd.DataFrame(found, columns=list(columns)).astype(columns)

    def resume(
        self,
        *,
        provider: "str | Provider | None" = None,
        budget: float | None = None,
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
        budget : float, optional
            Credits; a hard wall for what is spent now.
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
        if held not in ("hold", "resend"):
            raise ConfigurationError(
                f"held={held!r} is not known.",
                cost="Nothing was spent.",
                todo='Type held="hold", or held="resend" to ask again at the risk of paying twice.',
            )
        stage, hook = self._stage(provider), choose(progress)
        call = Call(provider=stage.provider, kind=self.kind, budget=budget, max_age="0D")
        terms = replace(terms_of(self._frame(), call), max_age=self._age())
        if held == "resend":
            try:
                terms = read_first(stage, terms)
            except EnrichError as error:
                error.result = self.rows
                raise
        handle = drive(self._frame(), stage, terms, hook, resend=held == "resend")
        handle.start()
        return handle.wait() if wait else handle

    def reread(self, *, provider: "Provider | None" = None) -> pd.DataFrame:
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
        known = self._stage(provider).provider
        with _journal() as journal:
            changes = list(reread(journal, self.id, known, self.kind, current().realm))
        frame = identifiers([change.identity for change in changes])
        for name, place in (("before", "_before"), ("after", "")):
            answers: list[Answer | None] = [getattr(change, name) for change in changes]
            for fact in ("status", "reason"):
                values = [one and str(getattr(one.match, fact)) for one in answers]
                frame[fact + place] = pd.Series(values, dtype=TEXT)
        return frame

    # -- what the journal knows ------------------------------------------------------------

    def _frame(self) -> pd.DataFrame:
        return identifiers(self._asked)

    def _identified(self) -> Identified:
        codes = np.arange(len(self._asked), dtype=np.intp)
        return Identified(codes, self._asked, [], pd.DataFrame())

    def _age(self) -> float:
        """Return the age of the oldest answer to use: such as the run used, or has bought."""
        since = max(0.0, time.time() - self.started.timestamp())
        return since + (self._call.max_age if self._call else 0.0)

    def _stage(self, given: "str | Provider | None") -> Stage:
        provider = provider_of(self.id, self._call, self._asked, given)
        return Stage.of(provider, self.kind, Columns({}, {}, {}), self._identified())

    def _statuses(self) -> "pd.Series[Any]":
        with _journal() as journal:
            answers = known(journal, self.id, self._call, self._asked)
        return pd.Series([str(_status(answers, one)) for one in self._asked], dtype=TEXT)


def run(id: str) -> Run:  # noqa: A002 - what users call it
    """Return one past run. It costs nothing.

    Parameters
    ----------
    id : str
        Of the first column of `enrich_pandas.runs`.

    Returns
    -------
    Run
        Its `Run.rows`, `Run.held` and `Run.report`; `Run.resume` goes on with it.

    Raises
    ------
    InputError
        The journal has no such run.
    JournalError
        The journal cannot be read.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com"]})
    >>> with ep.sandbox(misses=0):
    ...     people = ep.people(leads, fields=["name"], progress=None)
    ...     past = ep.run(ep.runs()["run"][0])
    ...     past.rows[["email", "person_status"]]
                 email person_status
    0  ada@example.com       matched
    """
    with _journal() as journal:
        found = journal.past.runs(id)
        if not found:
            newest = [one["id"] for one in journal.past.runs()[:3]]
            raise InputError(
                f"The journal has no run {id!r}.",
                cost="Nothing was spent.",
                todo=f"See ep.runs(); the newest are {', '.join(newest)}."
                if newest
                else "No call has been made yet with this journal.",
            )
        begun = journal.past.begun(id)
    call = None if begun.call is None else read_call(begun.call)
    return Run(found[0], call, begun.asked or [])


def _status(answers: dict[Identity, Answer], identity: Identity) -> Status:
    return answers[identity].match.status


@contextmanager
def _journal() -> Iterator[Journal]:
    journal = Journal(journal_path(current()))
    try:
        yield journal
    finally:
        journal.close()
