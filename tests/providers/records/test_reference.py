"""Hold the reading of records equal to the functions that built models before.

``tests/reference`` has these functions, the records and the comparison. To see the first cells that
differ of one vendor, run this file with ``-k zoho``; ``-m slow`` tries many more records.
"""

import json
import random
from itertools import islice

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from enrich_pandas.models import Email
from enrich_pandas.providers.decoding import decoder_of, read
from enrich_pandas.providers.records import Record, read_models
from tests.reference.comparison import (
    CASES,
    LAYOUTS,
    bare,
    check,
    differences,
    frames_equal,
    frames_of,
    names_of,
    notes_equal,
    notes_of,
    read_all,
    record_type_of,
    shrink,
    unread,
)
from tests.reference.damage import STYLES, VALID, Records, paths_of, records

STYLE_SETS = [["full"], ["clean"], ["odd"], ["damaged"], ["full", "odd", "damaged"]]
COUNT = 600  # records: several chunks and slices, see `small_chunks`
REPEATS = ("screener", "amplemarket-single")  # types whose mapping others share or resemble
EVERY_CASE = pytest.mark.parametrize(
    "label",
    [
        pytest.param(one, marks=pytest.mark.extended) if one.startswith(REPEATS) else one
        for one in CASES
    ],
)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr("enrich_pandas.frame.arrays.CHUNK", 250)
    monkeypatch.setattr("enrich_pandas.providers.records.batch.SLICE", 100)


@pytest.fixture
def case(label):
    return CASES[label]


@pytest.fixture
def registered(case):
    """Return a case whose vendor returns records."""
    if record_type_of(case) is None:
        pytest.skip(f"{case.provider} does not return records of {case.label} yet")
    return case


# -- Records against the reference ---------------------------------------------------------------


@EVERY_CASE
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("styles", [VALID, STYLES], ids=["valid", "damaged"])
def test_frame_of_records_equals_the_reference(registered, layout, styles):
    check(registered, registered.records(COUNT, 1, styles), layout=layout)


@EVERY_CASE
@pytest.mark.parametrize("max_items", [0, 1])
def test_few_items_equal_the_reference(registered, max_items):
    check(registered, registered.records(1_000, seed=2), max_items=max_items)


@EVERY_CASE
@pytest.mark.parametrize("styles", [VALID, STYLES], ids=["valid", "damaged"])
def test_each_field_alone_equals_the_reference(registered, styles):
    raws = registered.records(150, 4, styles)
    for name in names_of(registered, "all"):
        check(registered, raws, [name], max_items=6)


@EVERY_CASE
def test_few_records_equal_the_reference(registered):
    _check_few_records(registered, batches=40)


@EVERY_CASE
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_batches_of_few_records_equal_the_reference(registered):
    _check_few_records(registered, batches=6_000)


def _check_few_records(case, batches):
    """Compare batches in which a column has no null, or nothing but nulls, or one type."""
    for number in range(batches):
        styles = STYLE_SETS[number % len(STYLE_SETS)]
        raws = case.records(number % 5, number, styles)
        check(case, raws, layout=LAYOUTS[number % 2], max_items=1)


@EVERY_CASE
def test_records_without_data_equal_the_reference(registered):
    maker = Records(registered.wire, registered.spine)
    check(registered, [maker.empty()] * 3, max_items=1)
    check(registered, [*registered.records(3, 1, ["full"]), maker.empty()], max_items=1)


@pytest.mark.parametrize("kind", ["people", "companies"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_models_and_records_of_all_types_share_a_frame(kind, layout):
    types = {case: record_type_of(case) for case in CASES.values() if case.kind == kind}
    cases = [case for case, known in types.items() if known]
    if not cases:
        pytest.skip(f"no vendor returns records of {kind} yet")
    old, new = [], []
    for number, raws in enumerate(zip(*(case.records(400, 7) for case in cases), strict=True)):
        for case, raw in zip(cases, raws, strict=True):
            model, _ = case.reference(raw)
            old.append(model if number % 7 else None)
            is_record = number % 7 and len(old) % 3
            new.append(Record(types[case], raw) if is_record else old[-1])
    frames = [frames_of(cases[0], found, layout=layout) for found in (old, new)]
    assert not list(map(str, islice(differences(*frames), 3)))


@EVERY_CASE
def test_models_of_records_equal_the_reference(registered):
    raws, kind = registered.records(600, seed=8), record_type_of(registered)
    for number in range(0, len(raws), 200):
        check(
            registered,
            raws[number : number + 200],
            layout="nested",
            read_new=lambda given: read_models([Record(kind, raw) for raw in given]),
        )
    assert read_models([Record(kind, raws[0])]) == [Record(kind, raws[0]).read()]


@EVERY_CASE
def test_some_fields_equal_the_reference(registered):
    rng, raws = random.Random(5), registered.records(300, seed=5)  # noqa: S311 - not a secret
    for layout in LAYOUTS * 3:
        fields = rng.sample(names_of(registered, "all"), 4)
        check(registered, raws, fields, layout)


@EVERY_CASE
def test_notes_equal_those_of_the_reference(registered):
    raws = registered.records(900, seed=6)
    found = notes_equal(registered, raws, notes_of(registered, raws))
    assert not found, "\n".join(map(str, found[:5]))


@EVERY_CASE
def test_any_record_equals_the_reference(registered):
    _check_any_record(registered, examples=10)


@EVERY_CASE
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_any_of_many_records_equals_the_reference(registered):
    _check_any_record(registered, examples=500)


def _check_any_record(case, examples):
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]

    @settings(max_examples=examples, suppress_health_check=quiet, database=None)
    @given(st.lists(records(case.wire, case.spine), min_size=1, max_size=3))
    def holds(raws):
        check(case, raws)

    holds()


@EVERY_CASE
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_frame_of_many_records_equals_the_reference(registered):
    for seed in range(100, 110):
        raws = registered.records(7_000, seed)
        for layout in LAYOUTS:
            check(registered, raws, layout=layout)


# -- The records ---------------------------------------------------------------------------------


@EVERY_CASE
def test_made_up_records_are_json_and_repeatable(case):
    raws = case.records(300, seed=1)
    assert all(isinstance(json.loads(raw), dict) for raw in raws)
    assert raws == case.records(300, seed=1)
    assert raws != case.records(300, seed=2)


@EVERY_CASE
def test_realistic_records_decode_strictly_and_damaged_ones_leniently(case):
    strict, odd = dict.fromkeys(STYLES, 0), 0
    for number, raw in enumerate(case.records(900, seed=1)):
        try:
            decoder_of(case.wire).decode(raw)
        except msgspec.DecodeError:
            odd += bool(read(raw, case.wire)[1])
        else:
            strict[STYLES[number % 3]] += 1
    assert (strict["clean"], strict["odd"]) == (300, 300)
    assert 60 <= strict["damaged"] <= 180
    assert odd >= 100


@EVERY_CASE
def test_every_field_of_a_wire_type_has_values(case):
    expected = {path for path in paths_of(case.wire) if not is_any(case.wire, path)}
    for seed in (1, 2):
        seen = set()
        for raw in case.records(900, seed):
            collect(read(raw, case.wire)[0], "", seen)
    assert expected - seen == set()


def is_any(wire, path):
    """Return whether a field takes anything; those hold errors and are null in a record."""
    return path in ("error", "error_code", "message") and path in wire.__struct_fields__


def collect(value, path, seen):
    """Collect the paths of the fields that are not null."""
    if isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(type(value)):
            inner = getattr(value, field.name)
            if inner is not None:
                at = f"{path}.{field.encode_name}".lstrip(".")
                seen.add(at)
                collect(inner, at, seen)
    elif isinstance(value, list):
        for one in value:
            collect(one, f"{path}[]", seen)
    elif isinstance(value, dict):
        for one in value.values():
            collect(one, path, seen)


@EVERY_CASE
def test_any_drawn_record_is_read_by_the_reference(case):
    @settings(max_examples=30, database=None, suppress_health_check=list(HealthCheck))
    @given(records(case.wire, case.spine))
    def holds(raw):
        assert case.reference(raw)[0] is not None

    holds()


# -- The comparison ------------------------------------------------------------------------------


def models_of(case, change):
    """Return a reader that changes the models of the reference."""
    return lambda raws: [change(model) for model, _ in map(case.reference, raws)]


@EVERY_CASE
def test_reference_equals_itself_in_all_layouts(case):
    raws = case.records(60, seed=1)
    for layout in LAYOUTS:
        assert not frames_equal(
            case.kind, case.vendor, raws, layout=layout, read_new=models_of(case, lambda one: one)
        )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_wrong_cell_is_shown_with_the_least_record(layout):
    case = CASES["zoho people"]

    def wrong(model):
        kept = [msgspec.structs.replace(one, type=None) for one in model.emails]
        return msgspec.structs.replace(model, emails=kept)

    with pytest.raises(AssertionError) as caught:
        check(case, case.records(60, seed=1), layout=layout, read_new=models_of(case, wrong))
    message = str(caught.value)
    assert "fields=['emails']" in message
    *_, least = (line for line in message.splitlines() if line.startswith("  {"))
    (info,) = json.loads(least)["enriched_data"]["email_infos"]
    assert set(info) == {"email", "type"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_missing_item_and_other_dtype_differ(layout):
    case = CASES["crustdata people"]
    one, two = case.model(emails=[Email(address="a@example.com")]), case.model(skills=["x"])
    old, new = (frames_of(case, [person, two], layout=layout) for person in (one, two))
    assert next(differences(old, new)).record == 0
    frame = new[case.kind]
    changed = {**new, case.kind: frame.assign(connections=frame["connections"].astype("Float64"))}
    assert "dtype" in next(differences(new, changed)).where


def test_null_and_negative_zero_differ():
    case = CASES["crustdata people"]
    people = [case.model(score=score) for score in (None, 0.0, -0.0)]
    (frame,) = frames_of(case, people, ["score"]).values()
    other = frame.assign(score=frame["score"].array[[0, 2, 1]])
    found = list(differences({"people": frame}, {"people": other}))
    assert [one.record for one in found] == [1, 2]


def test_least_record_keeps_what_differs():
    raw = b'{"a": [1, {"b": 2, "c": "x"}], "d": {"b": 2}}'
    assert json.loads(shrink(raw, lambda one: b'"c"' in one)) == {"a": [{"c": "x"}]}
    twice = b'{"a": 1, "a": 2}'
    assert shrink(twice, lambda one: one.count(b'"a"') == 2) == twice


@pytest.mark.parametrize(
    ("label", "fields"),
    [
        ("crustdata people", ["matched_on", "match_type", "match_status"]),
        ("amplemarket people", ["status", "email", "linkedin_id"]),
        ("zoho companies", ["id", "enrich_based_on", "enrich_based_on.social.twitter"]),
    ],
)
def test_fields_that_only_bind_are_not_read(label, fields):
    found = unread(CASES[label])
    assert {"skills", "person_data", "experiences", "website"}.isdisjoint(found)
    assert set(fields) <= found


@EVERY_CASE
def test_notes_with_or_without_the_spine_are_equal(case):
    raws = case.records(90, seed=1)
    notes = [odd for _, odd in read_all(case, tuple(raws))]
    assert not notes_equal(case, raws, notes)
    assert not notes_equal(case, raws, [[bare(case, path) for path in odd] for odd in notes])
    assert notes_equal(case, raws, [[] for _ in raws])
    assert notes_equal(case, raws, [[*odd, "something"] for odd in notes])
