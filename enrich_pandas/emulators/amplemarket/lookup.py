"""What Amplemarket finds for one lead or one company, and what that costs.

Source of the prices: docs.amplemarket.com: half a credit when a person is found, at most once in
24 hours; one for an e-mail address and one for a phone that is revealed, once. The price of a
company is not published: that of a person is taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from enrich_pandas.emulators.amplemarket.objects import company, person
from enrich_pandas.emulators.companies import Firm, Standing
from enrich_pandas.emulators.identities import company_in, company_slug, email_in, page_in, slug_in
from enrich_pandas.emulators.people import Fate
from enrich_pandas.emulators.profiles import Profile
from enrich_pandas.emulators.vendor import World

VENDOR = "amplemarket"
FOUND, EMAIL, PHONE = 0.5, 1.0, 1.0
BREAKS = "breaks-the-job"  # a slug with this in it lets the job end in an error
Lead = Mapping[str, Any]


@dataclass(frozen=True)
class Result:
    """What was found for one lead; ``subject`` is who it is, however the lead names them."""

    lead: Lead
    status: str
    found: dict[str, Any] | None = None
    identity: str = ""
    subject: str = ""
    dues: Sequence[tuple[str, float]] = ()

    @property
    def breaks(self) -> bool:
        """Whether its job ends in an error."""
        return BREAKS in self.identity


@dataclass(frozen=True)
class Lookup:
    """Looks leads and companies up."""

    world: World

    def person(self, lead: Lead, *, email: bool = False, phones: bool = False) -> Result:
        """Look a lead up: by its profile, else its address, else its name or title."""
        identity, fate, profile = self._whom(lead)
        if fate is Fate.REDACTED:
            return Result(lead, "gdpr_removed", identity=identity)
        if fate is not Fate.FOUND or profile is None:
            return Result(lead, "not_found", identity=identity)
        return self.found(lead, identity, profile, email=email, phones=phones)

    def found(
        self, lead: Lead, identity: str, profile: Profile, *, email: bool, phones: bool
    ) -> Result:
        """Return the result of a lead who was found."""
        found = person(profile, self._employer(profile), email=email, phones=phones)
        dues = [("found", FOUND)]
        dues += [("email", EMAIL)] if found["email"] else []
        dues += [("phone", PHONE)] if found["phone_numbers"] else []
        subject = self.world.people.person(profile.slug)
        return Result(lead, "enriched", found, identity, subject, dues)

    def company(self, lead: Lead) -> Result:
        """Look a company up: by its page, else its domain, else its name."""
        slug = _company_of(lead)
        if slug is None or self.world.companies.standing(slug, VENDOR) is Standing.MISSING:
            return Result(lead, "not_found", identity=slug or "")
        return self.found_company(lead, slug)

    def found_company(self, lead: Lead, slug: str) -> Result:
        """Return the result of a company that was found."""
        found = company(self.world.companies.firm(slug))
        return Result(lead, "enriched", found, slug, f"company {slug}", [("found", FOUND)])

    def _whom(self, lead: Lead) -> tuple[str, Fate, Profile | None]:
        people = self.world.people
        if profile := lead.get("linkedin_url") or lead.get("linkedin_id"):
            slug = _slug_of(profile)
            identity = people.person(slug) if slug else ""
        elif lead.get("email"):
            identity = email_in(lead["email"]) or ""
        else:
            return people.named(VENDOR, **self._described(lead))
        return (identity, *(people.find(identity, VENDOR) if identity else (Fate.MISSING, None)))

    def _described(self, lead: Lead) -> dict[str, str | None]:
        name, domain = lead.get("company_name"), lead.get("company_domain")
        if not name and domain and (slug := company_in(domain)):
            name = self.world.companies.firm(slug).name
        person = {key: lead.get(key) for key in ("name", "title")}
        return {**person, "company": name, "domain": domain}

    def _employer(self, profile: Profile) -> Firm | None:
        job = profile.jobs[0] if profile.jobs else None
        if job is None or not job.company:
            return None
        firm = self.world.companies.firm(company_slug(job.company))
        return msgspec.structs.replace(firm, name=job.company, domain=job.domain or firm.domain)


def _slug_of(profile: str) -> str | None:
    """Return the slug in a profile's address, or in a bare LinkedIn ID."""
    if "/" in profile:
        return slug_in(profile)
    return slug_in(f"https://www.linkedin.com/in/{profile}")


def _company_of(lead: Lead) -> str | None:
    if url := lead.get("linkedin_url"):
        return page_in(url)
    if domain := lead.get("domain"):
        return company_in(domain)
    return company_slug(lead["name"])
