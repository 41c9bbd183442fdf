"""Checked by `mypy --strict` and by pyright, not run: the types of what calls return."""

from typing import Literal, assert_type

import pandas as pd

import enrich_pandas as ep
from enrich_pandas.accessor import Enrich


def functions(frame: pd.DataFrame) -> None:
    assert_type(ep.people(frame), pd.DataFrame)
    assert_type(ep.people(frame, ["crustdata", ep.Zoho()], fields=["name"], budget=5), pd.DataFrame)
    assert_type(ep.people(frame, layout="nested", wait=True), pd.DataFrame)
    assert_type(ep.people(frame, layout="tables"), ep.Tables)
    assert_type(ep.people(frame, layout="tables")["people"], pd.DataFrame)
    assert_type(ep.people(frame, wait=False), ep.Handle[pd.DataFrame])
    assert_type(ep.people(frame, wait=False).wait(), pd.DataFrame)
    assert_type(ep.people(frame, layout="tables", wait=False), ep.Handle[ep.Tables])
    assert_type(ep.companies(frame), pd.DataFrame)
    assert_type(ep.companies(frame, layout="tables"), ep.Tables)
    assert_type(ep.companies(frame, wait=False), ep.Handle[pd.DataFrame])
    assert_type(ep.plan(frame, kind="companies", layout="tables", wait=False), ep.Plan)
    assert_type(ep.list_providers(), pd.DataFrame)
    assert_type(ep.fields("people"), pd.DataFrame)
    assert_type(ep.people(frame, fields="all", max_items=None), pd.DataFrame)
    assert_type(ep.companies(frame, fields=["standard", "keywords"]), pd.DataFrame)
    assert_type(ep.runs(), pd.DataFrame)
    assert_type(ep.run("r"), ep.Run)
    assert_type(ep.run("r").report, ep.Report)
    assert_type(ep.last_report(), ep.Report)


def accessor(enrich: Enrich) -> None:
    """Type checkers do not know `DataFrame.enrich`, which is registered at run time."""
    assert_type(enrich.people(), pd.DataFrame)
    assert_type(enrich.people("zoho", layout="tables"), ep.Tables)
    assert_type(enrich.people(wait=False), ep.Handle[pd.DataFrame])
    assert_type(enrich.companies(max_items=1), pd.DataFrame)
    assert_type(enrich.plan(kind="companies"), ep.Plan)
    assert_type(enrich.report(), ep.Report)


def wait_is_known_at_run_time(frame: pd.DataFrame, wait: bool) -> None:
    result = ep.people(frame, wait=wait)
    if isinstance(result, pd.DataFrame):
        assert_type(result, pd.DataFrame)


def layout_is_known_at_run_time(frame: pd.DataFrame, layout: Literal["wide", "tables"]) -> None:
    result = ep.people(frame, layout=layout)
    if isinstance(result, pd.DataFrame):
        assert_type(result, pd.DataFrame)
