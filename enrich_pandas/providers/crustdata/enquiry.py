"""An endpoint and the options it is asked with: what goes into a request, and what comes out."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from enrich_pandas.providers.base import (
    Identity,
    Match,
    Outcome,
    Request,
    Response,
    Status,
    batched,
)
from enrich_pandas.providers.binding import Reading, bind
from enrich_pandas.providers.crustdata.prices import Prices, charged, parts_in, spread
from enrich_pandas.providers.crustdata.requests import Endpoint, Generation, Wanted
from enrich_pandas.providers.decoding import elements

LONGEST_LINE = 8_000  # bytes of path and query; servers refuse a line of more than 8 kB


@dataclass(frozen=True, slots=True)
class Enquiry:
    """What some options ask of an endpoint, at some prices."""

    generation: Generation
    endpoint: Endpoint
    options: Wanted
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
