"""The user's own table as a provider: no network, no key, no credits."""

import os
import threading
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from enrich_pandas.directory import fuzzy as names
from enrich_pandas.directory.lookup import Lookup
from enrich_pandas.directory.roles import Roles, assign_roles
from enrich_pandas.directory.table import Table, read
from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.providers.base import Flow, Identity, Kind, Match, Provider, RateLimit

# Increase this when the labels or rules change, so that stored answers are not reused.
VERSION = "1"
HAS_COPY_ON_WRITE = not pd.__version__.startswith(("1.", "2."))
BEST_SCORE = 100
BY_KEY: Mapping[Kind, tuple[str, ...]] = {
    "people": ("linkedin_url", "email"),
    "companies": ("domain", "company_linkedin_url", "email_domain", "company"),
}
BY_NAME: Mapping[Kind, tuple[str, ...]] = {
    "people": (*BY_KEY["people"], "name", "company", "domain"),
    "companies": BY_KEY["companies"],
}


class Directory(Provider):
    """Look up people and companies in your own table: free, and nothing leaves the machine.

    Rows are found by e-mail address, LinkedIn URL, domain or company name in any spelling. If
    several rows with different values match, the status is ``failed`` with the reason
    ``ambiguous``. The result of an earlier call is also a directory; only its matched rows are
    used.

    Parameters
    ----------
    table : DataFrame, str or path
        A frame, or the path of a ``.csv``, ``.tsv``, ``.parquet`` or ``.xlsx`` file. A frame is
        copied. A file is read once, at first use; create a new `Directory` after the file has
        changed.
    on : label or mapping of str to label, optional
        Columns of the table to look up by, as in `enrich_pandas.people`. By default they are found
        by name and content, and all columns of e-mail addresses are used.
    columns : mapping of str to label or list, optional
        Labels of fields, for columns that are not found by their label: ``{"title": "Position"}``.
        A list field takes several labels: ``{"phones": ["Tel A", "Tel B"]}``.
    fuzzy : bool, default False
        Whether to search by similar names if no key matches: people by name and company or domain,
        companies by name. Only companies with the same first three letters are compared. A row
        with another LinkedIn URL or domain never matches. The field ``score`` of the match is its
        similarity. Needs RapidFuzz.
    threshold : float, default 90.0
        Lowest score of a similar name, above 0 and up to 100. Name and company must both reach it.
        Different rows within one point of the best score are ``ambiguous``.
    name : str, default "directory"
        Name in the ``…_provider`` column, to distinguish several directories.
    encoding : str, optional
        Encoding of a CSV or TSV file that is not UTF-8, such as ``"cp1252"``.

    Raises
    ------
    ConfigurationError
        The table is missing or unreadable, has no column to look up by, or has several columns
        that could be the same key. Most of these errors are raised at first use.

    Examples
    --------
    ``leads.enrich.people(directory)`` looks up the rows of a frame. For single identities:

    >>> import enrich_pandas as ep
    >>> crm = pd.DataFrame({"E-mail": ["Ada@example.com"], "Job Title": ["Engineer"], "Tier": "A"})
    >>> directory = ep.Directory(crm)
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
            table.copy(deep=not HAS_COPY_ON_WRITE)
            if isinstance(table, pd.DataFrame)
            else Path(table).expanduser()  # type: ignore[arg-type]  # checked by _check_table
        )
        self._on, self._columns, self._encoding = on, dict(columns or {}), encoding
        self._fuzzy, self._threshold = bool(fuzzy), float(threshold)
        # Set on the object, not the class: a waterfall can have several directories.
        vars(self).update(name=name, identifiers=BY_NAME if fuzzy else BY_KEY)
        self._lock = threading.RLock()
        self._read: Table | None = None
        self._digest = ""
        self._lookups: dict[Kind, Lookup] = {}

    @property
    def version(self) -> str:
        """The version of the rules by which a table is read."""
        return VERSION

    @property
    def rate_limit(self) -> RateLimit | None:
        """None, because nothing is sent."""
        return None

    def billed_options(self, kind: Kind) -> Mapping[str, Any]:
        """Return the digest of the table and the options, which determine the answers."""
        table = self._table()
        return {
            "table": self._digest,
            "rows": table.rows,
            "on": repr(self._on),
            "columns": repr(sorted(self._columns.items())),
            "fuzzy": self._threshold if self._fuzzy else None,
        }

    def price(self, kind: Kind, batch: Sequence[Identity]) -> float:
        """Return 0.0: a lookup is free."""
        return 0.0

    def identify(self, kind: Kind, values: Mapping[str, str]) -> Identity | None:
        """Return an identity with all keys of a row: the table may have only one of them."""
        keys = dict(values)
        if kind == "companies":
            mail = keys.pop("email_domain", None)
            keys |= {"domain": keys.get("domain") or mail} if mail else {}
        elif not keys.keys() & set(BY_KEY[kind]) and not _is_named(keys):
            return None
        return Identity.of(**keys) if keys else None

    def missing_reason(self, kind: Kind, values: Mapping[str, str]) -> str:
        """Return the reason why a row has no identity."""
        return "needs_company" if "name" in values else "incomplete"

    def flow(self, kind: Kind, batch: Sequence[Identity]) -> Flow:
        """Look up a batch without a request."""
        yield from ()
        return self.matches(kind, batch)

    def matches(self, kind: Kind, identities: Sequence[Identity]) -> list[Match]:
        """Look up identities.

        Parameters
        ----------
        kind : {"people", "companies"}
            Kind of the identities.
        identities : sequence of Identity
            Identities to look up.

        Returns
        -------
        list of Match
            One match per identity, in their order.

        Raises
        ------
        ConfigurationError
            The table is unreadable, or cannot be used for this kind.
        """
        return self._lookup(kind).matches(identities)

    @property
    def unmapped(self) -> dict[Kind, tuple[Hashable, ...]]:
        """The labels without a field, by kind. All labels, if the kind cannot be looked up."""
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
                todo=f"{error.todo} Pass it to the directory: ep.Directory(…, on=…).",
            ) from error


def _is_named(keys: Mapping[str, str]) -> bool:
    return "name" in keys and bool(keys.keys() & {"company", "domain"})


def _check_table(table: object) -> None:
    if isinstance(table, pd.DataFrame | str | os.PathLike):
        return
    what = "without a table" if table is None else f"with a {type(table).__name__}"
    raise ConfigurationError(
        f"Directory was called {what}. It needs a DataFrame or the path of a file.",
        todo='Type for example provider=ep.Directory("crm.csv").',
    )


def _check_on(on: object) -> None:
    """Raise an error if ``on=`` names an identifier that neither kind has."""
    known = {*BY_NAME["people"], *BY_NAME["companies"]}
    wrong = [name for name in on if name not in known] if isinstance(on, Mapping) else []
    if wrong:
        raise ConfigurationError(
            f"on= names {wrong[0]!r}, which is not an identifier of a directory.",
            todo=f"Use one of {', '.join(sorted(known))}.",
        )


def _check_threshold(threshold: object) -> None:
    if isinstance(threshold, bool) or not isinstance(threshold, int | float):
        is_score = False
    else:
        is_score = 0 < threshold <= BEST_SCORE
    if not is_score:
        raise ConfigurationError(
            f"threshold={threshold!r} is not a score above 0 and up to 100.",
            todo="Type for example threshold=90.",
        )
