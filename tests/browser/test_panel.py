"""The panel in JupyterLab, used as a person uses it: pytest -m browser."""

import re
import subprocess
import sys

import nbformat
import pytest

pytestmark = pytest.mark.browser

WIDGET = "application/vnd.jupyter.widget-view+json"
RUN = "people = leads.enrich.people(ep.Crustdata(connections=2))"
COUNT = "print(people['person_status'].value_counts().to_dict())"
PARTIAL = "print(len(sys.last_value.result), 'rows arrived')"


def test_saved_quickstart_needs_no_kernel_and_no_script(lab):
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
    with lab.read("quickstart.html") as page:  # without JavaScript
        assert "crustdata done: 500 of 500 rows" in page.inner_text("body")
        assert page.get_by_role("img", name="500 of 500 rows").is_visible()


def test_panel_updates_pauses_and_resumes(begin, ledger):
    with begin(RUN, COUNT) as notebook:
        notebook.run(1, 2)
        rows = notebook.page.get_by_text(re.compile(r"crustdata: \d+ of 500 rows"))
        rows.wait_for()
        before = rows.inner_text()
        ledger.wait_for(0.2)
        notebook.page.get_by_role("button", name="Pause").press("Enter")  # by keyboard
        notebook.page.get_by_text(re.compile("^paused$")).wait_for()  # without batches in flight
        assert rows.inner_text() != before
        assert ledger.is_constant()
        notebook.page.get_by_role("button", name="Resume").click()
        notebook.wait(2)
        assert notebook.output(1).get_by_text("crustdata done: 500 of 500 rows").is_visible()
        assert notebook.output(1).count() == 1
    assert ledger.spent() == ledger.total


def test_cancel_ends_the_cell_and_the_call_continues(begin, ledger):
    with begin(RUN, COUNT, PARTIAL, "pass") as notebook:
        idle = notebook.seconds_until(4, lambda: notebook.run(4))  # the machine's own delay
        notebook.run(1, 2)
        ledger.wait_for(0.3)
        cancel = notebook.page.get_by_role("button", name="Cancel")
        assert notebook.seconds_until(1, cancel.click) - idle < 2
        assert ledger.is_constant()
        assert "RunInterrupted" in notebook.cell(1).inner_text()
        assert not notebook.output(2).count()  # queued cells do not run on partial data
        notebook.run(3)
        notebook.wait(3)
        assert "500 rows arrived" in notebook.cell(3).inner_text()
        notebook.run(1, 2)
        notebook.wait(2)
        assert "skipped" not in notebook.output(2).inner_text()
    assert ledger.spent() == ledger.total  # no identity was charged twice


def test_panel_is_readable_in_the_dark_theme(begin, ledger, lab):
    lab.set("apputils-extension/themes", theme="JupyterLab Dark")
    try:
        with begin(RUN) as notebook:
            notebook.run(1)
            ledger.wait_for(0.2)
            running = notebook.contrasts(1)
            notebook.wait(1)
            ended = notebook.contrasts(1)
    finally:
        lab.set("apputils-extension/themes", theme="JupyterLab Light")
    assert any("of 500 rows" in text for text in running)
    assert min(running.values()) > 4.5  # WCAG level AA
    assert min(ended.values()) > 4.5
