"""What the generations of Crustdata's API differ in, and the endpoints of each."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from enrich_pandas.providers.base import Identity, Kind, Status
from enrich_pandas.providers.binding import Reading
from enrich_pandas.providers.crustdata.prices import Prices

BATCH = 25  # identifiers a request, everywhere

Price = Callable[[Collection[str]], float]
Switches = Mapping[str, Any]


class Wanted(Protocol):
    """The options that a request is made of."""

    @property
    def fields(self) -> Sequence[str] | None: ...  # noqa: D102 - as in Crustdata
    @property
    def business_email(self) -> bool: ...  # noqa: D102 - as in Crustdata
    @property
    def realtime(self) -> bool: ...  # noqa: D102 - as in Crustdata
    @property
    def force_fetch(self) -> bool: ...  # noqa: D102 - as in Crustdata
    @property
    def preview(self) -> bool: ...  # noqa: D102 - as in Crustdata
    @property
    def min_similarity_score(self) -> float | None: ...  # noqa: D102 - as in Crustdata
    @property
    def exact_match(self) -> bool | None: ...  # noqa: D102 - as in Crustdata
    @property
    def emails_per_request(self) -> int | None: ...  # noqa: D102 - as in Crustdata
    @property
    def companies_per_request(self) -> int | None: ...  # noqa: D102 - as in Crustdata


# A silence about everybody is documented nowhere.
EMPTY = Reading(status=Status.HELD, reason="empty_answer")
# "one entry per identifier you submitted", "an error message will be returned for each profile not
# found": silence proves nothing.
MISSING = Reading(status=Status.HELD, reason="missing_element")
UNREADABLE = Reading(status=Status.HELD, reason="unreadable")


def nobody(batch: Sequence[Identity], readings: Sequence[Reading]) -> Reading | None:
    """Return the only element about the only identity, where it holds no data and no name.

    It needs no echo: there is nothing in it that could be another's.
    """
    if len(batch) == len(readings) == 1:
        (reading,) = readings
        return reading if reading.model is None and not any(reading.claims) else None
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What a generation has for people, or for companies.

    Parameters
    ----------
    path
        Where a request goes.
    parameters
        The vendor's word for each identifier, the first that an identity has being asked by.
    fields
        What is asked for by default.
    always
        Fields that are asked for beside those that the user names.
    prices
        What the vendor publishes.
    billed
        Options of `Crustdata` that change what is bought here.
    switches
        What else a request carries, from the options and the name of the identifier.
    size
        How many values of an identifier go into one request, by the options.
    read_element
        Reads an element of an answer.
    absent
        What it means that a whole answer has no element for somebody.
    empty
        What it means that a whole answer has no element at all, by the options.
    alone
        Tells what the elements of an answer say of the only identity that was asked about, where
        they need no echo.
    written
        Writes a value as it is sent.
    """

    path: str
    parameters: Mapping[str, str]
    fields: tuple[str, ...]
    always: Callable[[Wanted], tuple[str, ...]]
    prices: Prices
    billed: tuple[str, ...]
    switches: Callable[[Wanted, str], Switches]
    size: Callable[[Wanted, str], int]
    read_element: Callable[[bytes, Price], Reading]
    absent: Reading
    empty: Callable[[Wanted], Reading] = lambda _: EMPTY
    alone: Callable[[Sequence[Identity], Sequence[Reading]], Reading | None] = nobody
    written: Callable[[str], str] = str

    def wanted_fields(self, options: Wanted) -> tuple[str, ...]:
        """Return the fields that some options ask for."""
        fields = self.fields if options.fields is None else tuple(options.fields)
        return (*fields, *(field for field in self.always(options) if field not in fields))

    def name_of(self, identity: Identity) -> str:
        """Return the identifier that is asked by; two of them never go into one request."""
        if len(identity.keys) == 1:  # nearly all, and there may be millions
            return identity.keys[0][0]
        return next(name for name in self.parameters if identity.get(name) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One generation.

    Parameters
    ----------
    method, scheme, headers
        How a request is made, the word before the key in ``Authorization``, what else it carries.
    enclosed
        Makes the query or the body of a request from the vendor's word for an identifier, its
        values, the fields (None for the vendor's own) and the switches.
    is_default_unspoken
        Whether the default fields are the vendor's own, and go without saying.
    endpoints
        What it has for each kind.
    credits
        Where the balance is read.
    """

    method: str
    scheme: str
    headers: Mapping[str, str]
    enclosed: Callable[[str, Sequence[str], Sequence[str] | None, Switches], Mapping[str, Any]]
    is_default_unspoken: bool
    endpoints: Mapping[Kind, Endpoint]
    credits: str

    @property
    def has_lines(self) -> bool:
        """Whether values go into the line of a request, which ends somewhere, and not a body."""
        return self.method == "GET"
