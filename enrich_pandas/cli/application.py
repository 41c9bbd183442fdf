"""The application that every command registers at, and how commands print."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pandas as pd
import typer

from enrich_pandas.errors import EnrichError
from enrich_pandas.report.page import Advice, Page
from enrich_pandas.report.render import as_text

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


def print_page(page: Page, steps: Sequence[tuple[str, str]]) -> None:
    """Print a page with the next commands instead of the next Python calls."""
    blocks = [block for block in page.blocks if not isinstance(block, Advice)]
    advice = [Advice(steps)] if steps else []
    typer.echo(as_text(Page(page.title, [*blocks, *advice], page.lead)))


def table(frame: pd.DataFrame, *, cell: int) -> str:
    """Return a frame as text, with each cell cut to a width and missing cells empty."""
    text = frame.astype("string").fillna("").map(lambda value: _cut(value, cell))
    with pd.option_context("display.unicode.east_asian_width", True):
        return text.to_string(index=False)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
