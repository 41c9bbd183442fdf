"""Many at a time: a job is started, polled as the vendor asks, and its pages are read.

Source: the page "Finding multiple people" of the people document.
"""

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec

from enrich_pandas.providers.amplemarket.errors import (
    AmplemarketErrorBody,
    failed,
    is_to_repeat,
    refused,
)
from enrich_pandas.providers.amplemarket.results import REMOVED, UNPROVEN, AmplemarketEndpoint, bind
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
from enrich_pandas.providers.binding import Reading
from enrich_pandas.providers.decoding import Id, elements, identifier, read

# -- Enrichment requests, the vendor's jobs: their object, their state and their pages -----------
# Source: the pages "Start Enrichment Request" and "Enrichment Request Polling".

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
    """Wire type: an enrichment request, but for its results."""

    id: Id = None
    status: str | None = None
    links: Links | None = msgspec.field(default=None, name="_links")


@dataclass(frozen=True, slots=True)
class EnrichmentRequest:
    """An enrichment request, or one page of it.

    ``are_whole`` tells whether its results could all be told apart.
    """

    head: Head
    results: list[bytes]
    are_whole: bool

    @property
    def status(self) -> str:
        """Its status; one that nobody knows is that of a job at work."""
        return (self.head.status or "").strip().lower()

    @property
    def next(self) -> str | None:
        """The address of the next page."""
        link = self.head.links and self.head.links.next
        return link.href if link else None

    @classmethod
    def of(cls, response: Response) -> "EnrichmentRequest | None":
        """Read an enrichment request, or return None where the answer is none."""
        if response.lost or response.status // 100 != 2:  # noqa: PLR2004 - HTTP's class of answers
            return None
        try:
            fields = _decoder.decode(response.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        named = {name: fields[name] for name in ("id", "status", "_links") if name in fields}
        head, _ = read(msgspec.json.encode(named), Head)
        found = bytes(fields.get("results", b"[]"))
        results = elements(found if found.lstrip()[:1] == b"[" else b"[]")
        is_list = found.lstrip()[:1] in (b"[", b"n")  # or null: of nothing
        return cls(head or Head(), results.raw, results.are_whole and is_list)

    def path_under(self, start: str, response: Response) -> str | None:
        """Return where it is asked about: its own link, its id, or the header's ``Location``.

        Whatever a link names, the host stays the vendor's and the path one below ``start``.
        """
        own = (self.head.links and self.head.links.own) or Link()
        number = identifier(self.head.id)
        links = (own.href, f"{start}/{number}" if number else None)
        return next(
            (path for link in (*links, location(response)) if (path := _below(start, link))), None
        )


def location(response: Response) -> str | None:
    """Return the header that tells where a job is."""
    return response.headers.get("location")


def job_path(start: str, response: Response) -> str | None:
    """Return where the job that was started is asked about, or None where nobody can tell."""
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
    """Return the parameters of a link to another page, or None where it leads elsewhere.

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


POLL_SECONDS = 5.0  # where the vendor asks for no other
PAGE = {"page[size]": "100"}  # the most; 10,000 results are 100 pages
TRIES = 3  # of a page that does not come, of a job that is not there

Step = Request | Wait
Polling = Generator[Step, Response, tuple[EnrichmentRequest, Response] | None]


@dataclass(frozen=True, slots=True)
class BulkFlow:
    """One enrichment request for a batch.

    ``patience`` is how many seconds of waits it is polled for, ``on_late`` what comes then.
    """

    endpoint: AmplemarketEndpoint
    patience: float
    on_late: Literal["leave", "cancel"]
    retry_after: Callable[[Response], float | None]

    def ask(self, batch: Sequence[Identity]) -> Flow:
        """Ask about a batch; again only without the leads for which all of it was refused.

        Raises
        ------
        Unfinished
            The job goes on: the next call polls it again, and starts none.
        """
        malformed = list[Match]()
        while batch:
            answer = yield self._start(batch)
            blamed = _blamed(batch, answer)
            if blamed:
                malformed += failed(blamed, "malformed")
                batch = [one for one in batch if one not in blamed]
            elif not is_to_repeat(answer):
                return [*malformed, *(yield from self._followed(batch, answer))]
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

    def _followed(self, batch: Sequence[Identity], answer: Response) -> Flow:
        if answer.lost:
            return held(batch)
        if answer.status // 100 != 2:  # noqa: PLR2004 - HTTP's class of answers
            return refused(batch, answer, self.retry_after(answer))
        path = job_path(self.endpoint.start, answer)
        if path is None:
            is_cut = answer.outcome is Outcome.DAMAGED
            return held(batch, "answer_cut" if is_cut else "answer_unreadable")
        ended = yield from self._ended(path, answer)
        if ended is None:
            return held(batch, "job_lost")
        job, answer = ended
        raw, are_whole = yield from self._results(path, job, answer, len(batch))
        readings = map(self.endpoint.read_result, raw)
        absent = _absent(job, answer) if are_whole else UNPROVEN
        return bind(batch, readings, absent, self.endpoint.key_of)

    def _ended(self, path: str, answer: Response) -> Polling:
        """Poll until the job has ended; return None where there is no such job.

        Waits that are skipped, for what came after them was recorded by an earlier run, are not
        counted: a job that was left at work is waited for anew.
        """
        waited, owed, is_canceled, gone = 0.0, 0.0, False, 0
        while gone < TRIES:
            pause = max(self.retry_after(answer) or POLL_SECONDS, owed)
            if waited + pause <= self.patience:
                yield Wait(pause)
                answer = yield Request(method="GET", path=path, params=PAGE)
                waited, owed = waited + pause * (not answer.is_recorded), 0.0
            elif self.on_late == "leave" or is_canceled:
                raise Unfinished("unfinished")
            else:  # a GET that is owed a pause still is: what was asked for is not cut short
                answer = yield Request(method="PATCH", path=path, json={"status": "canceled"})
                waited, owed, is_canceled = 0.0, pause, True
            job = EnrichmentRequest.of(answer)
            if job is not None and job.status in TERMINAL:
                return job, answer
            gone = gone + 1 if _is_gone(answer) else 0
        return None

    def _results(
        self, path: str, job: EnrichmentRequest, answer: Response, most: int
    ) -> Generator[Step, Response, tuple[list[bytes], bool]]:
        """Return the results of a job, and whether there is nothing that was not read.

        Where fewer have come than there are leads, it is looked at again: a result may come later
        than the word that all is done, and a page that was broken may be whole then.
        """
        raw, are_whole = yield from self._pages(path, job, answer, most)
        for _ in range(TRIES):
            if job.status != "completed" or len(raw) >= most:
                break
            yield Wait(self.retry_after(answer) or POLL_SECONDS)
            answer = yield Request(method="GET", path=path, params=PAGE)
            again = EnrichmentRequest.of(answer)
            if again is not None:
                more, are_whole = yield from self._pages(path, again, answer, most)
                raw = list(dict.fromkeys([*raw, *more]))
        return raw, are_whole

    def _pages(
        self, path: str, job: EnrichmentRequest, answer: Response, most: int
    ) -> Generator[Step, Response, tuple[list[bytes], bool]]:
        """Return the results of all pages, and whether there is nothing that was not read.

        A page that brings nothing new ends it, whatever it links to.
        """
        raw, seen = dict.fromkeys(job.results), set[str]()
        are_whole = job.are_whole
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
            are_whole = are_whole and job.are_whole
            if job.next is not None and len(raw) == known:
                return list(raw), False
        return list(raw), are_whole

    def _page(self, request: Request, answer: Response) -> Polling:
        """Ask for a page until it comes; return None where it does not."""
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


def _blamed(batch: Sequence[Identity], answer: Response) -> list[Identity]:
    """Return the identities for which all of a batch was refused."""
    is_refusal = answer.outcome is Outcome.REFUSED and answer.status in (400, 422)
    return AmplemarketErrorBody.of(answer).blamed(batch) if is_refusal else []


def _is_gone(answer: Response) -> bool:
    return answer.outcome is Outcome.REFUSED and answer.status in (404, 410)


def _absent(job: EnrichmentRequest, answer: Response) -> Reading:
    """Return what it means that nothing is said of somebody."""
    if job.status == "canceled":
        return Reading(status=Status.FAILED, reason="canceled")
    if job.status == "error":
        code = AmplemarketErrorBody.of(answer).code
        return Reading(status=Status.FAILED, reason=f"job_error: {code}" if code else "job_error")
    return replace(UNPROVEN, note="the job ended and says nothing of this lead")


# -- One at a time: a question, and the same again for as long as the vendor asks to wait --------
# Source: the page "Finding a Person" of the people document: what is revealed may take time, told
# by ``Retry-After``. Parameters and statuses are those of public clients.

_BUSY = (429, 503)  # refused for now, and nothing to do with who is asked about
_LEGAL = 451
_MALFORMED = (400, 422)


@dataclass(frozen=True, slots=True)
class SingleFlow:
    """One question an identity: what is answered is about whom was asked."""

    endpoint: AmplemarketEndpoint
    patience: float
    retry_after: Callable[[Response], float | None]

    def ask(self, batch: Sequence[Identity]) -> Flow:
        """Ask about each of a batch, one after the other."""
        matches = list[Match]()
        for identity in batch:
            matches += [(yield from self._asked(identity))]
        return matches

    def _asked(self, identity: Identity) -> Generator[Request | Wait, Response, Match]:
        waited = 0.0
        answer = yield self._question(identity, is_new=True)
        while True:
            pause = self._pause(answer)
            is_old = is_to_repeat(answer)
            if pause is None and not is_old:
                return self._read(identity, answer)
            if pause is not None and waited + pause > self.patience:
                return self._late(identity, answer)
            if pause is not None:
                yield Wait(pause)
            is_new = answer.outcome is Outcome.REFUSED
            answer = yield self._question(identity, is_new=is_new)
            waited += (pause or 0.0) * (not answer.is_recorded)

    def _question(self, identity: Identity, *, is_new: bool) -> Request:
        """Ask; what was accepted is asked for again at no cost, for nobody is charged twice."""
        return Request(
            method="GET",
            path=self.endpoint.find,
            params=self.endpoint.params(identity),
            billed=is_new,
            credits=self.endpoint.price if is_new else 0.0,
            identities=(identity,) if is_new else (),
        )

    def _pause(self, answer: Response) -> float | None:
        is_busy = answer.lost or answer.status in _BUSY
        return None if is_busy else self.retry_after(answer)

    def _late(self, identity: Identity, answer: Response) -> Match:
        """Return what has come so far; where nothing has, the next call asks again."""
        match = self._read(identity, answer) if answer.status == 200 else None  # noqa: PLR2004 - HTTP's OK
        if match is None or match.status is not Status.MATCHED:
            raise Unfinished("unfinished")
        return replace(match, note="; ".join(filter(None, [match.note, "more was still sought"])))

    def _read(self, identity: Identity, answer: Response) -> Match:
        if answer.lost:
            return held([identity])[0]
        if answer.status // 100 == 2:  # noqa: PLR2004 - HTTP's class of answers
            return self._found(identity, answer)
        refusal, sought = AmplemarketErrorBody.of(answer), self.endpoint.sought(identity)
        if answer.status == _LEGAL or refusal.says("unavailable_for_legal_reasons"):
            return REMOVED.match(identity)
        if refusal.code.endswith("_not_found"):
            return Match(identity=identity, status=Status.NOT_FOUND)
        is_his = refusal.is_about(sought) or refusal.quotes(identity)
        if answer.status in _MALFORMED and is_his:
            return Match(identity=identity, status=Status.FAILED, reason="malformed")
        return refused([identity], answer, self.retry_after(answer))[0]

    def _found(self, identity: Identity, answer: Response) -> Match:
        if answer.outcome is Outcome.DAMAGED:
            return held([identity], "answer_cut")[0]
        raw, are_whole = elements(answer.body)
        is_one = are_whole and len(raw) == 1 and answer.body.lstrip()[:1] == b"{"
        if not is_one:
            return held([identity], "answer_unreadable")[0]
        return self.endpoint.read_found(raw[0]).match(identity)
