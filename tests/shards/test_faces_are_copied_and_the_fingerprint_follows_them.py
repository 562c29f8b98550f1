"""A face's bytes are those of its part; the fingerprint changes with a label, a face, a name, not with the folder."""

import json
import shutil
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from ethnoshard.alignment import AlignSettings, align
from ethnoshard.ethnicity import label_from_file
from ethnoshard.shards import PackSettings, pack

pytestmark = pytest.mark.usefixtures("here")


def packed(source: Path, folder: Path, name: str = "dataset") -> str:
    """Align, label and pack; the fingerprint. The faces are scaled, so that a part's bytes are not the source's."""
    align(source / "faces", folder / "work", AlignSettings(aligned=True, size=48, part_images=8), workers=1)
    label_from_file(folder / "work", source / "labels.csv")
    report = pack(folder / "work", folder / name, PackSettings(shard_bytes=2**16), workers=1)
    return report.manifest.fingerprint


def test_the_bytes_of_a_face_are_those_of_its_part(noise: Path, tmp_path: Path) -> None:
    packed(noise, tmp_path)
    parts = []
    for path in sorted((tmp_path / "work" / "parts").glob("*.tar")):
        with tarfile.open(path) as tar:
            parts += [tar.extractfile(member).read() for member in tar]
    shards = []
    for path in (tmp_path / "dataset" / "shards").glob("*.tar"):
        with tarfile.open(path) as tar:
            members = tar.getmembers()
            for jpeg, described in zip(members[::2], members[1::2], strict=True):
                image = json.loads(tar.extractfile(described).read())["source_image"]
                shards.append((image, tar.extractfile(jpeg).read()))
    assert [content for _, content in sorted(shards)] == parts and len(parts) == 120


def test_the_fingerprint_follows_labels_faces_and_names(noise: Path, tmp_path: Path) -> None:
    def variant(name: str) -> Path:
        return Path(shutil.copytree(noise, tmp_path / name / "source"))

    plain = packed(noise, tmp_path / "plain")
    assert packed(noise, tmp_path / "again", "another name") == plain

    label = variant("label")
    table = (label / "labels.csv").read_text()
    assert table.count("p001,B") == 1
    (label / "labels.csv").write_text(table.replace("p001,B", "p001,A"))

    face = variant("face")
    Image.new("RGB", (64, 64), "grey").save(face / "faces" / "p001" / "000.jpg")

    named = variant("named")
    (named / "faces" / "p001").rename(named / "faces" / "p001x")
    (named / "labels.csv").write_text(table.replace("p001,", "p001x,"))

    fingerprints = {
        plain,
        *(packed(tmp_path / name / "source", tmp_path / name) for name in ("label", "face", "named")),
    }
    assert len(fingerprints) == 4
