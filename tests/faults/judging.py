"""A case of the fault matrix, how it is run, and how the ledger judges it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pytest

import enrich_pandas as ep

SLUGS = [f"p{number}-example" for number in range(3)]
PROVIDERS = {
    "crustdata": ep.Crustdata,
    "screener": lambda: ep.Crustdata(api="screener"),
    "amplemarket": ep.Amplemarket,
    "zoho": lambda: ep.Zoho(settle=0.3),
}
VENDORS = ("crustdata", "screener", "amplemarket", "zoho")
MATCHED = {"matched": 3}


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


def cases(table: list[Case], slow: Collection[Case] = ()) -> Any:
    """Return the mark of a test of each case; some are for the long run only."""
    marks = {True: [pytest.mark.slow], False: []}
    params = [pytest.param(one, id=one.name, marks=marks[one in slow]) for one in table]
    return pytest.mark.parametrize("case", params)


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
    """Order the fault of a case."""
    vendor = "crustdata" if case.vendor == "screener" else case.vendor
    box.fault(vendor, case.where, case.fault, **case.options)


def judge(case: Case, **sandbox: Any) -> pd.DataFrame:
    """Run a case and compare; then repeat the call, which pays for nobody twice."""
    with ep.sandbox(misses=0, **sandbox) as box:
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
