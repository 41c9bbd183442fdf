"""A process that has imported everything, and forks a child for each trial.

    python nursery.py URL     then one line of JSON a trial, and one of JSON in answer

A child enriches some rows into a journal of its own, and is killed with SIGKILL: at the n-th of
its boundaries, or when the nursery is told to. A boundary is just before or just after a commit of
the journal, and before, in the middle of and after an exchange with the vendor.
"""

import http.client
import json
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

import enrich_pandas as ep
from enrich_pandas.providers.amplemarket import bulk
from enrich_pandas.run.database import Database
from enrich_pandas.run.http import Transport

PROVIDERS = {
    "crustdata": lambda: ep.Crustdata(connections=2),
    "amplemarket": lambda: ep.Amplemarket(rows_at_risk=4, connections=2),
    "zoho": lambda: ep.Zoho(connections=2, settle=0.3),
}
FAILED = 3  # exit code of a child whose call raised


class Boundaries:
    """Counts boundaries and notes their names; kills at one."""

    def __init__(self, kill_at: int | None) -> None:
        self.names: list[str] = []
        self._kill_at = kill_at
        self._lock = threading.Lock()

    def cross(self, name: str) -> None:
        with self._lock:
            self.names.append(name)
            if len(self.names) - 1 == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)  # the signal is on its way

    def watch(self) -> None:
        """Put them around the commits and the exchanges of this process."""
        writing, send = Database.writing, Transport.send
        getresponse = http.client.HTTPConnection.getresponse

        @contextmanager
        def watched(database):
            name = caller()
            with writing(database) as connection:
                yield connection
                self.cross(f"{name}: before its commit")
            self.cross(f"{name}: after its commit")

        def sent(transport, request, *form):
            name = f"{request.method} {'billed' if request.billed else 'unbilled'}"
            self.cross(f"{name}: before it is sent")
            exchange = send(transport, request, *form)
            self.cross(f"{name}: after its answer")
            return exchange

        def answered(connection, *args, **kwargs):
            if not is_the_sandboxs_own():
                self.cross("on the wire: after the request, before the answer")
            return getresponse(connection, *args, **kwargs)

        Database.writing, Transport.send = watched, sent
        http.client.HTTPConnection.getresponse = answered


def caller() -> str:
    frame = sys._getframe(2)
    while frame.f_code.co_filename.endswith("contextlib.py"):
        frame = frame.f_back
    return frame.f_code.co_name


def is_the_sandboxs_own() -> bool:
    """Tell a look at the ledger from an exchange with the vendor."""
    return threading.current_thread() is threading.main_thread()


def enrich(trial: dict, url: str) -> None:
    boundaries = Boundaries(trial.get("kill_at"))
    boundaries.watch()
    bulk.POLL_SECONDS = 0.1
    leads = pd.DataFrame({"LinkedIn": [f"linkedin.com/in/{slug}" for slug in trial["slugs"]]})
    out = Path(trial["journal"]).with_suffix(".json")
    with ep.sandbox(url=url, journal=trial["journal"]):
        Path(trial["journal"]).with_suffix(".ready").touch()
        began = time.monotonic()
        if trial.get("resume"):
            frame = again(trial)
        else:
            frame = ep.people(
                leads,
                PROVIDERS[trial["vendor"]](),
                budget=trial.get("budget"),
                progress=None,
                fields=["name", "linkedin_url"],
            )
    rows = dict(zip(trial["slugs"], frame["person_status"], strict=True))
    seconds = time.monotonic() - began
    facts = {"statuses": rows, "boundaries": boundaries.names, "seconds": seconds}
    out.write_text(json.dumps(facts))


def again(trial: dict) -> pd.DataFrame:
    """Resume the newest run, without the original frame."""
    newest = ep.runs()["run"].iloc[0]
    frame = ep.run(newest).resume(held=trial["resume"], progress=None)
    by_slug = frame.set_index(frame["linkedin_url"].str.rpartition("/")[2])
    # Whom the vendor says was removed is in no list any more.
    return by_slug.reindex(trial["slugs"]).fillna({"person_status": "removed"})


def child(trial: dict, url: str) -> int:
    """Run a trial in a fork; return its exit code, negative where it was killed."""
    ready = Path(trial["journal"]).with_suffix(".ready")
    ready.unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            enrich(trial, url)
        except BaseException as error:  # noqa: BLE001 - told to whoever judges the trial
            Path(trial["journal"]).with_suffix(".error").write_text(f"{type(error)}: {error}")
            code = FAILED
        finally:
            os._exit(code)
    if (delay := trial.get("kill_after")) is not None:
        while not ready.exists() and not exited(pid):
            time.sleep(0.001)
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def exited(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def main(url: str) -> None:
    for line in sys.stdin:
        print(json.dumps(child(json.loads(line), url)), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    main(sys.argv[1])
