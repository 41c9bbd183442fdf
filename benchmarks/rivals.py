"""What a competent user of each other tool would write; `peers` runs these functions.

``python -m benchmarks.rivals NAME ADDRESS FOLDER`` enriches ``FOLDER/list.parquet`` against a
sandbox and writes ``FOLDER/found.pickle``. They clean the URLs, request each once, wait and
retry if the vendor is down, busy or unreachable, and match by the URL in the answer. A killed
process finds its files in the folder when it is started again.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

BATCH, THREADS, ITEMS = 25, 8, 3
SECTIONS = (
    *("basic_profile", "social_handles", "professional_network"),
    *("experience", "education", "skills"),
)
HEADERS = {"Authorization": "Bearer sandbox-key", "x-api-version": "2025-11-01"}
Element = dict[str, Any]


def enrich_pandas(frame: pd.DataFrame, url: str, folder: Path) -> pd.DataFrame:
    """Use eight connections like the other tools, and do not send held rows again."""
    import enrich_pandas as ep

    provider = ep.Crustdata(connections=THREADS)
    with ep.sandbox(url=url, journal=folder / "journal.sqlite"):
        return ep.people(frame, provider, prefix="", progress=None)


def resent(frame: pd.DataFrame, url: str, folder: Path) -> pd.DataFrame:
    """Run `enrich_pandas`, then send the rows with a lost answer again."""
    import enrich_pandas as ep

    enrich_pandas(frame, url, folder)
    with ep.sandbox(url=url, journal=folder / "journal.sqlite"):
        for run in ep.runs()["run"]:
            ep.run(run).resume(held="resend")
    return enrich_pandas(frame, url, folder)


def loop(frame: pd.DataFrame, url: str, _: Path) -> pd.DataFrame:
    """Run the cell of a notebook: a loop, json_normalize and merge."""
    wanted, session = addresses(frame), patient()
    elements: list[Element] = []
    for batch in batches(wanted.dropna().unique()):
        elements += ask(session, url, batch)
    return merged(frame, wanted, pd.json_normalize(people(elements)))


def threads(frame: pd.DataFrame, url: str, folder: Path) -> pd.DataFrame:
    """Run a careful script: threads, answers in a JSON lines file, json_normalize, explode."""
    wanted, session, kept = addresses(frame), patient(), folder / "answers.jsonl"
    done = list(lines(kept))
    known = {element["matched_on"] for element in done}
    left = [one for one in wanted.dropna().unique() if one not in known]
    with ThreadPoolExecutor(THREADS) as pool, kept.open("a") as file:
        for answer in pool.map(lambda batch: ask(session, url, batch), batches(left)):
            file.writelines(json.dumps(element) + "\n" for element in answer)
            file.flush()
            done += answer
    return merged(frame, wanted, exploded(pd.json_normalize(people(done))))


def accrue(frame: pd.DataFrame, url: str, folder: Path) -> pd.DataFrame:
    """Run a pipeline with one FunctionStep over the distinct URLs; it has rows, not batches."""
    from accrue import EnrichmentConfig, FunctionStep, Pipeline

    wanted, session = addresses(frame), patient()

    def person(context: Any) -> Mapping[str, Any]:
        return {"person": next(iter(people(ask(session, url, [context.row["url"]]))), None)}

    config = EnrichmentConfig(
        max_workers=THREADS,
        enable_checkpointing=True,
        checkpoint_dir=str(folder),
        checkpoint_interval=100,
        cache_dir=str(folder),
        enable_progress_bar=False,
    )
    distinct = pd.DataFrame({"url": wanted.dropna().unique()})
    step = FunctionStep("person", person, ["person"])
    found = Pipeline([step]).run(distinct, config=config).data
    return merged(frame, wanted, pd.json_normalize(list(found["person"].dropna())))


def dlt(frame: pd.DataFrame, url: str, folder: Path) -> pd.DataFrame:
    """Run a pipeline to DuckDB and back, with parallel requests by dlt's own client."""
    os.environ |= {"EXTRACT__WORKERS": str(THREADS), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    import dlt
    from dlt.sources.helpers.requests import Client

    wanted, session = addresses(frame), Client(raise_for_status=True).session
    session.headers.update(HEADERS)

    @dlt.resource
    def urls() -> Iterator[list[str]]:
        yield from batches(wanted.dropna().unique())

    @dlt.transformer(
        data_from=urls, name="people", write_disposition="merge", primary_key="matched_on",
        parallelized=True,
    )  # fmt: skip
    def asked(batch: list[str]) -> list[Element]:
        return list(people(ask(session, url, batch)))

    pipeline = dlt.pipeline(
        "peers",
        pipelines_dir=str(folder / "dlt"),
        destination=dlt.destinations.duckdb(str(folder / "people.duckdb")),
        dataset_name="found",
    )
    pipeline.run(asked)
    with pipeline.sql_client() as client, client.execute_query("SELECT * FROM people") as rows:
        found = rows.df()
    found = found.rename(columns=lambda name: name.replace("__", "."))
    return merged(frame, wanted, found)


RIVALS = {"requests": loop, "threads": threads, "accrue": accrue, "dlt": dlt}
AGAIN = "enrich_pandas, held rows sent again"
OURS = {"enrich_pandas": enrich_pandas, AGAIN: resent}


def addresses(frame: pd.DataFrame) -> pd.Series:
    slugs = frame["LinkedIn"].str.strip().str.lower().str.extract(r"linkedin\.com/in/([^/?#]+)")[0]
    return "https://www.linkedin.com/in/" + slugs


def batches(urls: Sequence[str]) -> Iterator[list[str]]:
    return (list(urls[start : start + BATCH]) for start in range(0, len(urls), BATCH))


class Patient(Retry):
    """Waits as long as one of the vendor's two headers says."""

    def get_retry_after(self, response: Any) -> float | None:
        reset = float(response.headers.get("x-ratelimit-reset", 0)) if response.status == 429 else 0
        return super().get_retry_after(response) or reset or None


def patient() -> requests.Session:
    """Return a session that retries, also POST, after the time that the vendor states."""
    session = requests.Session()
    passing = (429, 500, 502, 503, 504)
    again = Patient(total=5, backoff_factor=0.5, status_forcelist=passing, allowed_methods=None)
    session.mount("http://", HTTPAdapter(max_retries=again, pool_maxsize=THREADS))
    session.headers.update(HEADERS)
    return session


def ask(session: requests.Session, url: str, batch: Sequence[str]) -> list[Element]:
    asked = {"professional_network_profile_urls": list(batch), "fields": SECTIONS}
    answer = session.post(f"{url}/person/enrich", json=asked, timeout=60)
    answer.raise_for_status()
    found: list[Element] = answer.json()
    return found


def people(elements: Iterable[Element]) -> list[Element]:
    return [
        {"matched_on": element["matched_on"], **element["matches"][0]["person_data"]}
        for element in elements
        if element["matches"] and element["matches"][0].get("person_data")
    ]


def exploded(found: pd.DataFrame) -> pd.DataFrame:
    """Return the first items of each list as columns."""
    parts = [found]
    for name in (
        "experience.employment_details.current",
        "experience.employment_details.past",
        "education.schools",
    ):
        long = found[name].explode().dropna()
        items = pd.json_normalize(long.tolist()).set_axis(long.index)
        items["n"] = items.groupby(level=0).cumcount() + 1
        first = items[items["n"] <= ITEMS].set_index("n", append=True).unstack("n")  # noqa: PD010 - as users write it
        first.columns = [f"{name}.{n}.{field}" for field, n in first.columns]
        parts.append(first)
    return pd.concat(parts, axis=1)


def merged(frame: pd.DataFrame, wanted: pd.Series, found: pd.DataFrame) -> pd.DataFrame:
    found = found.rename(columns={"basic_profile.name": "name"})
    return frame.assign(url=wanted).merge(found, left_on="url", right_on="matched_on", how="left")


def lines(path: Path) -> Iterator[Element]:
    """Read the stored answers, without a line that was cut by a kill."""
    for line in path.read_text().splitlines() if path.exists() else ():
        with suppress(json.JSONDecodeError):
            yield json.loads(line)


def main(name: str, url: str, folder: str) -> None:
    home = Path(folder)
    frame = pd.read_parquet(home / "list.parquet")
    if find_spec(package := name.partition(",")[0]):
        importlib.import_module(package)
    sys.stdout.write(f"{time.process_time()}\n")  # imports are not measured
    sys.stdout.flush()
    found = {**OURS, **RIVALS}[name](frame, url, home)
    found.to_pickle(home / "found.pickle")


if __name__ == "__main__":
    main(*sys.argv[1:])
