"""Binding: which element of an answer belongs to whom that was asked for.

Never by position. An element is bound by what it echoes; what is bound to nobody is attached to
nobody, and makes the silence about others no proof.
"""

import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from urllib.parse import unquote

import idna

from enrich_pandas.models import Model
from enrich_pandas.providers.base import Identity, Match, Status

logger = logging.getLogger("enrich_pandas")

_SITE = r"(?:(?:https?://)?(?:[\w-]+\.)*linkedin\.com\.?(?::\d+)?)?/*(?:(?:mwlite|comm)/)?"
_PROFILE = re.compile(_SITE + r"in/+([^/?#]+).*", re.IGNORECASE)
_PAGE = re.compile(_SITE + r"(?:company|school|showcase)/+([^/?#]+).*", re.IGNORECASE)
_BARE = re.compile(r"(?:urn:li:\w+:)?([^/?#:@]+)/?", re.IGNORECASE)
_HOST = re.compile(r"(?:https?://)?(?:www\.)?((?:[^\s/?#:@,.]+\.)+[^\s/?#:@,.]+)\.?(?:[:/?#]\S*)?")
_LONGEST = 2048  # characters; a longer echo is none
_URN = re.compile(r"AC[ow]AA[\w-]{5,}", re.ASCII)  # tells upper from lower case


def profile_key(text: str) -> str | None:
    """Return what names a LinkedIn profile, whether a vendor echoes the slug, the URN or a URL.

    Percent-decoded, NFC and lower-cased, but for a URN (``ACoAA…``), whose case matters. The
    same as the last part of a canonical address.

    Examples
    --------
    >>> profile_key("https://fr.linkedin.com/in/Ada-L%C3%B6w/?x=1"), profile_key("ada-löw")
    ('ada-löw', 'ada-löw')
    """
    return _slug(text, _PROFILE)


def email_key(text: str) -> str | None:
    """Return what names an e-mail address, or None where the text is none."""
    return text.strip().casefold() if "@" in text else None


def page_key(text: str) -> str | None:
    """Return what names a company's page on LinkedIn: of its address, its slug or its number.

    Examples
    --------
    >>> page_key("linkedin.com/company/Acme-Example/about"), page_key("1234")
    ('page:acme-example', 'page:1234')
    """
    slug = _slug(text, _PAGE)
    return f"page:{slug}" if slug else None


def domain_key(text: str) -> str | None:
    """Return what names a domain, of a host or of a web address, or None where there is none.

    Examples
    --------
    >>> domain_key("https://www.Acme.example/about"), domain_key("Acme")
    ('domain:acme.example', None)
    """
    found = _HOST.fullmatch(text.strip().lower()) if len(text) <= _LONGEST else None
    if found is None:
        return None
    try:
        host = found[1] if found[1].isascii() else idna.encode(found[1], uts46=True).decode()
    except idna.IDNAError:
        return None
    return f"domain:{host}"


def name_key(text: str) -> str | None:
    """Return what names a company: its name, whatever its case, its blanks and its encoding.

    Nothing else is folded: ``Acme`` and ``Acme Inc.`` may be two companies.

    Examples
    --------
    >>> name_key(" ACME  Inc. ")
    'name:acme inc.'
    """
    name = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return f"name:{name}" if name and len(text) <= _LONGEST else None


def _slug(text: str, path: re.Pattern[str]) -> str | None:
    echo = text.strip()
    found = path.fullmatch(echo) or _BARE.fullmatch(echo)
    if found is None or len(echo) > _LONGEST:
        return None
    slug = unquote(unquote(found[1])).strip()
    if _URN.fullmatch(slug):
        return slug
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", slug).lower()) or None


# The keys of companies carry their kind: a name may read like another one's domain or slug.
_KEYS: Mapping[str, Callable[[str], str | None]] = MappingProxyType(
    {
        "linkedin_url": profile_key,
        "email": email_key,
        "company_linkedin_url": page_key,
        "domain": domain_key,
        "company": name_key,
    }
)


def key_of(identity: Identity) -> str | None:
    """Return what a vendor's echo of an identity is compared with."""
    return next(
        (key(value) for name, key in _KEYS.items() if (value := identity.get(name)) is not None),
        None,
    )


def keys(echoes: Iterable[str]) -> frozenset[str]:
    """Return whom a vendor's echoes name, where people were asked about."""
    named = (email_key(echo) or profile_key(echo) for echo in echoes)
    return frozenset(key for key in named if key)


def company_keys(echoes: Iterable[str]) -> frozenset[str]:
    """Return what a vendor's echoes name, where companies were asked about, by whichever means."""
    named = (key(echo) for echo in echoes for key in (page_key, domain_key, name_key))
    return frozenset(key for key in named if key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an element says, before it is known about whom.

    ``claims`` are the sets of keys that it names, the most trusted first.
    """

    status: Status
    claims: Sequence[frozenset[str]] = ()
    model: Model | None = field(default=None, repr=False)
    reason: str = ""
    credits: float = 0.0
    retry_in: float | None = None
    note: str = ""

    def named(self, asked: frozenset[str]) -> list[str]:
        """Return the keys, of those asked for, that its most trusted useful claim names."""
        return next((sorted(claim & asked) for claim in self.claims if claim & asked), [])

    def match(self, identity: Identity) -> Match:
        """Make it the answer for an identity."""
        return Match(
            identity=identity,
            status=self.status,
            model=self.model,
            reason=self.reason,
            credits=self.credits,
            retry_in=self.retry_in,
            note=self.note,
        )


def bind(
    batch: Sequence[Identity],
    readings: Iterable[Reading],
    absent: Reading,
    key: Callable[[Identity], str | None] = key_of,
) -> list[Match]:
    """Give every identity of a batch its answer, and nobody another's.

    Parameters
    ----------
    batch
        Who was asked for.
    readings
        The elements of the answer, in any order.
    absent
        What it means that nothing is said of somebody.
    key
        What an echo of an identity is compared with.

    Returns
    -------
    list of Match
        One an identity. ``held`` are those of whom different things are said
        (``conflicting_answers``), and those of whom nothing is said while an element is left over
        that may be theirs (``unproven``).
    """
    keyed = list(map(key, batch))
    asked = frozenset(filter(None, keyed))
    found: dict[str, list[Reading]] = {one: [] for one in asked}
    expected = Counter(keyed)
    left_over = sum(_claim(reading, found, expected) for reading in readings)
    if left_over:
        logger.warning("Elements of an answer that name nobody who was asked for: %d.", left_over)
        absent = _doubted(absent, left_over)
    return [
        _answer(found.get(one or "", []), absent).match(identity)
        for identity, one in zip(batch, keyed, strict=True)
    ]


def _claim(
    reading: Reading, found: dict[str, list[Reading]], expected: Counter[str | None]
) -> bool:
    """Note a reading under everybody it names; tell whether it is left over.

    A repetition is none where two of the batch have one key, such as two spellings of an address
    that differ in case alone: each of them is owed an element.
    """
    named = reading.named(frozenset(found))
    repeats = [any(_says_the_same(reading, other) for other in found[key]) for key in named]
    for position, key in enumerate(named):
        if not repeats[position]:  # one person, asked for by two names, is paid for once
            found[key].append(reading if position == 0 else replace(reading, credits=0.0))
    expected.subtract(named)
    return all(repeats) and not any(expected[key] >= 0 for key in named)


def _says_the_same(one: Reading, other: Reading) -> bool:
    return replace(one, credits=0.0, claims=()) == replace(other, credits=0.0, claims=())


def _doubted(absent: Reading, left_over: int) -> Reading:
    if absent.status is Status.HELD:
        return absent
    note = f"{left_over} elements of the answer name nobody who was asked for"
    return Reading(status=Status.HELD, reason="unproven", note=note)


def _answer(said: Sequence[Reading], absent: Reading) -> Reading:
    if not said:
        return absent
    if len(said) == 1:
        return said[0]
    note = f"{len(said)} different elements of the answer name this identity"
    return Reading(status=Status.HELD, reason="conflicting_answers", note=note)
