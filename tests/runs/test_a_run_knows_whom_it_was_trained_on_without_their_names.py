"""Who of a test was in the training can be counted from the run folder alone; a list of names can't be had from it."""

import json
from pathlib import Path
from typing import Any

import pytest

from ethnoshard.runs import RunFolder, TrainedOn, list_runs, person_key

NAMES = ["Ada_Lovelace", "Grace Hopper", "0000045", "m.0abc"]


@pytest.mark.parametrize(
    "other", ["ada lovelace", "lfw/Ada_Lovelace", "ADA-LOVELACE.tar", "faces\\Ada_Lovelace", "Ada_Lovelace.jpg"]
)
def test_spellings_of_a_name_are_one_person(other: str) -> None:
    assert TrainedOn.of_names(NAMES, "salt").shared([other, "Ada Byron", "Lovelace"]) == [other]


def test_a_name_of_signs_alone_is_still_a_name() -> None:
    assert person_key("---") == "---" and person_key("m.0abc") == "m 0abc"


def test_what_is_on_disk_holds_no_name_and_finds_them_again(tmp_path: Path) -> None:
    path = tmp_path / "people.parquet"
    TrainedOn.of_names(NAMES, "a" * 64).write(path)
    content = path.read_bytes().lower()
    assert not any(part in content for part in (b"lovelace", b"hopper", b"0000045"))
    read = TrainedOn.read(path, "a" * 64)
    assert read is not None and len(read) == 4
    assert read.shared(["Grace_Hopper", "nobody", "45"]) == ["Grace_Hopper"]
    # Another dataset, other digests: two runs' lists can't be laid over each other.
    assert not set(TrainedOn.of_names(NAMES, "b" * 64).digests.tolist()) & set(read.digests.tolist())
    assert TrainedOn.read(tmp_path / "none.parquet", "a") is None


def record(**lfw: Any) -> dict[str, Any]:
    progress = {"step": 10, "epoch": 1, "loss": 0.2, "lfw": {"accuracy": 0.5, "auc": 0.51, **lfw}}
    return {"arm": "base", "seed": 0, "status": "finished", "settings": {"epochs": 1}, "progress": progress}


def test_a_run_of_before_shows_no_val_at_another_far(tmp_path: Path) -> None:
    for name, content in {
        "collapsed": record(val=1.0, val_std=0.0, far=1.0),
        "good": record(val=0.9, val_std=0.01, far=0.0013),
        "new": record(val=None, val_std=None, far=1.0, val_reason="because"),
    }.items():
        (tmp_path / name).mkdir()
        RunFolder(tmp_path / name).write(content)
    collapsed, good, new = list_runs(tmp_path)
    assert collapsed.lfw is not None and collapsed.lfw["val"] is None
    assert collapsed.val_reason == "the FAR reached is 1 (3,000 of 3,000 different pairs), not the 0.001 asked for"
    assert good.lfw is not None and (good.lfw["val"], good.val_reason) == (0.9, None)
    assert (new.lfw or {}).get("val", 0) is None and new.val_reason == "because"
    assert json.loads((tmp_path / "collapsed" / "run.json").read_text())["progress"]["lfw"]["val"] == 1.0
