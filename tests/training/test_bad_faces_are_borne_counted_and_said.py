"""A training bears as many bad faces as its settings say, and what took their place is said, recorded and listed."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from small_runs import run

from ethnoshard import EthnoshardError, FaceDataset
from ethnoshard.runs import RunFolder, list_runs, replaced_in
from ethnoshard.training import TrainingSettings, TrainingWatch, TripletTrainer, parse_assignments
from tests.kit.datasets import pattern_jpeg, write_dataset
from tests.kit.jpegs import half, spare

BAD = {(1, 2), (4, 0), (9, 1)}


@pytest.fixture
def spoilt(tmp_path: Path) -> FaceDataset:
    """72 faces of 12 people in two groups, of which three lack half of their pixels."""

    def picture(identity: int, face: int) -> bytes:
        content = pattern_jpeg(identity, face)
        return half(content) if (identity, face) in BAD else content

    return FaceDataset.open(write_dataset(tmp_path / "spoilt", [[6] * 6, [6] * 6], picture=picture))


def test_the_limit_is_a_setting_and_may_be_raised_to_go_on(
    train: Callable[..., TripletTrainer], spoilt: FaceDataset
) -> None:
    with pytest.raises(EthnoshardError, match=r"bad: .*premature end.*With it 3 faces are, .*max_bad_faces=2 allows"):
        train(dataset=spoilt, max_bad_faces=2).train()
    stopped = train(dataset=spoilt, max_bad_faces=2).run
    assert stopped.record()["settings"]["max_bad_faces"] == 2
    assert list_runs(stopped.path)[0].status == "failed"
    record = train(dataset=spoilt, max_bad_faces=3).train(resume=True)
    assert record["status"] == "finished" and record["settings"]["max_bad_faces"] == 3


def test_a_run_of_before_there_was_a_limit_is_gone_on_with(train: Callable[..., TripletTrainer]) -> None:
    trainer = train(epochs=1)
    trainer.train()
    record = json.loads(trainer.run.record_path.read_text())
    del record["settings"]["max_bad_faces"]
    trainer.run.record_path.write_text(json.dumps(record))
    assert train(epochs=1).train(resume=True)["status"] == "finished"


@pytest.mark.parametrize("value", ["-1", "nan", "true", "many"])
def test_a_limit_that_makes_no_sense_is_refused(value: object) -> None:
    with pytest.raises(EthnoshardError, match="max_bad_faces"):
        TrainingSettings().changed(parse_assignments([f"max_bad_faces={value}"]), "--set")


def test_what_was_replaced_is_said_after_each_epoch_at_the_end_and_in_the_list_of_runs(
    spoilt: FaceDataset,
    tmp_path: Path,
    command: Callable[..., list[str]],
    cli: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run(command(spoilt, tmp_path / "one", epochs=2))
    assert done.returncode == 0, done.stderr
    record = RunFolder(tmp_path / "one").record()
    replaced = replaced_in(record)
    # Every epoch draws each face once, the bad ones too; of each of their people there are others.
    assert replaced == {"identity": 2 * len(BAD), "group": 0}
    said = " ".join((done.stdout + done.stderr).split())
    assert len(re.findall("; 3 draws got another face in place of a bad one", said)) == 2
    assert "of 144 draws 6 got another face in place of a bad one: 6 of the same person, 0 of the same group" in said
    advised = re.search(r"ethnoshard (verify .* --decode) says which faces are bad", said)
    verified = cli(*advised[1].split())
    assert verified.returncode == 1
    assert all(f"sample {identity:07d}-{face:05d}: " in " ".join(verified.stderr.split()) for identity, face in BAD)
    assert list_runs(tmp_path)[0].replaced == 6
    assert "one: 6 draws got another face" in " ".join(cli("runs", "list", tmp_path).stderr.split())


def test_spare_bytes_cost_no_draw_and_nothing_is_said(train: Callable[..., TripletTrainer], tmp_path: Path) -> None:
    def picture(identity: int, face: int) -> bytes:
        return spare(pattern_jpeg(identity, face), 16 + face)

    dataset = FaceDataset.open(write_dataset(tmp_path / "spare", [[6] * 6, [6] * 6], picture=picture))
    told = []
    record = train(dataset=dataset, max_bad_faces=0, watch=TrainingWatch(epoch_done=told.append)).train()
    assert replaced_in(record) == {"identity": 0, "group": 0}
    assert [report["replaced"] for report in told] == [0, 0]
    sound = FaceDataset.open(write_dataset(tmp_path / "sound", [[6] * 6, [6] * 6]))
    # The fingerprints differ, and with them nothing that is learned from.
    assert train("other", dataset=sound).train()["progress"]["loss"] == pytest.approx(record["progress"]["loss"])
