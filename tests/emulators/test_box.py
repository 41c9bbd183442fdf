"""The `Sandbox` context manager: start, environment and end."""

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest

from enrich_pandas.emulators import Sandbox
from enrich_pandas.engine import context

Open = Callable[..., tuple[Sandbox, Any]]
ADA = "https://www.linkedin.com/in/ada-box-1"


def is_listening(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname, address.port)) == 0


def test_sandbox_redirects_every_provider() -> None:
    before = context.current_environment()
    with Sandbox() as box:
        inside = context.current_environment()
        assert (inside.realm, inside.paid) == ("sandbox", False)
        assert inside.origins == {
            name: box.url(name) for name in ("amplemarket", "crustdata", "zoho")
        }
        assert inside.secrets["crustdata"]["api_key"].reveal() == "sandbox-key"
        assert inside.journal is not None
        assert inside.journal.parent.is_dir()
    assert context.current_environment() is before
    assert not inside.journal.parent.exists()


def test_journal_option_sets_the_file(tmp_path: Path) -> None:
    with Sandbox(journal=tmp_path / "mine.sqlite"):
        assert context.current_environment().journal == tmp_path / "mine.sqlite"


@pytest.mark.parametrize("process", [False, True])
def test_exit_leaves_nothing_running(process: bool) -> None:
    threads = set(threading.enumerate())
    with Sandbox(process=process) as box:
        url = box.url("crustdata")
        assert is_listening(url)
    assert not is_listening(url)
    for thread in set(threading.enumerate()) - threads:
        thread.join(timeout=60)  # anyio stops its workers without waiting for them
        assert not thread.is_alive()
    gc.collect()  # an open socket warns now, and a warning is an error


def test_second_start_takes_under_half_a_second() -> None:
    with Sandbox():
        pass  # the first start imports the server
    start = time.process_time()  # of this process only: others may keep the machine busy
    with Sandbox():
        assert time.process_time() - start < 0.5


def test_sandbox_runs_inside_a_running_event_loop() -> None:
    async def cell() -> int:
        with Sandbox() as box:
            return len(box.requests)

    assert asyncio.run(cell()) == 0


def test_ledger_is_readable_after_closing(open_box: Open) -> None:
    box, client = open_box(misses=0)
    client.enrich(ADA)
    box.close()
    box.close()
    assert box.ledger["identity"].tolist() == ["ada-box-1"]
    assert box.requests["path"].tolist() == ["/person/enrich"]


def test_empty_tables_have_columns_and_dtypes(open_box: Open) -> None:
    box, client = open_box(misses=0)
    empty = box.ledger, box.requests
    client.enrich(ADA)
    for frame, columns in zip(
        (*empty, box.ledger, box.requests),
        2
        * (
            ["vendor", "endpoint", "identity", "credits", "at"],
            ["vendor", "method", "path", "status", "identities", "fault", "at"],
        ),
        strict=True,
    ):
        assert frame.columns.tolist() == columns
        assert isinstance(frame["at"].dtype, pd.DatetimeTZDtype)
    row = box.requests.iloc[0]
    assert (row["method"], row["status"], row["identities"]) == ("POST", 200, 1)


def test_url_joins_a_running_sandbox(open_box: Open) -> None:
    box, client = open_box(misses=0)
    with Sandbox(url=box.url("crustdata")) as joined:
        client.enrich(ADA)
        assert joined.url("crustdata") == box.url("crustdata")
        assert joined.ledger.equals(box.ledger)
    assert is_listening(box.url("crustdata"))


@pytest.mark.parametrize(
    "url", ["http://example.com", "https://127.0.0.1", "http://127.0.0.1@example.com", "file:///x"]
)
def test_url_outside_loopback_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        Sandbox(url=url)


def test_server_refuses_other_host_headers(open_box: Open) -> None:
    box, client = open_box()
    assert urlsplit(box.url("crustdata")).hostname == "127.0.0.1"
    answer = client.session.get(
        f"{client.base}/__sandbox__/ledger", headers={"Host": "evil.example"}, timeout=60
    )
    assert answer.status_code == 400


def test_server_survives_a_killed_client(open_box: Open) -> None:
    box, _ = open_box(misses=0)
    code = f"""
import os, requests
requests.post({box.url("crustdata")!r} + "/person/enrich",
    json={{"professional_network_profile_urls": [{ADA!r}]}},
    headers={{"Authorization": "Bearer sandbox-key", "x-api-version": "2025-11-01"}})
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    assert box.ledger["identity"].tolist() == ["ada-box-1"]


@pytest.mark.parametrize("death", [signal.SIGTERM, signal.SIGKILL])
def test_server_process_ends_with_its_parent(death: signal.Signals) -> None:
    code = f"""
import os, enrich_pandas as ep
with ep.sandbox(process=True) as box:
    print(box.url("crustdata"), flush=True)
    os.kill(os.getpid(), {int(death)})
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == -death
    deadline = time.monotonic() + 60
    while is_listening(done.stdout.strip()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_listening(done.stdout.strip())


def test_command_prints_addresses_and_stops_on_interrupt() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "enrich_pandas.emulators", "--misses", "0", "--rate", "15"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        vendor, url, *_, key = running.stdout.readline().split()
        assert (vendor, key) == ("crustdata", "sandbox-key")
        with Sandbox(url=url) as box:
            assert box.ledger.empty
        os.kill(running.pid, signal.SIGINT)
        assert running.stdout.read().endswith("Stopped.\n")
        assert running.stderr.read() == ""


def test_latency_and_connections_delay_answers(open_box: Open) -> None:
    box, _ = open_box(latency=0.1, connections=1, misses=0)
    clients = [open_box(url=box.url("crustdata"))[1] for _ in range(3)]
    start = time.perf_counter()
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda client: client.enrich(ADA).status_code, clients))
    assert answers == [200] * 3
    assert time.perf_counter() - start >= 0.3


def test_people_table_replaces_made_up_people(open_box: Open) -> None:
    table = pd.DataFrame(
        {
            "linkedin_url": ["https://www.linkedin.com/in/Zoë-Tabled/", None],
            "email": ["zoe@acme.example", "bob@acme.example"],
            "name": ["Zoë Tabled", "Bob Tabled"],
            "title": ["Boss", None],
            "company": ["Acme", None],
        }
    )
    _, client = open_box(people=table)
    fields = ["basic_profile", "experience", "contact"]
    found, missing = client.enrich(
        "https://www.linkedin.com/in/zo%C3%AB-tabled", ADA, fields=fields
    ).json()
    person = found["matches"][0]["person_data"]
    assert person["basic_profile"]["name"] == "Zoë Tabled"
    assert person["basic_profile"]["current_title"] == "Boss"
    assert person["contact"]["business_emails"] == [
        {"email": "zoe@acme.example", "status": "verified"}
    ]
    assert missing["matches"] == []
    (bob,) = client.enrich(business_emails=["bob@acme.example"], fields=fields).json()
    assert bob["matches"][0]["person_data"]["basic_profile"]["name"] == "Bob Tabled"
    assert client.legacy("https://www.linkedin.com/in/zoë-tabled").json()[0]["title"] == "Boss"
