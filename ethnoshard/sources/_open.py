"""From paths that the user gives to places and listings."""

import gzip
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from ethnoshard._files import read_json
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import GROUP, Listing, People
from ethnoshard.sources._place import SEVERAL, Place
from ethnoshard.sources._reading import Reading
from ethnoshard.sources._several import Opened, join
from ethnoshard.sources.containers._braces import expanded
from ethnoshard.sources.containers._images import Images
from ethnoshard.sources.containers._inventory import OF_SYSTEMS, Inventory
from ethnoshard.sources.containers._kinds import inventory_of, kind_of
from ethnoshard.sources.containers._parquet import list_parquet
from ethnoshard.sources.containers._refusals import refuse_content
from ethnoshard.sources.containers._tar import begins_tar
from ethnoshard.sources.containers._webdataset import Scheme, Shard, list_shards, scheme_of
from ethnoshard.sources.naming._arrange import arrange, arrange_by_layout
from ethnoshard.sources.naming._layout import Layout
from ethnoshard.sources.naming._tables_beside import contradicting_table, naming_table, table_of_records
from ethnoshard.sources.recordio._listing import list_recordio
from ethnoshard.sources.tables._listed_by import listed_by
from ethnoshard.sources.tables._people_list import ImageTable, read_people_list

DATASET, SHARDS = "dataset.json", "shards"
"""Of a dataset folder of our own, whose shards are WebDataset's."""

NO_IMAGE_IN_ARCHIVE = "archive without an image"
BESIDE_RECORDS = "archive or Parquet file beside RecordIO"
NO_SHARD = "archive that is no shard, beside shards of WebDataset"

_TARS = ("tar", "tar.gz")
_ARCHIVES = (*_TARS, "zip")


class Opener:
    """Opens places in the way that the user said."""

    def __init__(self, reading: Reading, max_file_bytes: int) -> None:
        self._reading = reading
        self._layout = None if reading.layout is None else Layout(reading.layout)
        self._max_file_bytes = max_file_bytes

    def open(self, paths: Sequence[Path]) -> Opened:
        """List what lies at one path or several; of one that isn't there, a pattern in braces counts as several.

        Raises:
            EthnoshardError: nothing usable is there, it is cut short or damaged, or it can't be read.
        """
        if len(paths) == 1:
            (path,) = paths
            files = _of_pattern(path)
            if len(files) == 1:
                return self._open_one(files[0])
            return self._open_set(files, path)
        kinds = [kind_of(path) for path in paths]
        if len({path.absolute().parent for path in paths}) == 1 and (
            all(kind in _ARCHIVES for kind in kinds) or set(kinds) == {"parquet"}
        ):
            # As a shell makes them of train-*.tar.
            return self._open_set(paths, paths[0])
        if self._table is not None:
            return self._listed_together(paths, paths[0])
        return join(
            [self._open_one(path) for path in paths], paths[0], one_set=False, max_file_bytes=self._max_file_bytes
        )

    def _open_one(self, path: Path) -> Opened:
        kind = kind_of(path)
        if kind == "folder" and (path / DATASET).is_file():
            return self._open_dataset(path)
        if kind == "recordio":
            return Opened(self._place(kind, path), self._records(path))
        if kind == "parquet" or (kind in _TARS and self._scheme([path]) is not None):
            return self._open_set([path], path)
        _, inventory = inventory_of(path)
        if not inventory.images:
            if kind == "folder" and (found := self._instead_of_images(path, inventory)) is not None:
                return found
            refuse_content(path, inventory, archive=kind != "folder")
        return Opened(self._place(kind, path), self._arrange(inventory, path))

    @cached_property
    def _table(self) -> ImageTable | None:
        """The list that says who is on which image, if the user gave one."""
        return None if self._reading.table is None else read_people_list(self._reading.table, self._reading.columns)

    def _records(self, path: Path) -> Listing:
        if self._layout is not None:
            raise EthnoshardError(f"{path} is RecordIO, whose images have no paths that --layout could read")
        try:
            listing = list_recordio(path)
        except OSError as error:
            raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error
        if self._table is None:
            self._refuse_columns(path)
            refs = listing.refs
            one = len(refs) > 1 and refs[0].identity == refs[-1].identity and not self._reading.as_it_is
            smell = table_of_records(path, refs[0].identity, len(refs)) if one else None
            return listing if smell is None else replace(listing, smells=(*listing.smells, smell))
        listed = listed_by(self._table, listing.refs, path, skipped=listing.skipped)
        return replace(listed, image_size=listing.image_size, smells=(*listing.smells, *listed.smells))

    def _refuse_columns(self, path: Path) -> None:
        """Refuse columns where nothing has any.

        Raises:
            EthnoshardError: the user named some.
        """
        if self._reading.columns:
            named = ", ".join(f"{role}={column}" for role, column in self._reading.columns.items())
            raise EthnoshardError(
                f"{path} has no columns that {named!r} could name; --columns goes with --list TABLE, with Parquet, or "
                f"with .json beside the images"
            )

    def _arrange(self, inventory: Inventory, path: Path) -> Listing:
        if self._table is not None:
            return listed_by(self._table, inventory.images, path, skipped=inventory.skipped)
        if self._layout is not None:
            return arrange_by_layout(inventory, path, self._layout)
        self._refuse_columns(path)
        try:
            listing = arrange(inventory, path)
        except EthnoshardError as error:
            table = naming_table(path, inventory.images)
            if table is None:
                raise
            raise EthnoshardError(f"{error}; {table} says whose these images are: pass --list {table}") from error
        smell = None if self._reading.as_it_is else contradicting_table(path, listing)
        return listing if smell is None else replace(listing, smells=(*listing.smells, smell))

    def _place(self, kind: str, path: Path) -> Place:
        return Place(kind=kind, path=path, max_file_bytes=self._max_file_bytes)

    def _instead_of_images(self, folder: Path, inventory: Inventory) -> Opened | None:
        """What a folder without an image holds that has images inside: RecordIO, Parquet, archives."""
        files = _by_extension(folder, inventory)
        if records := files.get("rec"):
            record = _one_record(folder, records)
            own = record if record.is_dir() else record.parent
            others = [file for kind in ("parquet", "archive") for file in files.get(kind, []) if file.parent != own]
            unread = {BESIDE_RECORDS: [str(file.relative_to(folder)) for file in others]} if others else {}
            return _with_skipped(self._open_one(record), unread)
        tables, archives = files.get("parquet", []), files.get("archive", [])
        if tables and archives:
            raise EthnoshardError(
                f"{folder} holds no image, but {len(tables):,} Parquet files, as {tables[0].name}, and "
                f"{len(archives):,} archives, as {archives[0].name}; give those that hold the images"
            )
        if not tables and not archives:
            return None
        return _with_skipped(self._open_set(tables or archives, folder), _unread(inventory, folder, tables or archives))

    def _open_set(self, files: Sequence[Path], given: Path) -> Opened:
        """List files that are pieces of one set."""
        kinds = [kind_of(file) for file in files]
        if set(kinds) == {"parquet"}:
            if self._layout is not None or self._table is not None:
                raise EthnoshardError(
                    f"{given} is Parquet, whose images have no paths that --layout or --list could speak of; say by "
                    f"--columns identity=COLUMN who is who"
                )
            return self._of_one_kind(files, kinds, given, list_parquet(files, given, self._reading))
        odd = next((file for file, kind in zip(files, kinds, strict=True) if kind not in _ARCHIVES), None)
        if odd is not None:
            raise EthnoshardError(f"{odd} is no archive, though files beside it are; give those that belong together")
        tars = [file for file, kind in zip(files, kinds, strict=True) if kind in _TARS]
        scheme = self._scheme(tars)
        if scheme is not None:
            others = [file.name for file in files if file not in tars]
            kinds = [kind for kind in kinds if kind in _TARS]
            shards = [Shard(file, kind == "tar.gz") for file, kind in zip(tars, kinds, strict=True)]
            listing = list_shards(shards, given, scheme)
            if others:
                listing = replace(listing, skipped={**listing.skipped, NO_SHARD: others})
            return self._of_one_kind(tars, kinds, given, listing)
        return self._open_archives(files, given)

    def _open_archives(self, files: Sequence[Path], given: Path) -> Opened:
        if self._table is not None:
            return self._listed_together(files, given)
        parts, empty, skipped = [], [], dict[str, list[str]]()
        for file in files:
            kind, inventory = inventory_of(file)
            if inventory.images:
                parts.append(Opened(self._place(kind, file), self._arrange(inventory, file)))
                continue
            refuse_content(file, inventory, archive=True)
            empty.append(file.name)
        if not parts:
            raise EthnoshardError(
                f"{given} holds no image: the {len(files):,} archives in it, as {files[0].name}, hold none"
            )
        if empty:
            skipped[NO_IMAGE_IN_ARCHIVE] = empty
        place, listing = join(parts, given, one_set=True, max_file_bytes=self._max_file_bytes)
        return Opened(place, replace(listing, skipped={**listing.skipped, **skipped}))

    def _listed_together(self, paths: Sequence[Path], given: Path) -> Opened:
        """One list says who is on the images of several folders and archives."""
        whole, members, images = Inventory(), [], []
        for path in paths:
            kind, inventory = inventory_of(path)
            members.append(self._place(kind, path))
            images.append(inventory.images)
            for reason, names in inventory.skipped.items():
                whole.skipped.setdefault(reason, []).extend(f"{path.name}/{name}" for name in names)
        whole.images = Images.joined(images)
        place = Place(kind=SEVERAL, path=given, members=tuple(members), max_file_bytes=self._max_file_bytes)
        return Opened(place, self._arrange(whole, given))

    def _of_one_kind(self, files: Sequence[Path], kinds: Sequence[str], given: Path, listing: Listing) -> Opened:
        members = tuple(self._place(kind, file) for file, kind in zip(files, kinds, strict=True))
        if len(members) == 1:
            return Opened(members[0], listing)
        return Opened(Place(kind=SEVERAL, path=given, members=members, max_file_bytes=self._max_file_bytes), listing)

    def _scheme(self, tars: Sequence[Path]) -> Scheme | None:
        """What says whose the images are, where tars are shards of WebDataset."""
        if self._layout is not None or self._table is not None:
            return None
        for tar in tars:
            shard = Shard(tar, kind_of(tar) == "tar.gz")
            try:
                scheme = scheme_of(shard, self._reading)
            except OSError as error:
                raise EthnoshardError(f"{tar} can't be read: {error.strerror or error}") from error
            if scheme is not None:
                return scheme
        return None

    def _open_dataset(self, folder: Path) -> Opened:
        """List a dataset of our own by its shards.

        Raises:
            EthnoshardError: a shard that its manifest names is missing or of another size.
        """
        manifest = read_json(folder / DATASET)
        shards = [_shard(folder, entry) for entry in _list(manifest.get(SHARDS))]
        if not shards:
            raise EthnoshardError(f"{folder / DATASET} names no shard; it is no dataset of ethnoshard, or an empty one")
        opened = self._open_set(shards, folder)
        size, label = manifest.get("image_size"), manifest.get("label")
        sources = [str(each) for each in _list(label.get("sources") if isinstance(label, dict) else None)]
        people = opened.listing.people
        if people is not None and GROUP in people.given_by and sources:
            given_by = people.given_by | {GROUP: f"the dataset, by {' and '.join(sources)}"}
            people = People(rows=people.rows, given_by=given_by)
        listing = replace(
            opened.listing,
            form=f"a dataset of ethnoshard, {opened.listing.form}",
            image_size=size if isinstance(size, int) else None,
            people=people,
        )
        return Opened(replace(opened.place, path=folder) if opened.place.members else opened.place, listing)


def _of_pattern(path: Path) -> list[Path]:
    """The path itself, or what a pattern in braces stands for where no file is called so."""
    if "{" not in str(path) or path.exists():
        return [path]
    files = [Path(each) for each in expanded(str(path))]
    missing = [file for file in files if not file.exists()]
    if len(files) > 1 and missing:
        raise EthnoshardError(
            f"{path} stands for {len(files):,} files, of which {len(missing):,} are not there, the first {missing[0]}; "
            f"check the numbers, or fetch them"
        )
    return files


def _by_extension(folder: Path, inventory: Inventory) -> Mapping[str, list[Path]]:
    """Files below a folder that may have images inside: ``rec``, ``parquet``, ``archive``."""
    found: dict[str, list[Path]] = {}
    own = {reason: names for reason, names in inventory.skipped.items() if reason not in OF_SYSTEMS}
    for name in sorted(name for names in own.values() for name in names):
        extension = name.rpartition(".")[2].lower()
        path = folder / name
        if extension in ("rec", "parquet"):
            kind = extension
        elif extension in ("zip", "tar", "tgz") or (extension == "gz" and _is_tar_inside(path)):
            kind = "archive"
        else:
            continue
        if path.is_file() and not path.name.startswith("."):
            found.setdefault(kind, []).append(path)
    return found


def _unread(inventory: Inventory, folder: Path, read: Sequence[Path]) -> Mapping[str, Sequence[str]]:
    """What a folder holds beside the files that are read, by reason."""
    taken = set(read)
    left = {
        reason: [name for name in names if folder / name not in taken] for reason, names in inventory.skipped.items()
    }
    return {reason: names for reason, names in left.items() if names}


def _with_skipped(opened: Opened, unread: Mapping[str, Sequence[str]]) -> Opened:
    skipped = {reason: list(names) for reason, names in opened.listing.skipped.items()}
    for reason, names in unread.items():
        skipped.setdefault(reason, []).extend(names)
    return opened._replace(listing=replace(opened.listing, skipped=skipped))


def _is_tar_inside(path: Path) -> bool:
    if path.name.lower().endswith(".tar.gz"):
        return True
    try:
        with gzip.open(path, "rb") as file:
            return begins_tar(file.read(tarfile.BLOCKSIZE))
    except (OSError, EOFError, zlib.error):
        return False


def _one_record(folder: Path, records: Sequence[Path]) -> Path:
    """The RecordIO set that the files are: the folder of ``train.rec``, or the only file.

    Raises:
        EthnoshardError: they are several.
    """
    sets = sorted({path.parent for path in records if path.name == "train.rec"}) or list(records)
    if len(sets) > 1:
        raise EthnoshardError(
            f"{folder} holds {len(sets):,} sets of RecordIO: {', '.join(map(str, sets[:4]))}"
            f"{', ...' if len(sets) > 4 else ''}; give one of them"
        )
    return sets[0]


def _shard(folder: Path, entry: object) -> Path:
    name = entry.get("name") if isinstance(entry, dict) else None
    size = entry.get("bytes") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not isinstance(size, int) or ".." in Path(name).parts or Path(name).is_absolute():
        raise EthnoshardError(f"{folder / DATASET} is damaged: an entry of shards has no name or no bytes")
    path = folder / name
    try:
        there = path.stat().st_size
    except OSError as error:
        raise EthnoshardError(
            f"{path} can't be read ({error.strerror or error}), though {DATASET} names it; fetch the dataset again"
        ) from error
    if there != size:
        raise EthnoshardError(f"{path} has {there:,} bytes, {DATASET} says {size:,}; fetch it again")
    return path


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
