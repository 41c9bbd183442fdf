import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.doctor.canary import Canary, Subject

EMAIL = "ada@example.com"
KNOWN = pd.DataFrame({"email": [EMAIL], "name": ["Ada Example"]})


@pytest.fixture
def box():
    """Return a sandbox in which one person is known, and nobody else."""
    with ep.sandbox(people=KNOWN) as box:
        yield box


@pytest.fixture
def checked(box):
    """Return a function that checks an account, and gives its findings by name."""

    def check(provider, chosen=EMAIL):
        canary = Canary(provider, chosen and Subject("email", chosen), lambda _: None)
        found, path = canary.check()
        return found, {one.name: one for one in found.findings}, path

    return check
