"""A case of the fault matrix, how it is run, and how the ledger judges it."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.providers.amplemarket import flows

SLUGS = [f"p{number}-example" for number in range(3)]
PROVIDERS = {
    "crustdata": ep.Crustdata,
    "screener": lambda: ep.Crustdata(api="screener"),
    "amplemarket": ep.Amplemarket,
    "single": lambda: ep.Amplemarket(api="single"),
    "zoho": lambda: ep.Zoho(settle=0.3),
}
# Where a vendor is asked for what it charges, and where for what is free. A page is that of a
# job's results; with one result a page, three people have three of them.
BILLED = [
    ("crustdata", "submit"),
    ("screener", "submit"),
    ("amplemarket", "submit"),
    ("single", "find"),
    ("zoho", "submit"),
]
FREE = [
    ("amplemarket", "poll"),
    ("amplemarket", "page"),
    ("zoho", "poll"),
    ("zoho", "list"),
    ("zoho", "token"),
]
VENDORS = ("crustdata", "screener", "amplemarket", "zoho")
SANDBOXES = {"screener": "crustdata", "single": "amplemarket"}
MATCHED = {"matched": 3}
# What comes of a billed answer that never came: of a request that was not accepted, and of one
# that was. One person a request is one that is lost; Zoho's list tells of what was accepted.
ONE_LOST = {"matched": 2, "held": 1}
LOST_BEFORE = {"single": (ONE_LOST, 2), "zoho": (ONE_LOST, 2)}
LOST_AFTER = {"single": (ONE_LOST, 3), "zoho": (MATCHED, 3)}
# What comes of one of which a part came: of three people the first, of a job where it is.
CUT = {
    "crustdata": ({"matched": 1, "held": 2}, 3),
    "screener": ({"matched": 1, "held": 2}, 3),
    "amplemarket": (MATCHED, 3),
    "single": (ONE_LOST, 3),
    "zoho": (MATCHED, 3),
}


@dataclass(frozen=True)
class Case:
    """What strikes where, and what is to come of it.

    ``statuses`` counts the rows, ``charged`` the identities in the ledger; ``error`` stops the run.
    """

    number: str
    vendor: str
    where: str
    fault: str
    statuses: Mapping[str, int]
    charged: int
    options: Mapping[str, Any] = field(default_factory=dict)
    error: type[Exception] | None = None

    @property
    def name(self) -> str:
        told = "-".join(f"{key}={str(value)[:24]}" for key, value in self.options.items())
        return "-".join(filter(None, (self.number, self.vendor, self.where, self.fault, told)))


def cases(table: list[Case], slow: Collection[Case] = (), extended: Collection[Case] = ()) -> Any:
    """Return the mark that makes a test of each case, of which some do not run by default."""

    def marks(case: Case) -> list[Any]:
        if case in slow:
            return [pytest.mark.slow]
        return [pytest.mark.extended] * (case in extended)

    params = [pytest.param(one, id=one.name, marks=marks(one)) for one in table]
    return pytest.mark.parametrize("case", params)


def lost(number: str, fault: str, *, accepted: bool, **options: Any) -> list[Case]:
    """Return a case of a lost answer to each billed request."""
    known, charged = (LOST_AFTER, 3) if accepted else (LOST_BEFORE, 0)
    return [
        Case(number, vendor, where, fault, *known.get(vendor, ({"held": 3}, charged)), options)
        for vendor, where in BILLED
    ]


def cut(number: str, fault: str, **options: Any) -> list[Case]:
    """Return a case of an answer that came in part to each billed request."""
    return [Case(number, vendor, where, fault, *CUT[vendor], options) for vendor, where in BILLED]


def harmless(
    number: str, fault: str, places: Collection[tuple[str, str]] = (*BILLED, *FREE), **options: Any
) -> list[Case]:
    """Return a case at each place of a fault that costs nobody an answer."""
    return [Case(number, vendor, where, fault, MATCHED, 3, options) for vendor, where in places]


def people(slugs: list[str] = SLUGS) -> pd.DataFrame:
    return pd.DataFrame({"LinkedIn": [f"https://www.linkedin.com/in/{slug}" for slug in slugs]})


def enriched(
    frame: pd.DataFrame, provider: Any, **options: Any
) -> tuple[pd.DataFrame, Exception | None]:
    """Enrich; what an error interrupts gives the frame so far, and the error."""
    try:
        return frame.enrich.people(provider, progress=None, **options), None
    except ep.EnrichError as error:
        return error.result, error


def counted(frame: pd.DataFrame) -> dict[str, int]:
    return frame["person_status"].value_counts().to_dict()


def struck(box: Any, case: Case) -> None:
    """Order the fault of a case; that of a page spares the first, which tells of the others."""
    is_page = case.where == "page"
    where, options = ("poll", {"skip": 1}) if is_page else (case.where, {})
    box.fault(sandbox_name(case.vendor), where, case.fault, **{**options, **case.options})


def sandbox_name(vendor: str) -> str:
    """Return whose emulator serves a provider's requests."""
    return SANDBOXES.get(vendor, vendor)


def judge(case: Case, **sandbox: Any) -> pd.DataFrame:
    """Run a case and compare; then repeat the call, which pays for nobody twice."""
    with ep.sandbox(misses=0, **sandbox) as box, paged(case.where):
        struck(box, case)
        frame, error = enriched(people(), PROVIDERS[case.vendor]())
        assert case.fault in set(box.requests["fault"])
        assert (counted(frame), len(box.ledger)) == (dict(case.statuses), case.charged)
        assert (type(error) if error else None) is case.error, error
        proven(box, frame)
        again, _ = enriched(people(), PROVIDERS[case.vendor]())
        assert box.ledger["identity"].is_unique
        proven(box, again)
    return frame


@contextmanager
def paged(where: str) -> Iterator[None]:
    """Let a page hold one result, where pages are struck."""
    with pytest.MonkeyPatch.context() as patch:
        if where == "page":
            patch.setattr(flows, "PAGE", {"page[size]": "1"})
        yield


def proven(box: Any, frame: pd.DataFrame) -> None:
    """Check that who was charged for is landed, held or pending, and the books agree."""
    kept = frame["person_status"].isin(["matched", "held", "pending", "not_found", "failed"])
    charged, settled = set(map(slug, box.ledger["identity"])), frame.loc[kept, "LinkedIn"]
    assert charged <= set(map(slug, settled)), (charged, settled)
    named = frame["person_linkedin_url"].dropna()
    for asked, found in zip(frame["LinkedIn"].loc[named.index], named, strict=True):
        assert slug(found) == slug(asked)
    told, held = ep.runs()["credits"].sum(), ep.runs()["credits_held"].sum()
    assert told <= box.ledger["credits"].sum() <= told + held


def slug(address: str) -> str:
    """Return who is meant: a vendor may fold a profile's address into another identity."""
    found = re.search(r"p\d+(?=-example)", address)
    return found[0] if found else address
