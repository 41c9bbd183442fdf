"""Whom a past run asked about, and what is known of them now."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np
import pandas as pd

from enrich_pandas.enrichment import check_quote, drive
from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.frame.schema import TEXT
from enrich_pandas.frame.validation import Identified
from enrich_pandas.providers import find_provider
from enrich_pandas.providers.base import Identity, Match, Provider, Status
from enrich_pandas.run.journal import Journal
from enrich_pandas.run.plan import fingerprint, most_credits, scope_of
from enrich_pandas.run.recall import Call, remade
from enrich_pandas.run.records import Answer
from enrich_pandas.run.surroundings import current, journal_path
from enrich_pandas.waterfall.cascade import Terms
from enrich_pandas.waterfall.stage import Stage


def identifiers(identities: Sequence[Identity]) -> pd.DataFrame:
    """Return a row an identity, a column an identifier; a company's page is its LinkedIn address.

    Its own name is one that the result has, too.
    """
    names = list(dict.fromkeys(name for one in identities for name, _ in one.keys))
    columns = {
        name.removeprefix("company_"): [one.get(name) for one in identities] for name in names
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(identities)), dtype=TEXT)


def provider_of(
    run: str, call: Call | None, identities: Sequence[Identity], given: str | Provider | None
) -> Provider:
    """Return the provider that a run asked: the one given, if it buys the same, or made again.

    Raises
    ------
    InputError
        Whom the run asked about is not kept.
    ConfigurationError
        The provider cannot be made again, or the one given buys something else.
    """
    if call is None or not identities:
        raise InputError(
            f"Whom run {run} asked about is not kept any more.",
            cost="Nothing was spent.",
            todo="Repeat the original call: what is stored is not bought again.",
        )
    made = remade(call) if given is None else find_provider(given)
    realm = current().realm
    if made is not None and scope_of(made, call.kind, realm) == call.scope:
        return made
    what = "what the journal holds" if given is None else "this provider: it buys another thing"
    where = "" if call.realm == realm else f" It was a run of the {call.realm} kind."
    raise ConfigurationError(
        f"Run {run} cannot be taken up with {what}.{where}",
        cost="Nothing was spent.",
        todo=f"Type ep.run({run!r}).resume(provider=…) with {call.provider}'s own options.",
    )


def known(
    journal: Journal, run: str, call: Call | None, identities: Sequence[Identity]
) -> dict[Identity, Answer]:
    """Return what the journal knows of each; whom nobody may be shown is not."""
    if call is None:
        return {}
    keys = {fingerprint(call.scope, identity): identity for identity in identities}
    screen = journal.tombstones.screen()
    stored = {keys[key]: screen.shown(one) for key, one in journal.stored(list(keys)).items()}
    refused = screen.of_identities(call.kind, call.provider, identities)
    claimed = {keys[key] for key in journal.claims(list(keys))}
    settled = journal.past.settled(run)
    nothing = {
        one: _unanswered(one, is_claimed=one in claimed, is_settled=one in settled)
        for one in identities
    }
    return nothing | stored | refused


def _unanswered(identity: Identity, *, is_claimed: bool, is_settled: bool) -> Answer:
    """Return what is known of somebody of whom no answer is kept."""
    if is_claimed:
        status, reason = Status.PENDING, "interrupted"
    elif is_settled:  # it was refused, and not charged
        status, reason = Status.FAILED, "not_kept"
    else:
        status, reason = Status.SKIPPED, "not_asked"
    return Answer(Match(identity=identity, status=status, reason=reason), 0.0, "")


def read_first(stage: Stage, terms: Terms) -> Terms:
    """Read what the dead have left of a run: some of it is not to be sent again then.

    All is checked before it, as if everything had to be sent. Returns the terms with what is left
    of the budget.
    """
    provider, kind = stage.provider, stage.kind
    with closing(Journal(journal_path(terms.here))) as journal:
        orders = stage.orders(journal, terms.here, terms.max_age, resend=True)
    left = [one for some in orders.abandoned.values() for one in some]
    again = most_credits(provider, kind, list(provider.batches(kind, left)))
    check_quote(replace(stage.plan(orders), credits=orders.credits + again), terms)
    if not left:
        return terms
    identified = Identified(np.arange(len(left)), left, [], pd.DataFrame())
    reading = Stage.of(provider, kind, stage.columns, identified)
    handle = drive(identifiers(left), reading, terms, lambda _: None)
    handle.start()
    handle.wait()
    if terms.budget is None:
        return terms
    with closing(Journal(journal_path(terms.here))) as journal:
        (facts,) = journal.past.runs(handle.run)
    spent = facts["credits"] + facts["credits_held"]
    return replace(terms, budget=max(0.0, terms.budget - spent))
