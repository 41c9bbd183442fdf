from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from enrich_pandas.providers.base import Flow, Identity, Kind, Provider, RateLimit, Rule


class Demo(Provider):
    """A provider that only identifies rows, with one rule of its own."""

    name = "demo"
    kinds = ("people",)
    identifiers: Mapping[Kind, tuple[str, ...]] = {"people": ("linkedin_url", "email")}
    origin = "https://api.example"

    @property
    def version(self) -> str:
        return "1"

    @property
    def rate_limit(self) -> RateLimit | None:
        return None

    def billed_options(self, kind: Kind) -> Mapping[str, Any]:
        return {}

    def price(self, kind: Kind, batch: Sequence[Identity]) -> float:
        return float(len(batch))

    def flow(self, kind: Kind, batch: Sequence[Identity]) -> Flow:
        raise NotImplementedError

    def rules(self, kind: Kind) -> Mapping[str, Sequence[Rule]]:
        return {"email": [Rule("english_only", str.isascii)]}


@pytest.fixture(scope="session")
def demo() -> Demo:
    return Demo()
