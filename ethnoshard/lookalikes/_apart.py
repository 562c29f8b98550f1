"""Which two identities are probably one person in two folders, to be kept apart.

A fixed similarity fits one network on one dataset: `mobilefacenet.onnx` has the nearest other person of LFW at .40
(median; one face or two) and of CFP at .46 (14 faces, many in profile), and a network early in training has everybody
near everybody. The table tells the scale itself:

* *Different people*: whoever lies in two folders has the other folder as nearest, so the **second nearest** is somebody
  else. What 99.9 % of the identities' second nearest do not exceed is not exceeded by different people, nearly.
* *One person*: two halves of each identity's own faces; what 90 % of them exceed.

The threshold is half-way between the two where they are apart. Where they overlap it is the first: many a person in two
folders isn't recognised then, but hardly anybody is taken for somebody else, whatever the network has learnt. Measured
by ``python -m benchmarks.look_alikes --embeddings FILE``; the rates are in ``benchmarks/README.md``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes._neighbours import Neighbours
from ethnoshard.lookalikes._types import Numbers

DIFFERENT = 0.999
"""Share of identities whose second nearest is no nearer than what different people reach."""
SAME = 0.1
"""Share of identities whose halves are no nearer than what one person's folders reach."""
_FEW = 20
"""Identities with two faces below which their halves tell nothing."""
NOBODY = 1.0
"""A threshold that nobody exceeds."""


@dataclass(frozen=True, kw_only=True)
class Apart:
    """A threshold of similarity, and why.

    Attributes:
        threshold: pairs above it are kept apart.
        given: whether it was given; else it follows from the next three.
        different: what different people reach; None if there are fewer than three with faces.
        same: what two folders of one person reach; None where too few have two faces.
        halves: identities with two faces or more.
    """

    threshold: float
    given: bool
    different: float | None
    same: float | None
    halves: int


def chosen_apart(found: Neighbours, halves: NDArray[np.float32], given: float | None = None) -> Apart:
    """Choose the threshold by the rule above.

    Args:
        found: neighbours, two of all at least.
        halves: similarity of the two halves of each identity with two faces or more.
        given: take this one, and only say what the rule is made of.

    Raises:
        EthnoshardError: what is given is no similarity.
    """
    if given is not None and not -1 <= given <= 1:
        raise EthnoshardError(f"--apart is a similarity (a cosine), -1 to 1; {given:g} is not")
    second = found.similarity_of_all[:, 1] if found.similarity_of_all.shape[1] > 1 else np.empty(0, np.float32)
    second = second[second > -np.inf]
    different = float(np.quantile(second, DIFFERENT, method="higher")) if len(second) else None
    same = float(np.quantile(halves, SAME, method="lower")) if len(halves) >= _FEW else None
    if given is not None:
        threshold = given
    elif different is None:
        threshold = NOBODY
    else:
        threshold = max(different, (different + same) / 2) if same is not None else different
    # What is compared with it has single precision.
    return Apart(
        threshold=float(np.float32(threshold)),
        given=given is not None,
        different=different,
        same=same,
        halves=len(halves),
    )


def pairs_above(found: Neighbours, threshold: float) -> tuple[Numbers, NDArray[np.float32]]:
    """Pairs of identities above a threshold, as far as one has the other among its nearest.

    Returns:
        (M, 2) int32, the smaller number first, each pair once, the nearest pair first; and similarities (M,).
    """
    pairs, values = [], []
    for numbers, similarity in (
        (found.nearest, found.similarity),
        (found.nearest_of_all, found.similarity_of_all),
    ):
        row, place = np.nonzero(similarity > np.float32(threshold))
        pairs.append(np.stack([row.astype(np.int32), numbers[row, place]], axis=1))
        values.append(similarity[row, place])
    ordered = np.sort(np.concatenate(pairs), axis=1)
    once, first = np.unique(ordered, axis=0, return_index=True)
    of = np.concatenate(values)[first]
    order = np.lexsort((once[:, 1], once[:, 0], -of))
    return once[order], of[order]
