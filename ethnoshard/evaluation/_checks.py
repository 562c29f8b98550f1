"""What is asked of every input before anything is computed."""

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Whole = NDArray[np.int64]


def embeddings_of(values: npt.ArrayLike, name: str = "embeddings") -> NDArray[np.floating]:
    """An (N, D) array of finite floats.

    Raises:
        EthnoshardError: it has another shape, is empty, or has rows with NaN or infinity (with their number).
    """
    array = np.asarray(values)
    if array.ndim != 2 or array.shape[1] == 0:
        raise EthnoshardError(
            f"{name} are an array of shape (images, dimensions); this one has the shape {array.shape}"
        )
    if not len(array):
        raise EthnoshardError(f"{name} are empty: there is nothing to evaluate")
    if array.dtype.kind not in "fiu":
        raise EthnoshardError(f"{name} are numbers; this array is of {array.dtype}")
    floats = array if array.dtype.kind == "f" else array.astype(np.float64)
    bad = int(np.count_nonzero(~np.isfinite(floats).all(axis=1)))
    if bad:
        raise EthnoshardError(
            f"{bad:,} of {len(floats):,} {name} hold NaN or infinity; the model that made them is broken, or its input"
        )
    return floats


def normalised(values: npt.ArrayLike, name: str = "embeddings") -> Floats:
    """Rows divided by their Euclidean length, float64.

    Raises:
        EthnoshardError: as ``embeddings_of``, or a row is zero and has no direction (with the number of these).
    """
    array = embeddings_of(values, name).astype(np.float64)
    lengths = np.linalg.norm(array, axis=1, keepdims=True)
    zero = int(np.count_nonzero(lengths == 0))
    if zero:
        raise EthnoshardError(f"{zero:,} of {len(array):,} {name} are zero and have no direction")
    unit: Floats = array / lengths
    return unit


def scores_of(values: npt.ArrayLike, name: str = "scores") -> Floats:
    """An (N,) array of finite float64.

    Raises:
        EthnoshardError: it has another shape, is empty, or holds NaN or infinity (with their number).
    """
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "fiu":
        raise EthnoshardError(f"{name} are numbers of shape (pairs,); these are {array.dtype} of shape {array.shape}")
    if not len(array):
        raise EthnoshardError(f"{name} are empty: there is nothing to evaluate")
    bad = int(np.count_nonzero(~np.isfinite(array)))
    if bad:
        raise EthnoshardError(f"{bad:,} of {len(array):,} {name} are NaN or infinite")
    return array.astype(np.float64)


def same_of(values: npt.ArrayLike, number: int) -> Bools:
    """An (N,) array of bool with both answers in it.

    Raises:
        EthnoshardError: it has another shape or dtype, or all pairs are of one kind.
    """
    array = np.asarray(values)
    if array.dtype != np.bool_ and array.dtype.kind in "iu" and np.isin(array, (0, 1)).all():
        array = array.astype(np.bool_)
    if array.dtype != np.bool_ or array.shape != (number,):
        raise EthnoshardError(
            f"same is True or False for each of {number:,} pairs; this is {array.dtype} of shape {array.shape}"
        )
    if array.all() or not array.any():
        only = "the same person" if array.all() else "different people"
        raise EthnoshardError(f"all {number:,} pairs are of {only}; a threshold needs pairs of both kinds")
    return array


def texts_of(values: npt.ArrayLike, number: int, name: str) -> NDArray[np.str_]:
    """An (N,) array of labels, such as people or groups, as text.

    Raises:
        EthnoshardError: it has another shape, or one of them is missing.
    """
    array = np.asarray(values)
    if array.shape != (number,):
        raise EthnoshardError(f"{name} is one for each of {number:,}; these have the shape {array.shape}")
    if array.dtype.kind == "U":
        absent = int(np.count_nonzero(array == ""))
    else:
        # NaN, which tables read as objects have for nothing, is the one value that differs from itself.
        listed: list[object] = array.tolist()
        absent = sum(value in (None, "") or value != value for value in listed)
    if absent:
        raise EthnoshardError(f"{name} is missing for {absent:,} of {number:,}; leave these out, and say so")
    return array.astype(np.str_, copy=False)
