"""The one threshold for all groups, from people who are not in the test."""

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from ethnoshard._checks import check_number
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Floats, normalised, same_of, scores_of, texts_of
from ethnoshard.evaluation._count_embeddings import above_diagonal, similarity_blocks
from ethnoshard.evaluation._impostors import Weighting


def threshold_of_scores(score: npt.ArrayLike, same: npt.ArrayLike, *, fmr: float) -> float:
    """The lowest similarity at which no more than a share ``fmr`` of different pairs is accepted.

    It lies midway between the last score accepted and the first refused, so that rounding moves no pair across.

    Args:
        score: (N,) similarities.
        same: (N,) bool.
        fmr: the share, 0 to 1.

    Raises:
        EthnoshardError: scores are not finite, arrays don't fit, or pairs are of one kind.
    """
    check_number("fmr", fmr, at_least=0, at_most=1)
    values = scores_of(score)
    different = values[~same_of(same, len(values))]
    return _cut(np.sort(different)[::-1], np.full(len(different), 1 / len(different)), fmr)


def threshold_of_embeddings(
    embeddings: npt.ArrayLike, people: npt.ArrayLike, *, fmr: float, weighting: Weighting = "person"
) -> float:
    """The same from all pairs of different people's images.

    Memory holds the share ``fmr`` of the scores at most, twelve bytes each, and one block.

    Args:
        embeddings: (N, D) of people who are not in the test; the similarity is the cosine.
        people: (N,) whose each image is.
        fmr: the share, 0 to 1.
        weighting: "person", where all pairs of images of two people together count as one, or "pair".

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), arrays that don't fit, one person only.
    """
    check_number("fmr", fmr, at_least=0, at_most=1)
    unit = normalised(embeddings).astype(np.float32)
    names, codes = np.unique(texts_of(people, len(unit), "the person"), return_inverse=True)
    if len(names) < 2:
        raise EthnoshardError("all images are of one person; a threshold for false matches needs two people at least")
    images = np.bincount(codes)
    if weighting == "pair":
        total = (len(unit) ** 2 - int((images.astype(np.int64) ** 2).sum())) / 2
        each = np.ones(len(unit))
    else:
        total, each = len(names) * (len(names) - 1) / 2, 1 / images[codes]
    scores, shares = np.empty(0, np.float32), np.empty(0)
    for block in similarity_blocks(unit):
        wanted = above_diagonal(block)
        wanted &= (
            codes[block.row : block.row + len(block.scores), None]
            != codes[None, block.column : block.column + block.scores.shape[1]]
        )
        if len(scores) and shares.sum() > _limit(fmr):
            # What is below the scores held, when they make up the share already, can't be accepted.
            wanted &= block.scores > scores[-1]
        rows, columns = np.nonzero(wanted)
        scores, shares = _top(
            np.concatenate([scores, block.scores[rows, columns]]),
            np.concatenate([shares, each[block.row + rows] * each[block.column + columns] / total]),
            fmr,
        )
    return _cut(scores.astype(np.float64), shares, fmr)


def _top(scores: NDArray[np.float32], shares: Floats, fmr: float) -> tuple[NDArray[np.float32], Floats]:
    """The greatest scores, falling, as far as the first that makes their share exceed ``fmr``."""
    order = np.argsort(-scores, kind="stable")
    scores, shares = scores[order], shares[order]
    end = int(np.searchsorted(np.cumsum(shares), _limit(fmr), side="right")) + 1
    # All of the same score stand or fall together.
    end = int(np.searchsorted(-scores, -scores[min(end, len(scores)) - 1], side="right")) if len(scores) else 0
    return scores[:end], shares[:end]


def _cut(scores: Floats, shares: Floats, fmr: float) -> float:
    """Threshold from falling scores and the share of each."""
    ends = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    within = np.cumsum(shares)[ends] <= _limit(fmr)
    kept = int(np.count_nonzero(within))
    if kept == 0:
        return float(np.nextafter(scores[0], np.inf))
    last = ends[kept - 1]
    if last + 1 == len(scores):
        return float(scores[last])
    return float((scores[last] + scores[last + 1]) / 2)


def _limit(fmr: float) -> float:
    """A share such as 3 of 3,000 is to admit three, whatever the sum of three rounded numbers is."""
    return fmr * (1 + 1e-9)
