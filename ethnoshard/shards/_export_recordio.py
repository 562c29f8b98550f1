"""A dataset as insightface's trainers read it."""

from collections.abc import Iterator
from pathlib import Path

from ethnoshard._files import whole_file
from ethnoshard.shards._dataset import FaceDataset
from ethnoshard.shards._exported import Person
from ethnoshard.sources import RecordWriter

MOST_EXACT = 2**24
"""Keys up to here are exact as float32, in which the header record and those of identities hold them."""


def write_recordio(dataset: FaceDataset, people: Iterator[Person], folder: Path, _: int) -> list[str]:
    """Write ``train.rec``, ``train.idx``, ``property`` and ``train.lst``.

    Record 0 holds the first key of the identities' records and the one behind the last; images follow from key 1, then
    a record for each identity with the range of its images' keys. Of more images than float32 can count these records
    would be wrong: there are none then, and readers take all records for images, as they do of DALI's sets.

    ``train.lst`` has a line an image, in the order of the keys: ``1<tab>identity/image<tab>label``.
    """
    number = len(dataset.identities)
    first_identity = dataset.manifest.faces + 1
    structured = first_identity + number <= MOST_EXACT
    ranges: list[tuple[int, int]] = []
    with (
        whole_file(folder / "train.rec") as records,
        whole_file(folder / "train.idx") as index,
        whole_file(folder / "train.lst") as listed,
    ):
        writer = RecordWriter(records, index)
        key = 0
        if structured:
            writer.numbers(0, first_identity, first_identity + number)
            key = 1
        for person in people:
            ranges.append((key, key + len(person.jpegs)))
            for image, jpeg in zip(person.source_images, person.jpegs, strict=True):
                writer.image(key, person.number, jpeg)
                listed.write(f"1\t{_line(person.identity)}/{_line(_file(image))}\t{person.number}\n".encode())
                key += 1
        for place, (begin, end) in enumerate(ranges if structured else ()):
            writer.numbers(first_identity + place, begin, end)
    with whole_file(folder / "property") as file:
        file.write(f"{number},{dataset.image_size},{dataset.image_size}\n".encode())
    if structured:
        return []
    return [
        f"{dataset.manifest.faces:,} images are more than the header record can count ({MOST_EXACT:,}): there is none, "
        f"nor records of identities, and keys begin at 0"
    ]


def _line(name: str) -> str:
    """A name that leaves a line one line and a field one field."""
    return " ".join(name.replace("\t", " ").splitlines())


def _file(image: str) -> str:
    return image.rpartition("/")[2]
