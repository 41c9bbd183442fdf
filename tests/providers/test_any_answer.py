"""Any answer that a vendor's schema allows is parsed completely and makes a frame.

Answers are made from the wire types themselves, so that a field that is added to one is tried too.
``-m slow`` makes 100 frames of each.
"""

import types
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import enrich_pandas as ep
from enrich_pandas.models import Company, Model, Person
from enrich_pandas.providers import amplemarket, crustdata, zoho
from enrich_pandas.providers.base import Match, Provider, Status
from enrich_pandas.providers.crustdata import screener
from enrich_pandas.providers.decoding import Day, read
from enrich_pandas.providers.records import Record, RecordType


class Schema(NamedTuple):
    """A wire type, and the function that returns the model of an element."""

    wire: type[msgspec.Struct]
    model_of: Callable[[bytes], Model]

    @classmethod
    def of(cls, kind: RecordType) -> "Schema":
        return cls(kind.wire, lambda raw: Record(kind, raw).read())


SCHEMAS = {
    "crustdata person": Schema.of(crustdata.people.PEOPLE),
    "screener person": Schema.of(screener.people.PEOPLE),
    "amplemarket person": Schema.of(amplemarket.people.SINGLE_PEOPLE),
    "zoho person": Schema.of(zoho.people.PEOPLE),
    "crustdata company": Schema.of(crustdata.companies.COMPANIES),
    "screener company": Schema.of(screener.companies.COMPANIES),
    "amplemarket company": Schema.of(amplemarket.companies.SINGLE_COMPANIES),
    "zoho company": Schema.of(zoho.companies.COMPANIES),
}

# -- Any answer of a schema ----------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=9) | st.sampled_from(
    [
        *("", " ", "0", "-1", "1e9", "null", "a, b", "a@example.com", "https://x.example/in/a?b"),
        *("linkedin.com/in/ada", "example.com", "+1 310-555-0100", "=1+1", "<b>", "\0", "2002"),
        *("2024-07", "11-50", "x" * 3000, "\N{RIGHT-TO-LEFT OVERRIDE}", "https://[", "//"),
    ]
)
DAYS = st.sampled_from(["", "2002", "2002-05", "2002-05-31", "2021-04-01T00:00:00+00:00", 2002])
EDGES = [0, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 2**64 - 1]
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.sampled_from(EDGES)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
PLAIN = {str: TEXTS, int: NUMBERS, float: FLOATS | NUMBERS, bool: st.booleans(), Day: DAYS}
PLAIN |= {type(None): st.none(), Any: ANYTHING}


def answers(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for the JSON that a type allows."""
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return answers(inside[0]).filter(lambda value: fits(value, kind))
    if origin in (Union, types.UnionType):
        return st.one_of(*map(answers, inside))
    if origin is list:
        return st.lists(answers(inside[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(TEXTS, answers(inside[1]), max_size=3)
    if kind in PLAIN:
        return PLAIN[kind]
    return st.deferred(lambda: objects(kind))


def objects(kind: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for the objects of a wire type, with additional fields."""
    hints = get_type_hints(kind, include_extras=True)
    fields = {one.encode_name: answers(hints[one.name]) for one in msgspec.structs.fields(kind)}
    news = st.just({}) | st.fixed_dictionaries({"introduced_yesterday": ANYTHING})
    return st.builds(dict.__or__, st.fixed_dictionaries({}, optional=fields), news)


def fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


# -- Models and frames ---------------------------------------------------------------------------


class Prepared(Provider):
    """A provider that returns the next of some models for each identity."""

    name, kinds, origin, version = "prepared", ("people", "companies"), "", "1"
    identifiers: ClassVar = {"people": ("email",), "companies": ("domain",)}
    rate_limit = None

    def __init__(self, models):
        self._models = models

    def billed_options(self, kind):
        return {}

    def price(self, kind, batch):
        return 0.0

    def batches(self, kind, identities):
        return [list(identities)]

    def flow(self, kind, batch):
        yield from ()
        return [
            Match(identity=identity, status=Status.MATCHED, model=model)
            for identity, model in zip(batch, self._models, strict=True)
        ]


def framed(models, kind, layout):
    people = kind == "people"
    cells = [f"p{n}@example.com" if people else f"p{n}.example" for n in range(len(models))]
    frame = pd.DataFrame({"email" if people else "domain": cells})
    call = frame.enrich.people if people else frame.enrich.companies
    return call(Prepared(models), layout=layout, max_age="0D", progress=None)


@pytest.fixture(scope="module")
def dtypes(tmp_path_factory):
    """Return the dtypes of each frame without answers."""
    with ep.sandbox(journal=tmp_path_factory.mktemp("none") / "journal.sqlite"):
        return {
            (kind, layout): dict(framed([], kind, layout).dtypes.iloc[1:])
            for kind in ("people", "companies")
            for layout in ("wide", "nested")
        }


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize(
    "count", [4, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
def test_any_valid_answer_makes_a_frame(name, count, dtypes, tmp_path):
    wire, model_of = SCHEMAS[name]
    prefix = name.split()[1]
    model, kind = (Person, "people") if prefix == "person" else (Company, "companies")
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]

    @settings(max_examples=count, deadline=None, suppress_health_check=quiet, database=None)
    @given(st.lists(objects(wire), min_size=1, max_size=3))
    def holds(given_):
        models = []
        for answer in given_:
            raw = msgspec.json.encode(answer)
            assert read(raw, wire)[1] == [], answer
            models.append(model_of(raw))
            written = msgspec.json.encode(models[-1])
            assert msgspec.json.decode(written, type=model) == models[-1]
        for layout in ("wide", "nested", "tables"):
            frame = framed(models, kind, layout)
            if layout == "tables":
                frame = frame[kind]
            else:
                assert dict(frame.dtypes.iloc[1:]) == dtypes[kind, layout]
            assert frame[f"{prefix}_status"].eq("matched").all()

    with ep.sandbox(journal=tmp_path / "journal.sqlite"):
        holds()


@pytest.mark.parametrize(
    ("wire", "field", "number"),
    [
        (screener.people.Profile, "num_of_connections", 2**63),
        (screener.companies.Firm, "estimated_revenue_lower_bound_usd", 2**64 - 1),
        (screener.companies.Firm, "estimated_revenue_lower_bound_usd", 1e300),
        (amplemarket.companies.WireCompany, "followers", -1e17),
    ],
)
def test_a_number_out_of_range_is_empty_and_named(wire, field, number):
    element, odd = read(msgspec.json.encode({field: number}), wire)
    assert (getattr(element, field), odd) == (None, [field])
