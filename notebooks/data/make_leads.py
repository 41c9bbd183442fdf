"""Write leads.csv: 500 made-up leads, with the errors of a real list.

Run ``python notebooks/data/make_leads.py`` with the extra ``enrich-pandas[sandbox]``. It writes the
same table every time. About 79 % of the rows are distinct people, 12 % are the same people in other
spellings, and 9 % have no valid identifier.
"""

import random
from pathlib import Path
from typing import Any

import pandas as pd

from enrich_pandas.emulators.pools import domain_of, latin_pools, slugged

OWNERS = ("Priya", "Tom", "Łucja", "Ana María")
NOTES = (
    "",
    "",
    "",
    "met at the fair, wants a call",
    'said "not before spring"',
    "=SUM(A1:A9) <- pasted by mistake?",
    "bounced once; try again\nask Tom",
    "+VIP+",
    "don't call; prefers e-mail",
)
BROKEN_URLS = (
    "https://www.linkedin.com/company/acme-example",
    "https://www.linkedin.com/sales/lead/ACwAAExample,NAME_SEARCH",
    "https://lnkd.in/exAmple1",
    "https://www.linkdin.com/in/typo-example",
    "https://www.linkedin.com/in/",
    "N/A",
    "n/a",
    "-",
    "ask Priya",
    "",
)
BROKEN_EMAILS = ("", "", "unknown", "name at example.com", "jane@@example.com", "@example.com")


def lead(rng: random.Random) -> dict[str, Any]:
    """Return one row with valid identifiers."""
    pool = rng.choice(latin_pools())
    first, last = rng.choice(pool.first_names), rng.choice(pool.last_names)
    company = rng.choice(pool.companies)
    slug = f"{slugged(first)}-{slugged(last)}-{rng.randrange(0x100, 0x1000):x}"
    handle = f"{slugged(first)}.{slugged(last)}"
    return {
        "Full Name": rng.choice((f"{first} {last}", f"{last}, {first}", f"{first} “Bo” {last}")),
        "LI profile": f"https://www.linkedin.com/in/{slug}",
        "LinkedIn": "yes",
        "Work Email": f"{handle}@{domain_of(company)}",
        "Email opt-in": rng.choice(("true", "false")),
        "Company": company,
        "Website": f"https://{domain_of(company)}",
        "City": rng.choice(pool.cities),
        "Owner": rng.choice(OWNERS),
        "Notes": rng.choice(NOTES),
        "Last contacted": f"2026-{rng.randrange(1, 11):02}-{rng.randrange(1, 29):02}",
    }


def drop_identifiers(row: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Return the row with one or both of its two identifiers."""
    keep = rng.choices(("email", "profile", "both"), (15, 45, 40))[0]
    if keep == "email":
        return row | {"LI profile": rng.choice(BROKEN_URLS), "LinkedIn": "no"}
    if keep == "profile":
        return row | {"Work Email": rng.choice(BROKEN_EMAILS)}
    return row


def respell(row: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Return the same person in another spelling."""
    again = row | {"Owner": rng.choice(OWNERS), "Notes": "duplicate?"}
    if row["LinkedIn"] == "yes":
        again["LI profile"] = rng.choice(spellings(row["LI profile"]))
    if row["Work Email"] not in BROKEN_EMAILS:
        email = row["Work Email"]
        again["Work Email"] = rng.choice((email.upper(), f" {email}", f"mailto:{email}"))
    return again


def spellings(url: str) -> tuple[str, ...]:
    """Return other spellings of a LinkedIn URL."""
    base, _, slug = url.rpartition("/")
    return (
        f"{url}/",
        f"{url}?trk=people-guest",
        url.replace("https://www.", "http://"),
        url.removeprefix("https://"),
        url.replace("www.", "de."),
        f"  {url} ",
        f"HTTPS://WWW.LinkedIn.com/in/{slug.upper()}",
        f"{base}/%{ord(slug[0]):02x}{slug[1:]}",
    )


def damage(row: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Return the row without a valid identifier."""
    return row | {
        "LI profile": rng.choice(BROKEN_URLS),
        "LinkedIn": rng.choice(("no", "")),
        "Work Email": rng.choice(BROKEN_EMAILS),
    }


def leads() -> pd.DataFrame:
    """Return the whole table, shuffled."""
    rng = random.Random(20260101)  # noqa: S311 - made-up people
    people = [drop_identifiers(lead(rng), rng) for _ in range(395)]
    again = [respell(row, rng) for row in rng.sample(people, 60)]
    rows = [*people, *again, *(damage(lead(rng), rng) for _ in range(45))]
    rng.shuffle(rows)
    return pd.DataFrame(rows)


if __name__ == "__main__":
    leads().to_csv(Path(__file__).with_name("leads.csv"), index=False, lineterminator="\n")
