"""LFW's pairs as Kaggle's copies of it have them: pairs.csv, matchpairsDevTest.csv, mismatchpairsDevTest.csv ..."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources.pairs._pair_list import PairList, checked_pairs, printable_line, text_lines, whole_number
from ethnoshard.sources.pairs._paths import both_kinds, even_folds
from ethnoshard.sources.pairs._published import NamedPair, image_key

_BOTH = ("name", "imagenum1", "imagenum2", "")
_SAME = ("name", "imagenum1", "imagenum2")
_DIFFERENT = ("name", "imagenum1", "name", "imagenum2")
_FIELDS = {_BOTH: (3, 4), _SAME: (3,), _DIFFERENT: (4,)}
"""How many fields the rows below a head have. One of the heads has ``name`` twice, so rows are read by place."""


def lfw_csv_head(line: str) -> tuple[str, ...] | None:
    """The head of one of these files, or None where the line is another."""
    fields = tuple(field.strip() for field in line.split(","))
    return fields if fields in _FIELDS else None


def read_lfw_csv_pairs(*paths: str | Path, allow_duplicates: bool = False) -> PairList:
    """Read LFW's pairs from CSV files, together one list.

    ==========================================  ==================================================
    first line                                  rows
    ==========================================  ==================================================
    ``name,imagenum1,imagenum2,``               ``Name,1,4,`` one person; ``Name,1,Other,2`` two
    ``name,imagenum1,imagenum2``                ``Name,1,4``
    ``name,imagenum1,name,imagenum2``           ``Name,1,Other,2``
    ==========================================  ==================================================

    Fold f holds the f-th tenth of the pairs of one person and the f-th tenth of those of two; of ``pairs.csv`` these
    are LFW's own. Lists of View 1 (Dev) are one fold, as in ``read_lfw_pairs``.

    Args:
        paths: the files; that of View 1's pairs of one person goes with that of its pairs of two.
        allow_duplicates: keep pairs that come twice, counted, rather than refuse them.

    Returns:
        Keys are ``Name/Name_0001.jpg``, people are the names.

    Raises:
        EthnoshardError: a line is malformed (with its number), all pairs are of one kind, a pair comes twice or has one
            image only.
    """
    files = [Path(path) for path in paths]
    found = [_rows(file) for file in files]
    pairs = [pair for rows in found for pair, _ in rows]
    same = np.array([pair.same for pair in pairs], np.bool_)
    whole = files[0] if len(files) == 1 else files[0].parent
    both_kinds(whole, same, "give the file with the others too, by --pairs matchpairs... --pairs mismatchpairs...")
    # View 1 is in two files, of one kind of pairs each; View 2 is in one.
    in_one = all({pair.same for pair, _ in rows} == {True, False} for rows in found)
    listed = PairList(
        path=whole,
        first=np.array([image_key(pair.first, pair.first_number) for pair in pairs], np.str_),
        second=np.array([image_key(pair.second, pair.second_number) for pair in pairs], np.str_),
        same=same,
        fold=even_folds(same) if in_one else np.zeros(len(pairs), np.int64),
        first_person=np.array([pair.first for pair in pairs], np.str_),
        second_person=np.array([pair.second for pair in pairs], np.str_),
    )
    lines = np.array([place for rows in found for _, place in rows], np.int64)
    return checked_pairs(listed, allow_duplicates=allow_duplicates, lines=lines if len(files) == 1 else None)


def _rows(path: Path) -> Sequence[tuple[NamedPair, int]]:
    lines = text_lines(path)
    head = lfw_csv_head(lines[0] if lines else "")
    if head is None:
        heads = ", ".join(repr(",".join(each)) for each in _FIELDS)
        raise EthnoshardError(
            f"{path}, line 1: {printable_line(lines[0] if lines else '')} is no head of LFW's lists as CSV, {heads}"
        )
    found = []
    for place, line in enumerate(lines[1:], start=2):
        fields = [field.strip() for field in line.split(",")]
        if not any(fields):
            continue
        while fields[-1] == "":
            fields.pop()
        pair = _pair(fields) if len(fields) in _FIELDS[head] else None
        if pair is None:
            raise EthnoshardError(
                f"{path}, line {place:,}: {printable_line(line)} is not "
                f"{' or '.join(_ROWS[number] for number in _FIELDS[head])}, as below {','.join(head)!r}"
            )
        found.append((pair, place))
    return found


_ROWS = {3: "'name,number,number'", 4: "'name,number,name,number' with two names"}


def _pair(fields: list[str]) -> NamedPair | None:
    if len(fields) == 3:
        fields = [fields[0], fields[1], fields[0], fields[2]]
    elif fields[0] == fields[2]:
        return None
    one, other = whole_number(fields[1]), whole_number(fields[3])
    if one is None or other is None or not fields[0] or not fields[2]:
        return None
    return NamedPair(fields[0], one, fields[2], other)
