"""Profiles on other networks have one canonical form; any other text is invalid."""

import pytest
from hypothesis import given, strategies as st

from enrich_pandas.frame import identifiers
from enrich_pandas.frame.cells import InvalidValueError
from enrich_pandas.frame.identifiers import canonical

FACEBOOK = "https://www.facebook.com/ada.sample.7"
TWITTER = "https://www.twitter.com/ada_sample"


@pytest.mark.parametrize(
    "spelling",
    [
        "facebook.com/ada.sample.7",
        "https://www.facebook.com/Ada.Sample.7/",
        "http://m.facebook.com/ada.sample.7?ref=x#y",
        "//en-gb.facebook.com/ada.sample.7",
        "fb.com/ada.sample.7",
    ],
)
def test_facebook_spellings_have_one_canonical_form(spelling):
    assert canonical("facebook_url", spelling) == (FACEBOOK, None)


@pytest.mark.parametrize(
    "spelling",
    ["twitter.com/ada_sample", "https://mobile.twitter.com/Ada_Sample/", "X.com/ada_sample?s=20"],
)
def test_twitter_spellings_have_one_canonical_form(spelling):
    assert canonical("twitter_url", spelling) == (TWITTER, None)
    assert canonical("twitter_url", "@" + "Ada_Sample") == (TWITTER, None)


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        ("facebook_url", "facebook.com/"),
        ("facebook_url", "facebook.com/groups"),
        ("facebook_url", "facebook.com/groups/7"),
        ("facebook_url", "facebook.com/profile.php"),
        ("facebook_url", "facebook.com.evil.example/ada"),
        ("facebook_url", TWITTER),
        ("facebook_url", "Ada Sample"),
        ("twitter_url", "x.com/home"),
        ("twitter_url", "x.com/ada_sample/status/1"),
        ("twitter_url", "ada_sample"),
        ("twitter_url", FACEBOOK),
    ],
)
def test_text_without_a_profile_is_invalid(identifier, text):
    assert canonical(identifier, text) == (None, "not_on_network")


@given(st.text())
def test_any_text_is_canonical_or_invalid(text):
    for read in (identifiers.facebook, identifiers.twitter):
        try:
            found = read(text)
        except InvalidValueError:
            continue
        assert read(found) == found
