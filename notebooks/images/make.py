"""Make the README's pictures: plan, panel and report in JupyterLab, light and dark.

They are made by hand, where the tests in the browser run:

    uv sync --group browser
    python -m notebooks.images.make

It takes two minutes. Names given as arguments choose among the pictures.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

import enrich_pandas as ep
from tests.browser.lab import Lab, Notebook, browser, jupyter

HERE = Path(__file__).parent
COLOURS = 128  # of a palette: a third of the size, and no difference to see
BEGIN = """
import pandas as pd
import enrich_pandas as ep
leads = pd.read_csv("leads.csv")
"""
PLAN = 'leads.enrich.plan("crustdata")'
RUN = 'people = leads.enrich.people("crustdata", budget=500)'
FEW = """\
people = leads.enrich.people(
    "crustdata", fields=["name", "title", "company", "experiences", "languages"], budget=500
)
people.enrich.report()"""
TALL = 1.25  # pixels of the picture to one of the page, where that is long
STARTUP = "import enrich_pandas as ep; box = ep.sandbox(url={!r}).__enter__()"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(PICTURES)}; else all")
    names = parser.parse_args().names or list(PICTURES)
    for theme in "light", "dark":
        with browser() as chromium:
            for name in names:
                with TemporaryDirectory() as folder, jupyter(Path(folder), chromium) as lab:
                    lab.set("apputils-extension/themes", theme=f"JupyterLab {theme.title()}")
                    PICTURES[name](lab, f"-{theme}.png")


def of_the_plan(lab: Lab, ending: str) -> None:
    """Take the plan."""
    with sandbox(lab), opened(lab, PLAN, scale=TALL) as notebook:
        notebook.run(1)
        notebook.wait(1)
        take(notebook, f"plan{ending}", 1)


def of_the_panel(lab: Lab, ending: str) -> None:
    """Take the panel of a run that pauses, goes on and ends."""
    with sandbox(lab) as box, opened(lab, RUN) as notebook:
        notebook.run(1)
        reaches(box, 60)
        take(notebook, f"panel-running{ending}", 1)
        notebook.page.get_by_role("button", name="Pause").click()
        notebook.page.get_by_text("paused", exact=True).wait_for()
        take(notebook, f"panel-paused{ending}", 1)
        notebook.page.get_by_role("button", name="Resume").click()
        notebook.wait(1)
        take(notebook, f"panel-done{ending}", 1)


def of_a_cancelled_run(lab: Lab, ending: str) -> None:
    """Take what is left of the panel, and the error."""
    with sandbox(lab) as box, opened(lab, RUN) as notebook:
        notebook.run(1)
        reaches(box, 60)
        notebook.page.get_by_role("button", name="Cancel").click()
        notebook.wait(1)
        take(notebook, f"panel-cancelled{ending}", 1)


def of_the_report(lab: Lab, ending: str) -> None:
    """Take the report on a run that has ended."""
    with sandbox(lab), opened(lab, FEW, scale=TALL) as notebook:
        notebook.run(1)
        notebook.wait(1)
        notebook.output(1).first.evaluate("panel => panel.remove()")  # has a picture of its own
        take(notebook, f"report{ending}", 1)


PICTURES: dict[str, Callable[[Lab, str], None]] = {
    "plan": of_the_plan,
    "panel": of_the_panel,
    "cancelled": of_a_cancelled_run,
    "report": of_the_report,
}


@contextmanager
def sandbox(lab: Lab) -> Iterator[ep.sandbox]:
    """Begin a sandbox that the notebook is in; the reader sees the lines that run live."""
    (lab.folder / "leads.csv").write_bytes((HERE.parent / "data" / "leads.csv").read_bytes())
    startup = lab.folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    with ep.sandbox(latency=1.6, connections=2) as box:
        (startup / "sandbox.py").write_text(STARTUP.format(box.url("crustdata")))
        yield box


@contextmanager
def opened(lab: Lab, *cells: str, scale: float = 2) -> Iterator[Notebook]:
    """Open a notebook with nothing beside it, and run its first cell."""
    with lab.open(lab.write("demo.ipynb", [BEGIN, *cells]), height=2400, scale=scale) as notebook:
        notebook.page.keyboard.press("Control+b")  # hides the list of files
        notebook.run(0)
        notebook.wait(0)
        yield notebook


def reaches(box: ep.sandbox, credits_: float) -> None:
    """Wait until so much was charged, and the panel shows it."""
    until = time.monotonic() + 60
    while box.ledger["credits"].sum() < credits_ and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(0.4)


def take(notebook: Notebook, name: str, cell: int) -> None:
    """Take a picture of a cell, in few colours."""
    notebook.page.mouse.move(5, 5)
    notebook.cell(cell).screenshot(path=HERE / name)
    with Image.open(HERE / name) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(HERE / name, optimize=True)


if __name__ == "__main__":
    main()
