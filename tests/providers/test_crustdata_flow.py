"""The match of every identity of a batch for each answer of Crustdata."""

import copy
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from enrich_pandas.errors import RequestError
from enrich_pandas.models import Person
from enrich_pandas.providers.base import Flow, Identity, Match, Outcome, Request, Response, Status
from enrich_pandas.providers.crustdata import Crustdata, screener
from enrich_pandas.providers.records import Record, read_models

Reply = Callable[..., Response]
Talk = Callable[..., tuple[list[Match], list[Request]]]

SCREENER = Crustdata(api="screener")
CURRENT = Crustdata()
MISSED = "No data found for the LinkedIn profile: {}."
QUEUED = MISSED + " Data will be enriched shortly."
ADA, BO, CY = slugs = ("ada", "bo.l", "cy-3")


def profile(slug: str) -> Identity:
    return Identity.of(linkedin_url=f"https://www.linkedin.com/in/{slug}")


def email(name: str) -> Identity:
    return Identity.of(email=f"{name}@example.com")


PEOPLE = [profile(slug) for slug in slugs]
BATCH = [profile(f"person-{n}") for n in range(25)]


def screened(slug: str, **more: Any) -> dict[str, Any]:
    """Return an element of the screener with the slug as the person's name."""
    return {"name": f"Name of {slug}", "query_linkedin_profile_urn_or_slug": [slug], **more}


def found(matched_on: str, name: str | None = None, score: float = 1.0) -> dict[str, Any]:
    """Return an element of the current API."""
    person = {"basic_profile": {"name": name or f"Name of {matched_on.rpartition('/')[2]}"}}
    return {
        "matched_on": matched_on,
        "match_type": "professional_network_profile_url",
        "matches": [{"confidence_score": score, "person_data": person}],
    }


def url(slug: str) -> str:
    return f"https://www.linkedin.com/in/{slug}"


def slug_of(identity: Identity) -> str:
    return identity.keys[0][1].rpartition("/")[2]


def outcomes(matches: Sequence[Match]) -> dict[str, tuple[str, str]]:
    return {slug_of(match.identity): (match.status.value, match.reason) for match in matches}


def names(matches: Sequence[Match]) -> dict[str, str | None]:
    return {slug_of(match.identity): person.name for match, person in people_of(matches)}


def people_of(matches: Sequence[Match]) -> list[tuple[Match, Any]]:
    """Return the matches with a person, and these people."""
    found = [(one, one.model) for one in matches if isinstance(one.model, Record)]
    people = read_models([record for _, record in found])
    return [(match, person) for (match, _), person in zip(found, people, strict=True)]


def read(match: Match) -> Person:
    """Return the person of a match."""
    assert isinstance(match.model, Record)
    person = match.model.read()
    assert isinstance(person, Person)
    return person


def converse(provider: Crustdata, batch: Sequence[Identity], response: Response) -> list[Match]:
    """Return the matches of a flow with one answer."""
    flow = provider.flow("people", batch)
    next(flow)
    with pytest.raises(StopIteration) as end:
        flow.send(response)
    matches: list[Match] = end.value.value
    assert sorted(match.identity for match in matches) == sorted(batch)
    return matches


# -- Documented answers --------------------------------------------------------------------------


def test_a_lost_answer_holds_the_whole_batch(talk: Talk) -> None:
    matches, requests = talk(CURRENT, PEOPLE, Response(outcome=Outcome.UNKNOWN))
    assert len(requests) == 1
    assert set(outcomes(matches).values()) == {("held", "answer_lost")}


def test_a_batch_of_matches_is_one_request(talk: Talk, reply: Reply) -> None:
    matches, requests = talk(SCREENER, PEOPLE, reply([screened(slug) for slug in slugs]))
    assert len(requests) == 1
    assert names(matches) == {slug: f"Name of {slug}" for slug in slugs}
    assert [match.credits for match in matches] == [3, 3, 3]


def test_a_single_profile_can_be_a_bare_object(talk: Talk, reply: Reply) -> None:
    matches, _ = talk(SCREENER, [profile(ADA)], reply(screened(ADA)))
    assert names(matches) == {ADA: "Name of ada"}


@pytest.mark.parametrize(
    ("body", "status", "outcome"),
    [
        ({"error": f"{MISSED} This LinkedIn profile is not available"}, 404, "not_found"),
        ({"error_code": "PE01", "message": "…"}, 404, "not_found"),
        ({"detail": {"code": "PE01"}}, 404, "not_found"),
        ({"error": {"type": "not_found", "message": "No data found"}}, 404, "not_found"),
        ({"error": QUEUED}, 404, "pending"),
        ({"error": {"error_code": "PE03"}}, 404, "pending"),
        ({"error": f"{MISSED} Query again after 60 minutes."}, 404, "pending"),
        ({"error_code": "PE02"}, 500, "failed"),
        ({"error": f"{MISSED} Internal system error while processing profile."}, 500, "failed"),
        ({"error": "Unable to process LinkedIn profile data"}, 500, "failed"),
        ({"detail": "Not found."}, 404, "failed"),
        ({"message": "This endpoint is not available"}, 404, "failed"),
        ({"error": "nothing"}, 422, "failed"),
    ],
)
def test_a_refused_profile_follows_its_code_or_message(
    talk: Talk, reply: Reply, body: Any, status: int, outcome: str
) -> None:
    matches, requests = talk(SCREENER, [profile(ADA)], reply(body, status))
    assert len(requests) == 1
    assert matches[0].status == outcome
    assert matches[0].credits == 0
    assert (matches[0].retry_in == 3600) is (outcome == "pending")


def test_the_four_error_codes_have_reasons(talk: Talk, reply: Reply) -> None:
    reasons = {}
    for code, status in {"PE01": 404, "PE02": 500, "PE03": 404, "PE04": 500}.items():
        matches, _ = talk(SCREENER, [profile(ADA)], reply({"error_code": code}, status))
        reasons[code] = matches[0].reason
    assert reasons == {
        "PE01": "not_available",
        "PE02": "vendor_error",
        "PE03": "queued",
        "PE04": "unparsable_profile",
    }


ERRORS_OF_A_MISS: list[Callable[[str, str], Any]] = [
    lambda slug, said: {"error": said, "linkedin_profile_url": url(slug)},
    lambda _, said: {"error": said},
    lambda _, said: {"error": {"message": said}},
    lambda slug, said: {"message": said, "query_linkedin_profile_urn_or_slug": slug},
    lambda _, said: said,
]


@pytest.mark.parametrize("shape", ERRORS_OF_A_MISS)
def test_a_mixed_200_gives_each_identity_its_result(
    talk: Talk, reply: Reply, shape: Callable[[str, str], Any]
) -> None:
    body = [shape(CY, QUEUED.format(CY)), screened(ADA), shape(BO, MISSED.format(BO))]
    matches, _ = talk(SCREENER, PEOPLE, reply(body))
    assert outcomes(matches) == {
        ADA: ("matched", ""),
        BO: ("not_found", "not_available"),
        CY: ("pending", "queued"),
    }
    assert [match.retry_in for match in matches] == [None, None, 3600]
    assert sum(match.credits for match in matches) == 3


def test_a_missing_element_is_held(talk: Talk, reply: Reply) -> None:
    body = [screened(ADA), screened(CY)]
    assert outcomes(talk(SCREENER, PEOPLE, reply(body))[0])[BO] == ("held", "missing_element")
    body = [found(url(ADA)), found(url(CY))]
    assert outcomes(talk(CURRENT, PEOPLE, reply(body))[0])[BO] == ("held", "missing_element")


def test_a_missing_element_beside_a_foreign_one_is_unproven(talk: Talk, reply: Reply) -> None:
    body = [screened(ADA), screened(CY), screened("renamed-bo")]
    matches, _ = talk(SCREENER, PEOPLE, reply(body))
    assert outcomes(matches)[BO] == ("held", "missing_element")
    assert "renamed" not in matches[1].note
    assert names(matches) == {ADA: "Name of ada", CY: "Name of cy-3"}


def test_a_missing_element_beside_a_repeated_one_is_unproven(talk: Talk, reply: Reply) -> None:
    for extra in ({"name": "Who"}, {}, None, 3, screened(ADA)):
        matches, _ = talk(SCREENER, PEOPLE, reply([screened(ADA), screened(CY), extra]))
        assert outcomes(matches)[BO] == ("held", "missing_element"), extra


@pytest.mark.parametrize("body", [[], {}, None, "text", 5, b"", b"{", b"[[", b"\xff\xfe[\x00"])
@pytest.mark.parametrize("provider", [SCREENER, CURRENT])
def test_an_answer_of_another_shape_is_held(
    talk: Talk, reply: Reply, provider: Crustdata, body: Any
) -> None:
    for batch in (PEOPLE, PEOPLE[:1], [email("ada")]):
        matches, _ = talk(provider, batch[:1], reply(body))
        assert {match.status for match in matches} == {Status.HELD}, (batch, body)


def test_an_element_with_only_the_echo_is_not_found(talk: Talk, reply: Reply) -> None:
    body = [screened(ADA), screened(BO), {"query_linkedin_profile_urn_or_slug": [CY]}]
    matches, _ = talk(SCREENER, PEOPLE, reply(body))
    assert outcomes(matches)[CY] == ("not_found", "empty")


# -- Binding -------------------------------------------------------------------------------------

SPELLINGS = [
    ["zoé-1"],
    "zoé-1",
    ["ZO%C3%A9-1"],
    ["zo%25C3%25A9-1"],
    ["zoe\u0301-1"],
    ["https://www.linkedin.com/in/zo%c3%a9-1"],
    ["http://fr.linkedin.com/in/Zo%C3%A9-1/"],
    ["https://www.linkedin.com/in/zoé-1/en?trk=x#y"],
    ["linkedin.com/in/zoé-1"],
    ["/in/zoé-1/"],
    [None, "", "zoé-1"],
]


@pytest.mark.parametrize("echo", SPELLINGS)
def test_an_echo_binds_in_every_spelling(talk: Talk, reply: Reply, echo: Any) -> None:
    element = {"name": "Zoé", "query_linkedin_profile_urn_or_slug": echo}
    matches, _ = talk(SCREENER, [profile(ADA), profile("zoé-1")], reply([element, screened(ADA)]))
    assert names(matches) == {ADA: "Name of ada", "zoé-1": "Zoé"}
    matched_on = echo if isinstance(echo, str) else echo[-1]
    matches, _ = talk(CURRENT, [profile(ADA), profile("zoé-1")], reply([found(matched_on, "Zoé")]))
    assert names(matches) == {"zoé-1": "Zoé"}


def test_without_an_echo_the_flagship_url_binds(talk: Talk, reply: Reply) -> None:
    urn = "ACoAAAbCdEfG"
    body = [
        {"name": "By URN", "linkedin_profile_url": url(urn)},
        {
            "name": "By flagship",
            "linkedin_flagship_url": url(ADA),
            "linkedin_profile_url": url("x"),
        },
    ]
    matches, _ = talk(SCREENER, [profile(ADA), profile(urn)], reply(body))
    assert names(matches) == {ADA: "By flagship", urn: "By URN"}


def test_a_urn_keeps_its_case(talk: Talk, reply: Reply) -> None:
    upper, lower = "ACoAAABCDEFG", "ACoAAabcdefg"
    body = [screened(lower), screened(upper)]
    matches, _ = talk(SCREENER, [profile(upper), profile(lower)], reply(body))
    assert names(matches) == {upper: f"Name of {upper}", lower: f"Name of {lower}"}


def test_the_echo_is_trusted_before_the_flagship_url(talk: Talk, reply: Reply) -> None:
    body = [screened(ADA, linkedin_flagship_url=url(BO)), screened(BO)]
    matches, _ = talk(SCREENER, PEOPLE[:2], reply(body))
    assert names(matches) == {ADA: "Name of ada", BO: "Name of bo.l"}


def test_an_element_with_two_echoes_costs_once(talk: Talk, reply: Reply) -> None:
    body = [screened(ADA, query_linkedin_profile_urn_or_slug=[ADA, BO])]
    matches, _ = talk(SCREENER, PEOPLE[:2], reply(body))
    assert [match.status for match in matches] == ["matched", "matched"]
    assert sum(match.credits for match in matches) == 3


@pytest.mark.parametrize("provider", [SCREENER, CURRENT])
def test_equal_elements_count_once_and_different_ones_conflict(
    talk: Talk, reply: Reply, provider: Crustdata
) -> None:
    make = screened if provider is SCREENER else (lambda slug, **_: found(url(slug)))
    body = [make(slug) for slug in (ADA, BO, CY, ADA)]
    assert set(outcomes(talk(provider, PEOPLE, reply(body))[0]).values()) == {("matched", "")}
    other = screened(ADA, headline="x") if provider is SCREENER else found(url(ADA), "Other")
    matches, _ = talk(provider, PEOPLE, reply([*body, other]))
    assert outcomes(matches)[ADA] == ("held", "conflicting_answers")
    assert ADA not in names(matches)


def test_a_foreign_element_is_logged_without_its_name(
    talk: Talk, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = screened("stranger", linkedin_flagship_url=url("stranger"))
    matches, _ = talk(SCREENER, PEOPLE, reply([*map(screened, slugs), stranger]))
    assert "identity: 1" in caplog.text
    assert "stranger" not in f"{caplog.text} {matches!r}"
    assert {match.status for match in matches} == {Status.MATCHED}


def test_a_profile_without_a_name_is_not_bound(talk: Talk, reply: Reply) -> None:
    for provider, body in ((SCREENER, [{"name": "Who"}]), (CURRENT, [found("")])):
        matches, _ = talk(provider, [profile(ADA)], reply(body))
        assert matches[0].status is Status.HELD
        assert matches[0].model is None


slug_texts = st.text("abcé-.0", min_size=1, max_size=6).map(lambda text: f"p{text}z")


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[list[str], list[Any]]:
    """Draw a batch, and an answer that is permuted, doubled, shortened, with foreign elements."""
    asked = draw(st.lists(slug_texts, min_size=1, max_size=8, unique=True))
    strangers = draw(st.lists(slug_texts.map(lambda slug: f"x{slug}"), max_size=2))
    answered = draw(st.lists(st.sampled_from([*asked, *strangers]), max_size=12))
    return asked, draw(st.permutations(answered))


@settings(max_examples=300, deadline=None)
@given(shuffled(), st.sampled_from(["screener", "2025-11-01"]), st.data())
def test_each_identity_gets_only_its_own_data(case: Any, api: Any, data: st.DataObject) -> None:
    asked, answered = case
    spell = [str.upper, url, lambda slug: url(slug) + "/", str]
    body = []
    for slug in answered:
        echo = data.draw(st.sampled_from(spell))(slug)
        element = screened(slug) if api == "screener" else found(url(slug))
        key = "query_linkedin_profile_urn_or_slug" if api == "screener" else "matched_on"
        body.append({**element, key: echo})
    response = Response(status=200, body=msgspec.json.encode(body))
    matches = converse(Crustdata(api=api), [profile(slug) for slug in asked], response)
    for match in matches:
        slug = slug_of(match.identity)
        assert (match.model is not None) == (match.status is Status.MATCHED)
        assert (slug in answered) == (match.status is Status.MATCHED)
    assert all(name == f"Name of {slug}" for slug, name in names(matches).items())


# -- E-mail addresses ----------------------------------------------------------------------------


def test_a_single_answer_binds_to_a_single_email(talk: Talk, reply: Reply) -> None:
    body = [{"name": "Ada", "score": 0.9, "linkedin_flagship_url": url(ADA)}]
    matches, _ = talk(SCREENER, [email("ada")], reply(body))
    person = read(matches[0])
    assert (person.name, person.score) == ("Ada", 0.9)
    assert matches[0].credits == 3


def test_several_screener_emails_bind_by_addresses_only(talk: Talk, reply: Reply) -> None:
    provider = Crustdata(api="screener", emails_per_request=25)
    body = [{"name": "Bo", "business_email": ["BO@example.com"]}, {"name": "Silent"}]
    matches, _ = talk(provider, [email("ada"), email("bo")], reply(body))
    assert [match.status for match in matches] == ["held", "matched"]
    assert matches[0].reason == "missing_element"


def test_an_email_without_a_person_is_not_found(talk: Talk, reply: Reply) -> None:
    body = {"error": "No data found"}
    assert talk(SCREENER, [email("ada")], reply(body, 404))[0][0].status is Status.NOT_FOUND
    assert talk(SCREENER, [email("ada")], reply([body]))[0][0].status is Status.NOT_FOUND
    body = [{"matched_on": "ADA@example.com", "match_type": "business_email", "matches": []}]
    assert talk(CURRENT, [email("ada")], reply(body))[0][0].status is Status.NOT_FOUND


def test_two_kinds_of_identifiers_use_separate_requests(talk: Talk, reply: Reply) -> None:
    answers = [reply([screened(ADA)]), reply([{"name": "Bo"}])]
    matches, requests = talk(SCREENER, [email("bo"), profile(ADA)], *answers)
    assert ["linkedin_profile_url" in request.params for request in requests] == [True, False]
    assert {match.status for match in matches} == {Status.MATCHED}


# -- The current API -----------------------------------------------------------------------------


def candidates(*people: tuple[str, float | None], matched_on: str) -> dict[str, Any]:
    def make(slug: str, score: float | None) -> dict[str, Any]:
        handles = {"professional_network_identifier": {"profile_url": url(slug)}}
        person = {"basic_profile": {"name": slug}, "social_handles": handles}
        return {"confidence_score": score, "person_data": person}

    return {"matched_on": matched_on, "matches": [make(*person) for person in people]}


@pytest.mark.parametrize(
    ("people", "chosen"),
    [
        ([(BO, 0.9), (ADA, 0.1)], ADA),
        ([("renamed", 1.0)], "renamed"),
        ([("x", 0.7), ("y", 0.9), ("z", None)], "y"),
        ([("x", 0.9), ("y", 0.9)], None),
        ([("x", None), ("y", None)], None),
        ([("x", 0.9), ("x", 0.9)], "x"),
    ],
)
def test_several_candidates_are_decided_by_url_then_score(
    talk: Talk, reply: Reply, people: Any, chosen: str | None
) -> None:
    matches, _ = talk(CURRENT, [profile(ADA)], reply([candidates(*people, matched_on=url(ADA))]))
    assert names(matches) == ({ADA: chosen} if chosen else {})
    if chosen is None:
        assert (matches[0].status, matches[0].reason) == ("failed", "ambiguous")
    assert ("candidates" in matches[0].note) == (len(set(people)) > 1)


def test_a_redacted_person_is_removed_without_data(talk: Talk, reply: Reply) -> None:
    whole = {**found(url(ADA)), "match_status": "redacted"}
    inner = found(url(ADA))
    inner["matches"][0]["match_status"] = "redacted"
    for element in (whole, inner, {**whole, "matches": []}, {**whole, "matches": None}):
        matches, _ = talk(CURRENT, [profile(ADA)], reply([element]))
        assert (matches[0].status, matches[0].reason) == ("removed", "redacted")
        assert matches[0].model is None


@pytest.mark.parametrize(
    ("element", "outcome"),
    [
        ({"matches": []}, ("not_found", "no_match")),
        ({"match_status": "not_found"}, ("not_found", "no_match")),
        ({"match_status": "enriching", "matches": []}, ("pending", "unknown_status")),
        ({}, ("held", "unreadable")),
        ({"matches": 5}, ("held", "unreadable")),
        ({"matches": [{"confidence_score": 1.0}]}, ("held", "unreadable")),
    ],
)
def test_only_a_documented_status_is_not_found(
    talk: Talk, reply: Reply, element: dict[str, Any], outcome: tuple[str, str]
) -> None:
    matches, _ = talk(CURRENT, [profile(ADA)], reply([{"matched_on": url(ADA), **element}]))
    assert outcomes(matches) == {ADA: outcome}


@pytest.mark.parametrize(
    ("used", "charged"),
    [
        ("2", [1, 0, 1]),
        ("3", [1.5, 0, 1.5]),
        ("0", [0, 0, 0]),
        ("2.5", [1.25, 0, 1.25]),
        ("x", [1, 0, 1]),
    ],
)
def test_reported_credits_are_the_credits_of_matches(
    talk: Talk, reply: Reply, used: str, charged: list[float]
) -> None:
    body = [found(url(ADA)), {"matched_on": url(BO), "matches": []}, found(url(CY))]
    matches, _ = talk(CURRENT, PEOPLE, reply(body, x_credits_used=used))
    assert [match.credits for match in matches] == charged


@pytest.mark.parametrize(
    ("used", "charged"),
    [
        ("1", [1, 0, 0]),
        ("2", [1, 0.5, 0.5]),
        ("3", [1, 1, 1]),
        ("0.5", [0.5, 0, 0]),
        ("0", [0, 0, 0]),
    ],
)
def test_held_identities_share_the_remaining_credits(
    talk: Talk, reply: Reply, used: str, charged: list[float]
) -> None:
    body = b"[" + msgspec.json.encode(found(url(ADA))) + b',{"matched_on'
    cut = replace(reply([], x_credits_used=used), body=body, outcome=Outcome.DAMAGED)
    matches, _ = talk(CURRENT, PEOPLE, cut)
    assert [match.status for match in matches] == ["matched", "held", "held"]
    assert [match.credits for match in matches] == charged


def test_credits_without_a_match_are_counted(talk: Talk, reply: Reply) -> None:
    body = [{"matched_on": url(slug), "matches": []} for slug in slugs]
    matches, _ = talk(CURRENT, PEOPLE, reply(body, x_credits_used="1"))
    assert math.isclose(sum(match.credits for match in matches), 1)


def test_extras_cost_only_if_they_are_delivered(talk: Talk, reply: Reply) -> None:
    provider = Crustdata(fields=["contact", "dev_platform_profiles"])
    contact = {"business_emails": [{"email": "ada@example.com"}], "phone_numbers": []}
    element = {
        "matched_on": url(ADA),
        "matches": [{"person_data": {"contact": contact, "dev_platform_profiles": [{}]}}],
    }
    matches, _ = talk(provider, [profile(ADA)], reply([element]))
    assert matches[0].credits == 1 + 1 + 1


# -- Refusals ------------------------------------------------------------------------------------


def refusing(
    bad: Sequence[int], say: Callable[[list[str]], Any], provider: Crustdata
) -> Callable[[Request], Response]:
    """Refuse a request with a bad identity; charge and answer any other."""
    wrong = {f"person-{n}" for n in bad}

    def server(request: Request) -> Response:
        asked = [slug_of(identity) for identity in request.identities]
        if blamed := [slug for slug in asked if slug in wrong]:
            body = msgspec.json.encode(say(blamed))
            return Response(status=400, body=body, outcome=Outcome.REFUSED)
        make = screened if provider is SCREENER else (lambda slug: found(url(slug)))
        return Response(status=200, body=msgspec.json.encode([make(slug) for slug in asked]))

    return server


FIRST_NAMED: list[Callable[[list[str]], Any]] = [
    lambda bad: {"error": f"Field 'linkedin_profile_url': Invalid LinkedIn URL format: {bad[0]}"},
    lambda bad: {"error": {"message": f"Invalid profile URL format: {url(bad[0])}."}},
    lambda bad: {"detail": [{"msg": f"Invalid URL: '{url(bad[0]).upper()}/'"}]},
]
UNNAMED: list[Callable[[list[str]], Any]] = [
    lambda _: {"error": "Invalid LinkedIn URL format."},
    lambda _: {"error": "Field 'linkedin_profile_url': Invalid LinkedIn URL format: someone-else"},
    lambda _: {"error": "Invalid LinkedIn URL: it must name a person-1 profile"},
]


@pytest.mark.parametrize("provider", [SCREENER, CURRENT])
@pytest.mark.parametrize("say", FIRST_NAMED)
def test_a_named_malformed_url_costs_one_request(
    talk: Talk, say: Callable[[list[str]], Any], provider: Crustdata
) -> None:
    matches, requests = talk(provider, BATCH, server=refusing([7], say, provider))
    assert [len(request.identities) for request in requests] == [25, 24]
    assert outcomes(matches)["person-7"] == ("failed", "malformed")
    assert len(names(matches)) == 24


def test_each_named_malformed_url_costs_one_request(talk: Talk) -> None:
    server = refusing([7, 9, 24], FIRST_NAMED[0], SCREENER)
    matches, requests = talk(SCREENER, BATCH, server=server)
    assert [len(request.identities) for request in requests] == [25, 24, 23, 22]
    assert len(names(matches)) == 22


@pytest.mark.parametrize("say", UNNAMED)
@pytest.mark.parametrize("bad", range(25))
def test_an_unnamed_malformed_url_is_found_within_10_requests(
    talk: Talk, bad: int, say: Callable[[list[str]], Any]
) -> None:
    answered: list[Identity] = []
    server = refusing([bad], say, SCREENER)

    def counting(request: Request) -> Response:
        response = server(request)
        answered.extend(request.identities if response.status == 200 else ())
        return response

    matches, requests = talk(SCREENER, BATCH, server=counting)
    assert len(requests) <= 2 * math.ceil(math.log2(25))
    assert outcomes(matches)[f"person-{bad}"] == ("failed", "malformed")
    assert len(answered) == len(set(answered)) == len(names(matches)) == 24


def serve(flow: Flow, server: Callable[[Request], Response]) -> list[Match]:
    request = next(flow)
    while True:
        assert isinstance(request, Request)
        try:
            request = flow.send(server(request))
        except StopIteration as end:
            matches: list[Match] = end.value
            return matches


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 24)))
def test_any_number_of_unnamed_malformed_urls_is_found(bad: set[int]) -> None:
    matches = serve(SCREENER.flow("people", BATCH), refusing(sorted(bad), UNNAMED[0], SCREENER))
    statuses = {slug_of(match.identity): match.status for match in matches}
    assert {slug for slug, status in statuses.items() if status is Status.FAILED} == {
        f"person-{n}" for n in bad
    }
    assert len(statuses) == 25


def test_a_lost_half_proves_nothing_about_the_other(talk: Talk, reply: Reply) -> None:
    refused = reply(UNNAMED[0]([]), 400)
    good = reply([screened(slug) for slug in slugs[1:]])
    lost = Response(outcome=Outcome.UNKNOWN)
    matches, _ = talk(SCREENER, PEOPLE, refused, lost, good)
    assert outcomes(matches) == {
        ADA: ("held", "answer_lost"),
        BO: ("matched", ""),
        CY: ("matched", ""),
    }


@pytest.mark.parametrize(
    "error",
    [
        "Unauthorized access to field(s): headcount",
        "You can only enrich up to 25 LinkedIn profiles at a time.",
        "You must provide either a LinkedIn profile URL or a business email.",
        "`force_fetch` can only be used with `enrich_realtime`.",
    ],
)
def test_a_refusal_of_the_options_stops_the_run(talk: Talk, reply: Reply, error: str) -> None:
    with pytest.raises(RequestError, match=re.escape(error)):
        talk(SCREENER, PEOPLE, reply({"error": error}, 400))


def test_a_reason_holds_no_identifier(talk: Talk, reply: Reply) -> None:
    said = f"No: {ADA}, 'Bo.L' or {url(CY)}?x or x@example.com or cy%2D3, says the vendor"
    matches, _ = talk(SCREENER, PEOPLE, reply({"error": said * 5}, 409))
    reason = matches[0].reason
    assert reason.startswith("http_409: No: … … or … or … or …")
    assert len(reason) <= 120
    assert not any(slug in reason.lower() for slug in (*slugs, "cy%2d3", "@"))


@pytest.mark.parametrize(
    ("status", "headers", "reason", "wait"),
    [
        (429, {"retry_after": "30"}, "rate_limited", 30),
        (429, {}, "rate_limited", 60),
        (503, {}, "unavailable", 60),
    ],
)
def test_a_temporary_refusal_leaves_the_batch_pending(
    reply: Reply, status: int, headers: dict[str, str], reason: str, wait: float
) -> None:
    matches = converse(SCREENER, PEOPLE, reply({"error": "later"}, status, **headers))
    assert set(outcomes(matches).values()) == {("pending", reason)}
    assert {match.retry_in for match in matches} == {wait}


# -- Damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", [SCREENER, CURRENT])
def test_every_element_before_a_cut_is_kept(provider: Crustdata) -> None:
    make = screened if provider is SCREENER else (lambda slug: found(url(slug)))
    parts = [msgspec.json.encode(make(slug_of(one))) for one in BATCH]
    body = b"[" + b",".join(parts) + b"]"
    ends = [1 + sum(map(len, parts[: n + 1])) + n for n in range(25)]
    for cut in range(0, len(body), 1 if provider is SCREENER else 11):
        response = Response(status=200, body=body[:cut], outcome=Outcome.DAMAGED)
        matches = converse(provider, BATCH, response)
        landed = sum(match.status is Status.MATCHED for match in matches)
        assert landed == sum(end <= cut for end in ends)
        assert {m.reason for m in matches if m.status is not Status.MATCHED} <= {"answer_cut"}


FULL: dict[str, list[dict[str, Any]]] = {
    "screener": [
        screened(
            slug,
            linkedin_flagship_url=url(slug),
            email=[f"{slug}@example.com"],
            num_of_connections=5,
            skills=["a"],
            score=0.5,
            enriched_realtime=True,
            current_employers=[
                {
                    "employer_name": "Acme",
                    "employer_company_id": [1],
                    "start_date": "2020-01-01",
                    "is_default": True,
                    "business_emails": {f"{slug}@acme.example": {"verification_status": ""}},
                }
            ],
            education_background=[{"degree_name": "BSc", "start_date": "2002"}],
            honors=[{"title": "Prize", "media_urls": ["x"]}],
        )
        for slug in slugs
    ],
    "2025-11-01": [
        {
            "matched_on": url(slug),
            "match_type": "professional_network_profile_url",
            "matches": [
                {
                    "confidence_score": 1.0,
                    "person_data": {
                        "crustdata_person_id": 7,
                        "basic_profile": {"name": f"Name of {slug}", "location": {"city": "X"}},
                        "professional_network": {"connections": 5},
                        "skills": {"professional_network_skills": ["a"]},
                        "contact": {"business_emails": [{"email": f"{slug}@example.com"}]},
                        "experience": {
                            "employment_details": {"current": [{"name": "A", "start_date": "2020"}]}
                        },
                        "education": {"schools": [{"school": "B", "start_year": 2002}]},
                    },
                }
            ],
        }
        for slug in slugs
    ],
}

JUNK = st.sampled_from(
    [None, "", "x", 0, -1, 2**70, 1e308, True, [], {}, [None], ["x"], [[]], {"x": 1}, [{"y": [1]}]]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value within a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    inner = [(key, item) for key, item in items] if isinstance(value, dict | list) else []
    below = [
        p
        for key, item in inner
        if isinstance(item, dict | list)
        for p in places(item, (*path, key))
    ]
    return [(*path, key) for key, _ in inner] + below


def mutate(body: Any, path: tuple[Any, ...], junk: Any, action: str) -> None:
    *way, last = path
    for key in way:
        body = body[key]
    if action == "drop":
        del body[last]
    elif action == "swap":
        body[last] = junk
    elif isinstance(body, list):
        body.insert(last, junk)
    else:
        body["unknown"] = junk


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(sorted(FULL)), st.data())
def test_mutated_answers_give_each_identity_a_status(api: Any, data: st.DataObject) -> None:
    body = copy.deepcopy(FULL[api])
    for _ in range(data.draw(st.integers(1, 4))):
        if paths := places(body):
            action = data.draw(st.sampled_from(["swap", "swap", "drop", "add"]))
            junk = copy.deepcopy(data.draw(JUNK))
            mutate(body, data.draw(st.sampled_from(paths)), junk, action)
    response = Response(status=200, body=msgspec.json.encode(body))
    for match, person in people_of(converse(Crustdata(api=api), PEOPLE, response)):
        assert person.name in {f"Name of {slug_of(match.identity)}", "x", None}


def test_a_mistyped_field_is_empty_and_named(talk: Talk, reply: Reply) -> None:
    element = screened(ADA, headline=["a", "list"], num_of_connections="500+", title="Engineer")
    matches, _ = talk(SCREENER, [profile(ADA)], reply([element]))
    assert matches[0].status is Status.MATCHED
    person = read(matches[0])
    assert (person.title, person.headline) == ("Engineer", None)
    raw, wanted = matches[0].model.raw, {"headline": ("",), "connections": ("",), "title": ("",)}
    odd = screener.PEOPLE.read([raw], wanted).odd
    assert odd == {0: ["headline", "num_of_connections"]}


def test_broken_text_is_repaired(talk: Talk) -> None:
    body = (
        b'\xef\xbb\xbf[{"name": "A\\ud800", "headline": "\xff", '
        b'"query_linkedin_profile_urn_or_slug": ["ada"]}]'
    )
    matches, _ = talk(SCREENER, [profile(ADA)], Response(status=200, body=body))
    person = read(matches[0])
    assert (person.name, person.headline) == ("A\ufffd", "\ufffd")


def test_hostile_nesting_and_numbers_raise_nothing(talk: Talk) -> None:
    echo = b'"query_linkedin_profile_urn_or_slug": ["ada"]'
    deep = b'[{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b", " + echo + b"}]"
    assert (
        talk(SCREENER, [profile(ADA)], Response(status=200, body=deep))[0][0].status is Status.HELD
    )
    big = (
        b'[{"num_of_connections": '
        + b"9" * 5_000
        + b', "score": 1e999, "name": "A", '
        + echo
        + b"}]"
    )
    matches, _ = talk(SCREENER, [profile(ADA)], Response(status=200, body=big))
    assert matches[0].status is Status.MATCHED
