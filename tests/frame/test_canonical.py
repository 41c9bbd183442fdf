"""The Arrow kernels agree with `canonical`, or return null."""

import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from enrich_pandas.frame.canonical import TEXT, canonicalize_plain
from enrich_pandas.frame.cells import PLACEHOLDERS
from enrich_pandas.frame.identifiers import canonical
from tests.frame.spellings import SPELLINGS

PARTS = {
    "linkedin_url": [
        *("http:", "https://", "HTTPS://", "//", "www.", "fr.", "li.", "m.", "mx.", "hu.", "WWW."),
        *(
            "linkedin.com",
            "LinkedIn.com",
            "linkedin.com.",
            ":443",
            "/",
            "/in/",
            "/IN/",
            "/in",
            "in",
        ),
        *("/company/", "/school/", "/pub/", "ada-example", "Ada_7", "ACoAAB1234567", "AC", "ac"),
        *("?trk=x", "?a:", "#a", "?", "...", "…", "%20", "%C3%A9", ",", ";", "a/b", " ", "\u00a0"),
        *(
            "nan",
            "null",
            "-",
            "0",
            "é",
            "\u017f",
            "\u212a",
            "\u200b",
            "\t",
            "\x7f",
            "in/in/",
            ")",
            "'",
        ),
    ],
    "email": [
        *("ada", "Ada", "a.b", ".", "..", "+x", "@", "example", "EXAMPLE", ".com", ".Com", ".c"),
        *("-", "--", "xn--a", "localhost", ".test", ".TEST", ".arpa", ".example", "1", ".1", "_"),
        *("mailto:", "<", ">", " ", "\u00a0", ",", ";", "é", "\u212a", "a" * 64, "\n", "\x00", '"'),
    ],
    "name": [
        *("Ada", "example", " ", "  ", ".", "-", "n/a", "NA", "None", "0", "7", "é", "\u212a"),
        *("\t", "\u00a0", "\x1f", "\x7f", "\u200b", "(blank)", "a" * 256, "&", "'"),
    ],
}
PARTS |= {"company_linkedin_url": PARTS["linkedin_url"], "title": PARTS["name"]}
PARTS |= {"company": PARTS["name"]}


@pytest.mark.parametrize("identifier", PARTS)
@given(data=st.data())
def test_kernels_agree_with_canonical(identifier, data) -> None:
    pieces = st.sampled_from([*PARTS[identifier], *sorted(PLACEHOLDERS)])
    built = st.lists(pieces, max_size=9).map("".join)
    addresses = st.sampled_from(SPELLINGS).flatmap(
        lambda one: st.tuples(pieces, st.integers(0, len(one))).map(
            lambda at: one[: at[1]] + at[0] + one[at[1] :]
        )
    )
    cells = data.draw(st.lists(built | addresses | st.text(max_size=9), max_size=6))
    values = canonicalize_plain(identifier, pa.array(cells, TEXT)).to_pylist()
    for cell, value in zip(cells, values, strict=True):
        assert value is None or canonical(identifier, cell) == (value, None)


PLAIN = {
    "linkedin_url": [
        ("https://www.linkedin.com/in/Ada-Example_7/?trk=x&a=%20", "ada-example_7"),
        ("fr.linkedin.com/in/ada", "ada"),
        ("  HTTP://LinkedIn.com/in/ada#about ", "ada"),
    ],
    "email": [("Ada.B+x@Mail.example.com ", "Ada.B+x@mail.example.com")],
    "name": [(" Ada O'Example ", "Ada O'Example")],
    "company": [("3 Examples & Sons", "3 Examples & Sons")],
}


@pytest.mark.parametrize("identifier", PLAIN)
def test_kernels_handle_common_spellings(identifier) -> None:
    cells, expected = zip(*PLAIN[identifier], strict=True)
    start = "https://www.linkedin.com/in/" if identifier == "linkedin_url" else ""
    values = canonicalize_plain(identifier, pa.array(cells, TEXT)).to_pylist()
    assert values == [start + value for value in expected]


@pytest.mark.parametrize(
    ("identifier", "cell"),
    [
        ("linkedin_url", "https://www.linkedin.com/in/ACoAABcdEfGhIj"),
        ("linkedin_url", "https://www.linkedin.com/in/undefined"),
        ("linkedin_url", f"linkedin.com/in/a{' ' * 2050}"),
        ("email", f"{'a' * 65}@example.com"),
        ("email", f"a@{'b' * 64}.com"),
        ("email", f"a@{'b.' * 130}com"),
        ("email", "ada@example.test"),
        ("name", f"A{'a' * 256}"),
        ("name", "N/A"),
    ],
)
def test_kernels_return_null_for_unusual_values(identifier, cell) -> None:
    assert canonicalize_plain(identifier, pa.array([cell], TEXT)).to_pylist() == [None]
