import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.doctor.live import LiveCheck, Subject

EMAIL = "ada@example.com"
KNOWN = pd.DataFrame({"email": [EMAIL], "name": ["Ada Example"]})


@pytest.fixture
def box():
    """Return a sandbox that knows one person only."""
    with ep.sandbox(people=KNOWN) as box:
        yield box


@pytest.fixture
def checked(box):
    """Return a function that checks an account and returns its findings by name."""

    def check(provider, chosen=EMAIL):
        live = LiveCheck(provider, chosen and Subject("email", chosen), lambda _: None)
        found, path = live.check()
        return found, {one.name: one for one in found.findings}, path

    return check
