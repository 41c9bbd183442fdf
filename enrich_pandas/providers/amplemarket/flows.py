"""Many at a time: a job is started, polled as the vendor asks, and its pages are read.

Source: the page "Finding multiple people" of the people document.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from enrich_pandas.providers.amplemarket.endpoints import Endpoint
from enrich_pandas.providers.amplemarket.errors import Refusal
from enrich_pandas.providers.amplemarket.jobs import TERMINAL, Job, job_path, page_params
from enrich_pandas.providers.amplemarket.refused import failed, is_to_repeat, refused
from enrich_pandas.providers.amplemarket.results import UNPROVEN, bind
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

POLL_SECONDS = 5.0  # where the vendor asks for no other
PAGE = {"page[size]": "100"}  # the most; 10,000 results are 100 pages
TRIES = 3  # of a page that does not come, of a job that is not there

Step = Request | Wait
Polling = Generator[Step, Response, tuple[Job, Response] | None]


@dataclass(frozen=True, slots=True)
class Bulk:
    """One enrichment request for a batch.

    ``patience`` is how many seconds of waits it is polled for, ``on_late`` what comes then.
    """

    endpoint: Endpoint
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
            job = Job.of(answer)
            if job is not None and job.status in TERMINAL:
                return job, answer
            gone = gone + 1 if _is_gone(answer) else 0
        return None

    def _results(
        self, path: str, job: Job, answer: Response, most: int
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
            again = Job.of(answer)
            if again is not None:
                more, are_whole = yield from self._pages(path, again, answer, most)
                raw = list(dict.fromkeys([*raw, *more]))
        return raw, are_whole

    def _pages(
        self, path: str, job: Job, answer: Response, most: int
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
            job = Job.of(answer)
            if job is not None:
                return job, answer
            pause = self.retry_after(answer) or POLL_SECONDS
        return None


def _blamed(batch: Sequence[Identity], answer: Response) -> list[Identity]:
    """Return the identities for which all of a batch was refused."""
    is_refusal = answer.outcome is Outcome.REFUSED and answer.status in (400, 422)
    return Refusal.of(answer).blamed(batch) if is_refusal else []


def _is_gone(answer: Response) -> bool:
    return answer.outcome is Outcome.REFUSED and answer.status in (404, 410)


def _absent(job: Job, answer: Response) -> Reading:
    """Return what it means that nothing is said of somebody."""
    if job.status == "canceled":
        return Reading(status=Status.FAILED, reason="canceled")
    if job.status == "error":
        code = Refusal.of(answer).code
        return Reading(status=Status.FAILED, reason=f"job_error: {code}" if code else "job_error")
    return replace(UNPROVEN, note="the job ended and says nothing of this lead")
