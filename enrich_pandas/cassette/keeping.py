"""Keeping what was played: a replay's journal holds it as if it had been asked for just now."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from enrich_pandas.cassette.player import Played
from enrich_pandas.journal.costs import cost
from enrich_pandas.journal.database import insert
from enrich_pandas.journal.records import fresh, pack, request_row, response_row, store
from enrich_pandas.providers.base import Identity, Kind, Provider

ANSWER = ("answered", "outcome", "status", "headers", "body")


def keep(
    connection: sqlite3.Connection,
    batch: dict[str, Any],
    *,
    provider: Provider,
    kind: Kind,
    flows: Sequence[Played],
    fingerprint: Callable[[Identity], bytes],
) -> None:
    """Keep the flows that ended; part of one transaction.

    Parameters
    ----------
    batch
        What all batches have in common: run, lease and scope.
    """
    for one in (flow for flow in flows if not flow.is_open):
        spent, held = cost(one.matches, partial(provider.price, kind))
        identities = pack([identity.keys for identity in one.identities])
        number = insert(
            connection,
            "batches",
            {
                **batch,
                "identities": identities,
                "reserved": spent + held,
                "spent": spent,
                "held": held,
                "state": "landed",
            },
        )
        for step, (request, response) in enumerate(one.steps):
            facts = request_row(number, step, request, response.sent)
            said = dict(zip(ANSWER, (response.received, *response_row(response)), strict=True))
            insert(connection, "requests", facts | said)
        answers = [fresh(match, one.fetched, provider.name) for match in one.matches]
        keyed = {fingerprint(answer.match.identity): answer for answer in answers}
        store(connection, keyed, kind, number)
