"""Profiles on other networks: every spelling to one form; anything else is refused, with a code."""

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
def test_spellings_of_a_facebook_profile(spelling):
    assert canonical("facebook_url", spelling) == (FACEBOOK, None)


@pytest.mark.parametrize(
    "spelling",
    ["twitter.com/ada_sample", "https://mobile.twitter.com/Ada_Sample/", "X.com/ada_sample?s=20"],
)
def test_spellings_of_a_twitter_profile(spelling):
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
def test_what_is_no_profile_is_refused(identifier, text):
    assert canonical(identifier, text) == (None, "not_on_network")


@given(st.text())
def test_any_text_is_a_canonical_address_or_refused(text):
    for read in (identifiers.facebook, identifiers.twitter):
        try:
            found = read(text)
        except InvalidValueError:
            continue
        assert read(found) == found
