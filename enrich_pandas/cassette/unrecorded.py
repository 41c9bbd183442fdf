"""What a replay says of whom its recording does not know; it sends nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from enrich_pandas.cassette.recording import described
from enrich_pandas.errors import ReplayError
from enrich_pandas.providers.base import Identity, Request
from enrich_pandas.transport import Exchange, Transport

SHOWN = 10  # rows that a message names
NOWHERE = "https://replay.invalid"


class Unrecorded(Transport):
    """Stands where requests would be sent, and raises."""

    def __init__(self, error: ReplayError) -> None:
        super().__init__(NOWHERE, sign=dict)
        self._error = error

    def send(self, request: Request, *_: object, **__: object) -> Exchange:
        """Raise: only a request that is not recorded comes here."""
        raise self._error


def unrecorded(path: Path, missing: Mapping[Identity, Request], rows: Sequence[int]) -> ReplayError:
    """Say which rows are not recorded, by position, and what was asked; nobody's identifier."""
    kinds = sorted({name for one in missing for name, _ in one.keys})
    asked = dict.fromkeys(
        described(request.method, request.path, [one]) for one, request in missing.items()
    )
    places = ", ".join(f"{row:,}" for row in rows[:SHOWN])
    more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    some = f"{len(rows):,} rows are" if len(rows) != 1 else "1 row is"
    return ReplayError(
        f"{some} not in the recording {path}: position {places}{more}, "
        f"asked by {', '.join(kinds)} with {', '.join(list(asked)[:3])}.",
        cost="Nothing was sent and nothing was spent.",
        todo=f"Undo the change of those rows or options, or record what is missing: "
        f'ep.replay("{path}", mode="new_episodes").',
        rows=rows,
    )
