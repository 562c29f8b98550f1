"""Collections of photographs with perceived attributes, for training and testing classifiers: UTKFace, FairFace."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Collection
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

UTKFACE_NAME = re.compile(r"(?P<shot>(?P<age>[0-9]{1,3})_(?P<gender>[01])_(?P<race>[0-4])_[0-9]+)\.jpg(\.chip\.jpg)?")
"""``[age]_[gender]_[race]_[date and time].jpg``, the aligned and cropped ones with ``.chip.jpg`` behind it."""

FAIRFACE_TABLE = re.compile(r"fairface_label_\w+\.csv")
FAIRFACE_RACES = ("White", "Black", "Latino_Hispanic", "East Asian", "Southeast Asian", "Indian", "Middle Eastern")

AGAIN = "another copy of a photograph listed before"
NO_ROW = "no row in the tables given"

_OLDEST = 150
_CROPPED = ".chip.jpg"
_FAIRFACE_COLUMNS = ("file", "age", "gender", "race")
_GENDERS = ("Male", "Female")
_AGES = {
    "0-2": 0,
    "3-9": 3,
    "10-19": 10,
    "20-29": 20,
    "30-39": 30,
    "40-49": 40,
    "50-59": 50,
    "60-69": 60,
    "more than 70": 70,
}
"""FairFace's ranges, and the least age of each."""

_WANTED = (
    "UTKFace's images are called [age]_[gender]_[race]_[date and time].jpg, such as "
    "26_1_3_20170104234454339.jpg.chip.jpg; of FairFace give the unpacked folder in which fairface_label_train.csv "
    "or fairface_label_val.csv lies beside train and val"
)


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
        path: the folder or archive that holds the images.
        kind: ``folder``, ``tar``, ``tar.gz`` or ``zip``.
        collection: "utkface" or "fairface", which also names the taxonomy of the classes.
        refs: N images, by name; their identity is empty, nobody knows who they are. UTKFace: the name is the
            file's alone, since its folders say nothing.
        classes: (N,) int64, number of the class in the taxonomy.
        ages: (N,) int64, years; for FairFace the lower end of its range.
        genders: (N,) int64, 0 male, 1 female.
        malformed: images that are left out because their name is not of the collection's form, or their row
            is not (the reason stands behind the name in brackets).
        skipped: reason -> display names of the other entries that were left out.
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
        """Return a new reader of these images.

        Raises:
            EthnoshardError: the collection is gone or can't be opened any more.
        """
        return open_reader(self.kind, self.path)


def open_labelled(path: str | Path) -> LabelledFaces:
    """List UTKFace (told by its names) or FairFace (told by its tables).

    ============================================  =========================================================
    what is at ``path``                           what is listed
    ============================================  =========================================================
    a folder that holds ``fairface_label_*.csv``  FairFace: the rows of all these tables
    such a table, its images beside it            FairFace: the rows of this one
    any other folder, .tar, .tar.gz or .zip       UTKFace: every image, in whatever folders, by its name
    ============================================  =========================================================

    A photograph counts once, or copies of it could come to train and to test: UTKFace is also given out as several
    folders with the same files, and uncropped under the same name without ``.chip.jpg``. The cropped one is taken.

    Args:
        path: the folder, archive or table.

    Raises:
        EthnoshardError: nothing of the kind is there, or it can't be read.
    """
    place, tables = _place_and_tables(Path(path))
    kind, inventory = inventory_of(place)
    people, malformed = _fairface(inventory, tables) if tables else _utkface(inventory)
    if not people:
        raise EthnoshardError(_nothing_usable(path, tables, sorted(malformed), inventory))
    people.sort(key=lambda person: person.ref.name)
    return LabelledFaces(
        path=place,
        kind=kind,
        collection="fairface" if tables else "utkface",
        refs=[person.ref for person in people],
        classes=np.array([person.label for person in people], np.int64),
        ages=np.array([person.age for person in people], np.int64),
        genders=np.array([person.gender for person in people], np.int64),
        malformed=sorted(malformed),
        skipped=inventory.skipped,
    )


def _place_and_tables(path: Path) -> tuple[Path, list[Path]]:
    try:
        if path.is_dir():
            return path, sorted(table for table in path.iterdir() if FAIRFACE_TABLE.fullmatch(table.name))
        if FAIRFACE_TABLE.fullmatch(path.name) and path.is_file():
            return path.parent, [path]
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror}; mend its permissions") from error
    return path, []


def _nothing_usable(path: str | Path, tables: list[Path], malformed: list[str], inventory: Inventory) -> str:
    """Say what is there instead of a collection, and what is wanted."""
    if tables:
        example = f", the first of them {malformed[0]}" if malformed else ""
        names = " and ".join(table.name for table in tables)
        return (
            f"{path}: none of the {len(malformed):,} rows of {names} can be used{example}; "
            f"unpack FairFace's images so that its folders train and val lie beside the tables"
        )
    if malformed:
        return (
            f"{path} holds neither UTKFace nor FairFace: none of its {len(malformed):,} images has a usable name, the "
            f"first is {malformed[0]!r}. {_WANTED}"
        )
    others = f" ({summary})" if (summary := inventory.summary()) else ""
    return f"{path} holds neither UTKFace nor FairFace: there are no images{others}. {_WANTED}"


def _utkface(inventory: Inventory) -> tuple[list[_Person], list[str]]:
    people, malformed, seen = [], [], set()
    for found in sorted(inventory.images, key=lambda found: (not found.path.endswith(_CROPPED), found.path)):
        name = display(found.path.rpartition("/")[2])
        match = UTKFACE_NAME.fullmatch(name)
        if match is None or int(match["age"]) > _OLDEST:
            malformed.append(display(found.path))
        elif match["shot"] in seen:
            inventory.skip(AGAIN, found.path)
        else:
            seen.add(match["shot"])
            ref = ImageRef("", name, found.locator, found.size)
            people.append(_Person(ref, int(match["race"]), int(match["age"]), int(match["gender"])))
    return people, malformed


def _fairface(inventory: Inventory, tables: list[Path]) -> tuple[list[_Person], list[str]]:
    images = {display(found.path): found for found in inventory.images}
    people, malformed, named = [], [], set()
    for row in (row for table in tables for row in _rows(table)):
        name = row["file"]
        reason = "has a row before" if name in named else _fault(row, images)
        named.add(name)
        if reason:
            malformed.append(f"{name} ({reason})")
            continue
        ref = ImageRef("", name, images[name].locator, images[name].size)
        label, gender = FAIRFACE_RACES.index(row["race"]), _GENDERS.index(row["gender"])
        people.append(_Person(ref, label, _AGES[row["age"]], gender))
    for name in images:
        if name not in named:
            inventory.skip(NO_ROW, name)
    return people, malformed


def _fault(row: dict[str, str], images: Collection[str]) -> str | None:
    """Why a row can't be used, or None."""
    if row["file"] not in images:
        return "no such image"
    for column, known in (("age", _AGES), ("gender", _GENDERS), ("race", FAIRFACE_RACES)):
        if row[column] not in known:
            return f"unknown {column} {row[column]!r}"
    return None


def _rows(table: Path) -> list[dict[str, str]]:
    try:
        # Strict, or a quote that is never closed would swallow the rows after it.
        reader = csv.DictReader(io.StringIO(table.read_text("utf-8-sig")), strict=True)
        lacking = [name for name in _FAIRFACE_COLUMNS if name not in (reader.fieldnames or [])]
        if lacking:
            raise EthnoshardError(
                f"{table} lacks the column {' and '.join(lacking)}; FairFace's tables have file,age,gender,race"
            )
        return [{name: row[name] or "" for name in _FAIRFACE_COLUMNS} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EthnoshardError(f"{table} can't be read as a table of FairFace: {error}; fetch it again") from error
