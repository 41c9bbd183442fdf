"""Run a flow by hand, without a network or a mock."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from enrich_pandas.providers.base import (
    Identity,
    Match,
    Outcome,
    Provider,
    Request,
    Response,
)

Talk = Callable[..., tuple[list[Match], list[Request]]]


@pytest.fixture
def reply() -> Callable[..., Response]:
    """Return a factory of responses. A body that is not bytes is encoded."""

    def make(
        body: Any, status: int = 200, outcome: Outcome | None = None, **headers: str
    ) -> Response:
        kind = Outcome.ACCEPTED if status < 300 else Outcome.REFUSED
        return Response(
            status=status,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            body=body if isinstance(body, bytes) else msgspec.json.encode(body),
            outcome=outcome or kind,
        )

    return make


@pytest.fixture
def talk() -> Talk:
    """Return a function that runs a flow on responses, or on a function of the request."""

    def run(
        provider: Provider,
        batch: Sequence[Identity],
        *answers: Response,
        server: Callable[[Request], Response] | None = None,
    ) -> tuple[list[Match], list[Request]]:
        flow, requests, queue = provider.flow("people", batch), [], list(answers)
        try:
            request = next(flow)
            while True:
                assert isinstance(request, Request)
                requests.append(request)
                request = flow.send(server(request) if server else queue.pop(0))
        except StopIteration as end:
            assert not queue
            matches = end.value
            assert sorted(match.identity for match in matches) == sorted(batch)
            return matches, requests

    return run
