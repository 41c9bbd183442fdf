"""The overflow: an unwritten answer is kept in a file and restored once, to its request."""

import os
import stat
import tempfile

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas import journal as journal_module
from enrich_pandas.engine.context import current_environment, journal_path
from enrich_pandas.journal import disk as spill_module
from tests.conftest import asked

BROKEN = "UPDATE nowhere SET a = ?, b = ?, c = ?, d = ?, e = ? WHERE id = ?"


@pytest.fixture(autouse=True)
def spills(tmp_path, monkeypatch):
    folder = tmp_path / "spills"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def people(count):
    urls = [f"https://www.linkedin.com/in/p{n}-example" for n in range(count)]
    return pd.DataFrame({"LinkedIn": urls})


def fail(frame, monkeypatch):
    """Enrich without writing any answer; return the error."""
    with monkeypatch.context() as patch:
        for module in (journal_module, spill_module):
            patch.setattr(module, "ANSWERED", BROKEN)
        patch.setattr(journal_module, "LANDED", BROKEN)
        with pytest.raises(ep.JournalError) as caught:
            frame.enrich.people(ep.Crustdata(connections=1), progress=None)
    return caught.value


def files(spills):
    return sorted(spills.glob("enrich-pandas-*/*"))


def test_unwritten_answer_is_restored_by_the_next_call(box, spills, monkeypatch):
    error = fail(people(5), monkeypatch)
    assert set(error.result["person_status"]) == {"matched"}
    (kept,) = files(spills)
    assert str(kept) in str(error)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    found = people(5).enrich.people(progress=None)
    assert set(found["person_status"]) == {"matched"}
    assert asked(box) == 1
    assert ep.runs()["credits"].sum() == box.ledger["credits"].sum() == 5
    assert not list(spills.glob("enrich-pandas-*"))


def test_overflow_file_stays_until_the_journal_accepts_it(box, spills, monkeypatch):
    fail(people(2), monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(spill_module, "ANSWERED", BROKEN)
        ep.runs()
    assert len(files(spills)) == 1
    ep.runs()
    assert not files(spills)
    assert asked(box) == 1


def test_overflow_file_of_another_journal_is_not_used(box, spills, monkeypatch):
    fail(people(2), monkeypatch)
    (kept,) = files(spills)
    answer = kept.read_bytes()
    journal_path(current_environment()).unlink()
    fail(people(3), monkeypatch)
    kept.write_bytes(answer)
    found = people(3).enrich.people(progress=None)
    assert set(found["person_status"]) == {"held"}


def test_erased_person_is_not_restored_from_overflow(box, spills, monkeypatch):
    fail(people(2), monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(spill_module, "ANSWERED", BROKEN)
        ep.forget("https://www.linkedin.com/in/p0-example")
    found = people(2).enrich.people(progress=None)
    assert found["person_status"].tolist() == ["suppressed", "matched"]


def public(folder):
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)


def a_link(folder):
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    folder.symlink_to(elsewhere)


def a_file(folder):
    folder.touch()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows keeps permissions elsewhere")
@pytest.mark.parametrize("prepare", [public, a_link, a_file])
def test_overflow_is_not_written_where_others_have_access(box, spills, monkeypatch, prepare):
    fail(people(2), monkeypatch)
    (kept,) = files(spills)
    kept.unlink()
    kept.parent.rmdir()
    prepare(kept.parent)
    error = fail(people(1), monkeypatch)
    assert not [*spills.rglob("*.json"), *spills.rglob("*.part")]
    assert "is kept in" not in str(error)


def test_invalid_overflow_file_is_logged_and_skipped(box, spills, monkeypatch, caplog):
    fail(people(2), monkeypatch)
    (kept,) = files(spills)
    odd = [kept.with_name("0.json"), kept.with_name("9.json")]
    for one in odd:
        one.write_bytes(b"{")
    assert set(people(2).enrich.people(progress=None)["person_status"]) == {"matched"}
    assert files(spills) == odd
    assert asked(box) == 1
    assert "0.json is not written to the journal" in caplog.text


def test_overflow_works_in_a_sticky_working_folder(box, spills, monkeypatch):
    spills.chmod(0o1777)
    monkeypatch.chdir(spills)
    fail(people(1), monkeypatch)
    assert len(files(spills)) == 1


def test_overflow_is_not_written_to_the_working_folder(box, spills, monkeypatch, caplog):
    monkeypatch.chdir(spills)
    error = fail(people(1), monkeypatch)
    assert not files(spills)
    assert set(error.result["person_status"]) == {"matched"}
    assert len(ep.runs()) == 1
    assert "not written" not in caplog.text
