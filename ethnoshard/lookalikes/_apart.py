"""Which two identities are probably one person in two folders, to be kept apart, where a threshold has to tell.

Where twenty people have two faces, a model of people decides, as in an audit (``_same_person``); this is for the rest.

A fixed similarity fits one network on one dataset: `mobilefacenet.onnx` has the nearest other person of LFW at .39
(median; one face or two) and of CFP's people at .46 (14 faces, some in profile), and a network early in training has
everybody near everybody. So the table tells the scale itself:

* *Different people*: whoever lies in two folders has the other one as nearest, but the **third nearest** is somebody
  else. What 99.9 % of the third nearest do not exceed, in each group, different people hardly do.
* *One person*: two halves of each identity's own faces; what 90 % of them exceed.

Where the second is above the first, the threshold is half-way between them: of LFW's people in two folders of one face
each it finds nine in ten, of three faces all. Where they overlap, the network can't tell, and the threshold is the
first, or as much higher as leaves no group more than a pair, or one identity in fifty, with somebody above it: fewer
people in two folders are found, but few are taken for somebody else, whatever the network has learnt. Without "in each
group", a network that has learnt nothing held a fifth of one of celebs' rarer groups apart. Measured by
``python -m benchmarks.look_alikes --embeddings FILE``; the rates are in ``benchmarks/README.md``.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ethnoshard._checks import check_number
from ethnoshard.lookalikes._centroids import Numbers
from ethnoshard.lookalikes._neighbours import Neighbours

RANK = 3
"""Which nearest is somebody else even for whoever lies in two folders."""
DIFFERENT = 0.999
"""Share of identities whose third nearest is no nearer than what different people reach."""
SAME = 0.1
"""Share of identities whose halves are no nearer than what one person's folders reach."""
MOST = 0.02
"""Share of a group's identities that are kept apart from somebody, at most, where halves and different people overlap;
a pair always may be."""
_FEW = 20
"""Identities with two faces below which their halves tell nothing."""
Rule = Literal["given", "probable", "half-way", "different people", "few of a group", "nobody"]

NOBODY = 1.0
"""A threshold that nobody exceeds."""


@dataclass(frozen=True, kw_only=True)
class Apart:
    """A threshold of similarity, and why.

    Attributes:
        threshold: pairs above it are kept apart.
        rule: "given"; "probable" where a model of people decides, and the threshold only tells the least similar pair;
            "half-way" between ``different`` and ``same``; where these overlap "different people", or "few of
            a group" where that is higher; "nobody" of too few.
        different: what different people reach; None if there are fewer than four with faces.
        same: what two folders of one person reach; None where too few have two faces.
        halves: identities with two faces or more.
    """

    threshold: float
    rule: Rule
    different: float | None
    same: float | None
    halves: int


def chosen_apart(
    neighbours: Neighbours, group: NDArray[np.integer], halves: NDArray[np.float32], given: float | None = None
) -> Apart:
    """Choose the threshold by the rule above.

    Args:
        neighbours: of each identity, three of all at least.
        group: (N,) number of each identity's group.
        halves: similarity of the two halves of each identity with two faces or more.
        given: take this one, and only say what the rule is made of.

    Raises:
        EthnoshardError: what is given is not a similarity.
    """
    if given is not None:
        check_number("--apart, a cosine similarity,", given, at_least=-1, at_most=1)
    first, third = (_by_group(neighbours.similarity_of_all[:, rank - 1], group) for rank in (1, RANK))
    different = max((float(np.quantile(own, DIFFERENT, method="higher")) for own in third), default=None)
    same = float(np.quantile(halves, SAME, method="lower")) if len(halves) >= _FEW else None
    rule: Rule
    if given is not None:
        threshold, rule = given, "given"
    elif different is None:
        threshold, rule = NOBODY, "nobody"
    elif same is not None and same > different:
        threshold, rule = (different + same) / 2, "half-way"
    else:
        leaving = max(map(_leaving_few, first))
        threshold, rule = max(different, leaving), "few of a group" if leaving > different else "different people"
    # What is compared with it is of single precision.
    return Apart(
        threshold=float(np.float32(threshold)),
        rule=rule,
        different=different,
        same=same,
        halves=len(halves),
    )


def _by_group(similarity: NDArray[np.float32], group: NDArray[np.integer]) -> list[NDArray[np.float32]]:
    """Similarities of each group's identities that have such a neighbour; groups where nobody has one are left out."""
    has_one = similarity > -np.inf
    return [similarity[has_one & (group == number)] for number in np.unique(group[has_one])]


def _leaving_few(nearest: NDArray[np.float32]) -> float:
    """The least similarity that no more than few of a group's exceed."""
    few = max(2, int(MOST * len(nearest)))
    return -1.0 if len(nearest) <= few else float(np.sort(nearest)[-few - 1])


def pairs_above(neighbours: Neighbours, threshold: float) -> tuple[Numbers, NDArray[np.float32]]:
    """Pairs of identities above a threshold, as far as one has the other among its nearest.

    Returns:
        (M, 2) int32, the smaller number first, each pair once, the nearest pair first; and similarities (M,).
    """
    pairs, values = [], []
    for numbers, similarity in (
        (neighbours.nearest, neighbours.similarity),
        (neighbours.nearest_of_all, neighbours.similarity_of_all),
    ):
        row, column = np.nonzero(similarity > np.float32(threshold))
        pairs.append(np.stack([row.astype(np.int32), numbers[row, column]], axis=1))
        values.append(similarity[row, column])
    ordered = np.sort(np.concatenate(pairs), axis=1)
    once, first = np.unique(ordered, axis=0, return_index=True)
    of = np.concatenate(values)[first]
    order = np.lexsort((once[:, 1], once[:, 0], -of))
    return once[order], of[order]
