"""The options of the commands, and how their words are read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pandas as pd
import typer

from enrich_pandas.directory.table import READERS
from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.providers import find_provider
from enrich_pandas.providers.base import Provider

TableFile = Annotated[
    Path, typer.Argument(metavar="TABLE", help="A .csv, .tsv, .xlsx or .parquet file.")
]
Names = Annotated[
    list[str],
    typer.Option(
        "--provider",
        "-p",
        metavar="NAME",
        help="A provider, or a table of your own such as crm.csv; several are asked in order.",
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="An option of the provider, such as realtime=true; of several, crustdata.realtime=…",
    ),
]
On = Annotated[
    list[str] | None,
    typer.Option(metavar="IDENTIFIER=COLUMN", help='Such as linkedin_url="LI profile".'),
]
Fields = Annotated[
    str | None, typer.Option(metavar="A,B,…", help="Fields to return; all unless given.")
]
Where = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN=VALUE", help="Only these rows; repeated for a column: any of."),
]
Budget = Annotated[
    float | None, typer.Option(min=0, metavar="CREDITS", help="A hard wall for what is spent.")
]
MaxAge = Annotated[str, typer.Option(help="Use stored answers that are younger; 0D asks again.")]
Errors = Annotated[
    Literal["coerce", "raise"], typer.Option(help="What an invalid row does: a status, or an end.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Where to write; beside the table otherwise.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the output.")]
Raw = Annotated[
    bool,
    typer.Option(
        "--raw", help="Leave texts that a spreadsheet would run as formulas; for programs."
    ),
]
Bar = Annotated[bool, typer.Option("--progress/--no-progress", help="Show a progress bar.")]
InSandbox = Annotated[
    bool, typer.Option("--sandbox", help="Try it: made-up answers on this machine, no cost.")
]


def fields_in(words: str | None) -> list[str] | None:
    """Read names parted by commas."""
    return None if words is None else [name.strip() for name in words.split(",") if name.strip()]


def pairs_in(words: Sequence[str] | None, option: str) -> list[tuple[str, str]]:
    """Read each ``NAME=VALUE``.

    Raises
    ------
    typer.BadParameter
        One has no equals sign.
    """
    pairs = [text.partition("=") for text in words or ()]
    wrong = [name for name, sign, _ in pairs if not sign]
    if wrong:
        raise typer.BadParameter(f"--{option} {wrong[0]!r} is not of the form NAME=VALUE.")
    return [(name.strip(), value) for name, _, value in pairs]


def on_in(words: Sequence[str] | None) -> dict[str, str] | None:
    """Read which column holds which identifier; None where nothing is said."""
    return dict(pairs_in(words, "on")) or None


def where_in(frame: pd.DataFrame, words: Sequence[str] | None) -> "pd.Series[bool] | None":
    """Return the rows that every named column agrees with, compared as text."""
    wanted: dict[str, list[str]] = {}
    for name, value in pairs_in(words, "where"):
        wanted.setdefault(name, []).append(value)
    if missing := [name for name in wanted if name not in frame.columns]:
        raise InputError(
            f"--where names a column that the table does not have: {missing[0]!r}.",
            cost="Nothing was sent and nothing was spent.",
            todo=f"Its columns are {', '.join(map(str, frame.columns))}.",
        )
    rows = pd.Series(data=True, index=frame.index)
    for name, values in wanted.items():
        rows &= frame[name].astype("string").isin(values).fillna(value=False).to_numpy(bool)
    return rows if wanted else None


def providers_in(names: Sequence[str], options: Sequence[str] | None) -> list[Provider]:
    """Make the providers, each with its own options.

    Raises
    ------
    EnrichError
        One is not known, or does not take an option.
    """
    given: dict[str, dict[str, Any]] = {name: {} for name in names}
    for name, value in pairs_in(options, "option"):
        owner, dot, option = name.partition(".")
        if not dot and len(given) > 1:
            raise typer.BadParameter(f"Say whose option it is: --option {names[0]}.{name}=…")
        if dot and owner not in given:
            raise typer.BadParameter(f"--option {name}: {owner} is no --provider of this call.")
        given[owner if dot else names[0]][option if dot else name] = _value(value)
    return [_made(name, options) for name, options in given.items()]


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:  # a word, which needs no quotes
        return text


def _made(name: str, options: dict[str, Any]) -> Provider:
    if Path(name).suffix.lower() in READERS:
        from enrich_pandas.directory import Directory

        return Directory(name, **options)
    made = find_provider(name)
    if shown := sorted(options.keys() & made.credentials.keys()):
        raise ConfigurationError(
            f"A credential ({', '.join(shown)}) is not given on the command line, where others on "
            "this machine can read it.",
            cost="Nothing was sent.",
            todo=f"Set {', '.join(made.credentials[name] for name in shown)} instead.",
        )
    try:
        return type(made)(**options) if options else made
    except TypeError:
        raise ConfigurationError(
            f"{name} does not take these options: {', '.join(options)}.",
            cost="Nothing was sent.",
            todo="Its page in the documents names them.",
        ) from None
