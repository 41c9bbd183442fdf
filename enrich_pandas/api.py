"""What a user calls: plain functions that take the frame first."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pandas as pd

if TYPE_CHECKING:
    from enrich_pandas.engine.budget import Budget
    from enrich_pandas.progress import Hook
    from enrich_pandas.providers.base import Provider
    from enrich_pandas.report.plan import Plan

On = Mapping[str, Hashable] | Hashable | None
Providers: TypeAlias = "str | Provider | Sequence[str | Provider]"


def people(
    frame: pd.DataFrame,
    provider: Providers = "crustdata",
    *,
    on: On = None,
    fields: Sequence[str] | None = None,
    layout: Literal["wide", "nested", "tables"] = "wide",
    max_items: int = 3,
    prefix: str | None = None,
    where: Any = None,
    budget: "float | Budget | None" = None,
    max_age: str = "90D",
    errors: Literal["coerce", "raise"] = "coerce",
    sources: bool = False,
    progress: "str | Hook | None" = "auto",
    wait: bool = True,
) -> Any:
    """Enrich a frame of people: the same rows, in the same order, with new columns beside them.

    Every distinct person is asked for once, however often and however spelled he occurs, and
    never again while a stored answer is younger than ``max_age``.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a person. It is not changed.
    provider : str, Provider or list of them
        A name, such as ``"crustdata"``, or a provider object with the vendor's own options. A list
        is asked in order, each provider for what the ones before it did not give; see Notes.
    on : mapping of str to column label, optional
        Which column holds which identifier, such as ``{"linkedin_url": "LI profile"}``. Otherwise
        columns are found by name and content; ambiguity is an error.
    fields : sequence of str, optional
        Fields of `enrich_pandas.models.Person` to return; all by default.
    layout : {"wide", "nested", "tables"}
        ``"wide"``: scalars and, of every list, the first ``max_items`` as numbered columns.
        ``"nested"``: scalars and one Arrow ``list<struct>`` column a list. ``"tables"``: a mapping
        of linked frames.
    max_items : int
        Items of each list in the wide layout.
    prefix : str, optional
        Of the new columns; ``"person_"`` by default.
    where : boolean Series or array, optional
        Only these rows; the others get status ``skipped``.
    budget : float or Budget, optional
        Credits; a hard wall, of this call or, by name, of several: ``ep.Budget(1000, "spring")``.
        Without one, a live call of more than ``ep.options.confirm_above`` credits raises.
    max_age : str
        Reuse a stored answer that is younger, such as ``"90D"``; ``"0D"`` asks, and pays, again.
    errors : {"coerce", "raise"}
        What an invalid row does: it gets the status ``invalid``, or the call raises. With several
        providers a row is invalid that none of them can be asked about by its own identifiers.
    sources : bool
        Add, beside each field, the name of the provider that gave it: ``person_title_source``,
        and for a list ``person_emails_source``.
    progress : {"auto", "widget", "bar"}, callable or None
        How progress is shown: ``"auto"`` is a panel with Pause and Cancel in a notebook, a bar in
        a terminal, one line elsewhere; a callable is given each `enrich_pandas.progress.Progress`.
    wait : bool
        False returns a handle at once: ``.wait()``, ``.pause()``, ``.resume()``, ``.cancel()``,
        ``.result()``, or ``await`` it. The run ends with the process, where nobody waits.

    Returns
    -------
    pandas.DataFrame
        The rows, order and index of ``frame``, its columns, and new ones whose names and dtypes
        depend on the call alone: text in the default string dtype, ``Int64``, ``Float64``,
        ``boolean``; ``person_status``, ``person_reason``, ``person_provider`` and
        ``person_fetched_at`` first. For ``layout="tables"`` a mapping of frames.

    Raises
    ------
    InputError
        A column is missing, ambiguous or taken, or a row is invalid and ``errors="raise"``.
    ConfigurationError, CredentialError, BudgetError
        The call cannot be made as it is. Like the former: before anything is spent.
    ProviderError
        The vendor refused the key or the account, or could not be reached; ``result`` holds the
        frame so far.
    RunInterrupted
        The run was stopped; ``result`` holds the frame so far.

    Notes
    -----
    It costs what `plan` says at the most, in the vendor's credits.

    Of several providers, a later one is asked only about rows for which one of ``fields`` is still
    missing; without ``fields``, which no provider ever gives in full, about rows that nobody has
    matched. It is asked by the row's own identifiers and, where the row has none of a kind, by
    those that the earlier ones found. The first value stays, later ones only fill; a list is taken
    whole, and so is a part such as ``location``. Nobody else is asked about a row that is
    ``removed``, or ``pending``, or left out by ``where``.

    A row is ``matched`` if anybody matched it; else it shows the first of ``held``, ``pending``,
    ``removed``, ``failed``, ``not_found``, ``invalid`` and ``skipped`` that anybody said of it,
    with that one's reason. ``person_provider`` joins those that gave a value by ``+``, and
    ``person_fetched_at`` is the oldest of their answers. The budget is that of the whole call; an
    error or interrupt at one provider stops the call, and its ``result`` holds what all of them
    gave. `last_report` tells of each provider's coverage, cost and lift, and where two disagree.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", None]}, index=["a", "b"])
    >>> with ep.sandbox(misses=0):
    ...     people = ep.people(leads, "crustdata", fields=["name"], progress=None)
    >>> people["person_status"].tolist()
    ['matched', 'invalid']
    """
    from enrich_pandas.pipeline import Call, enrich

    call = Call(
        provider=provider,
        kind="people",
        on=on,
        fields=fields,
        layout=layout,
        max_items=max_items,
        prefix=prefix,
        where=where,
        budget=budget,
        max_age=max_age,
        errors=errors,
        sources=sources,
    )
    return enrich(frame, call, progress=progress, wait=wait)


def companies(
    frame: pd.DataFrame,
    provider: Providers = "crustdata",
    *,
    on: On = None,
    fields: Sequence[str] | None = None,
    layout: Literal["wide", "nested", "tables"] = "wide",
    max_items: int = 3,
    prefix: str | None = None,
    where: Any = None,
    budget: "float | Budget | None" = None,
    max_age: str = "90D",
    errors: Literal["coerce", "raise"] = "coerce",
    sources: bool = False,
    progress: "str | Hook | None" = "auto",
    wait: bool = True,
) -> Any:
    """Enrich a frame of companies: the same rows, in the same order, with new columns beside them.

    A company is known by its domain or website, by its LinkedIn page, by the domain of an e-mail
    address (free mail services are refused), or by its name. Every distinct company is asked for
    once.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a company, or several. It is not changed.
    provider, on, layout, max_items, where, budget, max_age, errors, sources, progress, wait
        As in `people`.
    fields : sequence of str, optional
        Fields of `enrich_pandas.models.Company` to return; all by default.
    prefix : str, optional
        Of the new columns; ``"company_"`` by default.

    Returns
    -------
    pandas.DataFrame
        As in `people`, with ``company_status`` and its like.

    Raises
    ------
    InputError, ConfigurationError, CredentialError, BudgetError, ProviderError, RunInterrupted
        As in `people`.

    Notes
    -----
    It costs what ``plan(kind="companies")`` says at the most, in the vendor's credits.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> firms = pd.DataFrame({"Website": ["https://www.company1.example", "gmail"]})
    >>> with ep.sandbox(misses=0):
    ...     found = ep.companies(firms, "crustdata", fields=["name"], progress=None)
    >>> found["company_status"].tolist()
    ['matched', 'invalid']
    """
    from enrich_pandas.pipeline import Call, enrich

    call = Call(
        provider=provider,
        kind="companies",
        on=on,
        fields=fields,
        layout=layout,
        max_items=max_items,
        prefix=prefix,
        where=where,
        budget=budget,
        max_age=max_age,
        errors=errors,
        sources=sources,
    )
    return enrich(frame, call, progress=progress, wait=wait)


def plan(
    frame: pd.DataFrame,
    provider: Providers = "crustdata",
    *,
    kind: Literal["people", "companies"] = "people",
    on: On = None,
    fields: Sequence[str] | None = None,
    where: Any = None,
    max_age: str = "90D",
    errors: Literal["coerce", "raise"] = "coerce",
) -> "Plan":
    """Tell what a call would do and the most it can cost. No request is made; it costs nothing.

    Parameters
    ----------
    frame : pandas.DataFrame
        The frame to enrich.
    provider, on, fields, where, max_age, errors
        As in `people`.
    kind : {"people", "companies"}
        What to enrich.

    Returns
    -------
    Plan
        Rows, columns chosen and rejected, refused rows by reason, distinct identities, stored
        answers, requests, credits at most, and the time that the vendor's rate limit asks for.
        For several providers, what each is asked for at best and at worst.

    Raises
    ------
    InputError, ConfigurationError
        As in `people`.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", "ada@EXAMPLE.com", "n/a"]})
    >>> with ep.sandbox():
    ...     quote = ep.plan(leads, "crustdata")
    >>> quote.requests, quote.credits, quote.valid, quote.duplicates
    (1, 1.0, 2, 1)
    """
    from enrich_pandas.pipeline import Call, plan_call

    call = Call(
        provider=provider,
        kind=kind,
        on=on,
        fields=fields,
        where=where,
        max_age=max_age,
        errors=errors,
    )
    return plan_call(frame, call)
