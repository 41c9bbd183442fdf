"""``enrich-pandas demo`` and ``sandbox``: everything, without a key and without cost."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

import enrich_pandas as ep
from enrich_pandas.cli import tables
from enrich_pandas.cli.application import app, short_errors, table

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
