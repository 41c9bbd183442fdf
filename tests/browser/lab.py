"""JupyterLab on loopback with Chromium in front of it, used as a person uses them."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import nbformat

if TYPE_CHECKING:  # installed only for these tests, but each test run imports this module
    from playwright.sync_api import Browser, Locator, Page

BROWSERS = "chromium", "chromium-browser", "google-chrome", "chrome"
# The browser requests nothing outside this machine.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "apputils-extension/themes": {"theme": "JupyterLab Light"},
    # The page holds all cells, also those outside the window.
    "notebook-extension/tracker": {"windowingMode": "none"},
}
FOLDERS = {
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "IPYTHONDIR": "ipython",
    "ENRICH_PANDAS_HOME": "home",
}
SIZE: Any = {"width": 1000, "height": 1200}
SECONDS = 1000  # milliseconds, the unit of Playwright
_HAS_RUN = re.compile(r"\[\d+\]")

CONTRASTS = """
outputs => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const ground = node => {
    for (; node; node = node.parentElement) {
      const color = parts(getComputedStyle(node).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const opacity = node => node ? getComputedStyle(node).opacity * opacity(node.parentElement) : 1;
  const contrast = node => {
    const behind = ground(node), share = opacity(node);
    const color = parts(getComputedStyle(node).color)
      .map((v, n) => v * share + behind[n] * (1 - share));
    const [high, low] = [light(color), light(behind)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const texts = [];
  for (const output of outputs) {
    const walker = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode.parentElement;
      if (node.checkVisibility()) texts.push([walker.currentNode.data, contrast(node)]);
    }
  }
  return texts;
}
"""


class Lab:
    """A JupyterLab that serves a folder.

    Parameters
    ----------
    folder
        The folder of the notebooks and of JupyterLab's own files.
    url
        The address of the server.
    browser
        The browser that opens its pages.
    """

    def __init__(self, folder: Path, url: str, browser: "Browser") -> None:
        self.folder, self.url, self._browser = folder, url, browser

    def write(self, name: str, cells: Iterable[str], kernel: str = "python3") -> Path:
        """Write a notebook of code cells."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel}
        nbformat.write(notebook, self.folder / name)
        return self.folder / name

    def kernel(self, name: str, path: Path) -> None:
        """Add a kernel that imports packages from a folder before the installed ones."""
        spec = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": name,
            "language": "python",
            "env": {"PYTHONPATH": str(path)},
        }
        folder = self.folder / "data" / "kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps(spec))

    def set(self, plugin: str, **settings: Any) -> None:
        """Change a setting for pages that are opened later."""
        _write_settings(self.folder, {plugin: SETTINGS.get(plugin, {}) | settings})

    @contextmanager
    def open(
        self, notebook: Path, *, begin: int | None = None, height: int = 1200, scale: float = 1
    ) -> Iterator["Notebook"]:
        """Open a notebook and run the cell ``begin``; its kernel ends when the context exits."""
        size: Any = SIZE | {"height": height}
        page = self._browser.new_page(viewport=size, device_scale_factor=scale)
        try:
            page.goto(f"{self.url}/lab/tree/{notebook.name}?reset")
            page.locator(".jp-NotebookPanel .jp-CodeCell").first.wait_for(timeout=60 * SECONDS)
            page.get_by_text("| Idle").first.wait_for(timeout=60 * SECONDS)
            opened = Notebook(page, notebook)
            if begin is not None:
                opened.run(begin)
                opened.wait(begin)
            yield opened
        finally:
            page.close()
            self._end_kernels()

    @contextmanager
    def read(self, name: str) -> "Iterator[Page]":
        """Open a file of the folder in a page without JavaScript."""
        page = self._browser.new_page(viewport=SIZE, java_script_enabled=False)
        page.goto((self.folder / name).as_uri())
        yield page
        page.close()

    def _end_kernels(self) -> None:
        for session in json.load(_request(f"{self.url}/api/sessions")):
            _request(f"{self.url}/api/sessions/{session['id']}", "DELETE").close()


class Notebook:
    """A notebook that is open in a browser."""

    def __init__(self, page: "Page", path: Path) -> None:
        self.page, self.path = page, path

    def cell(self, number: int) -> "Locator":
        """Return the code cell with this number."""
        return self.page.locator(".jp-CodeCell").nth(number)

    def output(self, number: int) -> "Locator":
        """Return the outputs of a cell."""
        return self.cell(number).locator(".jp-OutputArea-output")

    def run(self, *numbers: int) -> None:
        """Run cells; each waits in the queue for the ones before it."""
        for number in numbers:
            self.cell(number).locator(".cm-content").click()
            self.page.keyboard.press("Shift+Enter")

    def wait(self, number: int, seconds: float = 60) -> None:
        """Wait until a cell has run."""
        prompt = self.cell(number).locator(".jp-InputPrompt")
        prompt.filter(has_text=_HAS_RUN).wait_for(timeout=seconds * SECONDS)

    def seconds_until(self, number: int, act: Callable[[], object]) -> float:
        """Return the seconds from an action to the end of a cell."""
        began = time.monotonic()
        act()
        self.wait(number)
        return time.monotonic() - began

    def stop(self) -> None:
        """Click the Stop button of the notebook."""
        self.page.locator("[data-command='notebook:interrupt-kernel'], .jp-ToolbarButton").locator(
            "visible=true"
        ).filter(has=self.page.locator("[data-icon='ui-components:stop']")).first.click()

    def contrasts(self, number: int) -> dict[str, float]:
        """Return the contrast of each text in the output of a cell with its background."""
        found = self.output(number).evaluate_all(CONTRASTS)
        return {text: contrast for text, contrast in found if text.strip()}

    def save(self) -> Any:
        """Save the notebook and return the content of the file."""
        before = self.path.stat().st_mtime_ns
        self.page.keyboard.press("Control+s")
        until = time.monotonic() + 20
        while self.path.stat().st_mtime_ns == before:
            if time.monotonic() > until:
                raise TimeoutError("The notebook was not saved.")
            self.page.wait_for_timeout(100)
        return nbformat.read(self.path, as_version=4)


def chromium() -> str:
    """Return the path of a Chromium."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise FileNotFoundError("No Chromium is installed: apt-get install -y chromium")
    return found


@contextmanager
def browser() -> "Iterator[Browser]":
    """Start a browser; the caller closes its pages."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield started
        started.close()


@contextmanager
def jupyter(folder: Path, browser: "Browser") -> Iterator[Lab]:
    """Serve a folder with its own settings and kernels."""
    _write_settings(folder, SETTINGS)
    port = _free_port()
    command = [
        *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
        *("--IdentityProvider.token=", "--ServerApp.password="),
        *("--ServerApp.disable_check_xsrf=True", "--LabApp.extension_manager=readonly"),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    environment = os.environ | {name: str(folder / place) for name, place in FOLDERS.items()}
    with (folder / "jupyter.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, server)
            yield Lab(folder, url, browser)
        finally:
            server.terminate()
            server.wait()


def _write_settings(folder: Path, settings: dict[str, Any]) -> None:
    for plugin, values in settings.items():
        path = folder / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 90
    while server.poll() is None and time.monotonic() < until:
        try:
            _request(f"{url}/api").close()
        except URLError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError("JupyterLab did not start; see jupyter.log in its folder.")


def _request(url: str, method: str = "GET") -> Any:
    return urlopen(Request(url, method=method), timeout=10)  # noqa: S310 - on loopback
