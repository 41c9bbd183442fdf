"""One JupyterLab for all tests; the sandbox is in this process, which reads its ledger."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import enrich_pandas as ep
from tests.browser.lab import browser, jupyter

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
BEGIN = """
import sys
import pandas as pd
import enrich_pandas as ep
box = ep.sandbox(url={url!r}).__enter__()
leads = pd.read_csv("data/leads.csv")
"""


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(NOTEBOOKS, folder, dirs_exist_ok=True)
    with browser() as started, jupyter(folder, started) as lab:
        yield lab


@pytest.fixture
def box():
    with ep.sandbox(latency=0.4, connections=2) as box:
        yield box


@pytest.fixture
def begin(lab, box, request):
    """Return a function that opens a notebook and runs its first cell."""

    def open_notebook(*cells, kernel="python3"):
        first = BEGIN.format(url=box.url("crustdata"))
        return lab.open(lab.write(f"{request.node.name}.ipynb", [first, *cells], kernel), begin=0)

    return open_notebook


class Ledger:
    """The credits that the sandbox has charged while a cell runs."""

    total = 364  # credits for leads.csv

    def __init__(self, box):
        self._box = box

    def spent(self):
        return self._box.ledger["credits"].sum()

    def wait_for(self, share):
        """Wait until a share of the total was charged."""
        until = time.monotonic() + 60
        while self.spent() < share * self.total:
            assert time.monotonic() < until
            time.sleep(0.05)

    def is_constant(self, seconds=1.5):
        """Return whether nothing is charged for some seconds, below the total."""
        before = self.spent()
        time.sleep(seconds)
        return before == self.spent() < self.total


@pytest.fixture
def ledger(box):
    return Ledger(box)


@pytest.fixture(scope="session")
def old_kernel(lab, tmp_path_factory):
    """Add a kernel with ipykernel 6.31, which is installed from the package index."""
    folder = tmp_path_factory.mktemp("ipykernel")
    install = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", sys.executable]
    subprocess.run([*install, "--no-deps", "--target", folder, "ipykernel==6.31.0"], check=True)
    lab.kernel("old", folder)
    return "old"
