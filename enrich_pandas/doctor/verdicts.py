"""What the answers and balances of a live check prove, and what they leave open."""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from enrich_pandas.doctor.record import Record
from enrich_pandas.providers.base import Outcome, Response, Status

# -- What a live check found: one finding an assumption, kept beside the journal -----------------

Verdict = Literal["holds", "does not hold", "not tested"]
FILE = "doctor.json"
KEPT = 20  # checks in the file, the newest first


class Finding(msgspec.Struct, kw_only=True):
    """Whether an assumption holds, and by what evidence; no person and no key stands in it."""

    name: str
    assumption: str
    verdict: Verdict = "not tested"
    evidence: str = ""


class Check(msgspec.Struct, kw_only=True):
    """A live check of one account; the chosen identity is there as a salted hash alone."""

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
        """Count the findings of a verdict."""
        return sum(finding.verdict == verdict for finding in self.findings)


def hashed(text: str) -> str:
    """Return a salted hash that is slow to guess from.

    Examples
    --------
    >>> hashed("email=ada@example.com") == hashed("email=ada@example.com")
    False
    """
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(text.encode(), salt=salt, n=2**14, r=8, p=1, dklen=16)
    return f"{salt.hex()}:{digest.hex()}"


def kept(folder: Path) -> list[Check]:
    """Return the checks that are kept in a folder; none where the file cannot be read."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=list[Check])
    except (OSError, msgspec.DecodeError):
        return []


def keep(folder: Path, check: Check) -> Path:
    """Keep a check, in place of the older one of the same account; return where."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    checks = [check, *(one for one in kept(folder) if _about(one) != _about(check))]
    path = folder / FILE
    new = folder / f"{FILE}.{secrets.token_hex(4)}.new"
    with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(checks[:KEPT])))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    return path


def _about(check: Check) -> tuple[str, ...]:
    return check.provider, check.account, check.version, check.kind, check.realm


# -- What the answers and balances of a live check prove, and what they leave open ---------------

MALFORMED = (400, 404, 422)  # the answers to what names nobody
NEAR = 1e-6  # of two sums of credits
NO_BALANCE = "the vendor tells no balance that could be read"


class Measured(NamedTuple):
    """What came of asking about somebody: row, balance before and after, the journal's record."""

    status: str
    reason: str
    before: float | None
    after: float | None
    record: Record


def on_miss(asked: Measured) -> Finding:
    """Judge what somebody costs whom the vendor does not know."""
    text = "Who is not found costs what the library counts"
    is_queued = asked.status == Status.PENDING and asked.record.job_path is None
    if asked.status != Status.NOT_FOUND and not is_queued:
        return _open("miss", text, f"the made-up one was {_said(asked)}, not not_found")
    return _by_balance("miss", text, asked)


def on_price(asked: Measured | None, price: float) -> Finding:
    """Judge what somebody costs whom the vendor knows."""
    text = "Who is found costs what the library counts, and no more than it plans"
    if asked is None:
        return _open("price", text, "nobody was chosen; name somebody with --identity")
    if asked.status != Status.MATCHED:
        return _open("price", text, f"whom you chose was {_said(asked)}")
    finding = _by_balance("price", text, asked)
    finding.evidence += f"; planned at most {price:g}"
    if finding.verdict == "holds" and asked.record.credits > price + NEAR:
        finding.verdict = "does not hold"
    return finding


def on_refusal(response: Response | None, before: float | None, after: float | None) -> Finding:
    """Judge what a refused request costs."""
    text = "A request that is refused (400) costs nothing"
    if response is None:
        return _open("refusal", text, f"{NO_BALANCE}, or nothing is known that it refuses")
    if response.outcome is not Outcome.REFUSED or response.status not in MALFORMED:
        return _open("refusal", text, f"it was not refused as malformed (status {response.status})")
    return _free("refusal", text, f"status {response.status}", before, after)


def on_job_again(response: Response | None, before: float | None, after: float | None) -> Finding:
    """Judge what a job costs that is fetched again by its id."""
    text = "A job that is fetched again by its id is answered, and costs nothing"
    if response is None:
        return _open("again", text, "no job was made: this vendor answers at once, or refused")
    if response.outcome is not Outcome.ACCEPTED or not response.body:
        return _made("again", text, "does not hold", f"status {response.status}, no answer")
    return _free("again", text, f"status {response.status}", before, after)


def on_list(seconds: float | None, settle: float, *, is_tested: bool = True) -> Finding:
    """Judge how soon the vendor's list shows a job."""
    text = f"The vendor's list shows a job within {settle:g} s"
    if not is_tested:
        return _open("listed", text, "no job was made")
    if seconds is None:
        return _open("listed", text, "not shown after a minute of looking; look for it later")
    verdict: Verdict = "holds" if seconds <= settle else "not tested"
    return _made("listed", text, verdict, f"shown {seconds:.1f} s after it was made, or sooner")


def on_english(response: Response) -> Finding:
    """Judge whether letters with diacritics count as English."""
    text = "The vendor refuses letters with diacritics, so they are not sent"
    is_refused = response.outcome is Outcome.REFUSED
    what = "refused" if is_refused else "accepted"
    verdict: Verdict = "holds" if response.status == 400 else "does not hold"  # noqa: PLR2004 - HTTP's own
    if response.lost or (is_refused and response.status != 400):  # noqa: PLR2004 - as above
        verdict = "not tested"
    return _made("english", text, verdict, f"it was {what} (status {response.status})")


def _by_balance(name: str, text: str, asked: Measured) -> Finding:
    counted = f"the library counts {asked.record.credits:g}"
    if asked.before is None or asked.after is None:
        return _open(name, text, f"{_said(asked)}; {NO_BALANCE}; {counted}")
    is_so = abs(asked.before - asked.after - asked.record.credits) < NEAR
    evidence = f"{_said(asked)}; {_change(asked.before, asked.after)}; {counted}"
    return _made(name, text, "holds" if is_so else "does not hold", evidence)


def _free(name: str, text: str, said: str, before: float | None, after: float | None) -> Finding:
    if before is None or after is None:
        return _open(name, text, f"{said}; {NO_BALANCE}")
    is_so = abs(before - after) < NEAR
    evidence = f"{said}; {_change(before, after)}"
    return _made(name, text, "holds" if is_so else "does not hold", evidence)


def _change(before: float, after: float) -> str:
    return f"balance {before:,.10g} → {after:,.10g}"


def _said(asked: Measured) -> str:
    return f"{asked.status} ({asked.reason})" if asked.reason else asked.status


def _open(name: str, text: str, why: str) -> Finding:
    return _made(name, text, "not tested", why)


def _made(name: str, text: str, verdict: Verdict, evidence: str) -> Finding:
    return Finding(name=name, assumption=text, verdict=verdict, evidence=evidence)
