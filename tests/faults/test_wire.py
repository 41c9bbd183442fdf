"""F8 to F15, F43 and F47: faults of the connection, compared with the ledger.

The rows of a billed request with a lost answer are held, whether it was accepted or not: only the
ledger knows. A free request is sent again.
"""

import socket
import ssl
import threading
from typing import Any

import pytest
import requests
from urllib3.util import connection

import enrich_pandas as ep
from enrich_pandas.transport.connection import Adapter
from tests.faults.judging import (
    BILLED,
    FREE,
    PROVIDERS,
    SLUGS,
    Case,
    cases,
    counted,
    cut,
    enriched,
    harmless,
    judge,
    lost,
    paged,
    people,
    proven,
    sandbox_name,
)

# The answer

LATE = [
    *lost("F10", "drop_before_accept", accepted=False, delay=1.5),
    *harmless("F10", "drop_before_accept", FREE, delay=1.5),
    *lost("F11", "slow", accepted=True, delay=1.5),
    *harmless("F11", "slow", FREE, delay=1.5),
    *lost("F43", "dripping", accepted=True, delay=0.05, whole=True),
    *harmless("F43", "dripping", FREE, delay=0.05),
    *lost("F43", "interim", accepted=True, delay=0.01, times_100=None),
    *harmless("F43", "interim", FREE, delay=0.01, times_100=None),
]
BROKEN = [
    *lost("F12", "drop_while_sending", accepted=False),
    *lost("F12", "drop_while_sending", accepted=False, at=20),
    *harmless("F12", "drop_while_sending", FREE),
    *lost("F12", "drop_after_accept", accepted=True),
    *lost("F12", "drop_after_accept", accepted=True, by_reset=True),
    *harmless("F12", "drop_after_accept", FREE),
    *cut("F13", "truncated", by_reset=True),
    *harmless("F13", "truncated", FREE, by_reset=True),
    *harmless("F14", "closed"),
    *cut("F15", "truncated"),
    *harmless("F15", "truncated", FREE),
    *cut("F15", "truncated", is_announced=True),
    *harmless("F15", "truncated", FREE, is_announced=True),
    *harmless("F43", "interim"),
]
# One of each kind per vendor; the older API and single lookups run the same way.
PLACES = [("crustdata", "submit"), ("amplemarket", "submit"), ("amplemarket", "page"),
          ("zoho", "submit"), ("zoho", "token")]  # fmt: skip
QUICK = {("F10", "drop_before_accept"), ("F11", "slow"), ("F12", "drop_while_sending"),
         ("F13", "truncated"), ("F14", "closed"), ("F43", "dripping")}  # fmt: skip


def slow(table: list[Case]) -> list[Case]:
    """Return the slow cases."""
    quick = [
        one
        for one in table
        if (one.number, one.fault) in QUICK and (one.vendor, one.where) in PLACES
    ]
    return [one for one in table if one not in quick or one.options.get("at")]


@cases(LATE, slow(LATE))
def test_late_answer_gives_the_expected_statuses(deadline: None, case: Case) -> None:
    judge(case)


@cases(BROKEN, slow(BROKEN))
def test_broken_answer_gives_the_expected_statuses(case: Case) -> None:
    judge(case)


# The connection

TROUBLES = {
    "refused": ConnectionRefusedError(111, "refused"),
    "timeout": TimeoutError(),
    "tls": ssl.SSLError(1, "no TLS"),
    "unreachable": OSError(101, "no route"),
    "dns": socket.gaierror(-2, "unknown"),
}
UNTRUSTED = ssl.SSLCertVerificationError(1, "self-signed certificate")


class Unreachable:
    """Makes a number of connections for one kind of request fail."""

    def __init__(self, monkeypatch: Any, where: str, trouble: Exception, times: int) -> None:
        self.where, self.trouble, self.left, self.failed = where, trouble, times, 0
        self._going, self._lock = threading.local(), threading.Lock()
        connect, send = connection.create_connection, Adapter.send

        def connecting(*args: Any, **options: Any) -> Any:
            if getattr(self._going, "to", None) == self.where and self._strikes():
                raise self.trouble
            return connect(*args, **options)

        def sending(adapter: Any, prepared: Any, **options: Any) -> Any:
            self._going.to = place_of(prepared)
            if self._going.to == self.where:
                adapter.close()  # a kept connection would be used again
            try:
                return send(adapter, prepared, **options)
            finally:
                self._going.to = None

        monkeypatch.setattr(connection, "create_connection", connecting)
        monkeypatch.setattr(Adapter, "send", sending)

    def _strikes(self) -> bool:
        with self._lock:
            self.left -= 1
            self.failed += self.left >= 0
            return self.left >= 0


def place_of(prepared: requests.PreparedRequest) -> str:
    """Return the kind of a request."""
    path = prepared.path_url
    if "/oauth/" in path:
        return "token"
    if "/people/find" in path:
        return "find"
    if prepared.method == "POST" or path.startswith("/screener/"):
        return "submit"
    if "page%5Bafter%5D" in path:
        return "page"
    return "list" if "sort_by" in path else "poll"


def judged(unreachable: Unreachable, box: Any, vendor: str) -> Any:
    frame, error = enriched(people(), PROVIDERS[vendor]())
    proven(box, frame)
    assert unreachable.failed
    again, _ = enriched(people(), PROVIDERS[vendor]())
    assert counted(again) == {"matched": 3}
    assert sorted(box.ledger["identity"].str.rpartition("/")[2]) == SLUGS
    proven(box, again)
    return frame, error


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize(
    ("vendor", "where"),
    [
        pytest.param(*one, marks=[] if one in PLACES[::2] else pytest.mark.slow)
        for one in (*BILLED, *FREE)
    ],
)
def test_unsent_request_is_sent_again(
    monkeypatch: pytest.MonkeyPatch, vendor: str, where: str, trouble: str
) -> None:
    """F8 and F9: one failure, of the connection or of the resolver."""
    with ep.sandbox(misses=0) as box, paged(where):
        unreachable = Unreachable(monkeypatch, where, TROUBLES[trouble], times=1)
        frame, error = judged(unreachable, box, vendor)
        assert (counted(frame), error) == ({"matched": 3}, None)


@pytest.mark.parametrize("trouble", ["refused", "dns"])
@pytest.mark.parametrize(
    ("vendor", "where"),
    [
        pytest.param(*one, marks=[] if one in PLACES[::2] else pytest.mark.slow)
        for one in (*BILLED, *FREE)
    ],
)
def test_unreachable_vendor_stops_the_run(
    monkeypatch: pytest.MonkeyPatch, vendor: str, where: str, trouble: str
) -> None:
    """After three attempts of a request; accepted rows are pending and resumed later."""
    with ep.sandbox(misses=0) as box, paged(where):
        unreachable = Unreachable(monkeypatch, where, TROUBLES[trouble], times=10**6)
        frame, error = enriched(people(), PROVIDERS[vendor]())
        assert isinstance(error, ep.UnavailableError)
        assert unreachable.failed <= 3 * 3 + 1  # and the check of the balance before them
        is_billed = where in ("submit", "find", "token")
        # Rows that were not requested before the run stopped are skipped.
        accepted = set() if is_billed else {"pending"}
        assert accepted <= set(frame["person_status"]) <= accepted | {"skipped"}
        assert box.ledger.empty is is_billed
        unreachable.left = 0
        judged(unreachable, box, vendor)


@pytest.mark.parametrize(("vendor", "where"), [("crustdata", "submit"), ("amplemarket", "poll")])
def test_untrusted_certificate_is_fatal_without_retry(
    monkeypatch: pytest.MonkeyPatch, vendor: str, where: str
) -> None:
    with ep.sandbox(misses=0) as box:
        unreachable = Unreachable(monkeypatch, where, UNTRUSTED, times=10**6)
        _, error = enriched(people(), PROVIDERS[vendor]())
        assert "certificate" in str(error)
        assert unreachable.failed == 1
        unreachable.left = 0
        judged(unreachable, box, vendor)


# Known limits


@pytest.mark.parametrize(("vendor", "where"), BILLED)
def test_proxy_that_sends_twice_is_charged_twice(vendor: str, where: str) -> None:
    """F47: the library cannot prevent it; only Amplemarket charges a person once a day."""
    with ep.sandbox(misses=0) as box:
        box.fault(sandbox_name(vendor), where, "sent_twice")
        frame, _ = enriched(people(), PROVIDERS[vendor]())
        assert counted(frame) == {"matched": 3}
        twice = {"crustdata": 6, "screener": 6, "amplemarket": 3, "single": 3, "zoho": 4}[vendor]
        reported, charged = ep.runs()["credits"].sum(), box.ledger["credits"].sum()
        assert (len(box.ledger), reported) == (twice, charged * 3 / twice)
