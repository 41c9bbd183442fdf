"""A process that has imported everything, and forks children for each trial.

    python nursery.py URL     then one line of JSON, a list of trials, and one of JSON in answer

The children of a line run at the same time. Each enriches some rows into the journal that its trial
names, and is killed: at the n-th of its boundaries, or by the signals that the trial lists. A
boundary is just before or just after a commit of the journal, and before, in the middle of and
after an exchange with the vendor.
"""

import http.client
import json
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd

import enrich_pandas as ep
from enrich_pandas.engine.scheduler import Scheduler
from enrich_pandas.journal.database import Database
from enrich_pandas.providers.amplemarket import flows
from enrich_pandas.providers.base import RateLimit
from enrich_pandas.transport import Transport

FAST = RateLimit(10_000, 1)
PROVIDERS = {
    "crustdata": lambda: ep.Crustdata(connections=2),
    "amplemarket": lambda: ep.Amplemarket(rows_at_risk=4, connections=2),
    "zoho": lambda: ep.Zoho(connections=2, settle=0.3),
    "fast": lambda: ep.Crustdata(connections=2, rate=FAST),
    # Of mixed prices: 1, 2, 3, 5 and 7 credits a person.
    "email": lambda: ep.Crustdata(business_email=True, rate=FAST),
    "screener": lambda: ep.Crustdata(api="screener", rate=FAST),
    "realtime": lambda: ep.Crustdata(api="screener", realtime=True, rate=FAST),
    "dearest": lambda: ep.Crustdata(api="screener", realtime=True, business_email=True, rate=FAST),
}
LOST = 20.0  # seconds until a signal that was sent is given up
dropped = threading.Event()
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

        def sent(transport, request, *form, **options):
            name = f"{request.method} {'billed' if request.billed else 'unbilled'}"
            self.cross(f"{name}: before it is sent")
            exchange = send(transport, request, *form, **options)
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
    """Return whether an exchange is one with the vendor, and not a read of the ledger."""
    return threading.current_thread() is threading.main_thread()


def file_of(trial: dict, suffix: str) -> Path:
    return Path(trial.get("out", trial["journal"])).with_suffix(suffix)


def tell(trial: dict, facts: dict) -> None:
    """Write the outcome atomically: the process may be about to end."""
    whole = file_of(trial, ".part")
    whole.write_text(json.dumps(facts))
    whole.replace(file_of(trial, ".json"))


# -- what a child does ---------------------------------------------------------------------------


def people(trial: dict) -> pd.DataFrame:
    leads = pd.DataFrame({"LinkedIn": [f"linkedin.com/in/{slug}" for slug in trial["slugs"]]})

    def look(now) -> None:
        if ep.runs()["requests"].sum() >= trial["ready_at"]:  # they are on their way
            file_of(trial, ".ready").touch()

    return ep.people(
        leads,
        PROVIDERS[trial["vendor"]](),
        budget=ep.Budget(*trial["shared"]) if "shared" in trial else trial.get("budget"),
        progress=look if "ready_at" in trial else None,
        fields=["name", "linkedin_url"],
    )


def statuses_of(trial: dict, frame: pd.DataFrame) -> dict[str, str]:
    return dict(zip(trial["slugs"], frame["person_status"], strict=True))


def enrich(trial: dict) -> dict:
    """Call or resume, and report the outcome."""
    boundaries = Boundaries(trial.get("kill_at"))
    boundaries.watch()
    if "ready_at" not in trial:
        file_of(trial, ".ready").touch()
    while "after" in trial and not Path(trial["after"]).with_suffix(".ready").exists():
        time.sleep(0.001)
    began = time.monotonic()
    frame = again(trial) if trial.get("resume") else people(trial)
    seconds = time.monotonic() - began
    return {
        "statuses": statuses_of(trial, frame),
        "boundaries": boundaries.names,
        "seconds": seconds,
        "ended": time.time(),
    }


def again(trial: dict) -> pd.DataFrame:
    """Resume the newest run, without the original frame."""
    newest = ep.runs()["run"].iloc[0]
    frame = ep.run(newest).resume(held=trial["resume"], progress=None)
    by_slug = frame.set_index(frame["linkedin_url"].str.rpartition("/")[2])
    # A person that the vendor removed is in no list any more.
    return by_slug.reindex(trial["slugs"]).fillna({"person_status": "removed"})


def be_late(trial: dict) -> None:
    """Wait for a signal that has not struck the call.

    One that fell into a finalizer has struck nothing: Python drops what is raised there.
    """
    file_of(trial, ".ready").touch()
    until = time.monotonic() + LOST
    while time.monotonic() < until:
        if dropped.is_set():
            raise KeyboardInterrupt
        time.sleep(0.01)
    raise TimeoutError("the signal was lost")


def note_dropped(what: "sys.UnraisableHookArgs") -> None:
    if what.exc_type is KeyboardInterrupt:
        dropped.set()
    else:
        sys.__unraisablehook__(what)


def note_stops(trial: dict) -> None:
    """Write down when the library first hears of an interrupt: from its handler, or the exception.

    When a signal that was sent gets there is for the machine and for Python to say.
    """

    def noting(stop):
        def noted(scheduler, *state) -> None:
            stop(scheduler, *state)
            mine = file_of(trial, f".heard-{threading.get_ident()}")
            mine.write_text(repr(time.time()))
            with suppress(FileExistsError):  # whole, for another thread may end the process now
                os.link(mine, file_of(trial, ".heard"))

        return noted

    Scheduler.halt, Scheduler.stop = noting(Scheduler.halt), noting(Scheduler.stop)


def interrupted(trial: dict) -> dict:
    """Call until an interrupt, and again when all requests have ended; report both."""
    try:
        if "ready_at" not in trial:
            file_of(trial, ".ready").touch()
        people(trial)
        be_late(trial)
    except KeyboardInterrupt as error:
        back, kind, first = time.time(), type(error).__name__, getattr(error, "result", None)
    while any(thread.name.startswith("enrich-") for thread in threading.enumerate()):
        time.sleep(0.01)
    time.sleep(0.1)  # in which a run that was not stopped would go on
    statuses = {} if first is None else statuses_of(trial, first)
    facts = {"back": back, "kind": kind, "first": statuses, "again": time.time()}
    return facts | {"statuses": statuses_of(trial, people(trial))}


def in_a_thread(trial: dict) -> dict:
    """Raise an interrupt in a waiting thread, as hosts that run cells in threads do."""
    import ctypes

    facts: dict = {}
    thread = threading.Thread(target=lambda: facts.update(interrupted(trial)))
    thread.start()
    while not file_of(trial, ".ready").exists():
        time.sleep(0.001)
    time.sleep(trial["raise_after"])
    sent = time.time()
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(KeyboardInterrupt)
    )
    thread.join(3 * LOST)
    if thread.is_alive():
        # Python 3.11 may raise it in a thread that the one meant is just starting, which waits for
        # that one for ever then; 3.12 does not.
        assert dropped.is_set()
        assert sys.version_info < (3, 12)
        return {"stillborn": True}
    return facts | {"sent": sent}


def beside_a_thread(trial: dict) -> dict:
    """Let a thread wait; the interrupt ends the main thread, and so the script.

    Python up to 3.12 takes a thread whose `join` was interrupted for ended (bpo-45274), and does
    not wait for it: only the library's own threads are sure to come to their end.
    """

    def wait() -> None:
        try:
            people(trial)
            statuses = {}
        except KeyboardInterrupt as error:
            statuses = statuses_of(trial, error.result)
        facts = {
            "back": time.time(),
            "kind": "RunInterrupted" if statuses else "",
            "first": statuses,
        }
        tell(trial, facts)

    thread = threading.Thread(target=wait)
    thread.start()
    file_of(trial, ".ready").touch()
    thread.join()
    be_late(trial)


def terminated(trial: dict) -> dict:
    """Call, and wait for SIGTERM."""
    file_of(trial, ".ready").touch()
    people(trial)
    be_late(trial)


TASKS = {task.__name__: task for task in (interrupted, in_a_thread, beside_a_thread, terminated)}


def life(trial: dict, url: str) -> None:
    flows.POLL_SECONDS = 0.1
    # As a script has them that was started in a terminal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.unraisablehook = note_dropped
    if trial.get("task"):
        note_stops(trial)
    box = ep.sandbox(url=url, journal=trial["journal"])
    box.__enter__()  # for the rest of this life
    facts = TASKS.get(trial.get("task", ""), enrich)(trial)
    tell(trial, facts)


# -- children ------------------------------------------------------------------------------------


class Child:
    """A trial in a fork, and the signals that it is to get after it has begun."""

    def __init__(self, trial: dict, url: str) -> None:
        self._ready = file_of(trial, ".ready")
        self._ready.unlink(missing_ok=True)
        self._since: float | None = None
        self._signals = [tuple(one) for one in trial.get("signals", [])]
        if (delay := trial.get("kill_after")) is not None:
            self._signals.append((delay, "SIGKILL"))
        self.sent: list[float] = []
        self._pid = os.fork()
        if self._pid == 0:
            self._live(trial, url)

    def _live(self, trial: dict, url: str) -> None:
        if trial.get("task") == "beside_a_thread":  # it ends as a script does
            os.dup2(os.open(file_of(trial, ".error"), os.O_WRONLY | os.O_CREAT), 2)
            life(trial, url)
        code = 0
        try:
            life(trial, url)
        except BaseException as error:  # noqa: BLE001 - reported to the test
            file_of(trial, ".error").write_text(f"{type(error)}: {error}")
            code = FAILED
        finally:
            os._exit(code)

    def is_waiting(self) -> bool:
        """Send due signals; return whether there are more to send."""
        if not self._signals or exited(self._pid):
            return False
        if self._since is None and self._ready.exists():
            self._since = time.monotonic()
        if self._since is not None and time.monotonic() - self._since >= self._signals[0][0]:
            _, name = self._signals.pop(0)
            self.sent.append(time.time())
            os.kill(self._pid, getattr(signal, name))
        return bool(self._signals)

    def end(self) -> dict:
        """Wait for the child; the exit code is negative if it was killed."""
        code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return {"code": code, "sent": self.sent, "ended": time.time()}


def children(trials: list[dict], url: str) -> list[dict]:
    alive = [Child(trial, url) for trial in trials]
    while any([child.is_waiting() for child in alive]):  # noqa: C419 - each has its turn
        time.sleep(0.001)
    return [child.end() for child in alive]


def exited(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def warm_up(url: str) -> None:
    """Do the work of a first call, so that no child has to."""
    with ep.sandbox(url=url):
        ep.people(pd.DataFrame({"LinkedIn": ["linkedin.com/in/unknown-example"]}), progress=None)


def main(url: str) -> None:
    warm_up(url)
    for line in sys.stdin:
        print(json.dumps(children(json.loads(line), url)), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    main(sys.argv[1])
