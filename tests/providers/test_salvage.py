import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings, strategies as st

from enrich_pandas.providers.decoding import repair, salvage

text = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ['"', "\\", '\\"', "[", "]", "{", "}", ",", "é", "😀", "\\u"]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=8,
)


@given(
    elements=st.lists(values, max_size=6), ascii_=st.booleans(), indent=st.sampled_from([None, 1])
)
@settings(max_examples=150, deadline=None)
def test_salvage_keeps_every_element_before_a_cut(
    elements: list[Any], *, ascii_: bool, indent: int | None
) -> None:
    body = json.dumps(elements, ensure_ascii=ascii_, indent=indent).encode()
    ends = [end for _, end in spans(body, len(elements))]
    for cut in range(len(body) + 1):
        found = [json.loads(element) for element in salvage(body[:cut])]
        complete = sum(end <= cut for end in ends)
        assert found == elements[: len(found)]
        is_number = complete and type(elements[complete - 1]) in (int, float)
        may_go_on = is_number and ends[complete - 1] == cut
        assert len(found) == complete - may_go_on


def spans(body: bytes, count: int) -> list[tuple[int, int]]:
    """Find each element of an array with the standard library's decoder."""
    whole, found, position = body.decode("latin-1"), [], 1
    for _ in range(count):
        position += len(whole[position:]) - len(whole[position:].lstrip(" \n,"))
        _, end = json.JSONDecoder().raw_decode(whole, position)
        found.append((position, end))
        position = end
    return found


def test_salvage_returns_raw_slices_in_order() -> None:
    body = b'[ {"a" : 1.50} , [2], "t\\u00e9", 3 , {"b": [}'
    assert salvage(body) == [b'{"a" : 1.50}', b"[2]", b'"t\\u00e9"', b"3"]


@pytest.mark.parametrize(
    "body", [b"", b"null", b"{}", b'{"a": [1', b'"[1]"', b"<html>", b"]", b"[", b"[,1]", b"\xff["]
)
def test_salvage_of_other_json_is_empty(body: bytes) -> None:
    assert salvage(body) == []


def test_salvage_leaves_out_invalid_elements() -> None:
    assert salvage(b'[{"a": 1}, {"a": NaN}, {"a": 2}') == [b'{"a": 1}', b'{"a": 2}']


def test_salvage_stops_at_hostile_nesting() -> None:
    assert salvage(b'["a", ' + b"[" * 1_000_000) == [b'"a"']


@pytest.mark.parametrize("element", [b'{"name": "Ada", "tags": ["x", "]"]}', b"7", b'"a"'])
def test_salvage_takes_linear_time(element: bytes) -> None:
    def seconds(count: int) -> float:
        body = b"[" + b",".join([element] * count)
        start = time.process_time()
        assert len(salvage(body)) >= count - 1
        return time.process_time() - start

    seconds(1000)
    assert min(seconds(40_000) for _ in range(3)) < 30 * min(seconds(4_000) for _ in range(3))


def test_salvage_accepts_numbers_of_5000_digits() -> None:
    assert salvage(b"[" + b"9" * 5000 + b', {"a": 1}') == [b"9" * 5000, b'{"a": 1}']


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        (rb'["\ud800"]', ["\ufffd"]),
        (rb'["\uDC00 x"]', ["\ufffd x"]),
        (rb'["\ud83d\ude00"]', ["😀"]),
        (rb'["\ud83d\ud83d\ude00"]', ["\ufffd😀"]),
        (rb'["\\ud800"]', [r"\ud800"]),
        (rb'["\\\ud800"]', ["\\\ufffd"]),
        (b'["\xff"]', ["\ufffd"]),
        (b'["\xed\xa0\x80"]', ["\ufffd\ufffd\ufffd"]),
        (b"\xef\xbb\xbf[1]", [1]),
        (b'["\\u0000"]', ["\x00"]),
        (b'["a\nb",\n"\x00\\"\t"]', ["a\nb", '\x00"\t']),
    ],
)
def test_repair_fixes_broken_text(broken: bytes, whole: list[Any]) -> None:
    assert msgspec.json.decode(repair(broken)) == whole


def test_repair_takes_linear_time() -> None:
    def seconds(count: int) -> float:
        start = time.process_time()
        repair(b'["\n' + b'\\"' * count)
        return time.process_time() - start

    seconds(1000)
    assert min(seconds(400_000) for _ in range(3)) < 30 * min(seconds(40_000) for _ in range(3))


@given(values)
@settings(deadline=None)
def test_repair_returns_valid_text_unchanged(value: Any) -> None:
    for ascii_ in (True, False):
        body = json.dumps(value, ensure_ascii=ascii_).encode()
        assert repair(body) is body


@given(st.text(max_size=20), st.binary(max_size=10))
def test_repaired_text_is_utf8_and_stable(text_: str, raw: bytes) -> None:
    body = json.dumps(text_).encode() + raw  # json writes lone surrogates
    once = repair(body)
    once.decode()
    assert repair(once) is once
    if not raw:
        assert isinstance(msgspec.json.decode(once), str)


@given(
    values, st.lists(st.tuples(st.integers(0, 400), st.sampled_from(b"\0\t\n\r\x1f")), max_size=4)
)
@settings(deadline=None)
def test_repair_escapes_control_characters_within_texts_only(
    value: Any, controls: list[tuple[int, int]]
) -> None:
    """Compare with the grammar, one character at a time."""
    body = bytearray(json.dumps(value, ensure_ascii=False).encode())
    for place, control in controls:
        body.insert(min(place, len(body)), control)
    whole, is_text, is_escaped = bytearray(), False, False
    for byte in body:
        whole += b"\\u%04x" % byte if is_text and byte < 0x20 else bytes([byte])
        is_text ^= byte == ord('"') and not is_escaped
        is_escaped = is_text and byte == ord("\\") and not is_escaped
    assume(rb"\ud" not in whole.lower())  # surrogates have a test of their own
    assert repair(bytes(body)) == whole.decode(errors="replace").encode()
