"""Run one benchmark and print its table: ``python -m benchmarks requests``.

Without a name, the benchmarks are listed.
Absolute times mean nothing on another machine, so each table has a ratio to a floor or to another
tool, measured in the same run. ``--keep`` writes the figures as JSON and as a table in
``README.md`` here. ``PROFILE`` of a module says in a few lines where the time goes.
"""

import argparse
import ast
import importlib
import json
import os
import platform
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
TABLES = (
    "requests",
    "flatten",
    "linear",
    "attach",
    "plan",
    "import",
    "stored",
    "directory",
    "jobs",
    "recording",
    "journal",
    "elements",
    "peers",
    "dask",
)
MODULES = {"import": "imports"}  # a table whose name is a keyword of Python


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "table",
        choices=TABLES,
        metavar="TABLE",
        nargs="?",
        help=f"one of {', '.join(TABLES)}",
    )
    parser.add_argument(
        "--rows", type=int, default=None, help="number of rows; fewer rows take less time"
    )
    parser.add_argument(
        "--keep", action="store_true", help="write the figures to results/ and README.md"
    )
    options = parser.parse_args()
    if options.table is None:
        print("\n".join(f"{name:<10} {summary(name)}" for name in TABLES))
        return
    table = importlib.import_module(f"benchmarks.{MODULES.get(options.table, options.table)}")
    rows = list(table.measure(**({"rows": options.rows} if options.rows else {})))
    text = render(options.table, table.__doc__ or "", rows, getattr(table, "PROFILE", ""))
    print(text)
    if options.keep:
        keep(options.table, rows, text)


def summary(name: str) -> str:
    """Return the first line of a benchmark's docstring, without importing it."""
    source = (HERE / f"{MODULES.get(name, name)}.py").read_text("utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def render(name: str, about: str, rows: Iterable[Mapping[str, object]], profile: str = "") -> str:
    rows = list(rows)
    heads = list(rows[0])
    lines = [
        f"## {name}",
        "",
        about.strip().splitlines()[0],
        "",
        f"| {' | '.join(heads)} |",
        f"|{'---|' * len(heads)}",
        *(f"| {' | '.join(_cell(row[head]) for head in heads)} |" for row in rows),
        "",
        *([profile.strip(), ""] if profile else []),
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}.",
    ]
    return "\n".join(lines)


def keep(name: str, rows: Iterable[Mapping[str, object]], text: str) -> None:
    (HERE / "results").mkdir(exist_ok=True)
    facts = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine(), "rows": list(rows)}
    (HERE / "results" / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n")
    readme = HERE / "README.md"
    before = readme.read_text() if readme.exists() else "# Benchmarks\n"
    section = re.compile(rf"^## {name}$.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    body = section.sub("", before).rstrip()
    readme.write_text(f"{body}\n\n{text}\n")


def machine() -> str:
    """Return a description of the machine and its recent load."""
    return (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}, "
        f"load {os.getloadavg()[1]:.0f} in the last 5 minutes"
    )


def spread(times: list[float]) -> tuple[float, float]:
    """Return the median, and half the range as a share of it."""
    middle = statistics.median(times)
    return middle, (max(times) - min(times)) / 2 / middle


def commit_ms(repeats: int = 20) -> float:
    """Return the milliseconds of a durable commit in the folder for temporary files."""
    took = []
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "commits.sqlite", isolation_level=None)
        connection.executescript(
            "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=EXTRA; CREATE TABLE kept (answer)"
        )
        for _ in range(repeats):
            started = time.perf_counter()
            connection.execute("INSERT INTO kept VALUES (zeroblob(20000))")
            took.append(1000 * (time.perf_counter() - started))
        connection.close()
    return statistics.median(took)


def _cell(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
