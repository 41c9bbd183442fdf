"""The panel on ipykernel 6, on which no click arrives while a cell runs: pytest -m browser."""

import pytest

pytestmark = pytest.mark.browser

RUN = "people = leads.enrich.people(ep.Crustdata(connections=2))"
NO_WAIT = "handle = leads.enrich.people(ep.Crustdata(connections=2), wait=False)"
PARTIAL = "print(len(sys.last_value.result), 'rows arrived')"


def test_stop_button_does_the_same_as_cancel(begin, ledger, old_kernel):
    with begin(RUN, PARTIAL, "pass", kernel=old_kernel) as notebook:
        idle = notebook.seconds_until(3, lambda: notebook.run(3))  # the machine's own delay
        notebook.run(1)
        ledger.wait_for(0.2)
        hint = notebook.page.get_by_text("■ Stop (Interrupt) does the same as Cancel")
        assert hint.is_visible()
        assert notebook.seconds_until(1, notebook.stop) - idle < 2
        assert ledger.is_constant()
        assert "RunInterrupted" in notebook.cell(1).inner_text()
        notebook.run(2)
        notebook.wait(2)
        assert "500 rows arrived" in notebook.cell(2).inner_text()


def test_buttons_work_while_no_cell_runs(begin, ledger, old_kernel):
    with begin(NO_WAIT, kernel=old_kernel) as notebook:
        notebook.run(1)
        ledger.wait_for(0.2)
        notebook.page.get_by_role("button", name="Cancel").click()
        notebook.page.get_by_text("crustdata interrupted").wait_for()
        assert ledger.is_constant()
