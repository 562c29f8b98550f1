"""``pack`` and ``build --without`` carry out a file of decisions and tell them; a wrong file is one message, first."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Cli

ROWS = (
    "kind,identity,image,action,to,reason\n"
    "same-person,p001,,merge-into,p002,\n"
    ",p003,p003/000.jpg,leave-out,,\n"
    "several-people,p004,p004/001.jpg,move-to-new,other,\n"
)


def test_build_and_pack_give_the_same_dataset_and_info_tells_what_was_decided(
    cli: Cli, noise: Path, tmp_path: Path, contents_of: Callable[[Path], dict[str, bytes]]
) -> None:
    (tmp_path / "decisions.csv").write_text(ROWS)
    without = ["--without", tmp_path / "decisions.csv"]
    labels = ["--labels", noise / "labels.csv"]
    built = cli("build", noise / "faces", tmp_path / "built", "--aligned", *labels, *without)
    assert built.returncode == 0 and "3 decisions of decisions.csv carried out, 1 new identities" in built.stdout
    assert "left out, decision: 0 identities with 1 faces" in built.stderr
    packed = cli("pack", tmp_path / "built.work", tmp_path / "packed", *without, "--json")
    assert json.loads(packed.stdout)["manifest"]["decisions"]["by_kind"]["same-person"]["faces"] == 4
    assert contents_of(tmp_path / "packed") == contents_of(tmp_path / "built")
    assert cli("verify", tmp_path / "built", "--decode").returncode == 0
    told = cli("info", tmp_path / "built").stdout.splitlines()
    assert ["merge-into", "1", "1", "4"] in [line.split() for line in told]
    assert ["of", "kind", "by", "hand", "1", "0", "1"] in [line.split() for line in told]
    min((tmp_path / "built" / "shards").iterdir()).unlink()
    advice = f"ethnoshard pack WORK {tmp_path / 'built'} --without decisions.csv writes what is missing"
    assert advice in cli("verify", tmp_path / "built").stdout
    about = json.loads(cli("info", tmp_path / "built", "--json").stdout)
    assert about["decisions"]["by_action"]["leave-out"] == {"decisions": 1, "identities": 0, "faces": 1}


def test_what_is_wrong_with_a_file_is_said_before_the_long_step(cli: Cli, noise: Path, tmp_path: Path) -> None:
    (tmp_path / "decisions.csv").write_text(ROWS + "x,p009,,remove,,\n")
    labels = ["--labels", noise / "labels.csv"]
    run = cli("build", noise / "faces", tmp_path / "built", *labels, "--without", tmp_path / "decisions.csv")
    assert run.returncode == 1 and "line 5: the action 'remove' is unknown" in run.stderr
    assert not (tmp_path / "built.work").exists()


def test_a_file_that_is_not_there_is_one_message(cli: Cli, noise_work: Path, tmp_path: Path) -> None:
    run = cli("pack", noise_work, tmp_path / "packed", "--without", tmp_path / "gone.csv")
    assert run.returncode == 1 and f"{tmp_path / 'gone.csv'} is not there" in run.stderr
    assert "Traceback" not in run.stderr and not (tmp_path / "packed").exists()
