"""Made-up people: the same in every process, and no real person among them."""

import os
import re
import subprocess
import sys
from collections import Counter

import msgspec
import pytest
from hypothesis import given, strategies as st

from enrich_pandas.emulators.crustdata.people import document
from enrich_pandas.emulators.crustdata.screener_people import document as legacy_document
from enrich_pandas.emulators.identities import canonical_slug, email_in, folded, member_id, slug_in
from enrich_pandas.emulators.people import People, PersonCoverage
from enrich_pandas.emulators.pools import score, slugged

slugs = st.text(st.characters(categories=("L", "N")), min_size=1).map(canonical_slug)


def shown(slug: str) -> bytes:
    coverage, profile = People(misses=0.3, seed=0).find(slug, "crustdata")
    assert profile is not None
    return msgspec.json.encode([coverage, document(profile), legacy_document(profile, emails=True)])


def test_identity_is_the_same_person_in_every_process() -> None:
    program = """
import sys, msgspec
from enrich_pandas.emulators.people import People
from enrich_pandas.emulators.crustdata.people import document
from enrich_pandas.emulators.crustdata.screener_people import document as legacy_document
coverage, profile = People(misses=0.3, seed=0).find("ada-process-1", "crustdata")
shown = [coverage, document(profile), legacy_document(profile, emails=True)]
sys.stdout.buffer.write(msgspec.json.encode(shown))
"""
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert seen == {shown("ada-process-1")}


@given(slugs)
def test_any_slug_gives_a_person(slug: str) -> None:
    assert shown(slug) == shown(slug)


@given(st.emails())
def test_any_email_gives_a_person_with_a_profile(email: str) -> None:
    people = People(misses=0, seed=0)
    _, by_email = people.find(email.lower(), "crustdata")
    assert by_email is not None
    _, by_slug = people.find(by_email.slug, "crustdata")
    assert by_slug is not None
    assert (by_slug.id, by_slug.name) == (by_email.id, by_email.name)
    assert by_email.business_emails[0].email == email.lower()
    assert 0 <= score(email.partition("@")[0], by_email.first, by_email.last) <= 1


@given(slugs)
def test_member_id_gives_the_slug(slug: str) -> None:
    assert canonical_slug(member_id(slug)) == slug


@given(st.text())
def test_parsing_an_identifier_never_raises(text: str) -> None:
    assert slug_in(text) is None or "linkedin.com/in/" in folded(text)
    assert email_in(text) is None or "@" in text
    assert slugged(text or "x")


def test_share_of_misses_has_every_kind() -> None:
    people = People(misses=0.2, seed=0)
    coverages = Counter(people.find(f"ada-share-{n}", "crustdata")[0] for n in range(3000))
    assert set(coverages) == set(PersonCoverage)
    assert 0.77 < coverages[PersonCoverage.FOUND] / 3000 < 0.83


def test_zero_misses_finds_every_person() -> None:
    people = People(misses=0, seed=0)
    assert {people.find(f"ada-{n}", "crustdata")[0] for n in range(500)} == {PersonCoverage.FOUND}


def test_another_seed_gives_other_people() -> None:
    one, two = (People(misses=0, seed=seed).find("ada-x-1", "crustdata")[1] for seed in (0, 1))
    assert one != two


def test_name_is_read_from_the_slug() -> None:
    people = People(misses=0, seed=0)
    profile = people.profile("ada-lovelace-example-3f1")
    assert profile.name == "Ada Lovelace Example"


def test_people_have_reserved_domains_and_fictional_numbers() -> None:
    people = People(misses=0, seed=0)
    profiles = [people.profile(f"ada-safe-{n}") for n in range(400)]
    addresses = [one.email for p in profiles for one in (*p.business_emails, *p.personal_emails)]
    assert addresses
    assert all(re.fullmatch(r".+(\.example|@example\.(com|net|org))", one) for one in addresses)
    phones = [phone for profile in profiles for phone in profile.phones]
    assert all(re.fullmatch(r"\+1 \d{3}-555-01\d\d", phone) for phone in phones)
    text = msgspec.json.encode([document(profile) for profile in profiles]).decode()
    hosts = set(re.findall(r"https?://([^/\"]+)", text))
    assert hosts == {"www.linkedin.com", "img.example.com", "github.example"}


def test_people_have_nulls_long_lists_and_scripts() -> None:
    people = People(misses=0, seed=0)
    profiles = [people.profile(f"ada{n}") for n in range(800)]
    assert max(len(profile.past_jobs) for profile in profiles) == 15
    assert max(len(profile.business_emails) for profile in profiles) >= 12
    for field in ("headline", "summary", "city", "connections", "picture", "place"):
        share = sum(getattr(profile, field) is None for profile in profiles) / 800
        assert 0.02 < share < 0.6, field
    assert any(re.search(r"[\u3040-\u9fff]", profile.name) for profile in profiles)
    assert any(re.search(r"[\u0370-\u03ff]", profile.name) for profile in profiles)


def test_renamed_person_is_found_by_both_slugs() -> None:
    people = People(misses=0, seed=0)
    renamed = next(
        slug
        for slug in (f"ada-renamed-{n}" for n in range(1000))
        if people.profile(slug).slug != slug
    )
    public = people.profile(renamed).slug
    assert people.person(public) == renamed
    assert people.find(public, "crustdata") == people.find(renamed, "crustdata")


@pytest.mark.parametrize("text", ["https://www.linkedin.com/in/ada\n", " ada@example.com"])
def test_whitespace_makes_an_identifier_malformed(text: str) -> None:
    assert slug_in(text) is None
    assert email_in(text) is None
