"""Quiet libraries: what those under ours would log shows whole URLs, and people stand in them."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_TALKATIVE = (
    *(f"urllib3.{name}" for name in ("connectionpool", "connection", "response", "util.retry")),
    *(f"vcr.{name}" for name in ("cassette", "matchers", "request", "stubs")),
)
_thread = threading.local()  # .is_hushed


@contextmanager
def hushed() -> Iterator[None]:
    """Drop what they would log on this thread; what others make of them is not ours to drop."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_is_foreign)
    before = getattr(_thread, "is_hushed", False)
    _thread.is_hushed = True
    try:
        yield
    finally:
        _thread.is_hushed = before


def _is_foreign(_record: logging.LogRecord) -> bool:
    return not getattr(_thread, "is_hushed", False)
