"""Every built-in provider passes the contract.

To add a provider, write a function that answers as its vendor would, scenes and a class.
"""

import subprocess
import sys
from typing import Any, ClassVar

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.directory import Directory
from enrich_pandas.frame.identifiers import IDENTIFIERS
from enrich_pandas.providers.base import Identity, Request, Response
from enrich_pandas.testing import ProviderContract, Scene, contract, reply


def url(slug: str) -> str:
    return f"https://www.linkedin.com/in/{slug}"


def page(slug: str) -> str:
    return f"https://www.linkedin.com/company/{slug}"


def profiles(*slugs: str) -> list[Identity]:
    return [Identity.of(linkedin_url=url(slug)) for slug in slugs]


def emails(*names: str) -> list[Identity]:
    return [Identity.of(email=f"{name}@example.com") for name in names]


def domains(*names: str) -> list[Identity]:
    return [Identity.of(domain=f"{name}.example") for name in names]


def pages(*slugs: str) -> list[Identity]:
    return [Identity.of(company_linkedin_url=page(slug)) for slug in slugs]


def companies(*names: str) -> list[Identity]:
    return [Identity.of(company=name) for name in names]


def name_in(asked: str) -> str:
    """Return the name in an identifier of a person or company."""
    return asked.rpartition("/")[2].partition("@")[0].removesuffix(".example").casefold()


def is_known(asked: str) -> bool:
    return not name_in(asked).startswith("unknown")


def test_contract_knows_every_identifier() -> None:
    assert set(IDENTIFIERS) == contract.IDENTIFIERS


# -- Crustdata -----------------------------------------------------------------------------------


def current_person(asked: str) -> dict[str, Any]:
    return {
        "crustdata_person_id": 7,
        "basic_profile": {"name": f"Name of {name_in(asked)}", "location": {"city": "X"}},
        "professional_network": {"connections": 5},
        "skills": {"professional_network_skills": ["a"]},
        "contact": {"business_emails": [{"email": "work@example.com"}]},
        "experience": {
            "employment_details": {"current": [{"name": "A", "start_date": "2020-01-01"}]}
        },
        "education": {"schools": [{"school": "B", "start_year": 2002}]},
    }


def current_company(asked: str) -> dict[str, Any]:
    name = name_in(asked)
    return {
        "crustdata_company_id": 7,
        "basic_info": {
            "name": name.capitalize(),
            "primary_domain": f"{name}.example",
            "professional_network_url": page(name),
            "all_domains": [f"{name}.example"],
        },
        "headcount": {"total": 5},
        "taxonomy": {"professional_network_specialities": ["a"]},
    }


def current(request: Request) -> Response:
    key, make = {
        "/person/enrich": ("person_data", current_person),
        "/company/enrich": ("company_data", current_company),
    }[request.path]
    asked = next(value for name, value in request.json.items() if name != "fields")
    return reply(
        [
            {
                "matched_on": one,
                "match_type": "domain",
                "matches": [{"confidence_score": 1.0, key: make(one)}] if is_known(one) else [],
            }
            for one in asked
        ]
    )


CRUSTDATA_ERRORS = {
    400: b'{"error": {"type": "invalid_request", "message": "Invalid LinkedIn URL"}}',
    402: b'{"error": {"type": "insufficient_credits", "message": "Out of credits."}}',
    404: b'{"error": {"type": "not_found", "message": "No data found"}}',
}


def scenes(kind: Any, *groups: tuple[str, list[Identity]], **more: Any) -> list[Scene]:
    """Return a scene for each identifier. The last identity of each is the miss."""
    return [
        Scene(kind=kind, name=name, hits=hits, misses=[miss], **more)
        for name, (*hits, miss) in groups
    ]


class TestCrustdata(ProviderContract):
    provider: ClassVar = ep.Crustdata()
    scenes: ClassVar = [
        *scenes(
            "people",
            ("linkedin_url", profiles("ada", "bo.l", "cy-3", "unknown")),
            ("email", emails("ada", "bo", "unknown")),
            answer=current,
            elements="",
            errors=CRUSTDATA_ERRORS,
        ),
        *scenes(
            "companies",
            ("domain", domains("ada", "bo", "cy", "unknown")),
            ("page", pages("ada", "bo", "unknown")),
            ("company", companies("Ada", "Bo", "Unknown")),
            answer=current,
            elements="",
            errors=CRUSTDATA_ERRORS,
        ),
    ]


class TestCrustdataWithPaidOptions(TestCrustdata):
    provider: ClassVar = ep.Crustdata(
        business_email=True, fields=["basic_profile", "contact", "dev_platform_profiles"]
    )
    scenes: ClassVar = [one for one in TestCrustdata.scenes if one.kind == "people"]

    def test_every_kind_has_a_scene(self) -> None:
        """The class above has the scenes of companies."""
        assert self.scenes


def screener_person(request: Request) -> Response:
    asked = request.params.get("linkedin_profile_url") or request.params["business_email"]
    known = [one for one in asked.split(",") if is_known(one)]
    misses = [one for one in asked.split(",") if not is_known(one)]
    message = "No data found for the LinkedIn profile: {}. This LinkedIn profile is not available"
    if not known and len(misses) == 1:
        return reply({"error": message.format(misses[0]), "error_code": "PE01"}, 404)
    people = [
        {
            "name": f"Name of {name_in(one)}",
            **({"query_linkedin_profile_urn_or_slug": [name_in(one)]} if "/in/" in one else {}),
            "num_of_connections": 5,
            "skills": ["a"],
            "current_employers": [{"employer_name": "A", "employer_company_id": [1]}],
            "education_background": [{"degree_name": "B", "start_date": "2002-01-01"}],
        }
        for one in known
    ]
    return reply([*people, *({"error": message.format(one)} for one in misses)])


def screener_company(request: Request) -> Response:
    (name, asked), *_ = request.params.items()
    if not is_known(asked):
        kind = name.removeprefix("company_")
        notice = {"identifier": asked, "type": kind}
        return reply([{"status": "not_found", "message": "not found", "companies": [notice]}])
    slug = name_in(asked)
    firm = {
        "company_name": slug.capitalize(),
        "company_website_domain": f"{slug}.example",
        "linkedin_profile_url": page(slug),
        "domains": [f"{slug}.example"],
        "markets": ["PRIVATE"],
    }
    return reply([firm])


class TestCrustdataScreener(ProviderContract):
    provider: ClassVar = ep.Crustdata(api="screener", emails_per_request=1)
    scenes: ClassVar = [
        *scenes(
            "people",
            (
                "linkedin_url",
                profiles(
                    "ada",
                    "bo.l",
                    "cy-3",
                    "unknown",
                ),
            ),
            answer=screener_person,
            elements="",
        ),
        *scenes(
            "people",
            ("email", emails("ada", "bo", "unknown")),
            answer=screener_person,
            is_echoed=False,
        ),
        *scenes(
            "companies",
            ("domain", domains("ada", "bo", "unknown")),
            ("page", pages("ada", "bo", "unknown")),
            ("company", companies("Ada", "Bo", "Unknown")),
            answer=screener_company,
        ),
    ]


# -- Directory -----------------------------------------------------------------------------------


def no_request(_request: Request) -> Response:
    pytest.fail("A directory sends nothing.")


TABLE = pd.DataFrame(
    {
        "Email": ["ada@example.com", "bo@example.com"],
        "Full Name": ["Ada Example", "Bo Sample"],
        "Company Domain": ["ada.example", "bo.example"],
        "Company": ["Ada", "Bo"],
    }
)


class TestDirectory(ProviderContract):
    provider: ClassVar = Directory(TABLE)
    scenes: ClassVar = [
        *scenes("people", ("email", emails("ada", "bo", "unknown")), answer=no_request),
        *scenes(
            "companies",
            ("domain", domains("ada", "bo", "unknown")),
            answer=no_request,
        ),
    ]


# -- imports -------------------------------------------------------------------------------------


def test_package_does_not_import_pytest() -> None:
    code = "import sys, enrich_pandas as ep; ep.Crustdata(); sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
