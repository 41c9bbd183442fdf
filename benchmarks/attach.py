"""Attach a hundred columns of distinct answers to a frame, against ``take`` alone.

The floor is Arrow's ``take`` of the same arrays by the same codes, without keeping the result. 60 %
of the rows are distinct people, in random order. The columns are texts, numbers and flags, with one
null in five to seven values.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.flatten import against
from enrich_pandas.frame.flatten import NullColumns, Take
from enrich_pandas.frame.output import attach

PROFILE = """
A column costs what `take` costs, within 2 %, if it is dropped as in the floor. The rest is fresh
memory for a hundred columns that are kept. `concat` copies nothing.
"""
COLUMNS = 100


def measure(rows: int = 1_000_000) -> Iterator[dict[str, object]]:
    people = rows * 6 // 10
    codes = np.random.default_rng(0).integers(0, people, rows)
    arrays = {f"found_{number}": array(number, people) for number in range(COLUMNS)}
    frame = pd.DataFrame({"row": np.arange(rows), "name": pd.array(["Ada"] * rows, dtype="str")})

    def fanned_out() -> None:
        for values in arrays.values():
            values.take(pa.array(codes))

    def attached(_: object) -> pd.DataFrame:
        pick = Take(codes, NullColumns(len(codes)))
        columns = {name: pick.column(values) for name, values in arrays.items()}
        return attach(frame, columns, [])

    ratio, noise = against(fanned_out, attached)
    yield {
        "rows": rows,
        "people": people,
        "columns": COLUMNS,
        "times take": ratio,
        "spread": f"±{noise:.0%}",
    }


def array(number: int, size: int) -> pa.Array:
    places = np.arange(size)
    if number % 4 == 3:
        return pa.array(places, mask=places % 7 == 0)
    if number % 8 == 2:
        return pa.array(places % 3 > 0, mask=places % 7 == 0)
    texts = [f"value {place % 1000} of {number}" if place % 5 else None for place in range(size)]
    return pa.array(texts, pa.large_string())
