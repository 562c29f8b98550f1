"""Random flips and crops are those of the pixels, built in, and a whole epoch of them is a fair draw."""

import numpy as np
import pytest
import simplejpeg

from ethnoshard import FaceDataset, StratifiedLoader
from ethnoshard.errors import UnreadableImageError
from ethnoshard.loading._decode import Augmentation, Decoder, views


@pytest.mark.parametrize(
    ("size", "view"), [(48, (0, 0, False)), (48, (0, 0, True)), (40, (3, 5, False)), (40, (8, 0, True))]
)
def test_a_view_is_the_cut_and_mirrored_picture(size: int, view: tuple[int, int, bool]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 6, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality=95)
    row = np.zeros((size, size, 3), np.uint8)
    Decoder(48, size).decode(jpeg, row, view)
    top, left, flip = view
    expected = simplejpeg.decode_jpeg(jpeg)[top : top + size, left : left + size]
    assert (row == (expected[:, ::-1] if flip else expected)).all()


def test_views_are_spread_evenly_and_differ_by_batch() -> None:
    drawn = [views(Augmentation(crop=160, flip=True), 182, 1800, 0, 0, batch) for batch in range(10)]
    top, left, flip = np.concatenate(drawn).T
    for place in (top, left):
        counts = np.bincount(place, minlength=23)
        assert len(counts) == 23 and counts.min() > 650 and counts.max() < 930
    assert 0.47 < flip.mean() < 0.53
    assert abs(np.corrcoef(top, left)[0, 1]) < 0.03
    assert len({batch.tobytes() for batch in drawn}) == 10


def test_a_crop_as_large_as_the_face_is_the_face(made: FaceDataset) -> None:
    options = {"people_per_batch": 5, "images_per_person": 4}
    whole, cut = (StratifiedLoader(made, random_crop=crop, **options) for crop in (None, 48))
    assert all(bool((one.images == other.images).all()) for one, other in zip(whole, cut, strict=True))


@pytest.mark.parametrize(
    ("jpeg", "message"),
    [
        (b"", "no JPEG"),
        (b"\xff\xd8\xff nothing", "no JPEG"),
        (simplejpeg.encode_jpeg(np.zeros((48, 40, 3), np.uint8)), "40 x 48 pixels"),
        (simplejpeg.encode_jpeg(np.zeros((64, 64, 3), np.uint8)), "no JPEG of 48 x 48"),
        (simplejpeg.encode_jpeg(np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8))[:900], "no JPEG"),
    ],
)
def test_what_is_no_face_of_the_right_size_is_a_reason(jpeg: bytes, message: str) -> None:
    with pytest.raises(UnreadableImageError, match=message):
        Decoder(48, 48).decode(jpeg, np.zeros((48, 48, 3), np.uint8), (0, 0, False))


def test_grey_jpegs_are_decoded_to_three_channels() -> None:
    grey = simplejpeg.encode_jpeg(np.full((48, 48, 1), 77, np.uint8), colorspace="GRAY")
    row = np.zeros((48, 48, 3), np.uint8)
    Decoder(48, 48).decode(grey, row, (0, 0, False))
    assert abs(row.astype(int) - 77).max() <= 1


def test_a_tuple_on_request(made: FaceDataset) -> None:
    loader = StratifiedLoader(made, people_per_batch=5, images_per_person=4, output="tuple")
    images, identities = next(iter(loader))
    assert images.shape == (20, 3, 48, 48) and identities.shape == (20,)
