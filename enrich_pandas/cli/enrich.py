"""``enrich-pandas plan``, ``people`` and ``companies``: a table in, a table out."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import typer

import enrich_pandas as ep
from enrich_pandas.cli import parameters as given
from enrich_pandas.cli import tables
from enrich_pandas.cli.application import app, echo_page, short_errors, table
from enrich_pandas.errors import EnrichError
from enrich_pandas.frame.output import Tables
from enrich_pandas.pipeline import PREFIXES
from enrich_pandas.progress.phrases import credits_literal
from enrich_pandas.report.plan import Plan

Layout = Annotated[
    Literal["wide", "nested", "tables"],
    typer.Option(help="nested is for Parquet; tables makes a folder."),
]
Kind = Literal["people", "companies"]
MaxItems = Annotated[int, typer.Option(min=1, help="Items of each list in the wide layout.")]
Prefix = Annotated[str | None, typer.Option(help="Of the new columns: person_ or company_.")]
Sources = Annotated[bool, typer.Option("--sources", help="Add who gave each field.")]


@app.command()
def plan(
    path: given.TableFile,
    *,
    provider: given.Names,
    kind: Annotated[Kind, typer.Option(help="What the rows are.")] = "people",
    option: given.Options = None,
    on: given.On = None,
    fields: given.Fields = None,
    where: given.Where = None,
    max_age: given.MaxAge = "90D",
    errors: given.Errors = "coerce",
    sandbox: given.InSandbox = False,
) -> None:
    """Tell what a run would do, and the most that it can cost. No request is made."""
    with short_errors(), ep.sandbox() if sandbox else nullcontext():
        frame = tables.read(path)
        planned = ep.plan(
            frame,
            given.providers_in(provider, option),
            kind=kind,
            on=given.on_in(on),
            fields=given.fields_in(fields),
            where=given.where_in(frame, where),
            max_age=max_age,
            errors=errors,
        )
        echo_page(planned.page(), list(_steps(planned, path, kind)))


def _steps(planned: Plan, path: Path, kind: Kind) -> Iterator[tuple[str, str]]:
    """Say what to type after a plan."""
    if not planned.is_askable:
        yield "No row can be asked about. Name the column:", '--on email="your column"'
        return
    wall = f" --budget {credits_literal(planned.credits)}" if planned.credits else ""
    command = f"enrich-pandas {kind} {shlex.quote(str(path))} …{wall}"
    yield "Go on with the same options:", command


def _command(kind: Kind) -> None:
    """Make the command of one kind: both take the same."""

    def enrich(
        path: given.TableFile,
        *,
        provider: given.Names,
        option: given.Options = None,
        on: given.On = None,
        fields: given.Fields = None,
        layout: Layout = "wide",
        max_items: MaxItems = 3,
        prefix: Prefix = None,
        where: given.Where = None,
        budget: given.Budget = None,
        max_age: given.MaxAge = "90D",
        errors: given.Errors = "coerce",
        sources: Sources = False,
        progress: given.Bar = True,
        output: given.Output = None,
        overwrite: given.Overwrite = False,
        raw: given.Raw = False,
        sandbox: given.InSandbox = False,
    ) -> None:
        with short_errors(), ep.sandbox() if sandbox else nullcontext():
            target = tables.Target.of(
                output, path, kind, layout=layout, raw=raw, overwrite=overwrite
            )
            frame = tables.read(path)
            result = saved(
                target,
                partial(
                    getattr(ep, kind),
                    frame,
                    given.providers_in(provider, option),
                    on=given.on_in(on),
                    fields=given.fields_in(fields),
                    layout=layout,
                    max_items=max_items,
                    prefix=prefix,
                    where=given.where_in(frame, where),
                    budget=budget,
                    max_age=max_age,
                    errors=errors,
                    sources=sources,
                    progress="bar" if progress else None,
                ),
                is_kept=not sandbox,
            )
            _count(result, kind, prefix)

    text = f"Enrich a table of {kind}; write the same rows with new columns beside them."
    app.command(kind, help=text)(enrich)


_command("people")
_command("companies")


def saved(target: tables.Target, call: Callable[[], Any], *, is_kept: bool = True) -> Any:
    """Make a call and write its result; what a call had found before it stopped is written, too."""
    try:
        with accounted(is_kept=is_kept):
            result = call()
    except EnrichError as error:
        if error.result is not None:
            typer.echo(f"What had arrived is in {target.partial.save(error.result)}.", err=True)
        raise
    typer.echo(f"Written: {target.save(result)}.")
    return result


def _count(result: "pd.DataFrame | Tables", kind: Kind, prefix: str | None) -> None:
    """Print the rows by status and reason."""
    frame = result if isinstance(result, pd.DataFrame) else result[kind]
    columns = [f"{PREFIXES[kind] if prefix is None else prefix}{n}" for n in ("status", "reason")]
    counts = frame.value_counts(columns, dropna=False).rename("rows").reset_index()
    typer.echo(table(counts, cell=40))


@contextmanager
def accounted(*, is_kept: bool) -> Iterator[None]:
    """Print which runs a call made and what each cost, however the call ended.

    ``is_kept`` tells whether a later command finds them: those of ``--sandbox`` are gone with it.
    """
    before = set(ep.runs()["run"])
    try:
        yield
    finally:
        past = ep.runs()
        made = past.loc[~past["run"].isin(before), ["run", "provider", "credits", "credits_held"]]
        for run, provider, spent, held in made.to_numpy().tolist():
            also = f", and at most {held:g} for lost answers" if held else ""
            name = f"Run {run}" if is_kept else "In the sandbox, whose runs are not kept"
            typer.echo(f"{name}, {provider}: {spent:g} credits{also}.")


# -- ``enrich-pandas demo`` and ``sandbox``: everything, without a key and without cost ----------

_SHOWN = ("name", "title", "company", "location", "education_1_school")
_GOING_LIVE = """
To go live, put your key in the environment, leave the sandbox out, and name a wall:
    export CRUSTDATA_API_KEY=...
    python
    >>> import pandas as pd, enrich_pandas as ep
    >>> leads = pd.read_csv("leads.csv")
    >>> ep.plan(leads, "crustdata")                          # free: makes no request
    >>> people = ep.people(leads, "crustdata", budget=500)   # credits
or, without Python:
    enrich-pandas plan leads.csv --provider crustdata
    enrich-pandas people leads.csv --provider crustdata --budget 500"""


@app.command()
def demo(
    path: Annotated[
        Path,
        typer.Argument(metavar="TABLE", help="A table of people with e-mails or LinkedIn URLs."),
    ] = Path("notebooks/data/leads.csv"),
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write the result.")
    ] = None,
) -> None:
    """Enrich a table in the sandbox: made-up people, real HTTP on loopback, nothing is paid."""
    target = tables.Target.of(
        output or Path(f"{path.stem}.enriched.parquet"),
        path,
        "enriched",
        layout="wide",
        raw=False,
        overwrite=True,
    )
    with short_errors():
        leads = tables.read(path)
        with ep.sandbox() as box:
            typer.echo(ep.plan(leads, "crustdata"))
            typer.echo("The sandbox has no rate limit unless told to: this takes seconds.\n")
            people = ep.people(leads, "crustdata")
            charged, told = float(box.ledger["credits"].sum()), float(ep.runs()["credits"].sum())
            _show(people)
            typer.echo(
                f"\nCredits: {told:g} by the journal, {charged:g} by the sandbox's ledger; "
                f"{len(box.requests)} requests."
            )
    typer.echo(f"Written: {target.save(people)}.")
    typer.echo(_GOING_LIVE)
    if charged != told:
        typer.echo("The journal and the ledger differ: please report this.", err=True)
        raise typer.Exit(1)


def _show(people: pd.DataFrame) -> None:
    """Print a few matched rows, and the rows by status and reason."""
    matched = people.loc[people["person_status"] == "matched"].head(5)
    shown = matched[[f"person_{name}" for name in _SHOWN]].set_axis(_SHOWN, axis=1)
    counts = people.value_counts(["person_status", "person_reason"], dropna=False)
    by_status = (
        counts.rename("rows").reset_index().rename(columns=lambda n: n.removeprefix("person_"))
    )
    typer.echo(f"\n{table(shown, cell=16)}")
    typer.echo(f"\n{table(by_status, cell=30)}")
    typer.echo(f"{counts.sum()} rows in all, {len(people)} in the table.")


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def sandbox(context: typer.Context) -> None:
    """Serve the vendors' emulators on 127.0.0.1, for any client, until Ctrl-C."""
    from enrich_pandas.emulators.__main__ import main  # the extra's packages

    main(context.args)
