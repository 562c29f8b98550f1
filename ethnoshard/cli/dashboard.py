"""``ethnoshard dashboard``."""

import importlib
import importlib.util
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from ethnoshard._checks import check_number
from ethnoshard.cli._console import say
from ethnoshard.errors import EthnoshardError

_LOOPBACK = "127.0.0.1"


def run(
    runs: Annotated[Path, typer.Argument(metavar="RUNS", help="Folder with run folders and reports.")],
    dataset: Annotated[
        list[Path] | None, typer.Option(metavar="DATASET", help="Dataset folder to show faces from; may be repeated.")
    ] = None,
    benchmarks: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Results of the benchmarks, JSON files.")
    ] = None,
    look_alikes: Annotated[
        list[Path] | None,
        typer.Option(
            "--look-alikes",
            metavar="FOLDER",
            help="Table of who resembles whom, to plan batches with; may be repeated. Those in RUNS are found.",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on. With another than this machine's own, whoever reaches it looks.")
    ] = _LOOPBACK,
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
) -> None:
    """Look at runs, datasets, reports and benchmarks in a browser. Reads folders; never trains, sends nothing away."""
    tables = look_alikes or []
    for folder in (runs, *(dataset or []), *([] if benchmarks is None else [benchmarks]), *tables):
        if not folder.is_dir():
            raise EthnoshardError(f"{folder} is not a folder")
    check_number("port", port, at_least=1, at_most=65535)
    _check_free(host, port)
    if importlib.util.find_spec("streamlit") is None:
        raise EthnoshardError("the dashboard needs streamlit: pip install 'ethnoshard[dashboard]'")
    arguments = [str(runs.resolve())]
    for folder in dataset or []:
        arguments += ["--dataset", str(folder.resolve())]
    if benchmarks is not None:
        arguments += ["--benchmarks", str(benchmarks.resolve())]
    for folder in tables:
        arguments += ["--look-alikes", str(folder.resolve())]
    if host != _LOOPBACK:
        say(f"listening on {host}: whoever reaches this machine can look, and nothing asks for a password")
    _serve(arguments, host, port, browser)


def _check_free(host: str, port: int) -> None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as tried:
            # As the server does: one that has just ended does not hold its port for minutes.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        why = f"can't listen on {host}, port {port}: {error.strerror}"
        raise EthnoshardError(f"{why}; say another --port or --host") from error


def _serve(arguments: list[str], host: str, port: int, browser: bool) -> None:
    """Run until Ctrl-C."""
    script = _script()
    # Seconds of imports, here in the server's own process, so that the first page does not wait for them.
    _load(script)
    import streamlit.web.cli

    named = f"[{host}]" if ":" in host else host
    say(f"the dashboard is at http://{named}:{port}; Ctrl-C ends it")
    options = {
        "server.address": host,
        "server.port": port,
        "server.headless": str(not browser).lower(),
        "server.fileWatcherType": "none",
        "server.showEmailPrompt": "false",
        "browser.gatherUsageStats": "false",
        # Streamlit's greeting offers to install things, on the terminal and on the page.
        "logger.hideWelcomeMessage": "true",
        "browser.serverAddress": host,
        "client.toolbarMode": "minimal",
        # Widgets have their value from the URL, and then their default too.
        "global.disableWidgetStateDuplicationWarning": "true",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    streamlit.web.cli.main(["run", str(script), *flags, "--", *arguments], standalone_mode=False)


def _load(script: Path) -> None:
    """What the pages import, under the name that the script imports it by."""
    package = Path(__file__).resolve().parents[1]
    if script.is_relative_to(package):
        importlib.import_module("ethnoshard.dashboard")
    else:
        sys.path.insert(0, str(script.parents[1]))
        importlib.import_module("dashboard")


def _script() -> Path:
    """The app: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "dashboard", package.parent / "dashboard"):
        if (folder / "app.py").is_file():
            return folder / "app.py"
    raise EthnoshardError(f"the dashboard is not installed with ethnoshard in {package}; install it again")
