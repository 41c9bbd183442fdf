"""The list of leads that the notebooks use."""

import runpy
from pathlib import Path

import pandas as pd
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks" / "data"


@pytest.fixture(scope="module")
def leads() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "leads.csv", dtype=str, keep_default_na=False)


def test_leads_file_equals_its_script(leads: pd.DataFrame) -> None:
    made = runpy.run_path(str(FOLDER / "make_leads.py"))["leads"]()
    assert made.equals(leads)


def test_leads_file_has_realistic_defects(leads: pd.DataFrame) -> None:
    assert len(leads) == 500
    urls = leads["LI profile"].str.contains("/in/.", regex=True) & ~leads[
        "LI profile"
    ].str.contains("linkdin")
    emails = leads["Work Email"].str.contains(r"\.example$", regex=True, case=False)
    assert 0.85 <= (urls | emails).mean() <= 0.93
    assert (~urls & emails).mean() >= 0.05
    assert leads["Notes"].str.startswith("=").any()
    assert leads["Full Name"].str.contains(",").any()


def test_decoy_columns_have_no_identifier(leads: pd.DataFrame) -> None:
    assert set(leads["LinkedIn"]) == {"yes", "no", ""}
    assert set(leads["Email opt-in"]) == {"true", "false"}
    others = leads.drop(columns=["LI profile", "Work Email"])
    assert not others.apply(lambda column: column.str.contains("@|/in/")).to_numpy().any()
