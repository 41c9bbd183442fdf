"""The usual answers are read as a whole; the result is that of reading element by element."""

from dataclasses import replace
from unittest.mock import patch
from urllib.parse import quote

import msgspec
from hypothesis import given, settings, strategies as st

import enrich_pandas as ep
from enrich_pandas.providers import binding
from enrich_pandas.providers.amplemarket import flows
from enrich_pandas.providers.amplemarket.flows import EnrichmentRequest
from enrich_pandas.providers.amplemarket.requests import endpoint_of
from enrich_pandas.providers.base import Identity, Match, Response, Status
from enrich_pandas.providers.binding import UNPROVEN, Reading, bind, key_of, person_keys
from enrich_pandas.providers.crustdata.prices import _shares, distribute_credits
from enrich_pandas.providers.decoding import elements, read, read_array

EACH = settings(max_examples=300, deadline=None)
JUNK = st.sampled_from([b"", b"", b"", b"", b" \n", b"\x0b", b"\xff", b"]"])
PROFILES = [
    f"https://www.linkedin.com/in/{slug}" for slug in ("ada", "bo", "ada-löw", "ACoAAB12345")
]
ADDRESSES = ["ada@example.com", "Ada@example.com", "bo@example.com"]  # two of one key
FORMS = ("{}", "{}", "{}", " {} ", "{}/", "{}?trk=1", "http://fr.{}", "X{}")


def batches(*lists):
    """Return batches of identities, of which most have one kind of identifier."""
    names = ("linkedin_url", "email")
    kinds = [
        st.lists(st.sampled_from(values), min_size=1, unique=True).map(
            lambda found, name=name: [Identity.of(**{name: one}) for one in found]
        )
        for name, values in zip(names, lists, strict=False)
    ]
    return st.one_of(*kinds, st.tuples(*kinds).map(lambda both: [*both[0], *both[1]]))


@st.composite
def echoes(draw, values):
    """Return an echo: usually what was sent, else another spelling of it or something else."""
    value = draw(st.sampled_from(values))
    if draw(st.integers(0, 3)):
        return value
    written = draw(st.sampled_from(FORMS)).format(value)
    spelled = draw(st.sampled_from([str, str.upper, lambda one: quote(one, safe=":/@?=")]))
    return draw(st.sampled_from([spelled(written), [written], None, 7, ""]))


def usually(usual, other):
    """Return a strategy for values of the usual form and some others."""
    return st.integers(0, 5).flatmap(lambda number: usual if number else other)


def one_by_one():
    """Return a context in which no answer is bound as a whole."""
    return patch.object(binding, "_one_to_one", return_value=None)


# -- Binding -------------------------------------------------------------------------------------


@EACH
@given(
    batches(PROFILES, ADDRESSES),
    st.lists(st.lists(echoes(PROFILES + ADDRESSES), max_size=2), max_size=5),
    st.booleans(),
)
def test_elements_that_name_one_identity_each_are_bound_as_all_others(batch, said, one_key):
    claims = [[person_keys([one for one in echo if isinstance(one, str)])] for echo in said]
    readings = [
        Reading(status=Status.MATCHED, claims=claim, reason=str(number), credits=1.0)
        for number, claim in enumerate(claims)
    ]
    usual = bind(batch, readings, UNPROVEN, one_key=one_key)
    with one_by_one():
        assert usual == bind(batch, readings, UNPROVEN, one_key=one_key)


@given(batches(PROFILES, ADDRESSES))
def test_claims_of_what_was_sent_are_those_of_the_echo(batch):
    claims = binding.claims_of_sent(batch, map(key_of, batch))
    assert len(claims) == len(batch)
    assert all(claims[echo] == (person_keys([echo]),) for echo in claims)


class Job(msgspec.Struct):
    title: str | None = None


@EACH
@given(
    st.lists(
        st.sampled_from([{"title": "ä"}, {"title": None}, {}, {"title": 1}, {"x": "\ud7ff"}, None])
    ),
    JUNK,
)
def test_array_is_read_as_element_by_element(jobs, junk):
    body = msgspec.json.encode(jobs) + junk
    found, (raw, are_complete) = read_array(body, Job), elements(body)
    if found is not None:
        assert are_complete
        assert found == (raw, [read(one, Job)[0] for one in raw])


# -- Crustdata -----------------------------------------------------------------------------------


PERSON = st.fixed_dictionaries(
    {"basic_profile": st.just({"name": "Ada Example"})},
    optional={
        "contact": st.sampled_from([None, {}, {"business_emails": [{"email": "a@example.com"}]}]),
        "dev_platform_profiles": st.sampled_from([None, [], [{"email": "a@example.com"}]]),
        "social_handles": usually(st.none(), st.just({"professional_network_identifier": 1})),
    },
)
CANDIDATE = st.fixed_dictionaries(
    {"person_data": usually(PERSON, st.sampled_from([None, "x"]))},
    optional={
        "match_status": usually(st.sampled_from(["found", None]), st.just("redacted")),
        "confidence_score": st.sampled_from([1.0, 0.5, None]),
    },
)


@EACH
@given(
    batches(PROFILES, ADDRESSES),
    st.lists(
        st.fixed_dictionaries(
            {
                "matched_on": echoes(PROFILES + ADDRESSES),
                "matches": usually(
                    st.lists(CANDIDATE, min_size=1, max_size=1),
                    st.lists(CANDIDATE, max_size=2) | st.sampled_from([None, [None], {}]),
                ),
                "match_status": usually(st.none(), st.sampled_from(["redacted", "not_found", "x"])),
            }
        ),
        max_size=4,
    ),
    JUNK,
    st.sampled_from(["", "0", "1", "2", "3.5"]),
    st.booleans(),
)
def test_crustdata_answer_is_read_as_element_by_element(batch, said, junk, used, business_email):
    own = ep.Crustdata(business_email=business_email)._endpoint("people")
    each = replace(own, endpoint=replace(own.endpoint, record_type=None))
    response = Response(
        status=200, body=msgspec.json.encode(said) + junk, headers={"x-credits-used": used}
    )
    usual = own.read(batch, response)
    with one_by_one():
        assert usual == each.read(batch, response)


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 7.0])))
def test_whole_credits_that_add_up_are_those_of_the_prices(credits_):
    matches = [
        Match(
            identity=Identity.of(email=f"{number}@example.com"),
            status=Status.MATCHED if one else Status.NOT_FOUND,
            credits=one,
        )
        for number, one in enumerate(credits_)
    ]
    found = {number: one for number, one in enumerate(credits_) if one}
    shares = _shares(sum(credits_), found)
    assert distribute_credits(matches, sum(credits_)) == matches
    assert [shares.get(number, 0.0) for number in range(len(matches))] == credits_


# -- Amplemarket ---------------------------------------------------------------------------------


@EACH
@given(
    batches(PROFILES, ADDRESSES),
    st.lists(
        st.fixed_dictionaries(
            {
                "linkedin_url": echoes(PROFILES),
                "status": usually(
                    st.just("enriched"), st.sampled_from([" Enriched", "not_found", None, "x"])
                ),
                "result": st.sampled_from(
                    [
                        {"id": "1", "name": "Ada"},
                        {"id": "1", "email": "a@example.com", "phone_numbers": [{"number": 1}]},
                        *(
                            {"id": ""},
                            {"id": None, "name": "Bo"},
                            {"id": "", "location": "Bonn"},
                            {},
                        ),
                        *({"name": 7}, None),
                    ]
                ),
            },
            optional={
                "email": usually(st.none(), echoes(ADDRESSES)),
                "linkedin_id": usually(st.none(), st.sampled_from(["bo", 7, 0])),
                "name": usually(st.none(), st.sampled_from(["Ada Example", ""])),
                "company_domain": st.sampled_from(["example.com", None]),
            },
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_amplemarket_results_are_read_as_one_by_one(batch, said, reveals):
    endpoint = endpoint_of("people", "linkedin_url", email=reveals, phones=reveals)
    raws = [msgspec.json.encode(one) for one in said]
    keys = list(map(endpoint.key_of, batch))
    usual = bind(batch, endpoint.readings(batch, keys, raws), UNPROVEN, keys=keys, one_key=True)
    readings = map(endpoint.read_result, raws)
    with one_by_one():
        assert usual == bind(batch, readings, UNPROVEN, endpoint.key_of, one_key=True)


def test_amplemarket_result_that_echoes_two_leads_is_bound_to_neither():
    batch = [Identity.of(linkedin_url=PROFILES[0]), Identity.of(email=ADDRESSES[0])]
    endpoint = endpoint_of("people", "linkedin_url", email=True, phones=True)
    echo = {"linkedin_url": PROFILES[0], "email": ADDRESSES[0]}
    raw = msgspec.json.encode({"status": "enriched", "result": {"id": "1"}, **echo})
    keys = list(map(endpoint.key_of, batch))
    readings = endpoint.readings(batch, keys, [raw])
    matches = bind(batch, readings, UNPROVEN, keys=keys, one_key=True)
    assert [match.reason for match in matches] == ["unproven", "unproven"]


@EACH
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.sampled_from([1, "1", None, 1.5, [1]]),
            "status": st.sampled_from(["completed", None, 7]),
            "results": st.lists(st.sampled_from([{"id": 1}, {"id": 2}, "ä", None]))
            | st.sampled_from([None, {}, "x", 7]),
            "_links": st.sampled_from(
                [None, {}, {"next": None}, {"next": {"href": "/people"}}, {"self": 1}, []]
            ),
        },
    ),
    JUNK,
)
def test_amplemarket_page_is_read_as_field_by_field(fields, junk):
    response = Response(status=200, body=msgspec.json.encode(fields) + junk)
    usual = EnrichmentRequest.of(response)
    with patch.object(flows, "decoder_of", side_effect=msgspec.DecodeError):
        each = EnrichmentRequest.of(response)
    assert (usual is None) == (each is None)
    if usual is not None and each is not None:
        assert (usual.results, usual.are_complete) == (each.results, each.are_complete)
        names = ("id", "status", "links")
        assert [getattr(usual.head, n) for n in names] == [getattr(each.head, n) for n in names]


@given(st.lists(st.text("ab", max_size=70).map(str.encode)))
def test_amplemarket_results_are_without_repeats(raw):
    assert flows._distinct(raw) == list(dict.fromkeys(raw))
