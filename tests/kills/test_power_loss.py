"""Power loss at any instant: the journal is that of its last commit, or of the next one.

``pytest -m slow tests/kills/test_power_loss.py`` goes through every instant of a run of 20 batches.
"""

import hashlib
import logging
import random
from contextlib import closing

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.journal import database, disk
from enrich_pandas.journal.database import Database
from enrich_pandas.providers.amplemarket import flows
from enrich_pandas.transport import Transport
from tests.kills.disk import IS_OPEN, Content, Disk

pytestmark = pytest.mark.skipif(not IS_OPEN, reason="this Python's SQLite shows no VFS")
logger = logging.getLogger("power")
NAME = "journal.sqlite"
NOTHING = "nothing"  # of a file without a table
DRAWS = 3  # random remainders at an instant, besides none and all of the writes


class Recorded(Disk):
    """A run, as the disk saw it."""

    def __init__(self, folder, monkeypatch, batches):
        super().__init__(folder)
        self.commits, self.sendings = [0], []  # how many events there were before each
        self._mark(monkeypatch)
        monkeypatch.setattr(flows, "POLL_SECONDS", 0.05)
        slugs = [f"linkedin.com/in/power-{number}-example" for number in range(batches)]
        vendor = ep.Amplemarket(rows_at_risk=1, connections=2)
        box = ep.sandbox(misses=0.2, job_seconds=(0.02, 0.1), journal=folder / NAME)
        with box, self.watched():
            people = ep.people(pd.DataFrame({"LinkedIn": slugs}), vendor, progress=None)
        assert {"matched"} <= set(people["person_status"]) <= {"matched", "not_found"}

    def _mark(self, monkeypatch):
        commit, migrate, send = (
            database._SharedTransaction.commit,
            database._migrate,
            Transport.send,
        )

        def committed(
            group,
        ):  # the committing thread has the lock, so no other write precedes the mark
            is_first = not group.is_settled
            commit(group)
            self.commits += [len(self.events)] * is_first

        def migrated(connection, path):
            migrate(connection, path)
            self.commits.append(len(self.events))

        def sent(transport, request, *form, **options):
            with database.connection_lock:  # between two transactions
                self.sendings += [len(self.events)] * request.billed
            return send(transport, request, *form, **options)

        monkeypatch.setattr(database._SharedTransaction, "commit", committed)
        monkeypatch.setattr(database, "_migrate", migrated)
        monkeypatch.setattr(Transport, "send", sent)

    def instants(self):
        """Yield, for each number of events, the files as the disk has them."""
        files = {NAME: Content(), f"{NAME}-journal": Content()}
        yield 0, files
        for number, (name, change) in enumerate(self.events, 1):
            files[name].take(change)
            yield number, files


class Readings:
    """What the library reads from the files after a power loss."""

    def __init__(self, folder):
        self._folder, self._known = folder, {}

    def of(self, left):
        """Return a digest of all rows; each state is read once."""
        key = tuple(hashlib.sha256(content).digest() for content in left.values())
        if key not in self._known:
            for name, content in left.items():
                (self._folder / name).write_bytes(content)
            self._known[key] = self._read(self._folder / NAME) if left[NAME] else NOTHING
        return self._known[key]

    @staticmethod
    def _read(path):
        try:
            with closing(Database(path)) as journal, journal.reading() as connection:
                disk.check_integrity(connection, path)
                return hashlib.sha256("".join(connection.iterdump()).encode()).hexdigest()
        except ep.JournalError as error:
            return f"unreadable: {error}"

    def __len__(self):
        return len(self._known)


def whole(files):
    return {name: file.left(lambda: True) for name, file in files.items()}


def possible(files, dice):
    """Yield possible remainders: none, all or some of the last writes, some of them torn."""
    yield {name: bytes(file.sure) for name, file in files.items()}
    yield whole(files)
    for _ in range(DRAWS):
        yield {name: file.left(lambda: dice.random() < 1 / 2, dice) for name, file in files.items()}


def illegal(recorded, readings, step):
    """Yield the instants at which the remainder can differ from any committed state."""
    marks = set(recorded.commits)
    after = {
        number: readings.of(whole(files))
        for number, files in recorded.instants()
        if number in marks
    }
    legal = [after[number] for number in recorded.commits]
    dice = random.Random(len(recorded.events))  # noqa: S311 - no secret
    for number, files in recorded.instants():
        if number % step and number not in marks:
            continue
        done = sum(number >= commit for commit in recorded.commits)
        allowed = {*legal[done - 1 : done + 1]}
        yield from (number for left in possible(files, dice) if readings.of(left) not in allowed)


@pytest.fixture
def record(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    folder.mkdir()

    def run(batches):
        with monkeypatch.context() as patch:
            return Recorded(folder, patch, batches)

    return run


@pytest.fixture
def readings(tmp_path):
    folder = tmp_path / "left"
    folder.mkdir()
    return Readings(folder)


@pytest.mark.parametrize(
    ("batches", "step"),
    [(2, 9), pytest.param(20, 1, marks=[pytest.mark.slow, pytest.mark.timeout(7200)])],
)
def test_power_loss_leaves_a_whole_commit(record, readings, batches, step):
    recorded = record(batches)
    assert len(recorded.sendings) == batches
    assert list(illegal(recorded, readings, step)) == []
    logger.warning(
        "%d events, %d commits, %d states",
        len(recorded.events),
        len(recorded.commits),
        len(readings),
    )


def test_billed_request_is_synced_before_it_is_sent(record):
    recorded = record(2)
    due = {*recorded.sendings, *recorded.commits}
    unsure = [
        number
        for number, files in recorded.instants()
        if number in due and any(file.since for file in files.values())
    ]
    assert unsure == []


@pytest.mark.parametrize("weaker", ["OFF", "NORMAL"])
def test_journal_that_syncs_less_is_detected(record, readings, monkeypatch, weaker):
    pragmas = [one.replace("EXTRA", weaker) for one in database.PRAGMAS]
    monkeypatch.setattr(database, "PRAGMAS", pragmas)
    assert next(illegal(record(2), readings, 9), None) is not None
