import csv
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from facenet_pytorch import MTCNN
from numpy.typing import NDArray
from PIL import Image

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import read_bfw_pairs
from ethnoshard.synthetic import DrawnSettings, draw_face, draw_faces

Contents = Callable[[Path], dict[str, bytes]]

SMALL = DrawnSettings(identities=5, images=3, size=96, seed=7)
SHARES = {"A": 0.55, "B": 0.25, "C": 0.13, "D": 0.07}


def labels_of(folder: Path) -> dict[str, str]:
    with (folder / "labels.csv").open(newline="") as file:
        return {row["identity"]: row["group"] for row in csv.DictReader(file)}


def same_before_other(features: NDArray[np.float64], people: NDArray[np.int64]) -> float:
    """The chance that two images of one identity are nearer than two of different ones; half is no signal."""
    first, second = np.triu_indices(len(people), 1)
    distance = np.linalg.norm(features[first] - features[second], axis=1)
    same = people[first] == people[second]
    return float((distance[same][:, None] < distance[~same][None]).mean())


def test_mtcnn_finds_exactly_one_face_where_it_was_drawn() -> None:
    detector = MTCNN(keep_all=True, device="cpu")
    surely, odd = 0, []
    for identity in range(60):
        boxes, probabilities = detector.detect(Image.fromarray(draw_face(0, identity, 0, group=identity % 4)))
        if boxes is None or len(boxes) != 1:
            odd.append((identity, 0 if boxes is None else len(boxes)))
            continue
        left, top, right, bottom = boxes[0]
        assert left < 90 < right, (identity, boxes)
        assert top < 90 < bottom, (identity, boxes)
        assert 0.3 * 180 < bottom - top < 0.8 * 180, (identity, boxes)
        surely += probabilities[0] > 0.95
    assert len(odd) <= 3, odd
    assert surely >= 54


def test_the_same_settings_give_the_same_bytes_in_a_fresh_process(tmp_path: Path, contents_of: Contents) -> None:
    here = draw_faces(tmp_path / "here", SMALL)
    program = (
        "import sys; from ethnoshard.synthetic import DrawnSettings, draw_faces; "
        f"draw_faces(sys.argv[1], DrawnSettings(identities={SMALL.identities}, images={SMALL.images}, "
        f"size={SMALL.size}, seed={SMALL.seed}))"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "there")], check=True)
    assert contents_of(here) == contents_of(tmp_path / "there")


def test_a_face_depends_on_its_own_numbers_alone() -> None:
    alone = draw_face(3, 5, 2, group=1, size=96)
    for identity, image in ((5, 1), (4, 2), (9, 0)):
        draw_face(3, identity, image, group=0, size=96)
    np.testing.assert_array_equal(draw_face(3, 5, 2, group=1, size=96), alone)
    assert (alone.shape, alone.dtype) == ((96, 96, 3), np.uint8)


def test_more_identities_change_nobodys_number_of_pictures(tmp_path: Path) -> None:
    few = draw_faces(tmp_path / "few", SMALL)
    more = draw_faces(tmp_path / "more", replace(SMALL, identities=7))
    for home in (few / "faces").iterdir():
        assert len(list(home.iterdir())) == len(list((more / "faces" / home.name).iterdir()))


@pytest.mark.parametrize("other", [(1, 0, 0), (0, 1, 0), (0, 0, 1)], ids=["seed", "identity", "image"])
def test_another_seed_identity_or_image_is_another_picture(other: tuple[int, int, int]) -> None:
    first, second = draw_face(0, 0, 0, group=0), draw_face(*other, group=0)
    assert np.abs(first.astype(int) - second).mean() > 5
    backdrops = first[:20, :20].mean((0, 1)), second[:20, :20].mean((0, 1))
    assert np.abs(backdrops[0] - backdrops[1]).max() > 10


def test_another_seed_draws_other_people_in_other_groups(tmp_path: Path, contents_of: Contents) -> None:
    settings = replace(SMALL, identities=12, images=2)
    first = draw_faces(tmp_path / "first", settings)
    second = draw_faces(tmp_path / "second", replace(settings, seed=8))
    faces, others = (
        {data for path, data in contents_of(folder).items() if path.endswith(".jpg")} for folder in (first, second)
    )
    assert not faces & others
    assert labels_of(first) != labels_of(second)
    # By their names, too: whoever trains on the ones and tests on the others shares nobody.
    assert not {path.name for path in (first / "faces").iterdir()} & {
        path.name for path in (second / "faces").iterdir()
    }


def test_an_identity_is_nearer_to_itself_than_to_others_within_its_group_too() -> None:
    people, features = [], []
    for identity in range(24):
        for image in range(6):
            face = Image.fromarray(draw_face(0, identity, image, group=0)).crop((54, 54, 126, 126))
            people.append(identity)
            features.append(np.asarray(face.resize((8, 8), Image.Resampling.BOX), np.float64).ravel())
    # Raw pixels barely do it: pose, light and background vary, which is what a network has to learn to ignore.
    assert 0.55 < same_before_other(np.stack(features), np.array(people)) < 0.9


def test_every_group_is_there_in_its_unequal_share(tmp_path: Path) -> None:
    labels = labels_of(draw_faces(tmp_path / "drawn", replace(SMALL, identities=40, images=2, size=64)))
    assert list(labels) == [f"s7d{identity:04d}" for identity in range(40)]
    counts = Counter(labels.values())
    assert set(counts) == set(SHARES)
    for group, share in SHARES.items():
        assert abs(counts[group] - 40 * share) < 1
    assert "".join(labels.values()) != "".join(sorted(labels.values()))


@pytest.mark.parametrize("identities", [4, 5, 6, 7, 9, 14])
def test_every_group_is_there_among_few_identities(tmp_path: Path, identities: int) -> None:
    folder = draw_faces(tmp_path / "drawn", replace(SMALL, identities=identities, images=2, size=64))
    counts = Counter(labels_of(folder).values())
    assert set(counts) == set(SHARES)
    assert counts.total() == identities
    assert counts["A"] == max(counts.values())


def test_each_identity_has_half_to_one_and_a_half_times_the_images_asked_for(tmp_path: Path) -> None:
    folder = draw_faces(tmp_path / "drawn", DrawnSettings(identities=30, images=6, size=64))
    numbers = []
    for home in sorted((folder / "faces").iterdir()):
        names = sorted(path.name for path in home.iterdir())
        assert names == [f"{image:03d}.jpg" for image in range(len(names))]
        numbers.append(len(names))
    assert len(numbers) == 30
    assert (min(numbers), max(numbers)) == (3, 9)
    assert 5 < np.mean(numbers) < 7


def test_a_picture_is_a_jpeg_of_quality_95_of_what_draw_face_draws(tmp_path: Path) -> None:
    folder = draw_faces(tmp_path / "drawn", SMALL)
    person, group = next(row for row in labels_of(folder).items() if row[1] == "D")
    with Image.open(folder / "faces" / person / "001.jpg") as picture:
        assert picture.format == "JPEG"
        assert picture.quantization[0][0] == 2  # the first step of the standard table, 16, at quality 95
        pixels = np.asarray(picture).astype(int)
    assert np.abs(pixels - draw_face(7, int(person[3:]), 1, group="ABCD".index(group), size=96)).mean() < 4


def test_drawn_pairs_are_folds_of_different_people_and_of_as_many_pairs_of_two_as_of_one(tmp_path: Path) -> None:
    folder = draw_faces(tmp_path / "drawn", DrawnSettings(identities=40, images=6, size=64))
    pairs = read_bfw_pairs(folder / "pairs.csv")
    groups = labels_of(folder)
    assert sorted(set(pairs.fold.tolist())) == list(range(10))
    assert pairs.first_person is not None and pairs.second_person is not None
    seen: dict[str, int] = {}
    for first, second, fold in zip(pairs.first_person, pairs.second_person, pairs.fold.tolist(), strict=True):
        assert seen.setdefault(first, fold) == seen.setdefault(second, fold) == fold
    assert len(seen) == 40
    for fold in range(10):
        assert pairs.same[pairs.fold == fold].mean() == 0.5
    different = [
        groups[first] == groups[second]
        for first, second in zip(pairs.first_person[~pairs.same], pairs.second_person[~pairs.same], strict=True)
    ]
    assert 0.5 < np.mean(different) < 0.9
    assert all((folder / "faces" / key).exists() for key in (*pairs.first, *pairs.second))
    assert pairs.first_group is not None
    assert {groups[who] for who in seen} == set(pairs.first_group)


@pytest.mark.parametrize("identities", [2, 3, 5])
def test_few_people_make_one_fold_of_pairs(tmp_path: Path, identities: int) -> None:
    folder = draw_faces(tmp_path / "drawn", replace(SMALL, identities=identities, images=2, size=64))
    pairs = read_bfw_pairs(folder / "pairs.csv")
    assert set(pairs.fold.tolist()) == {0}
    assert pairs.same.any() and not pairs.same.all()


def test_one_person_alone_makes_no_pair(tmp_path: Path) -> None:
    folder = draw_faces(tmp_path / "drawn", replace(SMALL, identities=1, images=2, size=64))
    assert (folder / "pairs.csv").read_text() == "fold,p1,p2,label,att1,att2\n"


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(EthnoshardError, match="is not an empty folder; give a new one"):
        draw_faces(tmp_path, SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(EthnoshardError, match="is not an empty folder"):
        draw_faces(tmp_path / "mine.txt", SMALL)


def test_an_empty_folder_is_filled_and_returned(tmp_path: Path) -> None:
    assert draw_faces(tmp_path, SMALL) == tmp_path
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces", "labels.csv", "pairs.csv"]


def test_without_labels_the_drawing_was_stopped_midway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = 0

    def stops_at_the_fifth(path: Path, data: bytes) -> None:
        nonlocal written
        written += 1
        if written == 5:
            raise KeyboardInterrupt
        with path.open("wb") as file:
            file.write(data)

    monkeypatch.setattr(Path, "write_bytes", stops_at_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        draw_faces(tmp_path / "drawn", SMALL)
    assert not (tmp_path / "drawn" / "labels.csv").exists()


@pytest.mark.parametrize(
    ("setting", "value", "least"), [("identities", 0, 1), ("images", 1, 2), ("size", 63, 64), ("seed", -1, 0)]
)
def test_a_setting_out_of_range_is_named_with_its_numbers(setting: str, value: int, least: int) -> None:
    with pytest.raises(EthnoshardError, match=f"^{setting} must be at least {least}, got {value}$"):
        replace(SMALL, **{setting: value})
