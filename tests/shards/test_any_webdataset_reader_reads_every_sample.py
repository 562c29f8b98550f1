"""The shards are plain WebDataset: its own reader, and tar, find every face with what the index says of it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import webdataset

from ethnoshard import FaceDataset


@pytest.fixture
def described(noise: Path) -> dict[str, tuple[str, float]]:
    """What labels.csv says of each identity."""
    rows = (line.split(",") for line in (noise / "labels.csv").read_text().splitlines()[1:])
    return {identity: (group, float(confidence)) for identity, group, confidence in rows}


def samples_of(dataset: FaceDataset, shard: int) -> list[dict[str, bytes]]:
    path = str(dataset.shard_path(shard))
    return list(webdataset.WebDataset(path, shardshuffle=False, empty_check=False))


# WebDataset leaves closing its files to the garbage collector, which warns; that is not what is tested here.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_webdataset_reads_every_face_with_its_label_and_its_bytes(
    noise: Path, noise_dataset: Path, described: dict[str, tuple[str, float]]
) -> None:
    dataset = FaceDataset.open(noise_dataset)
    assert len(dataset.manifest.shards) > len(dataset.groups), "a group of several shards is what is to be tested"
    seen = []
    for shard, entry in enumerate(dataset.manifest.shards):
        for sample in samples_of(dataset, shard):
            said = json.loads(sample["json"])
            assert (said["group"], pytest.approx(said["confidence"])) == described[said["identity"]]
            assert said["group"] == entry.group
            assert dataset.identities["identity"][said["identity_number"]] == said["identity"]
            # Aligned faces of the right size are taken as they are: the very bytes of the source.
            assert sample["jpg"] == (noise / "faces" / said["source_image"]).read_bytes()
            seen.append(said["source_image"])
    assert sorted(seen) == sorted(str(path.relative_to(noise / "faces")) for path in noise.glob("faces/*/*.jpg"))


def test_tar_lists_and_extracts_every_shard(noise_dataset: Path, tmp_path: Path) -> None:
    for shard in (noise_dataset / "shards").iterdir():
        subprocess.run(["tar", "-xf", shard, "-C", tmp_path], check=True)
    assert len(list(tmp_path.glob("*.jpg"))) == len(list(tmp_path.glob("*.json"))) == 120


def test_one_read_fetches_an_identity(noise_dataset: Path) -> None:
    dataset = FaceDataset.open(noise_dataset)
    faces = dataset.faces()
    for number, person in enumerate(dataset.identities.iter_rows(named=True)):
        content = dataset.shard_path(person["shard"]).read_bytes()
        span = content[person["offset"] : person["offset"] + person["length"]]
        own = faces.filter(pl.col("identity") == number)
        assert len(own) == person["faces"]
        assert span.count(b"ustar") == 2 * person["faces"], "a header for each jpg and json, and no others"
        for offset, length in own.select("offset", "length").iter_rows():
            start = offset - person["offset"]
            assert span[start : start + 2] == b"\xff\xd8" and span[start + length - 2 : start + length] == b"\xff\xd9"


def test_the_spans_of_a_shard_follow_one_another_without_a_gap(noise_dataset: Path) -> None:
    dataset = FaceDataset.open(noise_dataset)
    for (_,), people in dataset.identities.group_by("shard"):
        ends = (people["offset"] + people["length"]).to_list()
        assert people["offset"].to_list() == [0, *ends[:-1]]


@pytest.mark.parametrize("workers", [1, 3])
def test_the_bytes_do_not_depend_on_the_number_of_workers(
    workers: int,
    noise_work: Path,
    noise_dataset: Path,
    tmp_path: Path,
    cli: Callable[..., subprocess.CompletedProcess[str]],
    contents_of: Callable[[Path], dict[str, bytes]],
) -> None:
    assert cli("pack", noise_work, tmp_path / "d", "--shard-mib", 0.08, "--workers", workers).returncode == 0
    assert contents_of(tmp_path / "d") == contents_of(noise_dataset)


def test_packing_again_changes_nothing_and_other_settings_are_refused(
    noise_work: Path,
    noise_dataset: Path,
    cli: Callable[..., subprocess.CompletedProcess[str]],
    contents_of: Callable[[Path], dict[str, bytes]],
) -> None:
    before = contents_of(noise_dataset)
    again = cli("pack", noise_work, noise_dataset, "--shard-mib", 0.08)
    assert again.returncode == 0 and "packed before; nothing to do" in again.stdout
    other = cli("pack", noise_work, noise_dataset, "--shard-mib", 1)
    assert other.returncode == 1 and "holds a finished dataset of other settings" in other.stderr
    assert contents_of(noise_dataset) == before
