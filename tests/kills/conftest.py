"""Trials: a call that is killed, the calls after it, and what the vendor's ledger says."""

import itertools
import json
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import pandas as pd
import pytest

import enrich_pandas as ep

NURSERY = Path(__file__).with_name("nursery.py")
ROWS = {"crustdata": 30, "amplemarket": 6, "zoho": 2}
AT_ONCE = 4  # trials at a time
SIGKILLED = -9
TRIES = 4  # calls until a run has to have ended


class Nursery:
    """One process that forks children for trials."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(NURSERY), url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, trials: list[dict]) -> list[dict]:
        self._process.stdin.write(json.dumps(trials) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the nursery died"
        return json.loads(line)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


class Trials:
    """Runs trials, several at a time, and checks them against the ledger."""

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
        """Return a trial with people of its own; the folder and Zoho's token are shared."""
        number = next(self._numbers)
        count = rows or ROWS[vendor]
        return {
            "vendor": vendor,
            "journal": str(self._folder / f"{number}.sqlite"),
            "slugs": [f"t{number}-{place}-example" for place in range(count)],
        }

    def together(self, trials: list[dict]) -> list[dict]:
        """Run trials in parallel; return the exit code of each, and when signals were sent."""
        nursery = self._free.get()
        try:
            return nursery.run(trials)
        finally:
            self._free.put(nursery)

    def run(self, trial: dict, **options) -> int:
        return self.together([{**trial, **options}])[0]["code"]

    def settle(self, trial: dict, **options) -> dict[str, str]:
        """Call again until nothing is pending; return each row's status."""
        for _ in range(TRIES):
            code = self.run(trial, **options)
            error = self.file(trial, ".error")
            assert code == 0, error.read_text() if error.exists() else f"it ended with {code}"
            statuses = self.answer(trial)["statuses"]
            if "pending" not in statuses.values():
                return statuses
        raise AssertionError(f"still pending: {statuses}")

    def has_begun(self, trial: dict) -> bool:
        """Return whether the trial's journal has a run."""
        connection = sqlite3.connect(trial["journal"])
        try:
            return bool(connection.execute("SELECT COUNT(*) FROM runs").fetchone()[0])
        except sqlite3.OperationalError:  # killed before there was a journal
            return False
        finally:
            connection.close()

    @staticmethod
    def file(trial: dict, suffix: str) -> Path:
        return Path(trial.get("out", trial["journal"])).with_suffix(suffix)

    def answer(self, trial: dict) -> dict:
        return json.loads(self.file(trial, ".json").read_text())

    def slow_down(self, trial: dict, seconds: float, batches: int) -> None:
        """Delay the first answers about a trial's people."""
        for only in trial["slugs"][: 25 * batches : 25]:
            self._box.fault("crustdata", "submit", "slow", only=only, delay=seconds)

    def map(self, judge, cases) -> list:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(judge, cases))

    def charges(self) -> dict[str, int]:
        """Return how often each slug was charged for."""
        return self.ledger()["slug"].value_counts().to_dict()

    def ledger(self) -> pd.DataFrame:
        """Return every charge: the slug, the credits, and when, in seconds since the epoch."""
        ledger = self._box.ledger
        ledger = ledger[ledger["credits"] > 0]
        at = (ledger["at"] - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
        slug = ledger["identity"].str.rpartition("/")[2]
        return pd.DataFrame({"slug": slug, "credits": ledger["credits"], "at": at})


def judge(trial: dict, statuses: dict[str, str], charges: dict[str, int]) -> dict[str, int]:
    """Return the failures of a trial: rows paid twice, and rows paid for and lost."""
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
    """Assert that trials have no failures; return the number of kills."""
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
