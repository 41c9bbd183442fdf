"""Searching people in raw answers: any spelling is found, other bodies are skipped fast."""

import json
from unicodedata import normalize
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, strategies as st

from enrich_pandas.journal.erasure import (
    _FOLDED_TO_ASCII,
    TextMatcher,
    _folded,
    _legible,
    keys_in,
    remove_elements,
)
from enrich_pandas.journal.suppression import identifier_keys, model_keys
from enrich_pandas.models import Company, Email, Person

letters = st.characters(
    codec="utf-8", categories=["L", "Nd"], exclude_characters="\u0130\u017f\u212a"
)
names = st.text(letters, min_size=1, max_size=12)
slugs = st.lists(names, min_size=1, max_size=3).map("-".join)
spellings = st.sampled_from(
    [
        str,
        str.upper,
        lambda text: normalize("NFD", text),
        quote,
        lambda text: quote(quote(text)),
        lambda text: quote(normalize("NFD", text).upper()),
    ]
)
writings = st.sampled_from(
    [
        lambda value: json.dumps(value).encode(),
        lambda value: json.dumps(value, ensure_ascii=False).encode(),
        lambda value: json.dumps(value).encode()[:-1],  # cut
        msgspec.json.encode,
    ]
)


def traced(model) -> TextMatcher:
    return TextMatcher.of(set(model_keys(model)))


@given(slugs, spellings, spellings, writings)
def test_profile_url_is_found_in_any_spelling(slug, stored, sent, write):
    """Two URLs with one comparable key are found in place of each other."""
    mine = Person(linkedin_url=f"https://www.linkedin.com/in/{stored(slug)}")
    theirs = Person(linkedin_url=f"https://www.linkedin.com/in/{sent(slug)}")
    if set(model_keys(mine)) & set(model_keys(theirs)):
        assert traced(mine).may_be_in(write([{"model": msgspec.to_builtins(theirs)}]))


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=9), st.booleans(), writings)
def test_email_is_found_with_any_characters(local, is_upper, write):
    address = f"{local}@example.com"
    mine = Person(emails=[Email(address=address)])
    theirs = Person(emails=[Email(address=address.upper() if is_upper else address)])
    if set(model_keys(mine)) & set(model_keys(theirs)):
        assert traced(mine).may_be_in(write([msgspec.to_builtins(theirs)]))


@pytest.mark.parametrize("domain", ["müller.example", "xn--mller-kva.example", "MÜLLER.example"])
def test_domain_is_found_in_unicode_and_punycode(domain):
    trace = traced(Company(domain="xn--mller-kva.example"))
    assert trace.may_be_in(json.dumps({"domain": domain}, ensure_ascii=False).encode())
    assert trace.may_be_in(json.dumps({"domain": domain}).encode())


def test_combined_identifiers_are_found_by_the_longest():
    named = {"name": 'Ada "the" Countess', "company": "Acme"}
    trace = TextMatcher.of(identifier_keys("people", named))
    assert trace.may_be_in(msgspec.json.encode(sorted(named.items())))
    assert not trace.may_be_in(b'[["company","acme"],["name","bo example"]]')


def test_company_is_found_by_domain_and_page():
    body = b'{"site": "https://www.Acme.example/about", "page": "LinkedIn.com\\/company\\/acme-7"}'
    named = {"domain domain:acme.example", "company_linkedin_url page:acme-7"}
    assert named <= keys_in(body, "companies")
    assert not keys_in(b'{"name": "Acme", "share": "2,5"}', "companies")


@given(slugs, spellings, writings)
def test_keys_of_a_person_are_found_in_answers(slug, sent, write):
    person = Person(
        linkedin_url=f"https://www.linkedin.com/in/{sent(slug)}",
        emails=[Email(address="Bo.Example+1@mail.example")],
    )
    assert set(model_keys(person)) <= keys_in(write([msgspec.to_builtins(person)]), "people")


@given(slugs, writings)
def test_unrelated_bodies_are_skipped_and_kept(slug, write):
    trace = TextMatcher.of(
        identifier_keys("people", {"linkedin_url": "https://www.linkedin.com/in/ada-7-example"})
    )
    body = write([{"url": f"https://www.linkedin.com/in/{slug}", "share": "50%"}])
    assert trace.may_be_in(body) == ("ada-7-example" in slug.lower())
    assert remove_elements(body, trace) is body


def test_truncated_answer_about_others_is_kept():
    """It cannot be parsed and is kept despite its escapes."""
    trace = TextMatcher.of(
        identifier_keys("people", {"linkedin_url": "https://www.linkedin.com/in/ada"})
    )
    for body in (b'[{"name": "B\\u00f6", "sh', b'[{"url": "linkedin.com/in/b%C3%B6", "sh'):
        assert remove_elements(body, trace) is body
    assert remove_elements(b'[{"url": "linkedin.com\\/in\\/\\u0061da", "sh', trace) == b""


odd = st.text(
    st.sampled_from("adaADA\u00e9/%4\\u0\u00df\u017f\ufb01\u212a\u0130;e\u0301"), max_size=12
)


def folding(slug):
    return slug.replace("s", "\u017f").replace("k", "\u212a").replace("fi", "\ufb01")


@given(st.sampled_from(["ada", "a.da", "kai", "file", "ss;"]), odd, odd, st.booleans())
def test_fast_search_finds_all_that_parsing_finds(slug, before, after, is_ascii):
    trace = TextMatcher.of([f"linkedin_url https://www.linkedin.com/in/{slug}"])
    for meant in (slug.upper(), folding(slug)):
        body = json.dumps(before + meant + after, ensure_ascii=is_ascii).encode()
        is_read = any(word in _folded(_legible(body)) for word in trace.words)
        assert trace.may_be_in(body) or not is_read
        assert is_read or before or after


def test_characters_that_fold_to_ascii_are_listed():
    every = (chr(code) for code in range(128, 0x110000) if not 0xD800 <= code < 0xE000)
    assert {one for one in every if any(c.isascii() for c in _folded(one))} == _FOLDED_TO_ASCII
