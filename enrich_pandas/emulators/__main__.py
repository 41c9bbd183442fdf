"""Run a sandbox from a shell: ``python -m enrich_pandas.emulators --port 8800 --latency 0.2``.

``enrich-pandas sandbox`` does the same.
"""

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from enrich_pandas.emulators.account import KEY, SandboxOptions
from enrich_pandas.emulators.server import Server, Sockets


def main(given: Sequence[str] | None = None) -> None:
    """Print each vendor's address and the key, then serve until Ctrl-C."""
    arguments = vars(_parser().parse_args(given))
    port, file, is_owned = (arguments.pop(name) for name in ("port", "options", "owned"))
    options = (
        msgspec.json.decode(file.read_bytes(), type=SandboxOptions)
        if file
        else SandboxOptions(**arguments)
    )
    sockets = Sockets.bound(port)
    for vendor, url in sockets.urls.items():
        sys.stdout.write(f"{vendor:12} {url}   key: {KEY}\n")
    sys.stdout.write("Ctrl-C stops it.\n")
    sys.stdout.flush()
    server = Server(options, sockets)
    if is_owned:
        threading.Thread(target=_stop_with_parent, args=(server,), daemon=True).start()
    # If the parent process ignores Ctrl-C, the server stops without an exception.
    with suppress(KeyboardInterrupt):
        server.serve_until_exit()
    with suppress(BrokenPipeError):  # the reader of the output has ended
        sys.stdout.write("Stopped.\n")
        sys.stdout.flush()


def _stop_with_parent(server: Server) -> None:
    """Stop when standard input ends, which means that the parent process has ended."""
    while os.read(0, 1):
        pass
    server.should_exit = True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="enrich-pandas sandbox",
        description="Serve the vendors' emulators on 127.0.0.1: made-up people, no charges.",
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="port of the first vendor; 0 for any free one")
    add("--latency", type=float, default=0.0, help="seconds before each answer")
    add("--connections", type=int, help="requests answered at the same time")
    add("--rate", type=int, help="requests per minute that each vendor allows")
    add("--misses", type=float, default=0.1, help="share of identities without a match, 0 to 1")
    add("--seed", type=int, default=0, help="seed of the made-up people")
    add("--credits", type=float, help="balance of the account at each vendor")
    add("--options", type=Path, help="JSON file with all of these options")
    add("--owned", action="store_true", help="stop when standard input ends")
    return parser


if __name__ == "__main__":
    main()
