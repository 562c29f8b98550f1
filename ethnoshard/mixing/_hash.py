"""Randomness that is a pure function of its keys, the same on every machine and in every version of numpy.

numpy keeps a generator's bits but not what ``permutation`` or ``choice`` make of them (NEP 19). A plan that must be
continued elsewhere, years later, rests on integer arithmetic alone: the finaliser of SplitMix64 (Steele, Lea and Flood
2014), applied once a key.
"""

import numpy as np
import numpy.typing as npt

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)

Hashes = npt.NDArray[np.uint64]


def hashed(*keys: npt.ArrayLike) -> Hashes:
    """Mix integers into 64 bits each, broadcasting the keys; shape as broadcast, at least one dimension, uint64.

    >>> int(hashed(1, 2)[0]) == int(hashed(1, 2)[0]), int(hashed(1, 2)[0]) == int(hashed(2, 1)[0])
    (True, False)
    """
    mixed = np.zeros(1, np.uint64)
    for key in keys:
        part = np.asarray(key)
        if part.dtype != np.uint64:
            part = part.astype(np.int64).astype(np.uint64)
        # Arrays of one element at least: numpy warns of scalars that overflow, not of arrays.
        value = (mixed ^ part) + _STEP
        value ^= value >> np.uint64(30)
        value *= _FIRST
        value ^= value >> np.uint64(27)
        value *= _SECOND
        value ^= value >> np.uint64(31)
        mixed = value
    return mixed
