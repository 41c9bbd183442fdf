"""``enrich-pandas doctor``: what is installed, what is kept, and what holds on an account."""

import sys
from contextlib import nullcontext
from functools import partial
from typing import Annotated

import pandas as pd
import typer

import enrich_pandas as ep
from enrich_pandas.cli import parameters as given
from enrich_pandas.cli.application import app, short_errors


@app.command()
def doctor(
    *,
    live: Annotated[
        str | None,
        typer.Option(metavar="PROVIDER", help="Check an account; asks before it spends anything."),
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option(help="Whom to ask about, too: linkedin_url=…, email=… or domain=…"),
    ] = None,
    option: given.Options = None,
    max_credits: Annotated[
        float, typer.Option(min=0, help="Refuse a check that can cost more.")
    ] = 10,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no vendor for a balance.")
    ] = False,
    sandbox: given.InSandbox = False,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Check versions, keys, balances, the clock and the journal, and say what to mend.

    It costs nothing: a vendor whose key is found is asked what is left on the account, where it
    documents a free way. With --live it tells what holds on an account: it asks about one made-up
    identity and one that you choose, reads the balance around each, and keeps what it finds beside
    the journal.
    """
    from enrich_pandas.doctor.command import examine, probe
    from enrich_pandas.doctor.subjects import Subject

    with short_errors():
        chosen = Subject.parsed(identity) if identity else None
        known = pd.DataFrame([{chosen.name: chosen.value} if chosen else {}])
        with ep.sandbox(people=known) if sandbox else nullcontext():
            if live is None:
                is_well = examine(typer.echo, offline=offline, as_json=json)
            else:
                (provider,) = given.providers_in([live], option)
                is_well = probe(
                    provider,
                    chosen,
                    say=typer.echo,
                    tell=partial(typer.echo, err=json),
                    ask=None if yes else _confirmed,
                    max_credits=max_credits,
                    as_json=json,
                )
    if not is_well:
        raise typer.Exit(1)


def _confirmed(question: str) -> bool:
    """Ask at the terminal; where there is none, nobody has said yes."""
    if not _is_terminal():
        typer.echo(
            "Nothing was sent: there is no terminal to ask at. Add --yes to go on.", err=True
        )
        return False
    return typer.confirm(question, err=True)


def _is_terminal() -> bool:
    return sys.stdin.isatty()
