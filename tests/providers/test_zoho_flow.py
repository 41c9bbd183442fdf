"""Zoho's flow for each answer: schedule, wait, fetch, and find a job again."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import formatdate

import pytest
from hypothesis import given, strategies as st

from enrich_pandas.errors import (
    AuthenticationError,
    PermissionDeniedError,
    QuotaError,
    RequestError,
)
from enrich_pandas.providers.base import (
    Identity,
    Outcome,
    Request,
    Response,
    Unfinished,
    Wait,
    WaitForJob,
)
from enrich_pandas.providers.zoho import Zoho

ADA = Identity.of(
    email="ada@example.com",
    linkedin_url="https://www.linkedin.com/in/ada-example",
    name="Ada Example",
    company="Acme",
    domain="acme.example",
)
BASIS = {
    "name": "Ada Example",
    "email": "ada@example.com",
    "company": {"name": "Acme", "website": "acme.example"},
    "social": {"linkedin": "linkedin.com/in/ada-example"},
}
ACME = Identity.of(company="Acme", domain="acme.example")
PEOPLE, ORGS = "__zia_people_enrichment", "__zia_org_enrichment"
ZOHO = Zoho(dc="us")
NOW = 2_000_000_000.0  # later than any clock, so the answer is from this run
LOST = Response(outcome=Outcome.UNKNOWN, sent=NOW)


def answer(body=b"", status=200, sent=NOW, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    outcome = Outcome.ACCEPTED if status < 300 else Outcome.REFUSED
    return Response(status=status, body=raw, sent=sent, outcome=outcome, headers=headers)


def scheduled(job="77", key=PEOPLE):
    item = {"code": "SCHEDULED", "details": {"id": job}, "message": "ok", "status": "success"}
    return answer({key: [item]}, 202)


def job(status="COMPLETED", data=None, key=PEOPLE, **more):
    element = {"id": "77", "status": status, "enrich_based_on": BASIS, "enriched_data": data}
    return answer({key: [element | more]})


def refused(code, status=400, key=PEOPLE, in_array=True, **details):
    error = {"code": code, "details": details, "message": "made up", "status": "error"}
    return answer({key: [error]} if in_array else error, status)


def listed(*jobs, more=None, sent=NOW, **headers):
    elements = [
        {"id": name, "status": status, "created_time": created, "created_by": {"id": "1"}}
        for name, status, created in jobs
    ]
    info = {} if more is None else {"info": {"more_records": more, "page": 1}}
    return answer({PEOPLE: elements} | info, sent=sent, **headers)


def at(seconds, zone=UTC):
    return datetime.fromtimestamp(NOW + seconds, zone).isoformat()


def drive(answers, identity=ADA, kind="people", zoho=ZOHO):
    """Run a flow on answers; return its only match and its steps."""
    queue, steps = list(answers), []
    match = carry(zoho.flow(kind, [identity]), lambda _: queue.pop(0), steps)
    assert not queue
    assert match.identity == identity
    return match, steps


def carry(flow, server, steps):
    """Run a flow against a server; return its only match."""
    try:
        step = next(flow)
        while True:
            steps.append(step)
            step = flow.send(server(step) if isinstance(step, Request) else Response())
    except StopIteration as end:
        (match,) = end.value
        return match


def said(match):
    return match.status.value, match.reason, match.credits


# -- Requests ------------------------------------------------------------------------------------


def test_a_person_is_sent_as_documented():
    match, (post, until, get) = drive([scheduled(), job(data={"name": "Ada Example"})])
    assert (post.method, post.path) == ("POST", "/crm/v8/__zia_people_enrichment")
    assert post.params == {"module": "Leads"}
    assert json.dumps(post.json) == json.dumps({PEOPLE: [{"enrich_based_on": BASIS}]})
    assert (post.billed, post.credits, post.identities) == (True, 1.0, (ADA,))
    assert isinstance(until, WaitForJob)
    assert until.job == "77"
    assert (get.method, get.path, get.billed) == (
        "GET",
        "/crm/v8/__zia_people_enrichment/77",
        False,
    )
    assert said(match) == ("matched", "", 1.0)
    assert match.model.read().name == "Ada Example"


def test_a_company_is_sent_as_documented():
    zoho = Zoho(dc="eu", version="v7", module="Accounts", record_id="12")
    basis = {"name": "acme", "email": None, "website": "www.acme.example"}
    done = job(data={"name": "Acme"}, key=ORGS, enrich_based_on=basis)
    match, (post, _, get) = drive([scheduled(key=ORGS), done], ACME, "companies", zoho)
    assert post.path == "/crm/v7/__zia_org_enrichment"
    assert post.params == {"module": "Accounts", "record_id": "12"}
    asked = {"name": "Acme", "website": "acme.example"}
    assert post.json == {ORGS: [{"enrich_based_on": asked}]}
    assert get.path == "/crm/v7/__zia_org_enrichment/77"
    assert said(match) == ("matched", "", 1.0)


def test_a_larger_batch_is_requested_one_by_one():
    bob = Identity.of(email="bob@example.com")
    flow = ZOHO.flow("people", [ADA, bob])
    assert next(flow).identities == (ADA,)
    assert flow.send(refused("INVALID_DATA")).identities == (bob,)
    with pytest.raises(StopIteration) as end:
        flow.send(refused("INVALID_DATA"))
    assert [match.identity for match in end.value.value] == [ADA, bob]


# -- The end of a job ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "data", "expected"),
    [
        ("COMPLETED", {"name": "Ada Example"}, ("matched", "", 1.0)),
        ("UPDATED", {"name": "Ada Example"}, ("matched", "", 1.0)),
        ("completed", {"name": "Ada Example"}, ("matched", "", 1.0)),
        ("COMPLETED", None, ("not_found", "no_data", 1.0)),
        ("COMPLETED", {}, ("not_found", "no_data", 1.0)),
        ("COMPLETED", {"name": None, "skills": []}, ("not_found", "no_data", 1.0)),
        ("COMPLETED", "odd", ("held", "unreadable", 0.0)),
        ("COMPLETED", {"company_info": 3}, ("held", "unreadable", 0.0)),
        ("DATA_NOT_FOUND", None, ("not_found", "no_match", 1.0)),
        ("FAILED", None, ("failed", "job_failed", 1.0)),
    ],
)
def test_each_final_status_of_a_job_is_a_match(status, data, expected):
    match, _ = drive([scheduled(), job(status, data)])
    assert said(match) == expected


def test_a_job_id_can_be_a_number():
    match, steps = drive([scheduled(77), job(data={"name": "Ada"}, id=77)])
    assert match.status == "matched"
    assert steps[2].path.endswith("/77")


@pytest.mark.parametrize("status", ["SCHEDULED", "RUNNING", "DREAMING", None, 3])
def test_a_running_job_is_awaited_until_patience_ends(status):
    steps = []
    flow = Zoho(dc="us", patience=80).flow("people", [ADA])
    with pytest.raises(Unfinished, match="at_work"):
        carry(flow, lambda step: scheduled() if step.billed else job(status), steps)
    waited = [step.seconds for step in steps if isinstance(step, WaitForJob)]
    assert sum(waited) == pytest.approx(80)
    assert sum(isinstance(step, Request) for step in steps) == 1 + len(waited)


def test_waits_of_an_earlier_run_do_not_count():
    asked = [scheduled(), *[job("RUNNING")] * 5]
    recorded = [replace(one, is_recorded=True) for one in asked]
    done = job(data={"name": "Ada Example"})
    match, _ = drive([*recorded, job("RUNNING"), done])
    assert match.status == "matched"


def test_a_lost_or_busy_response_ends_no_job():
    busy = refused("TOO_MANY_REQUESTS", 429, in_array=False)
    match, _ = drive([scheduled(), LOST, busy, job(data={"name": "Ada"})])
    assert match.status == "matched"


@pytest.mark.parametrize(
    "gone",
    [
        answer(status=204),
        answer({PEOPLE: []}),
        answer({}),
        answer([]),
        refused("RESOURCE_NOT_FOUND", 404),
    ],
)
def test_a_missing_job_is_fetched_again_then_held(gone):
    match, steps = drive([scheduled(), gone, gone, gone])
    assert said(match) == ("held", "job_lost", 0.0)
    assert [type(step) for step in steps[-5:]] == [Request, Wait, Request, Wait, Request]
    match, _ = drive([scheduled(), gone, gone, job(data={"name": "Ada"})])
    assert match.status == "matched"


@pytest.mark.parametrize(
    "echo",
    [
        {"email": "bob@example.com"},
        {"name": "Bob Example", "email": "ada@example.com"},
        {"company": {"name": "Other"}},
        {"company": "Other"},
        {"company": {"website": "other.example"}},
        {"social": {"linkedin": "linkedin.com/in/bob-example"}},
    ],
)
def test_an_echo_of_another_identity_is_held(echo):
    match, _ = drive([scheduled(), job(data={"name": "Bob"}, enrich_based_on=echo)])
    assert said(match) == ("held", "conflicting_answers", 0.0)
    assert match.model is None


@pytest.mark.parametrize(
    "echo",
    [
        None,
        {},
        "odd",
        {"name": "ada  example", "email": "ADA@example.com"},
        {"company": {"website": "https://www.Acme.example/"}},
        {"social": {"linkedin": "https://uk.linkedin.com/in/Ada-Example/", "twitter": "x"}},
    ],
)
def test_an_echo_in_another_spelling_is_accepted(echo):
    match, _ = drive([scheduled(), job(data={"name": "Ada"}, enrich_based_on=echo)])
    assert match.status == "matched"


def test_a_job_with_another_id_is_held():
    match, _ = drive([scheduled(), job(data={"name": "Ada"}, id="78")])
    assert said(match) == ("held", "conflicting_answers", 0.0)


# -- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_array", [True, False])
@pytest.mark.parametrize("kind", ["people", "companies"])
@pytest.mark.parametrize(
    ("code", "details", "note"),
    [
        ("INVALID_DATA", {"api_name": "email", "json_path": "$"}, "three characters"),
        ("INVALID_DATA", {"maximum_length": 1, "api_name": PEOPLE}, "three characters"),
        ("INVALID_DATA", {}, "three characters"),
        ("MANDATORY_NOT_FOUND", {"api_name": "enrich_based_on"}, "mandatory"),
        ("EXPECTED_FIELD_MISSING", {"expected_fields": [{"api_name": "name"}]}, "at least one"),
        ("DEPENDENT_FIELD_MISSING", {"dependee": {"api_name": "name"}}, "both"),
        ("SOMETHING_NEW", {}, "SOMETHING_NEW"),
    ],
)
def test_an_error_about_a_row_fails_it(code, details, note, kind, in_array):
    key = PEOPLE if kind == "people" else ORGS
    identity = ADA if kind == "people" else ACME
    match, _ = drive([refused(code, key=key, in_array=in_array, **details)], identity, kind)
    assert said(match) == ("failed", code, 0.0)
    assert note in match.note


@pytest.mark.parametrize(
    ("code", "status", "details", "error", "remedy"),
    [
        ("LIMIT_EXCEEDED", 400, {"limit": 1500}, QuotaError, "enrichment limit"),
        ("LIMIT_EXCEEDED", 400, {"limit": "1500", "limit_due_to": 3}, QuotaError, "limit"),
        ("REQUIRED_PARAM_MISSING", 400, {"param_name": "module"}, RequestError, "module"),
        ("INVALID_MODULE", 400, {"param_name": "module"}, RequestError, "module"),
        ("INVALID_DATA", 400, {"param_name": "module"}, RequestError, "module"),
        ("INVALID_DATA", 400, {"param": "status"}, RequestError, "module"),
        ("NOT_ALLOWED", 400, {"api_name": "email"}, RequestError, "Enrichment Configuration"),
        ("FEATURE_NOT_ENABLED", 400, {}, PermissionDeniedError, "Enable data enrichment"),
        ("FEATURE_NOT_SUPPORTED", 400, {}, PermissionDeniedError, "Enterprise and Ultimate"),
        ("NO_PERMISSION", 403, {}, PermissionDeniedError, "administrator"),
        ("OAUTH_SCOPE_MISMATCH", 401, {}, AuthenticationError, "scope"),
        ("API_NOT_SUPPORTED", 400, {"supported_version": 7}, RequestError, "version"),
    ],
)
def test_an_error_about_all_rows_stops_the_run(code, status, details, error, remedy):
    inside = refused(code, status, **details)
    on_top = refused(code, status, in_array=False, **details)
    for answers in ([inside], [on_top], [scheduled(), inside], [scheduled(), on_top]):
        with pytest.raises(error, match=code) as caught:
            drive(answers)
        assert remedy in caught.value.todo
        assert "ada" not in str(caught.value).lower()


def test_an_error_with_status_202_is_an_error():
    match, _ = drive([refused("INVALID_DATA", 202)])
    assert said(match) == ("failed", "INVALID_DATA", 0.0)


def test_a_refusal_without_a_code_fails_the_row():
    match, _ = drive([answer(b"{}", 429)])
    assert said(match) == ("failed", "http_429", 0.0)


def test_a_job_id_without_success_is_accepted():
    item = {"code": "SCHEDULED", "details": {"id": "77"}}
    match, _ = drive([answer({PEOPLE: [item]}, 202), job(data={"name": "Ada"})])
    assert match.status == "matched"


# -- A lost answer -------------------------------------------------------------------------------

OURS = ("77", "SCHEDULED", at(1))


@pytest.mark.parametrize(
    "lost",
    [
        LOST,
        Response(
            status=500,
            outcome=Outcome.UNKNOWN,
            sent=NOW,
            body=b'{"code":"INTERNAL_SERVER_ERROR","details":{},"message":"x","status":"error"}',
        ),
        answer({PEOPLE: [{"code": "SCHEDULED", "details": {}, "status": "success"}]}, 202),
        answer({PEOPLE: [{"code": "SCHEDULED", "details": {"id": "../1"}}]}, 202),
        answer(b"", 202),
        answer(b'{"__zia_people_enr', 202),
    ],
)
def test_the_job_of_a_lost_answer_is_found_again(lost):
    match, steps = drive([lost, listed(OURS), job("SCHEDULED"), job(data={"name": "Ada"})])
    assert said(match) == ("matched", "", 1.0)
    assert [step for step in steps if isinstance(step, Request) and step.billed] == steps[:1]
    assert steps[1] == Wait(5.0)
    assert steps[2].params == {
        "page": "1",
        "per_page": "100",
        "sort_by": "created_time",
        "sort_order": "desc",
    }


def test_a_late_job_is_found_and_others_are_ignored():
    other = job(id="70", enrich_based_on={"email": "bob@example.com"})
    wider = job(id="71", enrich_based_on=BASIS | {"website": "x", "social": {"twitter": "t"}})
    older = ("60", "COMPLETED", at(-121))
    match, steps = drive(
        [
            LOST,
            listed(("70", "RUNNING", at(2)), ("71", "RUNNING", at(0)), older),
            wider,
            other,
            answer(status=204),  # the second listing is empty
            listed(("77", "RUNNING", at(600)), ("70", "RUNNING", at(2)), older),
            job("RUNNING"),
            job(data={"name": "Ada"}),
        ]
    )
    assert match.status == "matched"
    assert [step.seconds for step in steps if isinstance(step, Wait)] == [5, 25, 870]


def test_a_lost_answer_without_a_job_is_held():
    match, steps = drive([LOST, *[listed(("60", "COMPLETED", at(-200)))] * 3])
    assert said(match) == ("held", "answer_lost", 0.0)
    assert sum(step.seconds for step in steps if isinstance(step, Wait)) == 900


def test_an_older_job_with_the_same_identity_is_ignored():
    old = ("60", "COMPLETED", at(-3600))
    match, steps = drive([LOST, *[listed(old, more=True)] * 3])
    assert match.status == "held"
    assert not [step for step in steps if isinstance(step, Request) and step.path.endswith("/60")]


def test_the_nearest_of_two_matching_jobs_is_used():
    zone = timezone(timedelta(hours=5, minutes=30))
    near, far = ("77", "RUNNING", at(1, zone)), ("66", "RUNNING", at(-90, zone))
    match, steps = drive([LOST, listed(far, near), job("RUNNING"), job(data={"name": "Ada"})])
    assert match.status == "matched"
    assert {step.path[-2:] for step in steps[3:] if isinstance(step, Request)} == {"77"}


def test_the_vendors_clock_decides_the_time():
    ahead = listed(("77", "RUNNING", at(7201)), date=formatdate(NOW + 7200, usegmt=True))
    match, _ = drive([LOST, ahead, job("RUNNING"), job(data={"name": "Ada"})])
    assert match.status == "matched"


def test_the_list_is_read_back_to_the_request():
    first = listed(*[(str(n), "RUNNING", at(5000)) for n in range(100)])
    second = listed(OURS, ("60", "COMPLETED", at(-999)), more=True)
    match, steps = drive([LOST, first, second, job("RUNNING"), job(data={"name": "Ada"})])
    assert match.status == "matched"
    pages = [step.params.get("page") for step in steps if isinstance(step, Request)]
    assert pages[1:3] == ["1", "2"]


def test_an_old_request_is_searched_once():
    match, steps = drive([LOST, listed(sent=NOW + 901)])
    assert match.status == "held"
    assert sum(isinstance(step, Request) for step in steps) == 2


def test_fetches_for_one_lost_answer_are_limited():
    many = listed(*[(str(1000 + n), "RUNNING", at(n / 100)) for n in range(300)], more=False)
    other = answer({PEOPLE: [{"enrich_based_on": {"email": "x@example.com"}}]})

    def server(request):
        return LOST if request.billed else many if request.params else other

    steps = []
    assert carry(ZOHO.flow("people", [ADA]), server, steps).status == "held"
    assert sum(isinstance(one, Request) and not one.params for one in steps) == 200


def test_an_unsent_request_is_not_searched():
    match, steps = drive([Response(outcome=Outcome.UNKNOWN)])
    assert said(match) == ("held", "answer_lost", 0.0)
    assert len(steps) == 1


@pytest.mark.parametrize(
    "odd", [LOST, answer(b"[]"), answer({PEOPLE: 3}), answer(b"\xff"), answer({})]
)
def test_an_unreadable_list_leaves_the_row_held(odd):
    match, _ = drive([LOST, odd, odd, listed(OURS), job("RUNNING"), job(data={"name": "Ada"})])
    assert match.status == "matched"


@given(st.sampled_from([5.0, 0.5, 29.9, 30.0, 900.0]))
def test_the_search_lasts_until_settle(settle):
    steps, nothing = [], answer(status=204)
    flow = Zoho(dc="us", settle=settle).flow("people", [ADA])
    assert carry(flow, lambda step: LOST if step.billed else nothing, steps).status == "held"
    waited = sum(step.seconds for step in steps if isinstance(step, Wait))
    assert waited == pytest.approx(settle)


# -- The list ------------------------------------------------------------------------------------


def look(jobs, *pages, kind="people"):
    """Read the list of jobs; return the ended jobs and the number of requests."""
    looking, queue = ZOHO.listing(kind, frozenset(jobs)), list(pages)
    requests = [next(looking)]
    try:
        while True:
            requests.append(looking.send(queue.pop(0)))
    except StopIteration as end:
        assert all(not request.billed for request in requests)
        return end.value, len(requests)


def test_a_listing_returns_the_ended_jobs():
    states = ["COMPLETED", "FAILED", "DATA_NOT_FOUND", "UPDATED", "SCHEDULED", "RUNNING", "NEW"]
    page = listed(*[(str(n), state, at(n)) for n, state in enumerate(states, 1)])
    assert look({*map(str, range(1, 8)), "none"}, page) == ({"1", "2", "3", "4"}, 1)
    assert look({"2"}, page) == ({"2"}, 1)


def test_a_listing_reads_pages_until_all_are_seen():
    def page(first, more=None, size=100):
        return listed(*[(str(first + n), "COMPLETED", at(n)) for n in range(size)], more=more)

    assert look({"5"}, page(100), page(0), page(200)) == ({"5"}, 2)
    assert look({"500"}, page(0, more=False)) == (set(), 1)
    assert look({"500"}, page(0, size=99)) == (set(), 1)
    assert look({"150"}, page(0, more=True, size=50), page(100)) == ({"150"}, 2)
    assert look({"9999"}, *[page(100 * n) for n in range(30)]) == (set(), 30)  # the limit
    assert look({"500"}, page(0), page(0)) == (set(), 2)  # no progress
    assert look({"500"}, page(0), answer(status=204)) == (set(), 2)
    jobs = set(map(str, range(1, 10_001)))
    assert look(jobs, *[page(100 * n + 1) for n in range(100)]) == (jobs, 100)


@pytest.mark.parametrize(
    "odd", [LOST, answer(b"x"), answer([1]), answer({PEOPLE: [3, {"id": {}}]}), refused("NEW_CODE")]
)
def test_an_unreadable_listing_returns_no_jobs(odd):
    assert look({"77"}, odd) == (set(), 1)
