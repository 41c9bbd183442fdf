"""No output of the library contains a key or a person."""

import base64
import gzip
import http.client
import io
import logging
import pickle
import sqlite3
import sys
import tempfile
import traceback
import urllib.parse
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import zstandard
from IPython.core.ultratb import VerboseTB

import enrich_pandas as ep
from enrich_pandas.emulators.account import KEY
from enrich_pandas.journal.elements import compress_element
from enrich_pandas.progress import widget
from enrich_pandas.progress.phrases import ended
from enrich_pandas.providers.amplemarket import flows
from tests.canaries import PERSON, Watch, readings, sighted, sightings

WHO = "canaryperson"
TEXT = "a key of+1/2 parts"
PLANT = "a-planted-key"  # the watch of the test suite does not search it

# The scanner


def stored(path, text):
    """Write a compressed text into a database that is spread over several pages."""
    noise = "".join(base64.b85encode(bytes([n % 256, n // 256])).decode() for n in range(9_000))
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE answers (body BLOB)")
        packed = zlib.compress(f"{noise}{text}{noise}".encode())
        connection.execute("INSERT INTO answers VALUES (?)", (packed,))
    connection.close()
    assert packed not in path.read_bytes()


def archived(path, text):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cells.xml", f"<c>{text}</c>")


def tabled(path, text):
    pd.DataFrame({"a": [text] * 3}).to_parquet(path, compression="zstd")


def noted(path, text):
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["note"] = text
    frame.to_parquet(path, compression="zstd")


PLANTED = {
    "as it is": lambda text: f"...{text}...".encode(),
    "in capitals": lambda text: text.upper().encode(),
    "in UTF-16": lambda text: f"...{text}".encode("utf-16"),
    "percent-encoded": lambda text: urllib.parse.quote_plus(text).encode(),
    "every byte percent-encoded": lambda text: "".join(f"%{o:02X}" for o in text.encode()).encode(),
    "in hexadecimal": lambda text: text.encode().hex().encode(),
    "gzip": lambda text: b"\0\1" + gzip.compress(f'{{"a": "{text}"}}'.encode()) + b"\0",
    "gzip, cut": lambda text: gzip.compress(f"{text}{'0123456789' * 99}".encode())[:-12],
    "zstd": lambda text: b"\0" + zstandard.compress(f'{{"a": "{text}"}}'.encode()) + b"\0",
    "an element": lambda text: compress_element(f'{{"a": "{text}"}}'.encode()) + b"\0",
    "deflate, twice": lambda text: zlib.compress(zlib.compress(text.encode())),
    **{
        f"in base64, from place {lead}": lambda text, lead=lead: base64.b64encode(
            b"x" * lead + text.encode() + b"yz"
        )
        for lead in range(5)
    },
}
FILES = {"a database": stored, "an archive": archived, "a table": tabled, "its notes": noted}


@pytest.mark.parametrize("way", PLANTED)
def test_scanner_finds_planted_texts(way):
    assert sightings(TEXT, PLANTED[way](TEXT))
    assert not sightings(TEXT, PLANTED[way]("another text"))


@pytest.mark.parametrize("way", FILES)
def test_scanner_finds_texts_in_files(way, tmp_path):
    FILES[way](tmp_path / "planted", TEXT)
    (seen,) = sighted(TEXT, tmp_path)
    assert seen.startswith(f"{tmp_path / 'planted'}: ")


def test_scanner_finds_texts_in_file_names(tmp_path):
    (tmp_path / f"{TEXT.replace('/', '%2F')}.txt").touch()
    assert sighted(TEXT.replace("/", "%2F"), tmp_path)


@pytest.fixture
def watch(monkeypatch):
    """Return a watch over another test run that has not started."""
    monkeypatch.setattr(tempfile.TemporaryDirectory, "cleanup", tempfile.TemporaryDirectory.cleanup)
    watch, root = Watch(key=PLANT), logging.getLogger()
    others = [one for one in root.handlers if isinstance(one, Watch)]
    for one in others:
        root.removeHandler(one)
    watch.pytest_sessionstart()
    yield watch
    root.removeHandler(watch)
    for one in others:
        root.addHandler(one)


def finished(watch, folder, **more):
    """End the test run and return its exit code."""
    config = SimpleNamespace(_tmp_path_factory=SimpleNamespace(_basetemp=folder), **more)
    session = SimpleNamespace(config=config, exitstatus=0)
    watch.pytest_sessionfinish(session)
    return session.exitstatus


def test_clean_test_run_passes(watch, tmp_path):
    logging.getLogger("enrich_pandas").debug("Batch 3 cannot be read.")
    assert finished(watch, tmp_path) == 0


@pytest.mark.parametrize(
    "line", [f"header {PLANT}", "GET /in?u=linkedin.com/in/ada", "a@b.example"]
)
def test_logged_key_or_person_fails_the_test_run(watch, tmp_path, line):
    logging.getLogger("urllib3").debug(line)
    assert finished(watch, tmp_path) == 1


def test_key_in_a_file_fails_the_test_run(watch, tmp_path):
    (tmp_path / "left").write_bytes(gzip.compress(PLANT.encode()))
    assert finished(watch, tmp_path) == 1


def test_key_in_a_deleted_folder_fails_the_test_run(watch, tmp_path):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "left").write_text(PLANT)
    assert finished(watch, tmp_path) == 1


def test_key_in_a_worker_process_fails_the_test_run(watch, tmp_path):
    worker, output = Watch(key=PLANT), {}
    worker.seen.append("seen")
    finished(worker, None, workeroutput=output)
    watch.pytest_testnodedown(SimpleNamespace(workeroutput=output))
    assert finished(watch, tmp_path) == 1


def test_printed_key_fails_the_test_run(watch, tmp_path):
    report = SimpleNamespace(
        longreprtext="", sections=[("stdout", PLANT)], failed=False, nodeid="x::y"
    )
    watch.pytest_runtest_logreport(report)
    assert finished(watch, tmp_path) == 1


# The outputs

LEADS = pd.DataFrame(
    {
        "LinkedIn": [f"linkedin.com/in/{WHO}-{n}-example" for n in range(30)],
        "Email": [f"{WHO}-{n}@acme.example" for n in range(30)],
    }
)
VENDORS = {
    "crustdata": lambda: ep.Crustdata(api_key=KEY),
    "screener": lambda: ep.Crustdata(api="screener", api_key=KEY),
    "amplemarket": lambda: ep.Amplemarket(api_key=KEY),
    "zoho": lambda: ep.Zoho(client_id=KEY, client_secret=KEY, refresh_token=KEY),
}
FAULTS = ["unauthorized", "malformed", "drop_after_accept", "html", "truncated"]


def shown(thing):
    return [repr(thing), str(thing), getattr(thing, "_repr_html_", str)()]


def chained(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def rendered(error):
    """Render a traceback with its locals, in every common way."""
    plain = traceback.TracebackException.from_exception(error, capture_locals=True)
    yield "".join(plain.format())
    yield VerboseTB().text(type(error), error, error.__traceback__)


def pickled(thing):
    """Pickle a value; the error of one that cannot be pickled is an output, too."""
    try:
        return pickle.dumps(thing)
    except Exception as refusal:  # noqa: BLE001 - any error is shown to the user
        return str(refusal).encode()


class Run:
    """A call and its outputs: ``said`` must not contain people, ``kept`` may."""

    def __init__(self, monkeypatch, capfd, caplog, tmp_path):
        self.said: list[str] = []
        self.kept: list[bytes] = []
        self._screen: list[str] = []
        self._capfd, self._caplog, self._folder = capfd, caplog, tmp_path
        caplog.set_level(logging.DEBUG)
        monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
        monkeypatch.setattr(widget, "display", self._display)

    def _display(self, drawn, **_):
        self._screen.append(str(getattr(drawn, "data", drawn)))
        return SimpleNamespace(update=self._display)

    def call(self, provider, kind):
        """Plan, run, read the past run, and interrupt it by errors."""
        self.said += shown(provider)
        # A plan shows the first rows of the user's own frame on purpose.
        self.kept += [text.encode() for text in shown(ep.plan(LEADS, provider, kind=kind))]
        call = ep.people if kind == "people" else ep.companies
        hook = widget.Panel()
        handle = call(LEADS, provider, progress=hook, wait=False)
        self.said += shown(handle)
        try:
            frame = handle.wait()
        except ep.EnrichError as error:
            frame = error.result
            self._keep_error(error)
        last = handle._runner.snapshot()
        self.said += [*shown(last), ended(last), *shown(handle._runner), *self._screen]
        self.kept += [pickled(one) for one in (provider, handle, handle._runner, last, frame)]
        self._keep_frame(frame)
        past = ep.run(handle.run)
        self.said += [*shown(past), *shown(ep.runs()), *shown(past.report)]
        self.kept += [pickled(past)]

    def _keep_error(self, error):
        for one in chained(error):
            self.said += [*shown(one), *map(str, one.args)]
            self.said += list(getattr(one, "_render_traceback_", list)())
            self.kept += [text.encode() for text in rendered(one)]
            self.kept += [pickled(one), repr(vars(one)).encode()]

    def _keep_frame(self, frame):
        self.said.append(repr(frame.attrs))
        for write in (frame.to_parquet, frame.to_pickle):
            kept = io.BytesIO()
            write(kept)
            self.kept.append(kept.getvalue())

    def end(self):
        """Add the printed and logged texts and the names of the files."""
        self.said += [*self._capfd.readouterr(), self._caplog.text]
        self.said += [repr(vars(record)) for record in self._caplog.records]
        self.said += [path.name for path in self._folder.rglob("*")]
        self.kept += [text.encode(errors="replace") for text in self.said]
        self.kept += [data for p in self._folder.rglob("*") if p.is_file() for data in readings(p)]


@pytest.mark.parametrize("vendor", VENDORS)
def test_outputs_of_a_run_contain_no_key_or_person(vendor, monkeypatch, capfd, caplog, tmp_path):
    kind = "companies" if vendor == "zoho" else "people"
    monkeypatch.setattr(flows, "POLL_SECONDS", 0.05)
    run, journal = Run(monkeypatch, capfd, caplog, tmp_path), tmp_path / "home" / "journal.sqlite"
    with ep.sandbox(misses=0, journal=journal) as box:
        name = "crustdata" if vendor == "screener" else vendor
        for fault in [None, *FAULTS]:
            if fault:
                box.fault(name, "submit", fault, times=None)
                ep.forget(LEADS["Email"].tolist() + LEADS["LinkedIn"].tolist())
                ep.unsuppress(LEADS["Email"].tolist() + LEADS["LinkedIn"].tolist())
            run.call(VENDORS[vendor](), kind)
    run.end()
    said = "\n".join(run.said)
    assert len(run.said) > 100
    assert not sightings(WHO, said.encode(errors="replace"))
    assert not PERSON.search(caplog.text)
    assert not [found for data in run.kept if (found := sightings(KEY, data))]
    assert any(sightings(WHO, data) for data in run.kept)  # the run is not empty
    assert sys.getsizeof(said) > 5_000
