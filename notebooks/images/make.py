"""Take the pictures of the documentation: plan, panel and report in JupyterLab, light and dark.

Run it by hand, in the environment of the browser tests:

    uv sync --group browser
    python -m notebooks.images.make

It takes two minutes. Arguments choose the pictures by name.
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
COLORS = 128  # of the palette: a third of the size, without a visible difference
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
LONG_PAGE = 1.25  # pixels of the picture per pixel of a long page
STARTUP = "import enrich_pandas as ep; box = ep.sandbox(url={!r}).__enter__()"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"{', '.join(PICTURES)}; by default all")
    names = parser.parse_args().names or list(PICTURES)
    for theme in "light", "dark":
        with browser() as chromium:
            for name in names:
                with TemporaryDirectory() as folder, jupyter(Path(folder), chromium) as lab:
                    lab.set("apputils-extension/themes", theme=f"JupyterLab {theme.title()}")
                    PICTURES[name](lab, f"-{theme}.png")


def take_plan(lab: Lab, ending: str) -> None:
    """Take a picture of the plan."""
    with sandbox(lab), open_notebook(lab, PLAN, scale=LONG_PAGE) as notebook:
        notebook.run(1)
        notebook.wait(1)
        take(notebook, f"plan{ending}", 1)


def take_panel(lab: Lab, ending: str) -> None:
    """Take pictures of the panel of a run that is paused, resumed and done."""
    with sandbox(lab) as box, open_notebook(lab, RUN) as notebook:
        notebook.run(1)
        wait_for_credits(box, 60)
        take(notebook, f"panel-running{ending}", 1)
        notebook.page.get_by_role("button", name="Pause").click()
        notebook.page.get_by_text("paused", exact=True).wait_for()
        take(notebook, f"panel-paused{ending}", 1)
        notebook.page.get_by_role("button", name="Resume").click()
        notebook.wait(1)
        take(notebook, f"panel-done{ending}", 1)


def take_cancelled_run(lab: Lab, ending: str) -> None:
    """Take a picture of a cancelled run: the static panel and the error."""
    with sandbox(lab) as box, open_notebook(lab, RUN) as notebook:
        notebook.run(1)
        wait_for_credits(box, 60)
        notebook.page.get_by_role("button", name="Cancel").click()
        notebook.wait(1)
        take(notebook, f"panel-cancelled{ending}", 1)


def take_report(lab: Lab, ending: str) -> None:
    """Take a picture of the report on a run."""
    with sandbox(lab), open_notebook(lab, FEW, scale=LONG_PAGE) as notebook:
        notebook.run(1)
        notebook.wait(1)
        notebook.output(1).first.evaluate("panel => panel.remove()")  # it has its own picture
        take(notebook, f"report{ending}", 1)


PICTURES: dict[str, Callable[[Lab, str], None]] = {
    "plan": take_plan,
    "panel": take_panel,
    "cancelled": take_cancelled_run,
    "report": take_report,
}


@contextmanager
def sandbox(lab: Lab) -> Iterator[ep.sandbox]:
    """Start a sandbox that the notebook uses without a visible line."""
    (lab.folder / "leads.csv").write_bytes((HERE.parent / "data" / "leads.csv").read_bytes())
    startup = lab.folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    with ep.sandbox(latency=1.6, connections=2) as box:
        (startup / "sandbox.py").write_text(STARTUP.format(box.url("crustdata")))
        yield box


@contextmanager
def open_notebook(lab: Lab, *cells: str, scale: float = 2) -> Iterator[Notebook]:
    """Open a notebook without a side bar, and run its first cell."""
    with lab.open(lab.write("demo.ipynb", [BEGIN, *cells]), height=2400, scale=scale) as notebook:
        notebook.page.keyboard.press("Control+b")  # hides the side bar
        notebook.run(0)
        notebook.wait(0)
        yield notebook


def wait_for_credits(box: ep.sandbox, credits_: float) -> None:
    """Wait until the sandbox has charged the credits and the panel shows them."""
    until = time.monotonic() + 60
    while box.ledger["credits"].sum() < credits_ and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(0.4)


def take(notebook: Notebook, name: str, cell: int) -> None:
    """Take a picture of a cell, with a small palette."""
    notebook.page.mouse.move(5, 5)
    notebook.cell(cell).screenshot(path=HERE / name)
    with Image.open(HERE / name) as picture:
        few = picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    few.save(HERE / name, optimize=True)


if __name__ == "__main__":
    main()
