"""One line instead of a server that nobody can reach, or a traceback."""

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "nosuch is no folder"),
        ([".", "--dataset", "nosuch"], "nosuch is no folder"),
        ([".", "--benchmarks", "nosuch"], "nosuch is no folder"),
        ([".", "--port", "0"], "port is 1 to 65535; 0 is not"),
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
