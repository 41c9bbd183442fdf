"""``enrich-pandas plan``, ``fields``, ``people``, ``companies``, ``demo`` and ``sandbox``.

Each command imports what it needs when it runs, so that the help texts need no pandas.
"""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import enrich_pandas as ep
from enrich_pandas.call import Kind
from enrich_pandas.cli import parameters as given
from enrich_pandas.cli.parameters import app, print_page, short_errors, table
from enrich_pandas.errors import EnrichError

if TYPE_CHECKING:
    import pandas as pd

    from enrich_pandas.cli.tables import Target
    from enrich_pandas.frame.output import Tables
    from enrich_pandas.report.plan import Plan

# -- Enrich a table ------------------------------------------------------------------------------


@app.command()
@given.take_call_options
def plan(
    path: given.TableFile,
    *,
    provider: given.ProviderNames,
    kind: Annotated[Kind, typer.Option(help="What the rows are.")] = "people",
    option: given.Options = None,
    sandbox: given.InSandbox = False,
    **words: Any,
) -> None:
    """Show what a run would request and the maximum it can cost. Nothing is sent."""
    from enrich_pandas.cli import tables

    with short_errors(), ep.sandbox() if sandbox else nullcontext():
        frame = tables.read(path)
        providers = given.build_providers(provider, option)
        planned = ep.plan(frame, providers, kind=kind, **given.parse_words(frame, words))
        print_page(planned.page(), list(_steps(planned, path, kind)))


@app.command()
def fields(
    kind: Annotated[Kind, typer.Argument(help="What the rows are.")] = "people",
) -> None:
    """List the names for --fields, and which fields are standard. Nothing is sent."""
    shown = ep.fields(kind)[["field", "type", "standard", "providers", "description"]]
    shown["standard"] = shown["standard"].map({True: "standard", False: ""})
    typer.echo(table(shown.dropna(axis="columns", how="all"), cell=60))


def _steps(planned: "Plan", path: Path, kind: Kind) -> Iterator[tuple[str, str]]:
    """Yield what to type after a plan."""
    from enrich_pandas.progress.phrases import credits_literal

    if not planned.is_askable:
        yield "No row can be requested. Name the column:", '--on email="your column"'
        return
    budget = f" --budget {credits_literal(planned.credits)}" if planned.credits else ""
    command = f"enrich-pandas {kind} {shlex.quote(str(path))} …{budget}"
    yield "Run it with the same options:", command


def _add_command(kind: Kind) -> None:
    """Register the command of a kind; both have the same options."""

    def enrich(
        path: given.TableFile,
        *,
        provider: given.ProviderNames,
        option: given.Options = None,
        output: given.Output = None,
        overwrite: given.Overwrite = False,
        raw: given.Raw = False,
        sandbox: given.InSandbox = False,
        **words: Any,
    ) -> None:
        from enrich_pandas.cli import tables

        with short_errors(), ep.sandbox() if sandbox else nullcontext():
            target = tables.Target.of(
                output, path, kind, layout=words["layout"], raw=raw, overwrite=overwrite
            )
            frame = tables.read(path)
            providers = given.build_providers(provider, option)
            call = partial(getattr(ep, kind), frame, providers, **given.parse_words(frame, words))
            result = run_and_save(target, call, is_kept=not sandbox)
            _print_counts(result, kind, words["prefix"])

    text = f"Enrich a table of {kind} and write the same rows with new columns."
    app.command(kind, help=text)(given.take_call_options(enrich))


_add_command("people")
_add_command("companies")


def run_and_save(target: "Target", call: Callable[[], Any], *, is_kept: bool = True) -> Any:
    """Make a call and write its result, also the part that arrived before an error."""
    try:
        with print_costs(is_kept=is_kept):
            result = call()
    except EnrichError as error:
        if error.result is not None:
            typer.echo(f"The rows so far are in {target.partial.save(error.result)}.", err=True)
        raise
    typer.echo(f"Written: {target.save(result)}.")
    return result


def _print_counts(result: "pd.DataFrame | Tables", kind: Kind, prefix: str | None) -> None:
    """Print the number of rows by status and reason."""
    import pandas as pd

    from enrich_pandas.pipeline import PREFIXES

    frame = result if isinstance(result, pd.DataFrame) else result[kind]
    columns = [f"{PREFIXES[kind] if prefix is None else prefix}{n}" for n in ("status", "reason")]
    counts = frame.value_counts(columns, dropna=False).rename("rows").reset_index()
    typer.echo(table(counts, cell=40))


@contextmanager
def print_costs(*, is_kept: bool) -> Iterator[None]:
    """Print the runs that a call made and the cost of each, also after an error.

    ``is_kept`` is whether a later command finds the runs; those of ``--sandbox`` are deleted.
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


# -- Try it without a key and without cost -------------------------------------------------------

_COLUMNS = ("name", "title", "company", "location", "education_1_school")
_GOING_LIVE = """
To go live, set your key in the environment, leave out the sandbox, and set a budget:
    export CRUSTDATA_API_KEY=...
    python
    >>> import pandas as pd, enrich_pandas as ep
    >>> leads = pd.read_csv("leads.csv")
    >>> ep.plan(leads, "crustdata")                          # free: nothing is sent
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
        Path | None, typer.Option("--output", "-o", help="The file to write.")
    ] = None,
) -> None:
    """Enrich a table in the sandbox: made-up people, HTTP on loopback only, no cost."""
    from enrich_pandas.cli import tables

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
            typer.echo("The sandbox has no rate limit by default: this takes seconds.\n")
            people = ep.people(leads, "crustdata")
            charged = float(box.ledger["credits"].sum())
            counted = float(ep.runs()["credits"].sum())
            _print_people(people)
            typer.echo(
                f"\nCredits: {counted:g} by the journal, {charged:g} by the sandbox's ledger; "
                f"{len(box.requests)} requests."
            )
    typer.echo(f"Written: {target.save(people)}.")
    typer.echo(_GOING_LIVE)
    if charged != counted:
        typer.echo("The journal and the ledger differ: please report this.", err=True)
        raise typer.Exit(1)


def _print_people(people: "pd.DataFrame") -> None:
    """Print some matched rows, and the number of rows by status and reason."""
    matched = people.loc[people["person_status"] == "matched"].head(5)
    shown = matched[[f"person_{name}" for name in _COLUMNS]].set_axis(_COLUMNS, axis=1)
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
    from enrich_pandas.emulators.__main__ import main  # its packages are in an extra

    main(context.args)
