"""Write contacts.csv: 60 made-up contacts, as in a pasted, typed and merged list of a trade fair.

Run ``python notebooks/data/make_contacts.py`` with the extra ``enrich-pandas[sandbox]``. It writes
the same table every time. One column holds an e-mail address or a LinkedIn URL. A third of the
cells needs a correction that a program can make, and some cells hold no identifier.
"""

import random
from pathlib import Path

import pandas as pd

from enrich_pandas.emulators.pools import domain_of, latin_pools, slugged

NO_IDENTIFIER = ("n/a", "ask at the desk", "", "business card lost", "-")
NOTES = ("", "", "wants a quote", "=HYPERLINK(A1)", "+1 of Tom", "-", "@fair")


def contact(rng: random.Random) -> dict[str, str]:
    """Return one person with a valid cell."""
    pool = rng.choice(latin_pools())
    first, last = rng.choice(pool.first_names), rng.choice(pool.last_names)
    company = rng.choice(pool.companies)
    email = f"{slugged(first)}.{slugged(last)}@{domain_of(company)}"
    slug = f"{slugged(first)}-{slugged(last)}-{rng.randrange(0x100, 0x1000):x}"
    profile = f"https://www.linkedin.com/in/{slug}"
    return {
        "Contact": rng.choice((email, profile)),
        "Name": f"{first} {last}",
        "Company": company,
        "Note": rng.choice(NOTES),
    }


def damage(cell: str, rng: random.Random) -> str:
    """Return a cell that is not valid, but that a program can correct."""
    if "@" in cell:
        at, dot = cell.replace("@", " at "), cell.replace("@", "(at)")
        return rng.choice(
            (at, dot, f"{cell}; {cell.upper()}", cell.replace(".example", ",example"))
        )
    return rng.choice(
        (
            cell.replace("linkedin", "linkdin"),
            cell.replace("https://www.", "https:/www."),
            f"LinkedIn: {cell}",
            cell.replace("/in/", "/in /"),
        )
    )


def respell(cell: str, rng: random.Random) -> str:
    """Return another valid spelling."""
    if "@" in cell:
        return rng.choice((f"mailto:{cell}", f" {cell} ", f"<{cell}>"))
    return rng.choice((f"{cell}/?trk=fair", cell.replace("www.", "de."), cell[8:], f"  {cell}"))


def contacts() -> pd.DataFrame:
    """Return the whole table, shuffled."""
    rng = random.Random(20260601)  # noqa: S311 - made-up people
    clean = [contact(rng) for _ in range(42)]
    again = [one | {"Contact": respell(one["Contact"], rng)} for one in rng.sample(clean, 10)]
    broken = [one | {"Contact": damage(one["Contact"], rng)} for one in clean[:20]]
    empty = [contact(rng) | {"Contact": rng.choice(NO_IDENTIFIER)} for _ in range(8)]
    rows = [*broken, *clean[20:], *again, *empty]
    rng.shuffle(rows)
    return pd.DataFrame(rows)


if __name__ == "__main__":
    contacts().to_csv(Path(__file__).with_name("contacts.csv"), index=False, lineterminator="\n")
