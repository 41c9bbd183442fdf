"""Responses that misbehave on the wire: late, cut short, or never sent."""

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Dropped(Response):
    """The connection is closed with no answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close the connection and wait until it is gone."""
        scope["state"]["transport"].abort()
        await _gone(receive)


class Truncated(Response):
    """The headers announce the whole body; ``at`` bytes of it are sent."""

    def __init__(self, whole: Response, at: int) -> None:
        super().__init__(whole.body, whole.status_code, dict(whole.headers))
        self._at = at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a part, then close the connection and wait until it is gone."""
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        part = bytes(self.body[: self._at])
        await send({"type": "http.response.body", "body": part, "more_body": True})
        scope["state"]["transport"].close()
        await _gone(receive)


class Late(Response):
    """Another response, after a while."""

    def __init__(self, response: Response, delay: float) -> None:
        super().__init__(response.body, response.status_code, dict(response.headers))
        self._delay = delay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then send."""
        await asyncio.sleep(self._delay)
        await super().__call__(scope, receive, send)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
