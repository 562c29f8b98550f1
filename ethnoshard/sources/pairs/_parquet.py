"""Pairs with their images in Parquet files, as Hugging Face's hub serves them: columns label, image1, image2."""

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from ethnoshard._files import read_table
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._remarks import Remark
from ethnoshard.sources.pairs._image_pairs import ImagePairs, place_keys
from ethnoshard.sources.pairs._pair_list import PairList
from ethnoshard.sources.pairs._paths import both_kinds, even_folds

_COLUMNS = ("label", "image1", "image2")
_SHARD = re.compile(r"(?P<split>.+)-(?P<number>[0-9]{5})-of-(?P<of>[0-9]{5})(-[0-9a-f]+)?\.parquet")
"""How ``datasets`` names the files of a split."""


def read_parquet_pairs(*paths: str | Path) -> ImagePairs:
    """Read pairs from Parquet files: ``label``, and ``image1`` and ``image2``, each a struct of bytes and path.

    Pairs have no folds; they are dealt as those of ``read_label_first_pairs`` are. An image that occurs in several
    pairs is there several times, so duplicates can't be told. People are unknown.

    Args:
        paths: the files of one split, in any order, or the folder in which they lie alone.

    Raises:
        EthnoshardError: they are not there, damaged, of several splits, not all files of their split, lack a column, or
            a label is none of 0, 1, true and false.
    """
    files = _files([Path(path) for path in paths])
    tables = [_table(file) for file in files]
    table = pl.concat(tables)
    path = Path(paths[0]) if len(paths) == 1 else files[0].parent
    without = table.select(pl.any_horizontal(pl.col("image1", "image2").is_null()).alias("lost"))["lost"]
    left_out: tuple[Remark, ...] = ()
    if without.any():
        first = f"row {without.arg_true()[0] + 1:,}"
        left_out = (Remark(reason="pair without the bytes of both images", count=int(without.sum()), first=first),)
        table = table.filter(~without)
    same = table["label"].to_numpy() == 1
    both_kinds(path, same, "nothing can be verified by these alone")
    if not len(same):
        raise EthnoshardError(f"{path} lists no pair")
    images = tuple(image for row in table.select("image1", "image2").iter_rows() for image in row)
    keys = place_keys(len(images))
    pairs = PairList(
        path=path, first=keys[0::2], second=keys[1::2], same=same, fold=even_folds(same), left_out=left_out
    )
    return ImagePairs(images=images, pairs=pairs, kind="parquet pairs")


def parquet_files(folder: Path) -> list[Path]:
    """Parquet files of a folder, or of its ``data``, where the hub's own copies have them."""
    return sorted(folder.glob("*.parquet")) or sorted(folder.glob("data/*.parquet"))


def _files(paths: Sequence[Path]) -> list[Path]:
    files = [file for path in paths for file in (parquet_files(path) if path.is_dir() else [path])]
    if not files:
        raise EthnoshardError(f"{paths[0]} holds no .parquet file")
    matches = [_SHARD.fullmatch(file.name) for file in files]
    splits = sorted({match["split"] if match else file.stem for file, match in zip(files, matches, strict=True)})
    if len(splits) > 1:
        raise EthnoshardError(
            f"{files[0].parent} holds {len(splits):,} sets of pairs, {', '.join(splits[:8])}; give the files of one of "
            f"them"
        )
    numbers = sorted(int(match["number"]) for match in matches if match)
    of = [int(match["of"]) for match in matches if match] or [len(files)]
    if len(set(files)) < len(files) or (numbers and numbers != list(range(max(of)))):
        raise EthnoshardError(
            f"{files[0].parent}: of the {max(of):,} files of {splits[0]!r} {len(set(files)):,} are given "
            f"({', '.join(file.name for file in files[:3])}); give each of them once, or their folder"
        )
    return sorted(files)


def _table(path: Path) -> pl.DataFrame:
    """Label as 0 and 1, and the bytes of both images."""
    try:
        table = read_table(path)
    except FileNotFoundError as error:
        raise EthnoshardError(f"{path} is not there") from error
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error
    except pl.exceptions.PolarsError as error:
        raise EthnoshardError(f"{path} is not a whole Parquet file ({error}); fetch it again") from error
    lacking = [name for name in _COLUMNS if name not in table.columns]
    if lacking:
        raise EthnoshardError(
            f"{path} lacks the column {' and '.join(lacking)}; it has {', '.join(table.columns)}. Pairs are read from "
            f"the columns label, image1 and image2"
        )
    return table.select(_label(path, table), _bytes(path, table, "image1"), _bytes(path, table, "image2"))


def _label(path: Path, table: pl.DataFrame) -> pl.Series:
    label = table["label"]
    if not (label.dtype.is_integer() or label.dtype == pl.Boolean):
        raise EthnoshardError(f"{path}: the column label is of {label.dtype}; it is to be 0 and 1, or true and false")
    right = label.cast(pl.Int64).is_in([0, 1]).fill_null(False)
    if not right.all():
        wrong = (~right).arg_true()
        raise EthnoshardError(
            f"{path}, row {wrong[0] + 1:,}: the label is {label[int(wrong[0])]}; it is to be 1 (one person) or 0 "
            f"(two); {len(wrong):,} of {len(label):,} are not so"
        )
    return label.cast(pl.Int64)


def _bytes(path: Path, table: pl.DataFrame, name: str) -> pl.Series:
    column = table[name]
    if isinstance(column.dtype, pl.Struct) and "bytes" in [field.name for field in column.dtype.fields]:
        column = column.struct.field("bytes").alias(name)
    if column.dtype != pl.Binary:
        raise EthnoshardError(
            f"{path}: the column {name} is of {column.dtype}; it is to hold images, as bytes or as a struct of "
            f"bytes and path"
        )
    return column
