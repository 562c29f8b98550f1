"""WebDataset shards: tars of ``KEY.jpg`` beside ``KEY.cls`` or ``KEY.json`` that says whose the image is.

``.cls`` holds a number, or a name, as text; ``.json`` an object with a key such as ``identity`` or ``label``. A person
may be spread over all shards, and a key may come again, in one shard too.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, NamedTuple

import msgspec
import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import GROUP, IDENTITY, NAME, Listing, Smell
from ethnoshard.sources._reading import Reading
from ethnoshard.sources._ref_table import FILE, MEMBER, NUMBER, SIZE, RefTable, named_apart
from ethnoshard.sources.containers._images import display
from ethnoshard.sources.containers._inventory import (
    HIDDEN,
    MACOS,
    UNSAFE,
    extension_of,
    has_image_extension,
    reason_in_name,
)
from ethnoshard.sources.containers._tar import members_of, opened_tar_gz
from ethnoshard.sources.containers._tar_headers import Member
from ethnoshard.sources.naming._columns import column_for, is_sure
from ethnoshard.sources.naming._people import SAID, PeopleOfImages
from ethnoshard.sources.naming._smells import odd_sizes
from ethnoshard.sources.naming._splits import splits_of

NO_SIDECAR = "image without a .cls or .json that says whose it is"
DAMAGED = "image whose .cls or .json is damaged"
UNSAID = "image whose .cls or .json doesn't say whose it is"
NO_IMAGE = ".cls or .json without an image"

CLS, JSON = "cls", "json"
_CLASSES = (CLS, "class", "label")
"""Extensions of the files that hold the class alone."""
_SIDECARS = (*_CLASSES, JSON)
_LARGEST_SIDECAR = 2**20
_LONGEST_NAME = 255
_SHOWN_KEYS = 8
_LOOKED_AT = 256
"""Members by which a tar is told to be a shard or not."""
_FEW_COMPRESSED = 8
_KEY = "key"
_SOURCE_IMAGE, _NUMBER = "source_image", "identity_number"
"""Keys of our own shards: what an image was called before, and a number that says nothing outside them."""


class Scheme(NamedTuple):
    """What says whose the images of shards are.

    Attributes:
        identity: the key of ``.json``, or "cls".
        group: key of the group, where there is one.
        name: key of another name of the people, where there is one.
        file: key of the name that the image had, in our own shards.
        others: further keys of short values.
    """

    identity: str
    group: str | None = None
    name: str | None = None
    file: str | None = None
    others: tuple[str, ...] = ()


class Shard(NamedTuple):
    """A shard's file, and whether it is compressed by gzip."""

    path: Path
    compressed: bool

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """The tar, from its beginning."""
        return opened_tar_gz(self.path) if self.compressed else self.path.open("rb")


class _Entry(NamedTuple):
    """An image, or a sidecar with its content."""

    path: str
    offset: int
    size: int
    content: bytes | None


class _Sample(NamedTuple):
    """What shares a key: images, and what is beside them, by path without the last extension."""

    images: list[_Entry]
    classes: dict[str, _Entry]
    objects: dict[str, _Entry]
    key: str


def scheme_of(shard: Shard, reading: Reading) -> Scheme | None:
    """What says whose the images of a tar are, by its first members; None where it is no shard of WebDataset.

    Where images lie in folders, which may be identities, a ``.json`` beside them counts only if it has a key that can
    mean nothing else than a person.

    Raises:
        EthnoshardError: it is damaged.
    """
    found: dict[str, object] = {}
    in_folder = has_class = False
    with shard.open() as file:
        for sample in _samples(shard.path, file, {}, _LOOKED_AT):
            for image in sample.images:
                in_folder = in_folder or "/" in image.path
                has_class = has_class or _beside(image, sample, sample.classes) is not None
                content = _object(_beside(image, sample, sample.objects))
                found |= {key: value for key, value in content.items() if _text(value) is not None}
    identity = None
    if has_class and not found and IDENTITY in reading.columns:
        raise EthnoshardError(
            f"{shard.path} has .cls beside its images and no .json, so that --columns identity="
            f"{reading.columns[IDENTITY]} names nothing in it; without, .cls says who is who"
        )
    if found:
        identity = column_for(IDENTITY, [*found, *([CLS] if has_class else [])], reading.columns, shard.path)
        if identity is not None and in_folder and not is_sure(identity) and IDENTITY not in reading.columns:
            identity = None
    if identity is None and found and not (has_class or in_folder):
        raise EthnoshardError(
            f"{shard.path} is a shard of WebDataset whose .json doesn't say whose an image is: it has "
            f"{', '.join(sorted(found)[:_SHOWN_KEYS])}{', ...' if len(found) > _SHOWN_KEYS else ''}. Say which key "
            f"does by --columns identity=KEY, or who is on which image by --list TABLE"
        )
    if identity is None:
        return Scheme(CLS) if has_class else None
    rest = [key for key in found if key != identity]
    group = column_for(GROUP, rest, reading.columns, shard.path)
    name = column_for(NAME, [key for key in rest if key != group], reading.columns, shard.path)
    file_key = _SOURCE_IMAGE if _SOURCE_IMAGE in found else None
    used = {group, name, file_key, IDENTITY, GROUP, NAME, *([_NUMBER] if file_key else [])}
    return Scheme(identity, group, name, file_key, tuple(key for key in rest if key not in used))


def list_shards(shards: Sequence[Shard], source: Path, scheme: Scheme) -> Listing:
    """List the images of shards, a person's together, by identity, then name in code points.

    An image is called by its key; images of our own datasets by the name that they had before. Where a person has two
    of one name, the shard's name is put before the key.

    Args:
        shards: of several, ``member_of`` takes a ref's locator apart.
        source: the file or folder that was given, for messages.
        scheme: what says whose they are.

    Raises:
        EthnoshardError: a shard is cut short or damaged, or no image is anybody's.
    """
    columns = {GROUP: scheme.group, NAME: scheme.name} | {key: key for key in scheme.others}
    people = PeopleOfImages({name: f"the key {key} of .json" for name, key in columns.items() if key is not None})
    keys = {name: key for name, key in columns.items() if key is not None and name in people.columns}
    skipped: dict[str, list[str]] = {}
    parts = []
    for member, shard in enumerate(shards):
        rows, left_out = _rows(shard, scheme, keys)
        for reason, names in left_out.items():
            prefix = f"{shard.path.name}/" if len(shards) > 1 else ""
            skipped.setdefault(reason, []).extend(prefix + name for name in names)
        people.add(rows)
        place = member if len(shards) > 1 else -1
        parts.append(rows.select(IDENTITY, FILE, _KEY, pl.lit(place, pl.Int32).alias(MEMBER), NUMBER, SIZE))
    images = pl.concat(parts)
    if images.is_empty():
        told = ", ".join(f"{len(names):,} x {reason}" for reason, names in skipped.items())
        raise EthnoshardError(f"{source} holds no image of a person: {told or 'it is empty'}")
    labels = [_without_tar(shard.path.name) for shard in shards]
    shard_name = pl.lit(pl.Series(labels)).gather(pl.max_horizontal(MEMBER, 0))
    with_shard = pl.concat_str(shard_name, pl.lit("-"), _KEY)
    with_place = pl.concat_str(shard_name, pl.lit("-"), pl.col(NUMBER).cast(pl.String), pl.lit("-"), _KEY)
    number = "a WebDataset shard" if len(shards) == 1 else f"{len(shards):,} WebDataset shards"
    says = f"the key {scheme.identity} of .json" if scheme.identity != CLS else ".cls"
    refs = RefTable.of(named_apart(images, [pl.col(_KEY), with_shard, with_place]))
    return Listing(
        refs=refs,
        skipped=skipped,
        form=f"{number}{splits_of(shard.path for shard in shards)}; identities from {says}",
        people=people.people(),
        smells=(
            *odd_sizes(refs, "say by --columns identity=KEY which key of .json names the person"),
            *_compressed_apart(shards, images),
        ),
    )


def _compressed_apart(shards: Sequence[Shard], images: pl.DataFrame) -> tuple[Smell, ...]:
    """Many compressed shards over which people are spread: for a person after the other, each is inflated anew."""
    compressed = [shard.path.name for shard in shards if shard.compressed]
    if len(compressed) <= _FEW_COMPRESSED:
        return ()
    apart = images.group_by(IDENTITY).agg(pl.col(MEMBER).n_unique()).filter(pl.col(MEMBER) > 1).height
    if not apart:
        return ()
    return (
        Smell(
            what=f"{len(compressed):,} shards are compressed by gzip, and the images of {apart:,} people are spread "
            f"over several: to read a person after the other, shards would be inflated over and over",
            way_out="run gunzip on them first, which costs hardly any space, since images don't shrink; to read them "
            "as they are all the same, pass --as-it-is",
        ),
    )


def _rows(shard: Shard, scheme: Scheme, keys: Mapping[str, str]) -> tuple[pl.DataFrame, dict[str, list[str]]]:
    """A row for each image of somebody, and the names of the others by reason."""
    skipped: dict[str, list[str]] = {}
    texts = [IDENTITY, FILE, _KEY, *(SAID + name for name in keys)]
    columns: dict[str, list[str | int | None]] = {name: [] for name in (*texts, NUMBER, SIZE)}
    with shard.open() as file:
        for sample in _samples(shard.path, file, skipped):
            if not sample.images:
                names = [entry.path for entry in (*sample.classes.values(), *sample.objects.values())]
                skipped.setdefault(NO_IMAGE, []).extend(map(display, names))
            for image in sample.images:
                said, content = _said(image, sample, scheme)
                if content is None:
                    skipped.setdefault(said, []).append(display(image.path))
                    continue
                key = display(image.path.rpartition("/")[2])
                file_name = _text(content.get(scheme.file)) if scheme.file else None
                row: dict[str, str | int | None] = {SAID + name: _text(content.get(of)) for name, of in keys.items()}
                row |= {IDENTITY: said, FILE: _own_name(file_name, said) or key, _KEY: key}
                row |= {NUMBER: image.offset, SIZE: image.size}
                for name, value in row.items():
                    columns[name].append(value)
    schema = dict.fromkeys(texts, pl.String()) | {NUMBER: pl.Int64(), SIZE: pl.Int64()}
    return pl.DataFrame(columns, schema), skipped


def _said(image: _Entry, sample: _Sample, scheme: Scheme) -> tuple[str, dict[str, object] | None]:
    """Whose an image is and what else is said of it; or why nobody's, and None."""
    entry = _beside(image, sample, sample.classes if scheme.identity == CLS else sample.objects)
    if entry is None:
        return NO_SIDECAR, None
    if scheme.identity == CLS:
        identity = _class(entry)
        return (DAMAGED, None) if identity is None else (identity, {})
    content = _object(entry)
    identity = _text(content.get(scheme.identity))
    if identity is None or len(identity) > _LONGEST_NAME:
        return UNSAID if content else DAMAGED, None
    return identity, content


def _beside(image: _Entry, sample: _Sample, others: Mapping[str, _Entry]) -> _Entry | None:
    """What belongs to an image: it has the same name but for the extension, or the sample's key."""
    return others.get(image.path.rpartition(".")[0]) or others.get(sample.key)


def _class(entry: _Entry) -> str | None:
    try:
        text = (entry.content or b"").decode().strip()
    except UnicodeDecodeError:
        return None
    return text if text and len(text) <= _LONGEST_NAME and text.isprintable() else None


def _object(entry: _Entry | None) -> dict[str, object]:
    """What a .json holds; nothing where it is no object."""
    try:
        content: object = msgspec.json.decode(entry.content) if entry and entry.content else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return {str(key): value for key, value in content.items()} if isinstance(content, dict) else {}


def _text(value: object) -> str | None:
    """A short value as text; None where it is none."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _own_name(source_image: str | None, identity: str) -> str | None:
    """What an image was called in the source that one of our datasets was made of."""
    if source_image is None or not source_image.startswith(f"{identity}/") or not has_image_extension(source_image):
        return None
    return source_image[len(identity) + 1 :]


def _samples(path: Path, file: IO[bytes], skipped: dict[str, list[str]], most: int | None = None) -> Iterator[_Sample]:
    """What the tar holds, by keys; the first ``most`` members, if that is given."""
    sample, names = _Sample([], {}, {}, ""), set[str]()
    for number, member in enumerate(members_of(path, file)):
        if number == most:
            break
        entry, reason = _entry(member, file)
        if reason is not None:
            skipped.setdefault(reason, []).append(display(member.name))
            continue
        folder, slash, base = entry.path.rpartition("/")
        key = folder + slash + base.partition(".")[0]
        # Where a name comes again another sample of the same key begins.
        if key != sample.key or entry.path in names:
            if names:
                yield sample
            sample, names = _Sample([], {}, {}, key), set()
        names.add(entry.path)
        stem, _, extension = entry.path.rpartition(".")
        if entry.content is None and has_image_extension(entry.path):
            sample.images.append(entry)
        else:
            (sample.objects if extension.lower() == JSON else sample.classes)[stem] = entry
    if names:
        yield sample


def _entry(member: Member, file: IO[bytes]) -> tuple[_Entry, str | None]:
    """A member, and why it is neither an image nor a sidecar that can be had."""
    parts = [part for part in member.name.split("/") if part not in ("", ".")]
    entry = _Entry("/".join(parts), member.offset, member.size, None)
    if member.name.startswith("/") or ".." in parts or "\0" in member.name or not parts:
        return entry, UNSAFE
    reason = reason_in_name(parts)
    if extension_of(parts[-1]) in _SIDECARS and reason not in (HIDDEN, MACOS):
        reason = member.reason
        if reason is None and member.size <= _LARGEST_SIDECAR:
            file.seek(member.offset)
            entry = entry._replace(content=file.read(member.size))
    return entry, reason or member.reason


def _without_tar(name: str) -> str:
    for end in (".tar.gz", ".tgz", ".tar"):
        if name.lower().endswith(end):
            return name[: -len(end)]
    return name
