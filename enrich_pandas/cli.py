"""The command line: ``enrich-pandas``."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

import enrich_pandas as ep

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text: what it says can be copied and searched
    add_completion=False,
)

_SHOWN = ("name", "title", "company", "location", "education_1_school")

_WRITERS: Mapping[str, Callable[[pd.DataFrame, Path], object]] = {
    ".parquet": lambda frame, path: frame.to_parquet(path),
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
}


@app.callback()
def enrich_pandas() -> None:
    """Enrich tables of people: same rows, new columns, every credit accounted for."""


@app.command()
def demo(
    csv: Annotated[
        Path, typer.Argument(help="A table of people with e-mails or LinkedIn URLs.")
    ] = Path("notebooks/data/leads.csv"),
    output: Annotated[
        Path | None, typer.Option(help="Where to write the result: .parquet or .csv.")
    ] = None,
) -> None:
    """Enrich a table in the sandbox: made-up people, real HTTP on loopback, nothing is paid."""
    path = output or Path(f"{csv.stem}.enriched.parquet")
    _check(csv, path)
    leads = pd.read_csv(csv)
    with _short_errors(), ep.sandbox() as box:
        typer.echo(ep.plan(leads, "crustdata"))
        typer.echo("The sandbox has no rate limit unless told to: this takes seconds.\n")
        people = ep.people(leads, "crustdata")
        charged, credited = float(box.ledger["credits"].sum()), float(ep.runs()["credits"].sum())
        _show(people)
        typer.echo(
            f"\nCredits: {credited:g} by the journal, {charged:g} by the sandbox's ledger; "
            f"{len(box.requests)} requests."
        )
    _WRITERS[path.suffix](people, path)
    typer.echo(f"Written: {path.resolve()} ({len(people)} rows, {people.shape[1]} columns).")
    typer.echo(_GOING_LIVE)
    if charged != credited:
        typer.echo("The journal and the ledger differ: please report this.", err=True)
        raise typer.Exit(1)


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
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the provider, such as api=screener.")
    ] = None,
    max_credits: Annotated[
        float, typer.Option(min=0, help="Refuse a check that can cost more.")
    ] = 10,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Check the emulator; nothing is paid.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Tell what is installed and kept on this machine; with --live, what holds on an account.

    Without --live it asks no network. A live check asks about one made-up identity and one that
    you choose, reads the balance around each, and keeps what it finds beside the journal.
    """
    from enrich_pandas.doctor.command import examine, probe
    from enrich_pandas.doctor.subjects import Subject

    with _short_errors():
        chosen = Subject.parsed(identity) if identity else None
        known = pd.DataFrame([{chosen.name: chosen.value} if chosen else {}])
        with ep.sandbox(people=known) if sandbox else nullcontext():
            if live is None:
                is_well = examine(typer.echo, as_json=json)
            else:
                is_well = probe(
                    live,
                    option or [],
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


_GOING_LIVE = """
To go live, put your key in the environment, leave the sandbox out, and name a wall:
    export CRUSTDATA_API_KEY=...
    python
    >>> import pandas as pd, enrich_pandas as ep
    >>> leads = pd.read_csv("leads.csv")
    >>> ep.plan(leads, "crustdata")                          # free: makes no request
    >>> people = ep.people(leads, "crustdata", budget=500)   # credits"""


def _check(csv: Path, output: Path) -> None:
    """Refuse what cannot work before anything runs."""
    if not csv.is_file():
        raise typer.BadParameter(f"{csv} is not a file. Name a CSV: enrich-pandas demo PATH.csv")
    if output.suffix not in _WRITERS:
        raise typer.BadParameter(f"{output} must end in {' or '.join(_WRITERS)}.")


@contextmanager
def _short_errors() -> Iterator[None]:
    """Show the library's own errors as their three lines, without a traceback."""
    try:
        yield
    except ep.EnrichError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(130 if isinstance(error, KeyboardInterrupt) else 1) from error


def _show(people: pd.DataFrame) -> None:
    """Print a few matched rows, and the rows by status and reason."""
    matched = people.loc[people["person_status"] == "matched"].head(5)
    counts = people.value_counts(["person_status", "person_reason"], dropna=False)
    typer.echo(f"\n{_table(matched[[f'person_{name}' for name in _SHOWN]], cell=16)}")
    typer.echo(f"\n{_table(counts.rename('rows').reset_index(), cell=30)}")
    typer.echo(f"{counts.sum()} rows in all, {len(people)} in the table.")


def _table(frame: pd.DataFrame, *, cell: int) -> str:
    """Return a frame as text, each cell cut to a width; a missing one is empty."""
    text = frame.astype("string").fillna("").map(lambda value: _cut(value, cell))
    with pd.option_context("display.unicode.east_asian_width", True):
        return text.rename(columns=lambda name: name.removeprefix("person_")).to_string(index=False)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
