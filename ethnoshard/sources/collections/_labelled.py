"""Collections of photographs with perceived attributes, for training and testing classifiers: UTKFace, FairFace."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._place import Place
from ethnoshard.sources._reader import ImageRef, SourceReader
from ethnoshard.sources._remarks import Remark, Remarks
from ethnoshard.sources.collections._fairface import FAIRFACE_TABLE, Listed, list_fairface
from ethnoshard.sources.collections._utkface import list_utkface
from ethnoshard.sources.containers._inventory import Inventory
from ethnoshard.sources.containers._kinds import inventory_of

_WANTED = (
    "UTKFace's images are called [age]_[gender]_[race]_[date and time].jpg, such as "
    "26_1_3_20170104234454339.jpg.chip.jpg; of FairFace give the unpacked folder in which fairface_label_train.csv "
    "or fairface_label_val.csv lies beside train and val"
)


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
        ages: (N,) int64, years; for FairFace the lower end of its range; -1 where not known.
        genders: (N,) int64, 0 male, 1 female; -1 where not known.
        malformed: images that are left out because their name is not of the collection's form, or their row
            is not (the reason stands behind the name in brackets).
        skipped: reason -> display names of the other entries that were left out.
        left_out: both of these by reason, and empty rows, with the first of each.
        kept: rows that are used though something in them is not as it should be, by what.
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
    left_out: tuple[Remark, ...] = ()
    kept: tuple[Remark, ...] = ()

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
        return Place(kind=self.kind, path=self.path).open()


def open_labelled(path: str | Path) -> LabelledFaces:
    """List UTKFace (told by its names) or FairFace (told by its tables).

    ============================================  =========================================================
    what is at ``path``                           what is listed
    ============================================  =========================================================
    a folder that holds ``fairface_label_*.csv``  FairFace: the rows of all these tables
    such a table, its images beside it            FairFace: the rows of this one
    any other folder, .tar, .tar.gz or .zip       UTKFace: every image, in whatever folders, by its name
    ============================================  =========================================================

    Letters' case and the kind of image file don't matter in names.
    A photograph counts once, or copies of it could come to train and to test: UTKFace is also given out as several
    folders with the same files, and uncropped under the same name without ``.chip.jpg``. The cropped one is taken.

    Args:
        path: the folder, archive or table.

    Raises:
        EthnoshardError: nothing of the kind is there, or it can't be read.
    """
    place, tables = _place_and_tables(Path(path))
    kind, inventory = inventory_of(place)
    people, malformed, left_out, kept = list_fairface(inventory, tables) if tables else _utkface(inventory)
    if not people:
        raise EthnoshardError(_nothing_usable(path, tables, sorted(malformed), inventory))
    people.sort(key=lambda person: person.ref.name)
    left_out.add_all(
        {
            reason: [name for name in names if not FAIRFACE_TABLE.fullmatch(name.rpartition("/")[2])]
            for reason, names in inventory.skipped.items()
        }
    )
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
        left_out=left_out.by_reason(),
        kept=kept.by_reason(),
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


def _utkface(inventory: Inventory) -> Listed:
    left_out = Remarks()
    people, malformed = list_utkface(inventory, left_out)
    return Listed(people, malformed, left_out, Remarks())
