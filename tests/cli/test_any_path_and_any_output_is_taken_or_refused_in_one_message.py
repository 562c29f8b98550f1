"""Paths with brackets, stars and bytes that are no text; outputs that are closed, full, or narrow."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

Cli = Callable[..., subprocess.CompletedProcess[str]]
VERBS = ["align", "label", "pack", "build", "info", "verify", "preview", "draw"]


def one_message(run: subprocess.CompletedProcess[str], words: str) -> None:
    assert run.returncode == 1, (run.stdout, run.stderr)
    assert run.stderr.startswith("error: ") and run.stderr.count("\n") == 1, run.stderr
    assert words in run.stderr


@pytest.mark.parametrize("name", ["set[1]", "a*b?", "[bold]{0..1}::x", "caf\udce9"])
def test_every_verb_takes_any_path(name: str, noise: Path, tmp_path: Path, cli: Cli) -> None:
    home = tmp_path / name
    home.mkdir()
    source, labels, dataset = home / name, home / f"{name}.csv", home / f"{name}.data"
    source.symlink_to(noise / "faces")
    labels.write_bytes((noise / "labels.csv").read_bytes())
    # An English terminal's way of writing, under which Python refuses what is no text.
    strict = {"PYTHONIOENCODING": "utf-8:strict"}
    for command in (
        ["build", source, dataset, "--labels", labels, "--aligned", "--workers", 1],
        ["info", dataset],
        ["verify", dataset, "--workers", 1],
        ["preview", dataset, home / f"{name}.png"],
        ["label", home / f"{name}.data.work", "--show", 2],
    ):
        run = cli(*command, environment=strict)
        assert (run.returncode, run.stderr) == (0, ""), run.stderr
    shown = json.loads(cli("info", dataset, "--json", environment=strict).stdout)
    assert shown["path"] == str(dataset) and shown["whole"]["faces"] == 120


def test_an_output_of_ascii_only_shows_what_it_can(noise: Path, tmp_path: Path, cli: Cli) -> None:
    work = tmp_path / "work"
    (tmp_path / "labels.csv").write_text("identity,group\np000,黒人 😀\n")
    narrow = {"PYTHONIOENCODING": "ascii"}
    assert cli("align", noise / "faces", work, "--aligned", environment=narrow).returncode == 0
    labelled = cli("label", work, "--labels", tmp_path / "labels.csv", environment=narrow)
    assert labelled.returncode == 0 and "\\u9ed2" in labelled.stdout
    shown = cli("label", work, "--show", 1, "--json", environment=narrow)
    assert json.loads(shown.stdout)["rows"][0]["group"] == "黒人 😀"


@pytest.mark.parametrize("command", [["info", "DATASET"], ["info", "DATASET", "--json"], ["--help"]])
def test_a_closed_pipe_ends_quietly(command: list[str], noise_dataset: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    arguments = [str(noise_dataset) if word == "DATASET" else word for word in command]
    run = subprocess.run(
        [sys.executable, "-m", "ethnoshard", *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert run.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_disk_under_standard_output_is_one_message(options: list[str], noise_dataset: Path) -> None:
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "ethnoshard", "info", str(noise_dataset), *options],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (run.returncode, run.stderr) == (1, "error: No space left on device\n")


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_names_its_options_and_fits(verb: str, cli: Cli) -> None:
    run = cli(verb, "--help", environment={"COLUMNS": "80", "TERMINAL_WIDTH": "80"})
    assert run.returncode == 0 and run.stderr == ""
    assert run.stdout.startswith("Usage:") and "--help" in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 80


def test_numbers_that_are_none_and_files_in_the_way(
    noise: Path, noise_work: Path, noise_dataset: Path, tmp_path: Path, cli: Cli
) -> None:
    (tmp_path / "file").write_text("in the way")
    for number in ("nan", "inf"):
        one_message(
            cli("pack", noise_work, tmp_path / "d", "--shard-mib", number), f"shard-mib is a number of MiB; {number}"
        )
    one_message(cli("pack", noise_work, tmp_path / "d", "--shard-mib", 0.01), "shard-bytes is at least 65,536")
    one_message(cli("preview", noise_dataset, tmp_path / "s.png", "--seed", -1), "seed is at least 0; -1 is not")
    one_message(cli("pack", noise_work, tmp_path / "file"), "could not be written: Not a directory")
    one_message(cli("align", noise / "faces", tmp_path / "file", "--aligned"), "could not be written: Not a directory")
    assert (tmp_path / "file").read_text() == "in the way" and not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"identity,group\np000,A,B,C\n", "line 2 has 4 fields, the head 2"),
        (b"identity,group\np000,caf\xe9\n", "line 2 is not UTF-8 text; save it as CSV UTF-8"),
        (b"identity group\np000 A\n", "lacks the column identity and group; it has identity group"),
        (b"identity,group,group\np000,A,B\n", "has the column group more than once; keep one of each"),
        (b"PK\x03\x04\x14", "a spreadsheet's own file (.xlsx or .ods); save it as CSV UTF-8"),
        (b"identity,group,confidence\np000,A,high\n", "every confidence is a number between 0 and 1"),
        (b"PAR1 nonsense", "can't be read as CSV or Parquet"),
        (pl.DataFrame({"identity": ["p000"], "group": [["A"]]}), "identity and group are text"),
        (pl.DataFrame({"identity": [b"\xff"], "group": ["A"]}), "identity and group are text"),
    ],
)
def test_a_table_of_labels_that_is_none_is_one_line(
    content: bytes | pl.DataFrame, words: str, noise_work: Path, tmp_path: Path, cli: Cli
) -> None:
    path = tmp_path / "labels"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content.write_parquet(path)
    one_message(cli("label", noise_work, "--labels", path), words)


def test_a_table_saved_by_excel_is_read(noise: Path, tmp_path: Path, cli: Cli) -> None:
    assert cli("align", noise / "faces", tmp_path / "work", "--aligned").returncode == 0
    (tmp_path / "labels.csv").write_bytes(b"\xef\xbb\xbfidentity,group\r\np000,A\r\n")
    run = cli("label", tmp_path / "work", "--labels", tmp_path / "labels.csv", "--json")
    assert json.loads(run.stdout)["groups"] == {"A": 1}
