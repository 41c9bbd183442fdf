"""A vendor's element is stored once, compressed, and read again byte by byte."""

import re
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from itertools import count

import msgspec
import pytest
from hypothesis import given, strategies as st

from enrich_pandas.emulators.crustdata.people import document, projected
from enrich_pandas.emulators.people import People
from enrich_pandas.engine.results import parse_again, parse_past_answers
from enrich_pandas.errors import JournalError
from enrich_pandas.journal import Journal, elements
from enrich_pandas.journal.elements import decompress, without_elements
from enrich_pandas.journal.records import Change, fingerprint, new_answer
from enrich_pandas.journal.suppression import SuppressionReason
from enrich_pandas.models import Person
from enrich_pandas.providers import record_type
from enrich_pandas.providers.base import (
    Identity,
    Match,
    Outcome,
    Provider,
    Request,
    Response,
    Status,
)
from enrich_pandas.providers.crustdata import Crustdata
from enrich_pandas.providers.crustdata.current import CURRENT
from enrich_pandas.providers.crustdata.people import PEOPLE
from enrich_pandas.providers.records import Record
from tests.journal.test_schema import downgrade

SCOPE, PROVIDER = b"scope", Crustdata(api_key="sandbox-key", business_email=True)
NAMES = ("ada", "bob", "eve", "dan")
ADA, BOB, EVE, DAN = (
    Identity.of(linkedin_url=f"https://www.linkedin.com/in/{name}-example") for name in NAMES
)
REQUEST = Request(method="POST", path="/person/enrich", billed=True, credits=3)
MISS = b'{"matched_on": "https://www.linkedin.com/in/no-match-example", "matches": []}'


def element(identity, **more):
    """Return an element of Crustdata as a vendor might write it, with blanks."""
    url = identity.get("linkedin_url")
    name = url.rpartition("/")[2].partition("-")[0]
    person = {
        "crustdata_person_id": len(name) * 7,
        "basic_profile": {"name": f"{name.title()} Example", **more},
        "social_handles": {"professional_network_identifier": {"profile_url": url}},
        "contact": {"business_emails": [{"email": f"{name}@acme.example"}]},
    }
    whole = {"matched_on": url, "matches": [{"confidence_score": 1.0, "person_data": person}]}
    return msgspec.json.format(msgspec.json.encode(whole), indent=1)


def key(identity):
    return fingerprint(SCOPE, identity)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path):
    journal = Journal(path)
    yield journal
    journal.close()


runs = count()


def bought(journal, body, *matches, fetched=None, held=0.0):
    """Buy some identities in a run of their own; return the run and the batch."""
    run = f"run {next(runs)}"
    identities = [match.identity for match in matches]
    keys = [key(one) for one in identities]
    known = {one: answer.as_of for one, answer in journal.stored(keys).items()}
    facts = {"rows": 1, "identities": 1, "credits_planned": 3.0, "started": time.time()}
    journal.begin_run(id=run, provider="crustdata", kind="people", library="0", **facts)
    batch = claimed(journal, run, *identities, known=known)
    request = journal.record_intent(batch, 0, REQUEST)
    answered = {"status": 200, "outcome": Outcome.ACCEPTED, "received": fetched or time.time()}
    journal.record_answer(request, Response(body=body, **answered))
    pairs = list(zip(keys, matches, strict=True))
    journal.store_results(batch, "crustdata", "people", pairs, held, fetched=fetched)
    return run, batch


def claimed(journal, run, *identities, known=()):
    keys = [key(one) for one in identities]
    terms = {"price": len, "budget": None, "known": dict(known)}
    return journal.claim(run, SCOPE, identities, keys, **terms).batch.id


def matched(identity, raw=None, kind=PEOPLE):
    record = Record(kind, element(identity) if raw is None else raw)
    return Match(identity=identity, status=Status.MATCHED, model=record, credits=1.0)


def answer_of(*raws):
    return b"[\n" + b" ,\n".join(raws) + b"]"


def query(journal, statement):
    with journal._database.reading() as connection:
        return [tuple(row) for row in connection.execute(statement)]


def bodies(journal, run):
    return [
        response.body
        for landed in journal.queries.batches(run)
        for response in landed.batch.recorded.values()
    ]


# Storage


def test_record_is_read_back_byte_by_byte(journal):
    body = answer_of(element(BOB), MISS, element(ADA))
    run, _ = bought(journal, body, matched(ADA), matched(BOB))
    stored = journal.stored({key(one): one for one in (ADA, BOB)})
    assert [stored[key(one)].match for one in (ADA, BOB)] == [matched(ADA), matched(BOB)]
    assert stored[key(ADA)].match.model.raw == element(ADA)
    assert bodies(journal, run) == [body]


def test_element_is_stored_once(journal):
    bought(journal, answer_of(element(ADA), MISS), matched(ADA))
    ((packed, is_cut),) = query(journal, "SELECT body, is_cut FROM requests")
    assert is_cut
    assert decompress(packed) == answer_of(b'"<element=1>"', MISS)
    ((raw,),) = query(journal, "SELECT raw FROM elements")
    assert decompress(raw) == element(ADA)
    assert query(journal, "SELECT model, element FROM results") == [(None, 1)]
    assert journal.queries.outcomes({key(ADA): ADA})[key(ADA)].model_ref is not None


def test_two_identities_of_one_person_share_the_element(journal):
    other = Identity.of(email="ada@acme.example")
    bought(journal, answer_of(element(ADA)), matched(ADA), matched(other, element(ADA)))
    assert query(journal, "SELECT COUNT(*) FROM elements") == [(1,)]
    assert journal.stored([key(other)])[key(other)].match.model.raw == element(ADA)


def test_repaired_element_leaves_the_body_whole(journal):
    body = answer_of(element(ADA).replace(b"Ada", b"A\xffda"))
    run, _ = bought(journal, body, matched(ADA))
    assert query(journal, "SELECT is_cut FROM requests") == [(0,)]
    assert bodies(journal, run) == [body]
    assert journal.stored([key(ADA)])[key(ADA)].match == matched(ADA)


def test_text_like_a_reference_leaves_the_body_whole(journal):
    body = answer_of(element(ADA), element(BOB, headline="<element=1>"))
    run, _ = bought(journal, body, matched(ADA))
    assert query(journal, "SELECT is_cut FROM requests") == [(0,)]
    assert bodies(journal, run) == [body]


letters = st.text(st.sampled_from('ab{}[]":,<element=1>'), max_size=12).map(str.encode)


@given(st.lists(st.binary(max_size=90), max_size=9), st.lists(letters, min_size=9), st.randoms())
def test_cut_body_is_put_together_exactly(texts, between, random):
    raws = [b'{"id": "%d", "text": "%s"}' % (place, one) for place, one in enumerate(texts)]
    body = b"".join(part for pair in zip(between, raws, strict=False) for part in pair)
    random.shuffle(raws)
    numbers = {raw: place for place, raw in enumerate(raws)}
    rest = without_elements(body, numbers)
    found = re.sub(rb'"<element=(\d+)>"', lambda one: raws[int(one[1])], rest)
    assert found == body or b"<element=" in body
    assert len(rest) <= len(body)


def test_long_elements_are_all_cut_out_in_any_order():
    raws = [b'{"object": "person", "id": %d, "text": "%s"}' % (n, b"a" * 99) for n in range(50)]
    rest = without_elements(answer_of(*raws), {raw: n for n, raw in enumerate(reversed(raws))})
    assert b"person" not in rest


def test_made_up_person_takes_less_than_600_bytes():
    people = People(misses=0, seed=0)
    wholes = [document(people.profile(f"new-{n}-example")) for n in range(200)]
    parts = [*CURRENT.endpoints["people"].fields, "contact.business_emails"]
    raws = [msgspec.json.encode(projected(whole, parts)) for whole in wholes]
    packed = [elements.compress_element(raw) for raw in raws]
    assert sum(map(len, packed)) / len(packed) < 600
    assert [decompress(one) for one in packed] == raws


def test_dictionary_has_no_address_of_a_real_domain():
    written = elements._dictionary(elements.LATEST).as_bytes().decode(errors="replace")
    hosts = re.findall(r"@([\w.-]+)", written)
    assert any(host.endswith(".example") for host in hosts)
    real = re.compile(
        r"(?!example\.).*\.(com|net|org|io|co|ai|eu|us|uk|de|fr|es|br|pl|se|tr|jp|gr)"
    )
    assert not list(filter(real.fullmatch, hosts))


# Unknown types


def test_unknown_type_is_unreadable_and_kept(journal, monkeypatch):
    bought(journal, answer_of(element(ADA)), matched(ADA))
    monkeypatch.setattr("enrich_pandas.journal.records.record_type", lambda *_: None)
    match = journal.stored([key(ADA)])[key(ADA)].match
    assert (match.status, match.reason, match.model) == (Status.HELD, "unreadable", None)
    assert match.credits == 1.0
    assert journal.queries.outcomes({key(ADA): ADA})[key(ADA)].match.status is Status.MATCHED
    monkeypatch.undo()
    assert journal.stored([key(ADA)])[key(ADA)].match == matched(ADA)


def test_unreadable_person_can_be_erased(journal, monkeypatch):
    bought(journal, answer_of(element(ADA), element(BOB)), matched(ADA), matched(BOB))
    monkeypatch.setattr("enrich_pandas.journal.records.record_type", lambda *_: None)
    assert journal.eraser.erase("people", {"email": "ada@acme.example"}) == 1
    assert list(journal.stored([key(ADA), key(BOB)])) == [key(BOB)]


def test_record_type_of_the_newest_class_is_found():
    """A notebook defines a provider again, with a better mapping."""
    types = [replace(PEOPLE), replace(PEOPLE)]
    classes = [type("Own", (Provider,), {"name": "own", "record_types": (one,)}) for one in types]
    assert record_type(classes[0].name, "people") is types[1]


def test_record_type_is_found_by_provider_and_name():
    assert record_type("crustdata", "people") is PEOPLE
    assert record_type("crustdata", "vehicles") is None
    assert record_type("missing", "people") is None


# Earlier runs


def test_replaced_answer_stays_available_to_its_run(journal):
    old, new = element(ADA, headline="before"), element(ADA, headline="after")
    first, _ = bought(journal, answer_of(old), matched(ADA, old), fetched=1.0)
    second, _ = bought(journal, answer_of(new), matched(ADA, new))
    assert journal.stored([key(ADA)])[key(ADA)].match.model.raw == new
    assert bodies(journal, first) == [answer_of(old)]
    past = parse_past_answers(journal, PROVIDER, "people", [ADA], scope=SCOPE, until=2.0)
    assert past[ADA].match.model.raw == old
    assert bodies(journal, second) == [answer_of(new)]


def test_parsing_again_finds_no_change(journal, monkeypatch):
    monkeypatch.setattr("enrich_pandas.engine.results.scope_of", lambda *_: SCOPE)
    run, _ = bought(journal, answer_of(element(ADA)), matched(ADA))
    assert list(parse_again(journal, run, PROVIDER, "people", "live")) == []


def test_parsing_again_stores_what_was_held(journal, monkeypatch):
    monkeypatch.setattr("enrich_pandas.engine.results.scope_of", lambda *_: SCOPE)
    held = Match(identity=BOB, status=Status.HELD, reason="unread")
    body = answer_of(element(ADA), element(BOB))
    run, _ = bought(journal, body, matched(ADA), held, held=1.0)
    (change,) = parse_again(journal, run, PROVIDER, "people", "live")
    assert (change.identity, change.after.match.status) == (BOB, Status.MATCHED)
    assert journal.stored([key(BOB)])[key(BOB)].match.model.raw == element(BOB)
    assert bodies(journal, run) == [body]
    ((packed,),) = query(journal, "SELECT body FROM requests")
    assert decompress(packed) == answer_of(b'"<element=1>"', b'"<element=2>"')


def test_changed_status_keeps_the_element(journal):
    _, batch = bought(journal, answer_of(element(ADA)), matched(ADA))
    before = journal.stored([key(ADA)])[key(ADA)]
    after = new_answer(replace(before.match, note="checked"), before.fetched, "crustdata")
    changes = [Change(key(ADA), ADA, before, after)]
    assert journal.queries.amend(batch, "people", "crustdata", changes, len) == changes
    assert query(journal, "SELECT id, element FROM elements JOIN results") == [(1, 1)]


# Erasure, suppression and retention


def texts(journal):
    """Return all texts of the file, decompressed."""
    with journal._database.reading() as connection:
        tables = ("runs", "batches", "requests", "results", "elements")
        cells = [
            cell
            for table in tables
            for row in connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - above
            for cell in row
            if isinstance(cell, bytes)
        ]
    packed = (b"\x28\xb5\x2f\xfd", b"\x78")
    return b"".join(decompress(one) if one.startswith(packed) else one for one in cells).lower()


def test_erased_person_leaves_no_text_and_others_stay(journal):
    run, _ = bought(journal, answer_of(element(ADA), element(BOB)), matched(ADA), matched(BOB))
    assert b"ada" in texts(journal)
    assert journal.eraser.erase("people", {"email": "ada@acme.example"}) == 1
    assert b"ada" not in texts(journal)
    assert journal.stored([key(BOB)])[key(BOB)].match == matched(BOB)
    (landed,) = journal.queries.batches(run)
    assert landed.batch.identities == [BOB]
    assert bodies(journal, run) == [b"[" + element(BOB) + b"]"]


def test_erasure_deletes_replaced_elements(journal):
    old, new = element(ADA, headline="before"), element(ADA, headline="after")
    first, _ = bought(journal, answer_of(old, element(BOB)), matched(ADA, old), matched(BOB))
    bought(journal, answer_of(new), matched(ADA, new))
    assert journal.eraser.erase("people", dict(ADA.keys)) == 1
    assert b"ada" not in texts(journal)
    assert bodies(journal, first) == [b"[" + element(BOB) + b"]"]


def test_shared_element_is_erased_with_all_its_results(journal):
    other = Identity.of(email="office@acme.example")
    bought(journal, answer_of(element(ADA)), matched(ADA), matched(other, element(ADA)))
    journal.eraser.erase("people", {"email": "office@acme.example"})
    assert query(journal, "SELECT fingerprint FROM results") == []
    assert b"ada" not in texts(journal)


def test_mention_in_the_element_of_another_person_is_removed(journal):
    raw = element(BOB, headline="Works for ada@acme.example", languages=["en", "ada@acme.example"])
    run, _ = bought(journal, answer_of(raw), matched(BOB, raw))
    journal.eraser.erase("people", {"email": "ada@acme.example"})
    person = msgspec.json.decode(journal.stored([key(BOB)])[key(BOB)].match.model.raw)
    profile = person["matches"][0]["person_data"]["basic_profile"]
    assert profile == {"name": "Bob Example", "headline": None, "languages": ["en"]}
    assert b"ada" not in texts(journal)
    assert msgspec.json.decode(bodies(journal, run)[0]) == [person]


ODD = {
    "byte_order_mark": b"\xef\xbb\xbf",
    "not_utf_8": b'{"x": "\xff"},',
    "lone_surrogate": rb'{"x": "\ud800"},',
    "control_character": b'{"x": "a\nb"},',
    "number_out_of_range": b'{"x": 1e999},',
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_person_is_erased_from_a_repaired_answer(journal, odd):
    """The other elements of the answer stay."""
    bom = odd if odd.startswith(b"\xef") else b""
    body = bom + b"[" + odd.removeprefix(bom) + element(ADA) + b"," + element(BOB) + b"]"
    run, _ = bought(journal, body, matched(ADA), matched(BOB))
    assert journal.eraser.erase("people", dict(ADA.keys)) == 1
    (rest,) = bodies(journal, run)
    assert b"ada" not in rest.lower()
    assert element(BOB) in rest


@pytest.mark.parametrize("end", [b"", b"] and more", b", {"], ids=["cut", "trailing", "cut_later"])
def test_person_is_erased_from_an_answer_that_is_no_json(journal, end):
    """The answer stays incomplete: nothing follows from what is missing in it."""
    body = b"[" + element(ADA) + b"," + element(BOB) + end
    held = Match(identity=EVE, status=Status.HELD, reason="answer_cut")
    run, _ = bought(journal, body, matched(ADA), matched(BOB), held, held=1.0)
    assert journal.eraser.erase("people", dict(ADA.keys)) == 1
    assert bodies(journal, run) == [b"[" + element(BOB)]


MENTION = b'"seen": "linkedin.com/in/ada-example"'
ODD_MENTIONS = {
    "number_out_of_range": b', "x": 1e999, %b}' % MENTION,
    "lone_surrogate": rb', "x": "\ud800", %b}' % MENTION,
    "deep": b', "x": %b, %b}' % (b"[" * 700 + b"]" * 700, MENTION),
    "mention_is_deep": b', "x": %b{%b}%b}' % (b"[" * 300, MENTION, b"]" * 300),
    "repeated_key": b', %b, "seen": ""}' % MENTION,
}


@pytest.mark.parametrize("odd", ODD_MENTIONS.values(), ids=ODD_MENTIONS)
def test_person_is_erased_from_an_odd_element_of_another(journal, odd):
    raw = element(BOB).rstrip().removesuffix(b"}") + odd
    bought(journal, answer_of(element(ADA), raw), matched(ADA), matched(BOB, raw))
    assert journal.eraser.erase("people", dict(ADA.keys)) == 1
    stored = journal.stored([key(BOB)])[key(BOB)].match.model
    assert b"ada" not in stored.raw
    assert stored.read() == Record(PEOPLE, element(BOB)).read()


def test_erased_company_stays_the_employer_in_elements(journal):
    raw = element(BOB, languages=["https://acme.example"])
    bought(journal, answer_of(raw), matched(BOB, raw))
    journal.eraser.erase("companies", {"domain": "acme.example"})
    assert journal.stored([key(BOB)])[key(BOB)].match.model.raw == raw


def test_record_of_an_erased_person_is_not_stored(journal):
    journal.eraser.erase("people", {"email": "ada@acme.example"})
    bought(journal, answer_of(element(ADA), element(BOB)), matched(ADA), matched(BOB))
    assert list(journal.stored([key(ADA), key(BOB)])) == [key(BOB)]
    assert b"ada" not in texts(journal)


def test_record_of_a_suppressed_person_is_not_shown(journal):
    cause = SuppressionReason(Status.SUPPRESSED, "suppressed")
    journal.suppression.add([("people", "email ada@acme.example")], cause)
    answers = {one: new_answer(matched(one), 1.0, "crustdata") for one in (ADA, BOB)}
    shown = journal.suppression.current_filter().apply(answers)
    assert shown[ADA].match.status is Status.SUPPRESSED
    assert shown[ADA].match.credits == 1.0
    assert shown[BOB] is answers[BOB]


def test_retention_deletes_elements_with_their_bodies(journal):
    now = time.time()
    bought(journal, answer_of(element(ADA)), matched(ADA), fetched=now - 100)
    bought(journal, answer_of(element(BOB)), matched(BOB), fetched=now)
    journal.retention.delete_expired(50)
    assert query(journal, "SELECT id FROM elements") == [(2,)]
    assert list(journal.stored([key(ADA), key(BOB)])) == [key(BOB)]


def test_retention_keeps_elements_of_younger_bodies(journal):
    now = time.time()
    run, _ = bought(journal, answer_of(element(ADA)), matched(ADA), fetched=now - 100)
    with journal._database.writing() as connection:
        connection.execute("UPDATE requests SET answered = ?", (now,))
    journal.retention.delete_expired(50)
    assert not journal.stored([key(ADA)])
    assert bodies(journal, run) == [answer_of(element(ADA))]


def test_damaged_element_is_reported(journal):
    bought(journal, answer_of(element(ADA)), matched(ADA))
    with journal._database.writing() as connection:
        connection.execute("UPDATE elements SET raw = substr(raw, 1, 40)")
    with pytest.raises(Exception, match="cannot be used") as caught:
        journal.stored([key(ADA)])
    assert type(caught.value).__name__ == "JournalError"


def test_flipped_bit_of_an_element_is_reported(journal):
    """Most flipped bits are decompressed to another text, so only a checksum finds them."""
    bought(journal, answer_of(element(ADA)), matched(ADA))
    ((packed,),) = query(journal, "SELECT raw FROM elements")
    for place in range(len(packed)):
        damaged = bytearray(packed)
        damaged[place] ^= 1
        with journal._database.writing() as connection:
            connection.execute("UPDATE elements SET raw = ?", (bytes(damaged),))
        with pytest.raises(JournalError, match="cannot be used"):
            journal.stored([key(ADA)])
    with pytest.raises(JournalError, match="cannot be used"):
        journal.eraser.erase("people", dict(ADA.keys))


def test_model_of_another_provider_is_stored_as_before(journal):
    model = Match(identity=ADA, status=Status.MATCHED, model=Person(name="Ada Example"))
    run, _ = bought(journal, b'[{"name": "Ada Example"}]', model)
    assert journal.stored([key(ADA)])[key(ADA)].match == model
    assert query(journal, "SELECT COUNT(*) FROM elements") == [(0,)]
    assert bodies(journal, run) == [b'[{"name": "Ada Example"}]']


def test_record_of_an_undeclared_type_is_stored_as_a_model(journal):
    """Its type could not be found again by the provider and the name."""
    kind = replace(PEOPLE, name="undeclared")
    bought(journal, answer_of(element(ADA)), matched(ADA, kind=kind))
    stored = journal.stored([key(ADA)])[key(ADA)].match
    assert (stored.status, stored.model) == (Status.MATCHED, matched(ADA).model.read())
    assert query(journal, "SELECT COUNT(*) FROM elements") == [(0,)]


# Files of version 7, which stored models beside whole bodies


def model_of(identity, **more):
    match = matched(identity, element(identity, **more))
    return replace(match, model=match.model.read())


@pytest.fixture
def old(path):
    """Make a file of version 7; yield its journal, two runs, and a batch with an unread answer."""
    journal = Journal(path)
    body = answer_of(element(ADA, headline="before"), element(BOB))
    first, _ = bought(
        journal, body, model_of(ADA, headline="before"), model_of(BOB), fetched=time.time() - 9
    )
    second, _ = bought(journal, answer_of(element(ADA)), model_of(ADA))
    held = Match(identity=EVE, status=Status.HELD, reason="answer_lost")
    bought(journal, b"", held, held=1.0)
    batch = claimed(journal, second, DAN)
    journal.record_answer(
        journal.record_intent(batch, 0, REQUEST),
        Response(status=200, body=answer_of(element(DAN)), outcome=Outcome.ACCEPTED),
    )
    journal.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        downgrade(connection, 7)
        before = rows_of_version_7(connection)
    journal = Journal(path)
    with journal._database.reading() as connection:
        assert rows_of_version_7(connection) == before
    yield journal, first, second, batch
    journal.close()


def rows_of_version_7(connection):
    columns = {"results": "fingerprint, status, model, batch", "requests": "id, outcome, body"}
    return [
        tuple(row)
        for table, names in columns.items()
        for row in connection.execute(f"SELECT {names} FROM {table}")  # noqa: S608 - above
    ]


def test_old_answers_are_read_as_models(old):
    journal, first, _, _ = old
    stored = journal.stored([key(one) for one in (ADA, BOB, EVE)])
    assert stored[key(ADA)].match == model_of(ADA)
    assert stored[key(BOB)].match == model_of(BOB)
    assert stored[key(EVE)].match.status is Status.HELD
    assert bodies(journal, first) == [answer_of(element(ADA, headline="before"), element(BOB))]


def test_old_replaced_answer_stays_available(old):
    journal = old[0]
    until = time.time() - 5
    past = parse_past_answers(journal, PROVIDER, "people", [ADA], scope=SCOPE, until=until)
    assert past[ADA].match.model.read() == model_of(ADA, headline="before").model


def test_old_unread_answer_is_adopted_and_stored_as_a_record(old):
    journal, _, _, batch = old
    adopted = journal.adopt(batch, SCOPE)
    assert adopted.recorded[0].body == answer_of(element(DAN))
    pairs = [(key(DAN), matched(DAN))]
    journal.store_results(batch, "crustdata", "people", pairs, 0.0)
    assert journal.stored([key(DAN)])[key(DAN)].match == matched(DAN)
    assert query(journal, "SELECT MAX(is_cut) FROM requests WHERE batch = 4") == [(1,)]


def test_old_answers_are_erased(old):
    journal, first, _, _ = old
    assert journal.eraser.erase("people", {"email": "ada@acme.example"}) == 1
    assert b"ada" not in texts(journal)
    assert journal.stored([key(BOB)])[key(BOB)].match == model_of(BOB)
    assert msgspec.json.decode(bodies(journal, first)[0]) == [msgspec.json.decode(element(BOB))]


def test_parsing_old_answers_again_finds_no_change(old, monkeypatch):
    monkeypatch.setattr("enrich_pandas.engine.results.scope_of", lambda *_: SCOPE)
    journal, first, second, _ = old
    for run in (first, second):
        assert list(parse_again(journal, run, PROVIDER, "people", "live")) == []


def test_new_record_replaces_an_old_model(old):
    journal = old[0]
    raw = element(BOB, headline="after")
    bought(journal, answer_of(raw), matched(BOB, raw))
    assert journal.stored([key(BOB)])[key(BOB)].match == matched(BOB, raw)
