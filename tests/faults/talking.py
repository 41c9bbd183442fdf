"""Run a flow over HTTP to a sandbox, without frame, journal and waits, which is fast."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from enrich_pandas.engine.context import current_environment
from enrich_pandas.engine.credentials import find_secrets
from enrich_pandas.engine.sender import ATTEMPTS
from enrich_pandas.providers.base import Identity, Provider, Request, Response
from enrich_pandas.testing.driving import Conversation, drive
from enrich_pandas.transport import Transport
from enrich_pandas.transport.outcome import read_exchange, repair_response
from enrich_pandas.waterfall.stage import open_transport


class Line:
    """Runs the flows of a provider against one server.

    A free request is sent again after a lost answer, as the sender does.
    """

    def __init__(self, provider: Provider, transport: Transport) -> None:
        self.provider, self.transport = provider, transport

    def talk(self, slugs: list[str]) -> Conversation:
        return drive(self.provider, "people", identities(slugs), self.send)

    def send(self, request: Request) -> Response:
        for _ in range(1 if request.billed else ATTEMPTS):
            answer = self.once(request)
            if not answer.lost:
                break
        return repair_response(answer)

    def once(self, request: Request) -> Response:
        """Return the raw answer, as the journal stores it."""
        return read_exchange(self.transport.send(request), request, self.provider)


@contextmanager
def line_of(provider: Provider) -> Iterator[Line]:
    environment = current_environment()
    transport: Any = open_transport(provider, find_secrets(provider, environment), environment)
    try:
        yield Line(provider, transport)
    finally:
        transport.close()


def identities(slugs: list[str]) -> list[Identity]:
    return [Identity.of(linkedin_url=f"https://www.linkedin.com/in/{slug}") for slug in slugs]
