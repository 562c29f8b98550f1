"""Readers for lists of pairs and tables of groups, by the name or the head of their form."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity import read_label_file
from ethnoshard.sources import (
    GroupSource,
    PairList,
    column_names,
    read_bfw_pairs,
    read_bin_pairs,
    read_cfp_pairs,
    read_lfw_groups,
    read_lfw_pairs,
    read_rfw_pairs,
)

_READERS: dict[str, Callable[[Path], PairList]] = {
    "lfw": read_lfw_pairs,
    "cfp-ff": partial(read_cfp_pairs, protocol="FF"),
    "cfp-fp": partial(read_cfp_pairs, protocol="FP"),
    "rfw": partial(read_rfw_pairs, allow_duplicates=True),
    "bfw": partial(read_bfw_pairs, allow_duplicates=True),
    "bin": lambda path: read_bin_pairs(path).pairs,
}
PAIR_FORMATS = tuple(_READERS)
"""LFW's pairs.txt, CFP's Protocol folder (frontal-frontal, frontal-profile), RFW's txts, BFW's table, insightface's
.bin."""


def read_pairs(path: str | Path, form: str = "lfw") -> PairList:
    """Read a pair list.

    Args:
        path: the file or folder.
        form: one of ``PAIR_FORMATS``.

    Raises:
        EthnoshardError: the form is unknown, or the list can't be read or is malformed.
    """
    if form not in _READERS:
        raise EthnoshardError(f"pair lists come as {', '.join(PAIR_FORMATS)}; {form!r} is none of these")
    return _READERS[form](Path(path))


_OF_LFW = ("usc_label", "kumar_white", "kumar_black", "kumar_asian", "kumar_indian")


def read_groups(path: str | Path) -> tuple[GroupSource, ...]:
    """Read a table of people's groups.

    Args:
        path: what ``label`` takes and writes, CSV or Parquet with the columns ``identity``, ``group`` and, if known,
            ``confidence`` and others, which are ignored; or ``lfw_groups.csv``, with its two sources.

    Raises:
        EthnoshardError: it can't be read, is neither, or contradicts itself.
    """
    path = Path(path)
    head = _head(path)
    if "group" not in head and any(name in head for name in _OF_LFW):
        return read_lfw_groups(path)
    if head and "group" not in head:
        raise EthnoshardError(
            f"{path} lacks the column group; it has {', '.join(head)}. Groups are a table of "
            f"identity,group[,confidence], as label takes it, or LFW's of identity,images,{','.join(_OF_LFW)}"
        )
    table, left_out = read_label_file(path)
    groups = dict(table.drop_nulls("group").select("identity", "group").iter_rows())
    if not groups:
        raise EthnoshardError(f"{path} gives a group to none of its {len(table):,} identities")
    without = len(table) - len(groups)
    name = re.sub(r"\W+", "-", path.stem).strip("-") or "file"
    return (
        GroupSource(
            name=name,
            groups=groups,
            without={"no group in the file": without} if without else {},
            given_by=path.name,
            left_out=left_out,
        ),
    )


def _head(path: Path) -> list[str]:
    """Names of a CSV's columns; none of a file that is no CSV, or isn't there, which its reader will say."""
    try:
        return column_names(path, ("identity", "group", "confidence", *_OF_LFW))
    except EthnoshardError:
        return []
