"""``enrich-pandas runs``, ``report``, ``compare``, ``resume`` and ``retry``: past runs."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

import enrich_pandas as ep
from enrich_pandas.cli import parameters as given
from enrich_pandas.cli import tables
from enrich_pandas.cli.application import app, echo_page, short_errors, table
from enrich_pandas.cli.enrich import saved
from enrich_pandas.report.comparison import Comparison
from enrich_pandas.report.report import Report

Id = Annotated[str, typer.Argument(metavar="RUN", help="Of the first column of runs.")]
_SHOWN = ["run", "provider", "kind", "started", "status", "rows", "credits", "credits_held"]


@app.command()
def runs(
    *,
    output: given.Output = None,
    overwrite: given.Overwrite = False,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List past runs with what each cost, the newest first."""
    with short_errors():
        past = ep.runs()
        if json:
            typer.echo(past.to_json(orient="records", date_format="iso", indent=1))
        elif past.empty:
            typer.echo("No run yet.")
        else:
            shown = past[_SHOWN].assign(started=past["started"].dt.strftime("%Y-%m-%d %H:%M"))
            typer.echo(table(shown, cell=30))
        if output:
            typer.echo(f"Written: {_target(output, overwrite=overwrite).save(past)}.", err=json)


@app.command()
def report(run: Id, *, output: given.Output = None, overwrite: given.Overwrite = False) -> None:
    """Tell what came of a run: counts, money, reasons; --output page.html writes a page."""
    with short_errors():
        found = ep.run(run).report
        _shown(found, output, list(_steps(found, run)), overwrite=overwrite)


def _steps(found: Report, run: str) -> Iterator[tuple[str, str]]:
    """Say what to type after a report."""
    counts = found.counts
    if "failed" in counts:
        yield "Ask again about the failed rows, and no others:", f"enrich-pandas retry {run}"
    if "pending" in counts or "skipped" in counts:
        yield "Go on with the others:", f"enrich-pandas resume {run}"
    if "held" in counts:
        text = "Ask again about the held rows, at the risk of paying twice:"
        yield text, f"enrich-pandas resume {run} --held resend"


@app.command()
def compare(
    before: Id, after: Id, *, output: given.Output = None, overwrite: given.Overwrite = False
) -> None:
    """Tell who is new, gone, or has another job, company or address; --output for all of it."""
    with short_errors():
        _shown(ep.compare(before, after), output, [], overwrite=overwrite)


def _shown(
    page: Report | Comparison,
    output: Path | None,
    steps: Sequence[tuple[str, str]],
    *,
    overwrite: bool,
) -> None:
    """Print a page, and write it: as HTML, or its figures as a table."""
    if output is not None and output.suffix.lower() == ".html":
        if output.exists() and not overwrite:
            raise typer.BadParameter(f"{output} is there already: add --overwrite.")
        page.to_html(output)
        typer.echo(f"Written: {output.resolve()}.")
    elif output is not None:
        written = _target(output, overwrite=overwrite).save(page.to_frame())
        typer.echo(f"Written: {written}.")
    else:
        echo_page(page.page(), steps)


def _command(word: Literal["resume", "retry"], text: str) -> None:
    """Make the command that goes on with a run; both take the same."""

    def go_on(
        run: Id,
        *,
        held: Annotated[
            Literal["hold", "resend"],
            typer.Option(help="resend asks again about lost answers, at the risk of paying twice."),
        ] = "hold",
        provider: Annotated[
            str | None, typer.Option("--provider", "-p", help="Where it cannot be made again.")
        ] = None,
        option: given.Options = None,
        budget: given.Budget = None,
        progress: given.Bar = True,
        output: given.Output = None,
        overwrite: given.Overwrite = False,
        raw: given.Raw = False,
    ) -> None:
        with short_errors():
            past = ep.run(run)
            target = _target(output or Path(f"{run}.csv"), overwrite=overwrite, raw=raw)
            made = given.providers_in([provider], option)[0] if provider else None
            call = partial(
                getattr(past, word),
                provider=made,
                budget=budget,
                held=held,
                progress="bar" if progress else None,
            )
            saved(target, call)

    app.command(word, help=text)(go_on)


_command("resume", "Go on where a run stopped, without its table; write a row for each person.")
_command("retry", "Ask again about those of a run who failed, and about nobody else.")


def _target(path: Path, *, overwrite: bool, raw: bool = False) -> tables.Target:
    return tables.Target.of(
        path, Path("journal.sqlite"), "run", layout="wide", raw=raw, overwrite=overwrite
    )
