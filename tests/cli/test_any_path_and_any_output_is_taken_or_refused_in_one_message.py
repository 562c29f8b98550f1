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
        ["export-dataset", dataset, home / f"{name}.out", "--as", "parquet"],
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


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
"""A locale in which Python takes arguments, paths and files for ASCII."""


def test_where_python_knows_ascii_only_groups_and_settings_are_read_as_they_are(
    noise: Path, tmp_path: Path, cli: Cli
) -> None:
    rows = [f"p{number:03d},{('黒人 😀', 'a, b')[number % 2]}" for number in range(12)]
    rows = [row.replace("a, b", '"a, b"') for row in rows]
    labels, dataset = tmp_path / "標.csv", tmp_path / "資料"
    labels.write_text("identity,group\n" + "\n".join(rows) + "\n", "utf-8")
    built = cli("build", noise / "faces", dataset, "--labels", labels, "--aligned", environment=ASCII)
    assert built.returncode == 0, built.stderr
    shares = '黒人 😀=0.5,"a, b"=0.5'
    size = ("--people", 4, "--images", 2)
    planned = cli("plan", dataset, *size, "--target", shares, "--json", environment=ASCII)
    assert json.loads(planned.stdout)["settings"]["target"] == {"a, b": 0.5, "黒人 😀": 0.5}
    settings = tmp_path / "設.toml"
    settings.write_text("# 設\npeople_per_batch = 4\nimages_per_person = 2\ncrop = 0\nepochs = 1\n", "utf-8")
    dry = ("train", dataset, "--dry-run", "--out", tmp_path / "run", "--config")
    printed = cli(*dry, settings, "--target", shares, environment=ASCII)
    assert printed.returncode == 0, printed.stderr
    (tmp_path / "again.toml").write_text(printed.stdout)
    assert cli(*dry, tmp_path / "again.toml").stdout == printed.stdout
    lost = cli("label", f"{dataset}.work", "--labels", labels, "--groups", '"a, b"', "--json", environment=ASCII)
    assert json.loads(lost.stdout)["groups"] == {"a, b": 6}
    # Where nothing is said of the output itself, Python has bytes of files' names stand for themselves in it.
    for environment in (ASCII, {**ASCII, "PYTHONIOENCODING": ""}):
        told = cli("info", dataset, environment=environment)
        assert told.returncode == 0, told.stderr
        assert "\\u9ed2\\u4eba" in told.stdout and "a, b" in told.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["align", "URL", "work"],
        ["build", "URL", "dataset"],
        ["draw", "URL"],
        ["preview", "DATASET", "URL/sheet.png"],
        ["export-dataset", "DATASET", "URL", "--as", "parquet"],
        ["train", "DATASET", "--out", "URL"],
        ["evaluate", "model", "--pairs", "URL"],
        ["runs", "list", "URL"],
        ["classifier", "evaluate", "shipped", "URL"],
        ["dashboard", "DATASET", "--dataset", "URL"],
    ],
    ids=lambda words: words[0],
)
def test_a_url_is_not_taken_for_a_folder_of_that_name(
    arguments: list[str],
    noise_work: Path,
    noise_dataset: Path,
    tmp_path: Path,
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    places = {"WORK": str(noise_work), "DATASET": str(noise_dataset)}
    words = [places.get(word, word).replace("URL", "s3://me:secret@bucket/some") for word in arguments]
    run = cli(*words)
    one_message(run, "s3://bucket/some")
    assert "is a URL; here a file or folder of this machine is meant" in run.stderr and "secret" not in run.stderr
    assert not list(tmp_path.iterdir())


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
            cli("pack", noise_work, tmp_path / "d", "--shard-mib", number),
            f"shard-mib must be above 0 MiB, got {number}",
        )
    one_message(
        cli("pack", noise_work, tmp_path / "d", "--shard-mib", 0.01), "shard-bytes must be at least 65,536, got"
    )
    one_message(cli("preview", noise_dataset, tmp_path / "s.png", "--seed", -1), "seed must be at least 0, got -1")
    one_message(cli("pack", noise_work, tmp_path / "file"), "could not be written: Not a directory")
    one_message(cli("align", noise / "faces", tmp_path / "file", "--aligned"), "could not be written: Not a directory")
    assert (tmp_path / "file").read_text() == "in the way" and not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"identity,group\np000,A,B,C\n", "line 2 has 4 fields, the head 2"),
        (b"identity,group\np000,caf\xe9\n", "line 2 is not UTF-8 text; save it as CSV UTF-8"),
        (
            b"identity,colour of hair\np000,A\n",
            "doesn't say which column names the groups; beside the identities it has",
        ),
        (b"identity,group,group\np000,A,B\n", "has the column group more than once; keep one of each"),
        (b"PK\x03\x04\x14", "a spreadsheet's own file (.xlsx or .ods); save it as CSV UTF-8"),
        (b"identity,group,confidence\np000,A,high\n", "every confidence is a number between 0 and 1"),
        (b"PAR1 nonsense", "can't be read as Parquet"),
        (pl.DataFrame({"identity": ["p000"], "group": [["A"]]}), "it has no further column of texts or numbers"),
        (pl.DataFrame({"identity": [b"\xff"], "group": ["A"]}), "can't be read as Parquet: invalid utf8"),
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
