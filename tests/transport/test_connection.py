"""Logs of URLs by other libraries are suppressed for calls of this library only."""

import logging
import threading

import pytest

from enrich_pandas.cassette.file import Interaction, Recording, load, save
from enrich_pandas.transport.connection import silence_loggers

URI = "https://vendor.example/?email=ada@example.com"
LOGGERS = ["urllib3.connectionpool", "vcr.request", "vcr.cassette"]


@pytest.mark.parametrize("name", LOGGERS)
def test_loggers_are_silenced_on_one_thread_only(caplog, name):
    logger = logging.getLogger(name)
    with silence_loggers():
        logger.warning("mine")
        other = threading.Thread(target=logger.warning, args=("of another thread",))
        other.start()
        other.join()
    logger.warning("later")
    assert [record.message for record in caplog.records] == ["of another thread", "later"]


def test_cassette_is_written_and_read_without_logs(caplog, tmp_path):
    said = Interaction(method="GET", status=200, uri=URI)
    save(tmp_path / "one.yaml", Recording(interactions=[said]))
    load(tmp_path / "one.yaml")
    assert "example" not in caplog.text
