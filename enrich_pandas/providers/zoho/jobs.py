"""Zoho's flow: schedule a job, wait for it, fetch it, and find it again if its id was lost."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from enrich_pandas.providers.base import (
    Flow,
    Identity,
    Listing,
    Match,
    Outcome,
    Request,
    Response,
    Status,
    Unfinished,
    Wait,
    WaitForJob,
    held,
)
from enrich_pandas.providers.decoding import read
from enrich_pandas.providers.zoho.basis import identity_keys
from enrich_pandas.providers.zoho.errors import Item, items_of, parse_error
from enrich_pandas.providers.zoho.requests import (
    ENDED,
    PAGE,
    ZohoEndpoint,
    parse_ended_job,
    parse_job,
    parse_page,
    status_of,
    valid_id,
)

# -- Find the job of a lost answer ---------------------------------------------------------------
# The list has the time of each job, and a job's details have its identity. The absence of a job
# proves nothing while the request can still arrive at Zoho, so the list is read until then.

SEARCH_SECONDS = (5.0, 30.0)  # when a job is usually listed; the last search is after `settle`
CLOCK_SKEW = 120.0  # maximum difference in seconds between Zoho's clock and the local one
MAX_PAGES = 100  # in one search
MAX_FETCHES = 200  # of jobs, for one lost answer

FoundJob = Generator[Request | Wait, Response, str | None]


def find_job(endpoint: ZohoEndpoint, identity: Identity, sent: float, settle: float) -> FoundJob:
    """Search the list for the job of a request.

    Parameters
    ----------
    endpoint
        The endpoint of the jobs.
    identity
        The identity that was requested.
    sent
        Time of the request in seconds since the epoch; 0 if it was not sent and has no job.
    settle
        Seconds after which a request that is not in the list was not accepted.

    Returns
    -------
    str or None
        The id of the job with exactly this identity, the nearest in time. A job that is older than
        the request belongs to another request.
    """
    seen, elapsed, left = set[str](), 0.0, MAX_FETCHES
    for moment in (*(one for one in SEARCH_SECONDS if one < settle), settle) if sent else ():
        yield Wait(moment - elapsed)
        elapsed = moment
        listed = yield endpoint.list(1)
        candidates = yield from _candidates(endpoint, listed, sent, settle)
        is_last = moment == settle or listed.sent - sent >= settle  # resumed after a crash
        unseen = [job for job in candidates if job not in seen]
        for job in unseen[: left if is_last else left // 2]:
            left -= 1
            found = parse_job(endpoint.kind, (yield endpoint.fetch(job)))
            if found and found.echo == identity_keys(identity):
                return job
            seen.update([job] if found else [])
        if is_last:
            break
    return None


def _candidates(
    endpoint: ZohoEndpoint, listed: Response, sent: float, settle: float
) -> Generator[Request, Response, list[str]]:
    """Return the jobs of about that time, the nearest first."""
    began = sent + _clock_offset(listed)
    near, seen = dict[str, float](), set[str]()
    for number in range(2, MAX_PAGES + 2):
        page = parse_page(listed)
        times = [(job, one.created) for job, one in page.jobs] if page else []
        for job, created in times:
            if created is not None and began - CLOCK_SKEW <= created <= began + settle + CLOCK_SKEW:
                near[job] = abs(created - began)
        is_past = any(created is not None and created < began - CLOCK_SKEW for _, created in times)
        new = {job for job, _ in times} - seen
        if page is None or is_past or not page.has_more or not new or number > MAX_PAGES:
            break
        seen |= new
        listed = yield endpoint.list(number)
    return sorted(near, key=near.__getitem__)


def _clock_offset(response: Response) -> float:
    """Return the seconds by which Zoho's clock is ahead of the local one, 0 if unknown."""
    try:
        remote = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return 0.0
    return remote.timestamp() - response.sent if remote.tzinfo and response.sent else 0.0


# -- The flow of a job ---------------------------------------------------------------------------

SPARE_PAGES = 30  # for newer jobs, ended jobs and those of other users
PAUSES = (2, 8, 8, 8, 8)  # fractions of the patience to wait without news: a half, then eighths
MISSING_SECONDS = (5.0, 30.0)  # waits before a missing job is fetched again
STALE_SECONDS = 5.0  # until all servers of the vendor have the same state

Step = Request | Wait | WaitForJob
_WITHOUT_JOB = (HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class JobFlow:
    """The flow of a batch: one job for each identity.

    Parameters
    ----------
    endpoint
        The endpoint of the jobs.
    patience, settle
        Seconds to wait for a job, and for the job of a lost answer.
    """

    endpoint: ZohoEndpoint
    patience: float
    settle: float

    def run(self, batch: Sequence[Identity]) -> Flow:
        """Request the identities of a batch one after the other; usually there is one."""
        matches: list[Match] = []
        for identity in batch:
            matches += [(yield from self._run(identity))]
        return matches

    def _run(self, identity: Identity) -> Generator[Step, Response, Match]:
        job = yield from self._schedule(identity)  # a separate frame, to free its answers early
        return job if isinstance(job, Match) else (yield from self._follow(identity, job))

    def _schedule(self, identity: Identity) -> Generator[Step, Response, Match | str]:
        """Schedule a job; return its id, or the match if there is no job."""
        answer = yield self.endpoint.schedule(identity)
        refused = self._refused(identity, answer)
        if refused is not None:
            return refused
        job = _job_id(answer)
        if job is None:
            job = yield from find_job(self.endpoint, identity, answer.sent, self.settle)
        return held([identity])[0] if job is None else job

    def _refused(self, identity: Identity, answer: Response) -> Match | None:
        """Return the match of a refused request; a refusal about every row stops the run."""
        if answer.lost:
            return None
        body = parse_error(answer)
        if body is not None:
            if error := body.error():
                raise error
            return _failed(identity, body.code, body.note)
        if answer.outcome is Outcome.REFUSED:
            return _failed(identity, f"http_{answer.status}", "")
        return None

    def _follow(self, identity: Identity, job: str) -> Generator[Step, Response, Match]:
        """Wait until a job has ended.

        A wait before a recorded response does not count, because it is skipped. So a job that an
        earlier run left running gets the whole patience again.
        """
        pauses, missing, is_missing = list(PAUSES), list(MISSING_SECONDS), False
        while True:
            if not is_missing:
                yield WaitForJob(job, self.patience / pauses[0])
            answer = yield self.endpoint.fetch(job)
            found = parse_ended_job(self.endpoint.kind, answer)  # nearly all answers
            if found is None:
                if not answer.is_recorded:  # the cause of an earlier refusal can be gone
                    _raise_for(answer)
                found = parse_job(self.endpoint.kind, answer)
            match = found.match(identity, job) if found and answer.status == HTTPStatus.OK else None
            if match is not None:
                return match
            is_missing = _is_missing(answer)
            if is_missing and not missing:
                return held([identity], "job_lost")[0]
            if is_missing:
                yield Wait(missing.pop(0))
                continue
            missing = list(MISSING_SECONDS)
            if not answer.is_recorded:
                pauses.pop(0)
            if not pauses:
                raise Unfinished("at_work")
            yield Wait(min(STALE_SECONDS, self.patience / PAUSES[-1]))


def list_ended(endpoint: ZohoEndpoint, jobs: frozenset[str]) -> Listing:
    """Read the list of jobs once; return those of ``jobs`` that have ended.

    The newest jobs come first, so a new job moves others to a later page and none is skipped. A
    page without a new job is the last one, whatever it says.

    Raises
    ------
    ProviderError
        The vendor refuses the list, and would refuse every other request.
    """
    remaining, done, seen = set(jobs), set[str](), set[str]()
    for number in range(1, len(jobs) // PAGE + SPARE_PAGES + 1):
        answer = yield endpoint.list(number)
        _raise_for(answer)
        page = parse_page(answer)
        for job, listed in page.jobs if page else ():
            if job in remaining and status_of(listed) in ENDED:
                done.add(job)
            remaining.discard(job)
        new = {job for job, _ in page.jobs} - seen if page else set()
        if page is None or not page.has_more or not remaining or not new:
            break
        seen |= new
    return done


def _raise_for(answer: Response) -> None:
    """Raise the exception for an error that every other request would get, too."""
    body = None if answer.lost else parse_error(answer)
    if body is not None and (error := body.error()):
        raise error


def _job_id(answer: Response) -> str | None:
    """Return the id of the scheduled job; None if the answer was lost or has none."""
    for raw in () if answer.lost else items_of(answer):
        item, _ = read(raw, Item)
        if item and item.details and (job := valid_id(item.details.id)):
            return job
    return None


def _is_missing(answer: Response) -> bool:
    """Return whether Zoho says that the job does not exist, or the answer has none."""
    if answer.lost:
        return False
    body = parse_error(answer)
    is_missing = body is not None and body.code in ("RESOURCE_NOT_FOUND", "INVALID_DATA")
    return is_missing or (answer.status in _WITHOUT_JOB and not items_of(answer))


def _failed(identity: Identity, reason: str, note: str) -> Match:
    return Match(identity=identity, status=Status.FAILED, reason=reason, note=note)
