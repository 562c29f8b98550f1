"""Errors by group at many thresholds, from scores that somebody has or from embeddings."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from ethnoshard._checks import check_number, check_whole
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._cells import UNKNOWN, genuine_errors, genuine_pairs, impostor_errors, impostor_pairs
from ethnoshard.evaluation._checks import Floats
from ethnoshard.evaluation._count_embeddings import tallies_of_embeddings
from ethnoshard.evaluation._count_scores import tallies_of_scores
from ethnoshard.evaluation._curves_by_group import GroupCurves
from ethnoshard.evaluation._impostors import Weighting
from ethnoshard.evaluation._rates import drawn_rates
from ethnoshard.evaluation._tally import Tally

MIN_PEOPLE = 20
"""Of fewer people draws are so much alike that their interval means nothing."""
MIN_PAIRS = 30
"""Of fewer pairs one error more or less moves the rate by more than 3 %."""


def curves_of_scores(
    score: npt.ArrayLike,
    same: npt.ArrayLike,
    groups: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    thresholds: npt.ArrayLike,
    people: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    weighting: Weighting | None = None,
    alpha: float = 0.5,
    draws: int = 1000,
    seed: int = 0,
    min_people: int = MIN_PEOPLE,
    min_pairs: int = MIN_PAIRS,
) -> GroupCurves:
    """Errors by group of a list of scored pairs, any system's, at each of T thresholds.

    Args:
        score: (N,) similarities, greater for images that are more alike.
        same: (N,) bool.
        groups: (N,) and (N,) group of each image's person.
        thresholds: (T,) rising (``thresholds_over_scores``); a pair is accepted from it on.
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
            has two groups, weighting by person is asked for without people, thresholds don't rise.
    """
    if weighting == "person" and people is None:
        raise EthnoshardError("weighting by person needs to know whose the images are; give people, or weight by pair")
    tallies = tallies_of_scores(score, same, groups, people, _rising(thresholds))
    weight = weighting or ("pair" if people is None else "person")
    return _measured(tallies, weight, alpha, draws, seed, min_people, min_pairs)


def curves_of_embeddings(
    embeddings: npt.ArrayLike,
    people: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    thresholds: npt.ArrayLike,
    matched_on: npt.ArrayLike | None = None,
    weighting: Weighting = "person",
    alpha: float = 0.5,
    draws: int = 1000,
    seed: int = 0,
    min_people: int = MIN_PEOPLE,
    min_pairs: int = MIN_PAIRS,
) -> GroupCurves:
    """Errors by group of all pairs of images, at each of T thresholds.

    Scores are computed once for all thresholds, block after block, and only errors are kept, counted by people; draws
    need no score. Time and memory grow with the pairs that the lowest threshold accepts.

    Args:
        embeddings: (N, D), divided by their length; the similarity is the cosine.
        people: (N,) whose each image is.
        groups: (N,) that person's group. Leave images without one out.
        thresholds: (T,) rising (``thresholds_over_embeddings``); a pair is accepted from it on.
        matched_on: (N,) an attribute of the person, such as sex, "" or None where unknown: two people known to differ
            in it make no pair.
        weighting: "person" or "pair", as for ``curves_of_scores``.
        alpha: likewise.
        draws: likewise.
        seed: likewise.
        min_people: likewise.
        min_pairs: likewise.

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), arrays that don't fit, one group only, a
            person with two groups, thresholds don't rise.
    """
    tallies = tallies_of_embeddings(embeddings, people, groups, _rising(thresholds), matched_on)
    return _measured(tallies, weighting, alpha, draws, seed, min_people, min_pairs)


def _rising(thresholds: npt.ArrayLike) -> Floats:
    values = np.asarray(thresholds, np.float64)
    if values.ndim != 1 or not len(values) or np.isnan(values).any() or (np.diff(values) <= 0).any():
        raise EthnoshardError(
            f"thresholds are one number at least, each greater than the one before; these are {values.tolist()}"
        )
    return values


def _measured(
    tallies: Iterable[Tally],
    weighting: Weighting,
    alpha: float,
    draws: int,
    seed: int,
    min_people: int,
    min_pairs: int,
) -> GroupCurves:
    """From tallies of the same people at rising thresholds."""
    check_number("alpha", alpha, at_least=0, at_most=1)
    for name, value in {"draws": draws, "seed": seed, "min_people": min_people, "min_pairs": min_pairs}.items():
        check_whole(name, value, 0)
    if weighting not in ("person", "pair"):
        raise EthnoshardError(f"weighting is by person or by pair; {weighting!r} is neither")
    thresholds, rates, accepted, refused = [], [], [], []
    for tally in tallies:
        thresholds.append(tally.threshold)
        rates.append(drawn_rates(tally, weighting, draws, seed))
        accepted.append(impostor_errors(tally))
        refused.append(genuine_errors(tally))
    pairs_fmr, people_fmr = impostor_pairs(tally)
    pairs_fnmr, people_fnmr = genuine_pairs(tally)
    drawn = {name: np.stack([getattr(each, name) for each in rates]) for name in vars(rates[0])}
    return GroupCurves(
        groups=tally.groups,
        thresholds=np.array(thresholds),
        **drawn,
        errors_fmr=np.stack(accepted),
        errors_fnmr=np.stack(refused),
        pairs_fmr=pairs_fmr,
        pairs_fnmr=pairs_fnmr,
        people_fmr=people_fmr,
        people_fnmr=people_fnmr,
        crowd=len(tally.people) if tally.known else UNKNOWN,
        alpha=alpha,
        weighting=weighting,
        seed=seed,
        min_people=min_people,
        min_pairs=min_pairs,
        people=tally.digest(),
    )
