"""Of a dataset packed with merges and moves, embeddings of the photographs are those of the very faces in it."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from stand_in_models import means, model_of

from ethnoshard._files import write_table
from ethnoshard.embedding import (
    embed_some,
    embed_source,
    faces_of_dataset,
    faces_of_work,
    some_of,
)
from ethnoshard.lookalikes import make_look_alikes
from ethnoshard.shards import Decision, Decisions, FaceDataset, pack, verify
from ethnoshard.work import WorkFolder

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def work(noise_work: Path, tmp_path: Path) -> Path:
    """The noise faces, as if the first three of each person were faces of one image, the middle one the largest."""
    folder = WorkFolder(Path(shutil.copytree(noise_work, tmp_path / "work")))
    for part in range(folder.finished().parts):
        table = folder.part_table(part)
        face = table["image"].str.slice(-5, 1).cast(pl.Int16)
        box = [[0.0, 0.0, 8.0 + (number == 1), 8.0] for number in face]
        table = table.with_columns(
            pl.when(face < 3).then(face).otherwise(0).alias("face").cast(pl.Int16),
            pl.when(face < 3).then(pl.col("identity") + "/000.jpg").otherwise("image").alias("image"),
            pl.Series("box", box, pl.List(pl.Float32)),
            pl.lit(8, pl.Int32).alias("width"),
            pl.lit(8, pl.Int32).alias("height"),
        )
        write_table(folder.part_path(part).with_suffix(".parquet"), table)
    return folder.path


@pytest.fixture
def dataset(work: Path, tmp_path: Path) -> FaceDataset:
    decisions = [
        Decision(identity="p000", action="merge-into", to="p007"),
        Decision(identity="p001", image="p001/000.jpg", action="leave-out"),
        Decision(identity="p004", image="p004/000.jpg#2", action="move-to", to="p001"),
        Decision(identity="p005", image="p005/000.jpg#3", action="move-to-new", to="new"),
        Decision(identity="p005", image="p005/003.jpg", action="move-to-new", to="new"),
    ]
    pack(work, tmp_path / "dataset", decisions=Decisions.of(decisions), workers=1)
    return FaceDataset.open(tmp_path / "dataset")


def test_each_face_has_the_key_that_it_has_in_the_work_folder(work: Path, dataset: FaceDataset) -> None:
    before, after = faces_of_work(work), faces_of_dataset(str(dataset.path))
    jpegs = dict(zip(before.keys, before.jpegs(), strict=True))
    assert {key: jpegs[key] for key in after.keys} == dict(zip(after.keys, after.jpegs(), strict=True))
    assert set(before.keys) - set(after.keys) == {"p001/000.jpg"}
    whose = dict(zip(after.keys, after.identities, strict=True))
    assert whose["p000/000.jpg#3"] == "p007" and whose["p004/000.jpg#2"] == "p001" and whose["p005/000.jpg#3"] == "new"
    # As any other reader finds it.
    images = dict(zip(after.keys, dataset.faces()["source_image"], strict=True))
    assert images["p000/000.jpg#2"] == "p000/000.jpg" and images["p004/000.jpg#2"] == "p004/000.jpg#2"
    assert verify(dataset.path, workers=1).faults == []


def test_look_alikes_are_the_same_by_embeddings_of_the_photographs(
    work: Path, dataset: FaceDataset, tmp_path: Path
) -> None:
    model = model_of(means, side=64)
    of_faces = embed_some(dataset, model, faces=9)
    of_photographs = some_of(dataset, embed_source(model, faces_of_work(work)), faces=9)
    np.testing.assert_array_equal(of_faces.owners, of_photographs.owners)
    np.testing.assert_allclose(of_faces.vectors, of_photographs.vectors, atol=1e-6)
    assert of_photographs.left_out == 0 and len(of_photographs.owners) == len(dataset.faces()) == 119
    made = [
        make_look_alikes(
            tmp_path / name, dataset=dataset, vectors=found.vectors, owners=found.owners, model_facts={}, k=3
        )
        for name, found in (("faces", of_faces), ("photographs", of_photographs))
    ]
    np.testing.assert_array_equal(made[0].nearest_of_all, made[1].nearest_of_all)
    assert len(made[0].nearest_of_all) == len(dataset.identities) == 30
