"""An HTTP client that does not use this library, and people with a known coverage."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from enrich_pandas.emulators import Sandbox
from enrich_pandas.emulators.people import People, PersonCoverage
from tests.canaries import unwatched

KEY = "sandbox-key"


@pytest.fixture(autouse=True)
def unwatched_clients() -> Iterator[None]:
    with unwatched("urllib3"):
        yield


class Client:
    """Call both API generations of Crustdata by plain HTTP."""

    def __init__(self, box: Sandbox) -> None:
        self.base = box.url("crustdata")
        self.session = requests.Session()
        self.session.trust_env = False

    def enrich(self, *urls: str, key: str = KEY, version: str = "2025-11-01", **body: Any) -> Any:
        if urls:
            body["professional_network_profile_urls"] = list(urls)
        headers = {"Authorization": f"Bearer {key}", "x-api-version": version}
        return self.session.post(
            f"{self.base}/person/enrich",
            json=body,
            headers={name: value for name, value in headers.items() if value},
            timeout=60,
            allow_redirects=False,
        )

    def legacy(self, *urls: str, key: str = KEY, **params: str) -> Any:
        if urls:
            params["linkedin_profile_url"] = ",".join(urls)
        return self.session.get(
            f"{self.base}/screener/person/enrich",
            params=params,
            headers={"Authorization": f"Token {key}"},
            timeout=60,
        )

    def companies(self, key: str = KEY, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {key}", "x-api-version": "2025-11-01"}
        return self.session.post(
            f"{self.base}/company/enrich", json=body, headers=headers, timeout=60
        )

    def legacy_companies(self, key: str = KEY, **params: str) -> Any:
        headers = {"Authorization": f"Token {key}"}
        return self.session.get(
            f"{self.base}/screener/company", params=params, headers=headers, timeout=60
        )

    def get(self, path: str, authorization: str) -> Any:
        return self.session.get(
            self.base + path, headers={"Authorization": authorization}, timeout=60
        )


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """One sandbox for the tests that only add to its ledger."""
    with Sandbox(misses=0.5) as box:
        yield box


@pytest.fixture
def client(shared: Sandbox) -> Iterator[Client]:
    made = Client(shared)
    yield made
    made.session.close()


@pytest.fixture(scope="module")
def opened() -> Iterator[list[tuple[Sandbox, Client]]]:
    """Collect the sandboxes of a module and close them together, which is faster."""
    pairs: list[tuple[Sandbox, Client]] = []
    yield pairs
    for box, made in pairs:
        made.session.close()
        if box._join:
            box.close()  # it reads its tables from another sandbox, which must still run
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda pair: pair[0].close(), pairs))


@pytest.fixture
def open_box(
    opened: list[tuple[Sandbox, Client]],
) -> Callable[..., tuple[Sandbox, Client]]:
    """Open a separate sandbox and a client for it."""

    def start(**options: Any) -> tuple[Sandbox, Client]:
        box = Sandbox(**options).__enter__()
        opened.append((box, Client(box)))
        return opened[-1]

    return start


@pytest.fixture(scope="session")
def person_url() -> Callable[..., str]:
    """Find the profile URL of a person with a coverage, who has (or lacks) some attributes."""
    people = People(misses=0.5, seed=0)

    def find(coverage: str = "found", *, start: int = 0, **having: bool) -> str:
        for number in range(start, start + 2000):
            slug = f"ada-example-{number}"
            found, profile = people.find(slug, "crustdata")
            fits = all(bool(getattr(profile, name)) is value for name, value in having.items())
            if (
                found is PersonCoverage(coverage)
                and fits
                and profile is not None
                and profile.slug == slug
            ):
                return f"https://www.linkedin.com/in/{slug}"
        raise AssertionError(f"no person is {coverage} and {having}")

    return find
