"""At most so many faces of each person are embedded, always the same ones; bad ones are counted."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from stand_in_models import means, model_of

from ethnoshard import EthnoshardError, FaceDataset
from ethnoshard.embedding import Embeddings, embed_some, embed_source, faces_of_dataset, some_of
from ethnoshard.shards import open_shards
from tests.kit.datasets import SIDE, pattern, said_by, write_dataset

SIZES = random.Random(3)
SHAPE = [[SIZES.randint(1, 40) for _ in range(30)], [SIZES.randint(1, 6) for _ in range(20)]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> FaceDataset:
    return FaceDataset.open(write_dataset(tmp_path_factory.mktemp("some") / "dataset", SHAPE, shard_bytes=100_000))


def numbers(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Whose face each is and which, in a vector that has a direction."""
    said = said_by(images.transpose(0, 3, 1, 2))
    return np.array([(identity, face, 1) for identity, face in said], np.float32)


def halves(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """As ``means``, with a direction for a black face, too."""
    return means(images) + np.float32(1)


def seen(vectors: NDArray[np.float32]) -> list[tuple[int, int]]:
    return [(round(float(one / third)), round(float(two / third))) for one, two, third in vectors]


def test_they_are_of_each_person_at_most_so_many_and_always_the_same(made: FaceDataset) -> None:
    found = embed_some(made, numbers, faces=5)
    faces = seen(found.vectors)
    assert [identity for identity, _ in faces] == found.owners.tolist() == sorted(found.owners.tolist())
    assert found.owners.dtype == np.int32 and found.vectors.dtype == np.float32 and found.left_out == 0
    counts = made.identities["faces"].to_list()
    assert Counter(found.owners.tolist()) == {one: min(5, count) for one, count in enumerate(counts)}
    assert len(set(faces)) == len(faces)
    assert seen(embed_some(made, numbers, faces=5).vectors) == faces
    # Fewer are a part of more, and no matter of the place in the folder.
    assert set(seen(embed_some(made, numbers, faces=2).vectors)) < set(faces)
    assert len({face for _, face in seen(embed_some(made, numbers, faces=1).vectors)}) > 10


def test_no_more_is_read_than_is_needed(made: FaceDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def watched(dataset: FaceDataset) -> Any:
        opened.append(open_shards(dataset))
        return opened[-1]

    monkeypatch.setattr("ethnoshard.embedding._embed_some.open_shards", watched)
    whole = embed_some(made, numbers, faces=2)
    monkeypatch.setattr("ethnoshard.embedding._embed_some._GAP", 0)
    few = embed_some(made, numbers, faces=2)
    assert few.vectors.tobytes() == whole.vectors.tobytes()
    together, apart = (shards.counts for shards in opened)
    assert together.reads <= 20 < apart.reads <= len(few.owners)
    assert apart.size < 0.35 * together.size


def test_a_function_and_a_model_get_the_middle_of_the_face(made: FaceDataset) -> None:
    shapes, images_seen = set(), []

    def network(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        assert images.dtype == np.uint8 and len(images) <= 64
        shapes.add(images.shape[1:])
        images_seen.append(images)
        return halves(images)

    found = embed_some(made, network, faces=2, crop=40)
    assert shapes == {(40, 40, 3)}
    drawn = [pattern(*one)[4:44, 4:44] for one in seen(embed_some(made, numbers, faces=2).vectors)]
    assert np.abs(np.concatenate(images_seen).astype(int) - np.array(drawn)).mean() < 10
    model = model_of(halves, side=SIDE, crop=40)
    assert embed_some(made, model, faces=2).vectors.tobytes() == found.vectors.tobytes()
    turned = embed_some(made, model, faces=2, flip=True)
    assert np.abs(turned.vectors - found.vectors).max() > 0.01
    # Both halves of a face and its mirror image are alike.
    np.testing.assert_allclose(turned.vectors[:, :3], turned.vectors[:, 3:], atol=1e-6)


def test_a_file_of_all_embeddings_gives_the_same(made: FaceDataset, tmp_path: Path) -> None:
    model = model_of(halves, side=SIDE)
    embed_source(model, faces_of_dataset(str(made.path))).save(tmp_path / "all.npz")
    found, wanted = some_of(made, Embeddings.load(tmp_path / "all.npz"), faces=3), embed_some(made, model, faces=3)
    assert found.owners.tolist() == wanted.owners.tolist() and found.left_out == 0
    np.testing.assert_allclose(found.vectors, wanted.vectors, atol=1e-6)


def test_a_file_of_another_dataset_is_refused_by_what_it_says(made: FaceDataset, tmp_path: Path) -> None:
    other = FaceDataset.open(write_dataset(tmp_path / "other", [[4] * 20, [9] * 3]))
    all_of_other = embed_source(model_of(halves, side=SIDE), faces_of_dataset(str(other.path)))
    with pytest.raises(EthnoshardError) as refused:
        some_of(made, all_of_other)
    assert made.fingerprint[:16] in str(refused.value) and other.fingerprint[:16] in str(refused.value)
    # Another program's says nothing, and is believed if it has every face.
    silent = Embeddings(vectors=all_of_other.vectors, keys=all_of_other.keys, identities=all_of_other.identities)
    assert len(some_of(other, silent, faces=2).owners) == 46
    with pytest.raises(EthnoshardError, match="have no embedding in the file, by their names"):
        some_of(made, silent)
    photographs = {"place": {"kind": "photographs", "name": "faces.tar", "source_contents": "a" * 64}}
    with pytest.raises(EthnoshardError, match=r"'faces\.tar', photographs with the contents aaaaaaaaaaaaaaaa"):
        some_of(other, Embeddings(**{**vars(silent), "facts": photographs}))
    align = other.manifest.align
    packed = replace(other.manifest, align=replace(align, source=replace(align.source, contents="a" * 64)))
    of_photographs = replace(other, manifest=packed)
    assert len(some_of(of_photographs, Embeddings(**{**vars(silent), "facts": photographs}), faces=2).owners) == 46


def test_bad_faces_are_left_out_and_counted(tmp_path: Path) -> None:
    dataset = FaceDataset.open(write_dataset(tmp_path / "broken", [[3] * 10]))
    table = dataset.faces()
    with dataset.shard_path(0).open("r+b") as shard:
        for row in (0, 1, 2, 10):
            shard.seek(table["offset"][row] + 2)
            shard.write(bytes(table["length"][row] - 2))
    found = embed_some(dataset, numbers)
    assert found.left_out == 4 and len(found.owners) == 26
    assert 0 not in found.owners and Counter(found.owners.tolist())[3] == 2


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_broken_network_is_said_to_be_one(made: FaceDataset, value: float) -> None:
    with pytest.raises(EthnoshardError, match="50 of 50 embeddings are NaN, infinite or zero"):
        embed_some(made, lambda images: np.full((len(images), 4), value, np.float32), faces=1)


def test_what_a_model_can_not_have_is_said(made: FaceDataset) -> None:
    with pytest.raises(EthnoshardError, match="needs the five-point alignment, for which the photographs are needed"):
        embed_some(made, model_of(means, alignment="five-point"))
    with pytest.raises(EthnoshardError, match=r"looks at 50 pixels of a face, but those of .* have 48"):
        embed_some(made, model_of(means, crop=50))
    with pytest.raises(EthnoshardError, match="--faces must be at least 1, got 0"):
        embed_some(made, numbers, faces=0)
