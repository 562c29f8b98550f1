"""insightface's verification sets, ``lfw.bin``, ``cfp_fp.bin``, ``agedb_30.bin`` and their like."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._pairs import PairList
from ethnoshard.sources._plain_pickle import read_plain_pickle

_FOLDS = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class BinPairs:
    """Pairs, and the images themselves.

    Attributes:
        images: 2N encoded images, those of pair n at 2n and 2n + 1.
        pairs: N pairs; the key of an image is its place in ``images``, six digits or more. People are unknown.
    """

    images: tuple[bytes, ...]
    pairs: PairList


def read_bin_pairs(path: str | Path) -> BinPairs:
    """Read a ``.bin`` file: a pickle of (list of encoded images, list of bool, or of 1 and 0).

    The pickle is not run; see ``_plain_pickle``. Pairs are cut into ten folds in their order, as insightface's own
    evaluation does. An image that occurs in several pairs is in the file several times, so duplicates can't be told.

    Args:
        path: the file.

    Raises:
        EthnoshardError: it is not there, holds anything but bytes, lists, tuples, bools and whole numbers, is damaged,
            or its numbers of images and answers don't fit.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise EthnoshardError(f"{path} is not there") from error
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error
    try:
        value = read_plain_pickle(content)
    except EthnoshardError as error:
        raise EthnoshardError(f"{path} is not a .bin file of insightface: {error}") from error
    images, answers = _parts(path, value)
    keys = np.array([f"{place:06d}" for place in range(len(images))], np.str_)
    number = len(answers)
    pairs = PairList(
        path=path,
        first=keys[0::2],
        second=keys[1::2],
        same=np.array(answers, np.bool_),
        fold=_folds(number),
    )
    return BinPairs(images=tuple(images), pairs=pairs)


def _parts(path: Path, value: object) -> tuple[list[bytes], list[bool]]:
    wanted = f"{path} is not a .bin file of insightface, which is a pair of lists, encoded images and bools"
    match value:
        case [list() | tuple() as images, list() | tuple() as answers]:
            pass
        case _:
            raise EthnoshardError(f"{wanted}; it holds another thing")
    odd = sum(not isinstance(image, bytes) for image in images)
    if odd or not all(isinstance(answer, int) and answer in (0, 1) for answer in answers):
        raise EthnoshardError(
            f"{wanted}; {odd:,} of its {len(images):,} images are no bytes, or an answer is not a bool"
        )
    if len(images) != 2 * len(answers) or len(answers) < _FOLDS:
        raise EthnoshardError(
            f"{path} has {len(images):,} images and {len(answers):,} answers; there are two images for each answer, "
            f"and at least {_FOLDS} answers, one for each fold. Fetch it again"
        )
    return list(images), [bool(answer) for answer in answers]


def _folds(number: int) -> np.typing.NDArray[np.int64]:
    """Ten folds, in order, the first ones longer by one where it doesn't divide evenly."""
    sizes = np.full(_FOLDS, number // _FOLDS)
    sizes[: number % _FOLDS] += 1
    return np.repeat(np.arange(_FOLDS, dtype=np.int64), sizes)
