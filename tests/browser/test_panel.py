"""The panel in JupyterLab, as a person meets it: pytest -m browser."""

import re
import subprocess
import sys

import nbformat
import pytest

pytestmark = pytest.mark.browser

WIDGET = "application/vnd.jupyter.widget-view+json"
RUN = "people = leads.enrich.people(ep.Crustdata(connections=2))"
COUNT = "print(people['person_status'].value_counts().to_dict())"
SO_FAR = "print(len(sys.last_value.result), 'rows in hand')"


def test_the_quickstart_runs_and_what_is_saved_needs_no_kernel_and_no_script(lab):
    path = lab.folder / "quickstart.ipynb"
    codes = sum(cell.cell_type == "code" for cell in nbformat.read(path, as_version=4).cells)
    with lab.open(path) as notebook:
        notebook.run(*range(codes))
        notebook.wait(codes - 1)
        saved = notebook.save()
    outputs = [output for cell in saved.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output for output in outputs if WIDGET in output.get("data", {})]
    convert = [sys.executable, "-m", "nbconvert", "--to", "html", path]
    subprocess.run(convert, check=True, capture_output=True)
    with lab.read("quickstart.html") as page:  # where no script may run
        assert "crustdata done: 500 of 500 rows" in page.inner_text("body")
        assert page.get_by_role("img", name="500 of 500 rows").is_visible()


def test_the_panel_moves_and_pauses_and_goes_on(begin, ledger):
    with begin(RUN, COUNT) as notebook:
        notebook.run(1, 2)
        rows = notebook.page.get_by_text(re.compile(r"crustdata: \d+ of 500 rows"))
        rows.wait_for()
        before = rows.inner_text()
        ledger.reaches(0.2)
        notebook.page.get_by_role("button", name="Pause").press("Enter")  # without a mouse
        notebook.page.get_by_text(re.compile("^paused$")).wait_for()  # and nothing in flight
        assert rows.inner_text() != before
        assert ledger.stays()
        notebook.page.get_by_role("button", name="Resume").click()
        notebook.wait(2)
        assert notebook.output(1).get_by_text("crustdata done: 500 of 500 rows").is_visible()
        assert notebook.output(1).count() == 1
    assert ledger.spent() == ledger.due


def test_cancel_ends_the_cell_in_two_seconds_and_the_same_call_goes_on(begin, ledger):
    with begin(RUN, COUNT, SO_FAR, "pass") as notebook:
        idle = notebook.timed(4, lambda: notebook.run(4))  # is the machine's
        notebook.run(1, 2)
        ledger.reaches(0.3)
        cancel = notebook.page.get_by_role("button", name="Cancel")
        assert notebook.timed(1, cancel.click) - idle < 2
        assert ledger.stays()
        assert "RunInterrupted" in notebook.cell(1).inner_text()
        assert not notebook.output(2).count()  # what was queued does not go on with half the data
        notebook.run(3)
        notebook.wait(3)
        assert "500 rows in hand" in notebook.cell(3).inner_text()
        notebook.run(1, 2)
        notebook.wait(2)
        assert "skipped" not in notebook.output(2).inner_text()
    assert ledger.spent() == ledger.due  # nobody was paid for twice


def test_the_panel_is_readable_in_the_dark(begin, ledger, lab):
    lab.set("apputils-extension/themes", theme="JupyterLab Dark")
    try:
        with begin(RUN) as notebook:
            notebook.run(1)
            ledger.reaches(0.2)
            running = notebook.contrasts(1)
            notebook.wait(1)
            ended = notebook.contrasts(1)
    finally:
        lab.set("apputils-extension/themes", theme="JupyterLab Light")
    assert any("of 500 rows" in text for text in running)
    assert min(running.values()) > 4.5  # as WCAG's AA asks of text
    assert min(ended.values()) > 4.5
