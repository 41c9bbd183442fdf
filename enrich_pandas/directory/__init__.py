"""A table of your own as a provider: no network, no key, no credits."""

import os
import threading
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from enrich_pandas.directory import fuzzy as names
from enrich_pandas.directory.lookup import Lookup
from enrich_pandas.directory.roles import Roles, assign_roles
from enrich_pandas.directory.table import FREE, Table, read
from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.providers.base import Flow, Identity, Kind, Match, Provider, RateLimit

# Another reading of the same table is another answer: raised when labels or rules change.
VERSION = "1"
COPIES_ON_WRITE = int(pd.__version__.split(".")[0]) >= 3  # noqa: PLR2004 - pandas 3
BY_KEY: Mapping[Kind, tuple[str, ...]] = {
    "people": ("linkedin_url", "email"),
    "companies": ("domain", "company_linkedin_url", "email_domain", "company"),
}
BY_NAME: Mapping[Kind, tuple[str, ...]] = {
    "people": (*BY_KEY["people"], "name", "company", "domain"),
    "companies": BY_KEY["companies"],
}


class Directory(Provider):
    """A table of your own, looked up like a vendor: free, and nothing leaves the machine.

    Rows are found by e-mail address, LinkedIn URL, domain or company name, whatever the spelling.
    A row that several rows of the table fit is ``failed`` with the reason ``ambiguous``, unless
    all of them say the same. The table is read once, at first use; a file that has changed needs
    a new `Directory`, and its answers are new ones. The result of an earlier call is a directory
    as it stands: its rows that were not matched are no entries.

    Parameters
    ----------
    table
        A frame, or the path of a ``.csv``, ``.tsv``, ``.parquet`` or ``.xlsx`` file. A frame is
        taken as it is now: it is not changed, and later changes to it are not seen.
    on
        The table's own columns to look up by, as in `enrich_pandas.people`. Without it they are
        found by name and content; of e-mail addresses, all columns count.
    columns
        Model field to label, where the label tells too little: ``{"title": "Position"}``; several
        labels for a list: ``{"phones": ["Tel A", "Tel B"]}``.
    fuzzy
        Whether people whom no key finds are looked up by name and company (or domain), and
        companies by name, where the spelling differs. Rows whose company begins with other
        letters are not compared. A row of another LinkedIn profile or domain never fits. The
        model's ``score`` says how near it was. Needs RapidFuzz.
    threshold
        From which score on a name is taken, 0 to 100; name and company must both reach it. Rows
        within one point of each other are ``ambiguous``.
    name
        Its name in the ``…_provider`` column, to tell several directories apart.
    encoding
        Of a CSV file that is not UTF-8.

    Raises
    ------
    ConfigurationError
        The table is missing or unreadable, has no column to look up by, or more than one; the
        message names the columns and what to type. Most are raised at first use.

    Examples
    --------
    >>> crm = pd.DataFrame({"E-mail": ["Ada@example.com"], "Job Title": ["Engineer"], "Tier": "A"})
    >>> directory = Directory(crm)
    >>> (match,) = directory.matches("people", [Identity.of(email="ada@example.com")])
    >>> match.status, match.model.title
    (<Status.MATCHED: 'matched'>, 'Engineer')
    >>> directory.unmapped["people"]
    ('Tier',)
    """

    name: ClassVar[str] = "directory"
    kinds: ClassVar[tuple[Kind, ...]] = ("people", "companies")
    identifiers: ClassVar[Mapping[Kind, tuple[str, ...]]] = BY_KEY
    origin: ClassVar[str] = ""
    batch_size: ClassVar[int] = 10_000
    connections: int = 1

    def __init__(
        self,
        table: "pd.DataFrame | str | os.PathLike[str] | None" = None,
        *,
        on: Mapping[str, Hashable] | Hashable | None = None,
        columns: Mapping[str, Hashable | list[Hashable]] | None = None,
        fuzzy: bool = False,
        threshold: float = 90.0,
        name: str = "directory",
        encoding: str | None = None,
    ) -> None:
        _check_table(table)
        _check_on(on)
        _check_threshold(threshold)
        if fuzzy:
            names.check_installed()
        self._source = (
            table.copy(deep=not COPIES_ON_WRITE)
            if isinstance(table, pd.DataFrame)
            else Path(table).expanduser()  # type: ignore[arg-type]
        )
        self._on, self._columns, self._encoding = on, dict(columns or {}), encoding
        self._fuzzy, self._threshold = bool(fuzzy), float(threshold)
        # Of the object and not of the class: several directories may serve one waterfall.
        vars(self).update(name=name, identifiers=BY_NAME if fuzzy else BY_KEY)
        self._lock = threading.RLock()
        self._read: Table | None = None
        self._digest = ""
        self._lookups: dict[Kind, Lookup] = {}

    @property
    def version(self) -> str:
        """Version of how a table is read."""
        return VERSION

    @property
    def rate_limit(self) -> RateLimit | None:
        """None: nothing is sent."""
        return None

    def billed_options(self, kind: Kind) -> Mapping[str, Any]:
        """Return what decides about an answer: the table's content and the options."""
        table = self._table()
        return {
            "table": self._digest,
            "rows": table.rows,
            "on": repr(self._on),
            "columns": repr(sorted(self._columns.items())),
            "fuzzy": self._threshold if self._fuzzy else None,
        }

    def price(self, kind: Kind, batch: Sequence[Identity]) -> float:
        """Return 0."""
        return 0.0

    def identify(self, kind: Kind, values: Mapping[str, str]) -> Identity | None:
        """Take all that a row has: a directory may know one key and not the other."""
        keys = dict(values)
        if kind == "companies":
            mail = keys.pop("email_domain", None)
            keys |= {"domain": keys.get("domain") or mail} if mail else {}
        elif not keys.keys() & set(BY_KEY[kind]) and not _is_named(keys):
            return None
        return Identity.of(**keys) if keys else None

    def missing_reason(self, kind: Kind, values: Mapping[str, str]) -> str:
        """Say that a name needs a company beside it."""
        return "needs_company" if "name" in values else "incomplete"

    def flow(self, kind: Kind, batch: Sequence[Identity]) -> Flow:
        """Look a batch up; yields nothing."""
        yield from ()
        return self.matches(kind, batch)

    def matches(self, kind: Kind, identities: Sequence[Identity]) -> list[Match]:
        """Look identities up; one match an identity, in their order."""
        return self._lookup(kind).matches(identities)

    @property
    def unmapped(self) -> dict[Kind, tuple[Hashable, ...]]:
        """The labels that no field takes, by kind; a kind that cannot be looked up takes none."""
        table, found = self._table(), dict[Kind, tuple[Hashable, ...]]()
        for kind in self.kinds:
            try:
                found[kind] = self._roles(table, kind).unmapped
            except ConfigurationError:
                found[kind] = table.labels
        return found

    def __repr__(self) -> str:
        source = "DataFrame" if isinstance(self._source, pd.DataFrame) else repr(str(self._source))
        if self._read is None:
            return f"Directory({source}, not read yet)"
        unmapped = min(self.unmapped.values(), key=len)
        rest = f", not mapped: {', '.join(map(repr, unmapped))}" if unmapped else ""
        return f"Directory({source}, {self._read.rows:,} rows{rest})"

    def _table(self) -> Table:
        """Read the table, once."""
        with self._lock:
            if self._read is None:
                table = (
                    Table.of(self._source)
                    if isinstance(self._source, pd.DataFrame)
                    else read(self._source, self._encoding)
                )
                self._digest, self._read = table.digest(), table
            return self._read

    def _lookup(self, kind: Kind) -> Lookup:
        with self._lock:
            if kind not in self._lookups:
                table = self._table()
                roles = self._roles(table, kind)
                self._lookups[kind] = Lookup(
                    table, kind, roles, fuzzy=self._fuzzy, threshold=self._threshold
                )
            return self._lookups[kind]

    def _roles(self, table: Table, kind: Kind) -> Roles:
        try:
            return assign_roles(table, kind, self.identifiers[kind], self._on, self._columns)
        except InputError as error:
            raise ConfigurationError(
                f"The directory cannot look up {kind}. {error.what}",
                cost=FREE,
                todo=f"{error.todo} Say so to Directory: ep.Directory(…, on=…).",
            ) from error


def _is_named(keys: Mapping[str, str]) -> bool:
    return "name" in keys and bool(keys.keys() & {"company", "domain"})


def _check_table(table: object) -> None:
    if isinstance(table, pd.DataFrame | str | os.PathLike):
        return
    what = "no table" if table is None else f"a {type(table).__name__}"
    raise ConfigurationError(
        f"A directory is a table of your own; there is {what}.",
        cost=FREE,
        todo='Type provider=ep.Directory("crm.csv"), or give it a DataFrame.',
    )


def _check_on(on: object) -> None:
    """Refuse an identifier that neither kind has; each kind takes its own of the others."""
    taken = {*BY_NAME["people"], *BY_NAME["companies"]}
    wrong = [name for name in on if name not in taken] if isinstance(on, Mapping) else []
    if wrong:
        raise ConfigurationError(
            f"on= names {wrong[0]!r}, by which no directory is looked up.",
            cost=FREE,
            todo=f"Name one of {', '.join(sorted(taken))}.",
        )


def _check_threshold(threshold: object) -> None:
    if isinstance(threshold, bool) or not isinstance(threshold, int | float):
        threshold = -1
    if not 0 < threshold <= 100:  # noqa: PLR2004 - of a hundred
        raise ConfigurationError(
            "threshold= is no score above 0 and up to 100.", cost=FREE, todo="Type threshold=90."
        )
