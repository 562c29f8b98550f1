"""The text forms of pair lists: LFW, CFP, BFW and RFW, each read into a ``PairList``.

LFW: pairs.txt of View 2, pairsDevTrain.txt and pairsDevTest.txt of View 1. CFP: frontal with frontal, and frontal with
profile (Sengupta et al. 2016). BFW: Balanced Faces in the Wild (Robinson et al. 2020). RFW: Racial Faces in-the-Wild
(Wang et al. 2019), one list a race.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources.pairs._pair_list import PairList, Texts, checked_pairs, printable_line, text_lines, whole_number
from ethnoshard.sources.tables._text import LINE, read_text_table, refuse_rows


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
            f"{path}, line {place:,}: {printable_line(line)} is neither 'name number number' nor "
            f"'name number name number' with two names"
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
        f"{path}, line 1: {printable_line(line)} is not the number of folds and of pairs, such as '10 300', with which "
        f"LFW's pair lists begin"
    )


def _short(found: int, folds: int, number: int) -> str:
    if found > folds * 2 * number:
        return ""
    fold, rest = divmod(found, 2 * number)
    return f"; fold {fold + 1} is short with {min(rest, number):,} same and {max(rest - number, 0):,} different"


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
                f"{path}, line {place:,}: {printable_line(line)} is not a number of its own and "
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
                raise EthnoshardError(f"{path}, line {place:,}: {printable_line(line)} names an image that no list has")
            case _:
                raise EthnoshardError(f"{path}, line {place:,}: {printable_line(line)} is not two numbers, such as 1,2")
        if (_person(pair[0]) == _person(pair[1])) is not same:
            raise EthnoshardError(
                f"{path}, line {place:,}: {printable_line(line)} is a pair of {'two people' if same else 'one person'}"
            )
        found.append(pair)
    return found


def _person(key: str) -> str:
    return key.split("/", 1)[0]


_COLUMNS = ("fold", "p1", "p2", "label", "att1", "att2")
_SAME = r"^(?i)(1(\.0)?|true)$"
_LABEL = r"^(?i)([01](\.0)?|true|false)$"


def read_bfw_pairs(path: str | Path, *, allow_duplicates: bool = False) -> PairList:
    """Read BFW's table of pairs.

    Args:
        path: CSV with the columns fold, p1, p2, label (1 or true same, 0 or false different), att1, att2;
            others, such as the scores of its authors' networks, are ignored.
        allow_duplicates: keep pairs that come twice, counted, rather than refuse them.

    Returns:
        Keys are p1 and p2 (``asian_females/n000001/0010_01.jpg``), people their folders, groups att1 and att2.

    Raises:
        EthnoshardError: the file can't be read, lacks a column, has a malformed row (with its line), a fold
            without pairs of one kind, a pair twice, or a label that contradicts the folders.
    """
    path = Path(path)
    table, left_out = read_text_table(path, _COLUMNS, ",".join(_COLUMNS))
    refuse_rows(
        path,
        table,
        [
            pl.col("fold").str.contains(r"^[0-9]{1,9}$"),
            pl.col("label").str.contains(_LABEL),
            pl.col("p1", "p2").str.contains(r"^.+/[^/]+$"),
            pl.col("att1", "att2").str.contains(r"\S"),
        ],
        "fold is a whole number, label 0 or 1, p1 and p2 are folder/image, att1 and att2 name groups",
    )
    folders = table.select(pl.col("p1", "p2").str.replace(r"/[^/]+$", ""))
    same = table["label"].str.contains(_SAME).to_numpy()
    contradicted = (folders["p1"] == folders["p2"]).to_numpy() != same
    if contradicted.any():
        raise EthnoshardError(
            f"{path}, line {table[LINE][int(contradicted.argmax())]:,}: the label says "
            f"{'same' if same[contradicted][0] else 'different'}, the folders of p1 and p2 the reverse; "
            f"{int(contradicted.sum()):,} rows are so"
        )
    number = table["fold"].cast(pl.Int64).to_numpy()
    names, fold = np.unique(number, return_inverse=True)
    for index, name in enumerate(names.tolist()):
        here = same[fold == index]
        if here.all() or not here.any():
            raise EthnoshardError(
                f"{path}: fold {name} is short: it has no {'different' if here.all() else 'same'} pair"
            )
    pairs = PairList(
        path=path,
        first=_texts(table["p1"]),
        second=_texts(table["p2"]),
        same=same,
        fold=fold.astype(np.int64),
        first_person=_texts(folders["p1"]),
        second_person=_texts(folders["p2"]),
        first_group=_texts(table["att1"]),
        second_group=_texts(table["att2"]),
        left_out=left_out,
    )
    return checked_pairs(pairs, allow_duplicates=allow_duplicates, lines=table[LINE].to_numpy())


def _texts(column: pl.Series) -> Texts:
    return np.array(column.to_list(), np.str_)


_FOLD = 600
"""Pairs of a fold: 300 of one person, 300 of two."""


def read_rfw_pairs(folder: str | Path, *, allow_duplicates: bool = False) -> PairList:
    """Read RFW's lists, ``txts/<Race>/<Race>_pairs.txt`` for every race that is there.

    A list has no head; its lines are those of LFW, 600 a fold. Fold f holds the f-th fold of every race.

    Args:
        folder: the one that holds ``txts`` (beside the folder of images), or ``txts`` itself, or the folder of one
            race in it.
        allow_duplicates: keep pairs that come twice, counted, rather than refuse them.

    Returns:
        Keys are ``<Race>/<person>/<person>_0001.jpg``, people ``<Race>/<person>``, groups the races.

    Raises:
        EthnoshardError: there is no list, a line is malformed (with its number), a fold is short of pairs, a pair
            comes twice or has one image only.
    """
    folder = Path(folder)
    lists = folder / "txts" if (folder / "txts").is_dir() else folder
    given = [path for path in lists.glob("*/*_pairs.txt") if path.name == f"{path.parent.name}_pairs.txt"]
    paths = sorted(given) or [path for path in (_list_of(folder),) if path.is_file()]
    if not paths:
        raise EthnoshardError(
            f"{folder} holds no txts/<Race>/<Race>_pairs.txt; give the folder in which txts lies, or, for one "
            f"race, txts/<Race>"
        )
    races = [_race(path, allow_duplicates) for path in paths]
    names = ("first", "second", "same", "fold", "first_person", "second_person", "first_group", "second_group")
    joined: dict[str, Any] = {name: np.concatenate([getattr(race, name) for race in races]) for name in names}
    return PairList(path=folder, duplicates=sum(race.duplicates for race in races), **joined)


def _list_of(race: Path) -> Path:
    return race / f"{race.resolve().name}_pairs.txt"


def _race(path: Path, allow_duplicates: bool) -> PairList:
    race = path.parent.resolve().name
    body = [(place, line) for place, line in enumerate(text_lines(path), start=1) if line.strip()]
    pairs = [named_pair(path, place, line) for place, line in body]
    same = np.array([pair.same for pair in pairs], np.bool_)
    if len(pairs) % _FOLD:
        raise EthnoshardError(
            f"{path} has {len(pairs):,} pairs, which is no multiple of the {_FOLD} of a fold: fold "
            f"{len(pairs) // _FOLD + 1} is short. Fetch it again"
        )
    for fold in range(len(pairs) // _FOLD):
        here = int(same[fold * _FOLD : (fold + 1) * _FOLD].sum())
        if here * 2 != _FOLD:
            raise EthnoshardError(
                f"{path}: fold {fold + 1} has {here} same and {_FOLD - here} different pairs, not {_FOLD // 2} of "
                f"each; a line is missing or too many"
            )
    first_person = np.array([f"{race}/{pair.first}" for pair in pairs], np.str_)
    second_person = np.array([f"{race}/{pair.second}" for pair in pairs], np.str_)
    groups = np.full(len(pairs), race)
    found = PairList(
        path=path,
        first=np.array([f"{race}/{image_key(pair.first, pair.first_number)}" for pair in pairs], np.str_),
        second=np.array([f"{race}/{image_key(pair.second, pair.second_number)}" for pair in pairs], np.str_),
        same=same,
        fold=np.arange(len(pairs), dtype=np.int64) // _FOLD,
        first_person=first_person,
        second_person=second_person,
        first_group=groups,
    )
    lines = np.array([place for place, _ in body], np.int64)
    return replace(checked_pairs(found, allow_duplicates=allow_duplicates, lines=lines), second_group=groups)
