"""What a user calls: plain functions that take the frame first."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, Unpack, overload

import pandas as pd

from enrich_pandas.call import (
    Keywords,
    Kind,
    Layout,
    PlanKeywords,
    Providers,
    RowLayout,
    make_call,
    show_parameters,
    typed_like,
)

if TYPE_CHECKING:
    from enrich_pandas.engine.handle import Handle
    from enrich_pandas.frame.output import Tables
    from enrich_pandas.report.plan import Plan


class Frame(Protocol):
    """A pandas or Dask frame."""

    @property
    def columns(self) -> Any:
        """The labels of the columns."""


FrameT = TypeVar("FrameT", bound=Frame)


@overload
def people(
    frame: FrameT,
    provider: Providers = ...,
    *,
    layout: RowLayout = ...,
    wait: Literal[True] = ...,
    **keywords: Unpack[Keywords],
) -> FrameT: ...
@overload
def people(
    frame: FrameT,
    provider: Providers = ...,
    *,
    layout: Literal["tables"],
    wait: Literal[True] = ...,
    **keywords: Unpack[Keywords],
) -> "Tables": ...
@overload
def people(
    frame: FrameT,
    provider: Providers = ...,
    *,
    layout: RowLayout = ...,
    wait: Literal[False],
    **keywords: Unpack[Keywords],
) -> "Handle[FrameT]": ...
@overload
def people(
    frame: FrameT,
    provider: Providers = ...,
    *,
    layout: Literal["tables"],
    wait: Literal[False],
    **keywords: Unpack[Keywords],
) -> "Handle[Tables]": ...
@overload
def people(
    frame: FrameT,
    provider: Providers = ...,
    *,
    layout: Layout = ...,
    wait: bool = ...,
    **keywords: Unpack[Keywords],
) -> "FrameT | Tables | Handle[FrameT] | Handle[Tables]": ...
@show_parameters
def people(frame: Any, provider: Providers = "crustdata", **keywords: Any) -> Any:
    """Enrich a frame of people: the same rows in the same order, with new columns.

    Each distinct person is requested once, whatever the spelling and however many rows they appear
    in. A person with a stored answer younger than ``max_age`` is not requested again.

    Parameters
    ----------
    frame : pandas.DataFrame or dask.dataframe.DataFrame
        One row per person. It is not changed.
    provider : str, Provider or sequence of them, default "crustdata"
        A name such as ``"crustdata"``, or a provider object with options of its vendor, such as
        ``ep.Crustdata(business_email=True)``. Several are requested in the given order, each for
        the rows that still lack a field; see Notes.
    on : mapping of str to column label, optional
        The column of each identifier, such as ``{"linkedin_url": "LI profile"}``. By default,
        columns are found by name and content, and an ambiguous choice raises.
    fields : {"standard", "all"} or sequence of str, default "standard"
        The fields to return. ``"standard"``: about 50 columns that fit a screen and a spreadsheet.
        ``"all"``: every field. Or names of fields, such as ``["title", "emails"]``, of single
        leaves of them, such as ``"experiences.title"``, or ``["standard", "skills"]`` to add a
        field to the standard ones. `enrich_pandas.fields` lists them. Other fields of a stored
        answer cost nothing.
    layout : {"wide", "nested", "tables"}, default "wide"
        How lists become columns. ``"wide"``: the first items of each list as numbered columns.
        ``"nested"``: one Arrow ``list<struct>`` column for each list. ``"tables"``: a mapping of
        linked frames.
    max_items : int, optional
        Number of items of each list in the wide layout. By default three experiences, two
        educations, e-mails and phones in the standard fields, and five items of each list with
        ``"all"`` and of a field that is named.
    prefix : str, optional
        Prefix of the new columns. ``"person_"`` by default.
    where : boolean Series, array or callable, optional
        Enrich these rows only; the others get the status ``skipped``. A callable receives the
        frame and returns the mask, as in `pandas.DataFrame.loc`.
    budget : float or Budget, optional
        Spending limit in the vendor's credits: of this call, or of several calls that share a
        name, as in ``ep.Budget(1000, "spring")``. Without a budget, a live call that can cost more
        than ``ep.options.confirm_above`` credits raises.
    max_age : str or datetime.timedelta, default "90D"
        Reuse a stored answer that is younger than this. ``"0D"`` requests all rows again, and pays
        for them again.
    errors : {"coerce", "raise"}, default "coerce"
        Whether an invalid row gets the status ``invalid`` or the call raises. With several
        providers, a row is invalid if none of them can use its own identifiers.
    sources : bool, default False
        Add the name of the provider that gave each field, such as ``person_title_source``. A list
        has one such column, such as ``person_emails_source``.
    progress : {"auto", "widget", "bar"}, callable, False or None, default "auto"
        How progress is shown. ``"auto"``: a panel with buttons in a notebook, a bar in a terminal,
        one line elsewhere. A callable receives each `enrich_pandas.Progress`. False and None show
        nothing.
    wait : bool, default True
        Wait for the result. False returns a `Handle` at once: ``.wait()``, ``.pause()``,
        ``.resume()``, ``.cancel()``, ``.result()``, or ``await`` it. The run ends with the process.

    Returns
    -------
    pandas.DataFrame
        The rows, order, index and columns of ``frame``, and new columns. Their names and dtypes
        depend on the arguments only, not on the data: text in the default string dtype, ``Int64``,
        ``Float64``, ``boolean`` and timestamps in UTC. The first are ``person_status``,
        ``person_reason``, ``person_provider`` and ``person_fetched_at``. With ``layout="tables"``
        a mapping of frames, and with ``wait=False`` a `Handle` of the result.

    Raises
    ------
    InputError
        A column is missing, ambiguous or has the name of a new column, or a row is invalid and
        ``errors="raise"``. Nothing was spent.
    ConfigurationError, CredentialError, BudgetError
        The arguments cannot be used. Nothing was spent.
    ProviderError
        The vendor refused the key or the account, or could not be reached. ``result`` has the
        frame so far.
    RunInterrupted
        The run was stopped. ``result`` has the frame so far.

    Notes
    -----
    The maximum cost is the one that `plan` shows, in the vendor's credits.

    With several providers, a later provider gets the rows that no provider has matched, and those
    that still lack a field that ``fields`` names. The sets ``"standard"`` and ``"all"``, which no
    provider delivers in full, name none. A provider receives the row's own identifiers and, for
    each kind of identifier that the row lacks, the one that an earlier provider found. The first
    value of a field stays. A list, or a part such as ``location``, is taken as a whole from one
    provider. Rows that are ``removed``, ``pending`` or excluded by ``where`` are not requested from
    a later provider.

    A row is ``matched`` if a provider matched it. Otherwise it shows the first of ``held``,
    ``pending``, ``removed``, ``failed``, ``not_found``, ``invalid`` and ``skipped`` that a
    provider returned, with its reason. ``person_provider`` joins the providers that gave a value
    with ``+``, and ``person_fetched_at`` is the time of their oldest answer. The budget applies to
    the whole call. An error or interrupt at one provider stops the call, and its ``result`` has
    the values of all of them. `last_report` shows the coverage, cost and lift of each provider,
    and the values in which two of them differ.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", None]}, index=["a", "b"])
    >>> with ep.sandbox(misses=0):
    ...     people = ep.people(leads, "crustdata", fields=["name"], progress=None)
    >>> people["person_status"].tolist()
    ['matched', 'invalid']
    """
    from enrich_pandas.pipeline import enrich

    return enrich(frame, make_call("people", "people", provider, keywords))


@typed_like(people)
def companies(frame: Any, provider: Providers = "crustdata", **keywords: Any) -> Any:
    """Enrich a frame of companies: the same rows in the same order, with new columns.

    A company is identified by its domain or website, its LinkedIn page, the domain of an e-mail
    address (free mail services are refused), or its name. Each distinct company is requested once.

    Parameters
    ----------
    frame : pandas.DataFrame or dask.dataframe.DataFrame
        One or several rows per company. It is not changed.
    provider, on, layout, max_items, where, budget, max_age, errors, sources, progress, wait
        As in `people`.
    fields : {"standard", "all"} or sequence of str, default "standard"
        The fields to return, as in `people`. ``"standard"``: about 40 columns.
    prefix : str, optional
        Prefix of the new columns. ``"company_"`` by default.

    Returns
    -------
    pandas.DataFrame
        As in `people`. The first new columns are ``company_status``, ``company_reason``,
        ``company_provider`` and ``company_fetched_at``.

    Raises
    ------
    InputError, ConfigurationError, CredentialError, BudgetError, ProviderError, RunInterrupted
        As in `people`.

    Notes
    -----
    The maximum cost is the one that ``plan(kind="companies")`` shows, in the vendor's credits.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> firms = pd.DataFrame({"Website": ["https://www.company1.example", "gmail"]})
    >>> with ep.sandbox(misses=0):
    ...     found = ep.companies(firms, "crustdata", fields=["name"], progress=None)
    >>> found["company_status"].tolist()
    ['matched', 'invalid']
    """
    from enrich_pandas.pipeline import enrich

    return enrich(frame, make_call("companies", "companies", provider, keywords))


@show_parameters
def plan(
    frame: Frame,
    provider: Providers = "crustdata",
    *,
    kind: Kind = "people",
    **keywords: Unpack[PlanKeywords],
) -> "Plan":
    """Return what a call would request and the maximum it can cost. Nothing is sent.

    It takes every argument of `people`, so a call becomes its plan by changing one word.

    Parameters
    ----------
    frame : pandas.DataFrame or dask.dataframe.DataFrame
        The frame to enrich.
    provider, on, fields, layout, max_items, prefix, where, budget, max_age, errors, sources
        As in `people`.
    progress, wait
        Accepted so that the arguments of `people` can be passed unchanged. A plan shows no
        progress and returns at once.
    kind : {"people", "companies"}, default "people"
        What the rows are.

    Returns
    -------
    Plan
        Rows, chosen and rejected columns, invalid rows by reason, distinct identities, stored
        answers, requests, maximum credits, and the duration that the vendor's rate limit implies.
        With several providers, also the requests and credits of each, at best and at most.

    Raises
    ------
    InputError, ConfigurationError
        As in `people`.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", "ada@EXAMPLE.com", "n/a"]})
    >>> with ep.sandbox():
    ...     planned = ep.plan(leads, "crustdata")
    >>> planned.requests, planned.credits, planned.valid, planned.duplicates
    (1, 1.0, 2, 1)
    """
    from enrich_pandas.pipeline import plan_call

    return plan_call(frame, make_call("plan", kind, provider, keywords))


def list_providers() -> pd.DataFrame:
    """Return the installed providers as a table. Nothing is sent.

    Returns
    -------
    pandas.DataFrame
        One row per provider, sorted by name; every column is text. ``name`` is what to pass as
        ``provider=``, ``kinds`` what it enriches, ``identifiers`` what a row needs, ``price`` the
        maximum credits for one row, ``credentials`` the environment variables of its credentials,
        and ``defined`` the entry point of its class, in the group ``enrich_pandas.providers``.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> providers = ep.list_providers().set_index("name")
    >>> providers.loc["crustdata", ["kinds", "credentials"]].tolist()
    ['people, companies', 'CRUSTDATA_API_KEY']
    """
    from enrich_pandas.frame.schema import TEXT
    from enrich_pandas.providers import provider_rows

    rows = provider_rows()
    table = {
        "name": [row.name for row in rows],
        "kinds": [", ".join(row.kinds) for row in rows],
        "identifiers": [
            _by_kind({kind: ", ".join(row.identifiers[kind]) for kind in row.kinds}) for row in rows
        ],
        "price": [
            _by_kind(
                {
                    kind: "depends on the options" if price is None else f"{price:g}"
                    for kind, price in row.price.items()
                }
            )
            for row in rows
        ],
        "credentials": [", ".join(row.credentials.values()) for row in rows],
        "defined": [row.defined for row in rows],
    }
    return pd.DataFrame({name: pd.Series(column, dtype=TEXT) for name, column in table.items()})


def _by_kind(texts: Mapping[Kind, str]) -> str:
    """Return the text that every kind has, or one text for each kind."""
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return "; ".join(f"{kind}: {text}" for kind, text in texts.items())
