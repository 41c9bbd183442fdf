"""A JupyterLab for all tests; the sandbox is outside of it, so that its ledger is seen."""

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
    """Return what opens a notebook whose first cell has run."""

    def opened(*cells, kernel="python3"):
        first = BEGIN.format(url=box.url("crustdata"))
        return lab.open(lab.write(f"{request.node.name}.ipynb", [first, *cells], kernel), begin=0)

    return opened


class Ledger:
    """What the vendor has charged, while a cell runs."""

    due = 364  # credits for all of leads.csv

    def __init__(self, box):
        self._box = box

    def spent(self):
        return self._box.ledger["credits"].sum()

    def reaches(self, share):
        """Wait until so much of what is due was charged."""
        until = time.monotonic() + 60
        while self.spent() < share * self.due:
            assert time.monotonic() < until
            time.sleep(0.05)

    def stays(self, seconds=1.5):
        """Tell whether nothing is charged for so long, of what would be due."""
        before = self.spent()
        time.sleep(seconds)
        return before == self.spent() < self.due


@pytest.fixture
def ledger(box):
    return Ledger(box)


@pytest.fixture(scope="session")
def old_kernel(lab, tmp_path_factory):
    """Offer ipykernel 6.31 beside the current one; it comes from the package index."""
    folder = tmp_path_factory.mktemp("ipykernel")
    install = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", sys.executable]
    subprocess.run([*install, "--no-deps", "--target", folder, "ipykernel==6.31.0"], check=True)
    lab.kernel("old", folder)
    return "old"
