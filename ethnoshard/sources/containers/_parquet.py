"""Parquet files with an image column, as model hubs give datasets out: the bytes, and columns that say whose they are.

The image is a struct of ``bytes`` and ``path`` (Hugging Face's ``Image``), or plain bytes. Numbers of classes have
their names in the schema's metadata, under ``huggingface``.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import GROUP, IDENTITY, NAME, Listing, Smell
from ethnoshard.sources._reading import Reading
from ethnoshard.sources._ref_table import FILE, MEMBER, NUMBER, REF_SCHEMA, SIZE, RefTable, named_apart
from ethnoshard.sources.containers._parquet_groups import largest_row_group
from ethnoshard.sources.containers._parquet_reader import NEAR, POLARS_ERRORS, locator_of, said_by, scanned
from ethnoshard.sources.naming._columns import column_for
from ethnoshard.sources.naming._people import SAID, PeopleOfImages
from ethnoshard.sources.naming._smells import odd_sizes
from ethnoshard.sources.naming._splits import splits_of

PARQUET_MAGIC = b"PAR1"

NO_IMAGE = "row without an image"
NO_BYTES = "row whose image is a path alone"
NO_IDENTITY = "row without an identity"
NO_CLASS = "row whose class has no name in the schema's metadata"

_MOST_TO_READ = 2**40
"""Bytes, a few minutes of a fast disk."""
_BYTES, _PATH = "bytes", "path"
_KINDS = {"png": b"\x89PNG", "webp": b"RIFF", "bmp": b"BM", "gif": b"GIF8"}
_OWN, _NOBODY, _REASON, _EXTENSION = "name by file and row", "nobody", "reason", "extension"


class Columns(NamedTuple):
    """Which columns of a file say what.

    Attributes:
        image: of the images.
        identity: of the people.
        group: of the groups, where there are any.
        name: of other names of the people, where there are any.
        others: further columns of short values.
        classes: column -> names of its classes by number.
    """

    image: str
    identity: str
    group: str | None
    name: str | None
    others: tuple[str, ...]
    classes: Mapping[str, list[str]]


def list_parquet(files: Sequence[Path], source: Path, reading: Reading) -> Listing:
    """List the images of Parquet files by the column that says whose they are.

    Reads all bytes once, since nothing else in a file says how long an image is, some row groups at a time. An image is
    called as its ``path`` is, or by file and row; where a person has two of one name, by both.

    Args:
        files: in the order of their names; of several, ``member_of`` takes a ref's locator apart.
        source: the file or folder that was given, for messages.
        reading: ``columns`` may name those of the image, the identity, the group and the name.

    Raises:
        EthnoshardError: a file is damaged, holds no images or doesn't say whose they are.
    """
    columns = [_columns(file, reading) for file in files]
    first = columns[0]
    for file, own in zip(files, columns, strict=True):
        if (own.identity, own.identity in own.classes) != (first.identity, first.identity in first.classes):
            raise EthnoshardError(
                f"{source}: {files[0].name} has the people in the column {_told(first)}, {file.name} in {_told(own)}; "
                f"give the files that belong together"
            )
    kept = {GROUP: first.group, NAME: first.name} | {name: name for name in first.others}
    people = PeopleOfImages({name: f"the column {column}" for name, column in kept.items() if column is not None})
    skipped: dict[str, list[str]] = {}
    labels = _labels(files)
    parts = []
    for member, (file, own) in enumerate(zip(files, columns, strict=True)):
        rows = _rows(file, labels[member], own, people.columns, skipped)
        people.add(rows)
        parts.append(rows.with_columns(pl.lit(member if len(files) > 1 else -1, pl.Int32).alias(MEMBER)))
    images = pl.concat([part.select(*REF_SCHEMA.names(), _OWN) for part in parts])
    if images.is_empty():
        told = ", ".join(f"{len(names):,} x {reason}" for reason, names in skipped.items()) or "it has no row"
        raise EthnoshardError(f"{source} holds no image of a person: {told}. {_way_out(skipped)}")
    refs = RefTable.of(named_apart(images, [pl.col(_OWN)]))
    return Listing(
        refs=refs,
        skipped=skipped,
        form=_form(files, first),
        people=people.people(),
        smells=(
            *_versions(files),
            *_shuffled(files, refs),
            *odd_sizes(refs, "say by --columns identity=COLUMN who is who"),
        ),
    )


def class_names(path: Path) -> dict[str, list[str]]:
    """Column -> names of its classes, the first that of class 0, as ``datasets`` writes them in the schema's metadata.

    Raises:
        EthnoshardError: the file can't be read.
    """
    try:
        text = pl.read_parquet_metadata(path).get("huggingface", "{}")
        content: object = json.loads(text)
    except POLARS_ERRORS as error:
        raise EthnoshardError(f"{path} can't be read as Parquet: {said_by(error)}; fetch it again") from error
    except (ValueError, RecursionError):
        return {}
    for key in ("info", "features"):
        content = content.get(key) if isinstance(content, dict) else None
    found = {}
    for column, feature in content.items() if isinstance(content, dict) else ():
        names = feature.get("names") if isinstance(feature, dict) else None
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            found[str(column)] = names
    return found


def _columns(path: Path, reading: Reading) -> Columns:
    try:
        schema = scanned(path).collect_schema()
    except POLARS_ERRORS as error:
        raise EthnoshardError(f"{path} can't be read as Parquet: {said_by(error)}; fetch it again") from error
    image = _image_column(path, schema, reading.columns)
    short = [name for name, kind in schema.items() if name != image and _is_short(kind)]
    identity = column_for(IDENTITY, short, reading.columns, path)
    if identity is None:
        raise EthnoshardError(
            f"{path} doesn't say whose its images are: its columns are {', '.join(schema)}, none of which names a "
            f"person. Say which one does by --columns identity=COLUMN. A set of single faces with attributes, such as "
            f"FairFace, has no identities and trains classifiers only"
        )
    rest = [name for name in short if name != identity]
    group = column_for(GROUP, rest, reading.columns, path)
    name = column_for(NAME, [each for each in rest if each != group], reading.columns, path)
    return Columns(
        image=image,
        identity=identity,
        group=group,
        name=name,
        others=tuple(each for each in rest if each not in (group, name, IDENTITY, GROUP, NAME)),
        classes=class_names(path),
    )


def _image_column(path: Path, schema: Mapping[str, pl.DataType], said: Mapping[str, str]) -> str:
    held = [name for name, kind in schema.items() if _image_bytes(name, kind) is not None]
    if "image" in said or len(held) == 1:
        found = column_for("image", held, said, path) or held[0]
    elif held and (likely := column_for("image", held, said, path)):
        found = likely
    elif held:
        raise EthnoshardError(
            f"{path} has several columns of images: {', '.join(held)}. If they are pairs, this is a list of pairs and "
            f"no dataset of people; else name one by --columns image=COLUMN"
        )
    else:
        raise EthnoshardError(
            f"{path} is Parquet, but no column holds images (bytes, or a struct with bytes in it): its columns are "
            f"{', '.join(f'{name} ({kind})' for name, kind in schema.items())}. If it is a table that says who is on "
            f"which image, give the images as the source and this as --list"
        )
    return found


def _image_bytes(name: str, kind: pl.DataType) -> pl.Expr | None:
    """The encoded image of a column; None where it holds none."""
    if kind == pl.Binary:
        return pl.col(name)
    if isinstance(kind, pl.Struct) and any(field.name == _BYTES and field.dtype == pl.Binary for field in kind.fields):
        return pl.col(name).struct.field(_BYTES)
    return None


def _is_short(kind: pl.DataType) -> bool:
    return kind.is_integer() or kind in (pl.String, pl.Boolean, pl.Categorical, pl.Enum)


def _rows(
    path: Path, label: str, columns: Columns, wanted: Sequence[str], skipped: dict[str, list[str]]
) -> pl.DataFrame:
    """A row for each image of a person, with what is wanted of the other columns as text; the others are counted."""
    texts = {GROUP: columns.group, NAME: columns.name}
    taken = {name: column for name in wanted if (column := texts.get(name, name)) is not None}
    try:
        whole, place = _read(path, columns, taken)
    except POLARS_ERRORS as error:
        raise EthnoshardError(
            f"{path} can't be read as Parquet: {said_by(error)}; it is cut short or damaged, fetch it again"
        ) from error
    lacking = pl.col(SIZE).is_null()
    reason = (
        pl.when(lacking & pl.col(_PATH).is_not_null())
        .then(pl.lit(NO_BYTES))
        .when(lacking)
        .then(pl.lit(NO_IMAGE))
        .when(pl.col(_NOBODY))
        .then(pl.lit(NO_IDENTITY))
        .when(pl.col(IDENTITY).is_null())
        .then(pl.lit(NO_CLASS if columns.identity in columns.classes else NO_IDENTITY))
    )
    whole = whole.with_columns(reason.alias(_REASON))
    for (why,), rows in whole.filter(pl.col(_REASON).is_not_null()).group_by(_REASON, maintain_order=True):
        skipped.setdefault(str(why), []).extend(f"{path.name}, row {row:,}" for row in rows[NUMBER])
    own = pl.concat_str(
        pl.lit(f"{label}-"), pl.col(NUMBER).cast(pl.String).str.zfill(8), pl.lit("."), pl.col(_EXTENSION)
    )
    base = pl.col(_PATH).str.split("\\").list.last().str.split("/").list.last()
    return whole.filter(pl.col(_REASON).is_null()).select(
        IDENTITY,
        pl.when(base.is_null() | base.is_in(["", ".", ".."])).then(own).otherwise(base).alias(FILE),
        own.alias(_OWN),
        pl.col(NUMBER) + locator_of(place, 0),
        SIZE,
        pl.col(f"^{SAID}.*$"),
    )


def _read(path: Path, columns: Columns, taken: Mapping[str, str]) -> tuple[pl.DataFrame, int]:
    """All rows without the bytes, and the number of the column that has these."""
    schema = scanned(path).collect_schema()
    kind = schema[columns.image]
    data = _image_bytes(columns.image, kind)
    if data is None:
        raise EthnoshardError(f"{path}: the column {columns.image} holds no images any more")
    has_path = isinstance(kind, pl.Struct) and any(
        field.name == _PATH and field.dtype == pl.String for field in kind.fields
    )
    rows = scanned(path).select(
        data.bin.size().cast(pl.Int64).alias(SIZE),
        _extension(data).alias(_EXTENSION),
        (pl.col(columns.image).struct.field(_PATH) if has_path else pl.lit(None, pl.String)).alias(_PATH),
        _as_text(columns.identity, columns.classes).alias(IDENTITY),
        pl.col(columns.identity).is_null().alias(_NOBODY),
        *(
            (_as_text(column, columns.classes) if column in schema else pl.lit(None, pl.String)).alias(SAID + name)
            for name, column in taken.items()
        ),
    )
    # Some row groups at a time, or the bytes of all images would be in memory.
    read = rows.collect(engine="streaming").with_row_index(NUMBER).with_columns(pl.col(NUMBER).cast(pl.Int64))
    return read, list(schema).index(columns.image)


def _labels(files: Sequence[Path]) -> list[str]:
    """What rows without a name of their own are called after: the file's name, with the folder's where two have it."""
    stems = Counter(file.stem for file in files)
    return [file.stem if stems[file.stem] == 1 else f"{file.parent.name}-{file.stem}" for file in files]


def _extension(data: pl.Expr) -> pl.Expr:
    """What the bytes begin as, for images that have no name of their own."""
    found: pl.Expr = pl.lit("jpg")
    for extension, begin in _KINDS.items():
        found = pl.when(data.bin.starts_with(begin)).then(pl.lit(extension)).otherwise(found)
    return found


def _as_text(column: str, classes: Mapping[str, list[str]]) -> pl.Expr:
    """The values as text, "" as null, numbers of classes by their names, null where a number has none."""
    if column in classes:
        numbers = list(range(len(classes[column])))
        text = pl.col(column).replace_strict(numbers, classes[column], default=None, return_dtype=pl.String)
    else:
        text = pl.col(column).cast(pl.String)
    return pl.when(text != "").then(text)


def _told(columns: Columns) -> str:
    return f"{columns.identity} ({'names' if columns.identity in columns.classes else 'without names'} of classes)"


def _form(files: Sequence[Path], columns: Columns) -> str:
    number = "a Parquet file" if len(files) == 1 else f"{len(files):,} Parquet files"
    names = " by the names of its classes" if columns.identity in columns.classes else ""
    return f"{number} with images{splits_of(files)}; identities from the column {columns.identity}{names}"


def _shuffled(files: Sequence[Path], refs: RefTable) -> tuple[Smell, ...]:
    """Row groups so large, and rows so far from the order of people, that each image costs one."""
    sizes = [largest_row_group(file) for file in files]
    to_read = sum(sizes[max(0, member)] * number for member, number in refs.jumps(NEAR).items())
    if to_read <= _MOST_TO_READ:
        return ()
    return (
        Smell(
            what=f"the rows are in no order of people and the row groups have up to {max(sizes) / 2**20:,.0f} MiB, so "
            f"that to read a person after the other {to_read / 2**40:,.1f} TiB would be read",
            way_out="write the files again with smaller row groups, as polars does by "
            "pl.read_parquet(FILE).write_parquet(FILE_2, row_group_size=100); to read them as they are all the same, "
            "pass --as-it-is",
        ),
    )


def _versions(files: Sequence[Path]) -> tuple[Smell, ...]:
    folders: dict[str, list[str]] = {}
    for file in files:
        folders.setdefault(file.name, []).append(file.parent.name)
    same = {name: parents for name, parents in folders.items() if len(parents) > 1}
    if not same:
        return ()
    name, parents = min(same.items())
    return (
        Smell(
            what=f"{len(same):,} file names lie in several folders, as {name} in {' and '.join(parents)}: one set in "
            f"several versions, so that each image would come several times",
            way_out="give one of the folders; if they are different images, pass --as-it-is",
        ),
    )


def _way_out(skipped: Mapping[str, list[str]]) -> str:
    if NO_BYTES in skipped:
        return "Give the folder of the images as the source and this table as --list"
    return "Name the columns by --columns image=COLUMN,identity=COLUMN"
