"""What the generations of Crustdata's API differ in, and the endpoints of each."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from enrich_pandas.providers.base import (
    Identity,
    Kind,
    Match,
    Outcome,
    Request,
    Response,
    Status,
    batched,
)
from enrich_pandas.providers.binding import Reading, bind
from enrich_pandas.providers.crustdata.prices import Prices, charged, parts_in, spread
from enrich_pandas.providers.decoding import elements

BATCH = 25  # identifiers a request, everywhere

Price = Callable[[Collection[str]], float]
Switches = Mapping[str, Any]


class RequestOptions(Protocol):
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


def bind_single_without_data(
    batch: Sequence[Identity], readings: Sequence[Reading]
) -> Reading | None:
    """Return the only element about the only identity, where it holds no data and no name.

    It needs no echo: there is nothing in it that could be another's.
    """
    if len(batch) == len(readings) == 1:
        (reading,) = readings
        return reading if reading.model is None and not any(reading.claims) else None
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrustdataEndpoint:
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
    always: Callable[[RequestOptions], tuple[str, ...]]
    prices: Prices
    billed: tuple[str, ...]
    switches: Callable[[RequestOptions, str], Switches]
    size: Callable[[RequestOptions, str], int]
    read_element: Callable[[bytes, Price], Reading]
    absent: Reading
    empty: Callable[[RequestOptions], Reading] = lambda _: EMPTY
    alone: Callable[[Sequence[Identity], Sequence[Reading]], Reading | None] = (
        bind_single_without_data
    )
    written: Callable[[str], str] = str

    def wanted_fields(self, options: RequestOptions) -> tuple[str, ...]:
        """Return the fields that some options ask for."""
        fields = self.fields if options.fields is None else tuple(options.fields)
        return (*fields, *(field for field in self.always(options) if field not in fields))

    def name_of(self, identity: Identity) -> str:
        """Return the identifier that is asked by; two of them never go into one request."""
        if len(identity.keys) == 1:  # nearly all, and there may be millions
            return identity.keys[0][0]
        return next(name for name in self.parameters if identity.get(name) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiVersion:
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
    endpoints: Mapping[Kind, CrustdataEndpoint]
    credits: str

    @property
    def has_lines(self) -> bool:
        """Whether values go into the line of a request, which ends somewhere, and not a body."""
        return self.method == "GET"


# -- An endpoint and the options it is asked with: what goes into a request, and what comes out --

LONGEST_LINE = 8_000  # bytes of path and query; servers refuse a line of more than 8 kB


@dataclass(frozen=True, slots=True)
class ConfiguredEndpoint:
    """What some options ask of an endpoint, at some prices."""

    generation: ApiVersion
    endpoint: CrustdataEndpoint
    options: RequestOptions
    prices: Prices

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields to ask for."""
        return self.endpoint.wanted_fields(self.options)

    @property
    def _parts(self) -> set[str]:
        return parts_in(self.fields, realtime=self.options.realtime)

    # -- what is asked -----------------------------------------------------------------------

    def price(self, given: Iterable[str] | None = None) -> float:
        """Return the credits of an answer in which such parts are given; the most by default."""
        if self.options.preview and "preview" in self.endpoint.billed:
            return 0.0
        parts = self._parts
        return self.prices.of(charged(parts, parts if given is None else set(given)))

    def request(self, batch: Sequence[Identity]) -> Request:
        """Ask about a batch that has one identifier."""
        name = self.endpoint.name_of(batch[0])
        return Request(
            method=self.generation.method,
            path=self.endpoint.path,
            headers=self.generation.headers,
            billed=True,
            credits=self.price() * len(batch),
            identities=tuple(batch),
            **self._enclosed(name, [self._written(one.get(name) or "") for one in batch]),
        )

    def batches(self, identities: Sequence[Identity]) -> Iterator[list[Identity]]:
        """Split into batches of one identifier each that fit into a request."""
        name_of = self.endpoint.name_of
        for name in self.endpoint.parameters:  # a look at all for each: no list of millions is made
            yield from self._chunks(name, (one for one in identities if name_of(one) == name))

    def fits(self, name: str, value: str) -> bool:
        """Tell whether a line has room for a value."""
        return self._length(value) <= self._room(name)

    def _chunks(self, name: str, group: Iterable[Identity]) -> Iterator[list[Identity]]:
        size = self.endpoint.size(self.options, name)
        if not self.generation.has_lines:  # a body has no end
            yield from batched(group, size)
            return
        room = self._room(name)
        chunk: list[Identity] = []
        used = 0
        for identity in group:
            length = self._length(identity.get(name) or "")
            if chunk and (len(chunk) == size or used + length > room):
                yield chunk
                chunk, used = [], 0
            chunk.append(identity)
            used += length
        if chunk:
            yield chunk

    def _enclosed(self, name: str, values: Sequence[str]) -> Mapping[str, Any]:
        endpoint, fields = self.endpoint, self.fields
        is_unspoken = self.generation.is_default_unspoken and fields == endpoint.fields
        return self.generation.enclosed(
            endpoint.parameters[name],
            values,
            None if is_unspoken else fields,
            endpoint.switches(self.options, name),
        )

    def _room(self, name: str) -> int:
        """Return the bytes that a line has for values."""
        params = self._enclosed(name, []).get("params", {})
        return LONGEST_LINE - len(self.endpoint.path) - len(urlencode(params))

    def _length(self, value: str) -> int:
        """Return the bytes that a value takes in a line, with its comma."""
        return len(quote(self._written(value), safe="")) + len("%2C")

    def _written(self, value: str) -> str:
        """Return a value as it is sent: an address encoded as LinkedIn itself writes it."""
        sent = quote(value, safe=":/'") if value.startswith("https://") else value
        return self.endpoint.written(sent)

    # -- what is answered --------------------------------------------------------------------

    def read(self, batch: Sequence[Identity], response: Response) -> list[Match]:
        """Read an answer about a batch: one match an identity."""
        raw, are_whole = elements(response.body)
        readings = [self.endpoint.read_element(one, self.price) for one in raw]
        only = self.endpoint.alone(batch, readings)
        if only is not None:
            matches = [only.match(batch[0])]
        else:
            matches = bind(batch, readings, self._absent(response, raw, are_whole=are_whole))
        used = re.fullmatch(r"\d+(\.\d+)?", response.headers.get("x-credits-used", "").strip())
        return spread(matches, float(used[0])) if used else matches

    def _absent(self, response: Response, raw: Sequence[bytes], *, are_whole: bool) -> Reading:
        """Return what it means that nothing is said of somebody."""
        if response.outcome is Outcome.DAMAGED:
            return Reading(status=Status.HELD, reason="answer_cut")
        if not are_whole:
            return Reading(status=Status.HELD, reason="answer_unreadable")
        return self.endpoint.absent if raw else self.endpoint.empty(self.options)
