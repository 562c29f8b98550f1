"""A dataset as folders of images, as torchvision's ``ImageFolder`` reads it."""

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ethnoshard._files import disk_error, make_folder, whole_file
from ethnoshard.shards._dataset import FaceDataset
from ethnoshard.shards._exported import Person

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?<![.])")
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices."""


def write_imagefolder(dataset: FaceDataset, people: Iterator[Person], folder: Path, _: int) -> list[str]:
    """Write ``FOLDER/IDENTITY/00000.jpg`` and ``metadata.csv``.

    ``metadata.csv`` has a row an image: file_name, label, identity, group, confidence, source_image; ``datasets`` reads
    it of itself.
    """
    names = folder_names(dataset.identities["identity"].to_list())
    changed = sum(name != identity for name, identity in zip(names, dataset.identities["identity"], strict=True))
    with whole_file(folder / "metadata.csv") as metadata:
        head = ("file_name", "label", "identity", "group", "confidence", "source_image")
        metadata.write(_rows([head]))
        for person in people:
            home = folder / names[person.number]
            make_folder(home)
            files = [f"{place:05d}.jpg" for place in range(len(person.jpegs))]
            for file, jpeg in zip(files, person.jpegs, strict=True):
                _write(home / file, jpeg)
            said = (person.number, person.identity, person.group, _number(person.confidence))
            metadata.write(
                _rows(
                    (f"{home.name}/{file}", *said, image)
                    for file, image in zip(files, person.source_images, strict=True)
                )
            )
    # One flush of the file system costs seconds, one for each of millions of files hours.
    os.sync()
    if not changed:
        return []
    return [
        f"{changed:,} identities have names that are not safe for folders everywhere, and other ones there; "
        f"metadata.csv has both"
    ]


def folder_names(identities: Sequence[str]) -> list[str]:
    """A folder name for each identity that any file system takes, and no two that differ in case alone.

    >>> folder_names(["m.01abc", "African/m.02", "Anna", "ANNA"])
    ['m.01abc', 'African_m_02-1', 'Anna-2', 'ANNA-3']

    Args:
        identities: names, each once.

    Returns:
        The name itself where it is safe; else what is safe of it, and the identity's number.
    """
    often = Counter(identity.casefold() for identity in identities)
    kept = {
        identity
        for identity in identities
        if _PLAIN.fullmatch(identity) and not _RESERVED.fullmatch(identity) and often[identity.casefold()] == 1
    }
    taken = {identity.casefold() for identity in kept}
    found = []
    for number, identity in enumerate(identities):
        name = identity
        if identity not in kept:
            name = f"{_UNSAFE.sub('_', identity).strip('_-')[:80] or 'identity'}-{number}"
            while name.casefold() in taken:
                name += "_"
            taken.add(name.casefold())
        found.append(name)
    return found


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise disk_error(error, path) from error


def _rows(rows: Iterator[tuple[object, ...]] | list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _number(confidence: float | None) -> str:
    return "" if confidence is None else f"{confidence:.6g}"
