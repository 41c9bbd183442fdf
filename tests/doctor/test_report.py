import socket
import sqlite3

import msgspec
import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.doctor import DoctorReport, build_report, report_lines
from enrich_pandas.doctor.findings import (
    FILE,
    Check,
    Finding,
    read_checks,
    salted_hash,
    save_check,
)
from enrich_pandas.engine.context import current_environment, journal_path
from enrich_pandas.journal.claims import Lease
from enrich_pandas.journal.disk import inspect

KEY = "made-up-key-0042"
LEADS = pd.DataFrame({"Email": ["ada@example.com", "bo@example.com"]})
CHECK = Check(
    provider="crustdata",
    account="",
    version="2025-11-01",
    kind="people",
    realm="live",
    library="0.1.0",
    at="2026-11-24T12:00:00+00:00",
    credits_max=3,
    findings=[Finding(name="miss", assumption="A miss is free", verdict="holds", evidence="so")],
)


@pytest.fixture
def journal(tmp_path):
    """Return a journal with two people."""
    path = tmp_path / "home" / "journal.sqlite"
    with ep.sandbox(misses=0, journal=path):
        ep.people(LEADS, progress=None)
    return path


def text():
    return "\n".join(report_lines(build_report(offline=True)))


def test_report_does_not_create_the_journal(tmp_path):
    path = journal_path(current_environment())
    assert not path.parent.exists()
    report = build_report(offline=True)
    assert not report.journal.exists
    assert report.is_well
    assert "does not exist yet" in "\n".join(report_lines(report))
    assert not path.parent.exists()


def test_offline_report_opens_no_socket(monkeypatch):
    def connect(*_):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", connect)
    assert "Providers" in text()


def test_journal_is_counted_and_not_changed(journal):
    before = journal.read_bytes()
    ledger = inspect(journal)
    assert (ledger.runs, ledger.stored, ledger.held, ledger.pending) == (1, 2, 0, 0)
    assert (ledger.running, ledger.died) == (0, 0)
    assert ledger.mode == "0600"
    assert ledger.folder_mode == "0700"
    assert ledger.whole
    assert ledger.bytes == len(before)
    assert not ledger.problems
    assert journal.read_bytes() == before


def test_report_shows_no_person_of_the_journal(journal):
    assert journal == journal_path(current_environment())
    shown = text() + msgspec.json.encode(build_report(offline=True)).decode()
    assert "2 stored answers" in shown
    assert "example.com" not in shown


def test_lost_answers_are_counted_as_held(tmp_path):
    path = tmp_path / "home" / "journal.sqlite"
    with ep.sandbox(misses=0, journal=path) as box:
        box.fault("crustdata", "submit", "drop_after_accept", times=None)
        people = ep.people(LEADS, progress=None)
    assert people["person_status"].tolist() == ["held", "held"]
    assert inspect(path).held == 2
    assert "2 rows held: the vendor may have charged them" in text()


def test_open_rows_of_a_dead_run_are_held(journal):
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE runs SET status = 'running', lease = 'gone'")
        connection.execute("UPDATE batches SET state = 'open', lease = 'gone'")
        connection.execute("INSERT INTO claims SELECT fingerprint, batch FROM results")
        connection.execute("DELETE FROM results")
    connection.close()
    ledger = inspect(journal)
    assert (ledger.died, ledger.held, ledger.pending) == (1, 2, 0)


def test_rows_in_flight_are_not_held(journal):
    leases = journal.parent / "leases"
    lease = Lease(leases)
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE runs SET status = 'running', lease = ?", (lease.id,))
        connection.execute("UPDATE batches SET state = 'open', lease = ?", (lease.id,))
        connection.execute("INSERT INTO claims SELECT fingerprint, batch FROM results")
        connection.execute("DELETE FROM results")
    connection.close()
    ledger = inspect(journal)
    lease.release()
    assert (ledger.running, ledger.died, ledger.held, ledger.asking) == (1, 0, 0, 2)


def test_journal_readable_by_others_is_a_problem(journal):
    journal.chmod(0o644)
    report = build_report(offline=True)
    assert not report.is_well
    assert "PROBLEM: Other users can read the journal (0644)" in "\n".join(report_lines(report))


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"no database at all" * 99, "cannot be read"), (b"", "not a journal")],
)
def test_other_file_in_place_of_journal_is_a_problem(tmp_path, content, text):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(content)
    path.chmod(0o600)
    (problem,) = inspect(path).problems
    assert text in problem
    assert path.read_bytes() == content


def test_damaged_journal_is_a_problem(journal):
    content = bytearray(journal.read_bytes())
    content[4096 * 3 : 4096 * 5] = b"\xff" * 8192
    journal.write_bytes(content)
    assert inspect(journal).problems


def test_network_disk_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr("enrich_pandas.journal.disk._kind_of_disk", lambda _: "nfs4")
    ledger = inspect(tmp_path / "journal.sqlite")
    assert ledger.disk == "not usable"
    assert "network disk (nfs4)" in ledger.problems[0]


def test_credentials_are_named_and_not_shown(monkeypatch):
    monkeypatch.setenv("CRUSTDATA_API_KEY", KEY)
    monkeypatch.delenv("AMPLEMARKET_API_KEY", raising=False)
    report = build_report(offline=True)
    found = {one.name: one for one in report.providers}
    assert found["crustdata"].credentials == {"api_key": "environment"}
    assert found["amplemarket"].missing == ["api_key"]
    shown = "\n".join(report_lines(report)) + msgspec.json.encode(report).decode() + repr(report)
    assert "crustdata: api_key found (environment)" in shown
    assert "amplemarket: api_key not found (AMPLEMARKET_API_KEY)" in shown
    assert KEY not in shown


def test_key_of_the_keyring_is_shown_as_such(monkeypatch):
    monkeypatch.setattr("enrich_pandas.engine.credentials._from_keyring", lambda *_: KEY)
    monkeypatch.delenv("AMPLEMARKET_API_KEY", raising=False)
    assert "amplemarket: api_key found (keyring)" in text()


def test_broken_provider_shows_why_and_hides_no_other(monkeypatch):
    monkeypatch.setenv("ZOHO_DC", "nowhere")
    shown = text()
    assert "zoho: " in shown
    assert "crustdata: api_key" in shown


def test_report_round_trips_through_json(journal):
    report = build_report(offline=True)
    assert msgspec.json.decode(msgspec.json.encode(report), type=DoctorReport) == report


def test_newest_check_of_each_account_is_shown():
    folder = journal_path(current_environment()).parent
    older = msgspec.structs.replace(CHECK, at="2026-11-23T00:00:00+00:00")
    other = msgspec.structs.replace(CHECK, provider="zoho", stopped="The key is refused.")
    for check in (older, other, CHECK):
        save_check(folder, check)
    assert read_checks(folder) == [CHECK, other]
    shown = text()
    assert "holds          A miss is free" in shown
    assert "stopped: The key is refused." in shown
    assert "2026-11-23" not in shown


def test_unreadable_checks_file_has_no_checks():
    folder = journal_path(current_environment()).parent
    save_check(folder, CHECK)
    (folder / FILE).write_bytes(b"{")
    assert read_checks(folder) == []
    assert "none yet" in text()


def test_hash_is_salted_and_hides_the_identity():
    assert "example" not in salted_hash("email=ada@example.com")
    assert salted_hash("x") != salted_hash("x")
