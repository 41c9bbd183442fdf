"""Make the README's pictures: the plan and the running panel in JupyterLab, light and dark.

They need a browser, so they are made by hand, in an environment of their own:

    pip install ".[sandbox]" jupyterlab playwright
    python notebooks/images/make.py --browser /usr/bin/chromium

Playwright's own browser is not used. It takes a minute.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
URL = "http://127.0.0.1:8899"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
CELLS = [
    'leads = pd.read_csv("leads.csv")\nleads.enrich.plan("crustdata")',
    'people = leads.enrich.people("crustdata", budget=500)',
]
RUNNING = 2.5  # seconds after which the second cell is about half done
# What the reader of the picture need not see: the same lines run live.
STARTUP = """
import pandas as pd
import enrich_pandas as ep
box = ep.sandbox(latency=0.8, connections=2).__enter__()
"""
SETTINGS = {
    "notification": {"fetchNews": "false", "checkForUpdates": False},
    "themes": {"theme": None},
}
COMMAND = [
    *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"),
    *("--ip=127.0.0.1", "--port=8899", "--IdentityProvider.token=", "--ServerApp.password="),
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browser", default="/usr/bin/chromium", help="a Chromium's path")
    browser = parser.parse_args().browser
    for name, theme in THEMES.items():
        with TemporaryDirectory() as folder, jupyter(Path(folder), theme):
            photograph(browser, HERE / f"notebook-{name}.png")


@contextmanager
def jupyter(folder: Path, theme: str) -> Iterator[None]:
    """Serve a notebook from a folder, with settings of its own."""
    write_notebook(folder / "demo.ipynb")
    leads = HERE.parent / "data" / "leads.csv"
    (folder / "leads.csv").write_bytes(leads.read_bytes())
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "sandbox.py").write_text(STARTUP)
    write_settings(folder / "settings" / "@jupyterlab" / "apputils-extension", theme)
    places = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    environment = os.environ | {name: str(folder / place) for name, place in places.items()}
    server = subprocess.Popen(  # noqa: S603 - the command above
        COMMAND, cwd=folder, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        wait_for_server()
        yield
    finally:
        server.terminate()
        server.wait()


def write_notebook(path: Path) -> None:
    cells = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{number}",
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(CELLS)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4}
    path.write_text(json.dumps(notebook | {"nbformat_minor": 5}))


def write_settings(folder: Path, theme: str) -> None:
    folder.mkdir(parents=True)
    for name, settings in (SETTINGS | {"themes": {"theme": theme}}).items():
        (folder / f"{name}.jupyterlab-settings").write_text(json.dumps(settings))


def wait_for_server() -> None:
    for _ in range(100):
        try:
            urlopen(f"{URL}/api", timeout=1).close()  # noqa: S310 - on loopback
        except URLError:
            time.sleep(0.3)
        else:
            return
    raise SystemExit("JupyterLab did not start.")


def photograph(browser: str, path: Path) -> None:
    """Run the cells and take a picture while the last one runs."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser, args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page(viewport={"width": 1000, "height": 1200})
        page.goto(f"{URL}/lab/tree/demo.ipynb?reset")
        page.get_by_text("| Idle").first.wait_for(timeout=60_000)
        page.keyboard.press("Control+b")  # hides the list of files
        time.sleep(1.5)
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
        page.locator(".jp-OutputArea-output table").wait_for(timeout=60_000)
        page.keyboard.press("Shift+Enter")
        time.sleep(RUNNING)
        page.screenshot(path=path, clip=around(page, ".jp-CodeCell"))
        chromium.close()


def around(page: Page, selector: str) -> Any:
    """Return the rectangle that holds the cells with a number or an output."""
    boxes = [cell.bounding_box() for cell in page.locator(selector).all()[: len(CELLS)]]
    left, top = boxes[0]["x"], boxes[0]["y"]
    bottom = boxes[-1]["y"] + boxes[-1]["height"]
    return {"x": left, "y": top, "width": boxes[0]["width"], "height": bottom - top}


if __name__ == "__main__":
    main()
