"""Pairs of Balanced Faces in the Wild (Robinson et al. 2020)."""

from pathlib import Path

import numpy as np
import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._pairs import PairList, Texts, checked_pairs
from ethnoshard.sources._table import LINE, read_text_table, refuse_rows

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
