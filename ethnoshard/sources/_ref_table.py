"""Images of a source by columns: some dozens of bytes an image, where a list of them takes hundreds."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard.sources._reader import ImageRef
from ethnoshard.sources._refs import LazyRefs

IDENTITY, FILE, MEMBER, NUMBER, SIZE = "identity", "file", "member", "number", "size"
REF_SCHEMA = pl.Schema(
    {IDENTITY: pl.String, FILE: pl.String, MEMBER: pl.Int32, NUMBER: pl.Int64, SIZE: pl.Int64},
)
"""``file`` is what stands behind the identity in the image's name; ``member`` is -1 where the place has none."""

_NAME = "number of the name"
_AT_ONCE = 4096
"""Rows that are made refs of together."""


class RefTable(LazyRefs):
    """Images whose locators are numbers, by identity, then name, in code points."""

    __slots__ = ("_block", "_rows")

    def __init__(self, rows: pl.DataFrame) -> None:
        """Take rows that are in order.

        Args:
            rows: with the columns of ``REF_SCHEMA``.
        """
        self._rows = rows
        self._block: tuple[int, list[ImageRef]] = (-1, [])

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "RefTable":
        """Put rows of ``REF_SCHEMA`` in order."""
        return cls(rows.select(REF_SCHEMA.names()).sort(IDENTITY, FILE, MEMBER, NUMBER))

    def __len__(self) -> int:
        """Number of images."""
        return self._rows.height

    @overload
    def __getitem__(self, place: int) -> ImageRef: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[ImageRef]: ...
    def __getitem__(self, place: int | slice) -> ImageRef | Sequence[ImageRef]:
        """One image, or some of them."""
        if isinstance(place, slice):
            return RefTable(self._rows[place])
        if not -len(self) <= place < len(self):
            raise IndexError(f"there are {len(self)} images, none at {place}")
        number, row = divmod(place % len(self), _AT_ONCE)
        if self._block[0] != number:
            # A row alone costs as much as a hundred in a go.
            rows = self._rows.slice(number * _AT_ONCE, _AT_ONCE)
            self._block = number, [_ref(*each) for each in rows.iter_rows()]
        return self._block[1][row]

    def __iter__(self) -> Iterator[ImageRef]:
        """All of them, in order."""
        for some in self._rows.iter_slices(_AT_ONCE):
            yield from (_ref(*row) for row in some.iter_rows())

    def jumps(self, near: int) -> dict[int, int]:
        """Member -> its images that lie further than ``near`` numbers from the one before them."""
        before = pl.col(MEMBER, NUMBER).shift(1).name.suffix(" before")
        apart = (pl.col(MEMBER) != pl.col(f"{MEMBER} before")) | (
            (pl.col(NUMBER) - pl.col(f"{NUMBER} before")).abs() > near
        )
        counted = self._rows.lazy().with_columns(before).filter(apart.fill_null(True)).group_by(MEMBER).len().collect()
        return dict(zip(counted[MEMBER].to_list(), counted["len"].to_list(), strict=True))

    def lines(self) -> Iterator[bytes]:
        """Identity, name and size of every image as JSON."""
        for some in self._rows.iter_slices(_AT_ONCE):
            refs = (_ref(*row) for row in some.iter_rows())
            yield "".join(f"{json.dumps([ref.identity, ref.name, ref.size])}\n" for ref in refs).encode()

    def columns(self) -> Iterator[bytes]:
        """The refs themselves as JSON."""
        for some in self._rows.iter_slices(_AT_ONCE):
            yield "".join(f"{json.dumps(row)}\n" for row in some.iter_rows()).encode()

    def total_bytes(self) -> int:
        """Of all encoded images."""
        return int(self._rows[SIZE].sum())

    def starts(self) -> NDArray[np.int64]:
        """Places at which an identity begins."""
        return np.flatnonzero((self._rows[IDENTITY] != self._rows[IDENTITY].shift(1)).fill_null(True).to_numpy())

    def __reduce__(self) -> tuple[type[list[ImageRef]], tuple[list[ImageRef]]]:
        """Another process gets a list: it is sent few of them, and may be one that can't use polars."""
        return list, (list(self),)


def rows_of(refs: Iterable[ImageRef], member: int) -> pl.DataFrame:
    """Images of a member, whose locators are numbers, as rows of ``REF_SCHEMA``."""
    identities, files, numbers, sizes = [], [], [], []
    for ref in refs:
        identities.append(ref.identity)
        files.append(ref.name[len(ref.identity) + 1 :])
        numbers.append(ref.locator)
        sizes.append(ref.size)
    columns = {IDENTITY: identities, FILE: files, NUMBER: numbers, SIZE: sizes}
    return (
        pl.DataFrame(columns, {name: REF_SCHEMA[name] for name in columns})
        .with_columns(pl.lit(member, pl.Int32).alias(MEMBER))
        .select(REF_SCHEMA.names())
    )


def named_apart(rows: pl.DataFrame, others: Sequence[pl.Expr]) -> pl.DataFrame:
    """Give images of one person and one name further names, one after the other, until no two are alike.

    Args:
        rows: with ``identity`` and ``file``.
        others: the names that a file may have instead.
    """
    rows = rows.with_columns(pl.lit(0).alias(_NAME))
    for _ in others:
        if not rows.select(pl.struct(IDENTITY, FILE).is_duplicated().any()).item():
            break
        level = pl.col(_NAME) + (pl.len().over(IDENTITY, FILE) > 1).cast(pl.Int32)
        rows = rows.with_columns(level.alias(_NAME))
        name = pl.col(FILE)
        for number, other in enumerate(others, 1):
            name = pl.when(pl.col(_NAME) == number).then(other).otherwise(name)
        rows = rows.with_columns(name.alias(FILE))
    return rows.drop(_NAME)


def _ref(identity: str, file: str, member: int, number: int, size: int) -> ImageRef:
    return ImageRef(identity, f"{identity}/{file}", number if member < 0 else f"{member}/#{number}", size)
