"""The rows of a past run, with the answers that the journal has for them."""

from collections.abc import Container, Mapping, Sequence

import numpy as np
import pandas as pd

from enrich_pandas.call import Call
from enrich_pandas.engine.context import (
    RecordedCall,
    current_environment,
    open_journal,
    remake_provider,
)
from enrich_pandas.engine.plan import scope_of
from enrich_pandas.engine.results import parse_past_answers
from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.frame.columns import IdentifierColumns
from enrich_pandas.frame.schema import TEXT
from enrich_pandas.frame.validation import Identified
from enrich_pandas.journal import Journal
from enrich_pandas.journal.records import Answer, Change, fingerprint
from enrich_pandas.pipeline import ResultCollector, plan_output
from enrich_pandas.providers import find_provider
from enrich_pandas.providers.base import Identity, Kind, Match, Provider, Status
from enrich_pandas.waterfall.stage import Stage


def identifiers(identities: Sequence[Identity]) -> pd.DataFrame:
    """Return one row per identity and one column per identifier, without ``company_`` prefix."""
    names = list(dict.fromkeys(name for one in identities for name, _ in one.keys))
    columns = {
        name.removeprefix("company_"): [one.get(name) for one in identities] for name in names
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(identities)), dtype=TEXT)


def provider_for(
    run: str,
    call: RecordedCall | None,
    identities: Sequence[Identity],
    given: str | Provider | None,
) -> Provider:
    """Return the provider of a run: the given one if it buys the same, else a new instance.

    Raises
    ------
    InputError
        The input of the run has expired and was deleted.
    ConfigurationError
        The provider cannot be created from the journal, or the given one buys something else.
    """
    if call is None or not identities:
        raise InputError(
            f"The input of run {run} has expired and was deleted.",
            todo="Repeat the original call: stored rows are not bought again.",
        )
    made = remake_provider(call) if given is None else find_provider(given)
    realm = current_environment().realm
    if made is not None and scope_of(made, call.kind, realm) == call.scope:
        return made
    what = (
        "the options in the journal"
        if given is None
        else "this provider: it would buy something else"
    )
    where = "" if call.realm == realm else f" It was a run in the environment {call.realm!r}."
    raise ConfigurationError(
        f"Run {run} cannot be resumed with {what}.{where}",
        todo=f"Type ep.run({run!r}).resume(provider=…) with the options of the original call.",
    )


class PastRows:
    """The identities of a past run, or some of them.

    Parameters
    ----------
    run, provider, kind
        The run.
    call
        The recorded call; None if the run is older than this record.
    identities
        The identities.
    places
        Their positions among all identities of the run; None for all.
    """

    run: str
    provider: str
    call: RecordedCall | None

    def __init__(
        self,
        run: str,
        provider: str,
        kind: Kind,
        call: RecordedCall | None,
        identities: Sequence[Identity],
        *,
        places: Sequence[int] | None = None,
    ) -> None:
        self.run, self.provider, self.kind, self.call = run, provider, kind, call
        self.identities: list[Identity] = list(identities)
        self._places = range(len(self.identities)) if places is None else places

    @property
    def frame(self) -> pd.DataFrame:
        """One row per identity, labelled by its position in the run."""
        frame = identifiers(self.identities)
        return frame if isinstance(self._places, range) else frame.set_axis(list(self._places))

    def answers(self, *, until: float | None = None) -> dict[Identity, Answer]:
        """Return the answer for each identity, now or at an earlier time."""
        with open_journal(current_environment()) as journal:
            return known_answers(journal, self.run, self.call, self.identities, until=until)

    def rows(self, *, until: float | None = None) -> pd.DataFrame:
        """Return the frame with the columns of all fields: the journal has no choice of them."""
        frame, call = self.frame, Call(provider=self.provider, kind=self.kind, fields="all")
        collector = ResultCollector(plan_output(frame, call))
        kept = {one: collector.keep(answer) for one, answer in self.answers(until=until).items()}
        rows = collector.assemble(frame, self._identified(), kept)
        assert isinstance(rows, pd.DataFrame)  # noqa: S101 - for the type checker: it is wide
        return rows

    def statuses(self) -> list[Status]:
        """Return the present status of each identity, in order."""
        answers = self.answers()
        return [answers[one].match.status for one in self.identities]

    def with_status(self, statuses: Container[Status]) -> "PastRows":
        """Return the identities that have one of these statuses now."""
        found = [place for place, status in enumerate(self.statuses()) if status in statuses]
        some = [self.identities[place] for place in found]
        return PastRows(self.run, self.provider, self.kind, self.call, some, places=found)

    def stage(self, provider: Provider) -> Stage:
        """Return the stage that requests them from a provider."""
        return Stage.of(provider, self.kind, IdentifierColumns({}, {}, {}), self._identified())

    def _identified(self) -> Identified:
        codes = np.arange(len(self.identities), dtype=np.intp)
        return Identified(codes, self.identities, [])


def known_answers(
    journal: Journal,
    run: str,
    call: RecordedCall | None,
    identities: Sequence[Identity],
    *,
    until: float | None = None,
) -> dict[Identity, Answer]:
    """Return the answer for each identity, now or at an earlier time.

    The present suppression list applies to earlier times, too.
    """
    if call is None:
        return {}
    keys = {fingerprint(call.scope, identity): identity for identity in identities}
    suppression = journal.suppression.current_filter()
    answers = {keys[key]: one for key, one in journal.stored(keys).items()}
    if until is not None:
        answers = _as_of(until, journal, call, identities, answers)
    stored = suppression.apply(answers)
    suppressed = suppression.for_identities(call.kind, call.provider, identities)
    holders = journal.claims(list(keys)).items()
    claimed = {keys[key] for key, holder in holders if not holder.is_idle}
    finished = journal.queries.finished_identities(run)
    unanswered = {
        one: _unanswered(one, is_claimed=one in claimed, is_finished=one in finished)
        for one in identities
    }
    return unanswered | stored | suppressed


def _as_of(
    until: float,
    journal: Journal,
    call: RecordedCall,
    identities: Sequence[Identity],
    answers: Mapping[Identity, Answer],
) -> dict[Identity, Answer]:
    """Leave out later answers, and parse the earlier raw answers that they replaced."""
    old = {one: answer for one, answer in answers.items() if answer.fetched <= until}
    provider = remake_provider(call)
    if provider is None or scope_of(provider, call.kind, call.realm) != call.scope:
        return old
    left = [one for one in identities if one not in old]
    return old | parse_past_answers(
        journal, provider, call.kind, left, scope=call.scope, until=until
    )


def changes_table(changes: Sequence[Change]) -> pd.DataFrame:
    """Return one row per change: the identifiers, and status and reason before and after."""
    frame = identifiers([change.identity for change in changes])
    for name, place in (("before", "_before"), ("after", "")):
        answers: list[Answer | None] = [getattr(change, name) for change in changes]
        for fact in ("status", "reason"):
            values = [one and str(getattr(one.match, fact)) for one in answers]
            frame[fact + place] = pd.Series(values, dtype=TEXT)
    return frame


def _unanswered(identity: Identity, *, is_claimed: bool, is_finished: bool) -> Answer:
    """Return the answer for an identity without a stored answer."""
    if is_claimed:
        status, reason = Status.PENDING, "interrupted"
    elif is_finished:  # the vendor refused it and charged nothing
        status, reason = Status.FAILED, "not_kept"
    else:
        status, reason = Status.SKIPPED, "not_asked"
    return Answer(Match(identity=identity, status=status, reason=reason), 0.0, "")
