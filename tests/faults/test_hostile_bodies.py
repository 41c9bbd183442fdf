"""F41 to F43 and S10: bodies with hostile encodings, compression or headers."""

import resource
import sys
import time
from typing import Any

import pytest

import enrich_pandas as ep
from enrich_pandas.transport import Transport
from tests.faults.judging import (
    BILLED,
    CUT,
    FREE,
    ONE_LOST,
    Case,
    cases,
    enriched,
    harmless,
    judge,
    lost,
    people,
)

ARRAYS = ("crustdata", "screener")
# These spellings are repaired without loss.
MENDED = ["bom", "latin1", "surrogate", "nul", "control", "huge_number", "huge_exponent",
          "repeated_key", "trailing"]  # fmt: skip
HELD = {"held": 3}


def spoilt(number: str, fault: str, array: Any, **options: Any) -> list[Case]:
    """Return the cases of an unreadable answer; a part of an array can be read."""
    read = dict.fromkeys(ARRAYS, array)
    return [
        Case(number, vendor, where, fault, *read.get(vendor, CUT[vendor]), options)
        for vendor, where in BILLED
    ]


PLACES = [*BILLED, *FREE[:4]]
SPELLED = [
    *(
        case
        for how in MENDED
        for case in harmless(
            "F42", "respelled", [one for one in PLACES if one != BILLED[3]], how=how
        )
    ),
    *spoilt("F42", "respelled", (HELD, 3), how="utf16"),
    *(
        case
        for how in ("nan", "infinity")
        for case in spoilt("F42", "respelled", (ONE_LOST, 3), how=how)
    ),
    *spoilt("F42", "respelled", (HELD, 3), how="deep"),
    *(
        case
        for how in ("utf16", "nan", "deep")
        for case in harmless("F42", "respelled", FREE[:4], how=how)
    ),
    *harmless("F41", "packed", PLACES, encoding="gzip"),
    *(
        case
        for encoding in ("deflate", "br", "gzip, gzip", "deflate, gzip")
        for case in harmless("F41", "packed", FREE[:4], encoding=encoding)
    ),
    *(
        case
        for encoding in ("deflate", "gzip, gzip")
        for case in spoilt("F41", "packed", (HELD, 3), encoding=encoding)
    ),
    *harmless("F41", "chunked", PLACES),
    *lost("F41", "edited", accepted=True, headers=[("x-odd", "x" * 100_000)]),
    *harmless("F41", "edited", FREE, headers=[("x-odd", "x" * 100_000)]),
    *lost("F41", "edited", accepted=True, headers=[(f"x{n}", "y") for n in range(10_000)]),
    *harmless("F41", "edited", FREE, headers=[(f"x{n}", "y") for n in range(10_000)]),
]
QUICK = [
    one
    for one in SPELLED
    if (one.vendor, one.where) in (("crustdata", "submit"), ("amplemarket", "poll"))
    and (one.vendor == "crustdata" or one.options.get("how") in ("deep", "control", "nan"))
]


@cases(SPELLED, [one for one in SPELLED if one not in QUICK])
def test_odd_encoding_gives_the_expected_statuses(case: Case) -> None:
    frame = judge(case)
    for name in frame["person_name"].dropna():
        name.encode()  # no half of a surrogate pair


# Compression bombs

BOMBS = [
    *lost("F41", "packed", accepted=True, spaces=80 * 2**20),
    *harmless("F41", "packed", FREE[:4], spaces=80 * 2**20),
]


@cases(BOMBS, BOMBS)
def test_compression_bomb_is_cut_at_the_limit(case: Case) -> None:
    """80 MiB of blanks in 80 kB: above 64 MiB an answer is lost; free requests are repeated."""
    judge(case)


@pytest.mark.parametrize(
    ("fault", "options"),
    [("packed", {"spaces": 8 * 2**20}), ("respelled", {"how": "deep"})],
)
def test_hostile_body_uses_bounded_memory_and_time(
    monkeypatch: pytest.MonkeyPatch, fault: str, options: dict[str, Any]
) -> None:
    """With a limit of 2 MiB: a few times that memory, and less than 2 seconds."""
    monkeypatch.setitem(Transport.__init__.__kwdefaults__, "max_bytes", 2 * 2**20)
    with ep.sandbox(misses=0, process=True) as box:
        enriched(people(["warm-example"]), "crustdata")
        box.fault("crustdata", "submit", fault, **options)
        began = time.process_time()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        enriched(people(), "crustdata")
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert time.process_time() - began < 2
        assert grown / (1 if sys.platform == "darwin" else 2**10) < 64 * (
            2**20 if sys.platform == "darwin" else 1
        )
