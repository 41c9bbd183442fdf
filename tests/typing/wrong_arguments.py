"""Checked by `mypy --strict`, not run: each line is an error that type checkers must report."""

import pandas as pd

import enrich_pandas as ep
from enrich_pandas.accessor import Enrich


def wrong(frame: pd.DataFrame) -> None:
    ep.people(frame, buget=5)
    ep.people(frame, layout="round")
    ep.people(frame, errors="ignore")
    ep.people(frame, max_items="3")
    ep.people(frame, fields=3)
    ep.fields("firms")
    ep.people(5)
    ep.plan(frame, kind="firms")
    ep.companies(frame, progress="loud")
    Enrich(frame).people(buget=5)
    Enrich(frame).plan(buget=5)
