from copy import deepcopy
from dataclasses import replace

import pytest

import enrich_pandas as ep
from enrich_pandas.models import Person
from enrich_pandas.providers.base import Identity, Match, Provider, Request, Response, Status
from enrich_pandas.providers.binding import Reading

ADA = Identity.of(email="ada@example.com")

DATE = "Sat, 21 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("header", "date", "seconds"),
    [
        ("2", DATE, 2.0),
        ("0", DATE, None),
        ("-5", DATE, None),
        ("soon", DATE, None),
        ("Sat, 21 Nov 2026 10:00:05 GMT", DATE, 5.0),
        ("Sat, 21 Nov 2026 09:00:00 GMT", DATE, None),
        ("Sat, 21 Nov 2026 10:00:05 -0000", DATE, None),
        ("Sat, 21 Nov 2026 10:00:05 GMT", "", None),
    ],
)
def test_retry_after_uses_the_date_of_the_response(header, date, seconds):
    response = Response(status=429, headers={"retry-after": header, "date": date})
    assert Provider.retry_after(ep.Crustdata(), response) == seconds


def test_the_order_of_fields_is_not_billed():
    one, two = (
        ep.Crustdata(fields=fields) for fields in (["skills", "education"], ["education", "skills"])
    )
    assert one.billed_options("people") == two.billed_options("people")


@pytest.mark.parametrize(
    ("value", "change"),
    [
        (Match(identity=ADA, status=Status.MATCHED, model=Person(name="Ada")), {"note": "changed"}),
        (Reading(status=Status.MATCHED, model=Person(name="Ada")), {"note": "changed"}),
        (Response(status=200, body=b"Ada"), {"status": 404}),
        (Request(method="GET", path="/", json={"name": "Ada"}), {"credits": 1.0}),
    ],
)
def test_value_of_the_interface_is_immutable(value, change):
    (name,) = change
    changed = replace(value, **change)
    assert getattr(changed, name) == change[name]
    assert changed != value
    assert replace(changed, **{name: getattr(value, name)}) == value
    assert deepcopy(value) == value
    assert "Ada" not in repr(value)
    with pytest.raises(AttributeError):
        setattr(value, name, change[name])
    with pytest.raises(TypeError):
        type(value)("positional")
