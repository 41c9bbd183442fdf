from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pandera.errors
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.frame.cells import factorize
from enrich_pandas.frame.columns import IdentifierColumns, find_columns
from enrich_pandas.frame.validation import FIELDS, Identified, identify, schema
from enrich_pandas.providers.base import Identity, Provider, Status
from tests.frame.spellings import CANONICAL, SPELLINGS

EMAIL = IdentifierColumns({"email": "Email"}, {"email": "on="}, {})
BOTH = IdentifierColumns({"linkedin_url": "LinkedIn", "email": "Email"}, {}, {})
ADA = Identity.of(email="ada@example.com")
ZOE = Identity.of(linkedin_url=CANONICAL)


def results_by_row(identified: Identified) -> list[Any]:
    """Return the identity or the exclusion of each row."""
    results = [*identified.identities, *identified.exclusions]
    return [results[code] for code in identified.codes]


def reasons(identified: Identified) -> list[str]:
    return ["" if isinstance(row, Identity) else row[1] for row in results_by_row(identified)]


def test_forty_spellings_in_forty_rows_are_one_identity(demo: Provider) -> None:
    frame = pd.DataFrame({"LinkedIn": SPELLINGS})
    identified = identify(frame, find_columns(frame, ["linkedin_url"]), demo, "people")
    assert identified.identities == [ZOE]
    assert identified.codes.tolist() == [0] * 40
    assert (identified.valid, identified.invalid) == (40, 0)
    assert identified.failure_cases.empty


def test_each_row_has_an_identity_or_a_reason(demo: Provider) -> None:
    frame = pd.DataFrame(
        {
            "LinkedIn": [SPELLINGS[0], None, "lnkd.in/x", None, "n/a", None, "lnkd.in/y"],
            "Email": [None, "ada@example.com", "ada@example.com", " ", None, "é@example.com", "x"],
        },
        index=[0, 0, 1, 1, 2, 2, 2],
    )
    identified = identify(frame, BOTH, demo, "people")
    assert results_by_row(identified) == [
        ZOE,
        ADA,
        ADA,
        (Status.INVALID, "no_identifier"),
        (Status.INVALID, "linkedin_url:placeholder"),
        (Status.INVALID, "email:english_only"),
        (Status.INVALID, "linkedin_url:shortener"),
    ]
    assert (identified.valid, identified.invalid) == (3, 4)
    assert identified.rows_by_exclusion == [1, 1, 1, 1]


def test_failure_cases_have_the_labels_of_the_frame(demo: Provider) -> None:
    frame = pd.DataFrame(
        {"LinkedIn": ["lnkd.in/x", None, None, "lnkd.in/x"], "Email": [None, [1], None, None]}
    )
    cases = identify(frame, BOTH, demo, "people").failure_cases
    assert tuple(cases.columns) == FIELDS
    assert cases[["column", "check", "failure_case", "index", "rows"]].to_numpy().tolist() == [
        ["LinkedIn", "shortener", "lnkd.in/x", 0, 2],
        ["Email", "type", [1], 1, 1],
        [None, "no_identifier", None, 2, 1],
    ]


def test_invalid_value_beside_a_valid_identifier_is_reported(demo: Provider) -> None:
    frame = pd.DataFrame({"LinkedIn": ["lnkd.in/x"], "Email": ["ada@example.com"]})
    identified = identify(frame, BOTH, demo, "people", errors="raise")
    assert identified.identities == [ADA]
    assert identified.failure_cases["check"].tolist() == ["shortener"]


def test_errors_raise_raises_with_failure_cases(demo: Provider) -> None:
    frame = pd.DataFrame({"Email": ["ada@example.com", "x", "x", None]})
    with pytest.raises(InputError) as raised:
        identify(frame, EMAIL, demo, "people", errors="raise")
    assert isinstance(raised.value.__cause__, pandera.errors.SchemaErrors)
    assert raised.value.failure_cases["check"].tolist() == ["syntax", "no_identifier"]
    assert raised.value.what == "3 of 4 rows are invalid: email:syntax (2), no_identifier (1)."
    assert "@" not in str(raised.value)


def test_unknown_value_of_errors_raises(demo: Provider) -> None:
    with pytest.raises(ConfigurationError, match="coerce"):
        identify(pd.DataFrame({"Email": []}), EMAIL, demo, "people", errors="ignore")


def test_missing_or_duplicate_column_raises(demo: Provider) -> None:
    for frame in (pd.DataFrame({"x": [1]}), pd.DataFrame([[1, 2]], columns=["Email", "Email"])):
        with pytest.raises(InputError, match="Email"):
            identify(frame, EMAIL, demo, "people")


def test_frame_without_rows_has_no_identities(demo: Provider) -> None:
    identified = identify(pd.DataFrame({"Email": []}), EMAIL, demo, "people")
    assert (len(identified.codes), identified.identities, identified.exclusions) == (0, [], [])
    assert tuple(identified.failure_cases.columns) == FIELDS


def test_schema_checks_every_reason_and_provider_rule(demo: Provider) -> None:
    column = schema(demo, "people", BOTH).columns["email"]
    codes = [check.error for check in column.checks]
    assert codes[-1] == "english_only"
    assert {"syntax", "type", "separator"} <= set(codes)
    assert len(codes) == len(set(codes))


def test_valid_but_insufficient_row_is_incomplete(
    demo: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(demo), "identify", lambda *_: None)
    identified = identify(pd.DataFrame({"Email": ["a@example.com"]}), EMAIL, demo, "people")
    assert reasons(identified) == ["incomplete"]
    assert identified.failure_cases["check"].tolist() == ["incomplete"]


MAILS = ["ada@example.com", "x", "ADA@example.com", "ada@EXAMPLE.com", None, "ada@example.com"]
DTYPES = [
    "object",
    "string[python]",
    "string[pyarrow]",
    "category",
    "Sparse[object]",
    pd.ArrowDtype(pa.string()),
    pd.ArrowDtype(pa.large_string()),
    pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())),
    pd.CategoricalDtype(["unused@example.com", *dict.fromkeys(filter(None, MAILS))], ordered=True),
]


def typed(cells: Any, dtype: Any) -> "pd.Series[Any]":
    if isinstance(dtype, pd.ArrowDtype) and pa.types.is_dictionary(dtype.pyarrow_dtype):
        return pd.Series(pd.arrays.ArrowExtensionArray(pa.array(cells).dictionary_encode()))
    return pd.Series(cells, dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_text_dtype_gives_the_same_result(demo: Provider, dtype: Any) -> None:
    frame = pd.DataFrame({"Email": typed(MAILS, dtype)})
    identified = identify(frame, EMAIL, demo, "people")
    upper = Identity.of(email="ADA@example.com")
    assert identified.identities == [ADA, upper]
    assert identified.codes.tolist() == [0, 2, 1, 0, 3, 0]
    assert reasons(identified) == ["", "email:syntax", "", "", "no_identifier", ""]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, 2]),
        pd.Series([1, 2], dtype="Int64"),
        pd.Series([1.5, 2.5]),
        pd.Series([True, False]),
        pd.Series([True, False], dtype="boolean"),
        pd.to_datetime(pd.Series(["2024-01-01", "2024-01-02"])),
        pd.Series(pd.period_range("2024-01", periods=2, freq="M")),
        pd.Series(pd.interval_range(0, 2)),
        pd.Series([1, 2], dtype="Sparse[int]"),
        pd.Series([1, 2], dtype="category"),
        pd.Series([[1], [2]], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
        pd.Series([b"a@example.com", b"b"], dtype=pd.ArrowDtype(pa.binary())),
        pd.Series([b"a@example.com", b"b"]),
        pd.Series([["a@example.com"], {"a": 1}]),
        pd.Series([1, b"a@example.com"], dtype=object),
    ],
    ids=lambda column: str(column.dtype),
)
def test_cells_without_text_are_invalid(demo: Provider, column: "pd.Series[Any]") -> None:
    identified = identify(pd.DataFrame({"Email": column}), EMAIL, demo, "people")
    assert reasons(identified) == ["email:type"] * 2


def test_all_kinds_of_null_have_the_same_reason(demo: Provider) -> None:
    frame = pd.DataFrame(
        {"Email": pd.Series([None, np.nan, pd.NA, pd.NaT, "", "  "], dtype=object)}
    )
    assert reasons(identify(frame, EMAIL, demo, "people")) == ["no_identifier"] * 6


def test_text_with_nul_differs_from_its_prefix(demo: Provider) -> None:
    # pandas before 3 treats the two as equal when it factorizes.
    for dtype in ("object", "string[python]"):
        cells = pd.Series(["ada@example.com", "ada@example.com\0x"], dtype=dtype)
        identified = identify(pd.DataFrame({"Email": cells}), EMAIL, demo, "people")
        assert reasons(identified) == ["", "email:control_character"]


def test_lone_surrogate_is_a_distinct_cell() -> None:
    codes, cells = factorize(pd.Series(["\ud800", "'\\ud800'", None, "\ud800"], dtype=object))
    assert codes.tolist() == [0, 1, -1, 0]
    assert cells == ["\ud800", "'\\ud800'"]


@pytest.mark.parametrize(
    "where",
    [
        [True, False, True],
        np.array([True, False, True]),
        pd.Series([True, False, True], index=["a", "a", "b"]),
        pd.Series([True, None, True], index=["a", "a", "b"], dtype="boolean"),
        pd.Series([True, None, True], index=["a", "a", "b"], dtype=object),
        pd.Series([True, False, True], index=["a", "a", "b"], dtype=pd.ArrowDtype(pa.bool_())),
    ],
    ids=lambda where: f"{type(where).__name__} {getattr(where, 'dtype', '')}",
)
def test_rows_outside_where_are_skipped(demo: Provider, where: Any) -> None:
    frame = pd.DataFrame(
        {"Email": ["x", "b@example.com", "ada@example.com"]}, index=["a", "a", "b"]
    )
    identified = identify(frame, EMAIL, demo, "people", where=where)
    assert results_by_row(identified) == [
        (Status.INVALID, "email:syntax"),
        (Status.SKIPPED, "where"),
        ADA,
    ]
    assert identified.identities == [ADA]
    assert identified.invalid == 1
    assert identified.failure_cases["index"].tolist() == [0]


def test_failure_cases_have_positions_in_the_whole_frame(demo: Provider) -> None:
    frame = pd.DataFrame({"Email": ["a@example.com", "b@example.com", "x"]})
    identified = identify(frame, EMAIL, demo, "people", where=[False, True, True])
    assert identified.failure_cases["index"].tolist() == [2]


@pytest.mark.parametrize(
    "where",
    [
        [True],
        [True] * 4,
        [0, 1, 2],
        ["a", "b", "c"],
        True,
        "tier",
        len,
        pd.Series([True] * 3, index=[2, 1, 0]),
        pd.DataFrame({"a": [True] * 3}),
        np.ones((3, 1), dtype=bool),
    ],
    ids=repr,
)
def test_where_that_does_not_fit_raises(demo: Provider, where: Any) -> None:
    frame = pd.DataFrame({"Email": ["a@example.com"] * 3})
    with pytest.raises(InputError, match="where="):
        identify(frame, EMAIL, demo, "people", where=where)


class Odd:
    """A cell that cannot be compared, hashed or converted to a bool."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    def __bool__(self) -> bool:
        raise ZeroDivisionError


# pandera takes about 10 ms a frame, and the first call imports it.
few = settings(deadline=None, max_examples=40)


CELLS = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.text(alphabet="a@.\0\ud800\n, ", max_size=6),
    st.sampled_from([*SPELLINGS, *filter(None, MAILS), "n/a", "linkedin.com/company/x"]),
    st.sampled_from([pd.NA, pd.NaT, np.nan, b"x", 1, 1.5, True, Odd(), np.datetime64("NaT", "s")]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.none(), max_size=1),
)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.lists(st.tuples(CELLS, CELLS), max_size=8))
    data = {
        "LinkedIn": pd.Series([first for first, _ in rows], dtype=object),
        "Email": pd.Series([second for _, second in rows], dtype=object),
    }
    return pd.DataFrame(data)


@few
@given(frames())
def test_any_cells_give_one_identity_or_reason(demo: Provider, frame: pd.DataFrame) -> None:
    before = {name: [id(cell) for cell in frame[name]] for name in frame}
    identified = identify(frame, BOTH, demo, "people")
    total = len(identified.identities) + len(identified.exclusions)
    assert len(identified.codes) == len(frame)
    assert sorted(set(identified.codes.tolist())) == list(range(total))
    assert len(set(identified.identities)) == len(identified.identities)
    assert len(set(identified.exclusions)) == len(identified.exclusions)
    assert identified.valid + identified.invalid == len(frame)
    assert {name: [id(cell) for cell in frame[name]] for name in frame} == before


@few
@given(frames(), st.randoms())
def test_row_order_does_not_change_the_results(
    demo: Provider, frame: pd.DataFrame, random: Random
) -> None:
    order = list(range(len(frame)))
    random.shuffle(order)
    straight = results_by_row(identify(frame, BOTH, demo, "people"))
    shuffled = results_by_row(identify(frame.iloc[order], BOTH, demo, "people"))
    assert shuffled == [straight[place] for place in order]


@few
@given(frames(), st.data())
def test_where_selects_exactly_its_rows(
    demo: Provider, frame: pd.DataFrame, data: st.DataObject
) -> None:
    size = len(frame)
    where = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    alone = results_by_row(identify(frame.loc[np.array(where, dtype=bool)], BOTH, demo, "people"))
    within = results_by_row(identify(frame, BOTH, demo, "people", where=where))
    selected = [row for row, take in zip(within, where, strict=True) if take]
    assert selected == alone
    assert all(
        row == (Status.SKIPPED, "where")
        for row, take in zip(within, where, strict=True)
        if not take
    )


@few
@given(frames())
def test_every_invalid_row_has_a_failure_case(demo: Provider, frame: pd.DataFrame) -> None:
    identified = identify(frame, BOTH, demo, "people")
    checks = set(identified.failure_cases["check"])
    assert {reason.rpartition(":")[2] for _, reason in identified.exclusions} <= checks
