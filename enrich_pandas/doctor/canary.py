"""The live check: a few cheap questions, the balance read around each."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from enrich_pandas.api import companies, people
from enrich_pandas.doctor import verdicts
from enrich_pandas.doctor.findings import Check, Finding, hashed, keep
from enrich_pandas.doctor.jobs import Record, fetched_again, lists, record_of, seen_after
from enrich_pandas.doctor.subjects import Subject, mark, to_refuse
from enrich_pandas.doctor.verdicts import Asked
from enrich_pandas.doctor.wire import Line
from enrich_pandas.engine.balance import left_by
from enrich_pandas.engine.context import current, journal_path
from enrich_pandas.engine.credentials import find_secrets
from enrich_pandas.errors import BudgetError, ConfigurationError, EnrichError
from enrich_pandas.providers.base import Identity, Provider, Request

LAG = 3.0  # seconds for a vendor's books to follow its answers; its emulator needs none
WORDS = {"people": "person", "companies": "company"}


class Canary:
    """A live check of one account.

    Parameters
    ----------
    provider
        Whose account.
    chosen
        Whom to ask about beside somebody made up; None for nobody.
    say
        Told what is going on, in plain words.

    Raises
    ------
    CredentialError
        A credential is found nowhere.
    ConfigurationError
        The provider cannot be asked by any identifier that is known here, or would write to a
        record.
    """

    def __init__(
        self, provider: Provider, chosen: Subject | None, say: Callable[[str], object]
    ) -> None:
        _refuse_writing(provider)
        self._provider, self._chosen, self._say = provider, chosen, say
        self._nobody = Subject.made_up(provider, chosen)
        self._kind, self._here = self._nobody.kind, current()
        find_secrets(provider, self._here)
        self._balance = provider.balance_request()
        self._refused = to_refuse(provider, self._kind) if self._balance else None
        is_zoho = provider.name == "zoho" and self._kind == "people"
        self._foreign = Identity.of(name=f"Zoë {mark()}", company=mark()) if is_zoho else None
        self._start: float | None = None
        self._last: float | None = None
        self._counted = 0.0

    @property
    def questions(self) -> list[tuple[str, float]]:
        """What is asked, each with the most credits that it can cost."""
        word = WORDS[self._kind]
        asked = {
            f"1 made-up {word}": self._nobody.identity,
            "1 request that is to be refused": self._refused,
            "1 name with a diacritic, which is to be refused": self._foreign,
            f"the {word} you chose": self._chosen.identity if self._chosen else None,
        }
        return [
            (what, self._provider.price(self._kind, [one]))
            for what, one in asked.items()
            if one is not None
        ]

    @property
    def credits_max(self) -> float:
        """The most credits that the check can cost."""
        return sum(price for _, price in self.questions)

    def refuse_above(self, limit: float) -> None:
        """Refuse a check that can cost more than a limit.

        Raises
        ------
        BudgetError
            It can; nothing was sent.
        """
        if self.credits_max > limit:
            raise BudgetError(
                f"The check can cost {self.credits_max:g} credits, more than {limit:g}.",
                cost="Nothing was sent and nothing was spent.",
                todo=f"Allow it with --max-credits {self.credits_max:g}, or choose nobody.",
            )

    def check(self) -> tuple[Check, Path]:
        """Ask, judge, and keep what was found; return it, and where it is kept.

        What stops it, such as a refused key, is part of what was found.
        """
        check = Check(
            provider=self._provider.name,
            account=str(self._provider.account),
            version=self._provider.version,
            kind=self._kind,
            realm=self._here.realm,
            library=version("enrich-pandas"),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            credits_max=self.credits_max,
        )
        if self._chosen:
            check.identity = hashed(f"{self._chosen.name}={self._chosen.value}")
        folder = journal_path(self._here).parent
        try:
            with Line(self._provider, self._here) as line:
                self._steps(line, check)
        except EnrichError as error:
            check.stopped = error.what
        finally:
            check.credits_counted = self._counted
            if self._start is not None and self._last is not None:
                check.credits_spent = self._start - self._last
            path = keep(folder, check)
        return check, path

    def _steps(self, line: Line, check: Check) -> None:
        """Take one step after the other; each finding is there as soon as it is made."""
        found = check.findings.append
        self._start = self._last = self._read(line)
        miss = self._ask(line, self._nobody, "Asking about somebody made up")
        found(verdicts.on_miss(miss))
        found(self._refusal(line))
        hit = None
        if self._chosen:
            hit = self._ask(line, self._chosen, "Asking about whom you chose")
        found(verdicts.on_price(hit, self._price(self._chosen)))
        made = [one.record for one in (hit, miss) if one and one.record.job_path]
        found(self._again(line, made[0] if made else None))
        if lists(self._provider):
            found(self._listed(line, made[0] if made else None))
        if self._foreign:
            found(self._english(line, self._foreign))

    # -- the steps -------------------------------------------------------------------------

    def _ask(self, line: Line, subject: Subject, what: str) -> Asked:
        """Ask about somebody the way every call does: journaled, within a budget."""
        self._say(f"{what} …")
        frame = pd.DataFrame({subject.name: [subject.value]})
        call = people if subject.kind == "people" else companies
        handle = call(
            frame,
            self._provider,
            on={subject.name: subject.name},
            budget=self._price(subject),
            max_age="0D",  # a stored answer would prove nothing
            progress=None,
            wait=False,
        )
        result, prefix = handle.wait(), WORDS[self._kind]
        status, reason = (str(result[f"{prefix}_{name}"].iloc[0]) for name in ("status", "reason"))
        before, after = self._last, self._read(line)
        record = record_of(handle.run, self._here)
        self._counted += record.credits
        return Asked(status, reason, before, after, record)

    def _refusal(self, line: Line) -> Finding:
        if self._refused is None or self._last is None:  # it would prove nothing
            return verdicts.on_refusal(None, None, None)
        self._say("Sending what is to be refused …")
        response = line.ask(self._request(self._refused))
        before, after = self._last, self._read(line)
        return verdicts.on_refusal(response, before, after)

    def _again(self, line: Line, record: Record | None) -> Finding:
        if record is None or record.job_path is None:
            return verdicts.on_job_again(None, None, None)
        self._say("Fetching the job again …")
        response = fetched_again(line, record.job_path)
        before, after = self._last, self._read(line)
        return verdicts.on_job_again(response, before, after)

    def _listed(self, line: Line, record: Record | None) -> Finding:
        settle = float(getattr(self._provider, "settle", 0.0))
        if record is None:
            return verdicts.on_list(None, settle, is_tested=False)
        self._say("Looking for the job in the list …")
        seconds = seen_after(line, self._provider, self._kind, record)
        return verdicts.on_list(seconds, settle)

    def _english(self, line: Line, identity: Identity) -> Finding:
        self._say("Sending a name with a diacritic …")
        finding = verdicts.on_english(line.ask(self._request(identity)))
        self._read(line)
        return finding

    # -- their parts -----------------------------------------------------------------------

    def _request(self, identity: Identity) -> Request:
        """Return the request that a provider would make, for what no call would let pass."""
        step = next(self._provider.flow(self._kind, [identity]))
        assert isinstance(step, Request)  # noqa: S101 - a flow begins by asking
        return step

    def _price(self, subject: Subject | None) -> float:
        return self._provider.price(subject.kind, [subject.identity]) if subject else 0.0

    def _read(self, line: Line) -> float | None:
        """Read the balance, once the vendor's books have had time to follow."""
        if self._balance is None:
            return None
        if self._here.paid and self._last is not None:
            time.sleep(LAG)
        self._last = left_by(self._provider, line.ask(self._balance))
        return self._last


def _refuse_writing(provider: Provider) -> None:
    """Refuse a provider that would write what it finds into a record, about nobody at that."""
    if getattr(provider, "record_id", None) is not None:
        raise ConfigurationError(
            "With record_id the vendor writes into a record; a check must change nothing.",
            cost="Nothing was sent.",
            todo="Leave record_id out.",
        )
