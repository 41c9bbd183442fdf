"""Look up people in a user's own table, against ``pandas.merge`` on a clean key.

The floor is ``read_csv`` and ``merge`` with exactly the same spelling. The directory finds any
spelling, reads every cell as text, builds models and rejects ambiguous rows. ``again`` is the same
lookup in a directory that has already been read.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from enrich_pandas.directory import Directory
from enrich_pandas.providers.base import Identity, Status

ASKED = 10_000


def measure(rows: int = 1_000_000) -> Iterator[dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crm.csv"
        table(rows).to_csv(path, index=False)
        asked = min(ASKED, rows)
        places = [n * (rows // asked) for n in range(asked)]
        for key, values, identities in (
            ("E-mail", [email(n) for n in places], [Identity.of(email=email(n)) for n in places]),
            (
                "LinkedIn URL",
                [linkedin(n) for n in places],
                [Identity.of(linkedin_url=canonical_linkedin(n)) for n in places],
            ),
        ):
            wanted = pd.DataFrame({key: values})
            floor, _ = timed(lambda w=wanted, k=key: w.merge(pd.read_csv(path, dtype=str), on=k))
            directory = Directory(path)
            first, matches = timed(lambda d=directory, i=identities: d.matches("people", i))
            again, _ = timed(lambda d=directory, i=identities: d.matches("people", i))
            assert all(match.status is Status.MATCHED for match in matches)
            yield {
                "by": key,
                "rows": rows,
                "asked": asked,
                "read_csv and merge, s": floor,
                "directory, s": first,
                "again, s": again,
                "times merge": first / floor,
            }


def table(rows: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "E-mail": [email(n) for n in range(rows)],
            "LinkedIn URL": [linkedin(n) for n in range(rows)],
            "First Name": [f"Ada{n % 997}" for n in range(rows)],
            "Last Name": [f"Example{n}" for n in range(rows)],
            "Job Title": [f"Engineer {n % 50}" for n in range(rows)],
            "Company": [f"Company {n // 20} GmbH" for n in range(rows)],
            "Website": [f"https://www.c{n // 20}.example/about" for n in range(rows)],
            "Phone": [f"+1 555 {n:07d}" for n in range(rows)],
            "City": [f"Town {n % 300}" for n in range(rows)],
            "Tier": ["AB"[n % 2] for n in range(rows)],
        }
    )


def email(n: int) -> str:
    return f"p{n}@c{n // 20}.example"


def linkedin(n: int) -> str:
    return f"https://www.linkedin.com/in/P{n}-Example/"


def canonical_linkedin(n: int) -> str:
    return f"https://www.linkedin.com/in/p{n}-example"


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result
