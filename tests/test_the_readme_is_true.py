"""The README's commands and its Python run as they stand, in order, in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def test_the_commands_and_the_python_of_the_readme_run(tmp_path: Path) -> None:
    commands, python = blocks("sh"), blocks("python")
    assert len(commands) == 1 and len(python) == 4
    scripts = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    shell = subprocess.run(
        ["sh", "-euc", commands[0]], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert shell.returncode == 0, shell.stderr
    assert "no fault" in shell.stdout
    assert (tmp_path / "try" / "sheet.png").stat().st_size > 10_000
    said = []
    for code in python:
        run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        said.append(run.stdout)
    assert "excluded" in said[0]
    assert re.search(r"\d of \d+ triplets", said[1])
    assert "['A', 'B', 'C', 'D'] 182" in said[2]


def test_every_verb_is_in_the_readme_and_only_those() -> None:
    run = subprocess.run([sys.executable, "-m", "ethnoshard", "--help"], capture_output=True, text=True, check=True)
    listed = set(re.findall(r"^  ([a-z-]+) {2,}", run.stdout.partition("Commands:")[2], re.MULTILINE))
    assert listed == set(re.findall(r"^\| `ethnoshard ([a-z-]+)", README.read_text(), re.MULTILINE))
