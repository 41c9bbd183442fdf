"""A third-party provider: built, installed, found by its name, used, and tested."""

import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[1] / "plugin"

USE = """
import sys

import pandas as pd

import enrich_pandas as ep
from enrich_pandas.testing import pointed_at

leads = pd.DataFrame({"Email": ["ada@example.com", "unknown@example.com", "no address"]})
with pointed_at(sys.argv[1], "acme"):
    people = leads.enrich.people("acme", progress=None)
    again = leads.enrich.people("acme", progress=None)
    spent = ep.runs()["credits"].sum()
pd.testing.assert_frame_equal(people, again)
people["spent"] = spent
listed = ep.list_providers().set_index("name")["defined"]
people["is_listed"] = listed.get("acme") == "acme_provider:Acme"
columns = ["person_name", "person_status", "person_provider", "is_listed", "spent"]
print(people[columns].to_json(orient="records"))
"""


class Handler(BaseHTTPRequestHandler):
    """Answers as Acme does, and writes down what it was sent."""

    def do_POST(self) -> None:
        queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        self.server.seen.append((self.path, self.headers["X-Api-Key"], queries))
        people = [
            {"query": query, "person": {"full_name": "Ada"} if query.startswith("ada") else None}
            for query in reversed(queries)
        ]
        body = json.dumps(people).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def vendor() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(*command: object, cwd: Path, **variables: str) -> str:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **variables}
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the plugin's wheel and install it: a wheel of Python alone is only unpacked."""
    source = tmp_path_factory.mktemp("acme") / "plugin"
    shutil.copytree(PLUGIN, source, ignore=shutil.ignore_patterns("conftest.py", "__pycache__"))
    build = "from hatchling.build import build_wheel; print(build_wheel('.'))"
    wheel = run("-c", build, cwd=source).split()[-1]
    with zipfile.ZipFile(source / wheel) as file:
        file.extractall(source.parent / "site")
    return source.parent / "site"


def installed(site: Path) -> str:
    return os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))


def test_installed_plugin_works_like_any_provider(
    site: Path, tmp_path: Path, vendor: ThreadingHTTPServer
) -> None:
    url = f"http://127.0.0.1:{vendor.server_port}"
    rows = json.loads(run("-c", USE, url, cwd=tmp_path, PYTHONPATH=installed(site)))
    assert [row["person_name"] for row in rows] == ["Ada", None, None]
    assert [row["person_status"] for row in rows] == ["matched", "not_found", "invalid"]
    assert rows[0]["person_provider"] == "acme"
    assert rows[0]["spent"] == 1
    assert all(row["is_listed"] for row in rows)
    people = ["ada@example.com", "unknown@example.com"]
    assert vendor.seen == [("/v1/people/lookup", "made-up-api_key", people)]


def test_installed_plugin_passes_the_contract(site: Path) -> None:
    tests = site.parent / "plugin" / "tests"
    output = run("-m", "pytest", "-q", "-rs", tests, cwd=tests.parent, PYTHONPATH=installed(site))
    assert " passed" in output
    assert "skipped" not in output


def test_plugin_is_a_short_module() -> None:
    assert len((PLUGIN / "acme_provider.py").read_text("utf-8").splitlines()) < 120
