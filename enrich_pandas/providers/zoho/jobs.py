"""The flow of one job: scheduled, waited for, fetched, and found again if its id was lost."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

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
from enrich_pandas.providers.zoho.basis import asked
from enrich_pandas.providers.zoho.errors import Item, items_of, refusal_of
from enrich_pandas.providers.zoho.requests import (
    ENDED,
    PAGE,
    ZohoEndpoint,
    job_in,
    known_id,
    page_of,
    status_of,
)

# -- Adoption: the job of a request whose answer was lost, found again in Zoho's list ------------
# A list tells when a job was made, and its details tell for whom. Nothing is proven by a job's
# absence until a request that is still on its way must have been accepted, so the list is looked at
# until then.

SOON = (5.0, 30.0)  # seconds after which a job is mostly there; the last look is after the settle
SKEW = 120.0  # seconds by which Zoho's clock may differ from this one
PAGES = 100  # at most, of one look
FETCHES = 200  # jobs at most, of one lost answer

Finding = Generator[Request | Wait, Response, str | None]


def find(endpoint: ZohoEndpoint, identity: Identity, sent: float, settle: float) -> Finding:
    """Look for the job of a request.

    Parameters
    ----------
    endpoint
        Where the jobs are.
    identity
        Whom the request was about.
    sent
        When it was sent, in seconds since the epoch; 0 where it was not sent, and has no job.
    settle
        Seconds after which a request that is not in the list was not accepted.

    Returns
    -------
    str or None
        The id of the job that asks for exactly what the request did, the nearest in time. A job
        made earlier than the request is another one's, whomever it asks for.
    """
    seen, past, left = set[str](), 0.0, FETCHES
    for moment in (*(one for one in SOON if one < settle), settle) if sent else ():
        yield Wait(moment - past)
        past = moment
        listed = yield endpoint.list(1)
        candidates = yield from _candidates(endpoint, listed, sent, settle)
        is_last = moment == settle or listed.sent - sent >= settle  # long past: a process died
        unseen = [job for job in candidates if job not in seen]
        for job in unseen[: left if is_last else left // 2]:
            left -= 1
            found = job_in(endpoint.kind, (yield endpoint.fetch(job)))
            if found and found.echo == asked(identity):
                return job
            seen.update([job] if found else [])
        if is_last:
            break
    return None


def _candidates(
    endpoint: ZohoEndpoint, listed: Response, sent: float, settle: float
) -> Generator[Request, Response, list[str]]:
    """Return the jobs whose time fits, the nearest first."""
    began = sent + _ahead(listed)
    near, seen = dict[str, float](), set[str]()
    for number in range(2, PAGES + 2):
        page = page_of(listed)
        times = [(job, one.created) for job, one in page.jobs] if page else []
        for job, created in times:
            if created is not None and began - SKEW <= created <= began + settle + SKEW:
                near[job] = abs(created - began)
        is_past = any(created is not None and created < began - SKEW for _, created in times)
        new = {job for job, _ in times} - seen
        if page is None or is_past or not page.has_more or not new or number > PAGES:
            break
        seen |= new
        listed = yield endpoint.list(number)
    return sorted(near, key=near.__getitem__)


def _ahead(response: Response) -> float:
    """Return by how many seconds Zoho's clock is ahead of this one, as far as it tells."""
    try:
        there = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return 0.0
    return there.timestamp() - response.sent if there.tzinfo and response.sent else 0.0


# -- The flow of one job: scheduled, waited for, fetched, and found again if its id was lost -----

SPARE = 30  # pages; of jobs that were made since, and have ended or are others'
PAUSES = (2, 8, 8, 8, 8)  # parts of the patience to wait without news: a half, then eighths
GONE = (5.0, 30.0)  # seconds before a job that is not there is looked for again
STALE = 5.0  # seconds; what one server of a vendor knows, another may not know yet

Step = Request | Wait | WaitForJob


@dataclass(frozen=True, slots=True)
class JobFlow:
    """Asks about one person or company after the other.

    Parameters
    ----------
    endpoint
        Where the jobs are.
    patience, settle
        Seconds that a job, and a lost answer, are waited for.
    """

    endpoint: ZohoEndpoint
    patience: float
    settle: float

    def ask(self, batch: Sequence[Identity]) -> Flow:
        """Return the flow of a batch, which is one identity unless it was made elsewhere."""
        matches: list[Match] = []
        for identity in batch:
            matches += [(yield from self._asked(identity))]
        return matches

    def _asked(self, identity: Identity) -> Generator[Step, Response, Match]:
        made = yield from self._made(identity)  # of its answers, nothing is kept while it waits
        return made if isinstance(made, Match) else (yield from self._followed(identity, made))

    def _made(self, identity: Identity) -> Generator[Step, Response, Match | str]:
        """Schedule a job; return its id, or what came of the identity without one."""
        answer = yield self.endpoint.schedule(identity)
        refused = self._refused(identity, answer)
        if refused is not None:
            return refused
        job = _scheduled(answer)
        if job is None:
            job = yield from find(self.endpoint, identity, answer.sent, self.settle)
        return held([identity])[0] if job is None else job

    def _refused(self, identity: Identity, answer: Response) -> Match | None:
        """Read a refusal; one that is about every row stops the run."""
        if answer.lost:
            return None
        refusal = refusal_of(answer)
        if refusal is not None:
            if error := refusal.error():
                raise error
            return _failed(identity, refusal.code, refusal.note)
        if answer.outcome is Outcome.REFUSED:
            return _failed(identity, f"http_{answer.status}", "")
        return None

    def _followed(self, identity: Identity, job: str) -> Generator[Step, Response, Match]:
        """Wait for a job to end.

        Waits that are skipped, for their answers were recorded by an earlier run, are not
        counted: a job that was left at work is waited for anew.
        """
        pauses, gone, is_waited = list(PAUSES), list(GONE), False
        while True:
            if not is_waited:
                yield WaitForJob(job, self.patience / pauses[0])
            answer = yield self.endpoint.fetch(job)
            if not answer.is_recorded:  # what was refused once may have been put right since
                _check(answer)
            found = job_in(self.endpoint.kind, answer)
            match = found.match(identity, job) if found and answer.status == 200 else None  # noqa: PLR2004 - HTTP's OK
            if match is not None:
                return match
            is_waited = _is_gone(answer)
            if is_waited and not gone:
                return held([identity], "job_lost")[0]
            if is_waited:
                yield Wait(gone.pop(0))
                continue
            gone = list(GONE)
            if not answer.is_recorded:
                pauses.pop(0)
            if not pauses:
                raise Unfinished("at_work")
            yield Wait(min(STALE, self.patience / PAUSES[-1]))


def ended(endpoint: ZohoEndpoint, jobs: frozenset[str]) -> Listing:
    """Look at the list of jobs once; return those of ``jobs`` that have ended.

    A page tells of a hundred jobs. The newest come first, so jobs that are made meanwhile push
    others to a later page, and none is passed over. A page that tells of none that is new is the
    last, whatever it says.

    Raises
    ------
    ProviderError
        The vendor refuses the list, and would refuse every other request.
    """
    sought, done, seen = set(jobs), set[str](), set[str]()
    for number in range(1, len(jobs) // PAGE + SPARE + 1):
        answer = yield endpoint.list(number)
        _check(answer)
        page = page_of(answer)
        for job, listed in page.jobs if page else ():
            if job in sought and status_of(listed) in ENDED:
                done.add(job)
            sought.discard(job)
        new = {job for job, _ in page.jobs} - seen if page else set()
        if page is None or not page.has_more or not sought or not new:
            break
        seen |= new
    return done


def _check(answer: Response) -> None:
    """Raise what is wrong with every other request, too."""
    refusal = None if answer.lost else refusal_of(answer)
    if refusal is not None and (error := refusal.error()):
        raise error


def _scheduled(answer: Response) -> str | None:
    """Return the id of the job that was made; None where the answer was lost or has none."""
    for raw in () if answer.lost else items_of(answer):
        item, _ = read(raw, Item)
        if item and item.details and (job := known_id(item.details.id)):
            return job
    return None


def _is_gone(answer: Response) -> bool:
    """Tell whether Zoho says that there is no such job, or an answer has none in it."""
    if answer.lost:
        return False
    refusal = refusal_of(answer)
    is_missing = refusal is not None and refusal.code in ("RESOURCE_NOT_FOUND", "INVALID_DATA")
    return is_missing or (answer.status in (200, 204, 404) and not items_of(answer))


def _failed(identity: Identity, reason: str, note: str) -> Match:
    return Match(identity=identity, status=Status.FAILED, reason=reason, note=note)
