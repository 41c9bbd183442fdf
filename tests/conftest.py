"""Give each test a journal folder of its own, no key and no network except loopback."""

import dataclasses
import os
import shutil
import tempfile
import threading
from pathlib import Path

import hypothesis
import pytest

import enrich_pandas as ep
from enrich_pandas.emulators.amplemarket.service import AmplemarketJob
from enrich_pandas.emulators.zoho.jobs import ZohoJob
from tests.canaries import Watch

pytest_plugins = ["tests.wire"]

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one
ENOUGH = 4 * 2**30  # bytes; a whole run leaves a tenth of that
# Folders whose files take longest: they start first, so that no worker ends with one of them.
LONGEST = ("tests/kills/", "tests/end_to_end/", "tests/faults/", "tests/project/", "tests/docs/")


def pytest_configure(config):
    config.pluginmanager.register(Watch(), "canaries")
    # A busy machine is no defect, so there is no deadline. The default run tries the same examples
    # each time, so that no change fails by chance; the slow tests try others.
    is_long = config.option.markexpr == "slow"
    hypothesis.settings.register_profile("here", deadline=None, derandomize=not is_long)
    hypothesis.settings.load_profile("here")
    config.option.loadscopereorder = False  # xdist would begin with the files of most tests
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH:
        # A quarter of the time would be the disk's, and no test cuts the power.
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


@pytest.hookimpl(wrapper=True, tryfirst=True)  # around pytest-randomly, which shuffles
def pytest_collection_modifyitems(items):
    """Begin with the longest files."""
    result = yield
    items.sort(key=lambda item: _rank(item.nodeid))
    return result


def _rank(nodeid):
    ranks = (rank for rank, folder in enumerate(LONGEST) if nodeid.startswith(folder))
    return next(ranks, len(LONGEST))


@pytest.hookimpl(optionalhook=True)  # only xdist calls it
def pytest_xdist_auto_num_workers():
    """Run two tests for each core: half of the time they wait for clocks and other processes."""
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


HOUR = (3600.0, 3600.0)


@pytest.fixture
def end_jobs(monkeypatch):
    """Return a function that ends the jobs of a sandbox with `job_seconds=HOUR`, also later ones.

    A job of Amplemarket has found one result until then, if it has several leads.
    """
    ended = threading.Event()
    is_ended, status = ended.is_set, ZohoJob.status.fget

    def due(job, _now):
        return len(job.results) if is_ended() else min(1, len(job.results) - 1)

    def status_now(job):
        return status(dataclasses.replace(job, seconds=0.0) if is_ended() else job)

    monkeypatch.setattr(AmplemarketJob, "due", due)
    monkeypatch.setattr(AmplemarketJob, "left", lambda _job, _now: 0.0 if is_ended() else 1.0)
    monkeypatch.setattr(ZohoJob, "status", property(status_now))
    return ended.set


def sample(values, keep=1):
    """Return parameters: the first ones run by default, the others with `-m extended`."""
    values = list(values)
    return [
        *values[:keep],
        *(pytest.param(one, marks=pytest.mark.extended) for one in values[keep:]),
    ]


def asked(box):
    """Return how many requests were for identities: those for the balance have none."""
    return int((box.requests["identities"] > 0).sum())
