"""Drawn faces: MTCNN finds them, a seed decides every byte, people are told apart, groups are unequal."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ethnoshard.alignment import FaceDetector
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import DrawnSettings, draw_face, draw_faces
from ethnoshard.sources._drawn import groups_of

SMALL = DrawnSettings(identities=5, images=3, size=96, seed=7)


def digest(folder: Path) -> str:
    sha = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            sha.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return sha.hexdigest()


def test_the_detector_finds_exactly_one_face_in_nearly_all() -> None:
    groups = groups_of(30, 0)
    images = [draw_face(0, identity, image, group=groups[identity]) for identity in range(30) for image in range(3)]
    found = FaceDetector().detect(images)
    assert np.mean([len(faces.boxes) == 1 for faces in found]) >= 0.95
    assert np.median([faces.probabilities[0] for faces in found if len(faces.boxes)]) > 0.99


def test_the_seed_decides_every_byte_in_any_process(tmp_path: Path) -> None:
    draw_faces(tmp_path / "here", SMALL)
    code = (
        "import sys; from ethnoshard.sources import DrawnSettings, draw_faces;"
        "draw_faces(sys.argv[1], DrawnSettings(identities=5, images=3, size=96, seed=int(sys.argv[2])))"
    )
    for name, seed in (("there", "7"), ("other", "8")):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name), seed], check=True)
    assert digest(tmp_path / "there") == digest(tmp_path / "here") != digest(tmp_path / "other")


def test_a_person_looks_more_like_himself_than_like_others() -> None:
    groups = groups_of(12, 0)
    looks = []
    for identity in range(12):
        for image in range(4):
            face = Image.fromarray(draw_face(0, identity, image, group=groups[identity])).crop((50, 40, 130, 140))
            looks.append(np.asarray(face.resize((8, 10)), float).ravel())
    distances = np.linalg.norm(np.array(looks)[:, None] - np.array(looks), axis=2)
    owner = np.repeat(np.arange(12), 4)
    pairs = np.triu_indices(48, 1)
    same = owner[pairs[0]] == owner[pairs[1]]
    own, other = distances[pairs][same], distances[pairs][~same]
    auc = np.mean(own[:, None] < other)
    assert 0.6 < auc < 0.999, "told apart, but not by the first glance at the colours"


def test_every_group_is_there_in_unequal_shares() -> None:
    counts = np.bincount(groups_of(100, 3))
    assert counts.tolist() == [55, 25, 13, 7]
    assert sorted(groups_of(4, 1)) == [0, 1, 2, 3]
    assert len(groups_of(2, 1)) == 2


def test_wrong_settings_and_a_used_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EthnoshardError, match="images is at least 2; 1 is not"):
        DrawnSettings(images=1)
    (tmp_path / "x").write_text("x")
    with pytest.raises(EthnoshardError, match="is not an empty folder"):
        draw_faces(tmp_path, SMALL)
    with pytest.raises(EthnoshardError, match="is not an empty folder"):
        draw_faces(tmp_path / "x", SMALL)
