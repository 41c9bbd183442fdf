"""Make each mutant, run the tests that have to notice, and tell which survive.

python -m tests.mutants [part of a name]
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tests.mutants.catalogue import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
NEEDED = ("enrich_pandas", "tests", "cassettes", "notebooks", "benchmarks", "docs")
FILES = ("pyproject.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md")
FAILED = 1  # pytest's exit code where a test failed; any other is no verdict


def caught(mutant: Mutant) -> bool:
    """Tell whether the tests notice."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in NEEDED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in FILES:
            shutil.copy(ROOT / name, copy / name)
        source = copy / "enrich_pandas" / mutant.file
        source.write_text(source.read_text("utf-8").replace(mutant.old, mutant.new), "utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        command.append("--timeout=120")  # some mutants go on without an end
        returncode, output = ran([*command, *mutant.tests.split()], copy)
        if returncode not in (0, FAILED):
            raise RuntimeError(f"{mutant.name}: {output[-4000:]}")
        return returncode == FAILED


def ran(command: list[str], folder: Path) -> tuple[int, str]:
    """Run tests to their end, and end what the mutant lets go on without one."""
    with (folder / "output").open("w+") as output:
        with subprocess.Popen(
            command,
            cwd=folder,
            env={"PYTHONPATH": str(folder), "PATH": "", "HOME": str(folder)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as tests:
            returncode = tests.wait()
            with suppress(ProcessLookupError):
                os.killpg(tests.pid, signal.SIGKILL)
        output.seek(0)
        return returncode, output.read()


def main(part: str = "") -> int:
    """Judge the mutants; return how many survive."""
    survivors = 0
    chosen = [mutant for mutant in MUTANTS if part in mutant.name]
    for mutant in chosen:
        began = time.monotonic()
        is_caught = caught(mutant)
        survivors += not is_caught
        word = "caught" if is_caught else "SURVIVES"
        print(f"{word:9}{time.monotonic() - began:6.0f} s  {mutant.name}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants are caught.")
    return survivors


if __name__ == "__main__":
    sys.exit(bool(main(*sys.argv[1:2])))
