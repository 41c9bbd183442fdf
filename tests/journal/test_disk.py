"""Nothing is spent on a network disk, a full one, or a damaged journal."""

import contextlib
import os
import random
import shutil
import sqlite3
from types import SimpleNamespace

import pandas as pd
import psutil
import pytest

import enrich_pandas as ep
from enrich_pandas.journal import disk
from enrich_pandas.journal.database import Database

LEADS = pd.DataFrame({"LinkedIn": [f"linkedin.com/in/safe-{n}-example" for n in range(30)]})


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home" / "journal.sqlite"


def enriched(leads=LEADS):
    return ep.people(leads, "crustdata", progress=None)


@pytest.fixture
def mounted(monkeypatch):
    def mount(kind, place):
        disk._kind_of_disk.cache_clear()
        pairs = [("/", "ext4"), (str(place), kind)]
        mounts = [SimpleNamespace(mountpoint=where, fstype=of) for where, of in pairs]
        monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounts)

    yield mount
    disk._kind_of_disk.cache_clear()


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
def test_writable_folder_is_refused_before_spending(home, mode):
    home.parent.mkdir()
    home.parent.chmod(mode)
    with ep.sandbox(journal=home) as box:
        with pytest.raises(ep.JournalError, match="changed by other users") as caught:
            enriched()
        assert box.ledger.empty
        assert ep.plan(LEADS).requests == 2  # a plan is allowed
        assert caught.value.todo == f"Type: chmod go-w {home.parent}"
        home.parent.chmod(mode & ~0o022)
        assert (enriched()["person_status"] != "skipped").all()


def test_linked_folder_is_refused_before_spending(home, tmp_path):
    (tmp_path / "real").mkdir()
    home.parent.symlink_to(tmp_path / "real")
    with ep.sandbox(journal=home) as box:
        with pytest.raises(ep.JournalError, match="is a link") as caught:
            enriched()
        assert box.ledger.empty
    assert caught.value.todo.endswith(str(tmp_path / "real"))


def test_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    disk.check_folder(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(ep.JournalError, match="another user"):
        disk.check_folder(tmp_path)


def test_folder_mode_is_ignored_on_windows(tmp_path, monkeypatch):
    tmp_path.chmod(0o777)
    monkeypatch.delattr(os, "geteuid")
    disk.check_folder(tmp_path)


LENT = ["9p", "drvfs", "fakeowner", "fuse.vmhgfs-fuse", "prl_fs", "vboxsf", "virtiofs"]


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "coda", "fuse.sshfs", "fuse.drive", *LENT])
def test_network_disk_is_refused_before_spending(home, mounted, monkeypatch, kind):
    mounted(kind, home.parent)
    with ep.sandbox(journal=home) as box:
        with pytest.raises(ep.JournalError, match=f"network disk \\({kind}\\)"):
            enriched()
        assert box.ledger.empty
        assert ep.plan(LEADS).requests == 2  # a plan is allowed
        monkeypatch.setenv(disk.ALLOWED, "1")
        assert (enriched()["person_status"] != "skipped").all()


@pytest.mark.parametrize("kind", ["ext4", "apfs", "overlay", "fuseblk", "tmpfs"])
def test_local_disk_is_accepted(home, mounted, kind):
    mounted(kind, home.parent)
    with ep.sandbox(journal=home):
        enriched()


def test_full_disk_is_refused_before_spending(home, monkeypatch):
    with ep.sandbox(journal=home) as box:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000))
        with pytest.raises(ep.JournalError, match="4,882 kB left"):
            enriched()
        assert box.ledger.empty


def test_claimed_rows_have_reserved_space(tmp_path):
    connection = sqlite3.connect(tmp_path / "file")
    connection.execute("CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
    connection.execute("CREATE TABLE claims (fingerprint BLOB)")
    connection.execute("CREATE TABLE answers (body BLOB)")
    disk.reserve_space(connection, 25)
    connection.commit()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    for _ in range(25):
        connection.execute("INSERT INTO answers VALUES (randomblob(12000))")
        connection.commit()
    with pytest.raises(sqlite3.OperationalError, match="full"):
        connection.execute("INSERT INTO answers VALUES (randomblob(1000000))")
    connection.close()


def test_space_is_reserved_for_all_claims_and_rarely(tmp_path):
    connection = sqlite3.connect(tmp_path / "file")
    connection.execute("CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
    connection.execute("CREATE TABLE claims (fingerprint BLOB)")
    sizes = []
    for claimed in range(25, 500, 25):
        disk.reserve_space(connection, 25)
        connection.executemany("INSERT INTO claims VALUES (?)", [(b"",)] * 25)
        connection.commit()
        free = connection.execute("PRAGMA freelist_count").fetchone()[0] * 4096
        sizes.append(connection.execute("PRAGMA page_count").fetchone()[0])
        assert free >= claimed * disk.BYTES_PER_IDENTITY
    assert len(set(sizes)) < len(sizes) / 2
    connection.close()


def test_large_reservation_is_not_kept_in_memory(tmp_path):
    """Most pages are written before the commit; a few stay in memory."""
    path = tmp_path / "journal.sqlite"
    database = Database(path)
    for identities, is_held in ((1_500, True), (4_000, False)):
        before = path.stat().st_size
        with database.writing() as connection:
            disk.reserve_space(connection, identities)
            assert (path.stat().st_size == before) == is_held
        assert path.stat().st_size - before > identities * disk.BYTES_PER_IDENTITY / 2
    database.close()


@pytest.mark.parametrize("more", [0, 2**26])
def test_missing_index_entry_is_damage(home, more):
    """Its index does not find it: the person would be bought again."""
    with ep.sandbox(journal=home, misses=0) as box:
        enriched()
        connection = sqlite3.connect(home)
        connection.execute("INSERT INTO settings VALUES ('more', zeroblob(?))", (more,))
        connection.commit()
        key = connection.execute("SELECT fingerprint FROM results").fetchone()[0]
        connection.close()
        home.write_bytes(home.read_bytes().replace(key, key[::-1], 1))
        charged = len(box.ledger)
        with pytest.raises(ep.JournalError, match="is damaged"):
            enriched()
        assert len(box.ledger) == charged


def pages_of(home, name):
    """Return the bytes of the first page of a table or an index."""
    connection = sqlite3.connect(home)
    query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
    found = connection.execute(query, (name,)).fetchone()
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    return found and range((found[0] - 1) * size, found[0] * size)


@pytest.mark.parametrize(
    ("where", "times"),
    [
        ("", 15),
        ("sqlite_autoindex_results_1", 15),
        pytest.param("", 60, marks=pytest.mark.extended),
    ],
)
def test_flipped_bit_never_causes_a_second_charge(home, where, times):
    """The damage is found before anything is spent, or it does not matter."""
    with ep.sandbox(journal=home, misses=0) as box:
        enriched()
        whole, dice = home.read_bytes(), random.Random(7)  # noqa: S311 - no secret
        places = pages_of(home, where) or range(len(whole))
        for number in range(times):
            damaged = bytearray(whole)
            place = dice.choice(places)
            damaged[place] ^= 1 << dice.randrange(8)
            home.write_bytes(damaged)
            with contextlib.suppress(ep.JournalError):
                enriched(LEADS.head(3 + number % 3))
        twice = box.ledger.groupby("identity").size()
        assert (twice == 1).all()


@pytest.mark.parametrize("name", [b"not_before", b"model"])
def test_damaged_column_name_raises(home, name):
    """SQLite accepts a file with another column name."""
    with ep.sandbox(journal=home, misses=0) as box:
        enriched()
        home.write_bytes(home.read_bytes().replace(name, name[:-1] + b"\xe9"))
        charged = len(box.ledger)
        with pytest.raises(ep.JournalError):
            enriched()
        assert len(box.ledger) == charged
