"""Labelling by the shipped classifier: ``python -m benchmarks.labelling WORK [--rounds R] [--workers W]``.

WORK is a work folder that is aligned; its lookup table is written anew. Reading, decoding and predicting of up to ten
faces of each identity, by the real workers, from their first batch on, so that loading torch is left out.
"""

import argparse
import time
from pathlib import Path

from benchmarks._table import in_turn, keep, print_table, summary
from ethnoshard._parallel import available_cores
from ethnoshard.ethnicity import Progress, label_by_classifier


def labelled(work: Path, workers: int) -> float:
    """Faces a second."""
    counted: list[tuple[float, int]] = []
    progress = Progress(advance=lambda number: counted.append((time.perf_counter(), number)))
    label_by_classifier(work, workers=workers, progress=progress)
    return sum(number for _, number in counted[1:]) / (counted[-1][0] - counted[0][0])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=available_cores())
    arguments = parser.parse_args()
    rates = in_turn({"ethnoshard label": lambda: labelled(arguments.work, arguments.workers)}, arguments.rounds)
    figures = summary(rates)
    print_table(
        ["faces a second", "least", "median", "most"],
        [[name, *(f"{value:,.0f}" for value in values.values())] for name, values in figures.items()],
    )
    keep("labelling", {"workers": arguments.workers, "rates": figures})


if __name__ == "__main__":
    main()
