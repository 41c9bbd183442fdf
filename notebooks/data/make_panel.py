"""Write panel.csv, 60 made-up people, and two recordings of a vendor's answers about them.

Run ``python notebooks/data/make_panel.py`` with the extra ``enrich-pandas[sandbox]``. Between the
two dates, 14 people changed their job, and two were removed from the vendor's data. The people and
answers are the same every time; the dates are those of the run.
"""

import random
from pathlib import Path

import pandas as pd

import enrich_pandas as ep
from enrich_pandas.emulators.pools import domain_of, latin_pools, slugged

HERE = Path(__file__).parent
RECORDINGS = HERE.parents[1] / "cassettes" / "report"
LEVELS = ("Head of", "Director,", "Senior Manager,", "Manager,", "Analyst,")
FUNCTIONS = ("Data", "Finance", "Marketing", "Operations", "Sales")
FIELDS = ["name", "title", "company", "location"]
CHANGED, REMOVED = 14, 2


def person(rng: random.Random) -> dict[str, str]:
    """Return one person, as in the vendor's data."""
    pool = rng.choice(latin_pools())
    first, last = rng.choice(pool.first_names), rng.choice(pool.last_names)
    slug = f"{slugged(first)}-{slugged(last)}-{rng.randrange(0x100, 0x1000):x}"
    return {
        "linkedin_url": f"https://www.linkedin.com/in/{slug}",
        "name": f"{first} {last}",
        "city": rng.choice(pool.cities),
        **job(rng),
    }


def job(rng: random.Random) -> dict[str, str]:
    """Return a title at a company."""
    company = rng.choice(rng.choice(latin_pools()).companies)
    title = f"{rng.choice(LEVELS)} {rng.choice(FUNCTIONS)}"
    return {"title": title, "company": company, "company_domain": domain_of(company)}


def main() -> None:
    """Write the panel and the two recordings."""
    rng = random.Random(20260301)  # noqa: S311 - made-up people
    first = pd.DataFrame([person(rng) for _ in range(60)])
    second = first.copy()
    for place in rng.sample(range(60), CHANGED + REMOVED):
        second.loc[place, ["title", "company", "company_domain"]] = job(rng)
    panel = first[["name", "linkedin_url"]].assign(cohort=["2019", "2021", "2023"] * 20)
    panel.to_csv(HERE / "panel.csv", index=False, lineterminator="\n")
    removed = second.index[(second["title"] != first["title"])][-REMOVED:]
    RECORDINGS.mkdir(exist_ok=True)
    for name, known in (("first", first), ("second", second.drop(removed))):
        with ep.sandbox(people=known), ep.replay(RECORDINGS / f"{name}.yaml", mode="all"):
            panel.enrich.people("crustdata", fields=FIELDS, progress=None)


if __name__ == "__main__":
    main()
