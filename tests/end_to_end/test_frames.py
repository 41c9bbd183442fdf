"""Any frame keeps its rows, index and columns, and gains the new columns.

A provider without a network returns every status, depending on the address. ``-m slow`` tests
20,000 frames, 1,000 arrival orders of the answers, and 10,000 plans.
"""

import hashlib
import io
import random
import time
from collections import Counter
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import enrich_pandas as ep
from enrich_pandas.models import Email, Experience, Person
from enrich_pandas.providers.base import Match, Provider, RateLimit, Status, Wait, batched
from tests.conftest import asked

STATUSES = {"matched", "not_found", "held", "failed", "removed", "pending"}
GIVEN = [Status.MATCHED, Status.NOT_FOUND, Status.HELD, Status.FAILED, Status.REMOVED]
ADDED = "person_"
SOME = 500  # frames with one journal


class Oracle(Provider):
    """Returns a status and a person that depend on the address, each after a random wait."""

    name, kinds, origin, version = "oracle", ("people",), "", "1"
    identifiers: ClassVar = {"people": ("email", "linkedin_url")}
    rate_limit: RateLimit | None = None
    batch_size = 3

    def __init__(self, connections=4, dice=None):
        self.connections, self._dice = connections, dice

    def billed_options(self, kind):
        return {}

    def price(self, kind, batch):
        return 2.0 * len(batch)

    def batches(self, kind, identities):
        return batched(identities, self.batch_size)

    def flow(self, kind, batch):
        if self._dice:
            yield Wait(self._dice.random() / 100)
        return [self._match(identity) for identity in batch]

    def _match(self, identity):
        ((_, value),) = identity.keys
        number = sum(value.encode())
        status = GIVEN[number % len(GIVEN)] if number % 2 else Status.MATCHED
        if status is not Status.MATCHED:
            return Match(identity=identity, status=status, reason="drawn")
        emails = [Email(address=f"{n}-{value}") for n in range(number % 4)]
        jobs = [Experience(company=f"Company {n}") for n in range(number % 3)]
        person = Person(name=f"Name of {value}", emails=emails, experiences=jobs)
        return Match(identity=identity, status=status, model=person, credits=1.0)


EMAILS = st.sampled_from(
    [*(f"p{n}@example.com" for n in range(9)), " P1@EXAMPLE.com ", "mailto:p2@example.com", "n/a"]
)
CELLS = EMAILS | st.sampled_from([None, pd.NA, np.nan, "", 7, 1.5, b"x", True, "p1@@x", "\ud800"])
OTHERS = st.sampled_from(
    [
        lambda size: np.arange(size, dtype="int64") * 2**40,
        lambda size: pd.array([None, *range(size)][:size], dtype="Int64"),
        lambda size: pd.Categorical(["a", "b", "a"] * size, categories=["c", "b", "a"])[:size],
        lambda size: pd.date_range("2024-10-27", periods=size, freq="h", tz="Europe/Paris"),
        lambda size: pd.Series([[1], {"a": 2}, (3,)] * size, dtype=object).iloc[:size].to_numpy(),
        lambda size: pd.arrays.SparseArray(np.zeros(size)),
        lambda size: pd.period_range("2024-01", periods=size, freq="M"),
        lambda size: np.array([np.nan, -0.0, np.inf] * size)[:size],
        lambda size: np.array(["\ud800", "a"] * size, dtype=object)[:size],
    ]
)
INDEXES = st.sampled_from(
    [
        pd.RangeIndex,
        lambda size: pd.RangeIndex(10 * size, 0, -10, name="n")[:size],
        lambda size: pd.Index(["a", "a", "b"] * size, name="k")[:size],
        lambda size: pd.MultiIndex.from_arrays([["a"] * size, range(size)], names=["x", None]),
        lambda size: pd.MultiIndex.from_arrays([["a"] * size, ["b"] * size]),
        lambda size: pd.date_range("2024-10-27", periods=size, freq="h", tz="Europe/Paris"),
        lambda size: pd.interval_range(0, size),
        lambda size: pd.CategoricalIndex(["a", "b"] * size)[:size],
        lambda size: pd.Index([np.nan, None, 1] * size, dtype=object)[:size],
        lambda size: pd.Index([1.5] * size),
        lambda size: pd.Index(["\ud800"] * size, dtype=object),
    ]
)
DAY = pd.Timestamp("2024-01-01")
OPTIONS = {"fields": "all", "progress": None}
LABELS = [7, ("a", "b"), "other", None, DAY, "Other", 1.5, "a b", "", "\ud800"]


@st.composite
def frames(draw):
    """Draw a frame with a column of addresses, other columns of any dtype, and any index."""
    cells = draw(st.lists(CELLS, max_size=9))
    size = len(cells)
    dtype = draw(st.sampled_from([object, object, "string", "category"]))
    texts = [cell if isinstance(cell, str) and cell.isascii() else None for cell in cells]
    emails = pd.Series(cells if dtype is object else texts, dtype=object).astype(dtype)
    labels = draw(st.lists(st.sampled_from(LABELS), max_size=3, unique_by=repr))
    data = [(label, draw(OTHERS)(size)) for label in labels]
    place = draw(st.integers(0, len(data)))
    data.insert(place, ("Email", emails.array))
    # With a dtype, since pandas 3 cannot infer one for text that cannot be encoded.
    columns = [pd.Series(values, dtype=values.dtype) for _, values in data]
    frame = pd.concat(columns, axis="columns", ignore_index=True)
    frame.columns = pd.Index([label for label, _ in data], dtype=object)
    frame.index = draw(INDEXES)(size)
    return frame


def assert_untouched(frame, before):
    pd.testing.assert_frame_equal(frame, before, check_freq=True, check_flags=True)


def assert_kept(result, frame):
    """Assert that a result contains the frame unchanged."""
    assert len(result) == len(frame)
    pd.testing.assert_index_equal(result.index, frame.index, exact=True)
    assert type(result.index) is type(frame.index)
    width = frame.shape[1]
    assert list(map(repr, result.columns[:width])) == list(map(repr, frame.columns))
    for n in range(width):
        old, new = frame.iloc[:, n], result.iloc[:, n]
        pd.testing.assert_series_equal(new, old, check_names=False, check_exact=True)
        assert new.dtype == old.dtype


@pytest.fixture(scope="module")
def promised(tmp_path_factory):
    """Return the new columns and dtypes of each layout, from a frame without rows."""
    nothing = pd.DataFrame({"Email": pd.Series([], dtype=object)})
    with ep.sandbox(journal=tmp_path_factory.mktemp("promised") / "journal.sqlite"):
        return {
            layout: dict(ep.people(nothing, Oracle(), layout=layout, **OPTIONS).dtypes.iloc[1:])
            for layout in ("wide", "nested")
        }


@pytest.mark.parametrize(
    "count", [15, pytest.param(20_000, marks=[pytest.mark.slow, pytest.mark.timeout(14_400)])]
)
def test_any_frame_only_gains_columns(tmp_path, promised, count):
    for start in range(0, count, SOME):  # a journal each, since a large one is slow to read
        with ep.sandbox(journal=tmp_path / f"{start}.sqlite"):
            check_frames(min(SOME, count - start), promised)


def check_frames(count, promised):
    oracle = Oracle()

    @settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        database=None,
    )
    @given(frames(), st.sampled_from(["wide", "nested"]), st.sampled_from(["90D", "0D"]))
    def holds(frame, layout, age):
        before = frame.copy(deep=True)
        on = {"email": "Email"}
        plan = frame.enrich.plan(oracle, on=on, max_age=age)
        result = frame.enrich.people(oracle, on=on, layout=layout, max_age=age, **OPTIONS)
        assert_untouched(frame, before)
        assert_kept(result, frame)
        new = result.iloc[:, frame.shape[1] :]
        assert dict(new.dtypes) == promised[layout]
        status = new["person_status"]
        assert set(status) <= {*Status}
        assert status.eq("invalid").sum() == len(frame) - plan.valid
        assert ep.runs()["credits"][0] <= plan.credits
        names = new.loc[status.eq("matched").to_numpy(), "person_name"]
        addresses = frame["Email"][status.eq("matched").to_numpy()].astype(str).str.strip()
        expected = (
            addresses.str.removeprefix("mailto:").str.replace("EXAMPLE", "example").radd("Name of ")
        )
        assert names.tolist() == expected.tolist()

    holds()


def digest(frame):
    """Return a hash of the Parquet bytes of a frame."""
    written = io.BytesIO()
    frame.to_parquet(written)
    return hashlib.sha256(written.getvalue()).hexdigest()


@pytest.mark.parametrize(
    "count", [5, pytest.param(1_000, marks=[pytest.mark.slow, pytest.mark.timeout(14_400)])]
)
def test_result_does_not_depend_on_the_arrival_order(tmp_path, monkeypatch, count):
    frame = pd.DataFrame({"Email": [f"p{n % 40}@example.com" for n in range(60)]})
    now, seen = time.time(), Counter()
    monkeypatch.setattr(time, "time", lambda: now)  # otherwise each answer has its own time
    for seed in range(count):
        dice = random.Random(seed)  # noqa: S311 - no secret
        with ep.sandbox(journal=tmp_path / f"{seed}.sqlite"):
            bought = frame.enrich.people(Oracle(dice.randint(1, 8), dice), progress=None)
            order = dice.sample(range(60), 60)
            stored = frame.iloc[order].enrich.people(Oracle(), progress=None).sort_index()
        seen[digest(bought)] += 1
        seen[digest(stored.set_axis(frame.index))] += 1
    (times,) = seen.values()
    assert times == 2 * count


VENDORS = [
    lambda: ep.Crustdata(connections=2, rate=RateLimit(10_000, 1)),
    lambda: ep.Crustdata(api="screener", connections=2, rate=RateLimit(10_000, 1)),
    lambda: ep.Amplemarket(rows_at_risk=20, connections=2),
]
BLOCK = 100  # frames with one sandbox, in which more and more answers are stored


def draw_list(dice):
    """Return a frame with people in several spellings, some repeated, and a mask of rows."""
    spell = ["linkedin.com/in/{}", "https://de.linkedin.com/in/{}/", "{}", " LinkedIn.com/in/{}?a"]
    slugs = [f"q{dice.randrange(150)}-example" for _ in range(dice.randint(0, 70))]
    cells = [dice.choice(spell).format(slug) for slug in slugs]
    frame = pd.DataFrame({"LinkedIn": pd.Series(cells, dtype=object)})
    return frame, [dice.random() < 0.9 for _ in cells]


@pytest.mark.parametrize(
    "count", [20, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(14_400)])]
)
def test_plan_matches_requests_and_credits_of_any_list(count):
    dice, spent_by_block = random.Random(count), []  # noqa: S311 - no secret
    for start in range(0, count, BLOCK):
        provider = dice.choice(VENDORS)() if start else VENDORS[0]()
        with ep.sandbox(misses=0.3, seed=start) as box:
            for _ in range(min(BLOCK, count - start)):
                frame, where = draw_list(dice)
                options = {"on": {"linkedin_url": "LinkedIn"}, "where": where}
                made, spent = asked(box), box.ledger["credits"].sum()
                plan = ep.plan(frame, provider, **options)
                assert (asked(box), box.ledger["credits"].sum()) == (made, spent)
                ep.people(frame, provider, progress=None, **options)
                assert asked(box) - made == plan.requests
                assert box.ledger["credits"].sum() - spent <= plan.credits
            runs, spent = ep.runs(), box.ledger["credits"].sum()
            expected, held = runs["credits"].sum(), runs["credits_held"].sum()
            assert expected <= spent <= expected + held
            spent_by_block.append(spent)
    assert all(spent_by_block)
