"""Which images of a set, or of two sets, are one image, however they were saved."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from ethnoshard._checks import check_number
from ethnoshard._parallel import available_cores
from ethnoshard._progress import SILENT, Progress
from ethnoshard.audit._candidates import Owners, Pairs, Roll, Vectors, equal_rows, near_faces, near_strangers
from ethnoshard.audit._overlay import overlay
from ethnoshard.audit._prints import Prints
from ethnoshard.errors import EthnoshardError

How = Literal["bytes", "pixels", "near", "mirrored"]
"""What two images have in common: the file's bytes; the face's pixels; what is seen; what is seen in a mirror."""

FLOOR = 0.7
"""Least cosine of two faces' embeddings for their prints to be compared."""

_HOWS: tuple[How, ...] = get_args(How)
_BYTES, _PIXELS, _NEAR, _MIRRORED = range(len(_HOWS))
_AT_ONCE = 256
"""Pairs whose prints a thread compares at a time."""
_BLOCK_BYTES = 1 << 26


class FaceSet(NamedTuple):
    """The faces of a set, as ``same_images`` takes them; a plain tuple of the three serves too."""

    vectors: Vectors
    owners: Owners
    prints: Prints


@dataclass(frozen=True, kw_only=True, eq=False)
class SameImages:
    """Pairs of faces that are probably of one image, the surest first.

    Attributes:
        pairs: (M, 2) int64, numbers of the two faces. Within a set the smaller comes first, and of n faces of one image
            there are the n - 1 surest pairs that tie them together. Of two sets the second is of the other, and each
            face of the first comes once at most, with the surest of the other.
        how: (M,) str, "bytes", "pixels", "near" or "mirrored".
        figure: (M,) float32, correlation of the prints after the best small shift and scaling, of the second one's
            mirror image where mirrored; 1 for equal bytes and pixels.
        sure: (M,) float32, share of pairs like this that are one image, 0 to 1.
    """

    pairs: Pairs
    how: NDArray[np.str_]
    figure: NDArray[np.float32]
    sure: NDArray[np.float32]

    def __len__(self) -> int:
        """M."""
        return len(self.pairs)


class _Compared(NamedTuple):
    """Pairs, and what comparing them came to."""

    pairs: Pairs
    how: NDArray[np.int8]
    figure: NDArray[np.float32]
    sure: NDArray[np.float32]


def same_images(
    vectors: Vectors,
    owners: Owners,
    prints: Prints,
    *,
    other: FaceSet | tuple[Vectors, Owners, Prints] | None = None,
    least: float = 0.5,
    floor: float = FLOOR,
    block_bytes: int = _BLOCK_BYTES,
    progress: Progress = SILENT,
) -> SameImages:
    """Find images that come twice: equal files or pixels, and copies saved anew, scaled, cropped a little, mirrored.

    Not every pair is compared. Equal digests are found by sorting. Prints are compared of faces with near embeddings:
    of one identity each face with the nearest others; across identities each face with the faces of the identities
    that it resembles most; and of all the faces that resemble their identity least, such as placeholders and what is no
    face, each with the nearest others.

    Args:
        vectors: (n, D) float32 embeddings of length 1.
        owners: (n,) number of each face's identity; any numbers.
        prints: of the faces, in their order.
        other: another set, whose faces are compared with these; by default these with each other.
        least: pairs less sure than this aren't taken.
        floor: least cosine of embeddings for prints to be compared; more pairs below it, in more time.
        block_bytes: memory for a block of similarities; the result doesn't depend on it.
        progress: told how many pairs of prints there are to compare, and how many are done.

    Returns:
        Pairs, those of one image joined: see ``SameImages``.

    Raises:
        EthnoshardError: arrays don't fit each other, vectors aren't finite or not of length 1, or a bound is out of
            range.
    """
    check_number("least", least, at_least=0, at_most=1)
    check_number("floor", floor, at_least=-1, at_most=1)
    check_number("block_bytes", block_bytes, at_least=1)
    own = FaceSet(vectors, owners, prints)
    _check(own, "the set")
    if other is None:
        found = _equal(prints, None), *_compared(_candidates_within(own, floor, block_bytes), own, own, least, progress)
        return _result(_tree(_joined(found), len(prints)))
    beside = FaceSet(*other)
    _check(beside, "the other set")
    if vectors.shape[1] != beside.vectors.shape[1]:
        raise EthnoshardError(
            f"embeddings of the two sets have {vectors.shape[1]} and {beside.vectors.shape[1]} numbers; one network "
            "must make both"
        )
    across = _candidates_across(own, beside, floor, block_bytes)
    return _result(_surest(_joined((_equal(prints, beside.prints), *_compared(across, own, beside, least, progress)))))


def _check(faces: FaceSet, name: str) -> None:
    vectors, owners, prints = faces
    if vectors.ndim != 2 or owners.shape != vectors.shape[:1] or owners.dtype.kind not in "iu":
        raise EthnoshardError(
            f"{name}: vectors are (faces, dimensions), owners a whole number for each face; these are {vectors.dtype} "
            f"of {vectors.shape} and {owners.dtype} of {owners.shape}"
        )
    if len(prints) != len(vectors):
        raise EthnoshardError(f"{name}: {len(vectors):,} embeddings don't fit {len(prints):,} prints")
    off = int(np.count_nonzero(~(np.abs(np.einsum("nd,nd->n", vectors, vectors) - 1) < 0.01)))
    if off:
        raise EthnoshardError(f"{name}: {off:,} of {len(vectors):,} embeddings aren't finite or not of length 1")


def _equal(prints: Prints, others: Prints | None) -> _Compared:
    """Pairs of equal bytes, and of equal pixels."""
    pairs = [
        equal_rows(prints.digests, others.digests if others else None),
        equal_rows(prints.pixels, others.pixels if others else None),
    ]
    how = np.repeat(np.array([_BYTES, _PIXELS], np.int8), [len(some) for some in pairs])
    ones = np.ones(len(how), np.float32)
    return _Compared(np.concatenate(pairs), how, ones, ones)


def _candidates_within(faces: FaceSet, floor: float, block_bytes: int) -> Pairs:
    """(M, 2) faces of one set whose prints are to be compared, the smaller first, each pair once, ascending."""
    rows = _distinct(faces)
    if len(rows) < 2:
        return np.empty((0, 2), np.int64)
    roll = Roll(faces.vectors[rows], faces.owners[rows])
    pairs = [*near_faces(roll, floor, block_bytes)]
    pairs += near_strangers(roll, roll, floor, block_bytes, itself=True)
    return _once((rows[np.sort(some, axis=1)] for some in pairs), len(faces.prints))


def _candidates_across(faces: FaceSet, others: FaceSet, floor: float, block_bytes: int) -> Pairs:
    """(M, 2) a face of each set whose prints are to be compared, each pair once, ascending."""
    rows, other_rows = _distinct(faces), _distinct(others)
    if not len(rows) or not len(other_rows):
        return np.empty((0, 2), np.int64)
    roll = Roll(faces.vectors[rows], faces.owners[rows])
    other_roll = Roll(others.vectors[other_rows], others.owners[other_rows])
    pairs = [*near_strangers(roll, other_roll, floor, block_bytes, itself=False)]
    # The other way round too: a photograph of the first set in a wrong folder resembles nobody there.
    pairs += [some[:, ::-1] for some in near_strangers(other_roll, roll, floor, block_bytes, itself=False)]
    return _once((np.stack([rows[some[:, 0]], other_rows[some[:, 1]]], axis=1) for some in pairs), len(others.prints))


def _distinct(faces: FaceSet) -> NDArray[np.intp]:
    """Numbers of the faces, ascending, without those whose identity has an earlier one of the same pixels."""
    order = np.lexsort((faces.owners, *faces.prints.pixels.T))
    pixels, owners = faces.prints.pixels[order], faces.owners[order]
    first = np.ones(len(order), bool)
    first[1:] = (pixels[1:] != pixels[:-1]).any(axis=1) | (owners[1:] != owners[:-1])
    return np.sort(order[first])


def _once(pairs: Iterable[Pairs], number: int) -> Pairs:
    """All of the pairs, each once, ascending; ``number`` is more than any second face's."""
    codes = [some[:, 0] * number + some[:, 1] for some in pairs]
    once = np.unique(np.concatenate([np.empty(0, np.int64), *codes]))
    return np.stack([once // number, once % number], axis=1)


def _compared(pairs: Pairs, faces: FaceSet, others: FaceSet, least: float, progress: Progress) -> Iterator[_Compared]:
    """Compare prints by threads, and pass on the pairs that are sure enough, in the order given."""

    def compare(begin: int) -> _Compared:
        some = pairs[begin : begin + _AT_ONCE]
        cosines = np.einsum("md,md->m", faces.vectors[some[:, 0]], others.vectors[some[:, 1]])
        one, two = faces.prints.data[some[:, 0]], others.prints.data[some[:, 1]]
        plain, mirrored = overlay(one, two), overlay(one, two[:, :, ::-1])
        figure = np.maximum(plain, mirrored)
        sure = sureness(figure, cosines)
        taken = sure >= least
        how = np.where(mirrored > plain, _MIRRORED, _NEAR).astype(np.int8)
        return _Compared(some[taken], how[taken], figure[taken], sure[taken])

    progress.begun(len(pairs), 0)
    begins = range(0, len(pairs), _AT_ONCE)
    with ThreadPoolExecutor(available_cores()) as pool:
        for begin, found in zip(begins, pool.map(compare, begins), strict=True):
            yield found
            progress.advance(min(_AT_ONCE, len(pairs) - begin))


def sureness(correlations: NDArray[np.float32], cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """How probable it is that two faces are of one image.

    Args:
        correlations: (M,) of the prints, from ``overlay``.
        cosines: (M,) of the embeddings.

    Returns:
        (M,) float32, 0 to 1.
    """
    correlation, cosine = (-np.log(np.maximum(1 - np.minimum(each, 1), _LEAST_GAP)) for each in (correlations, cosines))
    return (1 / (1 + np.exp(-(_INTERCEPT + _BY_CORRELATION * correlation + _BY_COSINE * cosine)))).astype(np.float32)


_LEAST_GAP = 1e-3
_INTERCEPT, _BY_CORRELATION, _BY_COSINE = -10.0, 2.5, 1.0


def _joined(found: Iterable[_Compared]) -> _Compared:
    return _Compared(*(np.concatenate(arrays) for arrays in zip(*found, strict=True)))


def _tree(found: _Compared, number: int) -> _Compared:
    """Of each image that comes several times the surest pairs that tie its faces together."""
    order = _order(found)
    rank = np.arange(1, len(order) + 1, dtype=np.float64)
    first, second = found.pairs[order].T
    # Of equal files the pixels are equal too; the sparse array would add the two ranks.
    code = first * number + second
    _, once = np.unique(code, return_index=True)
    kept = coo_array((rank[once], (first[once], second[once])), shape=(number, number)).tocsr()
    ranks = np.sort(minimum_spanning_tree(kept).data).astype(np.int64) - 1
    return _Compared(*(each[order[ranks]] for each in found))


def _surest(found: _Compared) -> _Compared:
    """Of each face of the first set the surest pair."""
    order = _order(found)
    _, once = np.unique(found.pairs[order, 0], return_index=True)
    return _Compared(*(each[order[np.sort(once)]] for each in found))


def _order(found: _Compared) -> NDArray[np.intp]:
    """The surest first; of those as sure, bytes before pixels before the rest, then the greater correlation."""
    return np.lexsort((found.pairs[:, 1], found.pairs[:, 0], -found.figure, found.how, -found.sure))


def _result(found: _Compared) -> SameImages:
    return SameImages(pairs=found.pairs, how=np.array(_HOWS, np.str_)[found.how], figure=found.figure, sure=found.sure)
