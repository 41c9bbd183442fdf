"""The door: a context manager that starts a sandbox and points every provider at it."""

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

from enrich_pandas.emulators.account import Charge, LoggedRequest
from enrich_pandas.emulators.protocol import CONTROL, CREDENTIALS, KEY, Fault, SandboxOptions
from enrich_pandas.engine.context import Environment, use_environment
from enrich_pandas.providers.base import Secret

if TYPE_CHECKING:
    import pandas as pd

_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d+)?/?")
_URL = re.compile(r"http://127\.0\.0\.1:\d+")
# A proxy of the environment has no business on the loopback interface.
_opener = build_opener(ProxyHandler({}))


class Sandbox:
    """The vendors' emulators on loopback: real HTTP, made-up people, a ledger; nothing is paid.

    Inside the ``with`` every provider talks to the sandbox, with a key made up for it and a
    journal of its own; the code is the code that runs live.

    Parameters
    ----------
    latency
        Seconds that each answer takes.
    connections
        Requests answered at the same time; others wait. None for no limit.
    rate
        Requests a minute each vendor allows, over a sliding window; above it a 429. None for no
        limit, which the rate-limit headers announce as a generous one.
    misses
        Share of people that a vendor has nothing for, 0 to 1.
    seed
        Another seed, other people. The same identity always gives the same person otherwise.
    people
        A table to serve instead: columns ``linkedin_url`` and ``email`` (at least one), and any
        of ``name``, ``title``, ``company``, ``company_domain``, ``headline``, ``summary``,
        ``city``, ``country``, ``location``, ``phone``. Whoever is not in it is not found.
    credits
        Balance of the account with each vendor; a request above it gets a 402. None is endless.
    job_seconds
        The least and the most seconds that a vendor's job takes, where it works by jobs.
    token_seconds
        How long an access token lives, where a vendor gives out such.
    journal
        File to keep answers in; None for a temporary one, removed on leaving.
    process
        Whether to run the server in a process of its own, which outlives clients that are killed,
        and ends with the process that started it.
    url
        Any address of a sandbox that runs already, to join it; every option but ``journal`` is
        then the running one's.

    Raises
    ------
    ValueError
        ``url`` is not on loopback.
    ImportError
        On entering: the extra ``enrich-pandas[sandbox]`` is not installed.

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
            raise ValueError("A sandbox is on loopback only: give an http://127.0.0.1:… address.")
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
            stack.enter_context(use_environment(self._surroundings(folder)))
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
        """Stop the sandbox; what its ledger held stays readable. Closing again does nothing."""
        with self._open:
            if self._urls and not self._last:
                self._last = {name: self._get(name) for name in ("ledger", "requests")}
        self._open = ExitStack()

    def url(self, vendor: str) -> str:
        """Return a vendor's base address, for any other client.

        Parameters
        ----------
        vendor
            Name of the provider.

        Raises
        ------
        KeyError
            The sandbox has no such vendor, or has not been entered.
        """
        return self._urls[vendor]

    @property
    def ledger(self) -> "pd.DataFrame":
        """What was charged for whom: vendor, endpoint, identity, credits, at."""
        return _frame(self._rows("ledger"), Charge)

    @property
    def requests(self) -> "pd.DataFrame":
        """Every request received: vendor, method, path, status, identities, fault, at.

        ``status`` is null where the connection was closed with no answer.
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
        """Let the next requests meet a fault.

        Parameters
        ----------
        vendor
            Name of the provider.
        where
            ``"submit"`` for what is paid for; ``"poll"``, ``"list"``, ``"cancel"``, ``"find"``,
            ``"token"`` and ``"account"``, where the vendor has such.
        name
            Name of the fault; `enrich_pandas.emulators.faults` lists them, and what each takes.
        times
            How often it strikes; None for always.
        only
            An identifier (a slug or an address): other requests do not meet it.
        skip
            How many requests are spared before it strikes.
        **options
            The fault's own, such as ``delay`` in seconds (slow) or ``location`` (redirect).

        Raises
        ------
        ValueError
            There is no such fault, vendor or place.
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

    def _surroundings(self, folder: Path) -> Environment:
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
    """Run the server in a thread: uvicorn installs signal handlers in the main one only."""
    from enrich_pandas.emulators.server import Server, Sockets  # the extra's packages

    sockets = Sockets.bound()
    server = Server(options, sockets)
    thread = threading.Thread(target=server.serve_until_exit, name="sandbox", daemon=True)
    thread.start()
    try:
        yield next(iter(sockets.urls.values()))
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def _own_process(options: SandboxOptions, folder: Path) -> Iterator[str]:
    """Run the server in a process that Ctrl-C here spares, and that ends with this one."""
    file = folder / "options.json"
    file.write_bytes(msgspec.json.encode(options))
    command = [sys.executable, "-m", "enrich_pandas.emulators", "--owned", "--options", str(file)]
    with Popen(  # noqa: S603 - this interpreter, this package
        command, stdin=PIPE, stdout=PIPE, text=True, start_new_session=True
    ) as child:
        try:
            line = child.stdout.readline() if child.stdout else ""
            if (url := _URL.search(line)) is None:
                raise RuntimeError("The sandbox's process did not start; its error is above.")
            yield url[0]
        finally:
            child.terminate()


sandbox = Sandbox  # its public name, because it is called like a function


def _records(people: "pd.DataFrame") -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(people.to_json(orient="records"))
    return records


def _frame(rows: list[dict[str, Any]], kind: type[msgspec.Struct]) -> "pd.DataFrame":
    import pandas as pd  # only where it is shown: the server needs none

    frame = pd.DataFrame(rows, columns=list(kind.__struct_fields__))
    return frame.assign(at=pd.to_datetime(frame["at"].astype("float64"), unit="s", utc=True))
