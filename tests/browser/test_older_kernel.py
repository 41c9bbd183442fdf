"""The panel on ipykernel 6, where no click arrives while a cell runs: pytest -m browser."""

import pytest

pytestmark = pytest.mark.browser

RUN = "people = leads.enrich.people(ep.Crustdata(connections=2))"
BEGUN = "handle = leads.enrich.people(ep.Crustdata(connections=2), wait=False)"
SO_FAR = "print(len(sys.last_value.result), 'rows in hand')"


def test_the_stop_button_does_what_cancel_does(begin, ledger, old_kernel):
    with begin(RUN, SO_FAR, "pass", kernel=old_kernel) as notebook:
        idle = notebook.timed(3, lambda: notebook.run(3))  # is the machine's
        notebook.run(1)
        ledger.reaches(0.2)
        hint = notebook.page.get_by_text("■ Stop (Interrupt) does the same as Cancel")
        assert hint.is_visible()
        assert notebook.timed(1, notebook.stop) - idle < 2
        assert ledger.stays()
        assert "RunInterrupted" in notebook.cell(1).inner_text()
        notebook.run(2)
        notebook.wait(2)
        assert "500 rows in hand" in notebook.cell(2).inner_text()


def test_the_buttons_work_while_no_cell_waits(begin, ledger, old_kernel):
    with begin(BEGUN, kernel=old_kernel) as notebook:
        notebook.run(1)
        ledger.reaches(0.2)
        notebook.page.get_by_role("button", name="Cancel").click()
        notebook.page.get_by_text("crustdata interrupted").wait_for()
        assert ledger.stays()
