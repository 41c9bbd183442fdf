"""A case of the fault matrix, its execution, and the comparison with the ledger."""

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
# The billed and the free requests of each vendor. A "page" is one of the results of a job; with
# one result per page, three people have three pages.
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
# The statuses after a lost billed answer: of a request that was not accepted, and of an accepted
# one. With one person per request, one is lost; Zoho's list contains the accepted jobs.
ONE_LOST = {"matched": 2, "held": 1}
LOST_BEFORE = {"single": (ONE_LOST, 2), "zoho": (ONE_LOST, 2)}
LOST_AFTER = {"single": (ONE_LOST, 3), "zoho": (MATCHED, 3)}
# The statuses after a truncated answer: the first of three people, or the id of the job, arrived.
CUT = {
    "crustdata": ({"matched": 1, "held": 2}, 3),
    "screener": ({"matched": 1, "held": 2}, 3),
    "amplemarket": (MATCHED, 3),
    "single": (ONE_LOST, 3),
    "zoho": (MATCHED, 3),
}


@dataclass(frozen=True)
class Case:
    """A fault at a request of a vendor, and the expected result.

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
        options = "-".join(f"{key}={str(value)[:24]}" for key, value in self.options.items())
        return "-".join(filter(None, (self.number, self.vendor, self.where, self.fault, options)))


def cases(table: list[Case], slow: Collection[Case] = (), extended: Collection[Case] = ()) -> Any:
    """Return the mark that makes a test of each case; some do not run by default."""

    def marks(case: Case) -> list[Any]:
        if case in slow:
            return [pytest.mark.slow]
        return [pytest.mark.extended] * (case in extended)

    params = [pytest.param(one, id=one.name, marks=marks(one)) for one in table]
    return pytest.mark.parametrize("case", params)


def lost(number: str, fault: str, *, accepted: bool, **options: Any) -> list[Case]:
    """Return one case of a lost answer per billed request."""
    known, charged = (LOST_AFTER, 3) if accepted else (LOST_BEFORE, 0)
    return [
        Case(number, vendor, where, fault, *known.get(vendor, ({"held": 3}, charged)), options)
        for vendor, where in BILLED
    ]


def cut(number: str, fault: str, **options: Any) -> list[Case]:
    """Return one case of a truncated answer per billed request."""
    return [Case(number, vendor, where, fault, *CUT[vendor], options) for vendor, where in BILLED]


def harmless(
    number: str, fault: str, places: Collection[tuple[str, str]] = (*BILLED, *FREE), **options: Any
) -> list[Case]:
    """Return one case per request of a fault without consequences."""
    return [Case(number, vendor, where, fault, MATCHED, 3, options) for vendor, where in places]


def people(slugs: list[str] = SLUGS) -> pd.DataFrame:
    return pd.DataFrame({"LinkedIn": [f"https://www.linkedin.com/in/{slug}" for slug in slugs]})


def enriched(
    frame: pd.DataFrame, provider: Any, **options: Any
) -> tuple[pd.DataFrame, Exception | None]:
    """Enrich and return the frame and the error, if any."""
    try:
        return frame.enrich.people(provider, progress=None, **options), None
    except ep.EnrichError as error:
        return error.result, error


def counted(frame: pd.DataFrame) -> dict[str, int]:
    return frame["person_status"].value_counts().to_dict()


def struck(box: Any, case: Case) -> None:
    """Order the fault of a case; the first page is spared, because it links the others."""
    is_page = case.where == "page"
    where, options = ("poll", {"skip": 1}) if is_page else (case.where, {})
    box.fault(sandbox_name(case.vendor), where, case.fault, **{**options, **case.options})


def sandbox_name(vendor: str) -> str:
    """Return the vendor whose emulator serves the requests of a provider."""
    return SANDBOXES.get(vendor, vendor)


def judge(case: Case, **sandbox: Any) -> pd.DataFrame:
    """Run a case and compare; repeat the call, which must not pay twice."""
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
    """Set the page size to one result if the fault is at a page."""
    with pytest.MonkeyPatch.context() as patch:
        if where == "page":
            patch.setattr(flows, "PAGE", {"page[size]": "1"})
        yield


def proven(box: Any, frame: pd.DataFrame) -> None:
    """Check that charged rows are stored, held or pending, and that the credits agree."""
    kept = frame["person_status"].isin(["matched", "held", "pending", "not_found", "failed"])
    charged, settled = set(map(slug, box.ledger["identity"])), frame.loc[kept, "LinkedIn"]
    assert charged <= set(map(slug, settled)), (charged, settled)
    named = frame["person_linkedin_url"].dropna()
    for asked, found in zip(frame["LinkedIn"].loc[named.index], named, strict=True):
        assert slug(found) == slug(asked)
    spent, held = ep.runs()["credits"].sum(), ep.runs()["credits_held"].sum()
    assert spent <= box.ledger["credits"].sum() <= spent + held


def slug(address: str) -> str:
    """Return the short name of a person: vendors rewrite profile URLs in identities."""
    found = re.search(r"p\d+(?=-example)", address)
    return found[0] if found else address
