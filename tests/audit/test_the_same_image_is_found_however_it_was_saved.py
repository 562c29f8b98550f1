"""The same image is found however it was saved, and different photographs of one person are not taken for one image."""

import functools
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from ethnoshard._progress import Progress
from ethnoshard.alignment import AlignSettings, align
from ethnoshard.audit._prints import Prints, prints_of
from ethnoshard.audit._same_image import FaceSet, SameImages, same_images
from ethnoshard.embedding import open_faces
from ethnoshard.errors import EthnoshardError
from ethnoshard.synthetic import draw_face

PEOPLE, SHOTS = 8, 4


def saved(pixels: NDArray[np.uint8], form: str = "JPEG", quality: int = 95) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, quality=quality)
    return file.getvalue()


@functools.cache
def face(person: int, shot: int) -> NDArray[np.uint8]:
    return draw_face(5, person, shot, group=person % 4, size=112)


def changed(change: Callable[[Image.Image], Image.Image], quality: int = 70) -> Callable[[NDArray[np.uint8]], bytes]:
    return lambda pixels: saved(np.asarray(change(Image.fromarray(pixels))), quality=quality)


def scaled(image: Image.Image) -> Image.Image:
    return image.resize((56, 56), Image.Resampling.BICUBIC)


def cropped(image: Image.Image) -> Image.Image:
    """A wider margin on one side than on the other, then of the usual size again."""
    return image.crop((10, 3, 108, 106)).resize((112, 112), Image.Resampling.BILINEAR)


def darker(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(0.85)


COPIES = {
    "quality": changed(lambda image: image, quality=50),
    "scaled": changed(scaled),
    "cropped": changed(cropped),
    "darker": changed(darker),
    "all": changed(lambda image: darker(cropped(scaled(image).resize((112, 112))))),
}


def embeddings(people: list[int], seed: int = 0) -> NDArray[np.float32]:
    """A direction for each person, and a little of another for each face: cosines of one person's are about 0.95."""
    rng = np.random.default_rng(seed)
    vectors = np.random.default_rng(99).standard_normal((40, 64), np.float32)[people]
    vectors += np.float32(0.2) * rng.standard_normal(vectors.shape, np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def a_set(extra: list[tuple[int, int, bytes]] | None = None) -> FaceSet:
    """Four different shots of each of eight people, and further faces.

    Args:
        extra: whose folder a face is in, whom it shows, its bytes.
    """
    faces = [(person, person, saved(face(person, shot))) for person in range(PEOPLE) for shot in range(SHOTS)]
    faces += extra or []
    jpegs = [jpeg for *_, jpeg in faces]
    vectors = embeddings([shown for _, shown, _ in faces])
    return FaceSet(vectors, np.array([folder for folder, *_ in faces]), prints_of(jpegs, len(jpegs)))


def rows_of(found: SameImages) -> list[tuple[int, int, str]]:
    return sorted((*pair, how) for pair, how in zip(found.pairs.tolist(), found.how.tolist(), strict=True))


N = PEOPLE * SHOTS


def test_different_photographs_of_one_person_are_not_the_same_image() -> None:
    assert len(same_images(*a_set())) == 0


@pytest.mark.parametrize("folder", [2, 6], ids=["in the same folder", "in another's folder"])
@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_that_was_changed_a_little_is_found(kind: str, folder: int) -> None:
    found = same_images(*a_set([(folder, 2, COPIES[kind](face(2, 1)))]))
    assert rows_of(found) == [(2 * SHOTS + 1, N, "near")]
    assert found.sure[0] > 0.9 and 0.9 < found.figure[0] <= 1


@pytest.mark.parametrize("folder", [2, 6], ids=["in the same folder", "in another's folder"])
@pytest.mark.parametrize("kind", COPIES)
def test_a_mirrored_copy_is_found_and_called_so(kind: str, folder: int) -> None:
    mirrored = np.asarray(ImageOps.mirror(Image.fromarray(face(2, 1))))
    found = same_images(*a_set([(folder, 2, COPIES[kind](mirrored))]))
    assert rows_of(found) == [(2 * SHOTS + 1, N, "mirrored")] and found.sure[0] > 0.9


def test_equal_bytes_and_equal_pixels_are_certain_whatever_the_embeddings() -> None:
    pixels = np.asarray(Image.open(io.BytesIO(saved(face(3, 0)))))
    vectors, owners, prints = a_set([(7, 3, saved(face(1, 2))), (7, 3, saved(pixels, "PNG"))])
    # Of another program, say, which embedded one of them wrongly.
    vectors[[N, N + 1]] = -vectors[[SHOTS + 2, 3 * SHOTS]]
    found = same_images(vectors, owners, prints)
    assert rows_of(found) == [(SHOTS + 2, N, "bytes"), (3 * SHOTS, N + 1, "pixels")]
    assert found.sure.tolist() == [1, 1] and found.figure.tolist() == [1, 1]
    assert found.how.tolist() == ["bytes", "pixels"]


def test_equal_faces_of_different_files_have_only_their_pixels_in_common() -> None:
    jpeg = saved(face(0, 0))
    prints = prints_of([jpeg] * 3, 3, files=[b"one file", b"another", b"one file"])
    found = same_images(embeddings([0, 0, 0]), np.array([0, 0, 1]), prints)
    assert rows_of(found) == [(0, 1, "pixels"), (0, 2, "bytes")]


def test_of_a_work_folder_equal_files_are_told_from_equal_pixels(tmp_path: Path) -> None:
    jpeg = saved(face(0, 0))
    lossless = saved(np.asarray(Image.open(io.BytesIO(jpeg))), "PNG")
    images = {"one/1.jpg": jpeg, "one/2.png": lossless, "one/3.jpg": jpeg, "two/4.png": saved(face(1, 0), "PNG")}
    for name, content in images.items():
        path = tmp_path / "faces" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    align(tmp_path / "faces", tmp_path / "work", AlignSettings(aligned=True, size=100), workers=1)
    faces = open_faces(tmp_path / "work")
    prints = prints_of(faces.jpegs(), len(faces.keys), files=faces.files)
    found = same_images(embeddings([0, 0, 0, 1]), np.array([0, 0, 0, 1]), prints)
    assert rows_of(found) == [(0, 1, "pixels"), (0, 2, "bytes")]


def test_two_faces_of_one_photograph_are_not_the_same_image() -> None:
    jpegs = [saved(face(0, 0)), saved(face(1, 0))]
    prints = prints_of(jpegs, 2, files=[b"a photograph of both"] * 2)
    assert len(same_images(embeddings([0, 0]), np.array([0, 0]), prints)) == 0


def test_of_many_copies_each_but_one_makes_a_row() -> None:
    original = face(4, 0)
    extra = [(4, 4, COPIES["scaled"](original)), (5, 4, COPIES["cropped"](original)), (5, 4, saved(original))]
    extra += [(4, 4, saved(original, quality=quality)) for quality in range(50, 80)]
    found = same_images(*a_set(extra))
    assert len(found) == len(extra)
    # They hang together, and nothing else does.
    groups = {row: {row} for row in range(N + len(extra))}
    for one, other in found.pairs.tolist():
        assert one < other
        joined = groups[one] | groups[other]
        groups.update(dict.fromkeys(joined, joined))
    assert groups[4 * SHOTS] == {4 * SHOTS, *range(N, N + len(extra))}
    assert (np.diff(found.sure) <= 0).all()


def test_placeholders_in_many_folders_are_found() -> None:
    sign = np.full((112, 112, 3), 200, np.uint8)
    sign[30:80, 20:90] = 40
    sign[45:60, 35:60] = 250
    extra = [(person, 20, saved(sign, quality=60 + 4 * person)) for person in range(6)]
    found = same_images(*a_set(extra))
    assert len(found) == 5 and found.pairs.min() == N


def test_copies_that_a_network_takes_for_somebody_else_are_found_by_their_prints() -> None:
    moved = {2: 6, 5: 1, 7: 3, 4: 0}
    # The embedding of each copy resembles nobody's.
    extra = [(folder, 30 + person, COPIES["scaled"](face(person, 1))) for person, folder in moved.items()]
    found = same_images(*a_set(extra))
    assert rows_of(found) == sorted((person * SHOTS + 1, N + row, "near") for row, person in enumerate(moved))


def test_copies_in_another_set_are_found_there() -> None:
    other = a_set([(3, 9, saved(face(9, 0))), (3, 2, COPIES["cropped"](face(2, 0)))])
    strangers = [face(person, shot) for person in (9, 10, 11) for shot in range(2)]
    jpegs = [saved(pixels) for pixels in strangers]
    jpegs.append(COPIES["quality"](face(2, 0)))
    # The second folder also holds a mirrored face of somebody whom the other set has.
    jpegs.append(COPIES["scaled"](np.asarray(ImageOps.mirror(Image.fromarray(face(5, 3))))))
    vectors, owners = embeddings([9, 9, 10, 10, 11, 11, 2, 5], seed=1), np.array([0, 0, 1, 1, 2, 2, 0, 1])
    found = same_images(vectors, owners, prints_of(jpegs, 8), other=other)
    assert rows_of(found) == [(0, N, "bytes"), (6, 2 * SHOTS, "near"), (7, 5 * SHOTS + 3, "mirrored")]
    # The set isn't compared with itself then.
    assert len(same_images(vectors, owners, prints_of(jpegs, 8), other=a_set())) == 2


def test_the_size_of_blocks_changes_nothing() -> None:
    faces = a_set([(5, 2, COPIES["all"](face(2, 1))), (2, 2, COPIES["quality"](face(2, 1))), (1, 1, saved(face(1, 1)))])
    whole, across = same_images(*faces), same_images(*faces, other=a_set())
    assert len(whole) == 3 and len(across) == N + 3
    for block_bytes in (1, 1000):
        for known, other in ((whole, None), (across, a_set())):
            found = same_images(*faces, other=other, block_bytes=block_bytes)
            assert rows_of(found) == rows_of(known)
            np.testing.assert_allclose(found.sure, known.sure, atol=1e-5)


def test_one_image_or_none_has_no_copy() -> None:
    prints = prints_of([saved(face(0, 0))], 1)
    nobody = embeddings([])
    empty = prints_of([], 0)
    for vectors, owners, some in ((embeddings([0]), np.array([7]), prints), (nobody, np.empty(0, int), empty)):
        found = same_images(vectors, owners, some)
        assert found.pairs.shape == (0, 2) and found.pairs.dtype == np.int64
        assert found.how.shape == found.sure.shape == found.figure.shape == (0,)
    assert len(same_images(embeddings([0]), np.array([7]), prints, other=(nobody, np.empty(0, int), empty))) == 0


def test_prints_come_in_order_and_say_how_far_they_are() -> None:
    jpegs = [saved(face(person, 0), quality=80) for person in range(3)] * 200
    told: list[tuple[int, ...]] = []
    progress = Progress(begun=lambda *numbers: told.append(numbers), advance=lambda number: told.append((number,)))
    prints = prints_of(iter(jpegs), 600, progress=progress)
    assert told[0] == (600, 0) and sum(number for number, *_ in told[1:]) == 600
    for person in range(3):
        alone = prints_of(jpegs[person : person + 1], 1)
        assert (prints.data[person::3] == alone.data).all() and (prints.pixels[person::3] == alone.pixels).all()
        assert (prints.digests[person::3] == alone.digests).all()
    assert len(np.unique(prints.pixels, axis=0)) == 3


def test_what_does_not_fit_is_said() -> None:
    vectors, owners, prints = a_set()
    with pytest.raises(EthnoshardError, match="the set: 31 embeddings don't fit 32 prints"):
        same_images(vectors[1:], owners[1:], prints)
    with pytest.raises(EthnoshardError, match="the other set: 1 of 32 embeddings aren't finite or not of length 1"):
        same_images(
            vectors, owners, prints, other=(np.where(np.arange(N)[:, None] == 3, np.nan, vectors), owners, prints)
        )
    with pytest.raises(EthnoshardError, match="64 and 32 numbers; one network must make both"):
        half = vectors[:, :32] / np.linalg.norm(vectors[:, :32], axis=1, keepdims=True)
        same_images(vectors, owners, prints, other=(half, owners, prints))
    with pytest.raises(EthnoshardError, match="there are 1 faces, and prints were to be made of 2"):
        prints_of([saved(face(0, 0))], 2)
    with pytest.raises(EthnoshardError, match="there are more faces than the 1 that"):
        prints_of([saved(face(0, 0))] * 2, 1)
    with pytest.raises(EthnoshardError, match="an aligned face can't be decoded"):
        prints_of([saved(face(0, 0))[:900]], 1)
    with pytest.raises(EthnoshardError, match="prints are pictures of"):
        Prints(data=prints.data, digests=prints.digests[1:], pixels=prints.pixels)
