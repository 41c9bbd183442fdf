"""Make the dictionary with which the journal compresses elements, from the sandbox's answers.

It knows the vendors' names of fields and their usual values, and no real person. Train a new one if
a vendor's format changes much. See docs/development/dictionary.md.
"""

import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import zstandard

import enrich_pandas as ep
from enrich_pandas.journal import Journal, elements

PEOPLE, COMPANIES = 400, 100  # people are longer, and stored more often
SIZE = 64 * 1024  # larger ones save 2 %
LEAST = 400  # bytes; shorter ones are states of jobs
PROVIDERS = [
    ep.Crustdata(business_email=True),
    ep.Crustdata(api="screener", business_email=True),
    ep.Zoho(),
    ep.Amplemarket(reveal_email=True, reveal_phone_numbers=True),
]


def main() -> None:
    """Write the latest dictionary."""
    with tempfile.TemporaryDirectory() as folder:
        samples = sorted(_elements(Path(folder) / "journal.sqlite"))
    random.Random(1).shuffle(samples)  # the trainer takes a part from each stretch of the samples
    made = zstandard.train_dictionary(SIZE, samples, k=1000, d=8, dict_id=elements.LATEST)
    place = Path(elements.__file__).with_name(elements.DICTIONARIES[elements.LATEST])
    place.write_bytes(made.as_bytes())
    sys.stdout.write(f"{place}: {len(made)} bytes from {len(samples)} elements\n")


def _elements(path: Path) -> Iterator[bytes]:
    """Yield the elements of all answers about the sandbox's people and companies."""
    people = pd.DataFrame(
        {"linkedin_url": [f"https://www.linkedin.com/in/person-{n}-example" for n in range(PEOPLE)]}
    )
    companies = pd.DataFrame({"domain": [f"firm-{n}.example" for n in range(COMPANIES)]})
    with ep.sandbox(misses=0, journal=path):
        for provider in PROVIDERS:
            people.enrich.people(provider, progress=None)
            companies.enrich.companies(provider, progress=None)
    journal = Journal(path)
    for run in reversed(journal.runs()):
        for landed in journal.queries.batches(run["id"]):
            for response in landed.batch.recorded.values():
                body = msgspec.json.decode(response.body or b"null")
                yield from (
                    one for item in _items(body) if len(one := msgspec.json.encode(item)) > LEAST
                )
    journal.close()


def _items(body: Any) -> list[Any]:
    """Return the items of an answer's outermost list, or the whole answer."""
    if isinstance(body, dict):
        body = next((value for value in body.values() if isinstance(value, list)), [body])
    return body or []


if __name__ == "__main__":
    main()
