"""Made-up conversations with the vendors, whose last answer the benchmarks read.

A conversation has the answer to each step of a provider's flow. `begin` takes the flow to the last
of them, and `read` gives it that one: what is measured is what the provider does with an answer.
Zoho's people are those of `made_up`, one in each answer. Those of Crustdata, 25 in each answer, and
of Amplemarket, 100 in each answer, come from the emulators: a thousand of them, which are repeated
under other addresses.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import msgspec

import enrich_pandas as ep
from benchmarks import made_up
from enrich_pandas.engine.context import current_environment
from enrich_pandas.engine.credentials import find_secrets
from enrich_pandas.providers.base import Flow, Identity, Match, Provider, Request, Response
from enrich_pandas.transport.outcome import read_exchange
from enrich_pandas.waterfall.stage import open_transport

DISTINCT, MARK = 1_000, "made-0-"


class Conversation(NamedTuple):
    """The identities that are requested, and the answer to each step of the flow."""

    provider: Provider
    batch: list[Identity]
    answers: Sequence[Response]

    @property
    def body(self) -> bytes:
        """The bytes of the answer with the people."""
        return self.answers[-1].body


class Begun(NamedTuple):
    """A flow that waits for the answer with the people."""

    flow: Flow
    answer: Response


def begin(conversation: Conversation) -> Begun:
    flow = conversation.provider.flow("people", conversation.batch)
    next(flow)
    for answer in conversation.answers[:-1]:
        flow.send(answer)
    return Begun(flow, conversation.answers[-1])


def read(begun: Iterable[Begun]) -> Iterator[Match]:
    """Read the last answers, as a run does."""
    for flow, answer in begun:
        try:
            flow.send(answer)
        except StopIteration as end:
            yield from end.value
        else:
            raise AssertionError("The flow did not end with its last answer.")


def zoho(people: int) -> Iterator[Conversation]:
    provider = ep.Zoho()
    for number in range(people):
        scheduled = {
            "status": "success",
            "code": "SUCCESS",
            "details": {"id": made_up.job_id(number)},
        }
        bodies = ([scheduled], [made_up.job(number)])
        first, last = (
            Response(status=200, body=msgspec.json.encode({made_up.ARRAY: jobs})) for jobs in bodies
        )
        yield Conversation(provider, [made_up.identity(number)], [first, Response(), last])


def crustdata(people: int) -> Iterator[Conversation]:
    return repeated(ep.Crustdata(), 25, people)


def amplemarket(people: int) -> Iterator[Conversation]:
    return repeated(ep.Amplemarket(), 100, people)


VENDORS: dict[str, Callable[[int], Iterator[Conversation]]] = {
    "zoho": zoho,
    "crustdata": crustdata,
    "amplemarket": amplemarket,
}


def repeated(provider: Provider, size: int, people: int) -> Iterator[Conversation]:
    """Yield conversations about this many people, each with another address."""
    pool = recorded(provider.name, size)
    for number in range(-(-people // size)):
        turn, place = divmod(number, len(pool))
        yield renamed(pool[place], f"made-{turn}-")


def renamed(conversation: Conversation, mark: str) -> Conversation:
    provider, batch, answers = conversation
    return Conversation(
        provider,
        [Identity.of(**{name: url.replace(MARK, mark) for name, url in one.keys}) for one in batch],
        [
            replace(answer, body=answer.body.replace(MARK.encode(), mark.encode()))
            for answer in answers
        ],
    )


@cache
def recorded(name: str, size: int) -> Sequence[Conversation]:
    """Return conversations of a provider with its emulator."""
    provider: Provider = {"crustdata": ep.Crustdata, "amplemarket": ep.Amplemarket}[name]()
    urls = [f"https://www.linkedin.com/in/{MARK}{n}-example" for n in range(DISTINCT)]
    people = [Identity.of(linkedin_url=url) for url in urls]
    with ep.sandbox(misses=0):
        environment = current_environment()
        secrets = find_secrets(provider, environment)
        transport = open_transport(provider, secrets, environment)
        assert transport
        return [
            Conversation(
                provider,
                people[start : start + size],
                list(
                    answers(
                        provider,
                        people[start : start + size],
                        lambda request: read_exchange(transport.send(request), request, provider),
                    )
                ),
            )
            for start in range(0, DISTINCT, size)
        ]


def answers(
    provider: Provider, batch: Sequence[Identity], send: Callable[[Request], Response]
) -> Iterator[Response]:
    """Run a flow; yield the answer to each of its steps."""
    flow = provider.flow("people", batch)
    step = next(flow)
    while True:
        answer = send(step) if isinstance(step, Request) else Response()
        yield answer
        try:
            step = flow.send(answer)
        except StopIteration:
            return
