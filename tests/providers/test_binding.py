"""Which element belongs to which identity."""

import unicodedata
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from enrich_pandas.frame import identifiers
from enrich_pandas.frame.cells import InvalidValueError
from enrich_pandas.models import Person
from enrich_pandas.providers.base import Identity, Status
from enrich_pandas.providers.binding import Reading, bind, key_of, person_keys, profile_key
from enrich_pandas.providers.crustdata.people import PEOPLE
from enrich_pandas.providers.records import Record, RecordType

ABSENT = Reading(status=Status.NOT_FOUND, reason="absent")


def identity(slug: str) -> Identity:
    return Identity.of(linkedin_url=f"https://www.linkedin.com/in/{slug}")


def reading(*names: str, said: str = "") -> Reading:
    model = Person(name=said or names[0])
    return Reading(status=Status.MATCHED, claims=[person_keys(names)], model=model, credits=3)


@settings(max_examples=400, deadline=None)
@given(
    st.from_regex(r"[\w.é-ü]{3,12}-[a-z\d]{2}", fullmatch=True)
    | st.from_regex(r"AC[ow]AA[\w-]{5,12}", fullmatch=True).filter(str.isascii),
    st.sampled_from(
        ["https://www.linkedin.com/in/{}", "fr.linkedin.com/in/{}/en", "{}", "/in/{}/"]
    ),
    st.booleans(),
)
def test_an_echo_has_the_key_of_the_canonical_address(
    slug: str, form: str, is_encoded: bool
) -> None:
    try:
        canonical = identifiers.person(f"https://www.linkedin.com/in/{quote(slug)}")
    except InvalidValueError:
        return
    echo = form.format(quote(slug) if is_encoded else unicodedata.normalize("NFD", slug))
    assert profile_key(echo) == key_of(Identity.of(linkedin_url=canonical))
    assert f"https://www.linkedin.com/in/{profile_key(canonical)}" == canonical


@pytest.mark.parametrize(
    "echo",
    [
        "",
        " ",
        "https://www.linkedin.com/company/ada",
        "https://www.linkedin.com/in/",
        "https://in.example/ada",
        "https://evil.example/in/ada",
        "https://evil.example/linkedin.com/in/ada",
        "ada/bo",
        "ada@example.com",
        "a" * 5_000,
    ],
)
def test_an_echo_of_another_form_has_no_key(echo: str) -> None:
    assert profile_key(echo) is None


def test_a_urn_is_extracted_from_its_prefix() -> None:
    assert profile_key("urn:li:fsd_profile:ACoAAAbCdEf") == "ACoAAAbCdEf"


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from("abcdef"), max_size=5, unique=True),
    st.lists(st.sampled_from("abcdefgh")),
)
def test_each_identity_gets_exactly_its_own_result(asked: list[str], said: list[str]) -> None:
    matches = bind([identity(slug) for slug in asked], [reading(slug) for slug in said], ABSENT)
    assert [match.identity for match in matches] == [identity(slug) for slug in asked]
    is_sure = len(said) == len(set(said)) and set(said) <= set(asked)
    for slug, match in zip(asked, matches, strict=True):
        if slug in said:
            assert match.model == Person(name=slug)
        else:
            assert match.model is None
            assert match.reason == ("absent" if is_sure else "unproven")


def test_equal_elements_bind_once_and_different_ones_conflict() -> None:
    (match,) = bind([identity("ada")], [reading("ada"), reading("ADA", said="ada")], ABSENT)
    assert (match.status, match.credits) == ("matched", 3)
    (match,) = bind([identity("ada")], [reading("ada"), reading("ada", said="Bo")], ABSENT)
    assert (match.status, match.reason, match.model) == ("held", "conflicting_answers", None)


def test_the_first_useful_claim_binds() -> None:
    claims = [person_keys(["stranger"]), person_keys(["bo"]), person_keys(["ada"])]
    one = Reading(status=Status.MATCHED, claims=claims, model=Person(name="x"))
    matches = bind([identity("ada"), identity("bo")], [one], ABSENT)
    assert [match.status for match in matches] == ["not_found", "matched"]


def test_a_held_absence_keeps_its_reason() -> None:
    missing = Reading(status=Status.HELD, reason="missing_element")
    (match,) = bind([identity("ada")], [reading("stranger")], missing)
    assert match.reason == "missing_element"


def test_the_repr_of_a_reading_hides_the_person() -> None:
    assert "Ada" not in repr(reading("slug", said="Ada Example"))


def test_element_with_two_identities_binds_both_and_costs_once() -> None:
    matches = bind([identity("ada"), identity("bo")], [reading("ada", "bo", said="x")], ABSENT)
    assert [(match.status, match.credits) for match in matches] == [("matched", 3), ("matched", 0)]


def test_one_key_leaves_element_with_two_identities_over() -> None:
    batch = [identity("ada"), identity("bo"), identity("cy")]
    said = [reading("ada", "bo", said="x"), reading("cy")]
    matches = bind(batch, said, ABSENT, one_key=True)
    assert [match.reason for match in matches] == ["unproven", "unproven", ""]


def test_with_one_key_all_claims_count() -> None:
    claims = [person_keys(["ada"]), person_keys(["bo"])]
    one = Reading(status=Status.MATCHED, claims=claims, model=Person(name="x"), credits=1)
    batch = [identity("ada"), identity("bo")]
    assert [match.status for match in bind(batch, [one], ABSENT)] == ["matched", "not_found"]
    matches = bind(batch, [one], ABSENT, one_key=True)
    assert {match.reason for match in matches} == {"unproven"}


@pytest.mark.parametrize("one_key", [False, True])
def test_a_left_over_element_makes_a_failed_absence_unproven(one_key: bool) -> None:
    absent = Reading(status=Status.FAILED, reason="canceled")
    (match,) = bind([identity("ada")], [reading("bo")], absent, one_key=one_key)
    assert (match.status, match.reason) == ("held", "unproven")
    assert "1 elements of the answer" in match.note


def test_two_spellings_of_one_key_need_two_elements() -> None:
    one, two = Identity.of(email="Ada@example.com"), Identity.of(email="ada@example.com")
    said = Reading(
        status=Status.NOT_FOUND, claims=[person_keys(["ada@example.com"])], reason="no_match"
    )
    gone = identity("gone")
    matches = bind([one, two, gone], [said, said], ABSENT)
    assert [match.reason for match in matches] == ["no_match", "no_match", "absent"]


def test_different_records_of_one_identity_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two records take as long to read as a hundred, so they are not read pair by pair."""
    calls: list[int] = []
    read = RecordType.read

    def counted(kind: RecordType, raws: list[bytes], *args: Any) -> Any:
        calls.append(len(raws))
        return read(kind, raws, *args)

    monkeypatch.setattr(RecordType, "read", counted)
    raws = [msgspec.json.encode({"crustdata_person_id": 7, "matches": [n]}) for n in range(60)]
    claims = [person_keys(["ada-example"])]
    readings = [
        Reading(status=Status.MATCHED, claims=claims, model=Record(PEOPLE, raw)) for raw in raws
    ]
    alone = Reading(
        status=Status.MATCHED, claims=[person_keys(["bo"])], model=Record(PEOPLE, raws[0])
    )
    matches = bind([identity("ada-example"), identity("bo")], [*readings, alone], ABSENT)
    assert [match.status for match in matches] == [Status.MATCHED, Status.MATCHED]
    assert calls == [60]
