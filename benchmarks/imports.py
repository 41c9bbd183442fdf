"""Import the package, against pandas; show the help; complete ``df.enrich.``.

Import and help: CPU time of new interpreters, in turns. Typer imports pydantic for the help of a
command, but not for the list of commands. Completion: CPU time of IPython's own completer with
jedi, as in a notebook, after a first completion, against a bare accessor. With ``pandas-stubs``
installed, jedi reads it for every frame, which is also most of the time of the bare accessor.
"""

import importlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pandas as pd
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from benchmarks.__main__ import spread

PROFILE = """
Importing: all but 2 % is pandas; six small modules of the package are read, and no other package.
Completing: all but 1 ms is jedi, which reads pandas' source and stubs.
"""


def measure(rows: int = 40) -> Iterator[dict[str, object]]:
    yield from compared(imported, ("import pandas", "import enrich_pandas"), rows)
    yield from compared(helped, ("import typer", "--help", "people --help"), rows)
    yield from compared(completer(), ("df.bare.", "df.enrich."), rows)


def compared(
    cpu: Callable[[str], float], codes: tuple[str, ...], repeats: int
) -> Iterator[dict[str, object]]:
    """Measure each code in turns; the first one is the floor."""
    for code in codes:  # the first run reads files
        cpu(code)
    times = [[cpu(code) for code in codes] for _ in range(repeats)]
    floor = statistics.median(row[0] for row in times)
    for code, taken in zip(codes, zip(*times, strict=True), strict=True):
        middle, noise = spread(list(taken))
        yield {
            "what": code + "<TAB>" * code.endswith("."),
            "repeats": repeats,
            "CPU, ms": 1000 * middle,
            "spread": f"±{noise:.0%}",
            "times the floor": middle / floor,
        }


def imported(code: str) -> float:
    """Return the CPU seconds of a new interpreter that runs an import."""
    return float(output(f"{code}, time; print(time.process_time())"))


def output(program: str) -> str:
    """Return what a program prints in a new interpreter."""
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout


def helped(words: str) -> float:
    """Return the CPU seconds of the command line with these words, or of an import."""
    if words.startswith("import"):
        return imported(words)
    program = f"""
import sys, time
sys.argv = ["enrich-pandas", *{words.split()}]
from enrich_pandas.cli import app
sys.stdout = sys.stderr
app(standalone_mode=False)
print(time.process_time(), file=sys.__stdout__)
"""
    return float(output(program))


def completer() -> Callable[[str], float]:
    """Return a function that measures the CPU seconds of a completion."""
    importlib.import_module("enrich_pandas")
    pd.api.extensions.register_dataframe_accessor("bare")(type("Bare", (), {"__init__": _init}))
    shell = InteractiveShell.instance()
    shell.user_ns["df"] = pd.DataFrame({"Email": ["ada@example.com"]})

    def cpu(text: str) -> float:
        started = time.process_time()
        with provisionalcompleter():
            list(shell.Completer.completions(text, len(text)))
        return time.process_time() - started

    return cpu


def _init(self: object, frame: pd.DataFrame) -> None:
    """Accept the frame, as pandas requires of an accessor."""
