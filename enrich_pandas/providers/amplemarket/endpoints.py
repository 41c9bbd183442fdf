"""What people and companies are asked with: paths, names and readers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from enrich_pandas.providers.amplemarket import prices
from enrich_pandas.providers.amplemarket.requests import (
    LeadKey,
    asked_company,
    asked_person,
    written_company,
    written_person,
)
from enrich_pandas.providers.amplemarket.results import (
    read_company,
    read_company_result,
    read_person,
    read_person_result,
)
from enrich_pandas.providers.base import Identity, Kind
from enrich_pandas.providers.binding import Reading


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How one kind is asked about, with some options.

    ``start`` and ``find`` are the paths of a job and of a single question, ``listed`` the name of
    the list in a job's body, ``flags`` what stands beside it. ``price`` is the most for one.
    """

    start: str
    find: str
    listed: str
    flags: Mapping[str, bool]
    price: float
    key_of: Callable[[Identity], str | None]
    written: Callable[[Identity], dict[str, str]]
    sought: Callable[[Identity], dict[str, str]]
    read_result: Callable[[bytes], Reading]
    read_found: Callable[[bytes], Reading]

    def body(self, batch: Sequence[Identity]) -> dict[str, Any]:
        """Return the body that starts a job."""
        return {self.listed: [self.written(one) for one in batch], **self.flags}

    def params(self, identity: Identity) -> dict[str, str]:
        """Return the parameters of a single question."""
        flags = {name: "true" for name, is_set in self.flags.items() if is_set}
        return {**self.sought(identity), **flags}


def endpoint_of(kind: Kind, lead_key: LeadKey, *, email: bool, phones: bool) -> Endpoint:
    """Return the endpoints of a kind; what is revealed is of people only."""
    return _companies() if kind == "companies" else _people(lead_key, email=email, phones=phones)


def _people(lead_key: LeadKey, *, email: bool, phones: bool) -> Endpoint:
    return Endpoint(
        start="/people/enrichment-requests",
        find="/people/find",
        listed="leads",
        flags={"reveal_email": email, "reveal_phone_numbers": phones},
        price=prices.dearest(email=email, phones=phones),
        key_of=asked_person,
        written=partial(written_person, lead_key=lead_key),
        sought=written_person,
        read_result=partial(read_person_result, email=email, phones=phones),
        read_found=partial(read_person, email=email, phones=phones),
    )


def _companies() -> Endpoint:
    return Endpoint(
        start="/companies/enrichment-requests",
        find="/companies/find",
        listed="companies",
        flags={},
        price=prices.COMPANY,
        key_of=asked_company,
        written=written_company,
        sought=written_company,
        read_result=read_company_result,
        read_found=read_company,
    )
