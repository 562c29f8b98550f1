"""Images of a source by columns: some dozens of bytes an image, where a list of them takes hundreds."""

import itertools
import json
import operator
from array import array
from collections.abc import Iterator, Mapping, Sequence
from json.encoder import encode_basestring_ascii
from typing import NamedTuple, overload

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

_OWNER = "owner"
_NAME = "number of the name"
_ROW = "row"
_AT_ONCE = 4096
"""Rows that are made refs of together."""
_TEXTS_AT_ONCE = 1 << 16
_SORTED_AT_ONCE = 1 << 16
"""Rows, about, whose names are put in order together."""


class Texts:
    """A column of text that is made as the texts come, so that no list of all is needed."""

    def __init__(self) -> None:
        """Nothing has come."""
        self._some: list[str] = []
        self._blocks: list[pl.Series] = []

    def add(self, text: str) -> None:
        """Take one, valid UTF-8."""
        self._some.append(text)
        if len(self._some) == _TEXTS_AT_ONCE:
            self._put()

    def finish(self) -> pl.Series:
        """All of them, in the order in which they came."""
        self._put()
        return pl.concat(self._blocks, rechunk=True)

    def _put(self) -> None:
        self._blocks.append(pl.Series(self._some, dtype=pl.String))
        self._some = []


class RawPaths(NamedTuple):
    """What leads from an image's name back to its file, where the locator is the path.

    Attributes:
        folders: raw paths of folders; an image's number is that of its folder, and its name's last part the file's.
        odd: raw paths of images whose name as text isn't their file's; the number of the first is -1, then -2.
    """

    folders: Sequence[str]
    odd: Sequence[str]

    def path(self, number: int, file: str) -> str:
        """The raw path of an image."""
        if number < 0:
            return self.odd[-1 - number]
        folder, name = self.folders[number], file.rpartition("/")[2]
        return f"{folder}/{name}" if folder else name


class RefTable(LazyRefs):
    """Images by identity, then name, in code points; locators are numbers, or paths that follow from the names."""

    __slots__ = ("_block", "_marks", "_paths", "_people", "_rows", "_told_by_rows")

    def __init__(
        self,
        people: pl.Series,
        rows: pl.DataFrame,
        paths: Mapping[int, RawPaths],
        marks: Mapping[int, str],
        *,
        told_by_rows: bool,
    ) -> None:
        """Take rows that are in order.

        Args:
            people: identities in code points.
            rows: ``owner``, a number of ``people``, and the columns of ``REF_SCHEMA`` but for the identity.
            paths: member -> what makes paths, where its locators are paths.
            marks: member -> what stands before its locators, where that isn't ``<member>/``.
            told_by_rows: what :meth:`columns` gives.
        """
        self._people, self._rows, self._paths, self._marks = people, rows, paths, marks
        self._told_by_rows = told_by_rows
        self._block: tuple[int, list[ImageRef]] = (-1, [])

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "RefTable":
        """Put rows of ``REF_SCHEMA`` in order; their locators are numbers."""
        owners = rows[IDENTITY].rank("dense").to_numpy().astype(np.int32) - 1
        people = rows[IDENTITY].unique().sort()
        members, numbers, sizes = (rows[name].to_numpy() for name in (MEMBER, NUMBER, SIZE))
        table = _in_order(owners, rows[FILE], members, numbers, sizes)
        return cls(people, table, {}, {}, told_by_rows=True)

    @classmethod
    def of_columns(
        cls,
        people: Sequence[str],
        owners: NDArray[np.int32],
        files: pl.Series,
        *,
        members: NDArray[np.int32],
        numbers: NDArray[np.int64],
        sizes: NDArray[np.int64],
        paths: Mapping[int, RawPaths],
    ) -> "RefTable":
        """Put columns in order.

        Args:
            people: identities, no two alike, in any order.
            owners: (images,) number of the identity.
            files: as in ``REF_SCHEMA``.
            members: as in ``REF_SCHEMA``.
            numbers: as in ``REF_SCHEMA``; where locators are paths what ``paths`` makes one of.
            sizes: as in ``REF_SCHEMA``.
            paths: as of the constructor.
        """
        names = pl.Series(people, dtype=pl.String)
        rank = names.rank("dense").to_numpy().astype(np.int32) - 1
        rows = _in_order(rank[owners], files, members, numbers, sizes)
        return cls(names.sort(), rows, paths, {}, told_by_rows=False)

    @classmethod
    def joined(cls, tables: Sequence["RefTable"]) -> "RefTable":
        """The images of several places, each of which becomes a member, in one order; at least one."""
        names = pl.concat([table._people for table in tables])
        rank = names.rank("dense").to_numpy().astype(np.int32) - 1
        starts = np.cumsum([0, *(len(table._people) for table in tables)])
        owners = [rank[start:][table._rows[_OWNER].to_numpy()] for start, table in zip(starts, tables, strict=False)]
        paths: dict[int, RawPaths] = {}
        marks: dict[int, str] = {}
        members = []
        for number, table in enumerate(tables):
            own = table._rows[MEMBER]
            if own.max() == -1 == own.min():
                # Most places are no places of places: their number is the member.
                known = {-1: number}
            else:
                known = {inner: len(tables) + len(marks) + at for at, inner in enumerate(own.unique().sort().to_list())}
                marks |= {outer: f"{number}/{table._mark(inner)}" for inner, outer in known.items()}
            paths |= {known[inner]: raw for inner, raw in table._paths.items() if inner in known}
            members.append(own.replace_strict(known, return_dtype=pl.Int32).to_numpy())
        rows = _in_order(
            np.concatenate(owners),
            pl.concat([table._rows[FILE] for table in tables], rechunk=True),
            np.concatenate(members),
            *(np.concatenate([table._rows[name].to_numpy() for table in tables]) for name in (NUMBER, SIZE)),
        )
        return cls(names.unique().sort(), rows, paths, marks, told_by_rows=not paths and not marks)

    @property
    def people(self) -> pl.Series:
        """The identities, in order; of a slice those of the whole."""
        return self._people

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
            rows = self._rows[place]
            return RefTable(self._people, rows, self._paths, self._marks, told_by_rows=self._told_by_rows)
        if not -len(self) <= place < len(self):
            raise IndexError(f"there are {len(self)} images, none at {place}")
        number, row = divmod(place % len(self), _AT_ONCE)
        if self._block[0] != number:
            # A row alone costs as much as a hundred in a go.
            self._block = number, list(self._made(self._rows.slice(number * _AT_ONCE, _AT_ONCE)))
        return self._block[1][row]

    def __iter__(self) -> Iterator[ImageRef]:
        """All of them, in order."""
        for some in self._rows.iter_slices(_AT_ONCE):
            yield from self._made(some)

    def __eq__(self, other: object) -> bool:
        """Whether these are the same refs in the same order, in whatever sequence."""
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(operator.eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # as a list

    def first_twice(self) -> list[ImageRef]:
        """The images of the first name that several have; none where there is no such name."""
        for start in range(0, len(self) - 1, _SORTED_AT_ONCE):
            some = self._rows.slice(start, _SORTED_AT_ONCE + 1)
            before, after = some.slice(0, some.height - 1), some.slice(1)
            same = (before[_OWNER] == after[_OWNER]) & (before[FILE] == after[FILE])
            # c of a/b is called as b/c of a is.
            begins = (before[_OWNER] != after[_OWNER]).arg_true()
            alike = begins.filter(self._names(before[begins]) == self._names(after[begins]))
            if rows := [*same.arg_true().head(1), *alike.head(1)]:
                _, of_one_name = next(itertools.groupby(self[start + min(rows) :], operator.attrgetter("name")))
                return list(of_one_name)
        return []

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
            # As json.dumps writes them, whose parts are known: a name is its identity, a slash and the file.
            identities = map(encode_basestring_ascii, self._people.gather(some[_OWNER]).to_list())
            files = map(encode_basestring_ascii, some[FILE].to_list())
            yield "".join(
                f"[{identity}, {identity[:-1]}/{file[1:]}, {size}]\n"
                for identity, file, size in zip(identities, files, some[SIZE].to_list(), strict=True)
            ).encode()

    def columns(self) -> Iterator[bytes]:
        """The refs themselves as JSON, in the form that work folders of before know them by."""
        for some in self._rows.iter_slices(_AT_ONCE):
            refs: Iterator[tuple[str | int, ...]] = self._made(some)
            if self._told_by_rows:
                identities = self._people.gather(some[_OWNER]).alias(IDENTITY)
                refs = some.select(identities, FILE, MEMBER, NUMBER, SIZE).iter_rows()
            yield "".join(f"{json.dumps(ref)}\n" for ref in refs).encode()

    def total_bytes(self) -> int:
        """Of all encoded images."""
        return int(self._rows[SIZE].sum())

    def starts(self) -> NDArray[np.int64]:
        """Places at which an identity begins."""
        owners = self._rows[_OWNER].to_numpy()
        return np.concatenate([np.zeros(min(len(owners), 1), np.int64), np.flatnonzero(owners[1:] != owners[:-1]) + 1])

    def __reduce__(self) -> tuple[type[list[ImageRef]], tuple[list[ImageRef]]]:
        """Another process gets a list: it is sent few of them, and may be one that can't use polars."""
        return list, (list(self),)

    def _made(self, rows: pl.DataFrame) -> Iterator[ImageRef]:
        marks = {member: self._mark(member) for member in rows[MEMBER].unique().to_list()}
        identities = self._people.gather(rows[_OWNER]).to_list()
        columns = (rows[name].to_list() for name in (FILE, MEMBER, NUMBER, SIZE))
        for identity, file, member, number, size in zip(identities, *columns, strict=True):
            raw, mark = self._paths.get(member), marks[member]
            locator: str | int = number
            if raw is not None:
                locator = mark + raw.path(number, file)
            elif mark:
                locator = f"{mark}#{number}"
            yield ImageRef(identity, f"{identity}/{file}", locator, size)

    def _names(self, rows: pl.DataFrame) -> pl.Series:
        return self._people.gather(rows[_OWNER]) + "/" + rows[FILE]

    def _mark(self, member: int) -> str:
        """What stands before the locators of a member."""
        return self._marks.get(member, "" if member < 0 else f"{member}/")


def table_of(refs: Sequence[ImageRef]) -> RefTable:
    """Refs that are in order, as a table."""
    if isinstance(refs, RefTable):
        return refs
    people: dict[str, int] = {}
    files, odd = Texts(), list[str]()
    owners, numbers, sizes = array("i"), array("q"), array("q")
    for ref in refs:
        owners.append(people.setdefault(ref.identity, len(people)))
        files.add(ref.name[len(ref.identity) + 1 :])
        if isinstance(ref.locator, str):
            odd.append(ref.locator)
        numbers.append(ref.locator if isinstance(ref.locator, int) else -len(odd))
        sizes.append(ref.size)
    return RefTable.of_columns(
        list(people),
        np.array(owners, np.int32),
        files.finish(),
        members=np.full(len(owners), -1, np.int32),
        numbers=np.array(numbers, np.int64),
        sizes=np.array(sizes, np.int64),
        paths={-1: RawPaths([], odd)} if odd else {},
    )


def _in_order(
    owners: NDArray[np.int32],
    files: pl.Series,
    members: NDArray[np.int32],
    numbers: NDArray[np.int64],
    sizes: NDArray[np.int64],
) -> pl.DataFrame:
    """Rows by owner, file, member and number, made column by column, so that one alone is there twice."""
    order = None if _are_in_order(owners, files) else _order(owners, files, members, numbers)
    columns = []
    for name, column in ((_OWNER, owners), (MEMBER, members), (NUMBER, numbers), (SIZE, sizes)):
        columns.append(pl.Series(name, column if order is None else column[order]))
    columns.insert(1, (files if order is None else files.gather(order)).alias(FILE))
    return pl.DataFrame(columns)


def _are_in_order(owners: NDArray[np.int32], files: pl.Series) -> bool:
    """Whether each row is behind the one before; of equal ones that isn't certain."""
    for start in range(0, len(owners) - 1, _SORTED_AT_ONCE):
        some, names = owners[start : start + _SORTED_AT_ONCE + 1], files.slice(start, _SORTED_AT_ONCE + 1)
        before, after = some[:-1], some[1:]
        further = (names.slice(1) > names.slice(0, len(names) - 1)).to_numpy()
        if not ((after > before) | ((after == before) & further)).all():
            return False
    return True


def _order(
    owners: NDArray[np.int32], files: pl.Series, members: NDArray[np.int32], numbers: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Rows in order: people first, then the names of some people at a time, which would take much memory at once."""
    order = np.argsort(owners, kind="stable")
    last_of_owner = np.append(np.flatnonzero(np.diff(owners[order])) + 1, len(order))
    start = 0
    while start < len(order):
        enough = int(np.searchsorted(last_of_owner, start + _SORTED_AT_ONCE))
        stop = int(last_of_owner[min(enough, len(last_of_owner) - 1)])
        some = order[start:stop]
        rows = pl.DataFrame(
            [
                pl.Series(_OWNER, owners[some]),
                files.gather(some).alias(FILE),
                pl.Series(MEMBER, members[some]),
                pl.Series(NUMBER, numbers[some]),
                pl.Series(_ROW, some),
            ]
        )
        order[start:stop] = rows.sort(_OWNER, FILE, MEMBER, NUMBER)[_ROW].to_numpy()
        start = stop
    return order


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
