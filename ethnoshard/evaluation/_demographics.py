"""Errors by group, from scores that somebody has or from embeddings, at one threshold for all."""

import numpy.typing as npt

from ethnoshard.evaluation._by_group import Demographics
from ethnoshard.evaluation._curves import MIN_PAIRS, MIN_PEOPLE, curves_of_embeddings, curves_of_scores
from ethnoshard.evaluation._impostors import Weighting


def demographics_of_scores(
    score: npt.ArrayLike,
    same: npt.ArrayLike,
    groups: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    threshold: float,
    people: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    weighting: Weighting | None = None,
    alpha: float = 0.5,
    draws: int = 1000,
    seed: int = 0,
    min_people: int = MIN_PEOPLE,
    min_pairs: int = MIN_PAIRS,
) -> Demographics:
    """Errors by group of a list of scored pairs, any system's.

    Args:
        score: (N,) similarities, greater for images that are more alike.
        same: (N,) bool.
        groups: (N,) and (N,) group of each image's person.
        threshold: a pair is accepted from it on. Set it on people who are not in the test.
        people: (N,) and (N,) whose each image is. Without, there is no interval from draws of people.
        weighting: "person", by default where people are known: each person's same-person pairs count alike, and
            each two people's different-person pairs; or "pair".
        alpha: weight of FMR against FNMR in FDR, IR and GARBE, 0 to 1.
        draws: of people.
        seed: of the draws.
        min_people: below it a rate is flagged and its group enters no figure.
        min_pairs: likewise.

    Raises:
        EthnoshardError: scores are not finite, arrays don't fit, pairs are of one kind or groups only one, a person
            has two groups, weighting by person is asked for without people.
    """
    return curves_of_scores(
        score, same, groups, thresholds=[threshold], people=people, weighting=weighting, alpha=alpha, draws=draws,
        seed=seed, min_people=min_people, min_pairs=min_pairs,
    ).at(0)  # fmt: skip


def demographics_of_embeddings(
    embeddings: npt.ArrayLike,
    people: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    threshold: float,
    matched_on: npt.ArrayLike | None = None,
    weighting: Weighting = "person",
    alpha: float = 0.5,
    draws: int = 1000,
    seed: int = 0,
    min_people: int = MIN_PEOPLE,
    min_pairs: int = MIN_PAIRS,
) -> Demographics:
    """Errors by group of all pairs of images.

    Scores are computed once, block after block, and only errors are kept, counted by people; draws need no score.

    Args:
        embeddings: (N, D), divided by their length; the similarity is the cosine.
        people: (N,) whose each image is.
        groups: (N,) that person's group. Leave images without one out.
        threshold: a pair is accepted from it on. Set it on people who are not in the test
            (``threshold_of_embeddings``).
        matched_on: (N,) an attribute of the person, such as sex, "" or None where unknown: two people known to differ
            in it make no pair.
        weighting: "person" or "pair", as for ``demographics_of_scores``.
        alpha: likewise.
        draws: likewise.
        seed: likewise.
        min_people: likewise.
        min_pairs: likewise.

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), arrays that don't fit, one group only, a
            person with two groups.
    """
    return curves_of_embeddings(
        embeddings, people, groups, thresholds=[threshold], matched_on=matched_on, weighting=weighting, alpha=alpha,
        draws=draws, seed=seed, min_people=min_people, min_pairs=min_pairs,
    ).at(0)  # fmt: skip
