"""``label`` and ``build`` say which columns they took for what, and what is wrong before any long step."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import Cli


@pytest.fixture
def work(noise_work: Path, tmp_path: Path) -> Path:
    """A work folder that may be labelled anew."""
    return Path(shutil.copytree(noise_work, tmp_path / "work"))


def odd_table(noise: Path, path: Path) -> Path:
    """The noise people's labels, as somebody else would write them."""
    people = pl.read_csv(noise / "labels.csv").select(
        pl.col("identity").alias("Class_ID"), pl.col("group").alias("Race")
    )
    people.with_columns(pl.col("Race").alias("Ethnicity")).write_csv(path, separator="\t")
    return path


def test_label_says_what_it_took_for_what(cli: Cli, noise: Path, work: Path, tmp_path: Path) -> None:
    path = odd_table(noise, tmp_path / "meta.tsv")
    two = cli("label", work, "--labels", path)
    assert two.returncode == 1 and "could mean Race or Ethnicity by group" in two.stderr
    run = cli("label", work, "--labels", path, "--columns", "group=Race")
    assert run.returncode == 0, run.stderr
    assert "groups as given by file meta.tsv (identity from column Class_ID, group from column Race)" in run.stdout
    told = json.loads(cli("label", work, "--labels", path, "--columns", "group=race", "--json").stdout)
    assert told["read_as"] == ["identity from column Class_ID", "group from column Race"]
    assert (told["groups"], told["kept"], told["otherwise"]) == ({"A": 6, "B": 6, "C": 18}, [], [])
    plain = cli("label", work, "--labels", noise / "labels.csv")
    assert "groups as given by file labels.csv\n" in plain.stdout


def test_what_a_command_writes_is_labels(noise: Path, work: Path) -> None:
    labels = f"tail -n +2 {noise / 'labels.csv'} | cut -d, -f1,2"
    command = f"{sys.executable} -m ethnoshard label {work} --labels <({labels})"
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "groups as given by file from a pipe" in run.stdout


def test_columns_that_say_nothing_are_refused(cli: Cli, noise: Path, work: Path) -> None:
    none = cli("label", work, "--columns", "identity=id", "--show", 3)
    assert none.returncode == 1 and "says which columns of a file hold the labels; give --labels" in none.stderr
    labels = ["--labels", noise / "labels.csv"]
    for text in ("who=id", "identity", "identity=a,identity=b"):
        run = cli("label", work, *labels, "--columns", text)
        assert run.returncode == 1 and "--columns says which column says what, as identity=Class_ID" in run.stderr
    other = cli("evaluate", "--scores", noise / "labels.csv", "--groups", noise / "labels.csv", "--columns", "group=a")
    assert other.returncode == 1 and "--group-columns are its groups" in other.stderr


def test_build_reads_the_labels_before_it_aligns(cli: Cli, noise: Path, tmp_path: Path) -> None:
    path = odd_table(noise, tmp_path / "meta.tsv")
    build = ["build", noise / "faces", tmp_path / "set", "--aligned", "--labels", path, "--workers", 1]
    run = cli(*build)
    assert run.returncode == 1 and "could mean Race or Ethnicity by group" in run.stderr
    assert not (tmp_path / "set.work").exists()
    run = cli(*build, "--label-columns", "group=Ethnicity")
    assert run.returncode == 0, run.stderr
    assert "group from column Ethnicity" in run.stdout
