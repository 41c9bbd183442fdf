"""Generate people in the shape of Zoho's ``enriched_data``.

0 to 16 e-mails, 0 to 8 positions with nulls, 0 to 5 schools with lists, and 0 to 8 profiles on
networks: 2.1 KB a person. The same number always gives the same person.
"""

import random
from typing import Any

from enrich_pandas.providers.base import Identity

ARRAY = "__zia_people_enrichment"
NETWORKS = ("linkedin", "twitter", "facebook", "github", "instagram", "youtube", "medium", "xing")
TITLES = ("Engineer", "Head of Research", "Buyer", "Accountant", "Chief of Staff")
PLACES = ("Zürich", "São Paulo", "Kraków", "Austin", "Lagos", "Osaka", "Leeds", "Bengaluru")
MAJORS = ("Mathematics", "Economics", "Law", "Physics", "Philosophy")
SKILLS = ("Python", "Negotiation", "Statistics", "Accounting", "Leadership", "SQL", "Welding")


def url(number: int) -> str:
    return f"https://www.linkedin.com/in/p{number}-example"


def identity(number: int) -> Identity:
    return Identity.of(linkedin_url=url(number))


def job_id(number: int) -> str:
    return str(5_000_000_000_000_000 + number)


def job(number: int) -> dict[str, Any]:
    return {
        "id": job_id(number),
        "status": "COMPLETED",
        "enrich_based_on": {"social": {"linkedin": f"linkedin.com/in/p{number}-example"}},
        "enriched_data": person(number),
    }


def person(number: int) -> dict[str, Any]:
    chance = random.Random(number)
    first, last = f"Ada{number % 997}", f"Example{number}"
    emails = [_email(chance, number, n) for n in range(chance.randint(0, 16))]
    jobs = [_position(chance, n) for n in range(chance.randint(0, 8))]
    return {
        "id": str(1_941_874_000_000_000_000 + number),
        "name": f"{first} {last}",
        "first_name": first,
        "last_name": last,
        "gender": chance.choice(["female", "male", None]),
        "designation": chance.choice(TITLES),
        "website": f"https://www.{last.lower()}.example",
        "company_info": {
            "name": f"Company {number % 5_000}",
            "industries": [{"name": "Tools", "description": "Makers of saws"}],
            "experiences": jobs,
        },
        "primary_email": emails[0]["email"] if emails else None,
        "email_infos": emails,
        "primary_contact": f"+1 555 {number:07d}",
        "primary_address_info": _place(chance, is_primary=True),
        "address_list_info": [_place(chance, is_primary=False)],
        "educations": [_school(chance) for _ in range(chance.randint(0, 5))] or None,
        "skills": chance.sample(SKILLS, chance.randint(0, 5)),
        "interests": None,
        "social_media": [
            _media(network, number) for network in chance.sample(NETWORKS, chance.randint(0, 8))
        ],
    }


def _email(chance: random.Random, number: int, n: int) -> dict[str, Any]:
    kind = chance.choice(["professional", "personal", None])
    return {"type": kind, "email": f"a{n}@c{number}.example"}


def _position(chance: random.Random, n: int) -> dict[str, Any]:
    year = 2024 - 2 * n
    return {
        "company_name": f"Company {chance.randrange(5_000)}",
        "title": chance.choice([*TITLES, None]),
        "primary": n == 0,
        "start_period": f"{year - 2}-{chance.randint(1, 12):02d}",
        "end_period": None if n == 0 else f"{year}-0{chance.randint(1, 9)}",
    }


def _place(chance: random.Random, *, is_primary: bool) -> dict[str, Any]:
    city = chance.choice(PLACES)
    return {
        "continent": "Somewhere",
        "country": "Ruritania",
        "name": f"{city}, Ruritania",
        "region": chance.choice(["North", "South", None]),
        "primary": is_primary,
    }


def _school(chance: random.Random) -> dict[str, Any]:
    return {
        "school_name": f"{chance.choice(PLACES)} College",
        "majors": chance.sample(MAJORS, chance.randint(0, 2)),
        "degrees": chance.choice([["BSc"], ["MA", "PhD"], [], None]),
    }


def _media(network: str, number: int) -> dict[str, Any]:
    return {"media_type": network, "media_url": [f"{network}.example/p{number}"]}
