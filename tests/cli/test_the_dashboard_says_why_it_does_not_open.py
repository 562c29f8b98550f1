"""One line instead of a server that nobody can reach, or a traceback; and nothing but its address when it runs."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.browsing import listens
from tests.kit.waiting import PATIENCE, until

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "nosuch is not a folder"),
        ([".", "--dataset", "nosuch"], "nosuch is not a folder"),
        ([".", "--benchmarks", "nosuch"], "nosuch is not a folder"),
        ([".", "--look-alikes", "nosuch"], "nosuch is not a folder"),
        ([".", "--port", "0"], "port must be between 1 and 65,535, got 0"),
        ([".", "--host", "no.such.host.invalid"], "can't listen on no.such.host.invalid, port 8501"),
    ],
)
def test_a_wrong_option_is_one_line(arguments: list[str], said: str, cli: Cli) -> None:
    run = cli("dashboard", *arguments, "--no-browser")
    assert run.returncode == 1
    assert run.stderr.startswith("error: ") and said in run.stderr and len(run.stderr.splitlines()) == 1


def test_a_port_that_is_taken_is_said(cli: Cli, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        run = cli("dashboard", tmp_path, "--no-browser", "--port", port)
    assert run.returncode == 1
    assert f"can't listen on 127.0.0.1, port {port}" in run.stderr and "say another --port" in run.stderr


def test_with_a_browser_it_says_where_it_is_and_offers_nothing_else(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "ethnoshard", "dashboard", str(tmp_path), "--port", address.rpartition(":")[2]]
    # A browser that is there and shows nothing.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "BROWSER": "true"})
    try:
        until(lambda: process.poll() is not None or listens(address))
    finally:
        process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    assert lines == [f"the dashboard is at {address}; Ctrl-C ends it", "Stopping..."]


def test_the_pages_are_loaded_before_the_server_listens(tmp_path: Path) -> None:
    script = f"""
import sys
import streamlit.web.cli
streamlit.web.cli.main = lambda *_, **__: print("dashboard.views.clusters" in sys.modules)
from ethnoshard.cli import main
sys.argv[1:] = ["dashboard", {str(tmp_path)!r}, "--no-browser", "--port", "18501"]
main()
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "True"
    # Streamlit warns of what is cached or registered before there is a server.
    assert run.stderr == ""
