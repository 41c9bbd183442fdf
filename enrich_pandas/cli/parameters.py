"""The options that commands share, and how their words become arguments.

The options of `enrich_pandas.people` have the names, defaults and help texts of `Call`. An option
whose words need a form of their own, such as ``COLUMN=VALUE``, describes that form.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from enrich_pandas import call
from enrich_pandas.errors import ConfigurationError, EnrichError, InputError

if TYPE_CHECKING:
    import pandas as pd

    from enrich_pandas.providers.base import Provider
    from enrich_pandas.report.page import Page

F = TypeVar("F", bound=Callable[..., Any])

TableFile = Annotated[
    Path, typer.Argument(metavar="TABLE", help="A .csv, .tsv, .xlsx or .parquet file.")
]
ProviderNames = Annotated[
    list[str],
    typer.Option(
        "--provider",
        "-p",
        metavar="NAME",
        help="A provider, or a table of your own such as crm.csv. Repeat it for several, which "
        "are requested in the given order.",
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="An option of the provider, such as realtime=true; with several providers "
        "crustdata.realtime=true.",
    ),
]
Budget = Annotated[
    float | None, typer.Option(min=0, metavar="CREDITS", help=call.help_text("budget"))
]
ProgressBar = Annotated[bool, typer.Option("--progress/--no-progress", help="Show a progress bar.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="The file to write; beside the table by default."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the output.")]
Raw = Annotated[
    bool,
    typer.Option(
        "--raw", help="Write text that a spreadsheet would run as a formula as it is; for programs."
    ),
]
InSandbox = Annotated[
    bool,
    typer.Option("--sandbox", help="Use made-up answers on this machine, at no cost."),
]

# Each parameter of a call that is an option: its type and form.
CALL_OPTIONS: Mapping[str, Any] = {
    "on": Annotated[
        list[str] | None,
        typer.Option(
            metavar="IDENTIFIER=COLUMN",
            help='The column of an identifier, such as linkedin_url="LI profile".',
        ),
    ],
    "fields": Annotated[str, typer.Option(metavar="A,B,…", help=call.help_text("fields"))],
    "layout": Annotated[
        call.Layout,
        typer.Option(
            help=f"{call.help_text('layout')} nested needs a .parquet file; tables makes a folder."
        ),
    ],
    "max_items": Annotated[int | None, typer.Option(min=1, help=call.help_text("max_items"))],
    "prefix": Annotated[str | None, typer.Option(help=call.help_text("prefix"))],
    "where": Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE",
            help="Enrich the rows with this value only; repeat it for several values of a column.",
        ),
    ],
    "budget": Budget,
    "max_age": Annotated[str, typer.Option(help=call.help_text("max_age"))],
    "errors": Annotated[call.Errors, typer.Option(help=call.help_text("errors"))],
    "sources": Annotated[bool, typer.Option("--sources", help=call.help_text("sources"))],
    "progress": ProgressBar,
}
DEFAULTS: Mapping[str, Any] = {"progress": True}  # where a command's differs from a call's


def take_call_options(command: F) -> F:
    """Give a command that takes ``**words`` the options of a call."""
    hints = get_type_hints(command, include_extras=True)
    own = [
        one.replace(annotation=hints.get(one.name, one.annotation))
        for one in inspect.signature(command).parameters.values()
        if one.kind is not one.VAR_KEYWORD
    ]
    options = [
        one.replace(annotation=CALL_OPTIONS[one.name], default=DEFAULTS.get(one.name, one.default))
        for one in call.parameters()
        if one.name in CALL_OPTIONS
    ]
    command.__dict__["__signature__"] = inspect.Signature([*own, *options])
    return command


def parse_words(frame: "pd.DataFrame", words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments of a call from the words of its options."""
    return {
        **words,
        "on": parse_on(words["on"]),
        "fields": parse_fields(words["fields"]),
        "where": select_rows(frame, words["where"]),
        "progress": "bar" if words["progress"] else None,
    }


def parse_fields(words: str) -> list[str]:
    """Return the names in a text that separates them by commas."""
    return [name.strip() for name in words.split(",") if name.strip()]


def parse_pairs(words: Sequence[str] | None, option: str) -> list[tuple[str, str]]:
    """Return the name and value of each ``NAME=VALUE``.

    Raises
    ------
    typer.BadParameter
        One has no equals sign.
    """
    pairs = [text.partition("=") for text in words or ()]
    wrong = [name for name, sign, _ in pairs if not sign]
    if wrong:
        raise typer.BadParameter(f"--{option} {wrong[0]!r} does not have the form NAME=VALUE.")
    return [(name.strip(), value) for name, _, value in pairs]


def parse_on(words: Sequence[str] | None) -> dict[str, str] | None:
    """Return the column of each identifier, or None if none is given."""
    return dict(parse_pairs(words, "on")) or None


def select_rows(frame: "pd.DataFrame", words: Sequence[str] | None) -> "pd.Series[bool] | None":
    """Return the mask of the rows that have one of the given values in every named column.

    Values are compared as text.
    """
    wanted: dict[str, list[str]] = {}
    for name, value in parse_pairs(words, "where"):
        wanted.setdefault(name, []).append(value)
    if missing := [name for name in wanted if name not in frame.columns]:
        raise InputError(
            f"The table does not have the column {missing[0]!r} of --where.",
            todo=f"Its columns are {', '.join(map(str, frame.columns))}.",
        )
    import pandas as pd

    rows = pd.Series(data=True, index=frame.index)
    for name, values in wanted.items():
        rows &= frame[name].astype("string").isin(values).fillna(value=False).to_numpy(bool)
    return rows if wanted else None


def build_providers(names: Sequence[str], options: Sequence[str] | None) -> "list[Provider]":
    """Return the providers, each with its own options.

    Raises
    ------
    EnrichError
        A provider is unknown, or does not take an option.
    """
    given: dict[str, dict[str, Any]] = {name: {} for name in names}
    for name, value in parse_pairs(options, "option"):
        owner, dot, option = name.partition(".")
        if not dot and len(given) > 1:
            raise typer.BadParameter(
                f"With several providers an option needs its provider: --option {names[0]}.{name}=…"
            )
        if dot and owner not in given:
            raise typer.BadParameter(f"--option {name}: this call has no --provider {owner}.")
        given[owner if dot else names[0]][option if dot else name] = _parse_value(value)
    return [_build_provider(name, options) for name, options in given.items()]


def _parse_value(text: str) -> Any:
    import msgspec

    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:  # a word, which needs no quotes
        return text


def _build_provider(name: str, options: dict[str, Any]) -> "Provider":
    from enrich_pandas.directory.table import READERS
    from enrich_pandas.providers import find_provider

    if Path(name).suffix.lower() in READERS:
        from enrich_pandas.directory import Directory

        return Directory(name, **options)
    provider = find_provider(name)
    if secret := sorted(options.keys() & provider.credentials.keys()):
        raise ConfigurationError(
            f"A credential ({', '.join(secret)}) cannot be an option, because others on this "
            "machine can read the command line.",
            todo=f"Set {', '.join(provider.credentials[name] for name in secret)} instead.",
        )
    try:
        return type(provider)(**options) if options else provider
    except TypeError:
        raise ConfigurationError(
            f"{name} does not take these options: {', '.join(options)}.",
            todo="docs/providers.md lists its options.",
        ) from None


# -- The application that every command registers at, and how commands print ---------------------

INTERRUPTED = 130  # the exit code that a shell expects after Ctrl-C

app: typer.Typer = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text can be copied and searched
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def enrich_pandas() -> None:
    """Enrich tables of people and companies: same rows, new columns, every credit counted.

    PLAN is free and shows the maximum cost of a run. Results are stored, and a stored result is
    not bought again. Keys are read from the environment, the keyring or a file .env.
    """


@contextmanager
def short_errors() -> Iterator[None]:
    """Print an error of the library in its few lines, without a traceback."""
    try:
        yield
    except EnrichError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        is_interrupt = isinstance(error, KeyboardInterrupt)
        raise typer.Exit(INTERRUPTED if is_interrupt else 1) from error


def print_page(page: "Page", steps: Sequence[tuple[str, str]]) -> None:
    """Print a page with the next commands instead of the next Python calls."""
    from enrich_pandas.report.page import Advice, Page
    from enrich_pandas.report.render import as_text

    blocks = [block for block in page.blocks if not isinstance(block, Advice)]
    advice = [Advice(steps)] if steps else []
    typer.echo(as_text(Page(page.title, [*blocks, *advice], page.lead)))


def table(frame: "pd.DataFrame", *, cell: int) -> str:
    """Return a frame as text, with each cell cut to a width and missing cells empty."""
    import pandas as pd

    text = frame.astype("string").fillna("").map(lambda value: _cut(value, cell))
    with pd.option_context("display.unicode.east_asian_width", True):
        return text.to_string(index=False)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
