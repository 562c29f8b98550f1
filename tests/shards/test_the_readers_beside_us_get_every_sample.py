"""The programs of docs/examples/readers find every face of a dataset, its bytes and what is said of it."""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ethnoshard import FaceDataset
from ethnoshard.alignment import AlignSettings, align
from ethnoshard.ethnicity import label_from_file
from ethnoshard.shards import pack, verify

EXAMPLES = Path(__file__).parent.parent.parent / "docs" / "examples" / "readers"
ODD = ("人: 'a' \"b\" {c}", "- #x")
"""Names of groups with all that means something in YAML."""


@pytest.fixture
def packed(tmp_path: Path, make_noise: Callable[..., Path], here: None) -> Callable[..., Path]:
    """Pack 8 people of 3 faces: of one group or two, the first ones' confidence unknown."""

    def make(*groups: str, name: str = "dataset") -> Path:
        photos = make_noise(tmp_path / f"{name}-photos", 8, 3)
        rows = [
            f'p{person:03d},"{groups[person % len(groups)].replace(chr(34), chr(34) * 2)}",{"" if person < 6 else 0.75}'
            for person in range(8)
        ]
        labels = tmp_path / f"{name}.csv"
        labels.write_text("identity,group,confidence\n" + "\n".join(rows) + "\n")
        work = tmp_path / f"{name}-work"
        align(photos / "faces", work, AlignSettings(aligned=True, size=None))
        label_from_file(work, labels)
        pack(work, tmp_path / name, workers=1)
        return tmp_path / name

    return make


def expected(folder: Path) -> tuple[int, str]:
    """Number of samples, and the digest that the examples print, from ethnoshard's own index."""
    dataset = FaceDataset.open(folder)
    people = dataset.identities.rows(named=True)
    texts, face, last = [], 0, -1
    for row in dataset.faces().rows(named=True):
        number, person = row["identity"], people[row["identity"]]
        face, last = (face + 1 if number == last else 0), number
        shard = dataset.shard_path(person["shard"]).read_bytes()
        said = {
            "identity": person["identity"],
            "identity_number": number,
            "group": person["group"],
            "confidence": person["confidence"],
            "source_image": row["source_image"],
        }
        jpeg = hashlib.sha256(shard[row["offset"] : row["offset"] + row["length"]]).hexdigest()
        texts.append(json.dumps([f"{number:07d}-{face:05d}", jpeg, said], ensure_ascii=False, sort_keys=True))
    return len(texts), hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()


def read_with(reader: str, folder: Path) -> list[dict[str, Any]]:
    home = folder.parent / f"home-of-{reader}"
    run = subprocess.run(
        [sys.executable, EXAMPLES / f"with_{reader}.py", folder],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(home)},
    )
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("reader", ["webdataset", "wids", "datasets"])
@pytest.mark.parametrize("groups", [ODD[:1], ODD])
def test_every_face_its_bytes_and_what_is_said_of_it(
    reader: str, groups: tuple[str, ...], packed: Callable[..., Path]
) -> None:
    folder = packed(*groups)
    assert len(list(folder.glob("shards/*.tar"))) == len(groups), "no more than the two tables"
    stored, shuffled = read_with(reader, folder)
    samples, digest = expected(folder)
    assert (stored["order"], shuffled["order"]) == ("stored", "shuffled")
    for told in (stored, shuffled):
        assert (told["samples"], told["sha256"]) == (samples, digest)
        assert told["groups"] == {group: 24 // len(groups) for group in groups}


@pytest.mark.usefixtures("here")
def test_verify_minds_no_card(packed: Callable[..., Path]) -> None:
    folder = packed("A")
    card = folder / "README.md"
    text = card.read_text()
    assert text.startswith("---\nconfigs:\n")
    for content in (text.split("---\n", 2)[2], ""):
        card.write_text(content)
        assert verify(folder, workers=1).faults == []
    card.unlink()
    assert verify(folder, workers=1).faults == []


def test_settings_of_the_card_are_those_of_the_samples(packed: Callable[..., Path]) -> None:
    folder = packed(*ODD)
    head = yaml.safe_load((folder / "README.md").read_text().split("---\n")[1])
    [config] = head["configs"]
    assert config["data_files"] == [{"split": "train", "path": "shards/*.tar"}]
    fields = {field["name"]: field for field in head["dataset_info"]["features"]}
    assert set(fields) == {"jpg", "json", "__key__", "__url__"}
    [shard, *_] = folder.glob("shards/*.tar")
    with tarfile.open(shard) as tar:
        member = next(member for member in tar if member.name.endswith(".json"))
        said = json.load(tar.extractfile(member))
    assert [field["name"] for field in fields["json"]["struct"]] == list(said)
