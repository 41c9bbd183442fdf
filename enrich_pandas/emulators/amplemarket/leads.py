"""The bodies that start an enrichment request, checked as the documents say.

Sources: docs.amplemarket.com, ``people-enrichment/start-enrichment-request``, read 2026-11: the
keys of a lead, of which no others are allowed; the older people document calls ``linkedin_url``
``linkedin_id``, so both are taken. The documents name both 10,000 and 100,000 leads as the most;
10,000 is enforced. Not documented, and chosen here: the keys of a company; an empty list, and a
``null`` for a text, are refused.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from enrich_pandas.emulators.amplemarket.service import Service
from enrich_pandas.emulators.vendor import Refusal

MOST = 10_000
_Text = str | UnsetType


class _Lead(msgspec.Struct, forbid_unknown_fields=True):
    linkedin_url: _Text = UNSET
    linkedin_id: _Text = UNSET
    email: _Text = UNSET
    name: _Text = UNSET
    title: _Text = UNSET
    company_name: _Text = UNSET
    company_domain: _Text = UNSET

    @property
    def is_enough(self) -> bool:
        """Whether it names somebody: a name or a title goes with a company."""
        is_named = (self.name or self.title) and (self.company_domain or self.company_name)
        return bool(is_named or self.email or self.linkedin_url or self.linkedin_id)


class _Firm(msgspec.Struct, forbid_unknown_fields=True):
    linkedin_url: _Text = UNSET
    domain: _Text = UNSET
    name: _Text = UNSET

    @property
    def is_enough(self) -> bool:
        """Whether it names a company."""
        return bool(self.domain or self.linkedin_url or self.name)


class _People(msgspec.Struct, forbid_unknown_fields=True):
    leads: list[_Lead]
    reveal_email: bool = False
    reveal_phone_numbers: bool = False


class _Companies(msgspec.Struct, forbid_unknown_fields=True):
    companies: list[_Firm]


_people, _companies = msgspec.json.Decoder(_People), msgspec.json.Decoder(_Companies)


def read_people(service: Service, body: bytes) -> tuple[Sequence[Mapping[str, str]], bool, bool]:
    """Return the leads, and whether e-mails and phones are to be revealed."""
    asked: _People = _decoded(service, body, _people)
    leads = _checked(service, asked.leads, "leads")
    return leads, asked.reveal_email, asked.reveal_phone_numbers


def read_companies(service: Service, body: bytes) -> Sequence[Mapping[str, str]]:
    """Return the companies."""
    asked: _Companies = _decoded(service, body, _companies)
    return _checked(service, asked.companies, "companies")


def _decoded(service: Service, body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(service, str(error)) from None
    except msgspec.DecodeError:
        raise service.refuse_at("unsupported_value", "the body is not JSON", pointer="/") from None


def _invalid(service: Service, message: str) -> Refusal:
    """Return the refusal of what does not fit; ``$.leads[3].email`` becomes its pointer."""
    problem, _, place = message.partition(" - at `$")
    pointer = place.rstrip("`").replace("[", "/").replace("]", "").replace(".", "/")
    kind = "missing_field" if "missing required field" in problem else "unsupported_value"
    return service.refuse_at(kind, problem, pointer=pointer or "/")


def _checked(
    service: Service, asked: Sequence[_Lead | _Firm], name: str
) -> Sequence[Mapping[str, str]]:
    if not asked or len(asked) > MOST:
        detail = f"Number of {name} exceeds {MOST} limit" if asked else f"{name} is empty"
        raise service.refuse_at("unsupported_value", detail, pointer=f"/{name}")
    for place, one in enumerate(asked):
        if not one.is_enough:
            raise service.refuse_at("missing_field", f"{name}", pointer=f"/{name}/{place}")
    plain: Sequence[Mapping[str, str]] = msgspec.to_builtins(asked)
    return plain
