"""A real headless Chromium that looks at the dashboard, and what it complains about."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from dashboard._given import Given

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
_QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync", "--use-gl=angle", "--use-angle=swiftshader",
          "--enable-unsafe-swiftshader")  # fmt: skip
_PATIENCE = 900.0
"""Seconds after which what should have happened counts as never happening."""

_ENDS_WITH_ITS_STARTER = """
import os, signal, threading

def end_with_starter():
    os.read({}, 1)
    os.kill(os.getpid(), signal.SIGKILL)

threading.Thread(target=end_with_starter, daemon=True).start()
from ethnoshard.cli import main
main()
"""
"""The real command, which ends too when the other end of a pipe is closed, as it is by whatever ends its holder."""

# On a link to a page, Streamlit's own script asks below that page first and finds its server above.
_PROBES = re.compile(r"/[a-z]+/_stcore/(health|host-config)$")


@contextlib.contextmanager
def served(given: Given) -> Iterator[int]:
    """The real command in a process of its own; gives the port that it listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    alive, life_line = os.pipe()
    command = [sys.executable, "-c", _ENDS_WITH_ITS_STARTER.format(alive)]
    command += ["dashboard", str(given.runs), "--no-browser", "--port", str(port)]
    for dataset in given.datasets:
        command += ["--dataset", str(dataset)]
    if given.benchmarks is not None:
        command += ["--benchmarks", str(given.benchmarks)]
    for folder in given.look_alikes:
        command += ["--look-alikes", str(folder)]
    process = subprocess.Popen(command, pass_fds=[alive], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    os.close(alive)
    try:
        while not listens(f"http://127.0.0.1:{port}"):
            assert process.poll() is None, process.communicate()[0]
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        try:
            output, _ = process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            os.close(life_line)
    # A traceback there is an error that a page swallowed.
    assert "Traceback" not in output, output


def listens(address: str) -> bool:
    """Whether a dashboard answers at ``http://host:port``; where it doesn't, a moment is waited."""
    with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
        urllib.request.urlopen(f"{address}/_stcore/health", timeout=_PATIENCE).close()
        return True
    time.sleep(0.05)
    return False


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's, or the one that the environment variable CHROMIUM names."""
    assert CHROMIUM, "the dashboard's tests need Chromium: apt-get install chromium, or set CHROMIUM to its path"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        yield browser
        browser.close()


@dataclass
class Visit:
    """A tab, and everything it complained about.

    Attributes:
        page: Playwright's page.
        port: of the dashboard.
        complaints: errors of the console and of scripts, failed requests, requests to elsewhere, dialogs.
    """

    PAUSE: ClassVar[float] = 0.3
    """Seconds that ``settled`` waits in any case: the script may not have begun yet."""

    page: Page
    port: int
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen, and wait for as long as it takes."""
        self.page.set_default_timeout(1000 * _PATIENCE)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("request", self._request)
        self.page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def open(self, address: str) -> None:
        """Go to a page such as ``runs?runs=base-0`` and wait until it is shown whole."""
        self.page.goto(f"http://127.0.0.1:{self.port}/{address}")
        self.settled()

    def settled(self) -> None:
        """Wait until the page is shown whole."""
        self.through()
        self.drawn()

    def through(self) -> None:
        """Wait until the page's script is through: title, headings, text and figures are there."""
        self.page.locator("h1").first.wait_for()
        self.page.wait_for_timeout(1000 * self.PAUSE)
        self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()

    def drawn(self) -> None:
        """Wait until charts and tables are there; grey boxes stand for what is not drawn yet."""
        self.page.wait_for_function(
            "() => !document.querySelector('[data-testid=stSkeleton], [data-testid=stAppSkeleton]') &&"
            " [...document.querySelectorAll('[data-testid=stPlotlyChart]')]"
            ".every(chart => chart.querySelector('.main-svg'))"
        )

    def shoot(self, path: Path, width: int = 1400, most: int = 4000) -> None:
        """A picture of the whole page, however far it goes down."""
        tall = int(self.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight"))
        self.page.set_viewport_size({"width": width, "height": min(max(tall + 20, 800), most)})
        self.settled()
        self.page.wait_for_timeout(1000)
        self.page.screenshot(path=path)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _PROBES.search(message.location["url"]):
            self.complaints.append(f"console: {message.text} {message.location['url']}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith(
            (f"http://127.0.0.1:{self.port}/", f"ws://127.0.0.1:{self.port}/", "data:", "blob:")
        ):
            self.complaints.append(f"request: {request.url}")
