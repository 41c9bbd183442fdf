"""The findings of a live check: what answers and balances prove, and the file that keeps them."""

import hashlib
import os
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from enrich_pandas.providers.base import Outcome, Response, Status

Verdict = Literal["holds", "does not hold", "not tested"]
FILE = "doctor.json"
KEPT = 20  # checks in the file, the newest first


class Finding(msgspec.Struct, kw_only=True):
    """Whether an assumption holds, and the evidence. It contains no person and no key."""

    name: str
    assumption: str
    verdict: Verdict = "not tested"
    evidence: str = ""


class Check(msgspec.Struct, kw_only=True):
    """A live check of one account. Of the chosen identity it contains a salted hash only."""

    provider: str
    account: str
    version: str
    kind: str
    realm: str
    library: str
    at: str
    credits_max: float
    credits_counted: float = 0.0
    credits_spent: float | None = None  # by the vendor's balance
    identity: str = ""
    stopped: str = ""
    findings: list[Finding] = []

    def count(self, verdict: Verdict) -> int:
        """Return the number of findings with a verdict."""
        return sum(finding.verdict == verdict for finding in self.findings)


def salted_hash(text: str) -> str:
    """Return a salted hash that is slow to guess from.

    Examples
    --------
    >>> salted_hash("email=ada@example.com") == salted_hash("email=ada@example.com")
    False
    """
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(text.encode(), salt=salt, n=2**14, r=8, p=1, dklen=16)
    return f"{salt.hex()}:{digest.hex()}"


def read_checks(folder: Path) -> list[Check]:
    """Return the checks that are stored in a folder; none if the file cannot be read."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=list[Check])
    except (OSError, msgspec.DecodeError):
        return []


def save_check(folder: Path, check: Check) -> Path:
    """Store a check in place of the older one of the same account; return the file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    checks = [check, *(one for one in read_checks(folder) if _account(one) != _account(check))]
    path = folder / FILE
    new = folder / f"{FILE}.{secrets.token_hex(4)}.new"
    with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(checks[:KEPT])))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    return path


def _account(check: Check) -> tuple[str, ...]:
    return check.provider, check.account, check.version, check.kind, check.realm


# -- What an answer and the balances around it prove ---------------------------------------------

# The answers to a request that identifies nothing.
MALFORMED = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
NEAR = 1e-6  # difference of two sums of credits that counts as equal
NO_BALANCE = "the vendor returned no balance that can be read"


class Measured(NamedTuple):
    """The outcome of one request: status, reason, both balances, and the journal's record."""

    status: str
    reason: str
    before: float | None
    after: float | None
    credits: float
    has_job: bool


def assess_miss(measured: Measured) -> Finding:
    """Return whether an unknown identity costs what the library counts."""
    text = "An identity that is not found costs what the library counts"
    is_queued = measured.status == Status.PENDING and not measured.has_job
    if measured.status != Status.NOT_FOUND and not is_queued:
        return _untested("miss", text, f"the made-up one was {_row(measured)}, not not_found")
    return _compare_balance("miss", text, measured)


def assess_price(measured: Measured | None, price: float) -> Finding:
    """Return whether a known identity costs what the library counts, within its quote."""
    text = "An identity that is found costs what the library counts, and no more than planned"
    if measured is None:
        return _untested("price", text, "no identity was chosen; choose one with --identity")
    if measured.status != Status.MATCHED:
        return _untested("price", text, f"the chosen identity was {_row(measured)}")
    finding = _compare_balance("price", text, measured)
    finding.evidence += f"; planned at most {price:g}"
    if finding.verdict == "holds" and measured.credits > price + NEAR:
        finding.verdict = "does not hold"
    return finding


def assess_refusal(response: Response | None, before: float | None, after: float | None) -> Finding:
    """Return whether a refused request is free."""
    text = "A request that is refused (400) costs nothing"
    if response is None:
        reason = f"{NO_BALANCE}, or no request is known that the vendor refuses"
        return _untested("refusal", text, reason)
    if response.outcome is not Outcome.REFUSED or response.status not in MALFORMED:
        reason = f"it was not refused as malformed (status {response.status})"
        return _untested("refusal", text, reason)
    return _expect_free("refusal", text, f"status {response.status}", before, after)


def assess_refetch(response: Response | None, before: float | None, after: float | None) -> Finding:
    """Return whether a job can be fetched again by its id at no cost."""
    text = "A job that is fetched again by its id is answered, and costs nothing"
    if response is None:
        reason = "no job was made: this vendor answers at once, or refused"
        return _untested("again", text, reason)
    if response.outcome is not Outcome.ACCEPTED or not response.body:
        return _finding("again", text, "does not hold", f"status {response.status}, no answer")
    return _expect_free("again", text, f"status {response.status}", before, after)


def assess_listing(seconds: float | None, settle: float, *, is_tested: bool = True) -> Finding:
    """Return whether the vendor's list shows a job soon enough."""
    text = f"The vendor's list shows a job within {settle:g} s"
    if not is_tested:
        return _untested("listed", text, "no job was made")
    if seconds is None:
        return _untested("listed", text, "not shown after a minute; look for it later")
    verdict: Verdict = "holds" if seconds <= settle else "not tested"
    return _finding("listed", text, verdict, f"shown {seconds:.1f} s after it was made, or sooner")


def assess_diacritics(response: Response) -> Finding:
    """Return whether the vendor refuses letters with diacritics."""
    text = "The vendor refuses letters with diacritics, so they are not sent"
    is_refused = response.outcome is Outcome.REFUSED
    is_bad_request = response.status == HTTPStatus.BAD_REQUEST
    verdict: Verdict = "holds" if is_bad_request else "does not hold"
    if response.lost or (is_refused and not is_bad_request):
        verdict = "not tested"
    what = "refused" if is_refused else "accepted"
    return _finding("english", text, verdict, f"it was {what} (status {response.status})")


def _compare_balance(name: str, text: str, measured: Measured) -> Finding:
    counted = f"the library counts {measured.credits:g}"
    before, after = measured.before, measured.after
    if before is None or after is None:
        return _untested(name, text, f"{_row(measured)}; {NO_BALANCE}; {counted}")
    is_equal = abs(before - after - measured.credits) < NEAR
    evidence = f"{_row(measured)}; {_change(before, after)}; {counted}"
    return _finding(name, text, "holds" if is_equal else "does not hold", evidence)


def _expect_free(
    name: str, text: str, evidence: str, before: float | None, after: float | None
) -> Finding:
    if before is None or after is None:
        return _untested(name, text, f"{evidence}; {NO_BALANCE}")
    is_free = abs(before - after) < NEAR
    evidence = f"{evidence}; {_change(before, after)}"
    return _finding(name, text, "holds" if is_free else "does not hold", evidence)


def _change(before: float, after: float) -> str:
    return f"balance {before:,.10g} → {after:,.10g}"


def _row(measured: Measured) -> str:
    return f"{measured.status} ({measured.reason})" if measured.reason else measured.status


def _untested(name: str, text: str, reason: str) -> Finding:
    return _finding(name, text, "not tested", reason)


def _finding(name: str, text: str, verdict: Verdict, evidence: str) -> Finding:
    return Finding(name=name, assumption=text, verdict=verdict, evidence=evidence)
