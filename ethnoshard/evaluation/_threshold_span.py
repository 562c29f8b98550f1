"""Thresholds worth looking at: from those that let many false matches in to those that refuse nearly everybody."""

import numpy as np
import numpy.typing as npt

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, normalised, same_of, scores_of, texts_of
from ethnoshard.evaluation._count_embeddings import above_diagonal, known_to_differ, matched_people, similarity_blocks
from ethnoshard.evaluation._impostors import Weighting
from ethnoshard.evaluation._people import people_of_pairs

NUMBER = 41
MOST_FMR, USUAL_FMR, LEAST_FMR = 0.1, 0.001, 0.00001
HALF_FNMR, MOST_FNMR = 0.5, 0.9

_BINS = 200_000
"""Over similarities from -1 to 1 these are steps of 0.00001."""


def thresholds_over_scores(
    score: npt.ArrayLike,
    same: npt.ArrayLike,
    *,
    own: float,
    people: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    weighting: Weighting | None = None,
) -> Floats:
    """Some 41 evenly spaced thresholds over what is worth looking at, and the one that a report has.

    They begin where 10 % of different pairs are accepted, and end where 0.001 % are or where half of the same pairs
    are refused, whichever is later; but not after 90 % are refused, unless more than 0.1 % of different pairs are
    still accepted there.

    Args:
        score: (N,) similarities.
        same: (N,) bool.
        own: the report's threshold, which becomes one of them exactly, wherever it lies.
        people: (N,) and (N,) whose each image is.
        weighting: "person", by default where people are known: all pairs of two people together count as one, and all
            pairs of one person; or "pair".

    Returns:
        (T,) rising, T 42 at most; fewer where they fall together.

    Raises:
        EthnoshardError: scores are not finite, arrays don't fit, pairs are of one kind, weighting by person is asked
            for without people, ``own`` is not finite.
    """
    values = scores_of(score)
    truth = same_of(same, len(values))
    weight = np.ones(len(values))
    if people is not None and weighting != "pair":
        known = people_of_pairs(*people, truth)
        low, high = np.minimum(known.first, known.second), np.maximum(known.first, known.second)
        _, place, times = np.unique(low * known.number + high, return_inverse=True, return_counts=True)
        weight = 1 / times[place]
    elif weighting == "person":
        raise EthnoshardError("weighting by person needs to know whose the images are; give people, or weight by pair")
    steps, place = np.unique(values, return_inverse=True)
    different, alike = (
        np.bincount(place, weight * kind, minlength=len(steps)).astype(np.float64) for kind in (~truth, truth)
    )
    return _spread(np.append(steps, np.nextafter(steps[-1], np.inf)), different, alike, own)


def thresholds_over_embeddings(
    embeddings: npt.ArrayLike,
    people: npt.ArrayLike,
    *,
    own: float,
    matched_on: npt.ArrayLike | None = None,
    weighting: Weighting = "person",
) -> Floats:
    """The same over all pairs of images, their similarity, the cosine, taken in steps of 0.00001.

    Args:
        embeddings: (N, D), divided by their length.
        people: (N,) whose each image is.
        own: the report's threshold, which becomes one of them exactly, wherever it lies.
        matched_on: (N,) an attribute of the person; two people known to differ in it make no pair.
        weighting: "person" or "pair".

    Returns:
        (T,) rising, T 42 at most; fewer where they fall together.

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), arrays that don't fit, ``own`` is not
            finite.
    """
    unit = normalised(embeddings).astype(np.float32)
    names, codes = np.unique(texts_of(people, len(unit), "the person"), return_inverse=True)
    matched = matched_people(matched_on, codes, len(names))[codes]
    images = np.bincount(codes)[codes].astype(np.float64)
    by_person = weighting == "person"
    each, own_pairs = (1 / images, images * (images - 1) / 2) if by_person else (np.ones(len(unit)),) * 2
    different, alike = np.zeros((2, _BINS))
    for block in similarity_blocks(unit):
        rows, columns = (
            slice(begin, begin + number)
            for begin, number in zip((block.row, block.column), block.scores.shape, strict=True)
        )
        place = np.clip((block.scores + 1) * (_BINS / 2), 0, _BINS - 1).astype(np.int32)
        once = above_diagonal(block)
        single = once & (codes[rows, None] == codes[None, columns])
        apart = once & ~single & ~known_to_differ(matched[rows, None], matched[None, columns])
        weight = each[rows, None] * each[None, columns]
        different += np.bincount(place[apart], weight[apart], minlength=_BINS)
        i, j = np.nonzero(single)
        alike += np.bincount(place[i, j], 1 / own_pairs[rows][i], minlength=_BINS)
    return _spread(-1 + np.arange(_BINS + 1) * 2 / _BINS, different, alike, own)


def _spread(edges: Floats, different: Floats, same: Floats, own: float) -> Floats:
    """Thresholds from (K + 1,) candidates, and (K,) weights of the pairs from one to the next."""
    if not np.isfinite(own):
        raise EthnoshardError(f"a threshold is a finite number; {own} is not")
    accepted = np.append(np.cumsum(different[::-1])[::-1], 0) / max(different.sum(), np.finfo(float).tiny)
    refused = np.append(0, np.cumsum(same)) / max(same.sum(), np.finfo(float).tiny)

    def first(reached: Bools, otherwise: int) -> float:
        return float(edges[np.argmax(reached) if reached.any() else otherwise])

    most, usual, least = (first(accepted <= fmr * (1 + 1e-9), -1) for fmr in (MOST_FMR, USUAL_FMR, LEAST_FMR))
    half, nearly_all = first(refused >= HALF_FNMR, 0), first(refused >= MOST_FNMR, -1)
    end = max(usual, min(max(least, half), nearly_all))
    return np.unique(np.append(np.linspace(most, end, NUMBER), own))
