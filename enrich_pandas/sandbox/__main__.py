"""Run a sandbox by hand: ``python -m enrich_pandas.sandbox --port 8800 --latency 0.2``.

``enrich-pandas sandbox`` is the same.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from enrich_pandas.sandbox.protocol import KEY, Options
from enrich_pandas.sandbox.server import Server, Sockets


def main(given: Sequence[str] | None = None) -> None:
    """Print each vendor's address and the key, then serve until Ctrl-C."""
    arguments = vars(_parser().parse_args(given))
    port, file = arguments.pop("port"), arguments.pop("options")
    options = msgspec.json.decode(file.read_bytes(), type=Options) if file else Options(**arguments)
    sockets = Sockets.bound(port)
    for vendor, url in sockets.urls.items():
        sys.stdout.write(f"{vendor:12} {url}   key: {KEY}\n")
    sys.stdout.write("Ctrl-C stops it.\n")
    sys.stdout.flush()
    # Where whoever started it ignores Ctrl-C, the server ends by itself and nothing is raised.
    with suppress(KeyboardInterrupt):
        Server(options, sockets).serve_until_exit()
    sys.stdout.write("Stopped.\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="enrich-pandas sandbox",
        description="Serve the vendors' emulators on 127.0.0.1: made-up people, nothing is paid.",
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="port of the first vendor; 0 for any free one")
    add("--latency", type=float, default=0.0, help="seconds that each answer takes")
    add("--connections", type=int, help="requests answered at the same time")
    add("--rate", type=int, help="requests a minute, enforced")
    add("--misses", type=float, default=0.1, help="share of people that nobody has")
    add("--seed", type=int, default=0, help="another seed, other people")
    add("--credits", type=float, help="balance of the account")
    add("--options", type=Path, help="all of these as JSON, in a file")
    return parser


if __name__ == "__main__":
    main()
