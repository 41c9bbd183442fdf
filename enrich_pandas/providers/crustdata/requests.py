"""Crustdata's API versions and endpoints: what they differ in, requests and answers."""

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
from enrich_pandas.providers.binding import Reading, bind, claims_of_sent, key_of
from enrich_pandas.providers.crustdata.prices import (
    Prices,
    charged_parts,
    distribute_credits,
    parts_in,
)
from enrich_pandas.providers.decoding import elements, read_array
from enrich_pandas.providers.records import RecordType

BATCH = 25  # identifiers in a request, in every endpoint

Price = Callable[[Collection[str]], float]
Flags = Mapping[str, Any]


Claims = Mapping[str, Sequence[frozenset[str]]]
HeadReader = Callable[[bytes, Any, Price, Claims], Reading]


class RequestOptions(Protocol):
    """The options that a request depends on."""

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


# The vendor does not document an empty answer.
EMPTY = Reading(status=Status.HELD, reason="empty_answer")
# "one entry per identifier you submitted", "an error message will be returned for each profile not
# found": a missing element proves nothing.
MISSING = Reading(status=Status.HELD, reason="missing_element")
UNREADABLE = Reading(status=Status.HELD, reason="unreadable")


def bind_single_without_data(
    batch: Sequence[Identity], readings: Sequence[Reading]
) -> Reading | None:
    """Return the only element about the only identity, if it holds no data and names nothing.

    It needs no echo, because it holds nothing that could belong to another identity.
    """
    if len(batch) == len(readings) == 1:
        (reading,) = readings
        return reading if reading.model is None and not any(reading.claims) else None
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrustdataEndpoint:
    """An endpoint for people or companies.

    Parameters
    ----------
    path
        Path of a request.
    parameters
        The vendor's name of each identifier. The first one that an identity has is sent.
    fields
        The default fields.
    required_fields
        Returns the fields that are requested in addition to those that the user names.
    prices
        The vendor's published prices.
    has_preview
        Whether the option ``preview`` applies.
    flags
        Returns the other parameters of a request, from the options and the identifier's name.
    size
        Returns the number of identifiers in one request, from the options.
    read_element
        Parses an element of an answer.
    record_type, read_head
        The record type of an element, and a function that parses an element whose head is as
        documented. It also takes the claims of echoes that equal what was sent. None if every
        element is parsed by ``read_element``.
    absent
        The result of an identity without an element in a complete answer.
    empty
        Returns that result for a complete answer without any element, from the options.
    bind_single
        Returns the result of the only identity that was requested, if it needs no echo.
    format_value
        Formats a value as it is sent.
    """

    path: str
    parameters: Mapping[str, str]
    fields: tuple[str, ...]
    required_fields: Callable[[RequestOptions], tuple[str, ...]]
    prices: Prices
    flags: Callable[[RequestOptions, str], Flags]
    size: Callable[[RequestOptions, str], int]
    read_element: Callable[[bytes, Price], Reading]
    record_type: RecordType | None = None
    read_head: HeadReader | None = None
    absent: Reading
    empty: Callable[[RequestOptions], Reading] = lambda _: EMPTY
    bind_single: Callable[[Sequence[Identity], Sequence[Reading]], Reading | None] = (
        bind_single_without_data
    )
    format_value: Callable[[str], str] = str
    has_preview: bool = False

    def fields_for(self, options: RequestOptions) -> tuple[str, ...]:
        """Return the fields to request with these options."""
        fields = self.fields if options.fields is None else tuple(options.fields)
        return (*fields, *(field for field in self.required_fields(options) if field not in fields))

    def identifier_of(self, identity: Identity) -> str:
        """Return the name of the identifier that is sent; a request holds only one kind."""
        if len(identity.keys) == 1:  # nearly all of them, and there can be millions
            return identity.keys[0][0]
        return next(name for name in self.parameters if identity.get(name) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiVersion:
    """One version of the API.

    Parameters
    ----------
    method, scheme, headers
        HTTP method, the scheme of ``Authorization``, and other headers.
    payload
        Builds the query or the body of a request from the vendor's name of an identifier, its
        values, the fields (None for the vendor's default) and the flags.
    omits_default_fields
        Whether the default fields are also the vendor's, and are not sent.
    endpoints
        The endpoint of each kind.
    credits
        Path of the balance.
    """

    method: str
    scheme: str
    headers: Mapping[str, str]
    payload: Callable[[str, Sequence[str], Sequence[str] | None, Flags], Mapping[str, Any]]
    omits_default_fields: bool
    endpoints: Mapping[Kind, CrustdataEndpoint]
    credits: str

    @property
    def uses_query(self) -> bool:
        """Whether values are sent in the URL, whose length is limited, and not in a body."""
        return self.method == "GET"


MAX_URL = 8_000  # bytes of path and query; servers refuse more than 8 kB


@dataclass(frozen=True, slots=True)
class ConfiguredEndpoint:
    """An endpoint with options and prices: builds requests and parses answers."""

    version: ApiVersion
    endpoint: CrustdataEndpoint
    options: RequestOptions
    prices: Prices

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields to request."""
        return self.endpoint.fields_for(self.options)

    @property
    def _parts(self) -> set[str]:
        return parts_in(self.fields, realtime=self.options.realtime)

    def price(self, delivered: Iterable[str] | None = None) -> float:
        """Return the credits of an answer with these parts; by default the maximum."""
        if self.options.preview and self.endpoint.has_preview:
            return 0.0
        parts = self._parts
        given = parts if delivered is None else set(delivered)
        return self.prices.total(charged_parts(parts, given))

    def _price_of_answer(self) -> Price:
        """Return `price` for the elements of one answer, which computes each price once."""
        prices = dict[frozenset[str], float]()

        def price(delivered: Collection[str]) -> float:
            parts = frozenset(delivered)
            if parts not in prices:
                prices[parts] = self.price(parts)
            return prices[parts]

        return price

    def request(self, batch: Sequence[Identity]) -> Request:
        """Return the request for a batch with one kind of identifier."""
        name = self.endpoint.identifier_of(batch[0])
        return Request(
            method=self.version.method,
            path=self.endpoint.path,
            headers=self.version.headers,
            billed=True,
            credits=self.price() * len(batch),
            identities=tuple(batch),
            **self._payload(name, [self._format(one.get(name) or "") for one in batch]),
        )

    def batches(self, identities: Sequence[Identity]) -> Iterator[list[Identity]]:
        """Split into batches that fit into a request, each with one kind of identifier."""
        identifier_of = self.endpoint.identifier_of
        names = set(map(identifier_of, identities))
        for name in self.endpoint.parameters:  # several passes, without a copy of millions
            if names == {name}:
                yield from self._chunks(name, identities)
            elif name in names:
                own = (one for one in identities if identifier_of(one) == name)
                yield from self._chunks(name, own)

    def fits(self, name: str, value: str) -> bool:
        """Return whether a URL has space for a value."""
        return self._length(value) <= self._space(name)

    def _chunks(self, name: str, group: Iterable[Identity]) -> Iterator[list[Identity]]:
        size = self.endpoint.size(self.options, name)
        if not self.version.uses_query:  # the length of a body is not limited
            yield from batched(group, size)
            return
        space = self._space(name)
        chunk: list[Identity] = []
        used = 0
        for identity in group:
            length = self._length(identity.get(name) or "")
            if chunk and (len(chunk) == size or used + length > space):
                yield chunk
                chunk, used = [], 0
            chunk.append(identity)
            used += length
        if chunk:
            yield chunk

    def _payload(self, name: str, values: Sequence[str]) -> Mapping[str, Any]:
        endpoint, fields = self.endpoint, self.fields
        is_omitted = self.version.omits_default_fields and fields == endpoint.fields
        return self.version.payload(
            endpoint.parameters[name],
            values,
            None if is_omitted else fields,
            endpoint.flags(self.options, name),
        )

    def _space(self, name: str) -> int:
        """Return the bytes that a URL has for values."""
        params = self._payload(name, []).get("params", {})
        return MAX_URL - len(self.endpoint.path) - len(urlencode(params))

    def _length(self, value: str) -> int:
        """Return the bytes that a value takes in a URL, with its comma."""
        return len(quote(self._format(value), safe="")) + len("%2C")

    def _format(self, value: str) -> str:
        """Return a value as it is sent; a URL is encoded as LinkedIn encodes it."""
        sent = quote(value, safe=":/'") if value.startswith("https://") else value
        return self.endpoint.format_value(sent)

    def read(self, batch: Sequence[Identity], response: Response) -> list[Match]:
        """Parse an answer; return one match for each identity."""
        keys = list(map(key_of, batch))
        raw, readings, are_complete = self._readings(batch, keys, response.body)
        only = self.endpoint.bind_single(batch, readings)
        if only is not None:
            matches = [only.match(batch[0])]
        else:
            absent = self._absent(response, raw, are_complete=are_complete)
            matches = bind(batch, readings, absent, keys=keys)
        used = re.fullmatch(r"\d+(\.\d+)?", response.headers.get("x-credits-used", "").strip())
        return distribute_credits(matches, float(used[0])) if used else matches

    def _readings(
        self, batch: Sequence[Identity], keys: Sequence[str | None], body: bytes
    ) -> tuple[list[bytes], list[Reading], bool]:
        """Return the elements of an answer, their readings, and whether they are complete."""
        kind, read_head = self.endpoint.record_type, self.endpoint.read_head
        price = self._price_of_answer()
        usual = None if kind is None else read_array(body, kind.head_type)
        if usual is None or read_head is None:
            raw, are_complete = elements(body)
            return raw, [self.endpoint.read_element(one, price) for one in raw], are_complete
        claims = claims_of_sent(batch, keys)
        readings = [read_head(raw, head, price, claims) for raw, head in zip(*usual, strict=True)]
        return usual[0], readings, True

    def _absent(self, response: Response, raw: Sequence[bytes], *, are_complete: bool) -> Reading:
        """Return the result of an identity without an element."""
        if response.outcome is Outcome.DAMAGED:
            return Reading(status=Status.HELD, reason="answer_cut")
        if not are_complete:
            return Reading(status=Status.HELD, reason="answer_unreadable")
        return self.endpoint.absent if raw else self.endpoint.empty(self.options)
