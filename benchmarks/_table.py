"""What the benchmarks share: rounds, medians, a table, a file of results."""

import json
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def in_turn(contestants: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Run every contestant once a round, so that all of them meet the machine's good and bad moments alike.

    Each returns its rate.
    """
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name, run in contestants.items():
            rates[name].append(run())
            print(f"round {number + 1}: {name}: {rates[name][-1]:,.1f} a second", flush=True)
    return rates


def summary(rates: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Least, median and most of each contestant."""
    return {
        name: {"least": min(values), "median": statistics.median(values), "most": max(values)}
        for name, values in rates.items()
    }


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A Markdown table."""
    print("| " + " | ".join(head) + " |")
    print("| --- |" + " ---: |" * (len(head) - 1))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")


def keep(name: str, content: dict[str, Any]) -> None:
    """Write ``results/NAME.json``."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps({"machine": machine_facts(), **content}, indent=2) + "\n")


def machine_facts() -> dict[str, Any]:
    """What every file of results says of where it was measured."""
    return {"processor": _processor(), "cores": os.cpu_count(), "python": platform.python_version()}


def _processor() -> str:
    """Its name where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
