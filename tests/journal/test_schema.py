"""A journal of an older version is migrated without loss."""

import sqlite3
import zlib
from contextlib import closing

import msgspec
import pytest

from enrich_pandas.journal import Journal
from enrich_pandas.journal.elements import read_bodies
from enrich_pandas.journal.records import RecordTypes, read_model
from enrich_pandas.journal.schema import MIGRATIONS, VERSION

# The statements that turn a file into one of the version before.
DOWNGRADES = {
    8: """
        DROP TABLE elements;
        ALTER TABLE requests DROP COLUMN is_cut;
        ALTER TABLE results DROP COLUMN element;
    """,
    7: """
        DROP VIEW batch_risks;
        ALTER TABLE suppressions RENAME TO tombstones;
        ALTER TABLE runs RENAME COLUMN input TO asked;
        ALTER TABLE results RENAME COLUMN requested_again TO asked;
        ALTER TABLE results RENAME COLUMN later_status TO worse;
        CREATE VIEW stakes AS SELECT batches.*, NULL AS at_risk FROM batches;
    """,
    6: "ALTER TABLE results DROP COLUMN worse;",
    5: "ALTER TABLE results DROP COLUMN asked;",
    4: "ALTER TABLE runs DROP COLUMN balance;",
    3: "DROP INDEX runs_of_a_budget; ALTER TABLE runs DROP COLUMN budget_name;",
    2: """
        ALTER TABLE runs DROP COLUMN call;
        ALTER TABLE runs DROP COLUMN asked;
        DROP TABLE tombstones;
        DROP TABLE settings;
    """,
}


def downgrade(connection, version):
    """Turn a file of the present version into one of an older version."""
    store_models(connection)
    for newer in range(VERSION, version, -1):
        connection.executescript(DOWNGRADES[newer])
    connection.execute(f"PRAGMA user_version = {version}")


def store_models(connection):
    """Store models and whole bodies, as before version 8."""
    connection.row_factory = sqlite3.Row
    query = "SELECT results.*, type, raw FROM results JOIN elements ON elements.id = element"
    for row in connection.execute(query).fetchall():
        model = msgspec.json.encode(read_model(row, RecordTypes()).read())
        values = zlib.compress(model), row["fingerprint"]
        connection.execute("UPDATE results SET model = ? WHERE fingerprint = ?", values)
    for (batch,) in connection.execute("SELECT id FROM batches").fetchall():
        for request, body in read_bodies(connection, batch).items():
            values = zlib.compress(body, 1), request
            connection.execute("UPDATE requests SET body = ? WHERE id = ?", values)
    connection.row_factory = None


def structure(connection):
    """Return the columns of each table and view, and the indexes."""
    query = "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name"
    return [
        (kind, name, sorted(row[1:4] for row in connection.execute(f"PRAGMA table_info({name})")))
        for kind, name in connection.execute(query).fetchall()
    ]


@pytest.fixture
def connection(tmp_path):
    Journal(tmp_path / "journal.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)) as connection:
        yield connection


@pytest.mark.parametrize("version", MIGRATIONS)
def test_migrated_file_has_the_present_structure(tmp_path, connection, version):
    expected = structure(connection)
    downgrade(connection, version)
    assert structure(connection) != expected
    Journal(tmp_path / "journal.sqlite").close()
    assert structure(connection) == expected
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_migration_of_version_6_keeps_every_row(tmp_path, connection):
    tables = {
        "runs": ("run", "test", "people", "0", 1.0, 2.0, 1, 1, 3.0, None, None, "done", "lease",
                 b"call", b"input", 5.0),
        "results": (b"key", "test", "people", b"[]", "matched", "", "", None, 3.0, 1, 1.0, None,
                    2.0, "held", None),
        "suppressions": (b"hash", "", "suppressed", "forgotten", 1.0),
        "settings": ("key", b"secret"),
    }  # fmt: skip
    for table, row in tables.items():
        marks = ",".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 - above
    downgrade(connection, 6)
    Journal(tmp_path / "journal.sqlite").close()
    for table, row in tables.items():
        assert row in connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - above


def test_failed_migration_leaves_the_file_unchanged(tmp_path, connection, monkeypatch):
    downgrade(connection, 6)
    before = structure(connection)
    monkeypatch.setitem(MIGRATIONS, 6, MIGRATIONS[6] + "; DROP TABLE missing")
    with pytest.raises(Exception, match="no such table: missing"):
        Journal(tmp_path / "journal.sqlite")
    assert structure(connection) == before
    assert connection.execute("PRAGMA user_version").fetchone() == (6,)
