"""Trials: a call that is killed, the calls after it, and what the vendor's ledger says."""

import itertools
import json
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import pytest

import enrich_pandas as ep

NURSERY = Path(__file__).with_name("nursery.py")
ROWS = {"crustdata": 30, "amplemarket": 6, "zoho": 2}
AT_ONCE = 4  # trials at a time
SIGKILLED = -9
TRIES = 4  # calls until a run has to have ended


class Nursery:
    """One process that forks a child for each trial; a trial at a time."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(NURSERY), url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, trial: dict) -> int:
        self._process.stdin.write(json.dumps(trial) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the nursery died"
        return json.loads(line)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


class Trials:
    """Runs trials, several at a time, and judges them by the ledger."""

    def __init__(self, box, folder: Path) -> None:
        self._box, self._folder = box, folder
        self._numbers = itertools.count()
        self._nurseries = [Nursery(box.url("crustdata")) for _ in range(AT_ONCE)]
        self._free = Queue()
        for nursery in self._nurseries:
            self._free.put(nursery)

    def close(self) -> None:
        for nursery in self._nurseries:
            nursery.close()

    def new(self, vendor: str, rows: int | None = None) -> dict:
        """Make a trial about people of its own; the folder is shared, and so is Zoho's token."""
        number = next(self._numbers)
        count = rows or ROWS[vendor]
        return {
            "vendor": vendor,
            "journal": str(self._folder / f"{number}.sqlite"),
            "slugs": [f"t{number}-{place}-example" for place in range(count)],
        }

    def run(self, trial: dict, **options) -> int:
        nursery = self._free.get()
        try:
            return nursery.run({**trial, **options})
        finally:
            self._free.put(nursery)

    def settle(self, trial: dict, **options) -> dict[str, str]:
        """Call again until nothing is pending; return each row's status."""
        for _ in range(TRIES):
            code = self.run(trial, **options)
            assert code == 0, Path(trial["journal"]).with_suffix(".error").read_text()
            statuses = self.answer(trial)["statuses"]
            if "pending" not in statuses.values():
                return statuses
        raise AssertionError(f"still pending: {statuses}")

    def has_begun(self, trial: dict) -> bool:
        """Tell whether a run stands in the trial's journal."""
        connection = sqlite3.connect(trial["journal"])
        try:
            return bool(connection.execute("SELECT COUNT(*) FROM runs").fetchone()[0])
        except sqlite3.OperationalError:  # killed before there was a journal
            return False
        finally:
            connection.close()

    def answer(self, trial: dict) -> dict:
        return json.loads(Path(trial["journal"]).with_suffix(".json").read_text())

    def map(self, judge, cases) -> list:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(judge, cases))

    def charges(self) -> dict[str, int]:
        """Return how often each slug was charged for."""
        ledger = self._box.ledger
        paid = ledger[ledger["credits"] > 0]["identity"].str.rpartition("/")[2]
        return paid.value_counts().to_dict()


def judge(trial: dict, statuses: dict[str, str], charges: dict[str, int]) -> dict[str, int]:
    """Return what went wrong of one trial: rows paid twice, rows paid for and lost."""
    paid = {slug: charges.get(slug, 0) for slug in trial["slugs"]}
    # Zoho's jobs are found again in its list, and charged whatever they find.
    is_listing = trial["vendor"] == "zoho"
    listed = {"matched", "not_found", "failed"} if is_listing else {"matched", "held"}
    return {
        "twice": sum(times > 1 for times in paid.values()),
        "lost": sum(times > 0 and statuses[slug] not in listed for slug, times in paid.items()),
        "held": sum(status == "held" for status in statuses.values()),
        "unsettled": sum(status in ("pending", "skipped") for status in statuses.values()),
    }


def judged(trials: Trials, ended: list[tuple[dict, dict[str, str]]]) -> int:
    """Judge trials with their kills; return how many there were."""
    charges = trials.charges()
    assert any(slug in charges for trial, _ in ended for slug in trial["slugs"])
    for trial, statuses in ended:
        verdict = judge(trial, statuses, charges)
        held = verdict.pop("held")
        assert not any(verdict.values()), (verdict, held, trial["kills"])
    return len(ended)


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kills")
    with ep.sandbox(process=True, misses=0.2, latency=0.03, job_seconds=(0.02, 0.1)) as box:
        trials = Trials(box, folder)
        yield trials
        trials.close()
