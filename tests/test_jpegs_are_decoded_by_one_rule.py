"""Every verb decodes a face's JPEG alike: what lost no pixel is read as Pillow and torchvision do, the rest is bad."""

import io
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from ethnoshard import EthnoshardError, FaceDataset, StratifiedLoader
from ethnoshard._jpeg import LostPixelsError, decode_jpeg
from ethnoshard.alignment import AlignSettings, align, decode_face
from ethnoshard.embedding._aligned import decoded
from ethnoshard.errors import UnreadableImageError
from ethnoshard.loading._decode import Decoder
from ethnoshard.loading._jpegs import Jpegs
from ethnoshard.loading._processes import DecodingProcess
from ethnoshard.loading._shared_memory import Pieces, SharedMemory
from ethnoshard.shards import verify
from ethnoshard.sources import Reading
from ethnoshard.work import PartFaces, WorkFolder
from tests.kit.datasets import write_dataset
from tests.kit.jpegs import SCAN, SIDE, adobe, flat, half, inserted, jpeg, picture, spare
from tests.kit.waiting import until

SOUND = {
    "4:2:0": jpeg(subsampling=2, quality=95),
    "4:4:4": jpeg(subsampling=0),
    "progressive": jpeg(progressive=True),
    "restarts": jpeg(restart_marker_rows=1),
    "grey": jpeg(picture(channels=1)),
}
WHOLE = (0, 0, False)


def by_pillow(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def by_torchvision(content: bytes) -> np.ndarray:
    tensor = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    mode = torchvision.io.ImageReadMode.RGB
    with warnings.catch_warnings():
        # 0.29 says that TorchCodec takes its place.
        warnings.simplefilter("ignore", DeprecationWarning)
        return torchvision.io.decode_jpeg(tensor, mode=mode).permute(1, 2, 0).numpy()


@pytest.mark.parametrize("size", [(48, 48), (47, 33), (17, 64), (8, 8), (1, 1), (112, 112)])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("restarts", [0, 3])
def test_pixels_are_those_of_pillow_and_torchvision(size: tuple[int, int], progressive: bool, restarts: int) -> None:
    options = {"progressive": progressive, "restart_marker_blocks": restarts}
    made = [jpeg(picture(*size, 1), quality=quality, **options) for quality in (10, 75, 100)]
    for quality in (10, 75, 95, 100):
        made += [jpeg(picture(*size), quality=quality, subsampling=kind, **options) for kind in (0, 1, 2)]
    made.append(jpeg(picture(*size), keep_rgb=True, **options))
    for content in made:
        pixels = decode_jpeg(content)
        assert pixels.shape == (*size, 3) and pixels.dtype == np.uint8
        assert np.array_equal(pixels, by_pillow(content)) and np.array_equal(pixels, by_torchvision(content))


def test_cmyk_is_within_two_levels_of_pillow() -> None:
    content = jpeg(picture(channels=4))
    assert abs(decode_jpeg(content).astype(int) - by_pillow(content)).max() <= 2


def harmless(sound: bytes) -> Iterator[tuple[str, bytes]]:
    """The JPEG with all that libjpeg warns of although no pixel is lost."""
    for number, value in ((1, b"\0"), (9, b"\0"), (16, b"\x5a"), (200, b"\0"), (30, b"\xff\0"), (40, b"\xff")):
        yield f"{number} spare bytes {value!r} at the end", spare(sound, number, value)
    tables, scan, jfif = sound.index(b"\xff\xdb"), sound.index(SCAN), sound.index(b"JFIF")
    yield "bytes after the end", sound + b"\0" * 30
    yield "spare bytes before the tables", inserted(sound, tables, b"\1" * 7)
    yield "spare bytes before the scan", inserted(sound, scan, b"\1" * 7)
    yield "JFIF 2", sound[: jfif + 5] + b"\2" + sound[jfif + 6 :]
    profile = b"\xff\xe2\x00\x14ICC_PROFILE\0\x02\x01abcd"
    yield "half a colour profile", inserted(sound, tables, profile)
    thumbnail = jpeg(picture(24, 24))
    exif = b"\xff\xe1" + (len(thumbnail) + 8).to_bytes(2) + b"Exif\0\0" + thumbnail
    yield "a thumbnail, then spare bytes", inserted(sound, tables, exif + b"\0" * 9)
    yield "three at once", spare(inserted(sound, tables, profile + b"\1\2"), 50)
    if sound[scan + 4] == 3:
        yield "an unknown code of Adobe's", adobe(sound, 5)
    if b"\xff\xc2" not in sound:
        values = scan + 5 + 2 * sound[scan + 4]
        zeros = sound[:values] + b"\0\0\0" + sound[values + 3 :]
        yield "a scan of no coefficients", zeros
        yield "a scan of no coefficients, then spare bytes", spare(zeros, 20)
    for found in re.finditer(rb"\xff[\xd0-\xd7\xda\xc4]", sound[scan + 2 :]):
        place = scan + 2 + found.start()
        yield f"spare bytes before {found[0].hex()} at {place}", inserted(sound, place, b"\0" * 20)


@pytest.mark.parametrize("kind", SOUND)
def test_a_fault_that_costs_no_pixel_is_passed_over(kind: str) -> None:
    sound = SOUND[kind]
    for name, content in harmless(sound):
        pixels = decode_jpeg(content)
        assert np.array_equal(pixels, decode_jpeg(sound)), name
        assert np.array_equal(pixels, by_pillow(content)), name
        assert np.array_equal(decode_jpeg(memoryview(content), "BGR")[..., ::-1], pixels), name


@pytest.mark.parametrize("kind", SOUND)
def test_what_lost_pixels_is_bad_also_behind_a_harmless_fault(kind: str) -> None:
    sound = SOUND[kind]
    tables = sound.index(b"\xff\xdb")
    lost = [half(sound), half(sound, b"\0" * 30), sound[:-2], sound[:-1], sound[: len(sound) // 2]]
    lost += [inserted(each, tables, b"\1" * 7) for each in lost]
    jfif = sound.index(b"JFIF")
    lost += [each[: jfif + 5] + b"\2" + each[jfif + 6 :] for each in lost]
    for content in lost:
        with pytest.raises(ValueError, match=r"[Pp]remature end|Bogus Huffman table"):
            decode_jpeg(content)


def test_lost_pixels_behind_spare_bytes_of_an_earlier_part_are_bad() -> None:
    sound = SOUND["restarts"]
    first, last = sound.index(b"\xff\xd0", sound.index(SCAN)), len(sound) - 2
    cut = sound[: last - 25] + sound[last:]
    assert np.array_equal(decode_jpeg(inserted(sound, first, b"\0" * 20)), decode_jpeg(sound))
    with pytest.raises(LostPixelsError, match="premature end"):
        decode_jpeg(inserted(cut, first, b"\0" * 20))


def test_a_header_that_asks_for_billions_of_pixels_is_refused_before_they_are_there() -> None:
    sound = SOUND["4:2:0"]
    frame = sound.index(b"\xff\xc0")
    with pytest.raises(ValueError, match="4,290,250,000 pixels"):
        decode_jpeg(sound[: frame + 5] + b"\xff\xdc\xff\xdc" + sound[frame + 9 :])


def damaged(number: int) -> list[bytes]:
    """JPEGs of 48 x 48 pixels, or other ones, damaged at random in every way."""
    rng = np.random.default_rng(5)
    sounds = [*SOUND.values(), jpeg(picture(channels=4)), jpeg(picture(40, 48)), jpeg(picture(64, 64))]
    contents = [b"", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"\x89PNG\r\n\x1a\n", flat([(2, 2), (2, 1), (1, 2)]), *sounds]
    frame = sounds[0].index(b"\xff\xc0")
    contents.append(sounds[0][: frame + 4] + b"\x0c" + sounds[0][frame + 5 :])  # 12 bits
    while len(contents) < number:
        content = bytearray(sounds[rng.integers(len(sounds))])
        for _ in range(rng.integers(1, 4)):
            place = int(rng.integers(2, len(content)))
            match rng.integers(5):
                case 0:
                    content[place] ^= 1 << int(rng.integers(8))
                case 1:
                    content[place : place + 8] = rng.bytes(8)
                case 2:
                    content[place:place] = rng.bytes(int(rng.integers(1, 40)))
                case 3:
                    content[-2:-2] = bytes(int(rng.integers(1, 200)))
                case 4:
                    del content[place : place + int(rng.integers(1, 60))]
        if rng.random() < 0.2:
            del content[int(rng.integers(2, len(content))) :]
        contents.append(bytes(content))
    return contents


def outcome(decode: Callable[[bytes], np.ndarray], content: bytes) -> np.ndarray | None:
    """Pixels of a face of 48 x 48, or None where it is bad."""
    try:
        pixels = decode(content)
    except EthnoshardError:
        return None
    return pixels if pixels.shape == (SIDE, SIDE, 3) else None


def by_loader(content: bytes) -> np.ndarray:
    row = np.zeros((SIDE, SIDE, 3), np.uint8)
    Decoder(SIDE, SIDE).decode(content, row, WHOLE)
    return row


def by_mirror(content: bytes) -> np.ndarray:
    row = np.zeros((SIDE, SIDE, 3), np.uint8)
    Decoder(SIDE, SIDE).decode(content, row, (0, 0, True))
    return row[:, ::-1]


def by_process(contents: list[bytes]) -> list[np.ndarray | None]:
    """All of them by a loader's worker."""
    process = DecodingProcess(SIDE, SIDE)
    try:
        until(lambda: process.ready, "the decoding process did not get ready")
        memory = SharedMemory(len(contents) * SIDE * SIDE * 3)
        room, pieces = Pieces(), []
        for content in contents:
            pieces.append(room.take(len(content)))
            pieces[-1].content[:] = content
        jpegs = Jpegs(pieces, [(0, len(content)) for content in contents])
        process.begin(jpegs, np.tile(np.array(WHOLE, np.int64), (len(contents), 1)), memory, range(len(contents)))
        failed = dict(process.end())
    finally:
        process.close()
    rows = memory.content.reshape(-1, SIDE, SIDE, 3)
    return [None if row in failed else rows[row] for row in range(len(contents))]


def test_whatever_the_bytes_all_rooms_say_the_same_of_them() -> None:
    contents = damaged(600)
    found = by_process(contents)
    for content, pixels in zip(contents, found, strict=True):
        # decode_face is for verify, preview, label, the training of a classifier and the dashboard; decoded for embed.
        for decode in (by_loader, by_mirror, decode_face, decoded):
            other = outcome(decode, content)
            assert (other is None) == (pixels is None), (decode.__name__, content)
            assert pixels is None or np.array_equal(other, pixels), (decode.__name__, content)
    good = sum(pixels is not None for pixels in found)
    assert 150 < good < 450, "both happen"


@pytest.mark.parametrize("workers", [0, 2])
def test_verify_names_the_faces_that_the_loader_replaces(tmp_path: Path, workers: int) -> None:
    contents = damaged(160)
    sound = jpeg()

    def content(identity: int, face: int) -> bytes:
        # Eight damaged faces of each of 20 people, and two sound ones, for nobody to be without.
        return contents[8 * identity + face] if face < 8 else sound

    dataset = FaceDataset.open(write_dataset(tmp_path / "made", [[10] * 20], shard_bytes=12_000, picture=content))
    loader = StratifiedLoader(
        dataset, people_per_batch=4, images_per_person=5, num_workers=workers, max_bad_faces=200, target="base"
    )
    list(loader)
    loader.close()
    replaced = {f"{identity:07d}-{face:05d}" for identity, face in loader.bad_faces.reasons}
    outcome = verify(tmp_path / "made", decode=True, workers=1)
    named = {found[1] for fault in outcome.faults if (found := re.search(r"sample (\d{7}-\d{5})", fault))}
    assert named == replaced and 40 < len(named) < 130
    assert len(outcome.faults) == len(named), "nothing but undecodable faces, and all of them"
    assert outcome.decoded == 200 - len(named)


def test_faces_with_spare_bytes_are_no_bad_faces_and_the_same_pixels(tmp_path: Path) -> None:
    def content(identity: int, face: int) -> bytes:
        return jpeg(picture(seed=100 * identity + face), quality=95)

    def with_spare(identity: int, face: int) -> bytes:
        return spare(content(identity, face), 16 + 7 * face)

    batches = []
    for name, made in (("sound", content), ("spare", with_spare)):
        dataset = FaceDataset.open(write_dataset(tmp_path / name, [[6] * 8, [6] * 4], picture=made))
        loader = StratifiedLoader(dataset, people_per_batch=4, images_per_person=3, max_bad_faces=0, target="base")
        batches.append(
            {
                (i, f): image
                for b in loader
                for i, f, image in zip(*map(list, (b.identities.tolist(), b.faces.tolist(), b.images)), strict=True)
            }
        )
        loader.close()
    assert verify(tmp_path / "spare", decode=True, workers=1).faults == []
    assert batches[0].keys() == batches[1].keys() and len(batches[0]) == 72
    assert all(torch.equal(image, batches[1][key]) for key, image in batches[0].items())


def test_aligned_faces_are_taken_if_the_loader_decodes_them_and_counted_if_they_lack_pixels(tmp_path: Path) -> None:
    sound = jpeg()
    faces = {
        "0 sound": (sound, "kept"),
        "1 spare bytes": (spare(sound, 100), "kept"),
        "2 spare bytes in the header": (inserted(sound, sound.index(b"\xff\xdb"), b"\0" * 9), "kept"),
        "3 half": (half(sound), "premature end"),
        "4 half of another size": (half(jpeg(picture(60, 60))), "premature end"),
        "5 sampled in a way that Pillow alone reads": (flat([(2, 2), (2, 1), (1, 2)]), "encoded anew"),
        "6 CMYK": (jpeg(picture(channels=4)), "encoded anew"),
        "7 no end": (sound[:-2], "truncated"),
    }
    home = tmp_path / "faces" / "somebody"
    home.mkdir(parents=True)
    for name, (content, _) in faces.items():
        (home / f"{name}.jpg").write_bytes(content)
    settings, alone = AlignSettings(aligned=True, size=SIDE), Reading(as_it_is=True)
    report = align(tmp_path / "faces", tmp_path / "work", settings, reading=alone, workers=1)
    assert report.statuses == {"aligned": 5, "no_face": 0, "unreadable": 3, "too_small": 0}
    work = WorkFolder(tmp_path / "work")
    with PartFaces(work.part_path(0)) as part:
        for row, (content, wanted) in zip(work.faces(1).iter_rows(named=True), faces.values(), strict=True):
            if wanted == "kept":
                assert row["reason"] is None and part.read(row["offset"], row["length"]) == content
            else:
                assert wanted in row["reason"]
            if row["status"] == "aligned":
                assert by_loader(part.read(row["offset"], row["length"])).shape == (SIDE, SIDE, 3)


def test_an_embedding_says_how_to_be_rid_of_a_face_that_lacks_pixels() -> None:
    with pytest.raises(EthnoshardError, match=r"premature end.* names? .*|premature end.*new work folder"):
        decoded(half(jpeg()))
    with pytest.raises(UnreadableImageError, match="premature end"):
        decode_face(half(jpeg()))
