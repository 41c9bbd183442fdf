"""Impersonal addresses are recognized by their form, counted in a plan, excluded by where=."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

import enrich_pandas as ep
from enrich_pandas.frame.identities import Identities, count_by_identifiers, identifier_values
from enrich_pandas.frame.impersonal import count_impersonal_rows
from enrich_pandas.frame.internet import DISPOSABLE, FREE_MAIL, ROLES
from enrich_pandas.frame.schema import TEXT
from enrich_pandas.providers.base import Identity

THROWN_AWAY, FREE = min(DISPOSABLE), min(FREE_MAIL)
CATEGORIES = {
    "info@acme.example": "role",
    "  Sales@ACME.example ": "role",
    "mailto:no-reply@acme.example": "role",
    "do_not.reply@acme.example": "role",
    "support+eu@acme.example": "role",
    "kontakt@acme.example": "role",
    f"ada@{THROWN_AWAY}": "disposable",
    f"info@{THROWN_AWAY}": "disposable",
    "test@acme.example": "test",
    f"Test-2@{THROWN_AWAY}": "test",
    "testuser7@acme.example": "test",
}
PERSONAL = [
    *("ada@acme.example", "info.ada@acme.example", "testa@acme.example", "ada+test@acme.example"),
    *(f"ada@{FREE}", "sales", "info@", "n/a", "", None, float("nan"), 7, b"info@acme.example"),
]


@pytest.mark.parametrize("dtype", [object, "category"])
def test_each_category_is_recognized(dtype):
    column = pd.Series([*CATEGORIES, *PERSONAL], dtype=object, name="Email").astype(dtype)
    found = ep.impersonal(column)
    assert found.dropna().tolist() == list(CATEGORIES.values())
    assert found.isna().sum() == len(PERSONAL)
    assert (found.dtype, found.name) == (pd.Series([], dtype=TEXT).dtype, "Email")


@given(st.lists(st.sampled_from([*CATEGORIES, *PERSONAL]), max_size=9))
def test_result_is_matched_by_position(cells):
    column = pd.Series(cells, index=[0] * len(cells), dtype=object)
    found = ep.impersonal(column)
    pd.testing.assert_index_equal(found.index, column.index)
    expected = [CATEGORIES.get(cell) if isinstance(cell, str) else None for cell in cells]
    assert found.astype(object).where(found.notna(), None).tolist() == expected


@pytest.mark.parametrize("given", [["info@acme.example"], "info@acme.example", None])
def test_argument_without_a_series_raises(given):
    with pytest.raises(ep.InputError, match="needs a pandas Series"):
        ep.impersonal(given)


def test_domain_lists_do_not_overlap():
    assert not DISPOSABLE & FREE_MAIL
    assert all(name.isalnum() and name.islower() for name in ROLES)


def test_identities_in_arrays_are_counted_like_objects():
    column = pd.Series([*CATEGORIES, "ada@acme.example", "linkedin.com/in/ada"], dtype=object)
    frame = pd.DataFrame({"Email": column, "LinkedIn": column})
    with ep.sandbox():
        plan = ep.plan(frame, "crustdata")
    assert plan.remarks.impersonal == {"role": 6, "disposable": 2, "test": 3}
    addresses = [Identity.of(email=cell) for cell in ("info@a.example", "ada@a.example")]
    page = Identity.of(linkedin_url="https://www.linkedin.com/in/ada")
    people = [addresses[0], page, addresses[1]]
    arrays = Identities(["email", "linkedin_url"], np.array([0, 1, 0]), _texts(people))
    assert arrays == people
    assert (
        count_impersonal_rows(arrays, [3, 5, 7])
        == count_impersonal_rows(people, [3, 5, 7])
        == {"role": 3}
    )
    assert count_by_identifiers(arrays) == count_by_identifiers(people)
    for name in ("email", "linkedin_url", "domain"):
        (ours, places), (expected, expected_places) = (
            identifier_values(arrays, name),
            identifier_values(people, name),
        )
        assert (ours.to_pylist(), places.tolist()) == (
            expected.to_pylist(),
            expected_places.tolist(),
        )


def _texts(people):
    return pa.array([value for ((_, value),) in (one.keys for one in people)], pa.large_string())


@pytest.mark.parametrize("provider", ["crustdata", ["amplemarket", "crustdata"]])
def test_plan_counts_impersonal_rows_and_where_excludes_them(box, provider):
    leads = pd.DataFrame({"Work Email": ["info@works.example", "ada@works.example"] * 2})
    plan = leads.enrich.plan(provider)
    assert plan.remarks.impersonal == {"role": 2}
    assert "2  rows with a shared mailbox" in str(plan)
    assert "where=ep.impersonal(df['Work Email']).isna()" in str(plan)
    where = ep.impersonal(leads["Work Email"]).isna()
    assert "shared mailbox" not in str(leads.enrich.plan(provider, where=where))
    some = leads.enrich.people(provider, where=where, fields=["name"], progress=None)
    assert some["person_reason"].tolist()[::2] == ["where"] * 2
    every = leads.enrich.people(provider, fields=["name"], progress=None)
    assert set(every["person_status"]) == {"matched"}


def test_shared_mailbox_of_a_company_is_not_counted(box):
    firms = pd.DataFrame({"Email": ["info@works.example"]})
    assert (
        firms.enrich.plan("zoho", kind="companies", on={"email": "Email"}).remarks.impersonal == {}
    )


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        ("crustdata", "2 by linkedin_url, 1 by email. Duplicates"),
        ("zoho", "2 by linkedin_url, 1 by email. Duplicates"),
        (["amplemarket", "crustdata"], "2 by linkedin_url, 1 by email. Duplicates"),
        (ep.Directory(pd.DataFrame({"email": ["a@b.example"], "title": ["Poet"]})), None),
    ],
)
def test_plan_warns_about_people_under_two_identifiers(box, provider, said):
    cells = ["linkedin.com/in/ada-1", "linkedin.com/in/ada-2", None]
    leads = pd.DataFrame({"LinkedIn": cells, "Email": [None, None, "ada@works.example"]})
    shown = str(leads.enrich.plan(provider))
    assert said in shown if said else "charged separately" not in shown
    assert "charged separately" not in str(leads.iloc[:2].enrich.plan(provider))
