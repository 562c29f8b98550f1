"""Pairs of Labeled Faces in the Wild: pairs.txt of View 2, pairsDevTrain.txt and pairsDevTest.txt of View 1."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._pairs import PairList, checked_pairs, shown_line, text_lines, whole_number


class NamedPair(NamedTuple):
    """A pair as LFW and RFW write it: a person and a number for each image."""

    first: str
    first_number: int
    second: str
    second_number: int

    @property
    def same(self) -> bool:
        """Of one person."""
        return self.first == self.second


def read_lfw_pairs(path: str | Path, *, allow_duplicates: bool = False) -> PairList:
    """Read a pair list in LFW's own form (Huang et al. 2007).

    The first line is ``folds pairs``, or ``pairs`` alone for one fold; then come, fold after fold, so many lines
    ``name number number`` (one person) and as many ``name number name number`` (two people).

    Args:
        path: ``pairs.txt``, ``pairsDevTrain.txt``, ``pairsDevTest.txt`` or another of the form.
        allow_duplicates: keep pairs that come twice, counted, rather than refuse them.

    Returns:
        Keys are ``Name/Name_0001.jpg``, people are the names.

    Raises:
        EthnoshardError: a line is malformed (with its number), a fold is short of pairs or has too many, a pair
            comes twice or has one image only.
    """
    path = Path(path)
    lines = text_lines(path)
    folds, number = _head(path, lines[0] if lines else "")
    body = [(place, line) for place, line in enumerate(lines[1:], start=2) if line.strip()]
    block = 2 * number
    pairs = []
    for row, (place, line) in enumerate(body):
        pair = named_pair(path, place, line)
        fold, due_same = row // block, row % block < number
        if fold < folds and pair.same is not due_same:
            raise EthnoshardError(
                f"{path}, line {place:,}: fold {fold + 1} has {number:,} same and then {number:,} different pairs by "
                f"the first line, but here, at its {row % block + 1:,}. pair, stands a "
                f"{'same' if pair.same else 'different'} one; a line is missing or too many"
            )
        pairs.append(pair)
    if len(pairs) != folds * block:
        raise EthnoshardError(
            f"{path} has {len(pairs):,} pairs; {folds} folds of {number:,} same and {number:,} different make "
            f"{folds * block:,}" + _short(len(pairs), folds, number) + ". Fetch it again"
        )
    rows = np.arange(len(pairs), dtype=np.int64)
    return checked_pairs(
        _pair_list(path, pairs, rows // block),
        allow_duplicates=allow_duplicates,
        lines=np.array([place for place, _ in body], np.int64),
    )


def named_pair(path: Path, place: int, line: str) -> NamedPair:
    """Read ``name number number`` or ``name number name number``.

    Raises:
        EthnoshardError: the line is neither.
    """
    fields = line.split()
    if len(fields) == 3:
        fields = [fields[0], fields[1], fields[0], fields[2]]
    elif len(fields) != 4 or fields[0] == fields[2]:
        fields = []
    first, second = (whole_number(fields[1]), whole_number(fields[3])) if fields else (None, None)
    if first is None or second is None:
        raise EthnoshardError(
            f"{path}, line {place:,}: {shown_line(line)} is neither 'name number number' nor 'name number name number' "
            f"with two names"
        )
    return NamedPair(fields[0], first, fields[2], second)


def _pair_list(path: Path, pairs: list[NamedPair], fold: np.typing.NDArray[np.int64]) -> PairList:
    return PairList(
        path=path,
        first=np.array([image_key(pair.first, pair.first_number) for pair in pairs], np.str_),
        second=np.array([image_key(pair.second, pair.second_number) for pair in pairs], np.str_),
        same=np.array([pair.same for pair in pairs], np.bool_),
        fold=fold,
        first_person=np.array([pair.first for pair in pairs], np.str_),
        second_person=np.array([pair.second for pair in pairs], np.str_),
    )


def image_key(name: str, number: int) -> str:
    """``Name/Name_0001.jpg``."""
    return f"{name}/{name}_{number:04d}.jpg"


def _head(path: Path, line: str) -> tuple[int, int]:
    numbers = [whole_number(field) for field in line.split()]
    match numbers:
        case [int(folds), int(pairs)]:
            return folds, pairs
        case [int(pairs)]:
            return 1, pairs
    raise EthnoshardError(
        f"{path}, line 1: {shown_line(line)} is not the number of folds and of pairs, such as '10 300', with which "
        f"LFW's pair lists begin"
    )


def _short(found: int, folds: int, number: int) -> str:
    if found > folds * 2 * number:
        return ""
    fold, rest = divmod(found, 2 * number)
    return f"; fold {fold + 1} is short with {min(rest, number):,} same and {max(rest - number, 0):,} different"
