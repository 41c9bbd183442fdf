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
from enrich_pandas.progress.phrases import typed
from enrich_pandas.report.plan import Plan
from enrich_pandas.report.waterfall_quote import WaterfallPlan

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


def _steps(planned: Plan | WaterfallPlan, path: Path, kind: Kind) -> Iterator[tuple[str, str]]:
    """Say what to type after a plan."""
    if not planned.is_askable:
        yield "No row can be asked about. Name the column:", '--on email="your column"'
        return
    wall = f" --budget {typed(planned.credits)}" if planned.credits else ""
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
