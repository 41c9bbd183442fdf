"""A client of Amplemarket that knows HTTP and nothing of this library."""

from typing import Any

import requests

from enrich_pandas.emulators import Sandbox

BULK = "/people/enrichment-requests"
COMPANIES = "/companies/enrichment-requests"


def lead(number: int) -> dict[str, str]:
    """Return a lead by its profile."""
    return {"linkedin_url": f"https://www.linkedin.com/in/person-{number}-example"}


class Caller:
    """Speaks to the emulator by hand."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.session = requests.Session()
        self.session.trust_env = False

    def __call__(self, method: str, path: str, key: str = "sandbox-key", **more: Any) -> Any:
        url = self.box.url("amplemarket") + path
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return self.session.request(
            method, url, headers=headers, timeout=60, allow_redirects=False, **more
        )

    def start(self, *leads: Any, **more: Any) -> Any:
        """Start a job."""
        return self("POST", BULK, json={"leads": leads, **more})

    def href(self, *leads: Any, **more: Any) -> str:
        """Start a job and return where it is."""
        href: str = self.start(*leads, **more).json()["_links"]["self"]["href"]
        return href

    def results(self, *leads: Any, **more: Any) -> list[Any]:
        """Return what a job found that takes no time."""
        found: list[Any] = self("GET", self.href(*leads, **more)).json()["results"]
        return found

    @property
    def spent(self) -> float:
        """What the ledger has."""
        return float(self.box.ledger["credits"].sum())

    @property
    def faults(self) -> list[str]:
        """What each request met; nothing for most."""
        return list(self.box.requests["fault"].fillna(""))
