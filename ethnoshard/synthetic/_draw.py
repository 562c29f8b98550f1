"""Faces of nobody: a source to try everything on that needs no download and no photograph of a person."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ethnoshard._checks import check_number
from ethnoshard._files import make_folder, whole_file
from ethnoshard.errors import EthnoshardError
from ethnoshard.synthetic._pairs import DrawnPair, DrawnPerson, drawn_pairs
from ethnoshard.synthetic._portrait import Portrait
from ethnoshard.synthetic._shot import Shot
from ethnoshard.synthetic._traits import Traits

GROUPS = ("A", "B", "C", "D")
SHARES = (0.55, 0.25, 0.13, 0.07)
"""Of the identities, unequal as in the datasets that this library is about."""

_QUALITY = 95
_LEAST_SIZE = 64
_SPLIT, _TRAITS, _SHOT, _PIXELS = range(4)
"""What a random number is for; keeps the streams of one seed apart."""


@dataclass(frozen=True, kw_only=True)
class DrawnSettings:
    """How many faces to draw.

    Attributes:
        identities: people, at least 1.
        images: pictures of a person on average, at least 2; each has between half and one and a half of it.
        size: side of a picture, pixels.
        seed: another one, other people.
    """

    identities: int = 48
    images: int = 12
    size: int = 180
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, least in (("identities", 1), ("images", 2), ("size", _LEAST_SIZE), ("seed", 0)):
            check_number(name, getattr(self, name), at_least=least)


def draw_face(seed: int, identity: int, image: int, *, group: int, size: int = 180) -> NDArray[np.uint8]:
    """Draw one picture of one person; it depends on the arguments alone.

    Args:
        seed: of the whole set.
        identity: number of the person.
        image: number of the picture: pose, light, expression and background.
        group: number of the person's group; decides from which colours head and hair are taken.
        size: side, pixels.

    Returns:
        (size, size, 3) uint8 RGB.
    """
    who = Traits.draw(np.random.default_rng((seed, _TRAITS, identity)), group)
    shot = Shot.draw(np.random.default_rng((seed, _SHOT, identity, image)))
    return Portrait(who, shot, size).pixels(np.random.default_rng((seed, _PIXELS, identity, image)))


def draw_faces(folder: str | Path, settings: DrawnSettings | None = None) -> Path:
    """Draw a source: ``faces/d0007/003.jpg`` and so on, ``pairs.csv``, and ``labels.csv`` with ``identity,group``.

    Names of people begin with the seed if it isn't 0: ``s7d0007``.

    The pairs are in the form of BFW, which ``sources.read_bfw_pairs`` reads: folds of different people, each with as
    many pairs of one person as of two. Fewer than two people make none.

    Args:
        folder: a new or empty folder.
        settings: how many of what.

    Returns:
        The folder.

    Raises:
        EthnoshardError: the folder holds something, or can't be written.
    """
    settings, target = settings or DrawnSettings(), Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise EthnoshardError(f"{target} is not an empty folder; give a new one")
    make_folder(target)
    groups = groups_of(settings.identities, settings.seed)
    for identity, group in enumerate(groups):
        home = target / "faces" / _name(settings.seed, identity)
        make_folder(home)
        for image in range(images_of(identity, settings)):
            face = draw_face(settings.seed, identity, image, group=group, size=settings.size)
            buffer = io.BytesIO()
            Image.fromarray(face).save(buffer, "JPEG", quality=_QUALITY)
            (home / f"{image:03d}.jpg").write_bytes(buffer.getvalue())
    people = [
        DrawnPerson(
            GROUPS[group],
            [f"{_name(settings.seed, identity)}/{image:03d}.jpg" for image in range(images_of(identity, settings))],
        )
        for identity, group in enumerate(groups)
    ]
    _write_table(target / "pairs.csv", DrawnPair._fields, drawn_pairs(people, settings.seed))
    # Last, whole: where it is, the source is complete.
    _write_table(
        target / "labels.csv",
        ("identity", "group"),
        [(_name(settings.seed, identity), GROUPS[group]) for identity, group in enumerate(groups)],
    )
    return target


def groups_of(identities: int, seed: int) -> list[int]:
    """Group number of each identity: the shares by largest remainder, each group at least once if there are enough."""
    wanted = np.array(SHARES) * identities
    counts = np.floor(wanted).astype(int)
    if identities >= len(GROUPS):
        counts = np.maximum(counts, 1)
    while counts.sum() > identities:
        # Nobody's only member is taken away.
        counts[np.argmax(np.where(counts > 1, counts - wanted, -np.inf))] -= 1
    while counts.sum() < identities:
        counts[np.argmax(wanted - counts)] += 1
    groups = np.repeat(np.arange(len(GROUPS)), counts)
    return [int(group) for group in np.random.default_rng((seed, _SPLIT)).permutation(groups)]


def images_of(identity: int, settings: DrawnSettings) -> int:
    """How many pictures an identity has."""
    low, high = max(2, settings.images // 2), settings.images * 3 // 2
    return int(np.random.default_rng((settings.seed, _SPLIT, identity)).integers(low, high, endpoint=True))


def _write_table(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    with whole_file(path) as file:
        file.write(text.getvalue().encode())


def _name(seed: int, identity: int) -> str:
    """Other people have other names: they would be taken for those of a training who are in the test too."""
    return f"d{identity:04d}" if seed == 0 else f"s{seed}d{identity:04d}"
