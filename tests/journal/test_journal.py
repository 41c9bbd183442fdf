import gc
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import replace
from unittest.mock import Mock

import msgspec
import pytest

from enrich_pandas import journal as journal_module
from enrich_pandas.errors import JournalError
from enrich_pandas.journal import Journal
from enrich_pandas.journal.database import Database
from enrich_pandas.journal.elements import decompress
from enrich_pandas.journal.records import Change, fingerprint, new_answer
from enrich_pandas.models import Email, Person
from enrich_pandas.providers.base import Identity, Match, Outcome, Request, Response, Status

SCOPE = b"scope"
ADA, BOB, EVE = (Identity.of(email=f"{name}@example.com") for name in ("ada", "bob", "eve"))
REQUEST = Request(method="POST", path="/enrich", billed=True, credits=3)


def key(identity):
    return SCOPE + identity.keys[0][1].encode()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "journal.sqlite"


@pytest.fixture
def journal(path):
    journal = Journal(path)
    yield journal
    journal.close()


def claim(journal, *identities, run="run", budget=None, known=None):
    return journal.claim(
        run,
        SCOPE,
        identities,
        [key(identity) for identity in identities],
        price=lambda batch: 3.0 * len(batch),
        budget=budget,
        known=known or {},
    )


def land(journal, batch, *matches, held=0.0):
    return journal.store_results(
        batch.id, "test", "people", [(key(m.identity), m) for m in matches], held=held
    )


def matched(identity, **fields):
    return Match(
        identity=identity, status=Status.MATCHED, model=Person(**fields), credits=3, note="odd"
    )


def test_new_file_and_folder_are_private(path):
    old = os.umask(0)
    try:
        Journal(path).close()
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_created_files_are_never_readable_by_others(path, monkeypatch):
    modes, make = [], os.open

    def noted(name, flags, mode=0o777, **options):
        if flags & os.O_CREAT:
            modes.append((str(name), oct(mode)))
        return make(name, flags, mode, **options)

    monkeypatch.setattr(os, "open", noted)
    Journal(path).close()
    assert (str(path), oct(0o600)) in modes
    assert {mode for name, mode in modes if str(path.parent) in name} == {oct(0o600)}


def test_new_folders_are_synced_to_disk(tmp_path, monkeypatch):
    synced = set()
    monkeypatch.setattr(os, "fsync", lambda place: synced.add(os.fstat(place).st_ino))
    Journal(tmp_path / "a" / "b" / "journal.sqlite").close()
    assert {tmp_path.stat().st_ino, (tmp_path / "a").stat().st_ino} <= synced


def test_commits_are_durable_and_deletions_secure(journal):
    with journal._database.reading() as connection:
        pragmas = ("journal_mode", "synchronous", "secure_delete")
        held = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
    assert held == ["truncate", 3, 1]  # 3 is EXTRA


def test_stored_result_is_read_back_unchanged(journal):
    batch = claim(journal, ADA).batch
    match = matched(ADA, name="Ada Example", emails=[Email(address="ada@example.com")])
    land(journal, batch, match)
    answer = journal.stored([key(ADA), key(BOB)])[key(ADA)]
    assert answer.match == match
    assert answer.provider == "test"
    assert time.time() - answer.fetched < 60


def test_identity_is_claimed_by_one_batch(journal, path):
    first = claim(journal, ADA, BOB)
    other = Journal(path)
    second = claim(other, BOB, EVE)
    assert first.batch.identities == [ADA, BOB]
    assert (second.batch.identities, second.elsewhere) == ([EVE], [BOB])
    holder = other.claims([key(ADA)])[key(ADA)]
    assert (holder.batch, holder.is_alive, holder.at_risk) == (first.batch.id, True, None)
    other.close()


def test_identity_bought_since_the_plan_is_not_claimed(journal, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 86_400.0)
    land(journal, claim(journal, ADA).batch, matched(ADA))
    assert claim(journal, ADA).elsewhere == [ADA]
    known = {key(ADA): 86_400.0}
    stale = claim(journal, ADA, known=known)
    assert stale.batch is not None
    monkeypatch.setattr(time, "time", lambda: 0.0)
    land(journal, stale.batch, matched(ADA))
    assert claim(journal, ADA, known=known).elsewhere == [ADA]


def test_claim_stops_at_the_budget(journal):
    claimed = claim(journal, ADA, BOB, EVE, budget=7)
    assert (claimed.batch.identities, claimed.unaffordable) == ([ADA, BOB], [EVE])
    again = claim(journal, EVE, budget=7)
    assert (again.batch, again.unaffordable) == (None, [EVE])


def test_landed_batch_releases_its_unspent_reservation(journal):
    batch = claim(journal, ADA, BOB, budget=6).batch
    land(journal, batch, Match(identity=ADA, status=Status.NOT_FOUND), matched(BOB))
    assert claim(journal, EVE, budget=6).batch is not None


def test_held_row_keeps_its_part_of_the_budget(journal):
    batch = claim(journal, ADA, budget=3).batch
    land(journal, batch, Match(identity=ADA, status=Status.HELD, reason="answer_lost"), held=3.0)
    assert claim(journal, EVE, budget=3).unaffordable == [EVE]


def test_miss_does_not_overwrite_a_match(journal):
    land(journal, claim(journal, ADA).batch, matched(ADA, name="Ada"))
    known = {key(ADA): journal.stored([key(ADA)])[key(ADA)].fetched}
    batch = claim(journal, ADA, known=known).batch
    (answer,) = land(journal, batch, Match(identity=ADA, status=Status.NOT_FOUND))
    assert answer.match.status is Status.MATCHED
    assert journal.stored([key(ADA)])[key(ADA)].match.model.name == "Ada"


def test_failed_row_is_not_stored(journal):
    land(journal, claim(journal, ADA).batch, Match(identity=ADA, status=Status.FAILED))
    assert journal.stored([key(ADA)]) == {}
    assert claim(journal, ADA).batch is not None


def test_charged_failed_row_is_stored(journal):
    failed = Match(identity=ADA, status=Status.FAILED, reason="ambiguous", credits=1)
    land(journal, claim(journal, ADA).batch, failed)
    assert journal.stored([key(ADA)])[key(ADA)].match == failed


def test_batch_of_a_live_process_is_not_adopted(journal, path):
    batch = claim(journal, ADA).batch
    other = Journal(path)
    assert other.adopt(batch.id, SCOPE) is None
    other.close()


def test_batch_of_a_dead_process_is_adopted_with_answers(journal, path):
    other = Journal(path)
    batch = claim(other, ADA, BOB).batch
    entry = other.record_intent(batch.id, 0, REQUEST)
    other.record_answer(entry, Response(status=200, headers={"a": "b"}, body=b"[1]"))
    other.record_intent(batch.id, 1, REQUEST)
    other.close()
    adopted = journal.adopt(batch.id, SCOPE)
    assert adopted.identities == [ADA, BOB]
    first, second = adopted.recorded[0], adopted.recorded[1]
    assert (first.status, first.headers, first.body) == (200, {"a": "b"}, b"[1]")
    assert second.outcome is Outcome.UNKNOWN
    assert first.sent <= second.sent <= time.time() < first.sent + 60


def test_batch_is_adopted_only_once(journal, path, monkeypatch):
    """Both find its process dead; only the first may continue."""
    owner, faster = Journal(path), Journal(path)
    batch = claim(owner, ADA).batch
    owner.close()
    adopt = faster.adopt
    monkeypatch.setattr(journal, "_is_alive", lambda _: adopt(batch.id, SCOPE) is None)
    assert journal.adopt(batch.id, SCOPE) is None
    monkeypatch.undo()
    faster.record_intent(batch.id, 0, REQUEST)  # the faster one still has it
    faster.close()


def test_batch_adopted_meanwhile_is_not_released(journal, path, monkeypatch):
    """Its process is dead; another one has adopted it and sent a request meanwhile."""
    owner, faster = Journal(path), Journal(path)
    batch = claim(owner, ADA).batch
    owner.close()
    seen = journal.claims([key(ADA)])
    faster.adopt(batch.id, SCOPE)
    faster.record_intent(batch.id, 0, REQUEST)
    monkeypatch.setattr(journal, "claims", lambda _: seen)
    assert claim(journal, ADA).elsewhere == [ADA]
    faster.close()


def test_batch_of_another_scope_is_not_adopted(journal, path):
    other = Journal(path)
    batch = claim(other, ADA).batch
    other.close()
    assert journal.adopt(batch.id, b"other scope") is None


def test_intent_of_a_killed_process_stays(journal, path):
    script = f"""
import os, signal, sys, time
from pathlib import Path
from enrich_pandas.providers.base import Identity, Request
from enrich_pandas.journal.database import Database
from enrich_pandas.journal import Journal
journal = Journal(Path({str(path)!r}))
ada = Identity.of(email="ada@example.com")
claim = journal.claim("run", b"scope", [ada], [{key(ADA)!r}], price=len, budget=None,
                      known={{}})
journal.record_intent(claim.batch.id, 0, Request(method="POST", path="/x", billed=True, credits=1))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    (holder,) = journal.claims([key(ADA)]).values()
    assert (holder.is_alive, holder.at_risk) == (False, 1)
    assert journal.adopt(holder.batch, SCOPE).recorded[0].outcome is Outcome.UNKNOWN


def test_foreign_database_is_refused_and_unchanged(path):
    path.parent.mkdir(parents=True)
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE notes (text TEXT)")
    foreign.commit()
    foreign.close()
    before = path.read_bytes()
    with pytest.raises(JournalError, match="not a journal"):
        Journal(path)
    assert path.read_bytes() == before


def test_damaged_file_is_refused_and_unchanged(path):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"garbage " * 1000)
    with pytest.raises(JournalError, match="cannot be used"):
        Journal(path)
    assert path.read_bytes() == b"garbage " * 1000


def test_billed_request_without_price_counts_as_charged(journal, path):
    other = Journal(path)
    begin(other)
    other.record_intent(claim(other, ADA).batch.id, 0, replace(REQUEST, credits=0))
    other.end_run("run", "done")
    other.close()
    holder = journal.claims([key(ADA)])[key(ADA)]
    assert (holder.is_idle, holder.at_risk) == (False, 0)
    assert claim(journal, ADA).elsewhere == [ADA]
    journal.eraser.erase("people", dict(ADA.keys))
    assert journal.runs()[0]["credits_held"] == 0


def test_request_of_adopted_batch_is_refused(journal, path):
    mine = claim(journal, ADA, BOB).batch
    for lease in (path.parent / "leases").iterdir():
        lease.unlink()  # as a user might: live processes then look dead
    other = Journal(path)
    assert claim(other, ADA).batch.identities == [ADA]
    with pytest.raises(JournalError, match="taken over"):
        journal.record_intent(mine.id, 0, REQUEST)
    other.close()


def test_runs_report_spent_and_held_credits(journal):
    facts = {
        "provider": "test", "kind": "people", "library": "0", "rows": 2, "identities": 2,
        "credits_planned": 6.0, "budget": None,
    }  # fmt: skip
    journal.begin_run(id="run", started=1.0, **facts)
    batch = claim(journal, ADA, BOB).batch
    journal.record_intent(batch.id, 0, REQUEST)
    land(journal, batch, matched(ADA), Match(identity=BOB, status=Status.HELD), held=3.0)
    journal.end_run("run", "done")
    (run,) = journal.runs()
    assert (run["credits"], run["credits_held"], run["requests"]) == (3.0, 3.0, 1)
    assert run["status"] == "done"


def begin(journal, run="run"):
    journal.begin_run(
        id=run, started=1.0, provider="test", kind="people", library="0", rows=2, identities=2,
        credits_planned=6.0, budget=None,
    )  # fmt: skip


def test_dead_claim_without_request_is_released(journal, path):
    other = Journal(path)
    claim(other, ADA, BOB)
    other.close()
    assert journal.claims([key(ADA)])[key(ADA)].is_idle
    assert claim(journal, ADA).batch.identities == [ADA]
    assert claim(journal, BOB).batch.identities == [BOB]


def test_dead_claim_with_refused_requests_is_released(journal, path):
    other = Journal(path)
    batch = claim(other, ADA).batch
    entry = other.record_intent(batch.id, 0, REQUEST)
    other.record_answer(entry, Response(status=429, outcome=Outcome.REFUSED))
    other.close()
    assert claim(journal, ADA).batch is not None


def test_dead_claim_that_may_be_charged_is_kept(journal, path):
    other = Journal(path)
    other.record_intent(claim(other, ADA, BOB).batch.id, 0, REQUEST)
    other.close()
    holder = journal.claims([key(ADA)])[key(ADA)]
    assert (holder.is_idle, holder.at_risk, holder.left) == (False, 3, 3)
    assert claim(journal, ADA).elsewhere == [ADA]


def test_end_of_run_releases_unsent_claims(journal):
    begin(journal)
    claim(journal, ADA)
    journal.record_intent(claim(journal, BOB).batch.id, 0, REQUEST)
    journal.end_run("run", "interrupted")
    assert list(journal.claims([key(ADA), key(BOB)])) == [key(BOB)]
    assert (journal.runs()[0]["credits"], journal.runs()[0]["credits_held"]) == (0, 3)


def test_run_of_a_dead_process_is_died(journal, path):
    other = Journal(path)
    begin(other)
    assert journal.runs()[0]["status"] == "running"
    other.close()
    assert journal.runs()[0]["status"] == "died"


def test_second_opening_keeps_the_lock(path):
    """Closing any descriptor of a file releases the locks of its process."""
    one = Database(path)
    with one.writing() as connection:
        connection.execute("DELETE FROM claims")
        Database(path).close()
        script = (
            f"import sqlite3; sqlite3.connect({str(path)!r}, timeout=0).execute('BEGIN IMMEDIATE')"
        )
        other = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=False
        )
    one.close()
    assert "database is locked" in other.stderr


def test_fork_waits_for_the_end_of_a_transaction(journal, path):
    begun, done = threading.Event(), threading.Event()

    def write():
        with journal._database.writing() as connection:
            connection.execute("DELETE FROM claims")
            begun.set()
            time.sleep(0.3)
            done.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert begun.wait(60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads and a fork are the point
        child = os.fork()
    if not child:
        os._exit(0 if done.is_set() and journal.stored([key(ADA)]) == {} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    thread.join()


def test_forked_child_keeps_the_lease_of_its_parent(journal):
    claim(journal, ADA)
    child = os.fork()
    if not child:
        journal.end_run("run", "interrupted")
        journal.close()
        gc.collect()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert journal.claims([key(ADA)])[key(ADA)].is_alive


def test_claim_waits_for_a_locked_file(journal, path):
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    threading.Timer(1.2, other.execute, ("COMMIT",)).start()
    assert claim(journal, ADA).batch is not None
    other.close()


def test_commit_waits_for_a_reader(journal, path):
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN")
    other.execute("SELECT * FROM runs").fetchall()
    threading.Timer(1.2, other.execute, ("COMMIT",)).start()
    assert claim(journal, ADA).batch is not None
    other.close()


def test_file_that_stays_locked_raises(path, monkeypatch):
    journal = Journal(path)
    monkeypatch.setattr("enrich_pandas.journal.database.LOCK_TIMEOUT", 0.1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(JournalError, match="locked"):
        claim(journal, ADA)
    other.close()
    journal.close()


def test_full_disk_raises_and_keeps_stored_results(journal):
    land(journal, claim(journal, ADA).batch, matched(ADA, name="Ada"))
    batch = claim(journal, BOB).batch
    connection = journal._database._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    entry = journal.record_intent(batch.id, 0, REQUEST)
    with pytest.raises(JournalError, match="full"):
        journal.record_answer(entry, Response(status=200, body=os.urandom(100_000)))
    assert journal.stored([key(ADA)])[key(ADA)].match.model.name == "Ada"
    assert journal.claims([key(BOB)])[key(BOB)].at_risk == 3


@pytest.mark.parametrize("column", ["model", "status", "identity"])
def test_damaged_result_raises(journal, column):
    land(journal, claim(journal, ADA).batch, matched(ADA, name="Ada"))
    with journal._database.writing() as connection:
        connection.execute(f"UPDATE results SET {column} = x'00'")  # noqa: S608 - above
    with pytest.raises(JournalError, match="cannot be used"):
        journal.stored([key(ADA)])


def test_connection_is_closed_if_opening_fails(path, monkeypatch):
    opened = []

    def fail(spill):
        opened.append(spill._database._connection)
        raise sqlite3.OperationalError("full")

    monkeypatch.setattr("enrich_pandas.journal.disk.Overflow.restore", fail)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        Journal(path)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


def test_connection_is_closed_if_the_last_commit_fails(path, monkeypatch):
    database = Database(path)
    failing = Mock(side_effect=sqlite3.OperationalError("full"))
    monkeypatch.setattr("enrich_pandas.journal.database.commit_open_transaction", failing)
    with pytest.raises(JournalError, match="full"):
        database.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        database._connection.execute("SELECT 1")


def test_journal_of_a_newer_version_is_refused(path):
    Journal(path).close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(JournalError, match="not a journal of this version"):
        Journal(path)
    assert path.read_bytes() == before


def test_symbolic_link_is_refused(path, tmp_path):
    Journal(tmp_path / "real.sqlite").close()
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "real.sqlite")
    with pytest.raises(JournalError, match="link"):
        Journal(path)


@pytest.mark.parametrize("where", ["file", "file/below", "/proc/none"])
def test_unwritable_path_raises(tmp_path, where):
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="cannot be used"):
        Journal(tmp_path / where / "journal.sqlite")


def test_file_of_another_user_is_refused(path, monkeypatch):
    Journal(path).close()
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(JournalError, match="belongs to another user"):
        Journal(path)


def test_readable_file_is_made_private(path):
    Journal(path).close()
    path.chmod(0o644)
    Journal(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_leases_of_dead_processes_are_deleted(path):
    script = f"""
import os, signal
from pathlib import Path
from enrich_pandas.journal.claims import Lease
lease = Lease(Path({str(path.parent / "leases")!r}))
os.kill(os.getpid(), signal.SIGKILL)
"""
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script], check=False)
    journal = Journal(path)
    begin(journal)
    assert len(list((path.parent / "leases").iterdir())) == 1
    journal.close()
    assert list((path.parent / "leases").iterdir()) == []


def store_person(journal, identity, *addresses):
    """Store a person with all of these addresses; return the raw answer."""
    batch = claim(journal, identity).batch
    emails = [Email(address=address) for address in addresses]
    body = msgspec.json.encode([{"name": addresses[0], "emails": addresses}])
    entry = journal.record_intent(batch.id, 0, REQUEST)
    journal.record_answer(entry, Response(status=200, outcome=Outcome.ACCEPTED, body=body))
    land(journal, batch, matched(identity, name=addresses[0], emails=emails))
    return body


def test_erasing_a_shared_mailbox_spares_unrelated_people(journal):
    begin(journal)
    journal.eraser.erase("people", {"email": "info@example.com"})
    store_person(journal, BOB, "bob@example.com", "info@example.com", "sales@example.com")
    eves = store_person(journal, EVE, "eve@example.com", "sales@example.com")
    assert list(journal.stored([key(BOB), key(EVE)])) == [key(EVE)]
    sales = Identity.of(email="sales@example.com")
    screen = journal.suppression.current_filter()
    assert list(screen.for_identities("people", "test", [ADA, BOB, EVE, sales])) == [BOB]
    with journal._database.reading() as connection:
        rows = connection.execute("SELECT body FROM requests").fetchall()
    bodies = [decompress(row[0]) for row in rows]
    assert eves in bodies
    assert not any(b"info@" in body or b"bob@" in body for body in bodies)


def test_cost_of_erased_identities_in_open_job_is_held(journal, path):
    other = Journal(path)
    begin(other)
    batch = claim(other, ADA, BOB, EVE).batch
    other.record_intent(batch.id, 0, replace(REQUEST, credits=9))
    other.close()
    for one in (ADA, BOB):
        journal.eraser.erase("people", dict(one.keys))
        assert journal.runs()[0]["credits_held"] == 9
    adopted = journal.adopt(batch.id, SCOPE)
    assert adopted.identities == [EVE]
    land(journal, adopted, matched(EVE))
    assert (journal.runs()[0]["credits"], journal.runs()[0]["credits_held"]) == (3, 6)


def test_held_cost_stays_within_the_reservation(journal):
    begin(journal)
    batch = claim(journal, ADA, BOB).batch
    journal.record_intent(batch.id, 0, replace(REQUEST, credits=6))
    journal.eraser.erase("people", dict(ADA.keys))
    both = replace(matched(BOB), credits=5)  # the vendor reports the cost of the request
    land(journal, batch, both)
    assert (journal.runs()[0]["credits"], journal.runs()[0]["credits_held"]) == (5, 1)


def test_known_cost_of_erased_identity_is_not_held(journal):
    begin(journal)
    batch = claim(journal, ADA, BOB).batch
    journal.record_intent(batch.id, 0, REQUEST)
    journal.eraser.erase("people", dict(ADA.keys))
    land(journal, batch, matched(ADA), matched(BOB))
    assert (journal.runs()[0]["credits"], journal.runs()[0]["credits_held"]) == (6, 0)


def test_parsing_again_releases_only_parsed_held_rows(journal):
    begin(journal)
    batch = claim(journal, ADA, BOB, EVE).batch
    journal.record_intent(batch.id, 0, REQUEST)
    lost = [Match(identity=one, status=Status.HELD) for one in (ADA, BOB, EVE)]
    before = {a.match.identity: a for a in land(journal, batch, *lost, held=9.0)}
    journal.eraser.erase("people", dict(ADA.keys))
    changes = [
        Change(key(one), one, before[one], new_answer(matched(one), 1.0, "test"))
        for one in (ADA, BOB)
    ]
    applied = journal.queries.amend(
        batch.id, "people", "test", changes, lambda held: 3.0 * len(held)
    )
    assert [change.identity for change in applied] == [BOB]
    assert (journal.runs()[0]["credits"], journal.runs()[0]["credits_held"]) == (3, 6)


@pytest.mark.parametrize("erase", ["erase_removed", "erase_returned"])
def test_result_and_erasure_are_stored_in_one_transaction(journal, monkeypatch, erase):
    """Else the removed person would stay if the process dies between the two."""
    begin(journal)
    land(journal, claim(journal, ADA).batch, matched(ADA, name="Ada"))
    known = {key(ADA): journal.stored([key(ADA)])[key(ADA)].fetched}
    batch = claim(journal, ADA, known=known).batch
    removed = Match(identity=ADA, status=Status.REMOVED, reason="gdpr_removed")
    with monkeypatch.context() as failing:
        failing.setattr(journal_module, erase, Mock(side_effect=sqlite3.OperationalError("full")))
        with pytest.raises(JournalError, match="full"):
            land(journal, batch, removed)
    assert journal.claims([key(ADA)])[key(ADA)].batch == batch.id
    assert list(journal.stored([key(ADA)])) == [key(ADA)]
    land(journal, batch, removed)
    assert (journal.claims([key(ADA)]), journal.stored([key(ADA)])) == ({}, {})


def later(monkeypatch, days):
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + days * 86_400)


def test_held_rows_outlast_the_retention(journal, monkeypatch):
    begin(journal)
    batch = claim(journal, ADA, BOB).batch
    land(journal, batch, Match(identity=ADA, status=Status.HELD), matched(BOB), held=3.0)
    later(monkeypatch, 1_000)
    journal.retention.delete_expired(90 * 86_400)
    assert list(journal.stored([key(ADA), key(BOB)])) == [key(ADA)]


def test_retention_spares_batches_of_live_processes(journal, path, monkeypatch):
    """A live process still parses its answers; rows without a request are not held."""
    other = Journal(path)
    begin(other)
    sent, idle = claim(other, ADA).batch, claim(other, BOB).batch
    other.record_intent(sent.id, 0, REQUEST)
    for is_alive in (True, False):
        later(monkeypatch, 91)
        journal.retention.delete_expired(90 * 86_400)
        assert bool(journal.claims([key(ADA), key(BOB)])) == is_alive
        if is_alive:
            other.close()
    assert (journal.runs()[0]["credits"], journal.runs()[0]["credits_held"]) == (0, 3)
    held = journal.stored([fingerprint(SCOPE, one) for one in (ADA, BOB)])
    assert [(one.match.identity, one.match.status) for one in held.values()] == [(ADA, "held")]
    with journal._database.reading() as connection:
        states = dict(connection.execute("SELECT id, state FROM batches"))
    assert states == {sent.id: "landed", idle.id: "released"}
