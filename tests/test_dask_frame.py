"""A Dask frame gets what the same pandas frame gets, row by row, and pays no more."""

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
    """Let the partitions be computed one after the other, without threads of Dask."""
    with dask.config.set(scheduler="synchronous"):
        yield


def large(frame=LEADS, partitions=5):
    return dd.from_pandas(frame, npartitions=partitions, sort=False)


def same(found, frame=LEADS, provider="crustdata", **options):
    """Compare with what pandas gets from the same journal; Dask has its own type of text."""
    expected = ep.people(frame, provider, progress=None, **options)
    own = {label: frame[label].dtype for label in frame}
    pd.testing.assert_frame_equal(found.compute().astype(own), expected)


@pytest.mark.parametrize("layout", ["wide", "nested"])
def test_the_same_as_pandas_row_by_row(box, layout):
    options = {"fields": FIELDS, "layout": layout}
    same(large().enrich.people("crustdata", progress=None, **options), **options)
    assert box.ledger["identity"].is_unique


def test_the_types_are_known_before_anything_is_computed(box):
    found = large().enrich.people("crustdata", fields=FIELDS, progress=None)
    assert found.dtypes.equals(found.compute().dtypes)


def test_empty_partitions_and_sorted_ones_are_no_exception(box):
    frame = LEADS.reset_index(drop=True)
    known = dd.from_pandas(frame, npartitions=4)
    holed = dd.concat([known[known["Size"] < 0], known])
    found = holed.enrich.people("crustdata", fields=FIELDS, progress=None)
    same(found, frame, fields=FIELDS)
    assert known.enrich.people("crustdata", fields=["name"], progress=None).known_divisions


def test_a_frame_without_rows_is_answered_without_a_request(box):
    frame = LEADS.iloc[:0]
    same(
        large(frame, 1).enrich.people("crustdata", fields=FIELDS, progress=None),
        frame,
        fields=FIELDS,
    )
    assert box.requests.empty


def test_only_the_rows_that_are_wanted_are_asked_about(box):
    frame = large()
    where = frame["Tier"] == "A"
    found = frame.enrich.people("crustdata", where=where, fields=FIELDS, progress=None)
    same(found, where=LEADS["Tier"] == "A", fields=FIELDS)


def test_several_providers_in_order(box):
    own = ep.Directory(pd.DataFrame({"email": ["bo@works.example"], "title": ["Poet"]}))
    options = {"fields": ["title"], "sources": True}
    found = large().enrich.people([own, "crustdata"], progress=None, **options)
    same(found, provider=[own, "crustdata"], **options)


def test_companies_beside_people(box):
    frame = pd.DataFrame({"E-mail": ["a@b-works.example", "c@b-works.example"] * 3})
    both = large(frame, 3).enrich.people("crustdata", fields=["name"], progress=None)
    both = both.enrich.companies("crustdata", fields=["name"], progress=None).compute()
    assert both["company_status"].tolist() == ["matched"] * 6
    assert both["person_status"].tolist() == ["matched"] * 6
    assert len(box.ledger) == 3


def test_columns_of_other_types_are_refused_alike(box):
    frame = LEADS.assign(**{"E-mail": pd.Series(range(40), index=LEADS.index)})
    options = {"on": {"email": "E-mail"}, "fields": ["name"]}
    same(large(frame).enrich.people("crustdata", progress=None, **options), frame, **options)


def test_a_plan_counts_rows_as_pandas_does(box):
    mine, theirs = large().enrich.plan("crustdata"), ep.plan(LEADS, "crustdata")
    for name in ("rows", "valid", "distinct", "refused", "requests", "credits"):
        assert getattr(mine, name) == getattr(theirs, name)
    assert box.requests.empty


def test_computing_again_asks_nobody(box):
    found = large().enrich.people("crustdata", fields=FIELDS, progress=None)
    before = len(box.requests)
    found.compute(), found.head(3), found["person_name"].compute(), len(found)
    assert len(box.requests) == before


def test_a_budget_is_a_wall_and_the_rest_says_so(box):
    found = large().enrich.people("crustdata", fields=["name"], budget=2, progress=None)
    assert len(box.ledger) == 2
    assert "skipped" in found["person_status"].compute().tolist()


def test_a_handle_waits_and_gives_the_frame_so_far(box):
    handle = large().enrich.people("crustdata", fields=["name"], progress=None, wait=False)
    assert len(handle.wait()) == len(LEADS)
    assert len(handle.result()) == len(LEADS)


def test_rows_that_were_not_there_when_they_were_asked_about_are_refused(box):
    cells = iter([["a@b.example"]] * 2 + [["other@b.example"]] * 9)

    def changing(part):
        return part.assign(email=pd.Series(next(cells), index=part.index, dtype="str"))

    base = large(pd.DataFrame({"n": [1]}), 1)
    frame = base.map_partitions(changing, meta=pd.DataFrame({"n": [1], "email": ["x"]}))
    found = frame.enrich.people("crustdata", fields=["name"], progress=None)
    with pytest.raises(ep.InputError, match="rows that it did not have"):
        found.compute()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"layout": "tables"}, "nested"),
        ({"where": LEADS["Tier"] == "A"}, "Dask series"),
        ({"on": {"email": "Colour"}}, "Colour"),
        ({"fields": ["colour"]}, "colour"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_asked(box, options, said):
    with pytest.raises((ep.ConfigurationError, ep.InputError), match=said):
        large().enrich.people("crustdata", progress=None, **options)
    assert box.requests.empty


MADE_UP = {"name": ["foo", "foo"], "company": ["foo", "foo"]}  # as Dask has made them up
CALLS = {
    "people": {"provider": "amplemarket", "fields": FIELDS},
    "companies": {"provider": "crustdata", "on": {"company": "company"}, "fields": ["name"]},
}


@pytest.fixture
def untouched(socket_disabled, tmp_path):
    """See that there is neither a socket nor a journal; nor is there a key."""
    yield
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("layout", ["wide", "nested"])
@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("sources", [False, True])
def test_rows_that_dask_makes_up_are_never_sent(untouched, kind, layout, sources):
    seen = []

    def enriched(part):
        result = getattr(part.enrich, kind)(**CALLS[kind], layout=layout, sources=sources)
        seen.append(result)
        return result

    built = large(pd.DataFrame(MADE_UP), 1).map_partitions(enriched)
    (made_up,) = seen
    stem = "person" if kind == "people" else "company"
    assert set(made_up[f"{stem}_status"]) == {"skipped"}
    assert set(made_up[f"{stem}_reason"]) == {"meta"}
    assert built.columns.tolist() == made_up.columns.tolist()


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
def test_whatever_dask_infers_is_never_sent(untouched, infer, provider):
    reasons = []

    def enriched(part):
        result = part.enrich.people(provider, fields=["name"])
        reasons.extend(result["person_reason"])
        return result

    infer(large(pd.DataFrame(MADE_UP), 1), enriched)
    assert set(reasons) <= {"meta"}


@pytest.mark.parametrize("provider", ["amplemarket", ["amplemarket", "crustdata"]])
def test_a_plan_of_rows_that_dask_makes_up_opens_no_journal(untouched, provider):
    quotes = []

    def quoted(part):
        quotes.append(part.enrich.plan(provider))
        return part

    large(pd.DataFrame(MADE_UP), 1).map_partitions(quoted)
    (quote,) = quotes
    assert (quote.requests, quote.credits, quote.rows) == (0, 0, 2)
    assert quote.refused == {("skipped", "meta"): 2}
    assert "made up the row" in explain(*next(iter(quote.refused)))


def test_a_handle_is_refused_where_dask_wants_columns(untouched):
    with pytest.raises(ValueError, match="wait=False returns a handle"):
        large().map_partitions(lambda part: part.enrich.people(wait=False))


@pytest.mark.parametrize("provider", ["crustdata", ["crustdata", "amplemarket"]])
@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_rows_that_look_made_up_and_are_not_are_sent(box, provider, scheduler):
    def enriched(part):
        return part.enrich.people(provider, fields=["name"], sources=True, progress=None)

    frame = pd.DataFrame({"E-mail": ["foo@works.example", "a@works.example"]})
    built = large(frame, 2).map_partitions(enriched)
    assert box.requests.empty
    with dask.config.set(scheduler=scheduler):
        found = built.compute()
    assert found["person_status"].tolist() == ["matched", "matched"]
    assert built.dtypes.equals(found.dtypes)  # what was inferred was true


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_what_a_task_holds_is_real_though_dask_learns_the_columns_by_it(box, scheduler):
    parts = [pd.DataFrame({"E-mail": [f"{name}@works.example"]}) for name in ("ada", "bo")]

    def enriched(number):
        return parts[number].enrich.people(fields=["name"], progress=None)

    with dask.config.set(scheduler=scheduler):
        built = dd.from_map(enriched, [0, 1])
        assert built.columns[-1] == "person_name"
        assert len(box.ledger) == 1  # the first partition, which is kept
        assert built.compute()["person_status"].tolist() == ["matched", "matched"]
    assert box.ledger["identity"].is_unique


@settings(max_examples=8, deadline=None)
@given(cells=st.lists(st.sampled_from(CELLS), max_size=25), partitions=st.integers(1, 4))
def test_any_list_gets_what_pandas_gets(cells, partitions):
    frame = pd.DataFrame({"E-mail": pd.Series(cells, dtype="str"), "n": range(len(cells))})
    with ep.sandbox(misses=0.3), dask.config.set(scheduler="synchronous"):
        options = {"on": {"email": "E-mail"}, "fields": ["name", "title"]}
        found = large(frame, partitions).enrich.people("crustdata", progress=None, **options)
        same(found, frame, **options)


def test_the_accessor_is_there_with_the_module():
    assert enrich_pandas.dask_frame.NAME in dir(dd.DataFrame)
