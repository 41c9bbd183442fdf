"""What a live check found: one finding an assumption, kept beside the journal."""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Literal

import msgspec

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
