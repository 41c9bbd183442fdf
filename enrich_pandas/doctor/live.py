"""The live check: a few cheap requests, with the balance read before and after each."""

import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from enrich_pandas.api import companies, people
from enrich_pandas.doctor import findings
from enrich_pandas.doctor.checks import AccountClient
from enrich_pandas.doctor.findings import Check, Finding, Measured, salted_hash, save_check
from enrich_pandas.engine.budget import read_balance
from enrich_pandas.engine.context import Environment, current_environment, journal_path
from enrich_pandas.engine.credentials import find_secrets
from enrich_pandas.errors import BudgetError, ConfigurationError, EnrichError
from enrich_pandas.journal.database import Database
from enrich_pandas.journal.queries import Queries
from enrich_pandas.providers.base import (
    Identity,
    Kind,
    Outcome,
    Provider,
    Request,
    Response,
    Wait,
)

# -- The identities that a live check requests ---------------------------------------------------

KINDS: Mapping[str, Kind] = {"linkedin_url": "people", "email": "people", "domain": "companies"}
WORDS = {"people": "person", "companies": "company"}

# Identities that no vendor knows: on reserved domains, or with a random slug.
_MADE_UP: Mapping[str, Callable[[str], str]] = {
    "linkedin_url": lambda mark: f"https://www.linkedin.com/in/no-such-person-{mark}",
    "email": lambda mark: f"no-such-person-{mark}@example.com",
    "domain": lambda mark: f"nothing-{mark}.example",
}

# What each vendor documents to refuse with 400: the address of no profile, a value too short.
_REFUSED: Mapping[tuple[str, Kind], Callable[[str], Identity]] = {
    ("crustdata", "people"): lambda mark: Identity.of(
        linkedin_url=f"https://www.linkedin.com/company/nothing-{mark}"
    ),
    ("crustdata", "companies"): lambda mark: Identity.of(
        company_linkedin_url=f"https://www.linkedin.com/in/no-such-person-{mark}"
    ),
    ("zoho", "people"): lambda _: Identity.of(name="n", company="c"),
    ("zoho", "companies"): lambda _: Identity.of(company="c"),
}


class Subject:
    """A person or company to request by one identifier. Its repr does not show the value.

    Examples
    --------
    >>> Subject("email", "ada@example.com")
    Subject('email')
    """

    name: str
    value: str

    def __init__(self, name: str, value: str) -> None:
        self.name, self.value = name, value
        self.kind: Kind = KINDS[name]

    def __repr__(self) -> str:
        return f"Subject({self.name!r})"

    @property
    def identity(self) -> Identity:
        """The identity, for its price."""
        return Identity.of(**{self.name: self.value})

    @classmethod
    def parse(cls, text: str) -> "Subject":
        """Return the subject of a text such as ``email=ada@example.com``.

        Raises
        ------
        ConfigurationError
            The text names no known identifier. The message does not repeat the text.
        """
        name, _, value = text.partition("=")
        if name.strip() not in KINDS or not value.strip():
            raise ConfigurationError(
                "The identity does not have the form NAME=VALUE.",
                cost="Nothing was sent.",
                todo=f"Type one of {', '.join(f'{one}=…' for one in KINDS)}.",
            )
        return cls(name.strip(), value.strip())

    @classmethod
    def made_up(cls, provider: Provider, chosen: "Subject | None") -> "Subject":
        """Return a made-up subject with the identifier of the chosen one.

        Raises
        ------
        ConfigurationError
            The provider uses none of the known identifiers.
        """
        name = chosen.name if chosen else _first_identifier(provider)
        return cls(name, _MADE_UP[name](random_mark()))


def random_mark() -> str:
    """Return a text that makes a made-up name unique."""
    return secrets.token_hex(8)


def refused_identity(provider: Provider, kind: Kind) -> Identity | None:
    """Return an identity that the vendor documents to refuse, or None."""
    make = _REFUSED.get((provider.name, kind))
    return make(random_mark()) if make else None


def _first_identifier(provider: Provider) -> str:
    """Return an identifier that the provider uses, of people if it enriches people."""
    for name, kind in KINDS.items():
        if kind not in provider.kinds or name not in provider.identifiers[kind]:
            continue
        try:
            provider.billed_options(kind)
        except ConfigurationError:  # such as people in a data center that has none
            continue
        return name
    raise ConfigurationError(
        f"{provider.name} uses none of {', '.join(KINDS)}, which a live check needs.",
        cost="Nothing was sent.",
    )


# -- The check -----------------------------------------------------------------------------------

LAG = 3.0  # seconds until a vendor's balance follows its answers; its emulator needs none


class LiveCheck:
    """A live check of one account.

    Parameters
    ----------
    provider
        The provider with the account.
    chosen
        The identity to request besides a made-up one, if any.
    say
        Receives one message for each step.

    Raises
    ------
    CredentialError
        A credential is missing.
    ConfigurationError
        The provider uses none of the known identifiers, or would write to a record.
    """

    def __init__(
        self, provider: Provider, chosen: Subject | None, say: Callable[[str], object]
    ) -> None:
        _refuse_writing(provider)
        self._provider, self._chosen, self._say = provider, chosen, say
        self._made_up = Subject.made_up(provider, chosen)
        self._kind, self._environment = self._made_up.kind, current_environment()
        find_secrets(provider, self._environment)
        self._balance = provider.balance_request()
        self._refused = refused_identity(provider, self._kind) if self._balance else None
        is_zoho = provider.name == "zoho" and self._kind == "people"
        self._foreign = (
            Identity.of(name=f"Zoë {random_mark()}", company=random_mark()) if is_zoho else None
        )
        self._start: float | None = None
        self._last: float | None = None
        self._counted = 0.0

    @property
    def questions(self) -> list[tuple[str, float]]:
        """What is requested, each with its maximum cost in credits."""
        word = WORDS[self._kind]
        identities = {
            f"1 made-up {word}": self._made_up.identity,
            "1 request that the vendor must refuse": self._refused,
            "1 name with a diacritic, which the vendor must refuse": self._foreign,
            f"the {word} you chose": self._chosen.identity if self._chosen else None,
        }
        return [
            (what, self._provider.price(self._kind, [identity]))
            for what, identity in identities.items()
            if identity is not None
        ]

    @property
    def credits_max(self) -> float:
        """The maximum cost of the check, in credits."""
        return sum(price for _, price in self.questions)

    def refuse_above(self, limit: float) -> None:
        """Raise if the check can cost more than a limit.

        Raises
        ------
        BudgetError
            It can. Nothing was sent.
        """
        if self.credits_max > limit:
            raise BudgetError(
                f"The check can cost {self.credits_max:g} credits, more than {limit:g}.",
                cost="Nothing was sent and nothing was spent.",
                todo=f"Allow it with --max-credits {self.credits_max:g}, or leave out --identity.",
            )

    def check(self) -> tuple[Check, Path]:
        """Run the check and store it; return it and its file.

        An error that stops it, such as a refused key, is part of the check.
        """
        check = Check(
            provider=self._provider.name,
            account=str(self._provider.account),
            version=self._provider.version,
            kind=self._kind,
            realm=self._environment.realm,
            library=version("enrich-pandas"),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            credits_max=self.credits_max,
        )
        if self._chosen:
            check.identity = salted_hash(f"{self._chosen.name}={self._chosen.value}")
        folder = journal_path(self._environment).parent
        try:
            with AccountClient(self._provider, self._environment) as client:
                self._run_steps(client, check)
        except EnrichError as error:
            check.stopped = error.what
        finally:
            check.credits_counted = self._counted
            if self._start is not None and self._last is not None:
                check.credits_spent = self._start - self._last
            path = save_check(folder, check)
        return check, path

    def _run_steps(self, client: AccountClient, check: Check) -> None:
        """Run the steps in turn; each finding is added at once, so that none is lost."""
        add = check.findings.append
        self._start = self._last = self._read_balance(client)
        miss, miss_job = self._enrich(client, self._made_up, "Requesting a made-up identity")
        add(findings.assess_miss(miss))
        add(self._assess_refusal(client))
        hit, hit_job = None, None
        if self._chosen:
            hit, hit_job = self._enrich(client, self._chosen, "Requesting the chosen identity")
        add(findings.assess_price(hit, self._price(self._chosen)))
        job = hit_job or miss_job
        add(self._assess_refetch(client, job))
        if can_list_jobs(self._provider):
            add(self._assess_listing(client, job))
        if self._foreign:
            add(self._assess_diacritics(client, self._foreign))

    # -- the steps -------------------------------------------------------------------------

    def _enrich(
        self, client: AccountClient, subject: Subject, what: str
    ) -> "tuple[Measured, Job | None]":
        """Enrich a subject as a call of a user does: in the journal and within a budget."""
        self._say(f"{what} …")
        enrich = people if subject.kind == "people" else companies
        handle = enrich(
            pd.DataFrame({subject.name: [subject.value]}),
            self._provider,
            on={subject.name: subject.name},
            budget=self._price(subject),
            max_age="0D",  # a stored answer would prove nothing
            progress=None,
            wait=False,
        )
        result, prefix = handle.wait(), WORDS[self._kind]
        status, reason = (str(result[f"{prefix}_{name}"].iloc[0]) for name in ("status", "reason"))
        before, after = self._last, self._read_balance(client)
        spent, job = read_run(handle.run, self._environment)
        self._counted += spent
        return Measured(status, reason, before, after, spent, job is not None), job

    def _assess_refusal(self, client: AccountClient) -> Finding:
        if self._refused is None or self._last is None:  # it would prove nothing
            return findings.assess_refusal(None, None, None)
        self._say("Sending a request that the vendor must refuse …")
        response = client.send(self._request(self._refused))
        before, after = self._last, self._read_balance(client)
        return findings.assess_refusal(response, before, after)

    def _assess_refetch(self, client: AccountClient, job: "Job | None") -> Finding:
        if job is None:
            return findings.assess_refetch(None, None, None)
        self._say("Fetching the job again …")
        response = client.send(Request(method="GET", path=job.path))
        before, after = self._last, self._read_balance(client)
        return findings.assess_refetch(response, before, after)

    def _assess_listing(self, client: AccountClient, job: "Job | None") -> Finding:
        settle = float(getattr(self._provider, "settle", 0.0))
        if job is None:
            return findings.assess_listing(None, settle, is_tested=False)
        self._say("Looking for the job in the list …")
        seconds = seconds_until_listed(client, self._provider, self._kind, job)
        return findings.assess_listing(seconds, settle)

    def _assess_diacritics(self, client: AccountClient, identity: Identity) -> Finding:
        self._say("Sending a name with a diacritic …")
        finding = findings.assess_diacritics(client.send(self._request(identity)))
        self._read_balance(client)
        return finding

    def _request(self, identity: Identity) -> Request:
        """Return the provider's request for an identity that validation would reject."""
        step = next(self._provider.flow(self._kind, [identity]))
        assert isinstance(step, Request)  # noqa: S101 - a flow begins with a request
        return step

    def _price(self, subject: Subject | None) -> float:
        return self._provider.price(subject.kind, [subject.identity]) if subject else 0.0

    def _read_balance(self, client: AccountClient) -> float | None:
        """Return the balance, after the vendor has had time to update it."""
        if self._balance is None:
            return None
        if self._environment.paid and self._last is not None:
            time.sleep(LAG)
        self._last = read_balance(self._provider, client.send(self._balance))
        return self._last


def _refuse_writing(provider: Provider) -> None:
    """Raise for a provider that would write the result into a record of the vendor."""
    if getattr(provider, "record_id", None) is not None:
        raise ConfigurationError(
            "With record_id the vendor writes into a record, and a check must change nothing.",
            cost="Nothing was sent.",
            todo="Leave out record_id.",
        )


# -- The journal's record of a run, and its job at the vendor ------------------------------------

LOOKS, PAUSE = 12, 5.0  # requests for the list of jobs, and seconds between them


class Job(NamedTuple):
    """A job at the vendor: its path, and the time at which it was accepted."""

    path: str
    accepted: float


def read_run(run: str, environment: Environment) -> tuple[float, Job | None]:
    """Return the credits that the library counts for a run, and its job if it made one."""
    database = Database(journal_path(environment))
    try:
        queries = Queries(database, lambda _: True)
        (found,) = queries.runs(run)
        steps = queries.steps(run)
    finally:
        database.close()
    billed = [step for step in steps if step["billed"]]
    below = tuple(f"{step['path']}/" for step in billed)
    fetched = [
        step["path"]
        for step in steps
        if step["method"] == "GET" and not step["billed"] and step["path"].startswith(below)
    ]
    accepted = max((step["answered"] or 0.0 for step in billed), default=0.0)
    job = Job(fetched[-1], accepted) if fetched else None
    return found["credits"] + found["credits_held"], job


def can_list_jobs(provider: Provider) -> bool:
    """Return whether a provider's vendor lists its jobs."""
    return type(provider).listing is not Provider.listing


def seconds_until_listed(
    client: AccountClient, provider: Provider, kind: Kind, job: Job, *, looks: int = LOOKS
) -> float | None:
    """Return the seconds, at most, until the list shows a job, or None if it never does."""
    name = job.path.rpartition("/")[2]
    for look in range(looks):
        if look:
            time.sleep(PAUSE)
        if name in _list_jobs(client, provider, kind, name):
            return max(0.0, time.time() - job.accepted)
    return None


def _list_jobs(client: AccountClient, provider: Provider, kind: Kind, job: str) -> set[str]:
    """Return which of a job the vendor's list shows, by the provider's own flow."""
    flow = provider.listing(kind, frozenset({job}))
    try:
        step = next(flow)
        while True:
            if isinstance(step, Wait):
                time.sleep(step.seconds)
                step = flow.send(Response(outcome=Outcome.ACCEPTED))
            else:
                step = flow.send(client.send(step))
    except StopIteration as end:
        found: set[str] = end.value
        return found
