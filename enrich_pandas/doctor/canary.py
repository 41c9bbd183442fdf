"""The live check: a few cheap questions, the balance read around each."""

import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from enrich_pandas.api import companies, people
from enrich_pandas.doctor import verdicts
from enrich_pandas.doctor.checks import Line
from enrich_pandas.doctor.record import Record, fetched_again, lists, record_of, seen_after
from enrich_pandas.doctor.verdicts import Check, Finding, Measured, hashed, keep
from enrich_pandas.engine.balance import read_balance
from enrich_pandas.engine.context import current_environment, journal_path
from enrich_pandas.engine.credentials import find_secrets
from enrich_pandas.errors import BudgetError, ConfigurationError, EnrichError
from enrich_pandas.providers.base import Identity, Kind, Provider, Request

# -- Whom a live check asks about: somebody made up, somebody chosen, and what is to be refused --

KINDS: Mapping[str, Kind] = {"linkedin_url": "people", "email": "people", "domain": "companies"}

# Nobody: on domains that are reserved, or with a slug that is too random to be anybody's.
_NOBODY: Mapping[str, Callable[[str], str]] = {
    "linkedin_url": lambda mark: f"https://www.linkedin.com/in/nobody-{mark}",
    "email": lambda mark: f"nobody-{mark}@example.com",
    "domain": lambda mark: f"nothing-{mark}.example",
}

# What each vendor says it refuses with a 400: the address of no profile, a value too short.
_REFUSED: Mapping[tuple[str, Kind], Callable[[str], Identity]] = {
    ("crustdata", "people"): lambda mark: Identity.of(
        linkedin_url=f"https://www.linkedin.com/company/nothing-{mark}"
    ),
    ("crustdata", "companies"): lambda mark: Identity.of(
        company_linkedin_url=f"https://www.linkedin.com/in/nobody-{mark}"
    ),
    ("zoho", "people"): lambda _: Identity.of(name="n", company="c"),
    ("zoho", "companies"): lambda _: Identity.of(company="c"),
}


class Subject:
    """Somebody to ask about, by one identifier; it never shows who.

    Examples
    --------
    >>> Subject("email", "ada@example.com")
    Subject('email')
    """

    def __init__(self, name: str, value: str) -> None:
        self.name, self.value = name, value
        self.kind: Kind = KINDS[name]

    def __repr__(self) -> str:
        return f"Subject({self.name!r})"

    @property
    def identity(self) -> Identity:
        """Whom a provider is asked about, for its price."""
        return Identity.of(**{self.name: self.value})

    @classmethod
    def parsed(cls, text: str) -> "Subject":
        """Read what is typed, such as ``email=ada@example.com``.

        Raises
        ------
        ConfigurationError
            It names no identifier that is known here; what was typed is not repeated.
        """
        name, _, value = text.partition("=")
        if name.strip() not in KINDS or not value.strip():
            raise ConfigurationError(
                "The identity is not of the form NAME=VALUE.",
                cost="Nothing was sent.",
                todo=f"Type {', '.join(f'{one}=…' for one in KINDS)}: one of them.",
            )
        return cls(name.strip(), value.strip())

    @classmethod
    def made_up(cls, provider: Provider, chosen: "Subject | None") -> "Subject":
        """Make somebody up whom no vendor knows, named like the one that was chosen.

        Raises
        ------
        ConfigurationError
            The provider takes none of the identifiers that are known here.
        """
        name = chosen.name if chosen else _first_taken(provider)
        return cls(name, _NOBODY[name](mark()))


def mark() -> str:
    """Return what makes a name nobody's."""
    return secrets.token_hex(8)


def to_refuse(provider: Provider, kind: Kind) -> Identity | None:
    """Return what the vendor's documents say is refused, or None where they name nothing."""
    make = _REFUSED.get((provider.name, kind))
    return make(mark()) if make else None


def _first_taken(provider: Provider) -> str:
    """Return an identifier that the provider can be asked by, of people where it has them."""
    for name, kind in KINDS.items():
        if kind not in provider.kinds or name not in provider.identifiers[kind]:
            continue
        try:
            provider.billed_options(kind)
        except ConfigurationError:  # such as people, in a data centre that has none
            continue
        return name
    raise ConfigurationError(
        f"{provider.name} takes none of {', '.join(KINDS)}, which a live check asks by.",
        cost="Nothing was sent.",
    )


# -- The live check: a few cheap questions, the balance read around each -------------------------

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
        self._kind, self._here = self._nobody.kind, current_environment()
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

    def _ask(self, line: Line, subject: Subject, what: str) -> Measured:
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
        return Measured(status, reason, before, after, record)

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
        self._last = read_balance(self._provider, line.ask(self._balance))
        return self._last


def _refuse_writing(provider: Provider) -> None:
    """Refuse a provider that would write what it finds into a record, about nobody at that."""
    if getattr(provider, "record_id", None) is not None:
        raise ConfigurationError(
            "With record_id the vendor writes into a record; a check must change nothing.",
            cost="Nothing was sent.",
            todo="Leave record_id out.",
        )
