"""The application that every command registers at, and what the commands share."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pandas as pd
import typer

from enrich_pandas.errors import EnrichError
from enrich_pandas.report.page import Advice, Page
from enrich_pandas.report.render import as_text

INTERRUPTED = 130  # what a shell expects of a program that Ctrl-C has ended

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text: what it says can be copied and searched
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def enrich_pandas() -> None:
    """Enrich tables of people and companies: same rows, new columns, every credit accounted for.

    PLAN is free and tells the most that a run can cost. Results are stored: what was bought once
    is not bought again. Keys are read from the environment, the keyring or a file .env.
    """


@contextmanager
def short_errors() -> Iterator[None]:
    """Show the library's own errors as their few lines, without a traceback."""
    try:
        yield
    except EnrichError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        is_interrupt = isinstance(error, KeyboardInterrupt)
        raise typer.Exit(INTERRUPTED if is_interrupt else 1) from error


def echo_page(page: Page, steps: Sequence[tuple[str, str]]) -> None:
    """Print a page with what to type at the prompt, in place of what to type in Python."""
    blocks = [block for block in page.blocks if not isinstance(block, Advice)]
    advice = [Advice(steps)] if steps else []
    typer.echo(as_text(Page(page.title, [*blocks, *advice], page.lead)))


def table(frame: pd.DataFrame, *, cell: int) -> str:
    """Return a frame as text, each cell cut to a width; a missing one is empty."""
    text = frame.astype("string").fillna("").map(lambda value: _cut(value, cell))
    with pd.option_context("display.unicode.east_asian_width", True):
        return text.to_string(index=False)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
