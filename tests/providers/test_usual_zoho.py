"""The usual answer and the usual echo are recognized without the general reader, which agrees."""

import msgspec
from hypothesis import given, strategies as st

from enrich_pandas.providers.base import Identity, Response
from enrich_pandas.providers.zoho.basis import (
    SOCIAL,
    Basis,
    CompanyBasis,
    SocialBasis,
    contradicts,
    echo_keys,
    identity_keys,
    is_about_another,
)
from enrich_pandas.providers.zoho.errors import ARRAYS, parse_error
from enrich_pandas.providers.zoho.requests import parse_ended_job, parse_job

TEXTS = st.sampled_from(
    [
        *("https://www.linkedin.com/in/ada-example", "linkedin.com/in/ada-example"),
        *("https://www.linkedin.com/in/ada-löw", "linkedin.com/in/ada-l%C3%B6w"),
        *("https://www.linkedin.com/in/ACoAAB12345", "linkedin.com/in/acoaab12345", "ada-example"),
        *("https://www.facebook.com/Ada", "facebook.com/ada", "https://twitter.com/ada"),
        *(
            "ada@example.com",
            " ADA@example.com",
            "bo@example.com",
            "example.com",
            "www.example.com",
        ),
        *("Ada Example", "ADA  EXAMPLE", "", " ", None),
    ]
)
NAMES = ("name", "email", "company", "domain", *SOCIAL)


@given(
    st.dictionaries(st.sampled_from(NAMES), TEXTS.filter(bool), min_size=1),
    st.lists(TEXTS, min_size=7, max_size=7),
    st.sampled_from(["people", "companies"]),
)
def test_echo_is_compared_as_if_always_normalized(asked, echoed, kind):
    name, email, website, company, *social = echoed
    parts = (CompanyBasis(name=company, website=website), SocialBasis(*social))
    identity, basis = Identity.of(**asked), Basis(name, email, website, *parts)
    expected = contradicts(identity_keys(identity), echo_keys(kind, basis))
    assert is_about_another(kind, identity, basis) == expected


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.sampled_from(
                [
                    *([], [{}], [{"id": "1", "status": "COMPLETED"}], [{"status": "error"}]),
                    *([{"code": "LIMIT_EXCEEDED", "status": "error"}], {"status": "FAILED"}),
                    *([{"status": " updated "}], [{"status": "SCHEDULED"}], [None], None, "x"),
                    [{"status": "COMPLETED"}, {"code": "INVALID_TOKEN", "status": "error"}],
                    [{"status": ["DATA_NOT_FOUND"], "code": "INVALID_DATA"}],
                ]
            )
            for name in ARRAYS.values()
        }
        | {
            "code": st.sampled_from(["LIMIT_EXCEEDED", None, 1]),
            "status": st.sampled_from(["error", "success", None]),
        },
    ),
    st.sampled_from([200, 202, 400]),
    st.sampled_from([b"", b" ", b"\xff", b"]"]),
)
def test_ended_job_is_the_job_of_the_general_reader(fields, status, junk):
    response = Response(status=status, body=msgspec.json.encode(fields) + junk)
    job = parse_ended_job("people", response)
    if job is not None:
        assert job == parse_job("people", response)
        assert parse_error(response) is None


def test_usual_answer_needs_no_general_reader():
    job = {"id": "1", "status": "COMPLETED", "enriched_data": {"name": "Ada Example"}}
    body = msgspec.json.encode({ARRAYS["people"]: [job]})
    found = parse_ended_job("people", Response(status=200, body=body))
    assert found is not None
    assert found.raw == msgspec.json.encode(job)
