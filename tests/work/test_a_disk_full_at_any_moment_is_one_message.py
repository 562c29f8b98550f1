"""Wherever the space ends, the message says so, no half file has a final name, and with more space it goes on."""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from ethnoshard.alignment import AlignSettings, align
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards import PackSettings, pack

pytestmark = pytest.mark.usefixtures("here")
SETTINGS = AlignSettings(aligned=True, size=64, part_images=8)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A disk of so many KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = False

    def of(kib: int) -> Path:
        nonlocal mounted
        if mounted:
            subprocess.run(["umount", folder], check=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)]
        mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
        if not mounted:
            pytest.skip("a small disk can't be mounted here: that needs root")
        return folder

    yield of
    if mounted:
        subprocess.run(["umount", folder], check=True)


def only_whole_files(folder: Path) -> None:
    assert not list(folder.rglob("*.writing"))
    for table in folder.rglob("*.parquet"):
        pl.read_parquet(table)


@pytest.mark.parametrize("verb", ["align", "pack"])
def test_a_disk_of_any_size(
    verb: str,
    noise: Path,
    noise_work: Path,
    disk: Callable[[int], Path],
    tmp_path: Path,
    contents_of: Callable[[Path], dict[str, bytes]],
) -> None:
    def make(target: Path) -> None:
        if verb == "align":
            align(noise / "faces", target, SETTINGS, workers=1)
        else:
            pack(noise_work, target, PackSettings(shard_bytes=2**17), workers=1)

    make(tmp_path / "whole")
    expected = contents_of(tmp_path / "whole")
    needed = sum(len(content) for content in expected.values()) // 1024
    messages = 0
    # Pages of 4 KiB: in a window of neighbouring sizes the space ends in a tar, in a table, in the record.
    for kib in [*range(4, 84, 4), *range(needed - 40, needed + 40, 4)]:
        target = disk(kib) / "made"
        try:
            make(target)
        except EthnoshardError as error:
            assert "the disk is full" in str(error) and "Free some space" in str(error)
            messages += 1
            only_whole_files(target)
    assert messages > 20
    target = disk(needed // 2) / "made"
    with pytest.raises(EthnoshardError, match="the disk is full"):
        make(target)
    subprocess.run(["mount", "-o", "remount,size=20m", target.parent], check=True)
    make(target)
    assert contents_of(target) == expected


def test_a_disk_that_says_so_only_when_flushed(noise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def full(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 6:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(EthnoshardError, match="the disk is full"):
            align(noise / "faces", tmp_path / "work", SETTINGS, workers=1)
    only_whole_files(tmp_path / "work")
    assert align(noise / "faces", tmp_path / "work", SETTINGS, workers=1).faces == 120


def test_a_disk_that_may_only_be_read_is_one_message(noise: Path, disk: Callable[[int], Path]) -> None:
    folder = disk(4096)
    align(noise / "faces", folder / "work", SETTINGS, workers=1)
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    with pytest.raises(EthnoshardError, match="could not be written: Read-only file system"):
        align(noise / "faces", folder / "work", SETTINGS, workers=1)
