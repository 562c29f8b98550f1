"""What the dashboard was told to look at."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Given:
    """Folders. Nothing outside them is ever opened.

    Attributes:
        runs: holds run folders and reports, at any depth that ``list_reports`` looks at.
        datasets: dataset folders; faces are shown from these alone.
        benchmarks: results of ``python -m benchmarks...``, a folder of JSON files.
        look_alikes: tables of who resembles whom; those among the runs are found without.
    """

    runs: Path
    datasets: tuple[Path, ...] = ()
    benchmarks: Path | None = None
    look_alikes: tuple[Path, ...] = ()

    @classmethod
    def of_arguments(cls, arguments: Sequence[str]) -> "Given":
        """From the arguments that ``ethnoshard dashboard`` gives to the script."""
        parser = argparse.ArgumentParser(prog="dashboard")
        parser.add_argument("runs", type=Path)
        parser.add_argument("--dataset", type=Path, action="append", default=[])
        parser.add_argument("--benchmarks", type=Path)
        parser.add_argument("--look-alikes", type=Path, action="append", default=[])
        parsed = parser.parse_args(arguments)
        return cls(
            runs=parsed.runs,
            datasets=tuple(parsed.dataset),
            benchmarks=parsed.benchmarks,
            look_alikes=tuple(parsed.look_alikes),
        )
