"""Adoption: the job of a request whose answer was lost, found again in Zoho's list.

A list tells when a job was made, and its details tell for whom. Nothing is proven by a job's
absence until a request that is still on its way must have been accepted, so the list is looked at
until then.
"""

from collections.abc import Generator
from email.utils import parsedate_to_datetime

from enrich_pandas.providers.base import Identity, Request, Response, Wait
from enrich_pandas.providers.zoho.answers import job_in
from enrich_pandas.providers.zoho.basis import asked
from enrich_pandas.providers.zoho.requests import Endpoint, page_of

SOON = (5.0, 30.0)  # seconds after which a job is mostly there; the last look is after the settle
SKEW = 120.0  # seconds by which Zoho's clock may differ from this one
PAGES = 100  # at most, of one look
FETCHES = 200  # jobs at most, of one lost answer

Finding = Generator[Request | Wait, Response, str | None]


def find(endpoint: Endpoint, identity: Identity, sent: float, settle: float) -> Finding:
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
    endpoint: Endpoint, listed: Response, sent: float, settle: float
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
