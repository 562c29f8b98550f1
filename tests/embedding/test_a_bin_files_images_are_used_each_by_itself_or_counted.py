"""insightface's .bin: images of several sizes are each scaled; a bad one costs its pairs, and nothing else."""

import io
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from stand_in_models import means, model_of, write_flat_onnx

from ethnoshard.embedding import embed_source, faces_of_image_pairs, load_model
from ethnoshard.errors import EthnoshardError
from ethnoshard.reports import EvaluationOptions, evaluate_embeddings
from ethnoshard.sources import read_bin_pairs, read_parquet_pairs

NUMBER = 96


def face(place: int, size: tuple[int, int] = (112, 112), form: str = "PNG") -> bytes:
    """Images 4n to 4n + 2 show one person, 4n + 3 the next one, so that every other pair is of two people."""
    rng = np.random.default_rng(place)
    person = (place + place % 4 // 3) // 4
    pixels = np.random.default_rng(person).uniform(0, 255, (4, 4, 3)) + rng.normal(0, 3, (4, 4, 3))
    small = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    buffer = io.BytesIO()
    small.resize(size, Image.Resampling.NEAREST).save(buffer, form)
    return buffer.getvalue()


def write(path: Path, images: Sequence[bytes]) -> Path:
    path.write_bytes(pickle.dumps((list(images), [number % 2 == 0 for number in range(NUMBER // 2)])))
    return path


def test_images_of_two_sizes_have_the_embeddings_that_they_have_alone(tmp_path: Path) -> None:
    model = load_model(write_flat_onnx(tmp_path / "flat.onnx", ("N", 3, 16, 16)), normalise="unit")
    sizes = [(112, 112) if place % 3 else (160, 160) for place in range(NUMBER)]
    sets = {
        "mixed": [face(place, size) for place, size in enumerate(sizes)],
        "small": [face(place) for place in range(NUMBER)],
        "large": [face(place, (160, 160)) for place in range(NUMBER)],
    }
    mixed, small, large = (
        faces_of_image_pairs(read_bin_pairs(write(tmp_path / f"{name}.bin", images))) for name, images in sets.items()
    )
    assert mixed.facts["sizes"] == {"112": 64, "160": 32} and (mixed.size, small.size, large.size) == (112, 112, 160)
    for flip in (False, True):
        found, of_small, of_large = (embed_source(model, faces, flip=flip).vectors for faces in (mixed, small, large))
        order = [Image.open(io.BytesIO(image)).width for image in mixed.jpegs()]
        for row, width in enumerate(order):
            np.testing.assert_allclose(found[row], (of_small if width == 112 else of_large)[row], atol=1e-6)


def test_a_crop_is_the_same_part_of_every_size(tmp_path: Path) -> None:
    seen: set[tuple[int, ...]] = set()

    def network(images: np.ndarray) -> np.ndarray:
        seen.add(images.shape[1:3])
        return means(images)

    images = [face(p, (112, 112) if p % 3 else (224, 224)) for p in range(NUMBER)]
    faces = faces_of_image_pairs(read_bin_pairs(write(tmp_path / "a.bin", images)))
    embed_source(model_of(network, crop=96), faces)
    assert seen == {(96, 96), (192, 192)}


@pytest.mark.parametrize("bad", [(0,), (0, 5, 30), (95,)])
def test_a_bad_image_costs_its_pairs_which_are_counted_by_reason(tmp_path: Path, bad: tuple[int, ...]) -> None:
    images = [face(place) for place in range(NUMBER)]
    for place in bad:
        images[place] = b"\xff\xd8 no image" if place != 30 else face(place, (96, 112))
    pairs = read_bin_pairs(write(tmp_path / "set.bin", images))
    found = embed_source(model_of(means), faces_of_image_pairs(pairs))
    content = evaluate_embeddings(found, pairs.pairs, options=EvaluationOptions(draws=0)).content
    facts = content["pairs"]
    assert (facts["listed"], facts["scored"]) == (48, 48 - len(bad))
    assert facts["missing_same"] + facts["missing_different"] == facts["missing_images"] == len(bad)
    reasons = {one["reason"]: (one["count"], one["first"]) for one in facts["reasons"]}
    if len(bad) == 3:
        assert reasons == {"unreadable": (2, "pair 1"), "not_square": (1, "pair 16")}
        assert content["images"]["statuses"] == {"embedded": 93, "unreadable": 2, "not_square": 1}
    else:
        assert reasons == {"unreadable": (1, f"pair {bad[0] // 2 + 1}")}
    whole = read_bin_pairs(write(tmp_path / "whole.bin", [face(place) for place in range(NUMBER)]))
    kept = embed_source(model_of(means), faces_of_image_pairs(whole))
    for key, row in found.rows().items():
        np.testing.assert_array_equal(found.vectors[row], kept.vectors[kept.rows()[key]])


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (face(0, (96, 112)), "none of its 96 images can be used: 96 not_square. Aligned faces are square"),
        (b"", "none of its 96 images can be used: 96 unreadable"),
    ],
)
def test_a_file_without_a_usable_image_is_one_message(tmp_path: Path, image: bytes, words: str) -> None:
    with pytest.raises(EthnoshardError, match=words):
        faces_of_image_pairs(read_bin_pairs(write(tmp_path / "set.bin", [image] * NUMBER)))


def test_hardly_a_pair_left_is_refused_with_the_reasons(tmp_path: Path) -> None:
    images = [face(place) if place < 16 else face(place, (96, 112)) for place in range(NUMBER)]
    pairs = read_bin_pairs(write(tmp_path / "set.bin", images))
    found = embed_source(model_of(means), faces_of_image_pairs(pairs))
    with pytest.raises(EthnoshardError, match=r"only 8 have .* both images; of the others: 80 x not_square"):
        evaluate_embeddings(found, pairs.pairs, options=EvaluationOptions(draws=0))


def test_pairs_in_parquet_are_the_same_images(tmp_path: Path) -> None:
    images = [face(place) for place in range(NUMBER)]
    as_bin = read_bin_pairs(write(tmp_path / "set.bin", images))
    structs = [{"bytes": image, "path": None} for image in images]
    table = {"label": as_bin.pairs.same, "image1": structs[0::2], "image2": structs[1::2]}
    pl.DataFrame(table).write_parquet(tmp_path / "set.parquet")
    as_parquet = read_parquet_pairs(tmp_path / "set.parquet")
    one, other = (faces_of_image_pairs(pairs) for pairs in (as_bin, as_parquet))
    assert (one.digest, one.keys) == (other.digest, other.keys)
    assert (one.facts["kind"], other.facts["kind"]) == ("bin file", "parquet pairs")
