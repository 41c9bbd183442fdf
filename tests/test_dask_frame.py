"""A Dask frame gets the same result as the pandas frame, at the same cost."""

import dask
import dask.dataframe as dd
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

import enrich_pandas as ep
import enrich_pandas.dask_frame
from enrich_pandas.report.page import explain

FIELDS = ["name", "title", "connections", "experiences"]
CELLS = [
    "ada@analytical.example",
    " ada@ANALYTICAL.example",
    "bo@works.example",
    "cy@works.example",
    "linkedin.com/in/ada-example",
    "not an address",
    "n/a",
    "",
    None,
]
LEADS = pd.DataFrame(
    {
        "E-mail": pd.Series([CELLS[n % len(CELLS)] for n in range(40)], dtype="str"),
        "Tier": ["A", "B"] * 20,
        "Size": range(40),
    },
    index=[n // 3 for n in range(40)],
)


@pytest.fixture(autouse=True)
def one_thread():
    """Compute the partitions one after the other, without threads."""
    with dask.config.set(scheduler="synchronous"):
        yield


def large(frame=LEADS, partitions=5):
    return dd.from_pandas(frame, npartitions=partitions, sort=False)


def same(found, frame=LEADS, provider="crustdata", **options):
    """Assert that pandas gets the same result from the same journal; text dtypes can differ."""
    expected = ep.people(frame, provider, progress=None, **options)
    own = {label: frame[label].dtype for label in frame}
    pd.testing.assert_frame_equal(found.compute().astype(own), expected)


@pytest.mark.parametrize("layout", ["wide", "nested"])
def test_result_equals_that_of_pandas(box, layout):
    options = {"fields": FIELDS, "layout": layout}
    same(large().enrich.people("crustdata", progress=None, **options), **options)
    assert box.ledger["identity"].is_unique


def test_dtypes_are_known_before_computing(box):
    found = large().enrich.people("crustdata", fields=FIELDS, progress=None)
    assert found.dtypes.equals(found.compute().dtypes)


def test_empty_and_sorted_partitions_equal_pandas(box):
    frame = LEADS.reset_index(drop=True)
    known = dd.from_pandas(frame, npartitions=4)
    holed = dd.concat([known[known["Size"] < 0], known])
    found = holed.enrich.people("crustdata", fields=FIELDS, progress=None)
    same(found, frame, fields=FIELDS)
    assert known.enrich.people("crustdata", fields=["name"], progress=None).known_divisions


def test_frame_without_rows_sends_nothing(box):
    frame = LEADS.iloc[:0]
    same(
        large(frame, 1).enrich.people("crustdata", fields=FIELDS, progress=None),
        frame,
        fields=FIELDS,
    )
    assert box.requests.empty


def test_where_limits_the_requested_rows(box):
    frame = large()
    where = frame["Tier"] == "A"
    found = frame.enrich.people("crustdata", where=where, fields=FIELDS, progress=None)
    same(found, where=LEADS["Tier"] == "A", fields=FIELDS)


def test_several_providers_equal_pandas(box):
    own = ep.Directory(pd.DataFrame({"email": ["bo@works.example"], "title": ["Poet"]}))
    options = {"fields": ["title"], "sources": True}
    found = large().enrich.people([own, "crustdata"], progress=None, **options)
    same(found, provider=[own, "crustdata"], **options)


def test_companies_can_follow_people(box):
    frame = pd.DataFrame({"E-mail": ["a@b-works.example", "c@b-works.example"] * 3})
    both = large(frame, 3).enrich.people("crustdata", fields=["name"], progress=None)
    both = both.enrich.companies("crustdata", fields=["name"], progress=None).compute()
    assert both["company_status"].tolist() == ["matched"] * 6
    assert both["person_status"].tolist() == ["matched"] * 6
    assert len(box.ledger) == 3


def test_columns_without_text_are_invalid_as_in_pandas(box):
    frame = LEADS.assign(**{"E-mail": pd.Series(range(40), index=LEADS.index)})
    options = {"on": {"email": "E-mail"}, "fields": ["name"]}
    same(large(frame).enrich.people("crustdata", progress=None, **options), frame, **options)


def test_plan_equals_that_of_pandas(box):
    plan, expected = large().enrich.plan("crustdata"), ep.plan(LEADS, "crustdata")
    for name in ("rows", "valid", "distinct", "refused", "requests", "credits"):
        assert getattr(plan, name) == getattr(expected, name)
    assert box.requests.empty


def test_computing_again_sends_nothing(box):
    found = large().enrich.people("crustdata", fields=FIELDS, progress=None)
    before = len(box.requests)
    found.compute(), found.head(3), found["person_name"].compute(), len(found)
    assert len(box.requests) == before


def test_budget_limits_the_spending(box):
    found = large().enrich.people("crustdata", fields=["name"], budget=2, progress=None)
    assert len(box.ledger) == 2
    assert "skipped" in found["person_status"].compute().tolist()


def test_handle_returns_the_frame_so_far(box):
    handle = large().enrich.people("crustdata", fields=["name"], progress=None, wait=False)
    assert len(handle.wait()) == len(LEADS)
    assert len(handle.result()) == len(LEADS)


def test_frame_that_changes_raises(box):
    cells = iter([["a@b.example"]] * 2 + [["other@b.example"]] * 9)

    def changing(part):
        return part.assign(email=pd.Series(next(cells), index=part.index, dtype="str"))

    base = large(pd.DataFrame({"n": [1]}), 1)
    frame = base.map_partitions(changing, meta=pd.DataFrame({"n": [1], "email": ["x"]}))
    found = frame.enrich.people("crustdata", fields=["name"], progress=None)
    with pytest.raises(ep.InputError, match="rows that it did not have"):
        found.compute()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "tables"}, "nested"),
        ({"where": LEADS["Tier"] == "A"}, "Dask Series"),
        ({"on": {"email": "Colour"}}, "Colour"),
        ({"fields": ["colour"]}, "colour"),
    ],
)
def test_invalid_arguments_raise_before_any_request(box, options, message):
    with pytest.raises((ep.ConfigurationError, ep.InputError), match=message):
        large().enrich.people("crustdata", progress=None, **options)
    assert box.requests.empty


INVENTED = {"name": ["foo", "foo"], "company": ["foo", "foo"]}  # as Dask invents them
CALLS = {
    "people": {"provider": "amplemarket", "fields": FIELDS},
    "companies": {"provider": "crustdata", "on": {"company": "company"}, "fields": ["name"]},
}


@pytest.fixture
def untouched(socket_disabled, tmp_path):
    """Block sockets, and assert that no journal was created. No key is set."""
    yield
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("layout", ["wide", "nested"])
@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("sources", [False, True])
def test_rows_invented_by_dask_are_never_sent(untouched, kind, layout, sources):
    seen = []

    def enriched(part):
        result = getattr(part.enrich, kind)(**CALLS[kind], layout=layout, sources=sources)
        seen.append(result)
        return result

    built = large(pd.DataFrame(INVENTED), 1).map_partitions(enriched)
    (invented,) = seen
    stem = "person" if kind == "people" else "company"
    assert set(invented[f"{stem}_status"]) == {"skipped"}
    assert set(invented[f"{stem}_reason"]) == {"meta"}
    assert built.columns.tolist() == invented.columns.tolist()


@pytest.mark.filterwarnings("ignore:`meta` is not specified")
@pytest.mark.parametrize(
    "infer",
    [
        lambda frame, call: frame.map_partitions(call),
        lambda frame, call: frame.map_overlap(call, 0, 0),
        lambda frame, call: frame.groupby("company").apply(call),
        lambda frame, call: frame.reduction(call).dtypes,
    ],
)
@pytest.mark.parametrize("provider", ["amplemarket", ["amplemarket", "crustdata"]])
def test_schema_inference_by_dask_sends_nothing(untouched, infer, provider):
    reasons = []

    def enriched(part):
        result = part.enrich.people(provider, fields=["name"])
        reasons.extend(result["person_reason"])
        return result

    infer(large(pd.DataFrame(INVENTED), 1), enriched)
    assert set(reasons) <= {"meta"}


@pytest.mark.parametrize("provider", ["amplemarket", ["amplemarket", "crustdata"]])
def test_plan_of_invented_rows_opens_no_journal(untouched, provider):
    quotes = []

    def quoted(part):
        quotes.append(part.enrich.plan(provider))
        return part

    large(pd.DataFrame(INVENTED), 1).map_partitions(quoted)
    (quote,) = quotes
    assert (quote.requests, quote.credits, quote.rows) == (0, 0, 2)
    assert quote.refused == {("skipped", "meta"): 2}
    assert "made up the row" in explain(*next(iter(quote.refused)))


def test_handle_inside_map_partitions_raises(untouched):
    with pytest.raises(ValueError, match="wait=False returns a handle"):
        large().map_partitions(lambda part: part.enrich.people(wait=False))


@pytest.mark.parametrize("provider", ["crustdata", ["crustdata", "amplemarket"]])
@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_real_rows_like_invented_ones_are_sent(box, provider, scheduler):
    def enriched(part):
        return part.enrich.people(provider, fields=["name"], sources=True, progress=None)

    frame = pd.DataFrame({"E-mail": ["foo@works.example", "a@works.example"]})
    built = large(frame, 2).map_partitions(enriched)
    assert box.requests.empty
    with dask.config.set(scheduler=scheduler):
        found = built.compute()
    assert found["person_status"].tolist() == ["matched", "matched"]
    assert built.dtypes.equals(found.dtypes)  # the inferred dtypes were right


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_from_map_requests_the_first_partition_once(box, scheduler):
    parts = [pd.DataFrame({"E-mail": [f"{name}@works.example"]}) for name in ("ada", "bo")]

    def enriched(number):
        return parts[number].enrich.people(fields=["name"], progress=None)

    with dask.config.set(scheduler=scheduler):
        built = dd.from_map(enriched, [0, 1])
        assert built.columns[-1] == "person_name"
        assert len(box.ledger) == 1  # the answers of the first partition are stored
        assert built.compute()["person_status"].tolist() == ["matched", "matched"]
    assert box.ledger["identity"].is_unique


@settings(max_examples=8, deadline=None)
@given(cells=st.lists(st.sampled_from(CELLS), max_size=25), partitions=st.integers(1, 4))
def test_any_list_equals_pandas(cells, partitions):
    frame = pd.DataFrame({"E-mail": pd.Series(cells, dtype="str"), "n": range(len(cells))})
    with ep.sandbox(misses=0.3), dask.config.set(scheduler="synchronous"):
        options = {"on": {"email": "E-mail"}, "fields": ["name", "title"]}
        found = large(frame, partitions).enrich.people("crustdata", progress=None, **options)
        same(found, frame, **options)


def test_module_registers_the_accessor():
    assert enrich_pandas.dask_frame.NAME in dir(dd.DataFrame)
