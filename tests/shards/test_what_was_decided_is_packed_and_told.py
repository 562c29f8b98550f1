"""A dataset packed with decisions is whole, tells them, and is taken for no other; without any nothing changed."""

import dataclasses
import hashlib
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from test_packing_stopped_at_any_step_goes_on import Steps, Stopped

from ethnoshard import EthnoshardError, FaceDataset
from ethnoshard.shards import (
    Decision,
    Decisions,
    PackSettings,
    describe,
    pack,
    read_decisions,
    settings_table,
    verify,
    write_decisions,
)
from ethnoshard.shards._format import FORMAT
from ethnoshard.shards._layout import digest, lay_out
from ethnoshard.work import PartFaces, WorkFolder, read_labels

SETTINGS = PackSettings(shard_bytes=2**17)
DECIDED = [
    Decision(identity="p029", action="merge-into", to="p001", kind="same-person", reason="p029, in the last part"),
    Decision(identity="p000", action="merge-into", to="p029", kind="same-person"),
    Decision(identity="p002", action="leave-out", kind="shared"),
    Decision(identity="p003", image="p003/001.jpg", action="leave-out", kind="stranger"),
    Decision(identity="p003", image="p003/002.jpg", action="move-to", to="p004", kind="stranger"),
    Decision(identity="p005", image="p005/000.jpg", action="move-to-new", to="p005, the other"),
    Decision(identity="p005", image="p005/003.jpg", action="move-to-new", to="p005, the other"),
]
"""Of the noise faces, four each of p000 to p029; p000 is of group A, p001 of B, p029 of C."""

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def decided(noise_work: Path, tmp_path: Path) -> Path:
    write_decisions(tmp_path / "audited.csv", DECIDED)
    pack(noise_work, tmp_path / "decided", SETTINGS, decisions=read_decisions(tmp_path / "audited.csv"), workers=1)
    return tmp_path / "decided"


def samples(dataset: Path) -> list[tuple[dict[str, Any], bytes]]:
    """JSON and JPEG of each sample, as any reader of tars finds them."""
    found = []
    for path in sorted((dataset / "shards").iterdir()):
        with tarfile.open(path) as tar:
            files = [tar.extractfile(member).read() for member in tar]  # type: ignore[union-attr]
        found += [(json.loads(about), jpeg) for jpeg, about in zip(files[::2], files[1::2], strict=True)]
    return found


def test_faces_are_with_whom_they_were_given_to_and_their_bytes_are_those_of_the_parts(
    decided: Path, noise_work: Path
) -> None:
    by_identity: dict[str, list[str]] = {}
    work = WorkFolder(noise_work)
    rows = work.faces(work.finished().parts)
    places = {image: place for image, *place in rows.select("image", "part", "offset", "length").iter_rows()}
    for about, jpeg in samples(decided):
        by_identity.setdefault(about["identity"], []).append(about["source_image"])
        part, offset, length = places[about["source_image"]]
        with PartFaces(work.part_path(part)) as faces:
            assert faces.read(offset, length) == jpeg
    assert by_identity["p001"] == [f"{name}/00{image}.jpg" for name in ("p001", "p000", "p029") for image in range(4)]
    assert by_identity["p003"] == ["p003/000.jpg", "p003/003.jpg"]
    assert by_identity["p004"] == [*(f"p004/00{image}.jpg" for image in range(4)), "p003/002.jpg"]
    assert by_identity["p005, the other"] == ["p005/000.jpg", "p005/003.jpg"]
    assert not {"p000", "p002", "p029"} & by_identity.keys() and len(by_identity) == 28
    assert {about["group"] for about, _ in samples(decided) if about["identity"] == "p001"} == {"B"}
    assert verify(decided, decode=True, workers=1).faults == []


def test_the_manifest_the_card_and_the_tables_say_what_was_decided(decided: Path) -> None:
    dataset = FaceDataset.open(decided)
    record = dataset.manifest.decisions
    assert record is not None and record.name == "audited.csv" and record.digest == Decisions.of(DECIDED).digest
    assert {name: dataclasses.astuple(counts) for name, counts in record.by_action.items()} == {
        "leave-out": (2, 1, 5),
        "merge-into": (2, 2, 8),
        "move-to": (1, 0, 1),
        "move-to-new": (2, 0, 2),
    }
    assert {name: counts.faces for name, counts in record.by_kind.items()} == {
        "by hand": 2, "same-person": 8, "shared": 4, "stranger": 2,
    }  # fmt: skip
    assert record.decisions == 7 and record.new_identities == 1
    left_out = dataset.manifest.left_out["decision"]
    assert (left_out.identities, left_out.faces) == (1, 5)
    assert describe(dataset).decisions == record
    settings = dict(settings_table(dataset).rows())
    assert settings["decisions: name"] == "audited.csv" and settings["decisions: by_action.leave-out.faces"] == "5"
    card = (decided / "README.md").read_text()
    assert "7 decisions of `audited.csv`" in card and "| merge-into | 2 | 2 | 8 |" in card
    assert "| stranger | 2 | 0 | 2 |" in card and "p029" not in card


def test_the_order_of_the_rows_changes_no_byte(
    decided: Path, noise_work: Path, tmp_path: Path, contents_of: Callable[[Path], dict[str, bytes]]
) -> None:
    turned = Decisions.of([*DECIDED[::-1], DECIDED[0]], "elsewhere/audited.csv")
    pack(noise_work, tmp_path / "turned", SETTINGS, decisions=turned, workers=1)
    assert contents_of(tmp_path / "turned") == contents_of(decided)


def test_other_decisions_are_refused_for_a_finished_and_for_an_unfinished_dataset(
    decided: Path, noise_work: Path, tmp_path: Path
) -> None:
    others = (None, Decisions.of(DECIDED[:-1]), Decisions.of([dataclasses.replace(DECIDED[0], kind="x"), *DECIDED[1:]]))
    for other in others:
        with pytest.raises(EthnoshardError, match="finished dataset of other settings, decisions, labels or faces"):
            pack(noise_work, decided, SETTINGS, decisions=other, workers=1)
    # The file's name and the reasons decide nothing.
    same = Decisions.of([dataclasses.replace(decision, reason="") for decision in DECIDED], "renamed.csv")
    assert pack(noise_work, decided, SETTINGS, decisions=same, workers=1).written == 0
    with pytest.MonkeyPatch.context() as patch:
        Steps(patch, 20)
        with pytest.raises(Stopped):
            pack(noise_work, tmp_path / "stopped", SETTINGS, decisions=same, workers=1)
    for other in others:
        with pytest.raises(EthnoshardError, match="unfinished dataset of other settings, other decisions or another"):
            pack(noise_work, tmp_path / "stopped", SETTINGS, decisions=other, workers=1)


def test_stopped_anywhere_it_goes_on_to_the_same_bytes(
    decided: Path, noise_work: Path, tmp_path: Path, contents_of: Callable[[Path], dict[str, bytes]]
) -> None:
    decisions, expected = read_decisions(tmp_path / "audited.csv"), contents_of(decided)
    with pytest.MonkeyPatch.context() as patch:
        steps = Steps(patch, None)
        pack(noise_work, tmp_path / "whole", SETTINGS, decisions=decisions, workers=1)
    for step in range(1, steps.taken, 7):
        target = tmp_path / f"stopped-{step}"
        with pytest.MonkeyPatch.context() as patch:
            Steps(patch, step)
            with pytest.raises(Stopped):
                pack(noise_work, target, SETTINGS, decisions=decisions, workers=1)
        pack(noise_work, target, SETTINGS, decisions=decisions, workers=1)
        assert contents_of(target) == expected, f"stopped at step {step} of {steps.taken}"
        shutil.rmtree(target)


def test_without_decisions_manifest_plan_and_card_are_those_of_before_there_were_any(
    noise_work: Path, noise_dataset: Path
) -> None:
    manifest = json.loads((noise_dataset / "dataset.json").read_text())
    assert list(manifest) == [
        "format", "fingerprint", "plan", "image_size", "groups", "identities", "faces", "bytes", "left_out", "align",
        "label", "pack", "index", "shards",
    ]  # fmt: skip
    work = WorkFolder(noise_work)
    settings = {"shard_bytes": manifest["pack"]["shard_bytes"]}
    layout = lay_out([work.faces(work.finished().parts)], read_labels(work), settings["shard_bytes"])
    plan = {
        "format": FORMAT,
        "settings": settings,
        "layout": digest(layout),
        "align": json.loads(work.record_path.read_text()),
    }
    assert manifest["plan"] == hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()
    assert "No identity was left out.\n\nVersions:" in (noise_dataset / "README.md").read_text()
    dataset = FaceDataset.open(noise_dataset)
    assert dataset.manifest.decisions is None
    assert settings_table(dataset).filter(pl.col("setting").str.starts_with("decisions")).is_empty()


def test_no_decisions_at_all_are_none(noise_work: Path, tmp_path: Path) -> None:
    whole = pack(noise_work, tmp_path / "whole", SETTINGS, workers=1).manifest
    assert pack(noise_work, tmp_path / "whole", SETTINGS, decisions=Decisions.of([]), workers=1).manifest == whole


def test_the_fingerprint_follows_what_is_packed(decided: Path, noise_work: Path, tmp_path: Path) -> None:
    def fingerprint(*decisions: Decision) -> str:
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        return pack(noise_work, folder, SETTINGS, decisions=Decisions.of(decisions), workers=1).manifest.fingerprint

    found = {fingerprint(*DECIDED[:number]) for number in (1, 2, 3, 4, 5, 7)}
    assert len(found) == 6 and FaceDataset.open(decided).fingerprint in found
    assert fingerprint(DECIDED[2], dataclasses.replace(DECIDED[3], kind="other", reason="x")) == fingerprint(
        *DECIDED[2:4]
    )


def test_parts_that_many_faces_came_from_are_not_all_open_at_once(
    noise_work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = [Decision(identity=f"p{number:03d}", action="merge-into", to="p000") for number in range(1, 30)]
    opened: list[PartFaces] = []

    class Counted(PartFaces):
        def __init__(self, path: Path) -> None:
            super().__init__(path)
            opened.append(self)
            assert len(opened) <= 2

        def close(self) -> None:
            super().close()
            opened.remove(self)

    monkeypatch.setattr("ethnoshard.shards._write_shard.PartFaces", Counted)
    monkeypatch.setattr("ethnoshard.shards._write_shard._OPEN_PARTS", 2)
    pack(noise_work, tmp_path / "one", SETTINGS, decisions=Decisions.of(everybody), workers=1)
    assert opened == []
    images = [about["source_image"] for about, _ in samples(tmp_path / "one")]
    assert images == [f"p{number:03d}/00{image}.jpg" for number in range(30) for image in range(4)]
    assert verify(tmp_path / "one", workers=1).faults == []
