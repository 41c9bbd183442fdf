"""Every test has a home of its own, no key, no way to the network but loopback, and is watched."""

import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import pytest

import enrich_pandas as ep
from tests.canaries import Watch

pytest_plugins = ["tests.wire"]

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one
ENOUGH = 4 * 2**30  # bytes; a whole run leaves a tenth of that


def pytest_configure(config):
    config.pluginmanager.register(Watch(), "canaries")
    # A busy machine is no defect; and whether a change lands is no matter of luck: the default run
    # tries the same examples each time, and the long one wanders.
    is_long = config.option.markexpr == "slow"
    hypothesis.settings.register_profile("here", deadline=None, derandomize=not is_long)
    hypothesis.settings.load_profile("here")
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH:
        # A quarter of the time would be the disk's, and no test cuts the power.
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


@pytest.hookimpl(optionalhook=True)  # without xdist nothing asks
def pytest_xdist_auto_num_workers():
    """Run two tests a core: half of the time they wait for clocks and other processes."""
    return 2 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


@pytest.fixture(autouse=True)
def clean_home(tmp_path, monkeypatch):
    monkeypatch.setenv("ENRICH_PANDAS_HOME", str(tmp_path / "home"))
    for variable in ("CRUSTDATA_API_KEY",):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def box():
    with ep.sandbox(misses=0) as box:
        yield box


def asked(box):
    """Return how many requests asked about somebody; what is left on the account is no person."""
    return int((box.requests["identities"] > 0).sum())
