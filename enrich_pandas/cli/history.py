"""``enrich-pandas runs``, ``report``, ``compare``, ``resume`` and ``retry``: past runs.

Each command imports what it needs when it runs, so that the help texts need no pandas.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import enrich_pandas as ep
from enrich_pandas.cli import parameters as given
from enrich_pandas.cli.enrich import run_and_save
from enrich_pandas.cli.parameters import app, print_page, short_errors, table

if TYPE_CHECKING:
    from enrich_pandas.cli.tables import Target
    from enrich_pandas.report import Report
    from enrich_pandas.report.comparison import Comparison

Id = Annotated[str, typer.Argument(metavar="RUN", help="An id from the first column of runs.")]
_COLUMNS = ["run", "provider", "kind", "started", "status", "rows", "credits", "credits_held"]


@app.command()
def runs(
    *,
    output: given.Output = None,
    overwrite: given.Overwrite = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List past runs with the cost of each, the newest first."""
    with short_errors():
        past = ep.runs()
        if json:
            typer.echo(past.to_json(orient="records", date_format="iso", indent=1))
        elif past.empty:
            typer.echo("No run yet.")
        else:
            shown = past[_COLUMNS].assign(started=past["started"].dt.strftime("%Y-%m-%d %H:%M"))
            typer.echo(table(shown, cell=30))
        if output:
            typer.echo(f"Written: {_target(output, overwrite=overwrite).save(past)}.", err=json)


@app.command()
def report(run: Id, *, output: given.Output = None, overwrite: given.Overwrite = False) -> None:
    """Show the report of a run: counts, credits, reasons. --output page.html writes a page."""
    with short_errors():
        found = ep.run(run).report
        _print_or_write(found, output, list(_steps(found, run)), overwrite=overwrite)


def _steps(found: "Report", run: str) -> Iterator[tuple[str, str]]:
    """Yield what to type after a report."""
    counts = found.counts
    if "failed" in counts:
        yield "Request the failed rows again, and no others:", f"enrich-pandas retry {run}"
    if "pending" in counts or "skipped" in counts:
        yield "Continue with the other rows:", f"enrich-pandas resume {run}"
    if "held" in counts:
        text = "Request the held rows again, at the risk of paying twice:"
        yield text, f"enrich-pandas resume {run} --held resend"


@app.command()
def compare(
    before: Id, after: Id, *, output: given.Output = None, overwrite: given.Overwrite = False
) -> None:
    """Show the rows that are new, missing or changed between two runs; --output writes all."""
    with short_errors():
        _print_or_write(ep.compare(before, after), output, [], overwrite=overwrite)


def _print_or_write(
    page: "Report | Comparison",
    output: Path | None,
    steps: Sequence[tuple[str, str]],
    *,
    overwrite: bool,
) -> None:
    """Print a page, or write it as HTML or its figures as a table."""
    if output is not None and output.suffix.lower() == ".html":
        if output.exists() and not overwrite:
            raise typer.BadParameter(f"{output} exists: add --overwrite.")
        page.to_html(output)
        typer.echo(f"Written: {output.resolve()}.")
    elif output is not None:
        written = _target(output, overwrite=overwrite).save(page.to_frame())
        typer.echo(f"Written: {written}.")
    else:
        print_page(page.page(), steps)


def _add_command(word: Literal["resume", "retry"], text: str) -> None:
    """Register a command that continues a run; both have the same options."""

    def continue_run(
        run: Id,
        *,
        held: Annotated[
            Literal["hold", "resend"],
            typer.Option(help="resend requests held rows again, at the risk of paying twice."),
        ] = "hold",
        provider: Annotated[
            str | None,
            typer.Option(
                "--provider", "-p", help="The provider of the run, if the journal lacks it."
            ),
        ] = None,
        option: given.Options = None,
        budget: given.Budget = None,
        progress: given.ProgressBar = True,
        output: given.Output = None,
        overwrite: given.Overwrite = False,
        raw: given.Raw = False,
    ) -> None:
        with short_errors():
            past = ep.run(run)
            target = _target(output or Path(f"{run}.csv"), overwrite=overwrite, raw=raw)
            built = given.build_providers([provider], option)[0] if provider else None
            call = partial(
                getattr(past, word),
                provider=built,
                budget=budget,
                held=held,
                progress="bar" if progress else None,
            )
            run_and_save(target, call)

    app.command(word, help=text)(continue_run)


_add_command("resume", "Continue a run without its table; write a row for each identity.")
_add_command("retry", "Request the failed rows of a run again, and no others.")


def _target(path: Path, *, overwrite: bool, raw: bool = False) -> "Target":
    from enrich_pandas.cli import tables

    return tables.Target.of(
        path, Path("journal.sqlite"), "run", layout="wide", raw=raw, overwrite=overwrite
    )
