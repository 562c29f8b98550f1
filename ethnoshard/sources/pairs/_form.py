"""Which form a list of pairs has, told by what it holds; where that could mean two things, nothing is guessed."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from ethnoshard._checks import check_choice
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources.pairs._bin import bins_of_groups, read_bin_pairs, read_bins_of_groups, refuse_compressed
from ethnoshard.sources.pairs._image_pairs import ImagePairs
from ethnoshard.sources.pairs._lfw_csv import lfw_csv_head, read_lfw_csv_pairs
from ethnoshard.sources.pairs._pair_list import PairList, printable_line
from ethnoshard.sources.pairs._parquet import parquet_files, read_parquet_pairs
from ethnoshard.sources.pairs._paths import label_first, labelled_file, read_label_first_pairs, read_two_line_pairs
from ethnoshard.sources.pairs._published import read_bfw_pairs, read_cfp_pairs, read_lfw_pairs, read_rfw_pairs

PairsForm = Literal["lfw", "lfw-csv", "label-first", "two-line", "cfp-ff", "cfp-fp", "rfw", "bfw", "bin", "parquet"]
PAIRS_FORMS: tuple[PairsForm, ...] = get_args(PairsForm)
WITH_IMAGES: tuple[PairsForm, ...] = ("bin", "parquet")
"""Forms that hold the images themselves."""
_SEVERAL: tuple[PairsForm, ...] = ("lfw-csv", *WITH_IMAGES)
"""Forms of which several files make one list."""

_DEEPEST = 4
"""Folders down to which lists are looked for, to say where they are."""
_BEGIN = 1 << 16
_LFW_HEAD = re.compile(r"[0-9]+(\s+[0-9]+)?")
_LFW_PAIR = re.compile(r"\S+\s+[0-9]+\s+(\S+\s+)?[0-9]+")
_BFW_COLUMNS = {"fold", "p1", "p2", "label", "att1", "att2"}
_LOOKED_FOR = (
    "'10 300' (lfw), 'name,imagenum1,imagenum2' (lfw-csv), '1 path path' (label-first), 'file 1' (two-line), a head "
    "with fold,p1,p2,label,att1,att2 (bfw), a .bin file (bin), a Parquet file (parquet), a folder with txts (rfw), "
    "Protocol (cfp-ff, cfp-fp), <Group>_test.bin or .parquet files"
)


def pairs_form(paths: Sequence[str | Path]) -> PairsForm:
    """The form that a list has, by its first bytes, or by what a folder holds.

    Args:
        paths: the file or folder, or the several files that make one list.

    Raises:
        EthnoshardError: it is not there, is compressed, could be two things, or is none that is known, with what was
            looked for.
    """
    given = [Path(path) for path in paths]
    forms = {path: _of_folder(path) if path.is_dir() else _of_file(path) for path in given}
    if len(set(forms.values())) > 1:
        each = ", ".join(f"{path.name} is {form}" for path, form in forms.items())
        raise EthnoshardError(f"lists of different forms make no one list: {each}")
    return forms[given[0]]


def read_any_pairs(*paths: str | Path, form: str = "auto") -> PairList | ImagePairs:
    """Read a list of pairs of any form.

    Pairs that come twice are kept and counted where published lists have them so; LFW's own have none.

    Args:
        paths: the file or folder; of ``lfw-csv``, ``bin`` and ``parquet`` several make one list.
        form: one of ``PAIRS_FORMS``; "auto" tells it by ``pairs_form``.

    Returns:
        Pairs, with their images where the form holds them.

    Raises:
        EthnoshardError: the form is unknown, several files don't make one list of it, or the list can't be read or is
            malformed.
    """
    if not paths:
        raise EthnoshardError("no list of pairs is given")
    files = [Path(path) for path in paths]
    chosen = pairs_form(files) if form == "auto" else check_choice("the form of pairs", form, PAIRS_FORMS)
    if len(files) > 1 and chosen not in _SEVERAL:
        raise EthnoshardError(
            f"{len(files):,} lists of the form {chosen} are given, {files[0]} the first; several make one list only of "
            f"the forms {', '.join(_SEVERAL)}. Give one"
        )
    (file, *_) = files
    match chosen:
        case "lfw":
            return read_lfw_pairs(file)
        case "lfw-csv":
            return read_lfw_csv_pairs(*files)
        case "label-first":
            return read_label_first_pairs(file, allow_duplicates=True)
        case "two-line":
            return read_two_line_pairs(file, allow_duplicates=True)
        case "cfp-ff":
            return read_cfp_pairs(file, "FF")
        case "cfp-fp":
            return read_cfp_pairs(file, "FP")
        case "rfw":
            return read_rfw_pairs(file if file.is_dir() else file.parent, allow_duplicates=True)
        case "bfw":
            return read_bfw_pairs(file, allow_duplicates=True)
        case "bin":
            return read_bins_of_groups(*files) if len(files) > 1 or file.is_dir() else read_bin_pairs(file)
        case "parquet":
            return read_parquet_pairs(*files)


def _of_folder(path: Path) -> PairsForm:
    found: list[PairsForm] = []
    if bins_of_groups(path):
        found.append("bin")
    if (path / "txts").is_dir() or _rfw_lists(path):
        found.append("rfw")
    if parquet_files(path):
        found.append("parquet")
    protocol = path / "Protocol" if (path / "Protocol").is_dir() else path
    if (protocol / "Pair_list_F.txt").is_file():
        raise EthnoshardError(
            f"{path} holds CFP's two protocols; choose one by --pairs-form cfp-ff (frontal with frontal) or cfp-fp "
            f"(frontal with profile)"
        )
    match found:
        case [form]:
            return form
        case []:
            others = sorted(file.name for file in path.glob("*.bin"))
            more = f"; it has {', '.join(others[:4])}: give one of them" if others else _further_down(path)
            raise EthnoshardError(f"{path} holds no list of pairs that is known{more}. Looked for: {_LOOKED_FOR}")
        case _:
            raise EthnoshardError(f"{path} holds lists of the forms {' and '.join(found)}; choose one by --pairs-form")


def _further_down(path: Path) -> str:
    """What to give instead, where RFW's lists or CFP's lie in a folder below, as downloads are unpacked."""
    patterns = (f"{'*/' * depth}{name}" for depth in range(1, _DEEPEST) for name in ("txts", "Protocol"))
    below = next((found for pattern in patterns for found in path.glob(pattern) if found.is_dir()), None)
    return "" if below is None else f"; the lists lie in {below}: give {below.parent}"


def _rfw_lists(path: Path) -> bool:
    lists = [*path.glob("*/*_pairs.txt"), path / f"{path.resolve().name}_pairs.txt"]
    return any(file.is_file() and _is_rfws(file) for file in lists)


def _is_rfws(file: Path) -> bool:
    return file.name == f"{file.parent.resolve().name}_pairs.txt"


def _of_file(path: Path) -> PairsForm:
    try:
        with path.open("rb") as file:
            begin = file.read(_BEGIN)
    except FileNotFoundError as error:
        raise EthnoshardError(f"{path} is not there") from error
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error
    refuse_compressed(path, begin)
    if begin.startswith(b"PAR1"):
        return "parquet"
    if begin.startswith(b"\x80") or path.suffix.lower() in (".bin", ".pkl", ".pickle"):
        return _of_pickle(path)
    try:
        # The last line may be cut, in the middle of a letter.
        text = begin.decode("utf-8-sig", errors="strict" if len(begin) < _BEGIN else "ignore")
    except UnicodeDecodeError as error:
        raise EthnoshardError(
            f"{path} is no list of pairs that is known: byte {error.start:,} is no text in UTF-8. Looked for: "
            f"{_LOOKED_FOR}"
        ) from error
    line = next((each for each in text.splitlines() if each.strip()), "")
    form = _of_line(path, line)
    if form is None:
        raise EthnoshardError(
            f"{path} is no list of pairs that is known: it begins with {printable_line(line)}. Looked for: "
            f"{_LOOKED_FOR}"
        )
    return form


def _of_pickle(path: Path) -> PairsForm:
    """``bin``, or what to do about another pickle; by its ending, for a pickle's begin says nothing of its contents."""
    if path.suffix.lower() in (".pkl", ".pickle"):
        raise EthnoshardError(
            f"{path} is a pickle, which is a program and is never run here. If you trust where it is from, and it is "
            f"a table as BFW's: pandas.read_pickle({str(path)!r}).to_csv({path.stem + '.csv'!r}, index=False), and "
            f"give the CSV. If it is insightface's .bin under another name: --pairs-form bin"
        )
    return "bin"


def _of_line(path: Path, line: str) -> PairsForm | None:
    if _LFW_HEAD.fullmatch(line.strip()):
        return "lfw"
    if lfw_csv_head(line) is not None:
        return "lfw-csv"
    if {field.strip() for separator in ",;\t" for field in line.split(separator)} >= _BFW_COLUMNS:
        return "bfw"
    if label_first(line) is not None:
        return "label-first"
    if labelled_file(line) is not None:
        return "two-line"
    if _LFW_PAIR.fullmatch(line.strip()):
        if _is_rfws(path):
            return "rfw"
        raise EthnoshardError(
            f"{path} begins with {printable_line(line)}, a pair of LFW's or RFW's form without a head. RFW's list of a "
            f"race lies in a folder of its name: give that. For LFW's form put '10 300' first: folds, and pairs of "
            f"each kind in a fold"
        )
    return None
