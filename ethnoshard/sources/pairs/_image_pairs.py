"""Pairs that come with the images themselves."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ethnoshard.sources.pairs._pair_list import PairList, Texts


@dataclass(frozen=True, kw_only=True, eq=False)
class ImagePairs:
    """Pairs, and the images themselves.

    Attributes:
        images: 2N encoded images, those of pair n at 2n and 2n + 1.
        pairs: N pairs; the key of an image is its place in ``images``, six digits or more. People are unknown.
        kind: what held them.
    """

    images: tuple[bytes, ...]
    pairs: PairList
    kind: Literal["bin file", "parquet pairs"] = "bin file"


def place_keys(number: int) -> Texts:
    """Keys of images that have a place and no name.

    >>> place_keys(2).tolist()
    ['000000', '000001']
    """
    return np.array([f"{place:06d}" for place in range(number)], np.str_)
