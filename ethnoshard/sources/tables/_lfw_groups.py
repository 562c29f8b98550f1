"""Perceived ethnicity of LFW's people as two published sources give it, side by side."""

from collections import Counter
from pathlib import Path

import polars as pl

from ethnoshard._checks import check_number
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._remarks import Remark
from ethnoshard.sources.tables._group_source import GroupSource
from ethnoshard.sources.tables._text import read_text_table, refuse_rows

_KUMAR = {"kumar_white": "White", "kumar_black": "Black", "kumar_asian": "Asian", "kumar_indian": "Indian"}
_USC = {"caucasian": "White", "african": "Black", "eastasian": "Asian", "asianindian": "Indian"}
_LEFT_OUT = "Indian"
"""Neither source can carry it: 10 people in one, and a classifier's output without meaning in the other."""


def read_lfw_groups(path: str | Path, *, least_share: float = 0.5) -> tuple[GroupSource, GroupSource]:
    """Read ``lfw_groups.csv``: annotators' labels (usc_label), and an attribute classifier's (Kumar et al. 2009).

    ``usc_label`` is a comma list; one label alone makes a group. ``kumar_*`` count a person's images that the
    classifier marked so; the group marked on most images is taken, if on at least ``least_share`` of them and on more
    than any other. The group Indian is left out of both, and counted.

    Args:
        path: CSV with the columns identity, images, usc_label, kumar_white, kumar_black, kumar_asian, kumar_indian.
        least_share: of a person's images, 0 to 1.

    Returns:
        The sources usc_label and kumar, in this order.

    Raises:
        EthnoshardError: the file can't be read, lacks a column, has a malformed row (with its line) or a person twice.
    """
    path = Path(path)
    check_number("least_share", least_share, above=0, at_most=1)
    columns = ("identity", "images", "usc_label", *_KUMAR)
    table, left_out = read_text_table(path, columns, ",".join(columns))
    counts = ("images", *_KUMAR)
    refuse_rows(
        path,
        table,
        [pl.col("identity").str.contains(r"\S"), pl.col(counts).str.contains(r"^[0-9]{1,6}$")],
        "identity is a name; images and kumar_* are whole numbers",
    )
    twice = table.filter(pl.col("identity").is_duplicated())["identity"].n_unique()
    if twice:
        raise EthnoshardError(f"{path} has {twice:,} people in more than one row; keep one row for each")
    table = table.with_columns(pl.col(counts).cast(pl.Int64))
    usc = [_usc(label) for label in table["usc_label"].to_list()]
    kumar = [_kumar(images, marked, least_share) for images, *marked in table.select(counts).iter_rows()]
    people = table["identity"].to_list()
    return _source("usc_label", people, usc, left_out), _source("kumar", people, kumar, left_out)


def _source(
    name: str, people: list[str], found: list[tuple[str | None, str]], left_out: tuple[Remark, ...]
) -> GroupSource:
    """From (group, or None and the reason) of everybody."""
    groups = {person: group for person, (group, _) in zip(people, found, strict=True) if group is not None}
    without = Counter(reason for group, reason in found if group is None)
    return GroupSource(
        name=name,
        groups=groups,
        without=dict(sorted(without.items())),
        attribute="perceived ethnicity",
        left_out=left_out,
        exploratory=True,
    )


def _usc(label: str | None) -> tuple[str | None, str]:
    names = [name.strip() for name in (label or "").split(",") if name.strip()]
    if not names:
        return None, "no label"
    if len(names) > 1:
        return None, "several labels"
    return _kept(_USC.get(names[0].lower()))


def _kumar(images: int, marked: list[int], least_share: float) -> tuple[str | None, str]:
    most = max(marked)
    if most == 0:
        return None, "no label"
    if most < least_share * images or marked.count(most) > 1:
        return None, "several labels, or on too few images"
    return _kept(list(_KUMAR.values())[marked.index(most)])


def _kept(group: str | None) -> tuple[str | None, str]:
    if group is None:
        return None, "another group"
    return (None, f"the group {_LEFT_OUT} is left out") if group == _LEFT_OUT else (group, "")
