"""The sandbox: a context manager that serves the vendors on loopback for every provider.

The emulators are written from the vendors' documents. Each module names its sources, and lists
what was chosen without a document.
"""

import json
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE, Popen
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import msgspec

from enrich_pandas.emulators.account import (
    CONTROL,
    CREDENTIALS,
    KEY,
    Charge,
    Fault,
    LoggedRequest,
    SandboxOptions,
)
from enrich_pandas.engine.context import Environment, use_environment
from enrich_pandas.providers.base import Secret

if TYPE_CHECKING:
    import pandas as pd

_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d+)?/?")
_URL = re.compile(r"http://127\.0\.0\.1:\d+")
# Requests to loopback never use a proxy of the environment.
_opener = build_opener(ProxyHandler({}))


class Sandbox:
    """Emulate the vendors on loopback: real HTTP, made-up people, a ledger, no charges.

    Inside the ``with`` block, every provider sends its requests to the sandbox. Each provider has
    a made-up key, and the journal is a separate one. All other code is the code that runs live.

    Parameters
    ----------
    latency : float, default 0.0
        Seconds before each answer.
    connections : int, optional
        Requests that a vendor answers at the same time; others wait. None for no limit.
    rate : int, optional
        Requests per minute that each vendor allows, over a sliding window. A request above it
        gets a 429. None for no limit.
    misses : float, default 0.1
        Share of identities without a match, 0 to 1.
    seed : int, default 0
        Seed of the made-up people. With one seed, an identity always gives the same person.
    people : DataFrame, optional
        A table to serve instead of made-up people. It needs the column ``linkedin_url`` or
        ``email``. It may have ``name``, ``title``, ``company``, ``company_domain``, ``headline``,
        ``summary``, ``city``, ``country``, ``location`` and ``phone``. An identity that is not in
        the table is not found.
    credits : float, optional
        Balance of the account at each vendor, in credits. A request above it gets a 402. None for
        an unlimited balance.
    job_seconds : tuple of float, default (0.0, 0.0)
        The shortest and the longest duration of a vendor's job, in seconds.
    token_seconds : float, default 3600.0
        Lifetime of an access token in seconds, for vendors that issue them.
    journal : str or Path, optional
        File of the journal. None for a temporary file, which is removed at the end.
    process : bool, default False
        Whether to run the server in a process of its own. It keeps running if a client is killed.
        It ends when the process that started it ends.
    url : str, optional
        Any vendor's address in a sandbox that already runs, to join it. All options except
        ``journal`` are then those of the running sandbox.

    Raises
    ------
    ValueError
        ``url`` is not on loopback.
    ImportError
        The extra ``enrich-pandas[sandbox]`` is not installed. Raised when the ``with`` starts.

    Examples
    --------
    >>> with Sandbox(misses=0) as box:
    ...     print(box.url("crustdata").startswith("http://127.0.0.1:"), len(box.ledger))
    True 0
    """

    def __init__(
        self,
        *,
        latency: float = 0.0,
        connections: int | None = None,
        rate: int | None = None,
        misses: float = 0.1,
        seed: int = 0,
        people: "pd.DataFrame | None" = None,
        credits: float | None = None,  # noqa: A002 - the vendors' own word
        job_seconds: tuple[float, float] = (0.0, 0.0),
        token_seconds: float = 3600.0,
        journal: str | Path | None = None,
        process: bool = False,
        url: str | None = None,
    ) -> None:
        if url is not None and not _LOOPBACK.fullmatch(url):
            raise ValueError(
                f"url={url!r} is not on loopback. Use an address such as http://127.0.0.1:8800."
            )
        self._options = SandboxOptions(
            latency=latency,
            connections=connections,
            rate=rate,
            misses=misses,
            seed=seed,
            people=None if people is None else _records(people),
            credits=credits,
            job_seconds=job_seconds,
            token_seconds=token_seconds,
        )
        self._journal = journal
        self._process = process
        self._join = url
        self._open = ExitStack()
        self._urls: dict[str, str] = {}
        self._last: dict[str, Any] = {}

    def __enter__(self) -> Self:
        if not all(map(find_spec, ("faker", "starlette", "uvicorn"))):
            raise ImportError('The sandbox needs: pip install "enrich-pandas[sandbox]"')
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-")))
            self._base = stack.enter_context(self._served(folder))
            self._last = {}
            self._urls = self._get("urls")
            stack.enter_context(use_environment(self._environment(folder)))
            self._open = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the sandbox. `ledger` and `requests` stay readable. A second call does nothing."""
        with self._open:
            if self._urls and not self._last:
                self._last = {name: self._get(name) for name in ("ledger", "requests")}
        self._open = ExitStack()

    def url(self, vendor: str) -> str:
        """Return a vendor's base address, for use by any HTTP client.

        Parameters
        ----------
        vendor : str
            Name of the provider.

        Returns
        -------
        str
            An address such as ``http://127.0.0.1:8800``.

        Raises
        ------
        KeyError
            The sandbox does not emulate the vendor, or the ``with`` block has not started.
        """
        return self._urls[vendor]

    @property
    def ledger(self) -> "pd.DataFrame":
        """The charges, one row each: vendor, endpoint, identity, credits, at (UTC)."""
        return _frame(self._rows("ledger"), Charge)

    @property
    def requests(self) -> "pd.DataFrame":
        """The requests received: vendor, method, path, status, identities, fault, at (UTC).

        ``identities`` counts the people or companies in a request. ``status`` is null if the
        connection was closed without an answer.
        """
        return _frame(self._rows("requests"), LoggedRequest).astype({"status": "Int64"})

    def fault(
        self,
        vendor: str,
        where: str,
        name: str,
        *,
        times: int | None = 1,
        only: str | None = None,
        skip: int = 0,
        **options: Any,
    ) -> None:
        """Apply a fault to the next requests.

        Parameters
        ----------
        vendor : str
            Name of the provider.
        where : str
            Kind of request: ``"submit"`` for a charged request; ``"poll"``, ``"list"``,
            ``"cancel"``, ``"find"``, ``"token"`` or ``"account"`` if the vendor has such an
            endpoint.
        name : str
            Name of the fault. `enrich_pandas.emulators.faults` lists the faults and their options.
        times : int or None, default 1
            Number of requests that the fault applies to. None for all.
        only : str, optional
            An identifier (a slug or an e-mail address). The fault applies only to requests that
            contain it.
        skip : int, default 0
            Number of requests to serve normally first.
        **options
            Options of the fault, such as ``delay`` in seconds (slow) or ``location`` (redirect).

        Raises
        ------
        ValueError
            The fault, the vendor or the kind of request does not exist.
        """
        fault = Fault(
            vendor=vendor,
            where=where,
            name=name,
            times=times,
            only=only,
            skip=skip,
            options=options,
        )
        request = Request(f"{self._base}{CONTROL}/faults", msgspec.json.encode(fault))  # noqa: S310 - loopback
        try:
            _opener.open(request).close()
        except HTTPError as error:
            with error:
                raise ValueError(json.load(error)["error"]) from None

    def _served(self, folder: Path) -> AbstractContextManager[str]:
        if self._join:
            return nullcontext(self._join.rstrip("/"))
        return _own_process(self._options, folder) if self._process else _thread(self._options)

    def _environment(self, folder: Path) -> Environment:
        return Environment(
            realm="sandbox",
            origins=self._urls,
            secrets={
                vendor: dict.fromkeys(CREDENTIALS.get(vendor, ("api_key",)), Secret(KEY))
                for vendor in self._urls
            },
            journal=Path(self._journal) if self._journal else folder / "journal.sqlite",
            paid=False,
        )

    def _rows(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._last[name] if self._last else self._get(name)
        return rows

    def _get(self, name: str) -> Any:
        with _opener.open(f"{self._base}{CONTROL}/{name}") as response:
            return json.load(response)


@contextmanager
def _thread(options: SandboxOptions) -> Iterator[str]:
    """Run the server in a thread. uvicorn installs signal handlers in the main thread only."""
    from enrich_pandas.emulators.server import Server, Sockets  # the extra's packages

    sockets = Sockets.bound()
    server = Server(options, sockets)
    thread = threading.Thread(target=server.serve_until_exit, name="sandbox", daemon=True)
    thread.start()
    try:
        yield next(iter(sockets.urls.values()))
    finally:
        server.stop()
        thread.join()


@contextmanager
def _own_process(options: SandboxOptions, folder: Path) -> Iterator[str]:
    """Run the server in a process that ignores this process's Ctrl-C and ends with it."""
    file = folder / "options.json"
    file.write_bytes(msgspec.json.encode(options))
    command = [sys.executable, "-m", "enrich_pandas.emulators", "--owned", "--options", str(file)]
    with Popen(  # noqa: S603 - this interpreter, this package
        command, stdin=PIPE, stdout=PIPE, text=True, start_new_session=True
    ) as child:
        try:
            line = child.stdout.readline() if child.stdout else ""
            if (url := _URL.search(line)) is None:
                raise RuntimeError("The process of the sandbox did not start. Its error is above.")
            yield url[0]
        finally:
            child.terminate()


sandbox = Sandbox  # its public name, because it is called like a function


def _records(people: "pd.DataFrame") -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(people.to_json(orient="records"))
    return records


def _frame(rows: list[dict[str, Any]], kind: type[msgspec.Struct]) -> "pd.DataFrame":
    import pandas as pd  # imported here because the server does not need it

    frame = pd.DataFrame(rows, columns=list(kind.__struct_fields__))
    return frame.assign(at=pd.to_datetime(frame["at"].astype("float64"), unit="s", utc=True))
