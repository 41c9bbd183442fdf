"""Decoding is lenient and never raises."""

import subprocess
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from enrich_pandas.providers.decoding import (
    Date,
    Id,
    Texts,
    date,
    elements,
    identifier,
    read,
    repair,
    text,
    texts,
)


class Part(msgspec.Struct):
    name: str | None = None
    year: int | None = None


class Whole(msgspec.Struct):
    text: str | None = None
    number: int | None = None
    flag: bool | None = None
    day: Date = None
    id: Id = None
    words: Texts = None
    part: Part | None = None
    parts: list[Part | None] | None = None
    by_key: dict[str, Part | None] | None = None
    renamed: str | None = msgspec.field(default=None, name="reNamed")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text('[]{}",:\\u0d8 a1-', max_size=40).map(str.encode))
def test_any_bytes_raise_nothing(body: bytes) -> None:
    for raw in elements(body).raw:
        value, odd = read(raw, Whole)
        assert value is not None or odd == [""]
    repair(body).decode()


@pytest.mark.parametrize("body", [b"null", b"5", b'"text"', b"", b"<html>", b"{", b"["])
def test_other_json_has_no_elements(body: bytes) -> None:
    assert elements(body) == ([], False)


def test_an_object_is_its_own_element() -> None:
    assert elements(b' {"a": [1]} ') == ([b'{"a": [1]}'], True)


@settings(max_examples=500, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [field.encode_name for field in msgspec.structs.fields(Whole)] + ["unknown"]
        ),
        json_values,
    )
)
def test_any_object_is_decoded_as_far_as_possible(value: dict[str, Any]) -> None:
    whole, odd = read(msgspec.json.encode(value), Whole)
    assert isinstance(whole, Whole)
    if isinstance(value.get("text"), str):
        assert whole.text == value["text"]
    known = {field.encode_name for field in msgspec.structs.fields(Whole)}
    assert {path.split(".")[0].removesuffix("[]") for path in odd} <= known


@pytest.mark.parametrize(
    ("value", "expected", "odd"),
    [
        ({"text": 5}, Whole(), ["text"]),
        ({"number": "5"}, Whole(number=5), []),
        ({"number": "500+"}, Whole(), ["number"]),
        ({"number": 2.5, "text": "a"}, Whole(text="a"), ["number"]),
        ({"flag": "true"}, Whole(flag=True), []),
        ({"day": "soon", "text": "null"}, Whole(text="null"), ["day"]),
        ({"day": "2024-13"}, Whole(), ["day"]),
        ({"day": 5}, Whole(), ["day"]),
        ({"id": [1, "2", None]}, Whole(id=[1, "2", None]), []),
        ({"id": 1.5}, Whole(), ["id"]),
        ({"words": ["a", 5]}, Whole(words=["a"]), ["words[]"]),
        ({"part": "x"}, Whole(), ["part"]),
        ({"part": {"name": 1, "year": 2}}, Whole(part=Part(year=2)), ["part.name"]),
        (
            {"parts": [{"name": "a", "year": []}, 5, {"name": "b"}]},
            Whole(parts=[Part(name="a"), Part(name="b")]),
            ["parts[].year", "parts[]"],
        ),
        ({"parts": {"0": {}}}, Whole(), ["parts"]),
        (
            {"by_key": {"ada@example.com": {"year": "x", "name": "a"}}},
            Whole(by_key={"ada@example.com": Part(name="a")}),
            ["by_key.year"],
        ),
        ({"reNamed": "a", "number": []}, Whole(renamed="a"), ["number"]),
        ({"unknown": [1], "text": "a"}, Whole(text="a"), []),
    ],
)
def test_a_mistyped_field_is_none_and_named(value: Any, expected: Whole, odd: list[str]) -> None:
    assert read(msgspec.json.encode(value), Whole) == (expected, odd)


def test_huge_numbers_affect_no_other_field() -> None:
    raw = b'{"number": 1e999, "id": ' + b"9" * 5_000 + b', "text": "a"}'
    whole, odd = read(raw, Whole)
    assert whole is not None
    assert whole.text == "a"
    assert (whole.number, whole.id) == (None, "9" * 5_000)
    assert odd == []


@pytest.mark.parametrize("raw", [b"[]", b"5", b"null", b'"a"', b"{", b""])
def test_other_json_than_an_object_is_none(raw: bytes) -> None:
    assert read(raw, Whole) == (None, [""])


def test_texts_ids_and_dates_have_one_form() -> None:
    assert text([None, " a "]) == "a"
    assert text({"a": 1}) is None
    assert texts("a, b,,a", separator=",") == ["a", "b"]
    assert identifier("0Z3xGk0Aip0yvSi+sIQjxQ==") == "0Z3xGk0Aip0yvSi+sIQjxQ=="
    assert identifier(2**70) == str(2**70)
    assert date("2021-04-01 00:00") == "2021-04-01"
    assert date("2021-04-01T00:00:00.000Z") == "2021-04-01"
    assert date("2021-04-01T08:30:00+02:00") == "2021-04-01T08:30:00+02:00"


THREADS = """
import sys, threading, msgspec
from enrich_pandas.providers.decoding import decoder_of

sys.setswitchinterval(1e-6)
raw = b'{"f0": {"a": "x", "b": 1}, "f1": {"a": "x", "b": 1}, "f2": {"a": "x", "b": 1}}'
text, number = (str | None, None), (int | None, None)
for _ in range(100):
    parts = [msgspec.defstruct(f"C{n}", [("a", *text), ("b", *number)]) for n in range(3)]
    kind = msgspec.defstruct("P", [(f"f{n}", part | None, None) for n, part in enumerate(parts)])
    threads = [threading.Thread(target=lambda: decoder_of(kind).decode(raw)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_threads_can_decode_a_new_type_at_once():
    """If each thread builds its own decoder, msgspec crashes within a few types."""
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
