"""``enrich-pandas suppress`` and ``forget``: other people's data."""

import sys
from typing import Annotated

import typer

import enrich_pandas as ep
from enrich_pandas.cli.application import app, short_errors

Who = Annotated[
    list[str],
    typer.Argument(
        metavar="WHO…",
        help="E-mail addresses, profiles, company pages or domains; - reads them from the input, "
        "a line each, so that none stands in the shell's history.",
    ),
]


@app.command()
def suppress(
    who: Who,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Take them off the list.")] = False,
) -> None:
    """Put people or companies on the list of those who are never enriched."""
    with short_errors():
        changed = (ep.unsuppress if undo else ep.suppress)(_named(who))
        typer.echo(f"{changed:,} {'taken off' if undo else 'new on'} the list.")


@app.command()
def forget(who: Who) -> None:
    """Delete all that is stored of people or companies, and never ask about them again."""
    with short_errors():
        deleted = ep.forget(_named(who))
        typer.echo(f"{deleted:,} stored answers deleted; they will not be asked about again.")
        typer.echo("Files and frames that you saved are yours to delete.")


def _named(who: list[str]) -> list[str]:
    if who != ["-"]:
        return who
    return [line.strip() for line in sys.stdin if line.strip()]
