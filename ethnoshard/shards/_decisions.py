"""Decisions on identities and images before they are packed, to leave out, merge or move: read, checked, written."""

import csv
import functools
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import polars as pl

from ethnoshard._files import shown, whole_file
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import LINE, read_text_table

Action = Literal["leave-out", "merge-into", "move-to", "move-to-new"]
"""``leave-out``: the image, or without one the whole identity. ``merge-into``: all faces of an identity go to another,
whose group they take. ``move-to``: an image goes to another identity. ``move-to-new``: an image goes to an identity
that doesn't exist yet, which gets the group and the confidence of the one that the image comes from."""

ACTIONS: tuple[Action, ...] = get_args(Action)

BY_HAND = "by hand"
"""The kind of a decision that comes from no finding."""

_NEEDED = ("identity", "image", "action")
_EXAMPLE = "kind,identity,image,action,to,reason"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is to be done with an identity or an image of a work folder.

    Attributes:
        identity: its name in the work folder.
        action: what is done.
        image: key of the image's face, ``identity/image.jpg``, and ``identity/image.jpg#2`` for a further face of the
            image; "" for the whole identity.
        to: the identity that faces go to; "" where they are left out.
        kind: of the finding that led to it, such as "stranger"; only counted.
        reason: for people to read.
    """

    identity: str
    action: Action
    image: str = ""
    to: str = ""
    kind: str = BY_HAND
    reason: str = ""


_COLUMNS = {field.name: pl.String for field in fields(Decision)}


class Decisions:
    """Decisions that don't contradict each other, each of them once, in an order of their own.

    Attributes:
        table: a row a decision, the fields of :class:`Decision` as columns, all text, and ``LINE``: the line of the
            file. Its order doesn't depend on the file's.
        where: the file, for messages.
        rows: of the file, repeated ones included.
    """

    def __init__(self, table: pl.DataFrame, where: str, rows: int | None = None) -> None:
        """Check that each row is well formed and that no two of them contradict each other.

        Args:
            table: columns as ``Decisions.table`` has them, in any order of rows; "" where nothing is given.
            where: the file, for messages.
            rows: of the file, where some were taken out of the table already.

        Raises:
            EthnoshardError: some rows can't be carried out; with the first of them and how many there are.
        """
        self.where, self.rows = where, len(table) if rows is None else rows
        wrong = WrongRows(where, self.rows)
        _check_form(table, wrong)
        order = ["identity", "image", "action", "to", "kind", LINE]
        well_formed = table.filter(~pl.col(LINE).is_in(wrong.lines)).sort(order)
        self.table = well_formed.unique(order[:4], keep="first", maintain_order=True)
        _check_conflicts(self.table, wrong)
        wrong.refuse()

    @classmethod
    def of(cls, decisions: Iterable[Decision], where: str = "decisions") -> "Decisions":
        """Decisions made in Python; messages number them as the lines of the file that they would be written to.

        Raises:
            EthnoshardError: one is not well formed, or two contradict each other.
        """
        rows = [{name: getattr(decision, name) for name in _COLUMNS} for decision in decisions]
        table = pl.DataFrame(rows, schema=_COLUMNS)
        return cls(table.with_columns(pl.int_range(2, len(table) + 2).alias(LINE)), where)

    def __len__(self) -> int:
        """Number of decisions, repeated ones once."""
        return len(self.table)

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return shown(Path(self.where))

    @functools.cached_property
    def digest(self) -> str:
        """Hex SHA-256 of what is decided and of which kind it is: not of the order of the rows, nor of the reasons."""
        content = self.table.select("identity", "image", "action", "to", "kind").rows()
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @functools.cached_property
    def merged(self) -> dict[str, str]:
        """Each identity that is merged -> the one where its faces end, at the end of chains too."""
        merges = self.table.filter(pl.col("action") == "merge-into")
        return _ends(dict(merges.select("identity", "to").iter_rows())).last


def read_decisions(path: str | Path) -> Decisions:
    """Read a CSV table of decisions, perhaps made by hand.

    Columns are ``identity``, ``image`` and ``action``, and where there are any ``kind``, ``to`` and ``reason``; others
    are ignored, empty rows skipped. Separators and encodings are those of spreadsheets' "CSV UTF-8" and "Unicode text".

    Raises:
        EthnoshardError: it can't be read, lacks a column, or rows of it are not well formed or contradict each other.
    """
    path = Path(path)
    found = read_text_table(path, _NEEDED, _EXAMPLE).rows
    table = found.select(
        *(pl.col(name) if name in found.columns else pl.lit("").alias(name) for name in _COLUMNS), LINE
    ).with_columns(pl.col(*_COLUMNS).fill_null(""))
    # Blanks about a name may belong to it; the work folder will tell.
    words = pl.col("kind", "action", "reason").str.strip_chars()
    names = pl.col("identity", "image", "to")
    return Decisions(
        table.with_columns(words, pl.when(names.str.contains(r"\S")).then(names).otherwise(pl.lit(""))).with_columns(
            pl.col("kind").replace("", BY_HAND)
        ),
        str(path),
    )


def decisions_csv(decisions: Iterable[Decision]) -> str:
    """The text of a file that :func:`read_decisions` reads; names stand in it as they are, formula-like ones too."""
    text = io.StringIO()
    # Quoted throughout, so that blanks about a name survive programs that trim bare fields.
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    text.write(_EXAMPLE + "\n")
    names = _EXAMPLE.split(",")
    writer.writerows([getattr(decision, name) for name in names] for decision in decisions)
    return text.getvalue()


def write_decisions(path: str | Path, decisions: Iterable[Decision]) -> None:
    """Write decisions as :func:`read_decisions` reads them; an older file is replaced.

    Raises:
        EthnoshardError: the disk is full or can't be written.
    """
    with whole_file(Path(path)) as file:
        file.write(decisions_csv(decisions).encode())


Row = Mapping[str, str | int]
"""A decision and its line."""


class WrongRows:
    """Rows that can't be carried out: counts them all and keeps the first."""

    def __init__(self, where: str, rows: int) -> None:
        """None is wrong yet.

        Args:
            where: the file, for the message.
            rows: how many it has.
        """
        self._where, self._rows = where, rows
        self._lines: set[int] = set()
        self._first: tuple[int, str] | None = None

    @property
    def lines(self) -> list[int]:
        """Lines of the rows that are wrong."""
        return sorted(self._lines)

    def add(self, rows: pl.DataFrame, explained: Callable[[Row], str]) -> None:
        """Count rows, with ``LINE`` among their columns; ``explained`` says of one what is wrong and what to do."""
        if len(rows):
            self._lines.update(rows[LINE].to_list())
            first = rows.row(int(rows[LINE].arg_min() or 0), named=True)
            if self._first is None or first[LINE] < self._first[0]:
                self._first = (first[LINE], explained(first))

    def refuse(self) -> None:
        """Nothing if no row is wrong.

        Raises:
            EthnoshardError: some are.
        """
        if self._first is not None:
            line, text = self._first
            raise EthnoshardError(
                f"{self._where}, line {line:,}: {text}. Rows that can't be carried out: {len(self._lines):,} of "
                f"{self._rows:,}"
            )


def described(row: Row) -> str:
    """A decision in a few words: ``'p1' merge-into 'p2'``."""
    to = f" {row['to']!r}" if row["to"] else ""
    return f"{(row['image'] or row['identity'])!r} {row['action']}{to}"


def _check_form(table: pl.DataFrame, wrong: WrongRows) -> None:
    """Each row by itself."""
    action, image, to = (pl.col(name) for name in ("action", "image", "to"))
    of_image = action.is_in(["move-to", "move-to-new"])
    wrong.add(table.filter(pl.col("identity") == ""), lambda row: "it names no identity; fill in the column identity")
    wrong.add(
        table.filter(~action.is_in(ACTIONS)),
        lambda row: f"the action {row['action']!r} is unknown; use one of {', '.join(ACTIONS)}",
    )
    wrong.add(
        table.filter((action.is_in(ACTIONS[1:])) & (to == "")),
        lambda row: f"{row['action']} needs an identity in the column to",
    )
    wrong.add(
        table.filter((action == "leave-out") & (to != "")),
        lambda row: f"leave-out goes nowhere, but the column to has {row['to']!r}; empty it, or use another action",
    )
    wrong.add(
        table.filter(of_image & (image == "")),
        lambda row: f"{row['action']} needs an image; for all images of {row['identity']!r} use merge-into",
    )
    wrong.add(
        table.filter((action == "merge-into") & (image != "")),
        lambda row: f"merge-into is for whole identities; empty the column image, or move {row['image']!r} by move-to",
    )
    wrong.add(
        table.filter((pl.col("identity") == to) & (to != "")),
        lambda row: f"{described(row)}: that is where it is already; give another identity, or delete the row",
    )


def _check_conflicts(table: pl.DataFrame, wrong: WrongRows) -> None:
    """Rows that are well formed and come once, against each other."""
    of_image = pl.col("image") != ""
    other = table.select("identity", "image", LINE, *(pl.col(name).alias(f"other {name}") for name in ("action", "to")))
    other = other.sort(LINE).unique(["identity", "image"], keep="first").rename({LINE: "other line"})
    conflicts = table.join(other, on=["identity", "image"], how="left", maintain_order="left")
    wrong.add(
        conflicts.filter(pl.col(LINE) != pl.col("other line")),
        lambda row: (
            f"{described(row)}, but line {row['other line']:,} decides {row['other action']}"
            + (f" {row['other to']!r}" if row["other to"] else "")
            + "; keep one of the two"
        ),
    )
    gone = table.filter(~of_image & (pl.col("action") == "leave-out")).select(
        "identity", pl.col(LINE).alias("other line")
    )
    wrong.add(
        table.join(gone.rename({"identity": "to"}), on="to", how="inner"),
        lambda row: f"{described(row)}, but line {row['other line']:,} leaves {row['to']!r} out; keep one of the two",
    )
    wrong.add(
        table.filter(of_image & (pl.col("action") != "leave-out")).join(gone, on="identity", how="inner"),
        lambda row: (
            f"{described(row)}, but line {row['other line']:,} leaves its identity {row['identity']!r} out; keep one "
            "of the two"
        ),
    )
    merges = table.filter(pl.col("action") == "merge-into").sort(LINE).unique("identity", keep="first")
    circles = _ends(dict(merges.select("identity", "to").iter_rows())).circles
    wrong.add(
        merges.filter(pl.col("identity").is_in(list(circles))),
        lambda row: f"merges go in a circle, {_shown_circle(str(row['identity']), circles)}; delete one of them",
    )


class _Ends(NamedTuple):
    """Where merges lead.

    Attributes:
        last: each merged identity -> the one where its faces end; without those that end in a circle.
        circles: each identity in a circle -> all of the circle, one after another.
    """

    last: dict[str, str]
    circles: dict[str, list[str]]


def _ends(into: Mapping[str, str]) -> _Ends:
    """Follow each merge to its end, each step once."""
    last: dict[str, str | None] = {}
    circles: dict[str, list[str]] = {}
    for start in into:
        path: dict[str, int] = {}
        at = start
        while at in into and at not in last and at not in path:
            path[at] = len(path)
            at = into[at]
        if at in path:
            circle = list(path)[path[at] :]
            circles |= dict.fromkeys(circle, circle)
            last |= dict.fromkeys(path)
        else:
            last |= dict.fromkeys(path, last.get(at, at))
    return _Ends({name: end for name, end in last.items() if end is not None}, circles)


_MOST_IN_CIRCLE = 6
"""Identities of a circle that a message names."""


def _shown_circle(start: str, circles: Mapping[str, list[str]]) -> str:
    circle = circles[start]
    begin = circle.index(start)
    names = [repr(name) for name in (circle[begin:] + circle[:begin])[:_MOST_IN_CIRCLE]]
    more = len(circle) - len(names)
    return " -> ".join([*names, *([f"{more:,} more"] if more else []), repr(start)])
