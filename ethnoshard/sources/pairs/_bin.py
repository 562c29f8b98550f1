"""insightface's verification sets, ``lfw.bin``, ``cfp_fp.bin``, ``agedb_30.bin``, and RFW's four, with their groups."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._remarks import Remarks
from ethnoshard.sources.pairs._image_pairs import ImagePairs, place_keys
from ethnoshard.sources.pairs._pair_list import PairList
from ethnoshard.sources.pairs._plain_numpy import PlainArray
from ethnoshard.sources.pairs._plain_pickle import read_plain_pickle

_FOLDS = 10
_OF_A_GROUP = re.compile(r"(?P<group>[^.]+)_test\.bin")
_COMPRESSED = {
    b"\xfd7zXZ\x00": ("xz", "xz -dk"),
    b"\x1f\x8b": ("gzip", "gunzip -k"),
    b"BZh": ("bzip2", "bunzip2 -k"),
    b"\x28\xb5\x2f\xfd": ("zstd", "zstd -dk"),
    b"PK\x03\x04": ("zip", "unzip"),
    b"7z\xbc\xaf\x27\x1c": ("7-Zip", "7z x"),
}


def refuse_compressed(path: Path, begin: bytes) -> None:
    """Say how a compressed file is unpacked.

    Args:
        path: the file.
        begin: its first bytes.

    Raises:
        EthnoshardError: it is compressed.
    """
    for magic, (name, unpack) in _COMPRESSED.items():
        if begin.startswith(magic):
            raise EthnoshardError(
                f"{path} is compressed by {name}; unpack it (`{unpack} {shlex.quote(str(path))}`), and give what comes "
                f"of it"
            )


def read_bin_pairs(path: str | Path) -> ImagePairs:
    """Read a ``.bin`` file: a pickle of (list of encoded images, list of bool, or of 1 and 0).

    The pickle is not run; see ``_plain_pickle``. Answers may be numpy's bools and whole numbers, or an array of them,
    images arrays of bytes. Pairs are cut into ten folds in their order, as insightface's own evaluation does. An image
    that occurs in several pairs is in the file several times, so duplicates can't be told.

    Args:
        path: the file.

    Raises:
        EthnoshardError: it is not there, is compressed, holds anything else, is damaged, or its numbers of images and
            answers don't fit.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise EthnoshardError(f"{path} is not there") from error
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error
    refuse_compressed(path, content[:8])
    try:
        value = read_plain_pickle(content)
    except EthnoshardError as error:
        raise EthnoshardError(f"{path} is not a .bin file of insightface: {error}") from error
    images, answers = _parts(path, value)
    keys = place_keys(len(images))
    number = len(answers)
    pairs = PairList(
        path=path,
        first=keys[0::2],
        second=keys[1::2],
        same=np.array(answers, np.bool_),
        fold=_folds(number),
    )
    return ImagePairs(images=tuple(images), pairs=pairs)


def read_bins_of_groups(*paths: str | Path) -> ImagePairs:
    """Read one ``.bin`` file a group as one list: RFW's ``African_test.bin``, ``Asian_test.bin`` and so on.

    Fold f holds the f-th fold of every group, as in ``read_rfw_pairs``.

    Args:
        paths: the files, or the folder in which they lie.

    Returns:
        Groups are what stands before ``_test.bin``.

    Raises:
        EthnoshardError: a file's name doesn't tell its group, a group comes twice, or a file can't be read.
    """
    given = [Path(path) for path in paths]
    remarks = Remarks()
    files: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(path.glob("*.bin"))
            files += [file for file in inside if _OF_A_GROUP.fullmatch(file.name)]
            remarks.add_all({"file of no group (its name isn't <Group>_test.bin)": _no_groups(inside)})
        else:
            files.append(path)
    groups = _groups(given, files)
    sets = [read_bin_pairs(file) for file in files]
    images = tuple(image for each in sets for image in each.images)
    keys = place_keys(len(images))
    group = np.array([name for name, each in zip(groups, sets, strict=True) for _ in range(len(each.pairs))], np.str_)
    pairs = PairList(
        path=given[0] if len(given) == 1 else files[0].parent,
        first=keys[0::2],
        second=keys[1::2],
        same=np.concatenate([each.pairs.same for each in sets]),
        fold=np.concatenate([each.pairs.fold for each in sets]),
        first_group=group,
        second_group=group,
        left_out=remarks.by_reason(),
    )
    return ImagePairs(images=images, pairs=pairs)


def bins_of_groups(folder: Path) -> list[Path]:
    """Files of a folder that are named as RFW's are."""
    return sorted(path for path in folder.glob("*.bin") if _OF_A_GROUP.fullmatch(path.name))


def _no_groups(files: Sequence[Path]) -> list[str]:
    return [file.name for file in files if not _OF_A_GROUP.fullmatch(file.name)]


def _groups(given: Sequence[Path], files: Sequence[Path]) -> list[str]:
    if not files:
        raise EthnoshardError(f"{given[0]} holds no <Group>_test.bin, such as African_test.bin")
    unnamed = _no_groups(files)
    if unnamed:
        raise EthnoshardError(
            f"several .bin files make one list by group if their names are <Group>_test.bin, such as "
            f"African_test.bin; {unnamed[0]} is not. Give one file, or rename it"
        )
    names = [match["group"] for file in files if (match := _OF_A_GROUP.fullmatch(file.name))]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise EthnoshardError(f"the group {twice[0]!r} comes {names.count(twice[0])} times; give each file once")
    return names


def _parts(path: Path, value: object) -> tuple[list[bytes], list[bool]]:
    wanted = f"{path} is not a .bin file of insightface, which is a pair of lists, encoded images and bools"
    match value:
        case [list() | tuple() as images, list() | tuple() | PlainArray() as answers]:
            pass
        case _:
            raise EthnoshardError(f"{wanted}; it holds another thing")
    images = [image.file() if isinstance(image, PlainArray) else image for image in images]
    answers = _values(path, answers) if isinstance(answers, PlainArray) else answers
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


def _values(path: Path, answers: PlainArray) -> list[bool] | list[int]:
    try:
        return answers.values()
    except ValueError as error:
        raise EthnoshardError(f"{path} is damaged: its answers are {error}; fetch it again") from error


def _folds(number: int) -> NDArray[np.int64]:
    """Ten folds, in order, the first ones longer by one where it doesn't divide evenly."""
    sizes = np.full(_FOLDS, number // _FOLDS)
    sizes[: number % _FOLDS] += 1
    return np.repeat(np.arange(_FOLDS, dtype=np.int64), sizes)
