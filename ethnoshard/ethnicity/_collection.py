"""A collection of labelled photographs: what it holds, which of them teach, choose and test, and its aligned faces.

What it holds is the first step of Kalinga (2020, section 4.1.1). Faces are aligned as those of datasets are, so that a
classifier meets what it was trained on.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ethnoshard._checks import check_number
from ethnoshard._files import read_table
from ethnoshard._progress import SILENT, Progress
from ethnoshard.alignment import AlignSettings, align_once, decode_face
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity._taxonomy import taxonomy
from ethnoshard.sources import LabelledFaces, Listing, Place, Remark, Source
from ethnoshard.work import PartFaces, WorkFolder

GENDERS = ("male", "female")
UNKNOWN = "unknown"
"""The band, or gender, of images of which the collection doesn't say it."""
_OLD = 80


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """Counts of images; every class, gender and band of ages is there, "unknown" ones only where there are such.

    Attributes:
        total: usable ones.
        malformed: left out because of their name or row; not in any other count.
        by_class: class -> images, in the taxonomy's order.
        by_gender: male, female -> images.
        by_age: ten years, ``0-9`` to ``70-79`` and ``80+`` -> images. FairFace gives ranges: by their lower end.
        class_by_gender: class -> gender -> images.
        class_by_age: class -> ten years -> images.
        left_out: images, rows and files that are in no count: reason, count and the first of each.
        kept: images that are counted though something in their row is not as it should be: reason, count and the first
            of each.
    """

    total: int
    malformed: int
    by_class: dict[str, int]
    by_gender: dict[str, int]
    by_age: dict[str, int]
    class_by_gender: dict[str, dict[str, int]]
    class_by_age: dict[str, dict[str, int]]
    left_out: tuple[Remark, ...] = ()
    kept: tuple[Remark, ...] = ()


def age_band(age: int) -> str:
    """Ten years of age, by name: "30-39", "80+"; "unknown" for -1."""
    if age < 0:
        return UNKNOWN
    return f"{_OLD}+" if age >= _OLD else f"{age // 10 * 10}-{age // 10 * 10 + 9}"


def gender_name(number: int) -> str:
    """ "male", "female"; "unknown" for -1."""
    return UNKNOWN if number < 0 else GENDERS[number]


BANDS = tuple(age_band(age) for age in range(0, _OLD + 1, 10))


def explore(faces: LabelledFaces) -> Exploration:
    """Count a collection by class, gender and age; the counts are ready for JSON.

    Args:
        faces: the listing; no image is read.
    """
    names = taxonomy(faces.collection).classes
    classes = [names[number] for number in faces.classes]
    genders = [gender_name(number) for number in faces.genders.tolist()]
    bands = [age_band(age) for age in faces.ages.tolist()]
    gender_order = GENDERS + ((UNKNOWN,) if UNKNOWN in genders else ())
    band_order = BANDS + ((UNKNOWN,) if UNKNOWN in bands else ())
    return Exploration(
        total=len(classes),
        malformed=len(faces.malformed),
        by_class=_counts(classes, names),
        by_gender=_counts(genders, gender_order),
        by_age=_counts(bands, band_order),
        class_by_gender=_crossed(classes, names, genders, gender_order),
        class_by_age=_crossed(classes, names, bands, band_order),
        left_out=faces.left_out,
        kept=faces.kept,
    )


def _counts(values: Iterable[str], order: Iterable[str]) -> dict[str, int]:
    counts = Counter(values)
    return {name: counts[name] for name in order}


def _crossed(
    rows: list[str], row_order: Iterable[str], columns: list[str], column_order: tuple[str, ...]
) -> dict[str, dict[str, int]]:
    pairs = list(zip(rows, columns, strict=True))
    return {name: _counts((column for row, column in pairs if row == name), column_order) for name in row_order}


@dataclass(frozen=True, kw_only=True)
class Split:
    """Three parts of a collection.

    Attributes:
        train: indices, sorted.
        validation: indices, sorted.
        test: indices, sorted.
        seed: that drew them.
        digest: hex SHA-256 of the names in each part, so that a card can vouch for it.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    seed: int
    digest: str


def split_faces(
    names: Sequence[str],
    classes: NDArray[np.int64],
    *,
    seed: int,
    test: float = 0.3,
    validation: float = 0.12,
    class_names: Sequence[str],
) -> Split:
    """Split within each class at random, as the seed does (70/30), and carve the validation part from the 70 %.

    Whatever the order of ``names``, the same images fall into the same parts; and the test part depends neither on
    ``validation`` nor on the other classes. Of a class with n images ``round(test * n)`` test, of the m others
    ``round(validation * m)`` validate, and the rest train; a half is rounded to the even number.

    Args:
        names: (N,) of the images, all different.
        classes: (N,) int64, indices into ``class_names``.
        seed: another one, another split; not negative.
        test: share of each class to test on.
        validation: share of the rest to choose by.
        class_names: of all classes, for messages.

    Raises:
        EthnoshardError: a class has no image, or too few to be in all three parts; a share or the seed is out of range.
        ValueError: two images have one name, or a class has no name.
    """
    _check(names, classes, seed, {"test": test, "validation": validation}, class_names)
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    by_name = np.array(sorted(range(len(names)), key=names.__getitem__), np.int64)
    for number, name in enumerate(class_names):
        own = by_name[classes[by_name] == number]
        shuffled = np.random.default_rng((seed, number)).permutation(own)
        tested = round(test * len(own))
        chosen = round(validation * (len(own) - tested))
        trained = len(own) - tested - chosen
        if not len(own):
            raise EthnoshardError(
                f"class {name} has no image, and a classifier needs some of every class; look whether the collection "
                f"is complete"
            )
        if min(tested, chosen, trained) < 1:
            raise EthnoshardError(
                f"class {name} has too few images, {len(own)}, for all three parts: {trained} to train, {chosen} to "
                f"validate, {tested} to test; add images of it, or change the shares {test:g} and {validation:g}"
            )
        for part, indices in zip(parts, np.split(shuffled, [trained, trained + chosen]), strict=True):
            part.extend(indices.tolist())
    train, validated, tested_on = (np.array(sorted(part), np.int64) for part in parts)
    listed = [sorted(names[index] for index in part) for part in parts]
    digest = hashlib.sha256(json.dumps(listed).encode()).hexdigest()
    return Split(train=train, validation=validated, test=tested_on, seed=seed, digest=digest)


def _check(
    names: Sequence[str], classes: NDArray[np.int64], seed: int, shares: dict[str, float], class_names: Sequence[str]
) -> None:
    check_number("seed", seed, at_least=0)
    for name, share in shares.items():
        check_number(f"the share of {name}", share, above=0, below=1)
    if len(set(names)) != len(names):
        raise ValueError(f"{len(names) - len(set(names))} of {len(names)} images have the name of another")
    if len(names) and not 0 <= classes.min() <= classes.max() < len(class_names):
        raise ValueError(f"classes run from {classes.min()} to {classes.max()}; {len(class_names)} have names")


_BLOCK = 256
"""Images that are aligned as one piece of work."""


@dataclass(frozen=True, kw_only=True)
class TrainingFaces:
    """Aligned faces in memory, in the order of the collection.

    Attributes:
        images: (N, 3, S, S) uint8.
        usable: (N,) bool; False where the image could not be read, and ``images`` is black.
        detected: number of images in which a face was found; of the others the largest centre square is used.
        contents: hex SHA-256 of what the photographs hold.
    """

    images: Tensor
    usable: NDArray[np.bool_]
    detected: int
    contents: str


def prepare_faces(
    faces: LabelledFaces,
    side: int,
    *,
    cache: Path | None = None,
    workers: int | None = None,
    progress: Progress = SILENT,
    log: Callable[[str], None] | None = None,
) -> TrainingFaces:
    """Align a collection (once: the faces are kept in the cache) and load its faces.

    Every image counts: one without a face is represented by its centre, so that a test set does not lose the
    images that are hard to find a face in.

    Args:
        faces: the collection.
        side: of the faces in memory, pixels.
        cache: folder of the cache; by default the user's.
        workers: processes; one a core by default.
        progress: told how many images there are, and how many are done.
        log: told what is waited for, and what takes long.

    Raises:
        EthnoshardError: as ``align`` does.
    """
    # Alignment works by identity; a collection of strangers is cut into blocks instead.
    refs = [ref._replace(identity=f"{number // _BLOCK:06d}") for number, ref in enumerate(faces.refs)]
    source = Source(place=Place(kind=faces.kind, path=faces.path), listing=Listing(refs=refs, form=faces.collection))
    settings = AlignSettings(no_face="centre", part_images=_BLOCK)
    work = WorkFolder(align_once(source, settings, cache, workers=workers, progress=progress, log=log))
    return _load(work, len(refs), side)


def _load(work: WorkFolder, number: int, side: int) -> TrainingFaces:
    images = torch.zeros((number, 3, side, side), dtype=torch.uint8)
    usable = np.zeros(number, np.bool_)
    detected = row = 0
    record = work.finished()
    for part in range(record.parts):
        table = read_table(work.part_path(part).with_suffix(".parquet"))
        with PartFaces(work.part_path(part)) as faces:
            for offset, length, found in table.select("offset", "length", "faces_found").iter_rows():
                if offset is not None:
                    face = Image.fromarray(decode_face(faces.read(offset, length)))
                    pixels = np.array(face.resize((side, side), Image.Resampling.BILINEAR))
                    images[row] = torch.from_numpy(pixels).permute(2, 0, 1)
                    usable[row] = True
                    detected += found > 0
                row += 1
    contents = str(record.source.contents)
    return TrainingFaces(images=images, usable=usable, detected=detected, contents=contents)
