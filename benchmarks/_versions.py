"""Another version of this repository beside this one: each measured in processes of its own, in turn."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

NOW = Path(__file__).parent.parent
"""This checkout."""

Found = TypeVar("Found")


def add_before(parser: argparse.ArgumentParser, *, needed: bool = True) -> None:
    """Have a benchmark ask for the other version, as ``before``."""
    parser.add_argument(
        "before", type=Path, nargs=None if needed else "?", help="checkout of the version to stand beside"
    )


def versions_beside(before: Path) -> dict[str, Path]:
    """The checkouts of both: "before", "now"."""
    return {"before": before.resolve(), "now": NOW}


def in_version(version: Path, *command: object) -> str:
    """What a command of Python's prints where ``ethnoshard`` is that of a checkout; its errors are shown.

    Args:
        version: the checkout; the command runs in it, and leaves no compiled files there.
        command: what follows ``python``: a script with its arguments, ``-c`` or ``-m`` with theirs.

    Raises:
        CalledProcessError: it ended otherwise than well.
    """
    environment = {**os.environ, "PYTHONPATH": str(version), "PYTHONDONTWRITEBYTECODE": "1"}
    line = [sys.executable, *map(str, command)]
    return subprocess.run(line, env=environment, cwd=version, stdout=subprocess.PIPE, check=True, text=True).stdout


def measured_in(version: Path, *command: object) -> dict[str, Any]:
    """The same of a command that prints JSON."""
    found: dict[str, Any] = json.loads(in_version(version, *command))
    return found


def versions_in_turn(
    versions: dict[str, Path], rounds: int, measure: Callable[[Path], Found], *, of: str = ""
) -> dict[str, list[Found]]:
    """What each version came to in each round: all of them meet the machine's good and bad moments alike.

    Args:
        versions: checkouts by name.
        rounds: how often each is measured.
        measure: measures a checkout once.
        of: what is measured, for the lines that say how far it is.
    """
    found: dict[str, list[Found]] = {name: [] for name in versions}
    for number in range(rounds):
        for name, version in versions.items():
            found[name].append(measure(version))
            print(f"{of}{', ' if of else ''}round {number + 1}: {name}: {found[name][-1]}", flush=True)
    return found
