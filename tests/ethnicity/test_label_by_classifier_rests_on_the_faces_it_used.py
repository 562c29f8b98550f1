"""Up to so many faces of each identity, drawn by seed; their probabilities averaged; nothing lost silently."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from PIL import Image

from ethnoshard.alignment import AlignSettings, align
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity import Progress, compare_with_classifier, label_by_classifier, label_from_file
from ethnoshard.work import LABEL_FACES_SCHEMA, LABELS_SCHEMA, WorkFolder, read_labels

SIDE = 16
FILES = ("labels.parquet", "label_faces.parquet", "label.json")


class Brightness:
    """The probability of "light" is the mean brightness."""

    name, classes, sha256 = "brightness", ("dark", "light"), "0123456789abcdef" * 4
    runtime = "numpy 2"

    def probabilities(self, faces: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        light = np.array([face.mean() / 255 for face in faces], np.float32)
        return np.stack([1 - light, light], axis=1)


class Undecided(Brightness):
    def probabilities(self, faces: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.full((len(faces), 2), 0.5, np.float32)


class Failing(Brightness):
    def probabilities(self, faces: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        if any(face.mean() > 240 for face in faces):
            raise EthnoshardError("no memory")
        return super().probabilities(faces)


class Broken(Brightness):
    def probabilities(self, faces: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.full((len(faces), 2), np.nan, np.float32)


def aligned(folder: Path, people: dict[str, list[int]], *, part_images: int = 3) -> Path:
    """A work folder of grey faces, given by brightness; -1 is a file that is no picture."""
    for identity, levels in people.items():
        home = folder / "faces" / identity
        home.mkdir(parents=True)
        for number, level in enumerate(levels):
            path = home / f"{number:03d}.jpg"
            if level < 0:
                path.write_bytes(b"no picture")
            else:
                Image.new("RGB", (SIDE, SIDE), (level,) * 3).save(path, quality=95)
    settings = AlignSettings(aligned=True, size=SIDE, part_images=part_images)
    align(folder / "faces", folder / "work", settings, workers=1)
    return folder / "work"


def damage(work: Path, identity: str, *numbers: int) -> None:
    """Overwrite faces of an identity in the part's tar."""
    folder = WorkFolder(work)
    table = folder.faces(folder.finished().parts).filter(pl.col("identity") == identity)
    for number in numbers:
        row = table.row(number, named=True)
        with folder.part_path(row["part"]).open("r+b") as file:
            file.seek(row["offset"])
            file.write(bytes(row["length"]))


def used(work: Path, identity: str) -> list[str]:
    faces = pl.read_parquet(work / "label_faces.parquet").filter(pl.col("identity") == identity)
    return faces["image"].to_list()


def row(work: Path, identity: str) -> dict[str, object]:
    return read_labels(WorkFolder(work)).row(by_predicate=pl.col("identity") == identity, named=True)


PEOPLE = {
    "a": [10, 60, 110, 160, 210, 250],
    "b": [200],
    "c": [100, 120, 160, 100],
    "d": [30, 40, 50, 60, 70],
}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return aligned(tmp_path, PEOPLE)


def test_the_mean_is_over_the_faces_that_were_used_and_no_others(work: Path) -> None:
    labelling = label_by_classifier(work, images=3, workers=1, load=Brightness)
    faces = pl.read_parquet(work / "label_faces.parquet")
    assert labelling.table.schema == LABELS_SCHEMA and faces.schema == LABEL_FACES_SCHEMA
    assert read_labels(WorkFolder(work)).equals(labelling.table)
    assert labelling.table["identity"].to_list() == list(PEOPLE)
    assert faces["identity"].unique(maintain_order=True).to_list() == list(PEOPLE)
    assert labelling.table["faces"].to_list() == [6, 1, 4, 5]
    assert labelling.table["faces_used"].to_list() == [3, 1, 3, 3]
    for identity, levels in PEOPLE.items():
        images = used(work, identity)
        assert images == sorted(set(images)), "each at most once, in the order of the source"
        lights = [levels[int(image[-7:-4])] / 255 for image in images]
        light = sum(lights) / len(lights)
        group = "light" if light > 0.5 else "dark"
        found = row(work, identity)
        assert found["probabilities"] == pytest.approx([1 - light, light], abs=1e-6)
        assert (found["group"], found["confidence"]) == (group, pytest.approx(max(light, 1 - light), abs=1e-6))
        votes = [(one > 0.5) == (light > 0.5) for one in lights]
        assert found["agreement"] == pytest.approx(sum(votes) / len(votes))
    assert row(work, "b")["confidence"] == pytest.approx(200 / 255, abs=1e-6), "not divided by --images"
    assert set(labelling.table["source"]) == {"classifier brightness 0123456789ab"}


def test_all_faces_are_used_where_there_are_no_more_than_asked_for(work: Path) -> None:
    label_by_classifier(work, images=5, workers=1, load=Brightness)
    assert used(work, "c") == [f"c/{number:03d}.jpg" for number in range(4)]
    assert row(work, "c")["agreement"] == pytest.approx(3 / 4)


def test_the_choice_depends_on_the_seed_and_the_identity_alone(work: Path, tmp_path: Path) -> None:
    label_by_classifier(work, images=2, seed=3, workers=1, load=Brightness)
    elsewhere = aligned(tmp_path / "more", {"A": [5, 5], **PEOPLE, "aa": [9] * 7, "e": [1]}, part_images=8)
    label_by_classifier(elsewhere, images=2, seed=3, workers=1, load=Brightness)
    assert [used(work, identity) for identity in PEOPLE] == [used(elsewhere, identity) for identity in PEOPLE]
    chosen = {seed: label_and_list(work, seed) for seed in range(6)}
    assert chosen[3] == [used(elsewhere, identity) for identity in PEOPLE]
    assert len({str(images) for images in chosen.values()}) > 3


def label_and_list(work: Path, seed: int) -> list[list[str]]:
    label_by_classifier(work, images=2, seed=seed, workers=1, load=Brightness)
    return [used(work, identity) for identity in PEOPLE]


def test_every_face_is_as_likely_to_be_chosen(tmp_path: Path) -> None:
    work = aligned(tmp_path, {f"p{number:03d}": [9] * 4 for number in range(200)}, part_images=1000)
    label_by_classifier(work, images=1, workers=1, load=Brightness)
    chosen = pl.read_parquet(work / "label_faces.parquet")["image"].str.slice(-5, 1).value_counts()
    assert len(chosen) == 4 and chosen["count"].min() > 25, "50 expected of each, with a standard deviation of 6"


def test_one_worker_and_two_write_the_same_bytes(work: Path) -> None:
    label_by_classifier(work, images=3, workers=1, load=Brightness)
    once = [(work / name).read_bytes() for name in FILES]
    steps: list[int] = []
    totals: list[tuple[int, int]] = []
    label_by_classifier(
        work,
        images=3,
        workers=2,
        load=Brightness,
        progress=Progress(begun=lambda *total: totals.append(total), advance=steps.append),
    )
    assert [(work / name).read_bytes() for name in FILES] == once
    assert totals == [(10, 0)] and sum(steps) == 10


def test_below_the_least_confidence_the_group_is_unknown_and_the_probabilities_stay(work: Path) -> None:
    sure = label_by_classifier(work, workers=1, load=Brightness).table
    least = float(np.float32(sure["confidence"][1]))  # "b" is exactly at the limit
    unsure = label_by_classifier(work, min_confidence=least, workers=1, load=Brightness).table
    assert sure["group"].to_list() == ["light", "light", "dark", "dark"]
    assert unsure["group"].to_list() == ["unknown", "light", "unknown", "dark"]
    assert unsure.drop("group").equals(sure.drop("group"))


def test_a_damaged_face_is_replaced_by_the_next_of_the_identitys_order(work: Path) -> None:
    label_by_classifier(work, images=2, workers=1, load=Brightness)
    before = used(work, "d")
    label_by_classifier(work, images=3, workers=1, load=Brightness)
    (third,) = set(used(work, "d")) - set(before)
    damage(work, "d", int(before[0][-7:-4]))
    labelling = label_by_classifier(work, images=2, workers=1, load=Brightness)
    assert labelling.undecodable == [before[0]] and labelling.missing == []
    assert used(work, "d") == sorted([before[1], third])
    assert row(work, "d")["faces_used"] == 2
    assert json.loads((work / "label.json").read_text())["classifier"]["undecodable"] == 1


def test_an_identity_without_a_face_to_look_at_has_no_group_and_is_named(tmp_path: Path) -> None:
    work = aligned(tmp_path, {"a": [200, 210], "nobody": [-1, -1], "damaged": [30, 40]}, part_images=1)
    damage(work, "damaged", 0, 1)
    labelling = label_by_classifier(work, workers=1, load=Brightness)
    assert labelling.missing == ["damaged", "nobody"]
    assert sorted(labelling.undecodable) == ["damaged/000.jpg", "damaged/001.jpg"]
    for identity, faces in (("nobody", 0), ("damaged", 2)):
        assert row(work, identity) == {
            "identity": identity,
            "group": None,
            "confidence": None,
            "probabilities": None,
            "faces": faces,
            "faces_used": 0,
            "agreement": None,
            "source": "classifier brightness 0123456789ab",
        }
    damage(work, "a", 0, 1)
    with pytest.raises(EthnoshardError, match="no face to look at: 3 identities, 4 faces that could not be decoded"):
        label_by_classifier(work, workers=1, load=Brightness)


def test_of_equal_probabilities_the_first_group_is_taken(work: Path) -> None:
    table = label_by_classifier(work, workers=1, load=Undecided).table
    assert set(table["group"]) == {"dark"} and set(table["agreement"]) == {1.0}


@pytest.mark.parametrize(("load", "words"), [(Failing, "no memory"), (Broken, "brightness gave no probabilities")])
def test_a_classifier_that_fails_leaves_the_old_tables(work: Path, load: type[Brightness], words: str) -> None:
    label_by_classifier(work, workers=1, load=Brightness)
    before = {path.name: path.read_bytes() for path in work.iterdir() if path.is_file()}
    with pytest.raises(EthnoshardError, match=words):
        label_by_classifier(work, seed=1, workers=1, load=load)
    assert {path.name: path.read_bytes() for path in work.iterdir() if path.is_file()} == before


def test_the_record_says_which_classifier_and_how_it_was_asked(work: Path) -> None:
    label_by_classifier(work, images=6, seed=7, min_confidence=0.25, workers=1, load=Brightness)
    assert json.loads((work / "label.json").read_text()) == {
        "format": 1,
        "source": "classifier brightness 0123456789ab",
        "counts": {"identities": 4, "groups": {"dark": 2, "light": 2}, "without_group": 0},
        "left_out": [],
        "classifier": {
            "name": "brightness",
            "classes": ["dark", "light"],
            "sha256": "0123456789abcdef" * 4,
            "runtime": "numpy 2",
            "images": 6,
            "seed": 7,
            "min_confidence": 0.25,
            "faces_used": 16,
            "undecodable": 0,
        },
    }


def test_labels_from_a_file_leave_nothing_of_a_classifier_behind(work: Path, tmp_path: Path) -> None:
    label_by_classifier(work, workers=1, load=Brightness)
    (tmp_path / "labels.csv").write_text("identity,group\na,X\nb,Y\n")
    table = label_from_file(work, tmp_path / "labels.csv").table
    assert table["agreement"].null_count() == 4 and not (work / "label_faces.parquet").exists()
    record = json.loads((work / "label.json").read_text())
    assert (record["source"], record["classifier"]) == ("file labels.csv", None)
    assert record["counts"] == {"identities": 4, "groups": {"X": 1, "Y": 1}, "without_group": 2}


def test_a_comparison_keeps_the_files_labels_beside_the_classifiers_faces(work: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("identity,group\na,Light\nb,Dark\nd, dark \n")
    given = label_from_file(work, tmp_path / "labels.csv").table
    found = compare_with_classifier(work, images=9, workers=1, load=Brightness)
    assert found.matrix == {"Dark": {"Dark": 1, "Light": 1}, "Light": {"Dark": 0, "Light": 1}}
    assert found.left_out == 1 and found.equal.of == 3
    assert found.sources == ("file labels.csv", "classifier brightness 0123456789ab")
    assert read_labels(WorkFolder(work)).equals(given)
    assert len(pl.read_parquet(work / "label_faces.parquet")) == 16
    assert json.loads((work / "agreement.json").read_text())["matrix"] == found.matrix
    record = json.loads((work / "label.json").read_text())
    assert (record["source"], record["classifier"]["name"]) == ("file labels.csv", "brightness")
    label_by_classifier(work, workers=1, load=Brightness)
    assert not (work / "agreement.json").exists(), "it was of other labels"
    with pytest.raises(EthnoshardError, match="are by classifier brightness 0123456789ab already"):
        compare_with_classifier(work, workers=1, load=Brightness)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"images": 0}, "images must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"min_confidence": 1.5}, "min-confidence must be between 0 and 1, got 1.5"),
        ({"min_confidence": float("nan")}, "min-confidence must be between 0 and 1, got nan"),
        ({"workers": 0}, "workers must be at least 1, got 0"),
    ],
)
def test_a_setting_out_of_its_range_is_named(work: Path, setting: dict[str, float], words: str) -> None:
    with pytest.raises(EthnoshardError, match=words):
        label_by_classifier(work, load=Brightness, **setting)  # type: ignore[arg-type]
