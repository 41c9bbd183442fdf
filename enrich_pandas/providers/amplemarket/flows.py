"""Amplemarket's flows: one enrichment request for a batch, or one request for each identity.

Sources: the pages "Finding multiple people" and "Finding a Person" of the people document, "Start
Enrichment Request" and "Enrichment Request Polling".
"""

import re
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec.structs import replace

from enrich_pandas.providers.amplemarket.errors import (
    MALFORMED,
    TEMPORARY,
    AmplemarketErrorBody,
    failed,
    is_to_repeat,
    refused,
)
from enrich_pandas.providers.amplemarket.requests import REMOVED, AmplemarketEndpoint
from enrich_pandas.providers.base import (
    Flow,
    Identity,
    Match,
    Outcome,
    Request,
    Response,
    Status,
    Unfinished,
    Wait,
    held,
)
from enrich_pandas.providers.binding import UNPROVEN, Reading, bind
from enrich_pandas.providers.decoding import Id, decoder_of, elements, identifier, read

# -- Enrichment requests -------------------------------------------------------------------------

TERMINAL = frozenset({"completed", "canceled", "error"})

_NAME = re.compile(r"[\w-]{1,100}", re.ASCII)
_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Link(msgspec.Struct):
    """Wire type: a link."""

    href: str | None = None


class Links(msgspec.Struct):
    """Wire type: ``_links``."""

    own: Link | None = msgspec.field(default=None, name="self")
    next: Link | None = None


class Head(msgspec.Struct):
    """Wire type: an enrichment request without its results."""

    id: Id = None
    status: str | None = None
    links: Links | None = msgspec.field(default=None, name="_links")


class Page(Head):
    """Wire type: an enrichment request as documented."""

    results: list[msgspec.Raw] | None = None


@dataclass(frozen=True, slots=True)
class EnrichmentRequest:
    """An enrichment request, or one page of its results.

    ``are_complete`` is whether all its results could be parsed as elements.
    """

    head: Head
    results: list[bytes]
    are_complete: bool

    @property
    def status(self) -> str:
        """Its status. An unknown one counts as still running."""
        return (self.head.status or "").strip().lower()

    @property
    def next(self) -> str | None:
        """URL of the next page."""
        link = self.head.links and self.head.links.next
        return link.href if link else None

    @classmethod
    def of(cls, response: Response) -> "EnrichmentRequest | None":
        """Parse an enrichment request, or return None if the response is not one."""
        if response.lost or not response.is_success:
            return None
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # nearly all
            response.body.decode()  # a decoder skips bytes that are not UTF-8
            page = decoder_of(Page).decode(response.body)
            return cls(page, list(map(bytes, page.results or ())), are_complete=True)
        try:
            fields = _decoder.decode(response.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        named = {name: fields[name] for name in ("id", "status", "_links") if name in fields}
        head, _ = read(msgspec.json.encode(named), Head)
        found = bytes(fields.get("results", b"[]"))
        results = elements(found if found.lstrip()[:1] == b"[" else b"[]")
        is_list = found.lstrip()[:1] in (b"[", b"n")  # or null: no results
        return cls(head or Head(), results.raw, results.are_complete and is_list)

    def path_under(self, start: str, response: Response) -> str | None:
        """Return its path: from its own link, its id, or the ``Location`` header.

        Whatever a link says, the host is the vendor's and the path is directly below ``start``.
        """
        own = (self.head.links and self.head.links.own) or Link()
        number = identifier(self.head.id)
        links = (own.href, f"{start}/{number}" if number else None)
        return next(
            (path for link in (*links, location(response)) if (path := _below(start, link))), None
        )


def location(response: Response) -> str | None:
    """Return the header with the URL of an enrichment request."""
    return response.headers.get("location")


def path_of(start: str, response: Response) -> str | None:
    """Return the path of the enrichment request that was started, or None if it is unknown."""
    job = EnrichmentRequest.of(response)
    return job.path_under(start, response) if job else _below(start, location(response))


def _below(start: str, link: str | None) -> str | None:
    try:
        path = urlsplit(link or "").path.rstrip("/")
    except ValueError:
        return None
    name = path.removeprefix(f"{start}/")
    return path if name != path and _NAME.fullmatch(name) else None


def page_params(path: str, link: str) -> dict[str, str] | None:
    """Return the parameters of a link to another page, or None for another path.

    Examples
    --------
    >>> page_params("/people/enrichment-requests/1", "/people/enrichment-requests/1?page[after]=2")
    {'page[after]': '2'}
    >>> page_params("/people/enrichment-requests/1", "https://example.com/?page[after]=2")
    """
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    is_here = parts.path.rstrip("/") == path
    params = dict(parse_qsl(parts.query)) if is_here else {}
    return params or None


POLL_SECONDS = 5.0  # if the vendor asks for no other
PAGE = {"page[size]": "100"}  # the maximum; 10,000 results are 100 pages
TRIES = 3  # for a page that does not arrive or an enrichment request that is missing

Step = Request | Wait
Polling = Generator[Step, Response, tuple[EnrichmentRequest, Response] | None]


@dataclass(frozen=True, slots=True)
class BulkFlow:
    """One enrichment request for a batch.

    Attributes
    ----------
    endpoint
        The endpoint and its options.
    patience
        Seconds to poll.
    on_late
        Whether to leave it running or to cancel it after that.
    retry_after
        Returns the seconds that a response asks to wait, or None.
    """

    endpoint: AmplemarketEndpoint
    patience: float
    on_late: Literal["leave", "cancel"]
    retry_after: Callable[[Response], float | None]

    def run(self, batch: Sequence[Identity]) -> Flow:
        """Request a batch; repeat only without the leads for which it was refused.

        Raises
        ------
        Unfinished
            The vendor is still working. The next call polls again and starts nothing.
        """
        malformed = list[Match]()
        while batch:
            answer = yield self._start(batch)
            rejected = _rejected(batch, answer)
            if rejected:
                malformed += failed(rejected, "malformed")
                batch = [one for one in batch if one not in rejected]
            elif not is_to_repeat(answer):
                return [*malformed, *(yield from self._follow(batch, answer))]
        return malformed

    def _start(self, batch: Sequence[Identity]) -> Request:
        return Request(
            method="POST",
            path=self.endpoint.start,
            json=self.endpoint.body(batch),
            billed=True,
            credits=self.endpoint.price * len(batch),
            identities=tuple(batch),
        )

    def _follow(self, batch: Sequence[Identity], answer: Response) -> Flow:
        if answer.lost:
            return held(batch)
        if not answer.is_success:
            return refused(batch, answer, self.retry_after(answer))
        path = path_of(self.endpoint.start, answer)
        if path is None:
            is_cut = answer.outcome is Outcome.DAMAGED
            return held(batch, "answer_cut" if is_cut else "answer_unreadable")
        ended = yield from self._poll(path, answer)
        if ended is None:
            return held(batch, "job_lost")
        job, answer = ended
        raw, are_complete = yield from self._results(path, job, answer, len(batch))
        keys = list(map(self.endpoint.key_of, batch))
        readings = self.endpoint.readings(batch, keys, raw)
        absent = _absent(job, answer) if are_complete else UNPROVEN
        return bind(batch, readings, absent, keys=keys, one_key=True)

    def _poll(self, path: str, answer: Response) -> Polling:
        """Poll until the enrichment request has ended; return None if it does not exist.

        A wait before a recorded response does not count, because it is skipped. So a request that
        an earlier run left running gets the whole patience again.
        """
        waited, owed, is_canceled, missing = 0.0, 0.0, False, 0
        while missing < TRIES:
            pause = max(self.retry_after(answer) or POLL_SECONDS, owed)
            if waited + pause <= self.patience:
                yield Wait(pause)
                answer = yield Request(method="GET", path=path, params=PAGE)
                waited, owed = waited + pause * (not answer.is_recorded), 0.0
            elif self.on_late == "leave" or is_canceled:
                raise Unfinished("unfinished")
            else:  # the next GET still waits for the pause that the vendor asked for
                answer = yield Request(method="PATCH", path=path, json={"status": "canceled"})
                waited, owed, is_canceled = 0.0, pause, True
            job = EnrichmentRequest.of(answer)
            if job is not None and job.status in TERMINAL:
                return job, answer
            missing = missing + 1 if _is_missing(answer) else 0
        return None

    def _results(
        self, path: str, job: EnrichmentRequest, answer: Response, most: int
    ) -> Generator[Step, Response, tuple[list[bytes], bool]]:
        """Return the results, and whether they are complete.

        With fewer results than leads, the pages are read again: a result can arrive after the
        status "completed", and a broken page can be complete then.
        """
        raw, are_complete = yield from self._pages(path, job, answer, most)
        for _ in range(TRIES):
            if job.status != "completed" or len(raw) >= most:
                break
            yield Wait(self.retry_after(answer) or POLL_SECONDS)
            answer = yield Request(method="GET", path=path, params=PAGE)
            again = EnrichmentRequest.of(answer)
            if again is not None:
                more, are_complete = yield from self._pages(path, again, answer, most)
                raw = list(dict.fromkeys([*raw, *more]))
        return raw, are_complete

    def _pages(
        self, path: str, job: EnrichmentRequest, answer: Response, most: int
    ) -> Generator[Step, Response, tuple[list[bytes], bool]]:
        """Return the results of all pages, and whether they are complete.

        A page without a new result is the last one, whatever it links to.
        """
        is_alone = job.next is None
        if is_alone:
            return _distinct(job.results), job.are_complete
        raw, seen = dict.fromkeys(job.results), set[str]()
        are_complete = job.are_complete
        while job.next is not None:
            params = page_params(path, job.next)
            if params is None or job.next in seen or len(seen) > most:
                return list(raw), False
            seen.add(job.next)
            page = yield from self._page(Request(method="GET", path=path, params=params), answer)
            if page is None:
                return list(raw), False
            (job, answer), known = page, len(raw)
            raw.update(dict.fromkeys(job.results))
            are_complete = are_complete and job.are_complete
            if job.next is not None and len(raw) == known:
                return list(raw), False
        return list(raw), are_complete

    def _page(self, request: Request, answer: Response) -> Polling:
        """Request a page until it arrives, or return None."""
        pause = self.retry_after(answer)
        for _ in range(TRIES):
            if pause:
                yield Wait(pause)
            answer = yield request
            job = EnrichmentRequest.of(answer)
            if job is not None:
                return job, answer
            pause = self.retry_after(answer) or POLL_SECONDS
        return None


_START = 64  # bytes that usually differ, since a result begins with its id


def _distinct(raw: list[bytes]) -> list[bytes]:
    """Return the results without repeats; those with different starts are not compared."""
    starts = {one[:_START] for one in raw}
    return raw if len(starts) == len(raw) else list(dict.fromkeys(raw))


def _rejected(batch: Sequence[Identity], answer: Response) -> list[Identity]:
    """Return the identities for which a batch was refused."""
    is_refusal = answer.outcome is Outcome.REFUSED and answer.status in MALFORMED
    return AmplemarketErrorBody.of(answer).rejected(batch) if is_refusal else []


def _is_missing(answer: Response) -> bool:
    return answer.outcome is Outcome.REFUSED and answer.status in (
        HTTPStatus.NOT_FOUND,
        HTTPStatus.GONE,
    )


def _absent(job: EnrichmentRequest, answer: Response) -> Reading:
    """Return the result of an identity without a result."""
    if job.status == "canceled":
        return Reading(status=Status.FAILED, reason="canceled")
    if job.status == "error":
        code = AmplemarketErrorBody.of(answer).code
        return Reading(status=Status.FAILED, reason=f"job_error: {code}" if code else "job_error")
    return replace(UNPROVEN, note="the enrichment request ended without this lead")


# -- One identity --------------------------------------------------------------------------------
# Revealing can take time, which the vendor reports by ``Retry-After``. Parameters and statuses are
# those of public clients.


@dataclass(frozen=True, slots=True)
class SingleFlow:
    """One request for each identity. The answer is about the identity that was requested."""

    endpoint: AmplemarketEndpoint
    patience: float
    retry_after: Callable[[Response], float | None]

    def run(self, batch: Sequence[Identity]) -> Flow:
        """Request the identities of a batch one after the other."""
        matches = list[Match]()
        for identity in batch:
            matches += [(yield from self._request(identity))]
        return matches

    def _request(self, identity: Identity) -> Generator[Request | Wait, Response, Match]:
        waited = 0.0
        answer = yield self._build(identity, is_new=True)
        while True:
            pause = self._pause(answer)
            is_outdated = is_to_repeat(answer)
            if pause is None and not is_outdated:
                return self._read(identity, answer)
            if pause is not None and waited + pause > self.patience:
                return self._late(identity, answer)
            if pause is not None:
                yield Wait(pause)
            is_new = answer.outcome is Outcome.REFUSED
            answer = yield self._build(identity, is_new=is_new)
            waited += (pause or 0.0) * (not answer.is_recorded)

    def _build(self, identity: Identity, *, is_new: bool) -> Request:
        """Return the request. Repeating an accepted one is free: the vendor charges once."""
        return Request(
            method="GET",
            path=self.endpoint.find,
            params=self.endpoint.params(identity),
            billed=is_new,
            credits=self.endpoint.price if is_new else 0.0,
            identities=(identity,) if is_new else (),
        )

    def _pause(self, answer: Response) -> float | None:
        is_busy = answer.lost or answer.status in TEMPORARY
        return None if is_busy else self.retry_after(answer)

    def _late(self, identity: Identity, answer: Response) -> Match:
        """Return what has arrived, or leave the identity to the next call."""
        match = self._read(identity, answer) if answer.status == HTTPStatus.OK else None
        if match is None or match.status is not Status.MATCHED:
            raise Unfinished("unfinished")
        return replace(
            match, note="; ".join(filter(None, [match.note, "the vendor was still searching"]))
        )

    def _read(self, identity: Identity, answer: Response) -> Match:
        if answer.lost:
            return held([identity])[0]
        if answer.is_success:
            return self._found(identity, answer)
        refusal = AmplemarketErrorBody.of(answer)
        is_removed = answer.status == HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS
        if is_removed or refusal.has_code("unavailable_for_legal_reasons"):
            return REMOVED.match(identity)
        if refusal.code.endswith("_not_found"):
            return Match(identity=identity, status=Status.NOT_FOUND)
        parameters = self.endpoint.parameters_of(identity)
        is_own = refusal.is_about(parameters) or refusal.quotes(identity)
        if answer.status in MALFORMED and is_own:
            return Match(identity=identity, status=Status.FAILED, reason="malformed")
        return refused([identity], answer, self.retry_after(answer))[0]

    def _found(self, identity: Identity, answer: Response) -> Match:
        if answer.outcome is Outcome.DAMAGED:
            return held([identity], "answer_cut")[0]
        raw, are_complete = elements(answer.body)
        is_one = are_complete and len(raw) == 1 and answer.body.lstrip()[:1] == b"{"
        if not is_one:
            return held([identity], "answer_unreadable")[0]
        return self.endpoint.read_found(raw[0]).match(identity)
