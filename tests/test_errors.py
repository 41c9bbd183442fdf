"""What is shown of an error: five lines in a notebook, and the traceback on request."""

import traceback

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas import errors


@pytest.fixture(autouse=True)
def nothing_shown(monkeypatch):
    monkeypatch.setattr(errors, "_shown", [])


def shown(error):
    """Return what a notebook shows of an error: IPython calls this method."""
    return error._render_traceback_()


LEADS = pd.DataFrame({"Email": ["ada@example.com"] * 3})


def test_notebook_shows_what_why_cost_results_and_next(box):
    box.fault("crustdata", "submit", "unauthorized")
    with pytest.raises(ep.AuthenticationError) as caught:
        LEADS.enrich.people(progress=None)
    lines = shown(caught.value)
    assert len(lines) == 5
    what, why, cost, results, todo = lines
    assert what.startswith("AuthenticationError: crustdata does not accept the key (401)")
    assert why.startswith("why      Every further request")
    assert cost.startswith("cost     Nothing was charged")
    assert results.startswith("results  The frame of 3 rows so far: ep.last_error().result")
    assert todo.startswith("next     Check or renew it")
    assert todo.endswith("The full traceback: ep.last_traceback()")


def test_error_before_a_run_says_frame_is_unchanged():
    with pytest.raises(ep.InputError) as caught:
        pd.DataFrame({"a": [1]}).enrich.people(progress=None)
    assert shown(caught.value)[3] == "results  Your frame is unchanged."


def test_last_error_returns_the_error_that_was_shown(box, capsys):
    with pytest.raises(ep.InputError, match="No error"):
        ep.last_error()
    box.fault("crustdata", "submit", "unauthorized")
    with pytest.raises(ep.AuthenticationError) as caught:
        LEADS.enrich.people(progress=None)
    shown(caught.value)
    assert ep.last_error() is caught.value
    assert len(ep.last_error().result) == 3
    ep.last_traceback()
    output = capsys.readouterr().out
    assert "Traceback (most recent call last)" in output
    assert "enrich_pandas/engine/handle.py" in output


def test_interrupt_is_shown_in_five_lines():
    error = ep.RunInterrupted("Stopped: 1 of 3 rows are settled.", cost="1 credit was spent.")
    error.result = LEADS
    lines = shown(error)
    assert len(lines) == 5
    assert "keeps later cells from running" in lines[1]


def test_script_shows_the_traceback_and_three_lines():
    error = ep.RunInterrupted("Stopped.", cost="1 credit was spent.", todo="Repeat the call.")
    error.result = LEADS
    text = "".join(traceback.format_exception(error))
    assert text.endswith(
        "RunInterrupted: Stopped.\n1 credit was spent. The frame so far is in `.result`.\n"
        "Repeat the call.\n"
    )


def test_ipython_shows_the_five_lines_only(capsys):
    interactive = pytest.importorskip("IPython.core.interactiveshell")
    shell = interactive.InteractiveShell()
    shell.run_cell("import enrich_pandas as ep\nraise ep.BudgetError('Too dear.', todo='Pay.')")
    output = capsys.readouterr()
    lines = [line for line in (output.out + output.err).splitlines() if line]
    assert lines == [
        "BudgetError: Too dear.",
        "why      This guards against spending a large amount by mistake.",
        "cost     Nothing was spent.",
        "results  Your frame is unchanged.",
        "next     Pay. The full traceback: ep.last_traceback()",
    ]


@pytest.mark.parametrize(
    "kind",
    [
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, ep.EnrichError)
    ],
)
def test_every_error_class_has_a_reason(kind):
    assert kind is ep.EnrichError or kind.why != ep.EnrichError.why
