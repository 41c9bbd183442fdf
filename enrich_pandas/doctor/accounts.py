"""The accounts: whether each key is taken, what is left, and whether the clock is right; free."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime

import msgspec

from enrich_pandas.doctor.checks import Installed
from enrich_pandas.doctor.wire import Line
from enrich_pandas.engine.balance import left_by
from enrich_pandas.engine.context import Surroundings
from enrich_pandas.errors import EnrichError
from enrich_pandas.progress.phrases import amount
from enrich_pandas.providers import find_provider

SKEW = 60.0  # seconds between this clock and a vendor's, above which it is told


class Account(msgspec.Struct, kw_only=True):
    """An account; ``left`` are its credits, None where the vendor documents no way to ask."""

    provider: str
    said: str
    left: float | None = None
    problems: Sequence[str] = ()


def accounts(found: Sequence[Installed], here: Surroundings) -> list[Account]:
    """Ask each vendor whose credentials are all found, by a request that costs nothing."""
    return [_asked(one.name, here) for one in found if one.credentials and not one.lacks]


def _asked(name: str, here: Surroundings) -> Account:
    provider = find_provider(name)
    request = provider.balance_request()
    if request is None:
        said = (
            "the vendor documents no free way to ask; the first run tells whether the key is taken"
        )
        return Account(provider=name, said=said)
    try:
        with Line(provider, here) as line:
            response, now = line.ask(request), time.time()
    except EnrichError as error:
        return Account(provider=name, said="not asked", problems=[f"{error.what} {error.todo}"])
    left = left_by(provider, response)
    if left is None:
        return Account(provider=name, said=f"the answer {response.status} tells no balance")
    problems = [f"no credits are left: buy some at {provider.keys_url}"] if left <= 0 else []
    return Account(
        provider=name,
        said=f"the key is taken; {amount(left)} credits left",
        left=left,
        problems=[*problems, *_of_clock(response.headers, now)],
    )


def _of_clock(headers: Mapping[str, str], now: float) -> list[str]:
    """Compare this clock with the vendor's: ages of answers and of tokens are judged by it."""
    with suppress(KeyError, ValueError):
        ahead = now - parsedate_to_datetime(headers["date"]).timestamp()
        if abs(ahead) > SKEW:
            way = "ahead of" if ahead > 0 else "behind"
            return [f"this clock is {abs(ahead):,.0f} s {way} the vendor's: set it by the network"]
    return []
