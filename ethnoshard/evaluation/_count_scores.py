"""Tallies of a list of scored pairs, any system's output."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Whole, same_of, scores_of, texts_of
from ethnoshard.evaluation._people import people_of_pairs
from ethnoshard.evaluation._tally import Roster, Tally, enrolled


def tally_of_scores(
    score: npt.ArrayLike,
    same: npt.ArrayLike,
    groups: tuple[npt.ArrayLike, npt.ArrayLike],
    people: tuple[npt.ArrayLike, npt.ArrayLike] | None,
    threshold: float,
) -> Tally:
    """Count errors of a list of pairs.

    Args:
        score: (N,) similarities.
        same: (N,) bool.
        groups: (N,) and (N,) group of each image's person.
        people: (N,) and (N,) whose each image is; None where not known.
        threshold: similarity from which a pair is accepted.

    Raises:
        EthnoshardError: scores are not finite, arrays don't fit, pairs are of one kind or groups only one, a same
            pair has two groups, a person has two.
    """
    scores = scores_of(score)
    number = len(scores)
    truth = same_of(same, number)
    group_a, group_b = (texts_of(values, number, "the group") for values in groups)
    split = int(np.count_nonzero((group_a != group_b) & truth))
    if split:
        raise EthnoshardError(f"{split:,} pairs of one person have two groups; a person belongs to one")
    if people is None:
        # A stand-in a group: rates can be had from it, draws of people can't.
        roster, codes = enrolled(np.concatenate([group_a, group_b]), np.concatenate([group_a, group_b]))
    else:
        crowd = people_of_pairs(*people, truth)
        names = crowd.names[np.concatenate([crowd.first, crowd.second])]
        roster, codes = enrolled(names, np.concatenate([group_a, group_b]))
    taken: Bools = scores >= threshold
    return _tally(roster, codes[:number], codes[number:], truth, taken, people is not None, threshold)


def _tally(
    roster: Roster, first: Whole, second: Whole, same: Bools, taken: Bools, known: bool, threshold: float
) -> Tally:
    number = len(roster.people)
    low, high = np.minimum(first, second)[~same], np.maximum(first, second)[~same]

    def between(events: npt.NDArray[np.int64]) -> coo_array:
        return coo_array((events, (low, high)), shape=(number, number)).tocsr()

    return Tally(
        groups=roster.groups,
        people=roster.people,
        known=known,
        sizes=roster.sizes,
        genuine_pairs=np.bincount(first[same], minlength=number).astype(np.int64),
        genuine_errors=np.bincount(first[same & ~taken], minlength=number).astype(np.int64),
        impostor_errors=between(taken[~same].astype(np.int64)),
        impostor_pairs=between(np.ones(len(low), np.int64)),
        images=np.zeros(number, np.int64),
        matched=np.full(number, -1, np.int64),
        threshold=threshold,
    )
