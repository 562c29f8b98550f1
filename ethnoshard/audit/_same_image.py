"""Which images of a set, or of two sets, are one image, however they were saved."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from ethnoshard import _blas
from ethnoshard._checks import check_number
from ethnoshard._progress import SILENT, Progress
from ethnoshard.audit._candidates import Faces, Owners, Pairs, Vectors, alike_faces, equal_rows
from ethnoshard.audit._coarse import VIEWS
from ethnoshard.audit._overlay import overlay
from ethnoshard.audit._prints import Prints
from ethnoshard.errors import EthnoshardError

How = Literal["bytes", "pixels", "near", "mirrored"]
"""What two images have in common: the file's bytes; the face's pixels; what is seen; what is seen in a mirror."""

_HOWS: tuple[How, ...] = get_args(How)
_BYTES, _PIXELS, _NEAR, _MIRRORED = range(len(_HOWS))
_AT_ONCE = 256
"""Pairs whose prints a thread compares at a time."""
_BLOCK_BYTES = 1 << 26
_LEAST_GAP = 1e-3
"""Correlations and cosines nearer to 1 than this tell no more."""
_INTERCEPT, _BY_CORRELATION, _BY_COSINE = -33.03, 10.01, 0.516
"""Of the logistic function of how sure a pair is. ``python -m benchmarks.audit_images`` prints them: fitted on planted
copies and different photographs of half of its people, with MobileFaceNet's embeddings; the other half is measured."""


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

    def taken(self, rows: NDArray[np.intp]) -> "_Compared":
        """Some of the pairs."""
        return _Compared(self.pairs[rows], self.how[rows], self.figure[rows], self.sure[rows])


def same_images(
    vectors: Vectors,
    owners: Owners,
    prints: Prints,
    *,
    other: FaceSet | tuple[Vectors, Owners, Prints] | None = None,
    least: float = 0.5,
    block_bytes: int = _BLOCK_BYTES,
    progress: Progress = SILENT,
) -> SameImages:
    """Find images that come twice: equal files or pixels, and copies saved anew, scaled, cropped a little, mirrored.

    Not every pair is compared. Equal digests are found by sorting. Prints are compared of all faces of one identity; of
    each face and those of the few identities whose centroids are nearest to its embedding; and of faces whose prints
    look much alike from afar, whosever they are.

    Args:
        vectors: (n, D) float32 embeddings of length 1.
        owners: (n,) number of each face's identity; any numbers.
        prints: of the faces, in their order.
        other: another set, whose faces are compared with these; by default these with each other.
        least: pairs less sure than this aren't taken.
        block_bytes: memory for a block of similarities, of which each core has one; the result doesn't depend on it.
        progress: told how many pairs of prints there are to compare, and how many are done.

    Returns:
        Pairs, those of one image joined: see ``SameImages``.

    Raises:
        EthnoshardError: arrays don't fit each other, vectors aren't finite or not of length 1, or a bound is out of
            range.
    """
    check_number("least", least, at_least=0, at_most=1)
    check_number("block_bytes", block_bytes, at_least=1)
    own = FaceSet(vectors, owners, prints)
    _check(own, "the set")
    if other is None:
        within = _candidates(own, own, block_bytes, itself=True)
        found = _equal(prints, None), *_compared(within, own, own, least, progress)
        return _result(_tree(_joined(found), len(prints)))
    beside = FaceSet(*other)
    _check(beside, "the other set")
    if vectors.shape[1] != beside.vectors.shape[1]:
        raise EthnoshardError(
            f"embeddings of the two sets have {vectors.shape[1]} and {beside.vectors.shape[1]} numbers; one network "
            "must make both"
        )
    across = _candidates(own, beside, block_bytes, itself=False)
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


def _candidates(faces: FaceSet, others: FaceSet, block_bytes: int, *, itself: bool) -> Pairs:
    """(M, 3) a face of each set and a view, see ``alike_faces``: what is to be compared, each once, ascending."""
    rows = _distinct(faces)
    other_rows = rows if itself else _distinct(others)
    if not len(rows) or not len(other_rows):
        return np.empty((0, 3), np.int64)
    own = Faces(faces.vectors[rows], faces.owners[rows], faces.prints.data[rows])
    beside = own
    if not itself:
        beside = Faces(others.vectors[other_rows], others.owners[other_rows], others.prints.data[other_rows])
    found = alike_faces(own, beside, block_bytes, itself=itself)
    # One whole number each takes a third of the memory of three.
    views = 2 * len(VIEWS)
    codes = [(some[:, 0] * len(other_rows) + some[:, 1]) * views + some[:, 2] for some in found]
    pairs, view = np.divmod(np.unique(np.concatenate([np.empty(0, np.int64), *codes])), views)
    first, second = np.divmod(pairs, len(other_rows))
    return np.stack([rows[first], other_rows[second], view], axis=1)


def _distinct(faces: FaceSet) -> NDArray[np.intp]:
    """Numbers of the faces, ascending, without those that have the same pixels as an earlier one."""
    again = equal_rows(faces.prints.pixels)[:, 1]
    return np.setdiff1d(np.arange(len(faces.prints)), again)


def _compared(pairs: Pairs, faces: FaceSet, others: FaceSet, least: float, progress: Progress) -> Iterator[_Compared]:
    """Compare prints by threads, and pass on the pairs that are sure enough, in the order given."""

    def compare(begin: int) -> _Compared:
        some = pairs[begin : begin + _AT_ONCE]
        cosines = np.einsum("md,md->m", faces.vectors[some[:, 0]], others.vectors[some[:, 1]])
        mirrored = some[:, 2] >= len(VIEWS)
        fixed = faces.prints.data[some[:, 0]]
        fixed[mirrored] = fixed[mirrored, :, ::-1]
        figure = overlay(fixed, others.prints.data[some[:, 1]], VIEWS[some[:, 2] % len(VIEWS)])
        sure = sureness(figure, cosines)
        taken = sure >= least
        how = np.where(mirrored, _MIRRORED, _NEAR).astype(np.int8)
        return _Compared(some[taken, :2], how[taken], figure[taken], sure[taken])

    progress.begun(len(pairs), 0)
    begins = range(0, len(pairs), _AT_ONCE)
    with _blas.threads() as pool:
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
    correlation, cosine = sureness_terms(correlations, cosines)
    sure = 1 / (1 + np.exp(-(_INTERCEPT + _BY_CORRELATION * correlation + _BY_COSINE * cosine)))
    return np.asarray(sure, np.float32)


def sureness_terms(
    correlations: NDArray[np.float32], cosines: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the logistic function of how sure a pair is weighs: how near to 1 each is, -log(1 - x), (M,) each."""
    correlation, cosine = (-np.log(np.maximum(1 - np.minimum(each, 1), _LEAST_GAP)) for each in (correlations, cosines))
    return correlation, cosine


def compared_pairs(faces: FaceSet) -> tuple[Pairs, NDArray[np.float32], NDArray[np.float32]]:
    """All pairs of a set whose prints are compared, to fit on: pairs (M, 2), correlations (M,) and cosines (M,)."""
    candidates = _candidates(faces, faces, _BLOCK_BYTES, itself=True)
    found = _joined([*_compared(candidates, faces, faces, -1, SILENT)])
    cosines = np.einsum("md,md->m", faces.vectors[found.pairs[:, 0]], faces.vectors[found.pairs[:, 1]])
    return found.pairs, found.figure, cosines


def _joined(found: Iterable[_Compared]) -> _Compared:
    pairs, how, figure, sure = zip(*found, strict=True)
    return _Compared(np.concatenate(pairs), np.concatenate(how), np.concatenate(figure), np.concatenate(sure))


def _tree(found: _Compared, number: int) -> _Compared:
    """Of each image that comes several times the surest pairs that tie its faces together."""
    found = found._replace(pairs=np.sort(found.pairs, axis=1))
    order = _order(found)
    rank = np.arange(1, len(order) + 1, dtype=np.float64)
    first, second = found.pairs[order].T
    # Of equal files the pixels are equal too, and most pairs are compared both ways round; the sparse array would add
    # the ranks.
    code = first * number + second
    _, once = np.unique(code, return_index=True)
    kept = coo_array((rank[once], (first[once], second[once])), shape=(number, number)).tocsr()
    ranks = np.sort(minimum_spanning_tree(kept).data).astype(np.int64) - 1
    return found.taken(order[ranks])


def _surest(found: _Compared) -> _Compared:
    """Of each face of the first set the surest pair."""
    order = _order(found)
    _, once = np.unique(found.pairs[order, 0], return_index=True)
    return found.taken(order[np.sort(once)])


def _order(found: _Compared) -> NDArray[np.intp]:
    """The surest first; of those as sure, bytes before pixels before the rest, then the greater correlation."""
    return np.lexsort((found.pairs[:, 1], found.pairs[:, 0], -found.figure, found.how, -found.sure))


def _result(found: _Compared) -> SameImages:
    return SameImages(pairs=found.pairs, how=np.array(_HOWS, np.str_)[found.how], figure=found.figure, sure=found.sure)
