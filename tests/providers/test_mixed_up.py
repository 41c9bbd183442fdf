"""Mixed-up answers give no row another row's data, and garbled answers raise nothing.

The flows run without a network and a clock. A failure names its random seed. ``-m slow`` tries
100,000 batches and 10,000 garbled answers.
"""

import copy
import json
import random
import unicodedata
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

import msgspec
import pytest
import vcr.serializers.yamlserializer as cassettes

import enrich_pandas as ep
from enrich_pandas.errors import ProviderError
from enrich_pandas.models import Company, Person
from enrich_pandas.providers.base import Identity, Request, Response
from enrich_pandas.providers.records import Record
from enrich_pandas.testing import drive, reply
from tests.testing.test_contract import current, name_in, screener_company, screener_person
from tests.testing.test_contract_jobs_of_vendors import Amplemarket, Zoho

LONG = [pytest.mark.slow, pytest.mark.timeout(14_400)]
RECORDED = Path(__file__).parents[2] / "cassettes"
FOREIGN = 3

# -- Batches -------------------------------------------------------------------------------------


class Case(NamedTuple):
    """A provider, an identifier, a vendor that answers, and the place of its elements."""

    provider: Any
    kind: Any
    identifier: str
    vendor: Any
    elements: str = ""  # the key of the list; else the answer is the list
    echoes: tuple[str, ...] = ()


FORMS = {
    "linkedin_url": "https://www.linkedin.com/in/{}",
    "email": "{}@example.com",
    "domain": "{}.example",
    "company_linkedin_url": "https://www.linkedin.com/company/{}",
    "company": "{}",
}
QUERIED = "query_linkedin_profile_urn_or_slug"
ECHOED = ("email", "linkedin_url", "domain")
CASES = {
    "crustdata people by profile": Case(
        ep.Crustdata(), "people", "linkedin_url", lambda: current, "", ("matched_on",)
    ),
    "crustdata people by email": Case(
        ep.Crustdata(), "people", "email", lambda: current, "", ("matched_on",)
    ),
    "crustdata companies by domain": Case(ep.Crustdata(), "companies", "domain", lambda: current),
    "crustdata companies by page": Case(
        ep.Crustdata(), "companies", "company_linkedin_url", lambda: current
    ),
    "crustdata companies by name": Case(ep.Crustdata(), "companies", "company", lambda: current),
    "screener people": Case(
        ep.Crustdata(api="screener"),
        "people",
        "linkedin_url",
        lambda: screener_person,
        "",
        (QUERIED,),
    ),
    "screener companies by domain": Case(
        ep.Crustdata(api="screener"), "companies", "domain", lambda: screener_company
    ),
    "screener companies by page": Case(
        ep.Crustdata(api="screener"), "companies", "company_linkedin_url", lambda: screener_company
    ),
    "amplemarket people by profile": Case(
        ep.Amplemarket(),
        "people",
        "linkedin_url",
        lambda: Amplemarket().answer,
        "results",
        ECHOED,
    ),
    "amplemarket people by email": Case(
        ep.Amplemarket(), "people", "email", lambda: Amplemarket().answer, "results", ECHOED
    ),
    "amplemarket companies": Case(
        ep.Amplemarket(), "companies", "domain", lambda: Amplemarket().answer, "results", ECHOED
    ),
    "zoho people": Case(
        ep.Zoho(), "people", "email", lambda: Zoho().answer, "__zia_people_enrichment"
    ),
    "zoho companies": Case(
        ep.Zoho(), "companies", "domain", lambda: Zoho().answer, "__zia_org_enrichment"
    ),
}


def identities(case, dice, count, prefix=""):
    """Return identities that differ only in an accent, a dot, a digit or an ending."""
    marks = ["", "-1", "-2", "1", "2", "x", "xx", "-a", "-b"]
    if case.identifier in ("linkedin_url", "company_linkedin_url"):
        marks += ["é", "e", "-é", "-ü"]
    names = [f"{prefix}{stem}{mark}" for stem in ("ada", "ad", "adab") for mark in marks]
    names += [f"{prefix}unknown{mark}" for mark in ("", "-1", "2")]
    form = FORMS[case.identifier]
    chosen = dice.sample(names, count)
    return [Identity.of(**{case.identifier: form.format(name)}) for name in chosen]


def respelled(element, case, dice):
    """Return an element with an equivalent spelling of its echo."""
    if not isinstance(element, dict):
        return element
    changed = dict(element)
    for key in case.echoes:
        if isinstance(value := changed.get(key), str):
            changed[key] = spelled(value, dice)
        elif isinstance(value, list):
            changed[key] = [spelled(one, dice) for one in value]
    return changed


def spelled(text, dice):
    if "@" in text:
        local, _, host = text.partition("@")
        return f"{local}@{host.upper()}" if dice.random() < 0.5 else f" {text} "
    ways = [
        str.upper,
        quote if "/" not in text else lambda url: quote(url, safe=":/"),
        lambda whole: unicodedata.normalize("NFD", whole),
        (lambda whole: f"{whole}/") if "/" in text else str.title,
        lambda whole: whole.replace("https://www.", "http://fr."),
    ]
    return dice.choice(ways)(text)


def mixed_up(vendor, case, foreign, dice):
    """Return a vendor that permutes, drops, doubles, respells and adds foreign elements."""

    def answer(request: Request) -> Response:
        response = vendor(request)
        body = msgspec.json.decode(response.body) if response.body else None
        found = body.get(case.elements) if case.elements and isinstance(body, dict) else body
        if response.status != 200 or not isinstance(found, list):
            return response
        pool = [*found, *(foreign if dice.random() < 0.5 else [])]
        some = [one for one in pool if dice.random() < 0.9]
        some += dice.choices(pool, k=dice.randint(0, 2)) if pool else []
        dice.shuffle(some)
        some = [respelled(one, case, dice) if dice.random() < 0.5 else one for one in some]
        changed = {**body, case.elements: some} if case.elements else some
        return reply(changed, response.status, response.headers)

    return answer


@cache
def foreign_elements(name):
    """Return elements about people or companies that are never requested."""
    case = CASES[name]
    asked = identities(case, random.Random(0), FOREIGN, prefix="other-")  # noqa: S311 - no secret
    elements = []
    for batch in case.provider.batches(case.kind, asked):
        talk = drive(case.provider, case.kind, batch, case.vendor())
        for response in talk.responses:
            body = msgspec.json.decode(response.body) if response.body else None
            found = body.get(case.elements) if case.elements and isinstance(body, dict) else body
            elements += [
                one for one in (found if isinstance(found, list) else []) if "code" not in one
            ]
    assert elements
    return elements


def subject_of(model):
    """Return the name of the identity that a model is about, as the vendors here build it."""
    return unquote(model.name.casefold().removeprefix("name of "))


def bound_in_mixed_up(name, seed):
    """Request a batch whose answer is mixed up; return the number of models."""
    case, dice = CASES[name], random.Random(f"{name} {seed}")  # noqa: S311 - no secret
    asked = identities(case, dice, dice.randint(1, 6))
    got = 0
    for batch in case.provider.batches(case.kind, asked):
        vendor = mixed_up(case.vendor(), case, foreign_elements(name), dice)
        talk = drive(case.provider, case.kind, batch, vendor)
        assert sorted(match.identity for match in talk.matches) == sorted(batch), (name, seed)
        right = drive(case.provider, case.kind, batch, case.vendor()).models
        for identity, model in talk.models.items():
            assert subject_of(model) == unquote(name_in(identity.keys[0][1])), (name, seed)
            assert model == right[identity], (name, seed)
        got += len(talk.models)
    return got


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    "count",
    [60, pytest.param(100_000 // len(CASES) + 1, marks=LONG)],
)
def test_mixed_up_answers_give_each_identity_its_own_data(name, count):
    got = sum(bound_in_mixed_up(name, seed) for seed in range(count))
    assert got > count / 2  # and most are bound


# -- Garbled answers -----------------------------------------------------------------------------

ASKED = {
    "people": [
        Identity.of(linkedin_url="https://www.linkedin.com/in/ada-example-1"),
        Identity.of(linkedin_url="https://www.linkedin.com/in/grace-example-2"),
        Identity.of(email="mary.example@company1.example"),
    ],
    "companies": [Identity.of(domain="acme.example"), Identity.of(domain="shop.example.org")],
}
GARBLED = {
    "amplemarket/people": ep.Amplemarket(reveal_email=True),
    "amplemarket/people-single": ep.Amplemarket(api="single"),
    "amplemarket/companies": ep.Amplemarket(),
    "crustdata/people-2025-11-01": ep.Crustdata(),
    "crustdata/people-screener": ep.Crustdata(api="screener"),
    "crustdata/companies-2025-11-01": ep.Crustdata(),
    "crustdata/companies-screener": ep.Crustdata(api="screener"),
    "zoho/people": ep.Zoho(),
    "zoho/companies": ep.Zoho(version="v7"),
}
JUNK = [None, True, -1, 2**70, 1e300, "", "x" * 99, "\0\ud800", [], {}, [[]], [None], {"": 0}]


@cache
def recorded(name):
    """Return the answers of a cassette by method and path, in order."""
    cassette = cassettes.deserialize((RECORDED / f"{name}.yaml").read_text("utf-8"))
    answers: dict[tuple[str, str], list[Response]] = {}
    for one in cassette["interactions"]:
        key = one["request"]["method"], urlsplit(one["request"]["uri"]).path
        text = one["response"]["body"]["string"]
        body = text.encode() if isinstance(text, str) else text
        headers = {k.lower(): v[0] for k, v in one["response"]["headers"].items()}
        answer = reply(body, one["response"]["status"]["code"], headers)
        answers.setdefault(key, []).append(answer)
    return answers


def garbled(body, dice):
    """Return an answer with some values or some bytes changed."""
    if not body or dice.random() < 0.2:
        at = dice.randrange(len(body) + 1)
        return dice.choice([body[:at], body[:at] + bytes([dice.randrange(256)]) + body[at + 1 :]])
    tree = msgspec.json.decode(body)
    for _ in range(dice.randint(1, 4)):
        if spots := list(places(tree)):
            change(*dice.choice(spots), dice)
    return json.dumps(tree).encode()


def places(tree):
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in list(items):
        yield tree, key
        if isinstance(value, dict | list):
            yield from places(value)


def change(tree, key, dice):
    way = dice.random()
    if way < 0.2:
        del tree[key]
    elif way < 0.4 and isinstance(tree, dict):
        tree["introduced_yesterday"] = copy.deepcopy(dice.choice(JUNK))
    else:
        tree[key] = copy.deepcopy(dice.choice(JUNK))


def garbling(name, dice):
    taken: dict[tuple[str, str], int] = {}

    def answer(request: Request) -> Response:
        key = request.method, request.path
        known = recorded(name).get(key)
        if not known:
            return reply({"error": "no such path"}, 404)
        taken[key] = taken.get(key, -1) + 1
        response = known[min(taken[key], len(known) - 1)]
        body = garbled(response.body, dice) if dice.random() < 0.7 else response.body
        return reply(body, response.status, response.headers)

    return answer


def parsed_from_garbled(name, seed):
    """Parse garbled answers; return the number of models."""
    provider, dice = GARBLED[name], random.Random(f"{name} {seed}")  # noqa: S311 - no secret
    kind = name.partition("/")[2].partition("-")[0]
    model = Person if kind == "people" else Company
    got = 0
    for batch in provider.batches(kind, ASKED[kind]):
        try:
            talk = drive(provider, kind, batch, garbling(name, dice))
        except ProviderError:  # stops the run; no answer is lost
            continue
        assert sorted(match.identity for match in talk.matches) == sorted(batch), (name, seed)
        for match in talk.matches:
            found = match.model.read() if isinstance(match.model, Record) else match.model
            msgspec.json.decode(msgspec.json.encode(found), type=model | None)
            assert match.status != "not_found" or match.model is None
        got += len(talk.models)
    return got


@pytest.mark.parametrize("name", GARBLED)
@pytest.mark.parametrize(
    "count",
    [
        40,
        pytest.param(10_000 // len(GARBLED) + 1, marks=LONG),
    ],
)
def test_garbled_answers_give_each_identity_a_status(name, count):
    assert sum(map(partial(parsed_from_garbled, name), range(count))) > 0
