"""Pairs of Celebrities in Frontal-Profile (Sengupta et al. 2016): frontal with frontal, and frontal with profile."""

from pathlib import Path
from typing import Literal, get_args

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._pairs import PairList, checked_pairs, shown_line, text_lines, whole_number

CfpProtocol = Literal["FF", "FP"]


def read_cfp_pairs(folder: str | Path, protocol: CfpProtocol, *, allow_duplicates: bool = False) -> PairList:
    """Read a protocol of CFP's ``Protocol`` folder.

    ``Pair_list_F.txt`` and ``Pair_list_P.txt`` number the frontal and profile images (``1 ../Data/Images/001/
    frontal/01.jpg``); ``Split/FF/01/same.txt`` and ``diff.txt`` and their like hold the pairs (``1,2``).

    Args:
        folder: ``Protocol`` itself, or the folder in which it lies.
        protocol: "FF", or "FP", where the first image is frontal and the second in profile.
        allow_duplicates: keep pairs that come twice, counted, rather than refuse them.

    Returns:
        Keys are ``001/frontal/01.jpg``, people ``001``.

    Raises:
        EthnoshardError: a file is missing, a line is malformed or names an image that the list lacks (with its
            number), a fold is short of pairs, a pair comes twice or contradicts its file's name.
    """
    if protocol not in get_args(CfpProtocol):
        raise EthnoshardError(f"CFP's protocols are FF and FP; {protocol!r} is not one")
    folder = Path(folder)
    place = folder / "Protocol" if (folder / "Protocol").is_dir() else folder
    frontal = _images(place / "Pair_list_F.txt")
    others = _images(place / "Pair_list_P.txt") if protocol == "FP" else frontal
    split = place / "Split" / protocol
    folds = sorted(path for path in split.glob("*") if path.is_dir())
    if not folds:
        raise EthnoshardError(f"{split} holds no folder of a fold, such as 01; give CFP's Protocol folder")
    first: list[str] = []
    second: list[str] = []
    same: list[bool] = []
    fold_of: list[int] = []
    counts: dict[tuple[int, str], int] = {}
    for fold, path in enumerate(folds):
        for name in ("same", "diff"):
            found = _pairs(path / f"{name}.txt", frontal, others, name == "same")
            counts[fold, name] = len(found)
            first += [one for one, _ in found]
            second += [other for _, other in found]
            same += [name == "same"] * len(found)
            fold_of += [fold] * len(found)
    most = max(counts.values())
    for (fold, name), number in counts.items():
        if number < most:
            raise EthnoshardError(
                f"{folds[fold] / name}.txt has {number:,} pairs where others have {most:,}; the fold is short. Fetch "
                f"CFP's Protocol folder again"
            )
    pairs = PairList(
        path=split,
        first=np.array(first, np.str_),
        second=np.array(second, np.str_),
        same=np.array(same, np.bool_),
        fold=np.array(fold_of, np.int64),
        first_person=np.array([_person(key) for key in first], np.str_),
        second_person=np.array([_person(key) for key in second], np.str_),
    )
    return checked_pairs(pairs, allow_duplicates=allow_duplicates)


def _images(path: Path) -> dict[int, str]:
    found: dict[int, str] = {}
    for place, line in enumerate(text_lines(path), start=1):
        if not line.strip():
            continue
        number, _, file = line.strip().partition(" ")
        parts = file.strip().replace("\\", "/").split("/")
        index = whole_number(number)
        if index is None or len(parts) < 3 or not all(parts[-3:]) or index in found:
            raise EthnoshardError(
                f"{path}, line {place:,}: {shown_line(line)} is not a number of its own and "
                f"../Data/Images/<person>/<frontal or profile>/<image>"
            )
        found[index] = "/".join(parts[-3:])
    return found


def _pairs(path: Path, frontal: dict[int, str], others: dict[int, str], same: bool) -> list[tuple[str, str]]:
    found = []
    for place, line in enumerate(text_lines(path), start=1):
        if not line.strip():
            continue
        numbers = [whole_number(field.strip()) for field in line.split(",")]
        match numbers:
            case [int(one), int(other)] if one in frontal and other in others:
                pair = frontal[one], others[other]
            case [int(), int()]:
                raise EthnoshardError(f"{path}, line {place:,}: {shown_line(line)} names an image that no list has")
            case _:
                raise EthnoshardError(f"{path}, line {place:,}: {shown_line(line)} is not two numbers, such as 1,2")
        if (_person(pair[0]) == _person(pair[1])) is not same:
            raise EthnoshardError(
                f"{path}, line {place:,}: {shown_line(line)} is a pair of {'two people' if same else 'one person'}"
            )
        found.append(pair)
    return found


def _person(key: str) -> str:
    return key.split("/", 1)[0]
