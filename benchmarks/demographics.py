"""Errors by group of all pairs of images: ``python -m benchmarks.demographics [--people N] [--images N] [--draws N]``.

By default as many people and images as LFW has, spread over them as unevenly, and groups in about the proportions in
which its people are labelled; embeddings are random about a centre for each person. Printed are the seconds for the
common threshold, for all figures with their intervals, for comparing two models, for choosing some 42 thresholds and
for the same figures at each of them; and the process's peak memory before the thresholds and after.
"""

import argparse
import json
import resource

import numpy as np
from numpy.typing import NDArray

from benchmarks._table import keep
from benchmarks.planning import timed
from ethnoshard.evaluation import (
    GroupOptions,
    Roster,
    compare_demographics,
    demographics,
    group_curves,
    threshold_at_fmr,
    thresholds_over,
)

SHARES = {"A": 0.64, "B": 0.16, "C": 0.12, "D": 0.08}
"""Of images; the largest group then has 36 million pairs."""


def people_of(number: int, images: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Whose each image is: most people with one image, a few with hundreds."""
    counts = 1 + np.floor(rng.pareto(1.1, number)).astype(np.int64)
    counts = np.minimum(counts, 530)
    while counts.sum() != images:
        some = rng.choice(number, min(number, abs(int(images - counts.sum()))), replace=False)
        counts[some] += np.sign(images - counts.sum())
        counts = np.maximum(counts, 1)
    return np.repeat(np.arange(number), counts)


def peak_mib() -> int:
    """The most memory that this process has had so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Evaluate, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=5749)
    parser.add_argument("--images", type=int, default=13233)
    parser.add_argument("--dimensions", type=int, default=512)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--fmr", type=float, default=0.001)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    people = people_of(arguments.people, arguments.images, rng)
    # Cut where the cumulated images reach each share, so that the largest group is as large as meant.
    ends = np.cumsum(list(SHARES.values())) * len(people)
    first = np.searchsorted(people, people)
    groups = np.array(list(SHARES))[np.searchsorted(ends, first, "right")]
    centres = rng.normal(size=(arguments.people, arguments.dimensions))
    one, other = (
        centres[people] + rng.normal(size=(len(people), arguments.dimensions)) * noise for noise in (1.0, 1.1)
    )
    options = GroupOptions(draws=arguments.draws)
    # To bring embeddings to unit length is part of what each of them takes.
    threshold_s, threshold = timed(lambda: threshold_at_fmr(Roster.of(one, people), arguments.fmr))
    figures_s, base = timed(lambda: demographics(Roster.of(one, people, groups), threshold, options))
    changed = demographics(Roster.of(other, people, groups), threshold, options)
    tallies = [figures.tally for figures in (base, changed) if figures.tally is not None]
    compare_s, _ = timed(lambda: compare_demographics(*tallies, draws=arguments.draws))
    before = peak_mib()
    choice_s, thresholds = timed(lambda: thresholds_over(Roster.of(one, people), threshold))
    curves_s, curves = timed(lambda: group_curves(Roster.of(one, people, groups), thresholds, options))
    figures = {
        "people": arguments.people,
        "images": arguments.images,
        "dimensions": arguments.dimensions,
        "draws": arguments.draws,
        "fmr": arguments.fmr,
        "pairs": base.overall.fmr.pairs + base.overall.fnmr.pairs,
        "pairs_of_largest_group": max(rates.fmr.pairs for rates in base.by_group.values()),
        "threshold_s": round(threshold_s, 1),
        "figures_s": round(figures_s, 1),
        "compare_s": round(compare_s, 2),
        "peak_mib": before,
        "thresholds": len(thresholds),
        "most_accepted": int(curves.at(0).overall.fmr.errors),
        "choice_s": round(choice_s, 1),
        "curves_s": round(curves_s, 1),
        "kept_mib": round(sum(values.nbytes for values in curves.arrays().values()) / 2**20, 1),
        "peak_with_thresholds_mib": peak_mib(),
    }
    print(json.dumps(figures, indent=2))
    keep("demographics", figures)


if __name__ == "__main__":
    main()
