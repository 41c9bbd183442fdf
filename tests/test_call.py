"""The parameters of a call are defined once; each place that takes them is compared with it."""

import inspect
import re
import typing

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas import call, pipeline
from enrich_pandas.accessor import Enrich
from enrich_pandas.cli import parameters as cli
from enrich_pandas.engine.budget import Budget
from enrich_pandas.frame.cells import Codes
from enrich_pandas.progress import Hook
from enrich_pandas.providers.base import Provider

NAMES = [one.name for one in call.parameters()]
TYPES = {"Budget": Budget, "Codes": Codes, "Hook": Hook, "Provider": Provider}
FUNCTIONS = [ep.people, ep.companies, ep.plan, Enrich.people, Enrich.companies, Enrich.plan]


def parameters(function):
    signature = inspect.signature(function)
    return {one.name: one for one in signature.parameters.values()}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_signature_of_a_function_shows_every_parameter(function):
    found = parameters(function)
    assert found["provider"].default == "crustdata"
    assert [name for name in found if name in NAMES] == NAMES
    for one in call.parameters():
        assert found[one.name] == one


def test_type_checkers_see_the_types_of_every_parameter():
    names = {**vars(call), **TYPES}
    defined = typing.get_type_hints(call.Call, names, names)
    seen = typing.get_type_hints(call.PlanKeywords, names, names)
    assert seen == {name: defined[name] for name in NAMES}
    assert call.Keywords.__annotations__.keys() == set(NAMES) - {"layout", "wait"}


@pytest.mark.parametrize("name", NAMES)
def test_parameter_is_documented_with_its_default(name):
    section = ep.people.__doc__.split("Parameters\n")[1].split("Returns\n")[0]
    (line,) = re.findall(rf"^ *{name} : (.+)$", section, re.MULTILINE)
    default = parameters(ep.people)[name].default
    shown = f'"{default}"' if isinstance(default, str) else default
    assert line.endswith("optional" if default is None else f"default {shown}")


@pytest.mark.parametrize("function", [ep.companies, ep.plan])
def test_function_refers_to_people_for_every_parameter(function):
    section = function.__doc__.split("Parameters\n")[1].split("Returns\n")[0]
    assert set(NAMES) <= set(re.findall(r"\w+", section))


def test_command_line_has_an_option_for_every_parameter():
    assert cli.CALL_OPTIONS.keys() == set(NAMES) - {"wait"}


@pytest.mark.parametrize("function", [ep.people, ep.companies, ep.plan])
def test_unknown_keyword_raises_type_error_with_a_suggestion(function):
    message = rf"{function.__name__}\(\) got .* 'buget'\. Did you mean 'budget'\?"
    with pytest.raises(TypeError, match=message):
        function(pd.DataFrame(), buget=1)


def test_every_argument_reaches_the_pipeline(monkeypatch):
    calls = []
    monkeypatch.setattr(pipeline, "enrich", lambda _, made: calls.append(made))
    monkeypatch.setattr(pipeline, "plan_call", lambda _, made: calls.append(made))
    frame, marks = pd.DataFrame(), {name: object() for name in NAMES}
    ep.people(frame, "zoho", **marks)
    ep.companies(frame, "zoho", **marks)
    ep.plan(frame, "zoho", kind="companies", **marks)
    frame.enrich.people("zoho", **marks)
    frame.enrich.companies("zoho", **marks)
    frame.enrich.plan("zoho", kind="companies", **marks)
    kinds = ["people", "companies", "companies"] * 2
    assert [(made.kind, made.provider) for made in calls] == [(kind, "zoho") for kind in kinds]
    assert all(getattr(made, name) is marks[name] for made in calls for name in NAMES)


LEADS = pd.DataFrame({"Email": ["ada@example.com", "bo@example.com"], "tier": ["A", "B"]})


def test_where_takes_a_callable_of_the_frame(box):
    people = ep.people(LEADS, where=lambda df: df["tier"] == "B", fields=["name"], progress=False)
    assert people["person_status"].tolist() == ["skipped", "matched"]
    assert ep.plan(LEADS, where=lambda df: df["tier"] == "B").valid == 1


def test_where_callable_that_returns_none_raises_before_spending(box):
    with pytest.raises(ep.InputError, match="where= returned None"):
        ep.people(LEADS, where=lambda df: None, progress=None)
    assert box.requests.empty


def test_progress_false_shows_nothing(box, capsys):
    ep.people(LEADS, fields=["name"], progress=False)
    assert capsys.readouterr() == ("", "")


def test_plan_takes_the_arguments_of_people(box):
    arguments = {"layout": "nested", "budget": 5, "sources": True, "progress": "bar", "wait": False}
    planned = LEADS.enrich.plan("crustdata", fields=["name"], **arguments)
    assert planned.requests == 1
    assert box.requests.empty
