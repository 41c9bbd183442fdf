"""Type checkers see the parameters and results of public calls."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILES = [HERE / "result_types.py", HERE / "wrong_arguments.py"]


@pytest.fixture(scope="module")
def errors() -> dict[str, set[int]]:
    """Return the lines with an error by file, without those of the package itself."""
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent"]
    command += ["--no-error-summary", "--hide-error-context", *map(str, FILES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    found: dict[str, set[int]] = {path.name: set() for path in FILES}
    for path, line in re.findall(r"^(\S+):(\d+): error: ", done.stdout, re.MULTILINE):
        found[Path(path).name].add(int(line))
    return found


def test_results_have_their_types(errors: dict[str, set[int]]) -> None:
    assert errors["result_types.py"] == set()


def test_wrong_arguments_are_errors(errors: dict[str, set[int]]) -> None:
    lines = (HERE / "wrong_arguments.py").read_text("utf-8").splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if line.startswith("    ")}
    assert errors["wrong_arguments.py"] == wrong
