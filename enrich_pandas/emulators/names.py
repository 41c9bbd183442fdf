"""Names: read from a slug or an e-mail address, and compared with an address.

Source: "Interpreting the Score" in Crustdata's people-enrichment document. How names are read is
not documented; it was chosen.
"""

import random
import re
from difflib import SequenceMatcher
from zlib import crc32

from enrich_pandas.emulators.identities import company_slug, domain_of_slug, folded
from enrich_pandas.emulators.pools import Pool, latin_pools, names_by_fold, pools

_FIRST_AND_LAST = 2
_SHORTEST_WITH_INITIAL = 5  # jsmith: an initial and a last name
_READABLE = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]+)*", re.UNICODE)


def names_in_slug(slug: str, rng: random.Random) -> tuple[str, str, Pool]:
    """Return the first name, the last name and the locale of a slug.

    ``joao-silva-3f1`` gives João Silva. A slug without a name gives any name, possibly in another
    script.
    """
    words = [word for word in slug.split("-") if _READABLE.fullmatch(word)]
    if len(words) < _FIRST_AND_LAST:
        pool = rng.choice(pools())
        return rng.choice(pool.first_names), rng.choice(pool.last_names), pool
    first, last, pool = _spelled(words[0], " ".join(words[1:]), rng)
    return first, last, pool


def names_in_handle(handle: str, rng: random.Random) -> tuple[str, str]:
    """Return a first and a last name that fit an address's part before the @."""
    words = [word for word in re.split(r"[^\w]|_|\d", handle) if word]
    first_names, _ = names_by_fold()
    pool = rng.choice(latin_pools())
    match words:
        case [initial, last, *_] if len(initial) == 1:
            first, last, _ = _spelled(_first_with(initial, rng), last, rng)
        case [first, last, *_]:
            first, last, _ = _spelled(first, last, rng)
        case [first] if folded(first) in first_names:
            first, last = first_names[folded(first)], rng.choice(pool.last_names)
        case [word] if len(word) >= _SHORTEST_WITH_INITIAL:
            first, last, _ = _spelled(_first_with(word[0], rng), word[1:], rng)
        case _:
            first, last = rng.choice(pool.first_names), rng.choice(pool.last_names)
    return first, last


def _first_with(initial: str, rng: random.Random) -> str:
    fitting = [name for fold, name in names_by_fold()[0].items() if fold.startswith(initial)]
    return rng.choice(fitting or [initial])


def _spelled(first: str, last: str, rng: random.Random) -> tuple[str, str, Pool]:
    first_names, last_names = names_by_fold()
    name, pool = last_names.get(folded(last).replace(" ", "-"), (None, rng.choice(latin_pools())))
    return first_names.get(folded(first), first.title()), name or last.title(), pool


def slugged(name: str) -> str:
    """Return a name as in slugs and addresses: plain letters and hyphens.

    Examples
    --------
    >>> slugged("João da Cunha"), slugged("阿部").startswith("x")
    ('joao-da-cunha', True)
    """
    return re.sub(r"[^a-z]+", "-", folded(name)).strip("-") or f"x{crc32(name.encode()):x}"


def domain_of(company: str) -> str:
    """Return a company's domain, which is a reserved one (RFC 2606)."""
    return domain_of_slug(company_slug(company))


def score(handle: str, first: str, last: str) -> float:
    """Return how well a name fits an address's part before the @, 0 to 1.

    The cases are those of "Interpreting the Score". The vendor's "similarity logic" is not
    published. All other pairs have a plain text similarity below 0.7, which was chosen.

    Examples
    --------
    >>> [score(handle, "Jane", "Smith") for handle in ("jane.smith", "jsmith", "jane", "janes")]
    [0.95, 0.75, 0.9, 0.75]
    """
    handle, first, last = folded(handle), slugged(first), slugged(last)
    if re.fullmatch(f"{first}[._-]?{last}", handle):
        return 0.95
    patterns = {
        first: 0.9,
        first[0] + last: 0.75,
        first + last[0]: 0.75,
        f"{first[0]}.{last}": 0.708,
    }
    if handle in patterns:
        return patterns[handle]
    if handle.startswith(f"{first}."):
        return 0.5
    return round(0.7 * SequenceMatcher(None, handle, first + last).ratio(), 3)
