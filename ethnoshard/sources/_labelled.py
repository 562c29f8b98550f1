"""Collections of photographs with perceived attributes, for training and testing classifiers: UTKFace, FairFace."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._inventory import Inventory, display
from ethnoshard.sources._open import inventory_of
from ethnoshard.sources._reader import ImageRef, SourceReader
from ethnoshard.sources._source import open_reader

UTKFACE_NAME = re.compile(r"(?P<age>\d{1,3})_(?P<gender>[01])_(?P<race>[0-4])_\d+\.jpg(\.chip\.jpg)?")
"""``[age]_[gender]_[race]_[date and time].jpg``, the aligned and cropped ones with ``.chip.jpg`` behind it."""

_OLDEST = 150

FAIRFACE_RACES = ("White", "Black", "Latino_Hispanic", "East Asian", "Southeast Asian", "Indian", "Middle Eastern")
FAIRFACE_TABLE = re.compile(r"fairface_label_\w+\.csv")
_FAIRFACE_COLUMNS = ("file", "age", "gender", "race")
_GENDERS = ("Male", "Female")


class _Person(NamedTuple):
    """What a collection says of one photograph."""

    ref: ImageRef
    label: int
    age: int
    gender: int


@dataclass(frozen=True, kw_only=True)
class LabelledFaces:
    """Photographs of single faces with attributes as annotators perceived them.

    Attributes:
        path: the folder or archive, as given to readers.
        kind: ``folder``, ``tar``, ``tar.gz`` or ``zip``.
        collection: "utkface" or "fairface", which also names the taxonomy of the classes.
        refs: (N,) the images, by name; their identity is empty, nobody knows who they are.
        classes: (N,) int64, number of the class in the taxonomy.
        ages: (N,) int64, years; for FairFace the lower end of its range.
        genders: (N,) int64, 0 male, 1 female.
        malformed: images whose name, or row, is not of the collection's form; they are left out.
        skipped: other entries by reason.
    """

    path: Path
    kind: str
    collection: str
    refs: list[ImageRef]
    classes: NDArray[np.int64]
    ages: NDArray[np.int64]
    genders: NDArray[np.int64]
    malformed: list[str]
    skipped: dict[str, list[str]]

    def digest(self) -> str:
        """Hex SHA-256 over name, size and class of every image; folder or archive plays no part."""
        digest = hashlib.sha256()
        for ref, label in zip(self.refs, self.classes.tolist(), strict=True):
            digest.update(json.dumps([ref.name, ref.size, label]).encode() + b"\n")
        return digest.hexdigest()

    def open(self) -> SourceReader:
        """A new reader of these images."""
        return open_reader(self.kind, self.path)


def open_labelled(path: str | Path) -> LabelledFaces:
    """List UTKFace (told by its names) or FairFace (told by its tables ``fairface_label_*.csv``).

    Args:
        path: a folder or an archive; for FairFace also one of its tables, beside its images.

    Raises:
        EthnoshardError: nothing of the kind is there, or it can't be read.
    """
    place = Path(path)
    tables = sorted(place.glob("fairface_label_*.csv")) if place.is_dir() else []
    if place.is_file() and FAIRFACE_TABLE.fullmatch(place.name):
        place, tables = place.parent, [place]
    kind, inventory = inventory_of(place)
    if tables:
        people, malformed = _fairface(inventory, tables)
        collection, form = "fairface", "the table's rows: file,age,gender,race"
    else:
        people, malformed = _utkface(inventory)
        collection, form = "utkface", "[age]_[gender]_[race]_[date].jpg, such as 26_1_3_20170104234454339.jpg"
    if not people:
        example = f", for example {malformed[0]!r}" if malformed else ""
        raise EthnoshardError(
            f"{path} holds no usable image of UTKFace or FairFace: {len(malformed):,} images are not of the form "
            f"{form}{example}"
        )
    people.sort(key=lambda person: person.ref.name)
    return LabelledFaces(
        path=place,
        kind=kind,
        collection=collection,
        refs=[person.ref for person in people],
        classes=np.array([person.label for person in people], np.int64),
        ages=np.array([person.age for person in people], np.int64),
        genders=np.array([person.gender for person in people], np.int64),
        malformed=sorted(malformed),
        skipped=inventory.skipped,
    )


def _utkface(inventory: Inventory) -> tuple[list[_Person], list[str]]:
    people, malformed, seen = [], [], set()
    for found in sorted(inventory.images):
        # Its folders say nothing: the three archives of the original are one collection.
        name = display(found.path.rpartition("/")[2])
        match = UTKFACE_NAME.fullmatch(name)
        if match is None or int(match["age"]) > _OLDEST or name in seen:
            malformed.append(display(found.path))
            continue
        seen.add(name)
        ref = ImageRef("", name, found.locator, found.size)
        people.append(_Person(ref, int(match["race"]), int(match["age"]), int(match["gender"])))
    return people, malformed


def _fairface(inventory: Inventory, tables: list[Path]) -> tuple[list[_Person], list[str]]:
    images = {found.path: found for found in inventory.images}
    people, malformed = [], []
    for table in tables:
        for row in _rows(table):
            found = images.get(row["file"])
            age = re.match(r"\d+", row["age"].replace("more than ", ""))
            if found is None or age is None or row["race"] not in FAIRFACE_RACES or row["gender"] not in _GENDERS:
                malformed.append(row["file"] + (" (no such image)" if found is None else ""))
                continue
            ref = ImageRef("", display(found.path), found.locator, found.size)
            label, gender = FAIRFACE_RACES.index(row["race"]), _GENDERS.index(row["gender"])
            people.append(_Person(ref, label, int(age[0]), gender))
    return people, malformed


def _rows(table: Path) -> Iterator[dict[str, str]]:
    try:
        text = table.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EthnoshardError(f"{table} can't be read as a table of FairFace: {error}") from error
    reader = csv.DictReader(io.StringIO(text))
    lacking = [name for name in _FAIRFACE_COLUMNS if name not in (reader.fieldnames or [])]
    if lacking:
        raise EthnoshardError(
            f"{table} lacks the column {' and '.join(lacking)}; FairFace's tables have file,age,gender,race"
        )
    for row in reader:
        yield {name: row[name] or "" for name in _FAIRFACE_COLUMNS}
