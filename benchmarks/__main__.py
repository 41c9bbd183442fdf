"""One command a table: ``python -m benchmarks requests|flatten|plan|stored|directory|jobs``.

Each prints a ratio beside its floor or rival, taken in the same run, since absolute times mean
nothing on another machine; the figures are kept as JSON and as a table in ``README.md`` here.
"""

import argparse
import importlib
import json
import os
import platform
import re
import statistics
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
TABLES = ("requests", "flatten", "plan", "stored", "directory", "jobs")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--rows", type=int, default=None, help="smaller, to try it")
    parser.add_argument("--keep", action="store_true", help="write the figures down")
    options = parser.parse_args()
    table = importlib.import_module(f"benchmarks.{options.table}")
    rows = list(table.measure(**({"rows": options.rows} if options.rows else {})))
    text = render(options.table, table.__doc__ or "", rows)
    print(text)
    if options.keep:
        keep(options.table, rows, text)


def render(name: str, about: str, rows: Iterable[Mapping[str, object]]) -> str:
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
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def spread(times: list[float]) -> tuple[float, float]:
    """Return the median, and half the range as a share of it."""
    middle = statistics.median(times)
    return middle, (max(times) - min(times)) / 2 / middle


def _cell(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
