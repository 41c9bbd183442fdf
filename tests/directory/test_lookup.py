"""The keys of a column equal those that `canonical` finds cell by cell."""

from collections import defaultdict

import pyarrow as pa
import pytest
from hypothesis import example, given, strategies as st

from enrich_pandas.directory.lookup import PLAIN, KeyColumn, key_of

HOSTS = st.sampled_from(
    [
        *("example.com", "EXAMPLE.com", "www.example.com", "shop.example.co.uk", "example.co.uk"),
        *("xn--bcher-kva.example", "bücher.example", "example.com.", "a--b.example", "gmail.com"),
        *("-bad.example", "example", "example.c0m", "127.0.0.1", "Mail.Example.COM", "github.com"),
    ]
)
LOCALS = st.sampled_from(["ada", "Ada.Example", "a+b", "a..b", ".a", "ä", '"a b"', "a" * 65, "0"])
SLUGS = st.sampled_from(
    [
        *("ada-example", "Ada-Example", "zo%C3%A9-example", "zoé", "ACoAABcdefgh", "acoaabcdefgh"),
        *("ACwAABcdefgh", "undefined", "NULL", "a", "ad", "none", "a_b-c", "ada-example,", "x...y"),
    ]
)
SECTIONS = st.sampled_from(["in", "company", "school", "showcase", "IN", "Company", "pub", "x"])
STARTS = st.sampled_from(["", "https://", "HTTP://www.", "www.", "fr.", "//", "pt-br.", "lnkd."])
ENDS = st.sampled_from(["", "/", "?trk=x", "/?a=b,c", "#x", "/details/", " ", "/a b", "...", ":80"])


@st.composite
def cells(draw):
    kind = draw(st.sampled_from(["mail", "page", "host", "word"]))
    if kind == "mail":
        text = f"{draw(LOCALS)}@{draw(HOSTS)}"
        text = draw(st.sampled_from(["{}", "mailto:{}", "Ada <{}>", " {} ", "{};{}"])).format(
            text, "b@example.com"
        )
    elif kind == "page":
        host = draw(st.sampled_from(["linkedin.com", "LinkedIn.com", "notlinkedin.com"]))
        text = f"{draw(STARTS)}{host}/{draw(SECTIONS)}/{draw(SLUGS)}{draw(ENDS)}"
    elif kind == "host":
        text = draw(STARTS) + draw(HOSTS) + draw(ENDS)
    else:
        text = draw(st.text(max_size=8) | st.sampled_from(["Example  GmbH", "EXAMPLE gmbh", "n/a"]))
    return draw(st.sampled_from([text, text.upper(), f"\u200b{text}", f"\u00a0{text}"]))


@pytest.mark.parametrize("identifier", PLAIN)
@example(column=[f"linkedin.com/{s}/ACoAABcdefgh" for s in ("in", "company")] + [None, ""])
@given(column=st.lists(cells() | st.none(), max_size=12))
def test_key_column_finds_what_canonical_finds(identifier, column):
    expected = defaultdict(set)
    for row, cell in enumerate(column):
        if (key := key_of(identifier, cell)) is not None:
            expected[key].add(row)
    keys = KeyColumn(identifier, pa.array(column, pa.large_string()))
    wanted = [*expected, "https://unknown.example"]
    found = defaultdict(set)
    for place, row in keys.find(wanted):
        found[wanted[place]].add(row)
    assert found == expected
    for cell, value in zip(column, keys.values().to_pylist(), strict=True):
        assert key_of(identifier, cell) in {None, value}
    assert [keys.has_key(row) for row in range(len(column))] == [
        key_of(identifier, cell) is not None for cell in column
    ]


def test_rows_outside_entries_have_no_key():
    column = pa.array(["a@example.com", "Ada <a@example.com>"], pa.large_string())
    keys = KeyColumn("email", column, pa.array([False, True]))
    assert list(keys.find(["a@example.com"])) == [(0, 1)]
