from acme_provider import Acme

from enrich_pandas.providers.base import Identity, Request, Response
from enrich_pandas.testing import ProviderContract, Scene, reply

NAMES = {"ada@example.com": "Ada", "bo@example.com": "Bo"}


def answer(request: Request) -> Response:
    people = [
        {"query": query, "person": {"full_name": NAMES[query]} if query in NAMES else None}
        for query in request.json["queries"]
    ]
    return reply(people)


class TestAcme(ProviderContract):
    provider = Acme()
    scenes = (
        Scene(
            kind="people",
            hits=[Identity.of(email=email) for email in NAMES],
            misses=[Identity.of(email="unknown@example.com")],
            answer=answer,
            elements="",
            errors={400: b'{"error": "too many queries"}'},
        ),
    )
