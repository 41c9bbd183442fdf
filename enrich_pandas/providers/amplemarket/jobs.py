"""Enrichment requests, the vendor's jobs: their object, their state and their pages.

Source: the pages "Start Enrichment Request" and "Enrichment Request Polling".
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import msgspec

from enrich_pandas.providers.base import Response
from enrich_pandas.providers.decoding import Id, elements, identifier, read

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
class Job:
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
    def of(cls, response: Response) -> "Job | None":
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
    job = Job.of(response)
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
