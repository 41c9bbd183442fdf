"""What one call does between its plan and its frame."""

from dataclasses import fields, replace

from enrich_pandas.models import Person
from enrich_pandas.pipeline import _without_model
from enrich_pandas.providers.base import Identity, Match, Status


def test_match_without_its_model_keeps_everything_else():
    match = Match(
        identity=Identity.of(email="ada@example.com"),
        status=Status.MATCHED,
        model=Person(name="Ada"),
        reason="odd",
        credits=3.0,
        retry_in=2.0,
        note="a note",
    )
    empty = Match(identity=Identity.of(email="eve@example.com"), status=Status.HELD)
    assert all(getattr(match, one.name) != getattr(empty, one.name) for one in fields(Match))
    assert _without_model(match) == replace(match, model=None)
