"""A list and the images that it speaks of, brought together: whose each image is."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast, overload

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import IDENTITY, Listing, People
from ethnoshard.sources._reader import ImageRef
from ethnoshard.sources._refs import LazyRefs, listing_columns, listing_lines
from ethnoshard.sources._remarks import Remarks
from ethnoshard.sources.containers._images import ImageFile, Images
from ethnoshard.sources.containers._inventory import IMAGE_EXTENSIONS
from ethnoshard.sources.tables._people_list import ImageTable, people_of, plain_path
from ethnoshard.sources.tables._roles import IMAGE, KEY
from ethnoshard.sources.tables._text import LINE

Integers = NDArray[np.int64]

WITHOUT_ROW = "image without a row in the list"
UNLISTED_LABEL = "label of records that the list doesn't name"
WITHOUT_IMAGE = "row without an image"
SEVERAL_IMAGES = "row that could mean several images, or one of several rows that could mean one"
OTHER_FOLDERS = "image found by its path with folders more or less above"
OTHER_EXTENSION = "image found without regard to its extension"
BY_NUMBER = "image found by its number, which is that of the row"

_AT, _ROW, _PATH = "at", "row", "path"
_EXTENSION = rf"(?i)\.(?:{'|'.join(sorted(IMAGE_EXTENSIONS))})$"
_STEM_NUMBER = r"(?:^|/)([0-9]{1,18})(?:\.[^./]*)?$"
_CHUNK = 2**16
_SOME = 3


class ListedRefs(LazyRefs):
    """Images by identity, then name, made when they are asked for: a few dozen bytes each beside the images' own."""

    def __init__(
        self, images: Images | Sequence[ImageRef], order: Integers, identities: pl.Series, names: pl.Series
    ) -> None:
        """Keep all four.

        Args:
            images: as they were listed.
            order: for each ref the index of its image.
            identities: of each ref.
            names: of each ref.
        """
        self._images, self._order, self._identities, self._names = images, order, identities, names

    @property
    def identities(self) -> pl.Series:
        """Of each ref."""
        return self._identities

    def __len__(self) -> int:
        """How many."""
        return len(self._order)

    @overload
    def __getitem__(self, index: int) -> ImageRef: ...

    @overload
    def __getitem__(self, index: slice) -> list[ImageRef]: ...

    def __getitem__(self, index: int | slice) -> ImageRef | list[ImageRef]:
        """One, or a list of some."""
        if isinstance(index, slice):
            return self._made(self._order[index], self._identities[index], self._names[index])
        at = range(len(self))[index]
        return self[at : at + 1][0]

    def __iter__(self) -> Iterator[ImageRef]:
        """All in order."""
        for begin in range(0, len(self), _CHUNK):
            yield from self[begin : begin + _CHUNK]

    def lines(self) -> Iterator[bytes]:
        """See :func:`~ethnoshard.sources._refs.listing_lines`."""
        for begin in range(0, len(self), _CHUNK):
            yield from listing_lines(self[begin : begin + _CHUNK])

    def columns(self) -> Iterator[bytes]:
        """See :func:`~ethnoshard.sources._refs.listing_columns`."""
        for begin in range(0, len(self), _CHUNK):
            yield from listing_columns(self[begin : begin + _CHUNK])

    def total_bytes(self) -> int:
        """Of all encoded images."""
        return sum(ref.size for ref in self)

    def starts(self) -> NDArray[np.int64]:
        """Places at which an identity begins."""
        identities = self._identities
        return np.flatnonzero((identities != identities.shift(1)).fill_null(True).to_numpy())

    def _made(self, order: Integers, identities: pl.Series, names: pl.Series) -> list[ImageRef]:
        images = self._images
        # One by one an image of many takes as long as some dozens together.
        some: Sequence[ImageFile | ImageRef]
        some = images.at(order) if isinstance(images, Images) else [images[at] for at in order.tolist()]
        return [
            ImageRef(identity, name, image.locator, image.size)
            for image, identity, name in zip(some, identities.to_list(), names.to_list(), strict=True)
        ]


def listed_by(
    table: ImageTable,
    images: Images | Sequence[ImageRef],
    path: Path,
    *,
    skipped: Mapping[str, Sequence[str]] | None = None,
) -> Listing:
    """Who is on which image, by a list in place of folders or labels.

    =====================================  ==========================================================================
    an image is a row's                    where
    =====================================  ==========================================================================
    by its key                             the list has keys, and all images have numbers for names, as records have
    by its path                            letter by letter; with folders more or less above, if no other image could
                                           be meant; by its end, if the ends are all different; else the same without
                                           extensions
    by its number                          nothing else fits, and the images are numbered from 0 to the last row, in
                                           one folder
    by its label                           images are records, and the list has no keys: they keep their labels, and
                                           the list gives them second names and groups
    =====================================  ==========================================================================

    Args:
        table: the list.
        images: what a folder or archive holds, or refs, as of RecordIO.
        path: of the source, for messages.
        skipped: what the source's listing has left out; images without a row are added.

    Returns:
        Refs by identity, then name, ``identity/<file>``; the path behind the identity where one person has two images
        of that name.

    Raises:
        EthnoshardError: no image has a row; the message shows examples of both sides.
    """
    if IMAGE not in table.rows.columns and KEY not in table.rows.columns:
        raise EthnoshardError(
            f"{table.path} names people, but no images, so it doesn't say who is on which; give it to label --labels"
        )
    if not len(images):
        raise EthnoshardError(f"{path} holds no image that {table.path} could speak of")
    remarks = Remarks()
    for remark in table.remarks:
        remarks.add(remark.reason, remark.first, remark.count)
    there = _there(images)
    rows = table.rows.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(_ROW))
    records = not isinstance(images, Images)
    numbers = there[_PATH].str.extract(_STEM_NUMBER).cast(pl.Int64, strict=False)
    found = _Found.none()
    if KEY in rows.columns and not numbers.null_count() and (records or IMAGE not in rows.columns):
        keys = there.select(_AT).with_columns(numbers.alias(KEY))
        pairs = rows.select(KEY, _ROW).drop_nulls().join(keys, on=KEY, how="inner")
        found = _Found(pairs.select(_AT, _ROW), frozenset())
    if records and _keep_their_labels(rows, there, found):
        return _with_people(table, _by_label(table, rows, images, there, remarks), skipped or {}, remarks)
    if found.pairs.is_empty() and IMAGE in rows.columns:
        found = _by_path(there, rows, remarks)
        if found.pairs.is_empty():
            found = _by_row_number(table, there, numbers, remarks)
    if found.pairs.is_empty():
        raise _nothing_fits(table, there, path)
    return _with_people(table, _arranged(table, images, there, rows, found, skipped or {}, remarks), {}, remarks)


class _Found(NamedTuple):
    """Which image is which row's, and rows that could be of several."""

    pairs: pl.DataFrame
    unclear: frozenset[int]

    @classmethod
    def none(cls) -> "_Found":
        return cls(pl.DataFrame(schema={_AT: pl.Int64, _ROW: pl.Int64}), frozenset())


def _there(images: Images | Sequence[ImageRef]) -> pl.DataFrame:
    if isinstance(images, Images):
        paths = images.paths()
    else:
        paths = pl.Series((image.name for image in images), dtype=pl.String)
    return pl.DataFrame([paths.alias(_PATH)]).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias(_AT), plain_path(pl.col(_PATH)).alias("plain")
    )


def _by_path(there: pl.DataFrame, rows: pl.DataFrame, remarks: Remarks) -> _Found:
    """Letter by letter, then with other folders above, then without extensions."""
    left = there.select(_AT, pl.col("plain").alias(_PATH))
    right = rows.select(_ROW, pl.col(IMAGE).alias(_PATH)).drop_nulls()
    pairs = left.join(right, on=_PATH, how="inner").select(_AT, _ROW)
    unclear: set[int] = set()
    for form, reason in ((pl.col(_PATH), OTHER_FOLDERS), (pl.col(_PATH).str.replace(_EXTENSION, ""), OTHER_EXTENSION)):
        if pairs.height in (left.height, right.height):
            break
        more, doubtful = _by_ends(left.with_columns(form), right.with_columns(form), pairs)
        unclear |= doubtful
        if more.height:
            first = more.head(1).join(right, on=_ROW).join(left, on=_AT, suffix="_there")
            remarks.add(reason, f"{first[_PATH][0]} is {first[f'{_PATH}_there'][0]}", more.height)
            pairs = pl.concat([pairs, more])
    return _Found(pairs, frozenset(unclear.difference(pairs[_ROW].to_list() if unclear else ())))


def _by_ends(left: pl.DataFrame, right: pl.DataFrame, known: pl.DataFrame) -> tuple[pl.DataFrame, set[int]]:
    """Pairs of an image and a row of which one's path is the end of the other's, or whose ends are theirs alone.

    Args:
        left: the images.
        right: the rows.
        known: pairs of both that are known already.

    Returns:
        Further pairs; and rows that could mean several images, or that mean one with others.
    """
    depth = (pl.col(_PATH).str.count_matches("/", literal=True) + 1).alias("depth")
    every = [side.with_columns(depth) for side in (left, right)]
    sides = [side.join(known, on=mark, how="anti") for side, mark in zip(every, (_AT, _ROW), strict=True)]
    deepest = max(int(number) for side in every for number in side["depth"].unique().to_list())
    pairs = [known.clear()]
    unclear: set[int] = set()
    for level in range(deepest, 0, -1):
        for whole in (0, 1):
            part = sides[whole].filter(pl.col("depth") == level)
            if part.is_empty() or sides[1 - whole].is_empty():
                continue
            ends = [_with_end(part if which == whole else side, level) for which, side in enumerate(sides)]
            both = ends[0].join(ends[1], on="end", how="inner").select(_AT, _ROW)
            once = ~pl.col(_AT).is_duplicated() & ~pl.col(_ROW).is_duplicated()
            pairs.append(both.filter(once))
            unclear.update(both.filter(~once)[_ROW].to_list())
            sides = [side.join(both, on=mark, how="anti") for side, mark in zip(sides, (_AT, _ROW), strict=True)]
    for level in range(deepest, 0, -1):
        if any(side.is_empty() for side in sides):
            break
        if any(_with_end(side, level)["end"].is_duplicated().any() for side in every):
            break  # shorter ends are no fewer times there
        sure = _with_end(sides[0], level).join(_with_end(sides[1], level), on="end", how="inner").select(_AT, _ROW)
        pairs.append(sure)
        sides = [side.join(sure, on=mark, how="anti") for side, mark in zip(sides, (_AT, _ROW), strict=True)]
    return pl.concat(pairs), unclear


def _with_end(side: pl.DataFrame, level: int) -> pl.DataFrame:
    """With the last ``level`` parts of each path; those that have fewer go."""
    side = side.filter(pl.col("depth") >= level)
    if (side["depth"] == level).all():
        return side.with_columns(pl.col(_PATH).alias("end"))
    return side.with_columns(pl.col(_PATH).str.extract(rf"((?:[^/]*/){{{level - 1}}}[^/]*)$").alias("end"))


def _by_row_number(table: ImageTable, there: pl.DataFrame, numbers: pl.Series, remarks: Remarks) -> _Found:
    """Images called 0000000.jpg, 0000001.jpg ... in one folder, exactly one a row, as MixFairFace numbers them."""
    lines = table.rows[LINE]
    count = len(lines)
    if numbers.null_count() or len(numbers) != count or lines[-1] - lines[0] != count - 1:
        return _Found.none()
    folders = there[_PATH].str.replace(r"[^/]*$", "")
    digits = there[_PATH].str.extract(r"([0-9]+)(?:\.[^./]*)?$").str.len_bytes()
    counted = bool((numbers.sort() == pl.Series(np.arange(count))).all())
    if not counted or folders.n_unique() > 1 or digits.n_unique() > 1:
        return _Found.none()
    remarks.add(BY_NUMBER, f"image 0 is of {table.path.name}, {table.unit} {lines[0]:,}", count)
    return _Found(pl.DataFrame({_AT: np.arange(count), _ROW: numbers}), frozenset())


def _label() -> pl.Expr:
    return pl.col(_PATH).str.extract(r"^(.*)/[^/]*$").alias(IDENTITY)


def _keep_their_labels(rows: pl.DataFrame, there: pl.DataFrame, found: _Found) -> bool:
    """Whether records have labels that the list repeats: of each record, or without keys of any."""
    labels = there.select(_AT, _label())
    if KEY not in rows.columns:
        return not labels.join(rows, on=IDENTITY, how="semi").is_empty()
    if found.pairs.height < len(there):
        return False
    said = found.pairs.join(rows.select(_ROW, IDENTITY), on=_ROW).join(labels, on=_AT, suffix="_there")
    return bool((said[IDENTITY] == said[f"{IDENTITY}_there"]).all())


def _by_label(
    table: ImageTable,
    rows: pl.DataFrame,
    images: Images | Sequence[ImageRef],
    there: pl.DataFrame,
    remarks: Remarks,
) -> Listing:
    """Records as they are, of which the list says more."""
    labels = there.select(_label())
    missing = labels.join(rows, on=IDENTITY, how="anti", maintain_order="left")
    if len(missing):
        remarks.add(UNLISTED_LABEL, f"label {missing[IDENTITY][0]}", missing[IDENTITY].n_unique())
    extra = rows.join(labels, on=IDENTITY, how="anti", maintain_order="left")
    if len(extra):
        remarks.add(WITHOUT_IMAGE, _row(table, extra), len(extra))
    refs = cast(Sequence[ImageRef], images)
    return Listing(refs=refs, form=_form(table))


def _form(table: ImageTable) -> str:
    read_as = f": {', '.join(table.read_as)}" if table.read_as else ""
    return f"a list of who is on which image ({table.path.name}{read_as})"


def _arranged(
    table: ImageTable,
    images: Images | Sequence[ImageRef],
    there: pl.DataFrame,
    rows: pl.DataFrame,
    found: _Found,
    skipped: Mapping[str, Sequence[str]],
    remarks: Remarks,
) -> Listing:
    """Refs of the images that have a row, and the count of all others."""
    matched = found.pairs.join(rows.select(_ROW, IDENTITY), on=_ROW, how="left").join(there, on=_AT, how="left")
    file = pl.col("plain").str.extract(r"([^/]+)$")
    plain = pl.format("{}/{}", pl.col(IDENTITY), file)
    whole = pl.format("{}/{}", pl.col(IDENTITY), pl.col("plain"))
    matched = matched.with_columns(pl.when(plain.is_duplicated()).then(whole).otherwise(plain).alias("name"))
    matched = matched.sort(IDENTITY, "name")
    lost = there.join(found.pairs, on=_AT, how="anti", maintain_order="left")
    left_out = dict(skipped)
    if len(lost):
        left_out[WITHOUT_ROW] = lost[_PATH].to_list()
    alone = rows.join(found.pairs, on=_ROW, how="anti", maintain_order="left")
    doubtful = pl.DataFrame({_ROW: sorted(found.unclear)}, schema={_ROW: pl.Int64})
    unclear = alone.join(doubtful, on=_ROW, how="semi", maintain_order="left")
    alone = alone.join(doubtful, on=_ROW, how="anti", maintain_order="left")
    for reason, some in ((WITHOUT_IMAGE, alone), (SEVERAL_IMAGES, unclear)):
        if len(some):
            remarks.add(reason, _row(table, some), len(some))
    refs = ListedRefs(images, matched[_AT].to_numpy(), matched[IDENTITY], matched["name"])
    return Listing(refs=refs, skipped=left_out, form=_form(table))


def _with_people(
    table: ImageTable, listing: Listing, skipped: Mapping[str, Sequence[str]], remarks: Remarks
) -> Listing:
    """The same with what the list says of the people who are there."""
    people, more = people_of(table)
    for remark in more:
        remarks.add(remark.reason, remark.first, remark.count)
    refs = listing.refs
    there = refs.identities if isinstance(refs, ListedRefs) else pl.Series([*{ref.identity for ref in refs}])
    people = people.join(pl.DataFrame({IDENTITY: there}), on=IDENTITY, how="semi", maintain_order="left")
    says = [name for name in people.columns if name != IDENTITY]
    given = {name: table.given_by.get(name, f"column {name} of {table.path.name}") for name in says}
    return Listing(
        refs=refs,
        skipped={**skipped, **listing.skipped},
        form=listing.form,
        people=People(rows=people, given_by=given) if says else None,
        remarks=remarks.by_reason(),
    )


def _row(table: ImageTable, rows: pl.DataFrame) -> str:
    mark = rows[IMAGE][0] if IMAGE in rows.columns else None
    name = mark if mark is not None else f"key {rows[KEY][0]}"
    return f"{table.path.name}, {table.unit} {rows[LINE][0]:,}: {name}"


def _nothing_fits(table: ImageTable, there: pl.DataFrame, path: Path) -> EthnoshardError:
    """Both sides, with examples."""
    column = KEY if IMAGE not in table.rows.columns else IMAGE
    named = [repr(name) for name in table.rows[column].drop_nulls().head(_SOME).to_list()]
    have = [repr(name) for name in there[_PATH].head(_SOME).to_list()]
    read_as = f" (read as {', '.join(table.read_as)})" if table.read_as else ""
    return EthnoshardError(
        f"{table.path} names none of the {len(there):,} images in {path}{read_as}. It names, of {len(table.rows):,}, "
        f"{', '.join(named)}; there are {', '.join(have)}. Give the folder that its paths begin in, or say with "
        "--columns which column holds them"
    )
