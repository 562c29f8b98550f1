"""Tallies of a list of scored pairs, any system's output."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Floats, Whole, same_of, scores_of, texts_of
from ethnoshard.evaluation._people import people_of_pairs
from ethnoshard.evaluation._tally import Tally, enrolled


def tallies_of_scores(
    score: npt.ArrayLike,
    same: npt.ArrayLike,
    groups: tuple[npt.ArrayLike, npt.ArrayLike],
    people: tuple[npt.ArrayLike, npt.ArrayLike] | None,
    thresholds: Floats,
) -> Iterator[Tally]:
    """Count errors of a list of pairs at each of T thresholds.

    Args:
        score: (N,) similarities.
        same: (N,) bool.
        groups: (N,) and (N,) group of each image's person.
        people: (N,) and (N,) whose each image is; None where not known.
        thresholds: (T,) rising, similarities from which a pair is accepted.

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
        listed = people_of_pairs(*people, truth)
        names = listed.names[np.concatenate([listed.first, listed.second])]
        roster, codes = enrolled(names, np.concatenate([group_a, group_b]))
    first, second = codes[:number], codes[number:]
    crowd = len(roster.people)
    low, high = np.minimum(first, second)[~truth], np.maximum(first, second)[~truth]

    def between(events: Whole) -> coo_array:
        return coo_array((events, (low, high)), shape=(crowd, crowd)).tocsr()

    genuine = np.bincount(first[truth], minlength=crowd).astype(np.int64)
    pairs = between(np.ones(len(low), np.int64))
    for threshold in thresholds.tolist():
        taken = scores >= threshold
        yield Tally(
            groups=roster.groups,
            people=roster.people,
            known=people is not None,
            sizes=roster.sizes,
            genuine_pairs=genuine,
            genuine_errors=np.bincount(first[truth & ~taken], minlength=crowd).astype(np.int64),
            impostor_errors=between(taken[~truth].astype(np.int64)),
            impostor_pairs=pairs,
            images=np.zeros(crowd, np.int64),
            matched=np.full(crowd, -1, np.int64),
            threshold=threshold,
        )
