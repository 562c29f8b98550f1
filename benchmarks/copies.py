"""Copies of photographs as datasets have them, saved again, scaled, cropped, mirrored; planted into an archive."""

import csv
import hashlib
import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

COPIES = ("bytes", "pixels", "quality", "scaled", "cropped", "mirrored", "brightness", "all", "all mirrored")
"""Kinds of copies. ``bytes``: the file itself. ``pixels``: the decoded picture without a loss, as PNG. ``quality``: a
JPEG of quality 50 to 90. ``scaled``: to 0.5 to 0.9 of its size. ``cropped``: 2 to 6 % off each side, drawn for each.
``mirrored``: left and right exchanged. ``brightness``: 0.85 to 1.15 of it. ``all``: cropped, scaled, of another
brightness. All but the first two are saved with quality 50 to 90."""


@dataclass(frozen=True, kw_only=True)
class PlantedCopy:
    """One copy in the archive.

    Attributes:
        image: name of the copy, ``identity/image``.
        original: name of what it is a copy of.
        kind: one of ``COPIES``.
    """

    image: str
    original: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Planted:
    """An archive with copies in it.

    Attributes:
        path: of the archive.
        images: names of all the photographs that are not copies.
        copies: what was planted.
        groups: identity -> group, of whoever is in the archive.
    """

    path: Path
    images: list[str]
    copies: list[PlantedCopy]
    groups: dict[str, str]


def plant(archive: Path, labels: Path, into: Path, *, people: slice, share: float, across: float, seed: int) -> Planted:
    """Write an archive of some people's photographs with copies of some of these.

    Args:
        archive: a plain tar, ``anything/identity/image.jpg``.
        labels: ``identity,group,...``.
        into: the archive to write.
        people: which of the identities, in an order drawn by the seed.
        share: of the photographs, those that get a copy, the kinds of copies in turn.
        across: of the copies, those that go into another identity's folder.
        seed: another one, other people and copies.
    """
    with labels.open(newline="") as file:
        groups = {row["identity"]: row["group"] for row in csv.DictReader(file)}
    chosen = set(sorted(groups, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())[people])
    photographs: dict[str, bytes] = {}
    with tarfile.open(archive) as source:
        for member in source:
            name = "/".join(Path(member.name).parts[-2:])
            file_in = source.extractfile(member)
            if file_in is not None and name.partition("/")[0] in chosen:
                photographs[name] = file_in.read()
    rng = np.random.default_rng(seed)
    names, homes = sorted(photographs), sorted(chosen)
    drawn = rng.permutation(len(names))[: round(share * len(names))]
    copies, saved = [], dict(photographs)
    for number, row in enumerate(drawn.tolist()):
        original, kind = names[row], COPIES[number % len(COPIES)]
        home = original.partition("/")[0]
        if rng.random() < across:
            home = homes[(homes.index(home) + 1 + int(rng.integers(len(homes) - 1))) % len(homes)]
        name = f"{home}/copy-{number:05d}.{'png' if kind == 'pixels' else 'jpg'}"
        saved[name] = copied(photographs[original], kind, rng)
        copies.append(PlantedCopy(image=name, original=original, kind=kind))
    with tarfile.open(into, "w", format=tarfile.USTAR_FORMAT) as target:
        for name in sorted(saved):
            member = tarfile.TarInfo(f"people/{name}")
            member.size = len(saved[name])
            target.addfile(member, io.BytesIO(saved[name]))
    return Planted(path=into, images=names, copies=copies, groups={name: groups[name] for name in homes})


def copied(photograph: bytes, kind: str, rng: np.random.Generator) -> bytes:
    """A copy of a photograph.

    Args:
        photograph: the file's bytes.
        kind: one of ``COPIES``.
        rng: draws how much of everything.
    """
    if kind == "bytes":
        return photograph
    image = Image.open(io.BytesIO(photograph)).convert("RGB")
    file = io.BytesIO()
    if kind == "pixels":
        image.save(file, "PNG")
        return file.getvalue()
    steps: dict[str, tuple[Callable[[Image.Image, np.random.Generator], Image.Image], ...]] = {
        "quality": (),
        "scaled": (_scaled,),
        "cropped": (_cropped,),
        "mirrored": (_mirrored,),
        "brightness": (_brighter,),
        "all": (_cropped, _scaled, _brighter),
        "all mirrored": (_cropped, _scaled, _brighter, _mirrored),
    }
    for step in steps[kind]:
        image = step(image, rng)
    image.save(file, "JPEG", quality=int(rng.integers(50, 90, endpoint=True)))
    return file.getvalue()


def _scaled(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    by = rng.uniform(0.5, 0.9)
    return image.resize((max(1, round(image.width * by)), max(1, round(image.height * by))), Image.Resampling.BICUBIC)


def _cropped(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    left, top, right, bottom = rng.uniform(0.02, 0.06, 4) * [image.width, image.height, image.width, image.height]
    return image.crop((round(left), round(top), image.width - round(right), image.height - round(bottom)))


def _mirrored(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return ImageOps.mirror(image)


def _brighter(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(rng.uniform(0.85, 1.15))
