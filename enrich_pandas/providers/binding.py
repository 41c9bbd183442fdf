"""Which element of an answer belongs to which identity.

An element is bound by the identifier that it echoes, never by its position. An element that names
no requested identity is bound to none, and then the absence of others proves nothing.
"""

import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote

import idna
import msgspec
from msgspec.structs import replace

from enrich_pandas.models import Model
from enrich_pandas.providers.base import Identity, Match, Status
from enrich_pandas.providers.records import Record, read_models
from enrich_pandas.providers.types import replaceable, repr_without

logger: logging.Logger = logging.getLogger("enrich_pandas")

_SITE = r"(?:(?:https?://)?(?:[\w-]+\.)*linkedin\.com\.?(?::\d+)?)?/*(?:(?:mwlite|comm)/)?"
_PROFILE = re.compile(_SITE + r"in/+([^/?#]+).*", re.IGNORECASE)
_PAGE = re.compile(_SITE + r"(?:company|school|showcase)/+([^/?#]+).*", re.IGNORECASE)
_BARE = re.compile(r"(?:urn:li:\w+:)?([^/?#:@]+)/?", re.IGNORECASE)
_HOST = re.compile(r"(?:https?://)?(?:www\.)?((?:[^\s/?#:@,.]+\.)+[^\s/?#:@,.]+)\.?(?:[:/?#]\S*)?")
_MAX_LENGTH = 2048  # characters; a longer echo has no key
_URN = re.compile(r"AC[ow]AA[\w-]{5,}", re.ASCII)  # case matters
# What most vendors echo, and every identity: it needs no decoding and no folding.
_CANONICAL = re.compile(r"https://www\.linkedin\.com/in/([a-z0-9-]{1,100})")


def profile_key(text: str) -> str | None:
    """Return the key of a LinkedIn profile, from a slug, a URN or a URL.

    Percent-decoded, NFC and in lower case, except for a URN (``ACoAA…``), whose case matters.
    Equal to the last part of the canonical URL.

    Examples
    --------
    >>> profile_key("https://fr.linkedin.com/in/Ada-L%C3%B6w/?x=1"), profile_key("ada-löw")
    ('ada-löw', 'ada-löw')
    """
    plain = _CANONICAL.fullmatch(text)
    return plain[1] if plain else _slug(text, _PROFILE)


def email_key(text: str) -> str | None:
    """Return the key of an e-mail address, or None if the text is not one."""
    return text.strip().casefold() if "@" in text else None


def page_key(text: str) -> str | None:
    """Return the key of a company's LinkedIn page, from its URL, slug or number.

    Examples
    --------
    >>> page_key("linkedin.com/company/Acme-Example/about"), page_key("1234")
    ('page:acme-example', 'page:1234')
    """
    slug = _slug(text, _PAGE)
    return f"page:{slug}" if slug else None


def domain_key(text: str) -> str | None:
    """Return the key of a domain, from a host name or a URL, or None if there is none.

    Examples
    --------
    >>> domain_key("https://www.Acme.example/about"), domain_key("Acme")
    ('domain:acme.example', None)
    """
    found = _HOST.fullmatch(text.strip().lower()) if len(text) <= _MAX_LENGTH else None
    if found is None:
        return None
    try:
        host = found[1] if found[1].isascii() else idna.encode(found[1], uts46=True).decode()
    except idna.IDNAError:
        return None
    return f"domain:{host}"


def name_key(text: str) -> str | None:
    """Return the key of a name: without differences of case, white space or Unicode form.

    Nothing else is folded: ``Acme`` and ``Acme Inc.`` can be two companies.

    Examples
    --------
    >>> name_key(" ACME  Inc. ")
    'name:acme inc.'
    """
    name = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return f"name:{name}" if name and len(text) <= _MAX_LENGTH else None


def _slug(text: str, path: re.Pattern[str]) -> str | None:
    echo = text.strip()
    found = path.fullmatch(echo) or _BARE.fullmatch(echo)
    if found is None or len(echo) > _MAX_LENGTH:
        return None
    slug = unquote(unquote(found[1])).strip()
    if _URN.fullmatch(slug):
        return slug
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", slug).lower()) or None


# The keys of companies begin with their kind: a name can read like a domain or a slug.
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
    """Return the key of an identity, which a vendor's echo is compared with."""
    if len(identity.keys) == 1:  # nearly all of them
        ((name, own),) = identity.keys
        return _KEYS[name](own) if name in _KEYS else None
    return next(
        (key(value) for name, key in _KEYS.items() if (value := identity.get(name)) is not None),
        None,
    )


def person_keys(echoes: Iterable[str]) -> frozenset[str]:
    """Return the keys in a vendor's echoes of people."""
    named = (email_key(echo) or profile_key(echo) for echo in echoes)
    return frozenset(key for key in named if key)


def claims_of_sent(
    batch: Iterable[Identity], keys: Iterable[str | None]
) -> Mapping[str, Sequence[frozenset[str]]]:
    """Return the claims of echoes of people that equal what was requested, by echo.

    They are those of `person_keys`. Most echoes equal it and need no normalization.

    Parameters
    ----------
    batch, keys
        The identities, and the key of each.
    """
    claims: dict[str, Sequence[frozenset[str]]] = {}
    for identity, key in zip(batch, keys, strict=True):
        if key and len(identity.keys) == 1:
            ((name, value),) = identity.keys
            if name == ("email" if "@" in value else "linkedin_url"):
                claims[value] = (frozenset((key,)),)
    return claims


def company_keys(echoes: Iterable[str]) -> frozenset[str]:
    """Return the keys in a vendor's echoes of companies, whichever identifier they hold."""
    named = (key(echo) for echo in echoes for key in (page_key, domain_key, name_key))
    return frozenset(key for key in named if key)


@replaceable
class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one element of an answer says, before it is bound to an identity.

    Attributes
    ----------
    status, model, reason, credits, retry_in, note
        As in `Match`.
    claims
        Sets of keys that the element names, the most trusted set first. See `person_keys` and
        `company_keys`.
    """

    status: Status
    claims: Sequence[frozenset[str]] = ()
    model: Model | Record | None = None
    reason: str = ""
    credits: float = 0.0
    retry_in: float | None = None
    note: str = ""

    def __repr__(self) -> str:
        return repr_without(self, "model")

    def named(self, requested: frozenset[str]) -> list[str]:
        """Return the requested keys that its most trusted useful claim names."""
        return next((sorted(claim & requested) for claim in self.claims if claim & requested), [])

    def all_named(self, requested: frozenset[str]) -> list[str]:
        """Return the requested keys that any of its claims names."""
        return sorted(requested & frozenset[str]().union(*self.claims))

    def match(self, identity: Identity) -> Match:
        """Return it as the match of an identity."""
        return Match(
            identity=identity,
            status=self.status,
            model=self.model,
            reason=self.reason,
            credits=self.credits,
            retry_in=self.retry_in,
            note=self.note,
        )


UNPROVEN = Reading(status=Status.HELD, reason="unproven")


def bind(
    batch: Sequence[Identity],
    readings: Iterable[Reading],
    absent: Reading,
    key: Callable[[Identity], str | None] = key_of,
    *,
    keys: Sequence[str | None] | None = None,
    one_key: bool = False,
) -> list[Match]:
    """Return one match for each identity, from the elements that name it.

    Parameters
    ----------
    batch
        The identities that were requested.
    readings
        The elements of the answer, in any order.
    absent
        The result of an identity that no element names.
    key
        Returns the key of an identity, which is compared with the claims of each reading.
    keys
        The keys of the identities, if they are known.
    one_key
        Whether the vendor echoes one identity in each element. An element that names several of
        the batch then contradicts itself and is bound to none of them.

    Returns
    -------
    list of Match
        One for each identity, in their order. ``held`` are identities with two different elements
        (``conflicting_answers``), and identities without an element if an element is left over
        that could be theirs (``unproven``).

    Notes
    -----
    An element that repeats another one is left over, too, unless two identities of the batch have
    one key, such as two spellings of an e-mail address: each of them is owed an element.

    An element that names two identities is charged once.
    """
    keys, readings = list(map(key, batch)) if keys is None else keys, list(readings)
    named = Reading.all_named if one_key else Reading.named
    found = _one_to_one(keys, readings, named)
    if found is None:
        return _bind_any(batch, keys, readings, absent, one_key=one_key)
    return [
        found.get(one, absent).match(identity) for identity, one in zip(batch, keys, strict=True)
    ]


def _one_to_one(
    keys: Sequence[str | None],
    readings: Iterable[Reading],
    named: Callable[[Reading, frozenset[str]], Sequence[str]],
) -> Mapping[str | None, Reading] | None:
    """Return the reading of each key, or None if any reading does not name one key of its own."""
    requested = frozenset(one for one in keys if one)
    found: dict[str | None, Reading] = {}
    for reading in readings:
        claims = reading.claims
        names = claims[0] & requested if len(claims) == 1 else named(reading, requested)
        if len(names) != 1:
            return None
        (name,) = names
        if name in found:
            return None
        found[name] = reading
    return found


def _bind_any(
    batch: Sequence[Identity],
    keys: Sequence[str | None],
    readings: Iterable[Reading],
    absent: Reading,
    *,
    one_key: bool,
) -> list[Match]:
    found: dict[str, list[_Element]] = {one: [] for one in keys if one}
    requested, owed = frozenset(found), Counter(keys)
    named = Reading.all_named if one_key else Reading.named
    left_over = 0
    for element in _elements([(one, named(one, requested)) for one in readings]):
        is_bound = not (one_key and len(element.names) > 1) and _is_bound(element, found, owed)
        left_over += not is_bound
    if left_over:
        logger.warning("Elements of an answer that belong to no identity: %d.", left_over)
        absent = _unproven(absent, left_over)
    return [
        _combine([element.reading for element in found.get(one or "", [])], absent).match(identity)
        for identity, one in zip(batch, keys, strict=True)
    ]


class _Element(NamedTuple):
    """A reading, the requested keys that it names, and what is compared with other elements."""

    reading: Reading
    names: Sequence[str]
    content: Reading


def _elements(named: Sequence[tuple[Reading, Sequence[str]]]) -> list[_Element]:
    """Return elements to compare; records of one key are read together, which is much faster."""
    counts = Counter(name for _, names in named for name in names)
    is_repeated = [any(counts[name] > 1 for name in names) for _, names in named]
    records = {
        place: reading.model
        for place, (reading, _) in enumerate(named)
        if is_repeated[place] and isinstance(reading.model, Record)
    }
    models = dict(zip(records, read_models(records.values()), strict=True))

    def content(place: int, reading: Reading) -> Reading:
        model = models.get(place, reading.model)
        return replace(reading, model=model, credits=0.0, claims=())

    return [
        _Element(reading, names, content(place, reading) if is_repeated[place] else reading)
        for place, (reading, names) in enumerate(named)
    ]


def _is_bound(
    element: _Element, found: dict[str, list[_Element]], owed: Counter[str | None]
) -> bool:
    """Add an element under each key that it names; return whether it accounts for one of them."""
    names, content = element.names, element.content
    repeats = [any(content == other.content for other in found[name]) for name in names]
    for position, name in enumerate(names):
        if not repeats[position]:  # one person, requested under two keys, is paid for once
            charged = element.reading if position == 0 else replace(element.reading, credits=0.0)
            found[name].append(element._replace(reading=charged))
    owed.subtract(names)
    return not all(repeats) or any(owed[name] >= 0 for name in names)


def _unproven(absent: Reading, left_over: int) -> Reading:
    """Return the result of an absent identity that a left-over element could belong to."""
    if absent.status is Status.HELD:
        return absent
    return replace(UNPROVEN, note=f"{left_over} elements of the answer belong to no identity")


def _combine(readings: Sequence[Reading], absent: Reading) -> Reading:
    if not readings:
        return absent
    if len(readings) == 1:
        return readings[0]
    note = f"{len(readings)} different elements of the answer name this identity"
    return Reading(status=Status.HELD, reason="conflicting_answers", note=note)
