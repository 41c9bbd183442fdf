"""An HTTP client for Amplemarket that does not use this library."""

from typing import Any

import requests

from enrich_pandas.emulators import Sandbox

BULK = "/people/enrichment-requests"
COMPANIES = "/companies/enrichment-requests"


def lead(number: int) -> dict[str, str]:
    """Return a lead with a profile URL."""
    return {"linkedin_url": f"https://www.linkedin.com/in/person-{number}-example"}


class Caller:
    """Call the emulator by plain HTTP."""

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
        """Start a job and return its path."""
        href: str = self.start(*leads, **more).json()["_links"]["self"]["href"]
        return href

    def results(self, *leads: Any, **more: Any) -> list[Any]:
        """Start a job that takes no time and return its results."""
        found: list[Any] = self("GET", self.href(*leads, **more)).json()["results"]
        return found

    @property
    def spent(self) -> float:
        """The credits in the ledger."""
        return float(self.box.ledger["credits"].sum())

    @property
    def faults(self) -> list[str]:
        """The fault of each request, an empty text for most."""
        return list(self.box.requests["fault"].fillna(""))
