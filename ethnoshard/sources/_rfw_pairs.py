"""Pairs of Racial Faces in-the-Wild (Wang et al. 2019), one list a race."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._lfw_pairs import image_key, named_pair
from ethnoshard.sources._pairs import PairList, checked_pairs, text_lines

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
