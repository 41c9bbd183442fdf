"""Identities are created on access and behave like a list."""

import numpy as np
import pyarrow as pa
import pytest

from enrich_pandas.frame import identities
from enrich_pandas.frame.identities import Identities, take_identities
from enrich_pandas.providers.base import Identity

EMAILS, URLS = pa.array(["a@example.com", "b@example.com"]), pa.array(["https://c.example"])
LISTED = [
    Identity.of(linkedin_url="https://c.example"),
    Identity.of(email="b@example.com"),
    Identity.of(email="a@example.com"),
]


@pytest.fixture
def people() -> Identities:
    return take_identities(["email", "linkedin_url"], [EMAILS, URLS], np.array([2, 1, 0]))


def test_identities_equal_a_list(people) -> None:
    assert people == LISTED
    assert people != LISTED[:2]
    assert [people[place] for place in range(3)] == people[:] == LISTED
    assert (len(people), people.index(LISTED[1]), people[-1]) == (3, 1, LISTED[-1])


def test_identities_are_created_in_pieces(people, monkeypatch) -> None:
    monkeypatch.setattr(identities, "PIECE", 2)
    assert list(people) == LISTED
    assert not list(take_identities(["email"], [EMAILS], np.array([], dtype=int)))
