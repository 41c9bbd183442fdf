"""Make each mutant, run the tests that must fail, and report which mutants survive.

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
from tests.mutants.operators import ROOT, Target

NEEDED = ("enrich_pandas", "tests", "cassettes", "notebooks", "benchmarks", "docs")
FILES = ("pyproject.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md")
FAILED = 1  # pytest's exit code if a test failed; any other is an error


def is_caught(mutant: Mutant) -> bool:
    """Return whether the tests fail."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in NEEDED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in FILES:
            shutil.copy(ROOT / name, copy / name)
        target = Target(mutant.target)
        (copy / target.path.relative_to(ROOT)).write_text(mutant.change(target), "utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        command += ["--timeout=120", "-m", "not slow and not browser"]  # some mutants never end
        returncode, output = run([*command, *mutant.tests.split()], copy)
        if returncode not in (0, FAILED):
            raise RuntimeError(f"{mutant.name}: {output[-4000:]}")
        return returncode == FAILED


def run(command: list[str], folder: Path) -> tuple[int, str]:
    """Run tests to their end, then kill the processes that a mutant left running."""
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
    """Run the tests of the mutants whose name contains a text; return how many survive."""
    survivors = 0
    chosen = [mutant for mutant in MUTANTS if part in mutant.name]
    for mutant in chosen:
        began = time.monotonic()
        found = is_caught(mutant)
        survivors += not found
        word = "caught" if found else "SURVIVES"
        print(f"{word:9}{time.monotonic() - began:6.0f} s  {mutant.name}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants are caught.")
    return survivors


if __name__ == "__main__":
    sys.exit(bool(main(*sys.argv[1:2])))
