"""How the code blocks of a page are run.

Sybil finds the blocks and runs them: it reads MyST Markdown, runs the blocks of a page in one
namespace, checks the output of ``>>>`` examples, and needs no other package.
"""

import shlex
import shutil
from collections.abc import Callable
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser, SkipParser
from typer.testing import CliRunner

import enrich_pandas as ep
from enrich_pandas.cli import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FLAGS = ELLIPSIS | NORMALIZE_WHITESPACE


def run_commands(example: Example) -> None:
    """Run each ``$ enrich-pandas …`` of a console block; ``RUN`` is the newest run."""
    for command in str(example.parsed).split("$ ")[1:]:
        program, *arguments = shlex.split(command)
        assert program == "enrich-pandas", command
        newest = next(iter(ep.runs()["run"]), "RUN")
        arguments = [newest if argument == "RUN" else argument for argument in arguments]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, f"{command}\n{result.output}"


PARSERS = [
    PythonCodeBlockParser(doctest_optionflags=FLAGS),
    CodeBlockParser(language="console", evaluator=run_commands),
    SkipParser(),
]


@pytest.fixture
def run_page(tmp_path, monkeypatch) -> Callable[[Path], int]:
    """Return a function that runs the code blocks of a page in the sandbox and counts them.

    The working folder holds the tables ``leads.csv`` and ``crm.csv``; ``box`` is the sandbox.
    """

    def run(page: Path) -> int:
        monkeypatch.chdir(tmp_path)
        leads = ROOT / "notebooks" / "data" / "leads.csv"
        shutil.copy(leads, tmp_path / "leads.csv")
        shutil.copy(leads, tmp_path / "crm.csv")
        document = Sybil(parsers=PARSERS, encoding="utf-8").parse(page)
        with ep.sandbox(misses=0) as box:
            document.namespace["box"] = box
            examples = list(document.examples())
            for example in examples:
                example.evaluate()
        return len(examples)

    return run
