"""How long verification of scores takes, and how much memory: ``python -m benchmarks.scores [pairs people draws]``.

Scores are made: two people's are drawn from one normal distribution, one person's from another. By default 924,000
pairs of 800 people, the size of BFW's list, with 1,000 draws of people. One process on one core.
"""

import resource
import sys
import time

import numpy as np

from ethnoshard.evaluation import verification_of_distances

_SAME = 0.26
"""Share of pairs of one person, as in BFW."""


def main(pairs: int = 924_000, people: int = 800, draws: int = 1000) -> None:
    """Print seconds and the greatest memory of the process, before and after.

    Args:
        pairs: in the list.
        people: whom they show.
        draws: of people.
    """
    rng = np.random.default_rng(0)
    same = rng.random(pairs) < _SAME
    first = rng.integers(0, people, pairs)
    second = np.where(same, first, (first + rng.integers(1, people, pairs)) % people)
    distance = rng.normal(np.where(same, 0.0, 3.0), 1.0)
    names = np.array([f"n{number:06d}" for number in range(people)])
    both = names[first], names[second]
    before, begin, cpu = _most_memory(), time.perf_counter(), time.process_time()
    found = verification_of_distances(distance, same, people=both, draws=draws)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    at = found.validation[0]
    assert at.val is not None
    print(f"{pairs:,} pairs, {people:,} people, {draws:,} draws: {seconds:.1f} s, {cpu:.1f} s of a core")
    print(f"{_most_memory():,.0f} MiB at most, {before:,.0f} MiB before, with the list")
    print(f"VAL at FAR 0.001: {at.val.mean:.4f} {at.val.people_interval}")


def _most_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
