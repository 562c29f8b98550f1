"""Pair lists that name files: ``label path path`` a line (opensphere, Kaggle), two lines a pair (CALFW, CPLFW)."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources.containers._inventory import has_image_extension
from ethnoshard.sources.pairs._pair_list import PairList, Texts, checked_pairs, printable_line, text_lines, whole_number

T = TypeVar("T")
_FOLDS = 10
_NUMBERED = re.compile(r"_[0-9]+\.[A-Za-z0-9]+$")
"""How a file's name goes on after its person's, as LFW and all that is made of it name files."""


class LabelledPair(NamedTuple):
    """Two files of a list and what it says of them: 0 for two people, 1 or more for one."""

    label: int
    first: str
    second: str


def read_label_first_pairs(path: str | Path, *, allow_duplicates: bool = False) -> PairList:
    """Read a list of ``1 path path`` and ``0 path path``, such as ``lfw_ann.txt``.

    Lists of this form have no folds. Fold f of ten holds the f-th tenth of the pairs of one person and the f-th tenth
    of those of two, each in the list's order, which are the published folds where these come one after the other.

    Args:
        path: the list; fields are separated by blanks or tabs.
        allow_duplicates: keep pairs that come twice, counted, rather than refuse them.

    Returns:
        Keys are the paths. People are the folders, or the names without ``_0001.jpg``, if one of these agrees with
        every label; otherwise they are unknown.

    Raises:
        EthnoshardError: a line is malformed (with its number), all pairs are of one kind, a pair comes twice or has
            one image only.
    """
    path = Path(path)
    wanted = "0 or 1 and two paths of images, such as '1 Name/Name_0001.jpg Name/Name_0003.jpg'"
    pairs = _parsed(path, label_first, wanted)
    return _pair_list(path, list(pairs.values()), list(pairs), allow_duplicates)


def label_first(line: str) -> LabelledPair | None:
    """The pair in ``1 path path``, or None where the line is another."""
    match line.split():
        case ["0" | "1" as label, first, second] if all(map(has_image_extension, (first, second))):
            return LabelledPair(int(label), _key(first), _key(second))
    return None


def read_two_line_pairs(path: str | Path, *, allow_duplicates: bool = False) -> PairList:
    """Read a list in which a pair is two lines ``file label``: pairs_CALFW.txt, pairs_CPLFW.txt.

    The label stands on both lines: 0 for two people; for one person 1 (CPLFW), or 1 to 10, the pair's fold (CALFW).
    Pairs without a fold are dealt to folds as those of ``read_label_first_pairs`` are.

    Args:
        path: the list.
        allow_duplicates: keep pairs that come twice, counted, rather than refuse them.

    Returns:
        Keys are the files' names; people as for ``read_label_first_pairs``.

    Raises:
        EthnoshardError: a line is malformed, two lines of a pair have different labels (with their number), all pairs
            are of one kind, a pair comes twice or has one image only.
    """
    path = Path(path)
    wanted = "a file and a number, such as 'Name_0001.jpg 1', of which two lines make a pair"
    parsed = _parsed(path, labelled_file, wanted)
    places, files = list(parsed), list(parsed.values())
    pairs = []
    for place, (first, label), (second, again) in zip(places[1::2], files[0::2], files[1::2], strict=False):
        if label != again:
            raise EthnoshardError(
                f"{path}, line {place:,}: both lines of a pair have one label, but here {again} follows on {label}; a "
                f"line is missing or too many above"
            )
        pairs.append(LabelledPair(label, first, second))
    if len(files) % 2:
        raise EthnoshardError(f"{path} has {len(files):,} lines; two make a pair, so one is missing. Fetch it again")
    return _pair_list(path, pairs, places[0::2], allow_duplicates)


def labelled_file(line: str) -> tuple[str, int] | None:
    """File and label in ``file label``, or None where the line is another."""
    fields = line.rsplit(None, 1)
    label = whole_number(fields[-1], least=0) if len(fields) == 2 else None
    return (_key(fields[0].strip()), label) if label is not None and has_image_extension(fields[0]) else None


def even_folds(same: NDArray[np.bool_], most: int = _FOLDS) -> NDArray[np.int64]:
    """Folds of pairs that have none: each gets an equal share of both kinds, in order.

    Args:
        same: (N,) bool.
        most: number of folds; fewer where there are fewer pairs of a kind.
    """
    folds = max(1, min(most, int(same.sum()), int((~same).sum())))
    fold = np.zeros(len(same), np.int64)
    for kind in (same, ~same):
        number = int(kind.sum())
        fold[kind] = np.arange(number, dtype=np.int64) * folds // max(number, 1)
    return fold


def both_kinds(path: Path, same: NDArray[np.bool_], advice: str) -> None:
    """Refuse a list whose pairs are all of one person, or all of two.

    Raises:
        EthnoshardError: they are.
    """
    if len(same) and (same.all() or not same.any()):
        kind = "one person" if same.all() else "two people"
        raise EthnoshardError(f"{path}: all of its {len(same):,} pairs are of {kind}; {advice}")


def _parsed(path: Path, parse: Callable[[str], T | None], wanted: str) -> dict[int, T]:
    """Number of each line that isn't empty -> what it says.

    Raises:
        EthnoshardError: a line is not what is wanted.
    """
    found = {}
    for place, line in enumerate(text_lines(path), start=1):
        if line.strip():
            parsed = parse(line)
            if parsed is None:
                raise EthnoshardError(f"{path}, line {place:,}: {printable_line(line)} is not {wanted}")
            found[place] = parsed
    return found


def _key(path: str) -> str:
    """A path as images are named; what leads there from the list's own folder says nothing."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts)


def _pair_list(path: Path, pairs: list[LabelledPair], lines: list[int], allow_duplicates: bool) -> PairList:
    same = np.array([pair.label > 0 for pair in pairs], np.bool_)
    both_kinds(path, same, "nothing can be verified by these alone. Fetch it again")
    first = np.array([pair.first for pair in pairs], np.str_)
    second = np.array([pair.second for pair in pairs], np.str_)
    people = _people(first, second, same)
    found = PairList(
        path=path,
        first=first,
        second=second,
        same=same,
        fold=_folds(path, np.array([pair.label for pair in pairs], np.int64)),
        first_person=None if people is None else people[0],
        second_person=None if people is None else people[1],
    )
    return checked_pairs(found, allow_duplicates=allow_duplicates, lines=np.array(lines, np.int64))


def _folds(path: Path, label: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels above 1 are the folds of pairs of one person."""
    same = label > 0
    folds = int(label.max(initial=0))
    if folds < 2:
        return even_folds(same)
    lacking = sorted(set(range(1, folds + 1)) - set(label.tolist()))
    if lacking or int((~same).sum()) < folds:
        what = f"no pair of one person has {lacking[0]}" if lacking else "there are fewer pairs of two people"
        raise EthnoshardError(
            f"{path} has labels up to {folds:,}, which number the folds of pairs of one person, but {what}. Fetch it "
            f"again"
        )
    fold = label - 1
    number = int((~same).sum())
    fold[~same] = np.arange(number, dtype=np.int64) * folds // number
    return fold


def _people(first: Texts, second: Texts, same: NDArray[np.bool_]) -> tuple[Texts, Texts] | None:
    """Whose the images are, if that agrees with every label."""
    for person in (_folder, _name):
        one, other = (np.array([person(key) for key in keys.tolist()], np.str_) for keys in (first, second))
        if len(same) and (one != "").all() and (other != "").all() and ((one == other) == same).all():
            return one, other
    return None


def _folder(key: str) -> str:
    return key.rpartition("/")[0]


def _name(key: str) -> str:
    name = _NUMBERED.sub("", key)
    return name if name != key else ""
