"""Writes RecordIO as the published format says, on its own, so that reader and writer share no mistake."""

import struct
from pathlib import Path

MAGIC = b"\x0a\x23\xd7\xce"


def image_record(label: float | tuple[float, ...], image: bytes, key: int = 0) -> bytes:
    if isinstance(label, tuple):
        return struct.pack(f"<IfQQ{len(label)}f", len(label), 0.0, key, 0, *label) + image
    return struct.pack("<IfQQ", 0, label, key, 0) + image


def packed(data: bytes) -> bytes:
    """One record: cut before each aligned magic word, which itself is left out."""
    cuts, start = [], 0
    for at in range(0, len(data) - 3, 4):
        if data[at : at + 4] == MAGIC:
            cuts.append(data[start:at])
            start = at + 4
    cuts.append(data[start:])
    written = b""
    for i, piece in enumerate(cuts):
        if len(cuts) == 1:
            flag = 0
        elif i == 0:
            flag = 1
        else:
            flag = 3 if i == len(cuts) - 1 else 2
        written += MAGIC + struct.pack("<I", flag << 29 | len(piece)) + piece + bytes(-len(piece) % 4)
    return written


def write_records(folder: Path, records: dict[int, bytes], *, index: bool = True) -> None:
    """Write ``train.rec`` and ``train.idx`` from key -> data, in the order given."""
    folder.mkdir(parents=True, exist_ok=True)
    lines, offset = [], 0
    with (folder / "train.rec").open("wb") as rec:
        for key, data in records.items():
            lines.append(f"{key}\t{offset}\n")
            offset += rec.write(packed(data))
    if index:
        (folder / "train.idx").write_text("".join(lines))


def insightface_records(people: list[tuple[float, list[bytes]]]) -> dict[int, bytes]:
    """The records of an insightface set: header 0, then the images, then a range of keys for each person."""
    images: dict[int, bytes] = {}
    ranges = []
    for label, faces in people:
        first = len(images) + 1
        for face in faces:
            images[len(images) + 1] = image_record((label, 1.0), face)
        ranges.append((float(first), float(len(images) + 1)))
    begin = len(images) + 1
    header = {0: image_record((float(begin), float(begin + len(ranges))), b"")}
    people_records = {begin + i: image_record(span, b"") for i, span in enumerate(ranges)}
    return header | images | people_records
