import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.frame.identifiers import IDENTIFIERS, REASONS, canonical
from enrich_pandas.frame.internet import FREE_MAIL
from tests.frame.spellings import CANONICAL, SPELLINGS

URN = "https://www.linkedin.com/in/ACoAABcDeFgHiJkLmNoPq"


def accepted(identifier: str, value: object) -> str:
    found, reason = canonical(identifier, value)
    assert reason is None
    assert found is not None
    return found


def refused(identifier: str, value: object) -> str:
    found, reason = canonical(identifier, value)
    assert found is None
    assert reason in REASONS
    return reason


def test_forty_spellings_have_one_canonical_form() -> None:
    assert len(set(SPELLINGS)) == 40
    assert {accepted("linkedin_url", spelling) for spelling in SPELLINGS} == {CANONICAL}


def test_case_of_a_urn_is_preserved() -> None:
    assert accepted("linkedin_url", URN.replace("www.linkedin", "FR.LinkedIn") + "/?trk=x") == URN


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://www.linkedin.com/company/example", "company_url"),
        ("https://www.linkedin.com/school/example/", "company_url"),
        ("https://www.linkedin.com/showcase/example", "company_url"),
        ("https://www.linkedin.com/sales/people/ACwAAAexample", "sales_url"),
        ("https://www.linkedin.com/sales/lead/ACwAAAexample,NAME_SEARCH,x1", "sales_url"),
        ("https://www.linkedin.com/recruiter/profile/1", "sales_url"),
        ("https://www.linkedin.com/talent/profile/x", "sales_url"),
        ("https://lnkd.in/example", "shortener"),
        ("bit.ly/example", "shortener"),
        ("https://www.linkedin.com/pub/zoe-example/1/2/3", "legacy_url"),
        ("https://www.linkedin.com/profile/view?id=1", "legacy_url"),
        ("https://profiles.example/in/zoe", "not_linkedin"),
        ("https://www.linkedin.com.phish.example/in/zoe", "not_linkedin"),
        ("https://notlinkedin.com/in/zoe", "not_linkedin"),
        ("https://www.linkedin.com/feed/", "not_a_profile"),
        ("linkedin.com/jobs", "not_a_profile"),
        ("https://www.linkedin.com/learning/x", "not_a_profile"),
        ("https://www.linkedin.com/in/", "not_a_profile"),
        ("https://www.linkedin.com", "not_a_profile"),
        ("https://www.linkedin.com/in/zoe%3Fx", "not_a_profile"),
        ("https://www.linkedin.com/in/zoe%2Fx", "not_a_profile"),
        ("https://www.linkedin.com/in/undefined", "placeholder"),
        ("https://www.linkedin.com/in/zoe-exam...", "truncated"),
        ("https://www.linkedin.com/in/zoe-exam…", "truncated"),
        ("https://www.linkedin.com/in/a,https://www.linkedin.com/in/b", "separator"),
        ("https://www.linkedin.com/in/a%2Cb", "separator"),
        ("https://www.linkedin.com/in/a%252Cb", "separator"),
        ("https://www.linkedin.com/in/a\nhttps://www.linkedin.com/in/b", "separator"),
        ("https://www.linkedin.com/in/a\r\nX-Header: 1", "separator"),
        ("https://www.linkedin.com/in/a https://www.linkedin.com/in/b", "separator"),
        ("https://www.linkedin.com/in/a\x00", "control_character"),
        ("https://www.linkedin.com/in/a%00", "control_character"),
        ("https://www.linkedin.com/in/\ud800", "control_character"),
        ("https://www.linkedin.com/in/%E9", "syntax"),
        ("Zoe Example", "syntax"),
        ("https://someone@www.linkedin.com/in/zoe", "syntax"),
        ("https://www.linkedin.com/in/" + "a" * 2048, "too_long"),
    ],
)
def test_url_without_a_profile_is_invalid_with_its_reason(url: str, reason: str) -> None:
    assert refused("linkedin_url", url) == reason


def test_company_page_has_a_canonical_form() -> None:
    spelling = "http://de.linkedin.com/company/Example-Works/about/"
    found = accepted("company_linkedin_url", spelling)
    assert found == "https://www.linkedin.com/company/example-works"
    assert refused("company_linkedin_url", CANONICAL) == "person_url"


@pytest.mark.parametrize(
    ("spelling", "address"),
    [
        (" ada@example.com\u00a0", "ada@example.com"),
        ("\u200bada@example.com", "ada@example.com"),
        ("mailto:ada@example.com?subject=hi", "ada@example.com"),
        ("MAILTO:ada%2Btag@example.com", "ada+tag@example.com"),
        ("<ada@example.com>", "ada@example.com"),
        ('"Example, Ada" <ada@example.com>', "ada@example.com"),
        ("ada@example.com <ada@example.com>", "ada@example.com"),
        ("Ada.L+tag@EXAMPLE.com", "Ada.L+tag@example.com"),
        ("jörg@MÜNCHEN.example", "jörg@xn--mnchen-3ya.example"),
        ("jo\u0308rg@xn--mnchen-3ya.example", "jörg@xn--mnchen-3ya.example"),
        ("a@faß.example", "a@xn--fa-hia.example"),
        ('"a b"@example.com', '"a b"@example.com'),
        ("=1+1@company3.example", "=1+1@company3.example"),
    ],
)
def test_email_keeps_local_part_and_gets_ascii_domain(spelling: str, address: str) -> None:
    assert accepted("email", spelling) == address


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("a@b@example.com", "syntax"),
        ("ada@example.com.", "syntax"),
        ("ada@[192.0.2.1]", "syntax"),
        ("ada@192.0.2.1", "syntax"),
        ("ada@localhost", "syntax"),
        ("ada", "syntax"),
        ("@example.com", "syntax"),
        ("mailto:%FF@example.com", "syntax"),
        ("a@example.com, b@example.com", "separator"),
        ("a@example.com <b@example.com>", "separator"),
        ("a@example.com\nBcc: b@example.com", "separator"),
        ("a\x00@example.com", "control_character"),
        ("a" * 65 + "@example.com", "too_long"),
        ("a@" + "b" * 260 + ".example", "too_long"),
    ],
)
def test_text_without_one_email_is_invalid(cell: str, reason: str) -> None:
    assert refused("email", cell) == reason


@pytest.mark.parametrize(
    ("spelling", "domain"),
    [
        ("https://www.company3.example/about?x#y", "company3.example"),
        ("COMPANY3.example.", "company3.example"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("company1.example.com:8080", "example.com"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("tenant.github.io", "tenant.github.io"),
        ("github.io", "github.io"),
    ],
)
def test_domain_is_reduced_to_the_registrable_domain(spelling: str, domain: str) -> None:
    assert accepted("domain", spelling) == domain


@pytest.mark.parametrize(
    "cell", ["co.uk", "localhost", "192.0.2.1", "a@example.com", "x..com", "a b"]
)
def test_text_without_a_registrable_domain_is_invalid(cell: str) -> None:
    assert refused("domain", cell) == "syntax"


def test_names_keep_spelling_and_lose_extra_blanks() -> None:
    assert accepted("name", "  Zoe\u0301 \u00a0 Example ") == "Zoé Example"
    assert accepted("company", "3M") == "3M"
    assert refused("name", "42") == "syntax"
    assert refused("name", "x" * 257) == "too_long"


@pytest.mark.parametrize("identifier", IDENTIFIERS)
@pytest.mark.parametrize(
    "cell", [None, float("nan"), np.nan, pd.NA, pd.NaT, Decimal("NaN"), "", " \t\n", "\u200b\ufeff"]
)
def test_every_kind_of_null_is_missing(identifier: str, cell: object) -> None:
    assert refused(identifier, cell) == "missing"


@pytest.mark.parametrize("identifier", IDENTIFIERS)
@pytest.mark.parametrize("cell", ["nan", "None", "N/A", "null", "-", "#N/A", " <NA> ", "\u2014"])
def test_placeholder_words_are_recognized(identifier: str, cell: object) -> None:
    assert refused(identifier, cell) == "placeholder"


@pytest.mark.parametrize("identifier", IDENTIFIERS)
@pytest.mark.parametrize(
    "cell",
    [
        b"a@example.com",
        1,
        1e308,
        True,
        ["a@example.com"],
        {"a": 1},
        Path("a"),
        datetime(2024, 1, 1, tzinfo=UTC),
        np.array(["a", None]),
        pd.Series([1, 2]),
    ],
    ids=lambda cell: type(cell).__name__,
)
def test_values_that_are_not_text_are_invalid(identifier: str, cell: object) -> None:
    assert refused(identifier, cell) == "type"


def test_unknown_identifier_raises_an_error_listing_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="linkedin_url"):
        canonical("phone", "1")


TEXT = st.text() | st.text(alphabet="aÀİς.-@/%,:<>()'\"C3A9 \u200d\u0301\n\ud800", max_size=30)
SHAPED = st.one_of(
    TEXT,
    TEXT.map("https://www.linkedin.com/in/{}".format),
    TEXT.map("linkedin.com/{}".format),
    TEXT.map("linkedin.com/company/{}".format),
    st.tuples(TEXT, TEXT).map(lambda parts: f"{parts[0]}@{parts[1]}.example"),
    TEXT.map("{}@example.com".format),
    TEXT.map("Ada <{}@example.com>".format),
    TEXT.map("mailto:{}@example.com".format),
    TEXT.map("{}.example".format),
    st.emails(),
)


@settings(deadline=None)
@given(st.sampled_from([name for name in IDENTIFIERS if name != "email_domain"]), SHAPED)
def test_canonical_form_is_a_fixed_point(identifier: str, text: str) -> None:
    found, reason = canonical(identifier, text)
    if found is None:
        assert reason in REASONS
    else:
        assert canonical(identifier, found) == (found, None)


@settings(deadline=None)
@given(st.sampled_from(["linkedin_url", "email", "domain"]), SHAPED)
def test_canonical_values_can_be_sent(identifier: str, text: str) -> None:
    found, _ = canonical(identifier, text)
    if found is not None:
        assert found.isprintable()
        assert unicodedata.is_normalized("NFC", found)
        found.encode()
        assert "," not in found or identifier == "email"


@settings(deadline=None)
@given(SHAPED)
def test_linkedin_url_is_always_a_person(text: str) -> None:
    found, _ = canonical("linkedin_url", text)
    assert found is None or found.startswith("https://www.linkedin.com/in/")
    assert found is None or found.count("/") == 4


@pytest.mark.parametrize(
    ("identifier", "cell", "found"),
    [
        ("email_domain", "Ada <ada@mail.Company1.example>", ("company1.example", None)),
        ("email_domain", f"ada@{min(FREE_MAIL)}", (None, "free_mail")),
        ("email_domain", "ada", (None, "syntax")),
        ("domain", "https://www.company1.example/about", ("company1.example", None)),
        ("domain", "https://www.linkedin.com/company/example", (None, "social_network")),
        ("domain", "facebook.com/example", (None, "social_network")),
    ],
)
def test_free_mail_and_social_networks_are_not_domains(identifier, cell, found):
    assert canonical(identifier, cell) == found
