"""``--faces all``: pairs get the face that ``--faces one`` keeps, and every other one is there under a number."""

import dataclasses
import itertools
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from PIL import Image
from stand_in_models import means, model_of

from ethnoshard._files import write_table
from ethnoshard.alignment import AlignSettings, align
from ethnoshard.alignment._align_part import best_face
from ethnoshard.alignment._detector import Faces as Detected
from ethnoshard.embedding import AlignedFaces, Embeddings, embed_source, faces_of_dataset, faces_of_work
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity import label_by_classifier, label_from_file
from ethnoshard.shards import pack
from ethnoshard.work import PART_SCHEMA, chosen_first

WIDTHS = ((180, 180), (150, 190), (190, 150), (160, 180))
"""Of the two people in a picture, pixels."""


@pytest.fixture(scope="module")
def together(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Work folders ``one`` and ``all`` of three drawn people, each beside another one."""
    folder = tmp_path_factory.mktemp("together")
    people = sorted((drawn / "faces").iterdir())[:4]
    for person, other in itertools.pairwise(people):
        (folder / "faces" / person.name).mkdir(parents=True)
        pictures = zip(WIDTHS, sorted(person.iterdir()), sorted(other.iterdir()), strict=False)
        for number, ((left, right), *files) in enumerate(pictures):
            picture = Image.new("RGB", (left + right, 190), "grey")
            for place, side, file in zip((0, left), (left, right), files, strict=True):
                with Image.open(file) as image:
                    picture.paste(image.resize((side, side)), (place, 0))
            picture.save(folder / "faces" / person.name / f"{number}.png")
    for faces in ("one", "all"):
        align(folder / "faces", folder / faces, AlignSettings(faces=faces, part_images=4), workers=1)
    names = "".join(f"{person.name},{group}\n" for person, group in zip(people, "AABB", strict=True))
    (folder / "labels.csv").write_text(f"identity,group\n{names}")
    return folder


def test_a_key_without_a_number_is_the_face_that_one_keeps_and_none_is_lost(together: Path) -> None:
    one, every = faces_of_work(together / "one"), faces_of_work(together / "all")
    kept, found = (dict(zip(faces.keys, faces.jpegs(), strict=True)) for faces in (one, every))
    assert len(kept) >= 9 and len(found) > len(kept)
    assert {key: found[key] for key in kept} == kept
    rows = AlignedFaces(together / "all").table
    # Otherwise this would be true of whoever takes the first one.
    assert rows.group_by("image", maintain_order=True).first()["face"].max() == 1
    assert len(found) == rows["length"].count()
    assert set(found) - set(kept) == {f"{key}#2" for key in kept if f"{key}#2" in found}


def test_landmarks_and_photographs_are_those_of_the_same_face(together: Path) -> None:
    one, every = (faces_of_work(together / name, together / "faces") for name in ("one", "all"))
    assert one.photographs is not None and every.photographs is not None
    landmarks = {key: each.landmarks for key, each in zip(every.keys, every.photographs(), strict=True)}
    for key, each in zip(one.keys, one.photographs(), strict=True):
        np.testing.assert_array_equal(landmarks[key], each.landmarks)
        if f"{key}#2" in landmarks:
            assert np.abs(landmarks[f"{key}#2"] - each.landmarks).max() > 20


def test_a_dataset_of_all_faces_gives_pairs_the_same_ones(together: Path, tmp_path: Path) -> None:
    found = {}
    for name in ("one", "all"):
        label_from_file(together / name, together / "labels.csv")
        pack(together / name, tmp_path / name, workers=1)
        faces = faces_of_dataset(str(tmp_path / name))
        found[name] = dict(zip(faces.keys, faces.jpegs(), strict=True))
    assert len(found["all"]) > len(found["one"])
    assert {key: found["all"][key] for key in found["one"]} == found["one"]


class Brightness:
    """The probability of "light" is the mean brightness."""

    name, classes, sha256 = "brightness", ("dark", "light"), "0123456789abcdef" * 4

    def probabilities(self, faces: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        light = np.array([face.mean() / 255 for face in faces], np.float32)
        return np.stack([1 - light, light], axis=1)


def test_a_person_is_labelled_by_the_own_faces_not_by_whom_they_stand_beside(together: Path) -> None:
    said = []
    for name in ("one", "all"):
        label_by_classifier(together / name, load=Brightness, images=3, workers=1)
        said.append(pl.read_parquet(together / name / "label_faces.parquet").drop("face"))
    assert said[0].equals(said[1])


def test_the_rule_is_the_one_of_aligning_whatever_the_boxes() -> None:
    rng = np.random.default_rng(0)
    rows, best = [], []
    for image in range(300):
        number = int(rng.integers(1, 6))
        height, width = (int(side) for side in rng.integers(100, 400, 2))
        corner = rng.uniform(-30, 300, (number, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(10, 200, (number, 2))], 1).astype(np.float32)
        # Two alike: the first of them.
        boxes = boxes[rng.integers(0, number, number)]
        detected = Detected(boxes, np.full(number, 0.9, np.float32), np.zeros((number, 5, 2), np.float32))
        best.append(best_face(detected, height, width))
        rows += [
            {"identity": "a", "image": str(image), "face": face, "status": "aligned", "width": width, "height": height,
             "box": box.tolist(), "faces_found": number}
            for face, box in enumerate(boxes)
        ]  # fmt: skip
    table = chosen_first(pl.DataFrame(rows, schema={name: PART_SCHEMA[name] for name in rows[0]}))
    found = table.group_by("image", maintain_order=True).agg(pl.col("face"))
    assert found["image"].to_list() == [str(image) for image in range(300)]
    assert [faces[0] for faces in found["face"].to_list()] == best
    for faces in found["face"].to_list():
        assert faces[1:] == sorted(faces[1:]) and sorted(faces) == list(range(len(faces)))


def test_further_faces_are_known_by_their_keys_alone(together: Path) -> None:
    embedded = embed_source(model_of(means), faces_of_work(together / "all"))
    one = embedded.one_an_image()
    assert one.keys.tolist() == faces_of_work(together / "one").keys
    assert len(one.vectors) == len(one.identities) == len(one) < len(embedded)
    assert one.one_an_image() is one
    alone = Embeddings(vectors=np.eye(3), keys=np.array(["a#2", "b", "b#x"]), identities=np.array(["", "", ""]))
    assert alone.one_an_image().keys.tolist() == ["a#2", "b", "b#x"]
    assert dataclasses.replace(alone, keys=np.array(["b#2", "b", "b#3"])).one_an_image().keys.tolist() == ["b"]


def test_landmarks_that_are_not_five_points_are_one_message(together: Path, tmp_path: Path) -> None:
    work = Path(shutil.copytree(together / "one", tmp_path / "work"))
    path = next((work / "parts").glob("*.parquet"))
    table = pl.read_parquet(path)
    write_table(path, table.with_columns(pl.col("landmarks").list.head(8)))
    with pytest.raises(EthnoshardError, match="landmarks are not five points; align into a new folder"):
        faces_of_work(work, together / "faces")
