"""Enrich 20,000,000 rows with 500,000 people on two local workers, two of which are killed.

The list is Parquet, with each person on 40 rows in two spellings; Crustdata's emulator knows all of
them. It is one ordinary call on the Dask frame. One worker is killed with SIGKILL while the table
is reduced to its distinct rows, and one while the answers are joined and written; Dask starts
others. ``charged twice`` is counted in the vendor's ledger. ``equal`` compares the first files of
the result with the result of pandas for their rows, from the same journal. Memory is the maximum of
a worker, sampled five times a second, of a limit of 2 GiB; and the maximum of this process, which
sends the requests, has the journal and holds the answers. The journal is in ``TMPDIR``.
"""

import os
import resource
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import pandas as pd
import psutil
from dask.distributed import Client, LocalCluster

import enrich_pandas as ep
import enrich_pandas.dask_frame
from enrich_pandas.providers.base import RateLimit

PROFILE = """
Other processes used every core. Reducing the rows took 510 s, nearly all of it Dask's shuffle,
because a part of the list has hardly any person twice. Requesting and storing 500,000 people took
360 s.
"""
ROWS_A_PERSON, FILES, COMPARED, LIMIT = 40, 40, 2, 2 << 30
FIELDS = ["name", "title", "company"]
PROVIDER = ep.Crustdata(
    fields=("basic_profile", "social_handles"), rate=RateLimit(1_000_000, 1), connections=8
)


def measure(rows: int = 20_000_000) -> Iterator[dict[str, object]]:
    people = rows // ROWS_A_PERSON
    known = pd.DataFrame({"linkedin_url": [url(n) for n in range(people)], "title": "Buyer"})
    known["name"] = [f"Ada Example{n}" for n in range(people)]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write(home / "leads", rows, people)
        with (
            ep.sandbox(people=known, process=True, journal=home / "journal.sqlite") as box,
            cluster(home) as workers,
        ):
            watch = Watch(workers)
            started = time.perf_counter()
            leads = dd.read_parquet(home / "leads")
            with watch.killing_after(0.2 * rows / 1e6):
                found = leads.enrich.people(PROVIDER, fields=FIELDS, progress=None)
            asked = time.perf_counter() - started
            with watch.killing_after(0.5 * rows / 1e6):
                found.to_parquet(home / "people", write_index=False)
            joined = time.perf_counter() - started - asked
            watch.stop()
            written = dd.read_parquet(home / "people")
            identities = box.ledger["identity"]
            yield {
                "rows": rows,
                "people": people,
                "reduced and asked, s": asked,
                "joined and written, s": joined,
                "MB a worker": watch.most / 2**20,
                "MB here": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "workers killed": watch.killed,
                "charged": len(identities),
                "charged twice": int(identities.duplicated().sum()),
                "rows matched": int(written["person_status"].eq("matched").sum().compute()),
                "equal": "yes" if equal(home) else "no",
            }


def equal(home: Path) -> bool:
    """Compare the first files of the result with the result of pandas."""
    found = pd.concat([pd.read_parquet(path) for path in files(home / "people")[:COMPARED]])
    leads = pd.concat([pd.read_parquet(path) for path in files(home / "leads")[:COMPARED]])
    expected = ep.people(leads, PROVIDER, fields=FIELDS, progress=None)
    return expected.astype(str).equals(found.astype(str))


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"), key=lambda path: int(path.stem.split(".")[1]))


def write(folder: Path, rows: int, people: int) -> None:
    """Write the list in random order, one file at a time."""
    folder.mkdir()
    chance, size = np.random.default_rng(0), rows // FILES
    numbers = np.arange(people)
    spellings = pd.array([f"{url(n)}" for n in numbers] + [f"{url(n)}/" for n in numbers], "str")
    for part in range(FILES):
        rows_of = np.arange(part * size, (part + 1) * size)
        codes = chance.permutation(rows_of % (2 * people))
        frame = pd.DataFrame({"row": rows_of, "LinkedIn": spellings[codes]})
        frame.to_parquet(folder / f"part.{part}.parquet", index=False)


def url(number: int) -> str:
    return f"https://www.linkedin.com/in/dask-{number}-example"


@contextmanager
def cluster(home: Path) -> Iterator[LocalCluster]:
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit=LIMIT, dashboard_address=None,
            local_directory=str(home / "workers"),
        ) as workers,
        Client(workers),
    ):  # fmt: skip
        yield workers


class Watch:
    """Samples the memory of the workers, and kills one on request."""

    def __init__(self, workers: LocalCluster) -> None:
        self._workers, self._is_over = workers, threading.Event()
        self.most = self.killed = 0
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join()

    @contextmanager
    def killing_after(self, seconds: float) -> Iterator[None]:
        """Kill a worker after this many seconds, unless the block has ended."""
        timer = threading.Timer(seconds, self._kill)
        timer.start()
        yield
        timer.cancel()

    def _kill(self) -> None:
        os.kill(self._pids()[0], signal.SIGKILL)
        self.killed += 1

    def _pids(self) -> list[int]:
        nannies = [nanny for nanny in self._workers.workers.values() if nanny.process]
        return [nanny.process.pid for nanny in nannies if nanny.process.pid]

    def _look(self) -> None:
        while not self._is_over.wait(0.2):
            for pid in self._pids():
                try:
                    self.most = max(self.most, psutil.Process(pid).memory_info().rss)
                except psutil.NoSuchProcess:
                    continue
