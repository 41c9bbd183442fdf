"""``enrich-pandas doctor``, ``suppress`` and ``forget``.

Each command imports what it needs when it runs, so that the help texts need no pandas.
"""

import sys
from contextlib import nullcontext
from functools import partial
from typing import Annotated

import typer

import enrich_pandas as ep
from enrich_pandas.cli import parameters as given
from enrich_pandas.cli.parameters import app, short_errors


@app.command()
def doctor(
    *,
    live: Annotated[
        str | None,
        typer.Option(
            metavar="PROVIDER", help="Check an account; asks for confirmation before it spends."
        ),
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option(help="Request this one, too: linkedin_url=…, email=… or domain=…"),
    ] = None,
    option: given.Options = None,
    max_credits: Annotated[
        float, typer.Option(min=0, help="Refuse a check that can cost more.")
    ] = 10,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Request no balance from a vendor.")
    ] = False,
    sandbox: given.InSandbox = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check versions, keys, balances, the clock and the journal, and say what to fix.

    It costs nothing. If a key is found and the vendor documents a free way to read the balance,
    the balance is read. With --live it checks what holds on an account: it requests one made-up
    identity and one that you choose, reads the balance before and after, and stores the findings
    beside the journal.
    """
    import pandas as pd

    from enrich_pandas.doctor import run_checks, run_live_check
    from enrich_pandas.doctor.live import Subject

    with short_errors():
        chosen = Subject.parse(identity) if identity else None
        known = pd.DataFrame([{chosen.name: chosen.value} if chosen else {}])
        with ep.sandbox(people=known) if sandbox else nullcontext():
            if live is None:
                is_well = run_checks(typer.echo, offline=offline, as_json=json)
            else:
                (provider,) = given.build_providers([live], option)
                is_well = run_live_check(
                    provider,
                    chosen,
                    say=typer.echo,
                    tell=partial(typer.echo, err=json),
                    confirm=None if yes else _confirm,
                    max_credits=max_credits,
                    as_json=json,
                )
    if not is_well:
        raise typer.Exit(1)


def _confirm(question: str) -> bool:
    """Ask for confirmation at the terminal; without a terminal the answer is no."""
    if not _is_terminal():
        typer.echo(
            "Nothing was sent: there is no terminal to confirm at. Add --yes to continue.", err=True
        )
        return False
    return typer.confirm(question, err=True)


def _is_terminal() -> bool:
    return sys.stdin.isatty()


# -- Privacy -------------------------------------------------------------------------------------

Identifiers = Annotated[
    list[str],
    typer.Argument(
        metavar="IDENTIFIER…",
        help="E-mail addresses, profiles, company pages or domains. - reads them from standard "
        "input, one per line, so that none appears in the history of the shell.",
    ),
]


@app.command()
def suppress(
    identifiers: Identifiers,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Remove them from the list.")] = False,
) -> None:
    """Add people or companies to the suppression list: they are never requested."""
    with short_errors():
        changed = (ep.unsuppress if undo else ep.suppress)(_read(identifiers))
        typer.echo(f"{changed:,} {'removed from' if undo else 'new on'} the list.")


@app.command()
def forget(identifiers: Identifiers) -> None:
    """Delete everything stored about people or companies, and never request them again."""
    with short_errors():
        deleted = ep.forget(_read(identifiers))
        typer.echo(f"{deleted:,} stored answers deleted; these will not be requested again.")
        typer.echo("Files and frames that you saved are yours to delete.")


def _read(identifiers: list[str]) -> list[str]:
    if identifiers != ["-"]:
        return identifiers
    return [line.strip() for line in sys.stdin if line.strip()]
