"""The tables of the journal's file, and the migrations that bring an older file up to date.

A migration runs in one transaction and deletes nothing. The migrations are history: they keep the
names that the tables had, and only new ones are added.
"""

APPLICATION_ID = 0x656E7270  # "enrp", which tells a journal from any other SQLite file
VERSION = 8

# `at_risk` is the maximum that the requests of an open batch may have cost so far. It is null if
# nothing can have been charged; 0 is a price like any other.
BATCH_RISKS = """
CREATE VIEW batch_risks AS
  SELECT batches.*, (
    SELECT SUM(credits) FROM requests
    WHERE batch = batches.id AND billed AND COALESCE(outcome, '') NOT IN ('refused', 'not_sent')
  ) AS at_risk FROM batches
"""
# The elements of a batch that results refer to. If `is_cut`, the body of its request has references
# in their places. A later answer replaces a result, but not the element of an earlier run.
ELEMENTS = """
CREATE TABLE elements (
  id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, type TEXT NOT NULL, raw BLOB NOT NULL
)
"""
SCHEMA = f"""
CREATE TABLE runs (
  id TEXT PRIMARY KEY, provider TEXT NOT NULL, kind TEXT NOT NULL, library TEXT NOT NULL,
  started REAL NOT NULL, ended REAL, rows INTEGER NOT NULL, identities INTEGER NOT NULL,
  credits_planned REAL NOT NULL, budget REAL, budget_name TEXT, status TEXT NOT NULL,
  lease TEXT NOT NULL, call BLOB, input BLOB, balance REAL
);
CREATE INDEX runs_of_a_budget ON runs (budget_name);
CREATE TABLE batches (
  id INTEGER PRIMARY KEY, run TEXT NOT NULL, lease TEXT NOT NULL, scope BLOB NOT NULL,
  identities BLOB NOT NULL, reserved REAL NOT NULL, spent REAL NOT NULL DEFAULT 0,
  held REAL NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'open'
);
CREATE INDEX batches_of_a_run ON batches (run);
CREATE INDEX batches_of_a_lease ON batches (lease);
{BATCH_RISKS};
CREATE TABLE claims (
  fingerprint BLOB PRIMARY KEY, batch INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX claims_of_a_batch ON claims (batch);
CREATE TABLE requests (
  id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, step INTEGER NOT NULL, method TEXT NOT NULL,
  path TEXT NOT NULL, billed INTEGER NOT NULL, credits REAL NOT NULL, sent REAL NOT NULL,
  answered REAL, outcome TEXT, status INTEGER, headers BLOB, body BLOB,
  is_cut INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX requests_of_a_batch ON requests (batch);
{ELEMENTS};
CREATE TABLE results (
  fingerprint BLOB PRIMARY KEY, provider TEXT NOT NULL, kind TEXT NOT NULL,
  identity BLOB NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, note TEXT NOT NULL,
  model BLOB, credits REAL NOT NULL, batch INTEGER NOT NULL, fetched REAL NOT NULL,
  not_before REAL, requested_again REAL, later_status TEXT, element INTEGER
);
CREATE TABLE suppressions (
  key BLOB NOT NULL, provider TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
  since REAL NOT NULL, PRIMARY KEY (key, provider)
) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION}
"""

# By the version that they start from.
MIGRATIONS = {
    1: """
ALTER TABLE runs ADD COLUMN call BLOB;
ALTER TABLE runs ADD COLUMN asked BLOB;
CREATE TABLE tombstones (
  key BLOB NOT NULL, provider TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
  since REAL NOT NULL, PRIMARY KEY (key, provider)
) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 2
""",
    2: """
ALTER TABLE runs ADD COLUMN budget_name TEXT;
UPDATE runs SET budget_name = id WHERE budget IS NOT NULL;
CREATE INDEX runs_of_a_budget ON runs (budget_name);
PRAGMA user_version = 3
""",
    3: """
ALTER TABLE runs ADD COLUMN balance REAL;
PRAGMA user_version = 4
""",
    4: """
ALTER TABLE results ADD COLUMN asked REAL;
PRAGMA user_version = 5
""",
    5: """
ALTER TABLE results ADD COLUMN worse TEXT;
UPDATE results SET worse = 'held' WHERE asked IS NOT NULL;
PRAGMA user_version = 6
""",
    6: f"""
DROP VIEW stakes;
ALTER TABLE tombstones RENAME TO suppressions;
ALTER TABLE runs RENAME COLUMN asked TO input;
ALTER TABLE results RENAME COLUMN asked TO requested_again;
ALTER TABLE results RENAME COLUMN worse TO later_status;
{BATCH_RISKS};
PRAGMA user_version = 7
""",
    7: f"""
{ELEMENTS};
ALTER TABLE requests ADD COLUMN is_cut INTEGER NOT NULL DEFAULT 0;
ALTER TABLE results ADD COLUMN element INTEGER;
PRAGMA user_version = 8
""",
}
