"""Chance that is none: drawn from a hash, the same in every process and at every vendor."""

import random
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any


def rng_of(seed: int, *parts: str) -> random.Random:
    """Return the generator of something, never seeded by a clock or Python's own ``hash``."""
    digest = blake2b("\0".join((str(seed), *parts)).encode(), digest_size=8).digest()
    return random.Random(int.from_bytes(digest))  # noqa: S311 - made-up data, no secret


def maybe(rng: random.Random, share: float, value: Any) -> Any:
    """Return a value, or None in what is left of the share."""
    return value if rng.random() < share else None


def some(rng: random.Random, weights: Sequence[float]) -> int:
    """Return how many: 0, 1, … by their weights."""
    return rng.choices(range(len(weights)), weights)[0]


def day(rng: random.Random, since: int, until: int) -> str:
    """Return a day of the years from ``since`` to before ``until``."""
    return f"{rng.randrange(since, until)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
