"""Packed to a URL: the bytes of a local pack, all of them or no dataset, and gone on with by whoever calls again."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from ethnoshard import EthnoshardError, FaceDataset
from ethnoshard._urls import Patience
from ethnoshard.shards import PackSettings, pack, verify
from ethnoshard.shards import _pack_to_url as to_url
from tests.kit.faulty_store import Bucket, FaultyStore, bucket
from tests.kit.waiting import PATIENCE

Cli = Callable[..., subprocess.CompletedProcess[str]]
Contents = Callable[[Path], dict[str, bytes]]
SETTINGS = PackSettings(shard_bytes=2**17)


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with bucket("packed") as made:
        yield made


@pytest.fixture
def work(noise_work: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(noise_work, tmp_path / "work"))


@pytest.fixture
def place(s3: Bucket, tmp_path: Path) -> str:
    """A folder of the bucket for one test, without any fault yet."""
    s3.store.plan("", "", 0)
    return tmp_path.name


@pytest.fixture(scope="module")
def local(noise_work: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    dataset = tmp_path_factory.mktemp("local") / "dataset"
    pack(noise_work, dataset, SETTINGS, workers=1)
    return dataset


@pytest.fixture(autouse=True)
def _memory_is_empty() -> Iterator[None]:
    yield
    fsspec.filesystem("memory").store.clear()


def in_memory(folder: str) -> dict[str, bytes]:
    """Every file's bytes by its name below a folder of ``memory://``."""
    memory = fsspec.filesystem("memory")
    return {path.removeprefix(f"/{folder}/"): memory.cat_file(path) for path in memory.find(f"/{folder}")}


def puts(store: FaultyStore, end: str = "") -> list[str]:
    return [what for what in store.requests if what.startswith("PUT ") and what.partition("?")[0].endswith(end)]


def test_by_processes_of_its_own_it_is_the_same_and_verified(
    s3: Bucket, place: str, work: Path, local: Path, contents_of: Contents, tmp_path: Path
) -> None:
    before = contents_of(work)
    report = pack(work, f"s3://packed/{place}", SETTINGS, workers=2, storage_options=s3.options)
    assert s3.content(place) == contents_of(local)
    assert report.manifest == FaceDataset.open(local).manifest and report.written == len(report.manifest.shards) > 3
    assert contents_of(work) == before
    written = [what.partition("?")[0].rpartition("/")[2] for what in puts(s3.store)]
    assert written[0] == "plan.json" and written[-1] == "dataset.json"
    s3.store.plan("", "", 0)
    again = pack(work, f"s3://packed/{place}", SETTINGS, workers=2, storage_options=s3.options)
    assert again.manifest == report.manifest and again.written == 0 and not puts(s3.store)
    remote = FaceDataset.open(f"s3://packed/{place}", cache=tmp_path / "cache", storage_options=s3.options)
    assert remote.fingerprint == report.manifest.fingerprint


def test_from_the_command_line_it_is_packed_and_verified(
    s3: Bucket,
    place: str,
    work: Path,
    local: Path,
    contents_of: Contents,
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    here: None,
) -> None:
    url = f"s3://packed/{place}"
    run = cli("pack", work, url, "--shard-mib", 0.125, "--workers", 1, environment=s3.environment())
    assert run.returncode == 0, run.stderr
    assert f"next: ethnoshard verify {url}" in run.stdout
    assert s3.content(place) == contents_of(local)
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    found = verify(url)
    assert not found.faults and found.shards == len(list((local / "shards").iterdir()))


def test_in_the_memory_of_this_process(work: Path, local: Path, contents_of: Contents) -> None:
    pack(work, "memory://here/ds", SETTINGS, workers=2)
    assert in_memory("here/ds") == contents_of(local)


def test_a_file_url_is_a_folder(work: Path, local: Path, contents_of: Contents, tmp_path: Path, here: None) -> None:
    pack(work, (tmp_path / "a b").as_uri().replace("%20", " "), SETTINGS, workers=1)
    assert contents_of(tmp_path / "a b") == contents_of(local)
    assert not verify(tmp_path / "a b", workers=1).faults


def test_no_more_than_a_shard_a_worker_is_on_the_disk(
    s3: Bucket, place: str, work: Path, monkeypatch: pytest.MonkeyPatch, here: None
) -> None:
    staging, most = work / ".upload" / "shards", []
    put = to_url.UploadFolder.put

    def watched(self: to_url.UploadFolder, path: Path, name: str, *more: Any) -> None:
        most.append(len(list(staging.iterdir())) if staging.exists() else 0)
        put(self, path, name, *more)

    monkeypatch.setattr(to_url.UploadFolder, "put", watched)
    pack(work, f"s3://packed/{place}", SETTINGS, storage_options=s3.options)
    assert max(most) == 1 and len(most) > 5
    assert not (work / ".upload").exists()


def test_a_full_disk_is_one_message_and_no_dataset(
    work: Path, local: Path, contents_of: Contents, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    # In blocks of 4 KiB, with room for the records but for no shard.
    kib = sum(-(-path.stat().st_size // 4096) * 4 for path in work.rglob("*")) + 80
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("a small disk can't be mounted here: that needs root")
    try:
        shutil.copytree(work, disk / "work")
        with pytest.raises(
            EthnoshardError, match=r"the disk is full: .*Free some space, then run the same command again"
        ):
            pack(disk / "work", "memory://full", SETTINGS)
        assert "dataset.json" not in in_memory("full")
        assert not list((disk / "work" / ".upload" / "shards").iterdir())
        subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)
        pack(disk / "work", "memory://full", SETTINGS)
        assert in_memory("full") == contents_of(local)
    finally:
        subprocess.run(["umount", disk], check=True)


class Stopped(BaseException):
    """What no code of ours catches, as kill -9 can't be caught."""


def test_stopped_before_each_request_in_turn_there_is_no_dataset_and_then_the_whole(
    work: Path, local: Path, contents_of: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = contents_of(local)
    watched = to_url.UploadFolder._watched

    def pack_until(stop_at: int | None, folder: str, own: Path) -> int:
        taken = 0

        def counted(self: to_url.UploadFolder, *given: Any) -> Any:
            nonlocal taken
            if taken == stop_at:
                raise Stopped
            taken += 1
            return watched(self, *given)

        monkeypatch.setattr(to_url.UploadFolder, "_watched", counted)
        pack(own, f"memory://stopped/{folder}", SETTINGS)
        return taken

    steps = pack_until(None, "whole", work)
    assert steps > 12
    for step in range(steps):
        folder = f"at-{step}"
        with pytest.raises(Stopped):
            pack_until(step, folder, work)
        there = in_memory(f"stopped/{folder}")
        note = there.pop(".packing/plan.json", None)
        assert there == expected if "dataset.json" in there else note is not None or not there
        # Another machine goes on, or this one, which has what it measured.
        other = work
        if step % 2:
            other = work.with_name(f"work-{step}")
            shutil.copytree(work, other, ignore=shutil.ignore_patterns(".upload"))
            shutil.rmtree(work / ".upload", ignore_errors=True)
        pack_until(None, folder, other)
        assert in_memory(f"stopped/{folder}") == expected, f"stopped at step {step} of {steps}"


def test_killed_in_the_middle_it_goes_on_and_uploads_only_what_lacks(
    s3: Bucket, place: str, work: Path, local: Path, contents_of: Contents, here: None
) -> None:
    shards = sorted(path.name for path in (local / "shards").iterdir())
    for signal_sent in (signal.SIGKILL, signal.SIGINT):
        held = s3.store.plan("hold", shards[2])
        url = f"s3://packed/{place}/{signal_sent.name}"
        command = [sys.executable, "-m", "ethnoshard", "pack", str(work), url, "--shard-mib", "0.125", "--workers", "1"]
        process = subprocess.Popen(
            command, env={**os.environ, **s3.environment()}, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        assert held.reached.wait(PATIENCE)
        process.send_signal(signal_sent)
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == (-9 if signal_sent == signal.SIGKILL else 130), said
        held.released.set()
        there = s3.content(f"{place}/{signal_sent.name}")
        assert "dataset.json" not in there and ".packing/plan.json" in there
        with pytest.raises(EthnoshardError, match=r"dataset\.json is not there"):
            FaceDataset.open(url, cache=work.parent / "cache", storage_options=s3.options)
        s3.store.plan("", "", 0)
        report = pack(work, url, SETTINGS, workers=1, storage_options=s3.options)
        again = {what.partition("?")[0].rpartition("/")[2] for what in puts(s3.store, ".tar")}
        assert again <= set(shards) - set(shards[:2]) and report.written == len(again)
        assert s3.content(f"{place}/{signal_sent.name}") == contents_of(local)
        assert not (work / ".upload").exists()


@pytest.mark.parametrize("kind", ["503", "cut", "lost", "flip"])
def test_whatever_happens_on_the_way_it_is_the_same(
    kind: str,
    s3: Bucket,
    place: str,
    work: Path,
    local: Path,
    contents_of: Contents,
    monkeypatch: pytest.MonkeyPatch,
    here: None,
) -> None:
    monkeypatch.setattr(Patience, "wait", lambda *_: 0.0)
    fault = s3.store.plan(kind, "PUT .*(tar|json|parquet)", 3)
    pack(work, f"s3://packed/{place}", SETTINGS, storage_options=s3.options)
    assert fault.seen == 3 and s3.content(place) == contents_of(local)


def test_what_is_gone_or_damaged_is_put_there_again_and_nothing_else(
    s3: Bucket, place: str, work: Path, local: Path, contents_of: Contents, here: None
) -> None:
    url, expected = f"s3://packed/{place}", contents_of(local)
    pack(work, url, SETTINGS, storage_options=s3.options)
    shards = sorted(name for name in expected if name.startswith("shards/"))
    s3.direct.rm_file(f"packed/{place}/{shards[0]}")
    # Of the same size: found only because another shard is gone, as with a local folder.
    s3.direct.pipe_file(f"packed/{place}/{shards[1]}", bytes(len(expected[shards[1]])))
    s3.store.plan("", "", 0)
    report = pack(work, url, SETTINGS, storage_options=s3.options)
    assert report.written == 2 and len(puts(s3.store, ".tar")) == 2
    assert s3.content(place) == expected
    s3.direct.pipe_file(f"packed/{place}/faces.parquet", b"damaged")
    pack(work, url, SETTINGS, storage_options=s3.options)
    assert s3.content(place) == expected


def test_what_is_something_else_is_refused_by_name(
    s3: Bucket, place: str, work: Path, here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"s3://packed/{place}"
    s3.direct.pipe_file(f"packed/{place}/other/thing.txt", b"mine")
    with pytest.raises(
        EthnoshardError, match=r"is not empty and holds no dataset of ours \(other/thing.txt for example"
    ):
        pack(work, url, SETTINGS, storage_options=s3.options)
    assert s3.content(place) == {"other/thing.txt": b"mine"}
    pack(work, f"{url}/ds", SETTINGS, storage_options=s3.options)
    before = s3.content(place)
    with pytest.raises(
        EthnoshardError, match=rf"{url}/ds holds a finished dataset of other settings.*give another URL"
    ):
        pack(work, f"{url}/ds", PackSettings(shard_bytes=2**20), storage_options=s3.options)
    assert s3.content(place) == before and not (work / ".upload").exists()
    with monkeypatch.context() as patch:
        patch.setattr(to_url, "measure_shard", stop)
        with pytest.raises(Stopped):
            pack(work, f"{url}/half", SETTINGS, storage_options=s3.options)
    with pytest.raises(EthnoshardError, match=rf"{url}/half holds an unfinished dataset of other settings"):
        pack(work, f"{url}/half", PackSettings(shard_bytes=2**20), storage_options=s3.options)
    # A folder that the store's console made is none.
    s3.direct.pipe_file(f"packed/{place}/empty/", b"")
    assert pack(work, f"{url}/empty", SETTINGS, storage_options=s3.options).written


def stop(_: object) -> str:
    raise Stopped


def test_faces_that_changed_while_they_were_packed_are_no_dataset(
    s3: Bucket, place: str, work: Path, here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = to_url.measure_shard

    def and_change(task: Any) -> str:
        name = measure(task)
        part = work / "parts" / "00000.tar"
        content = bytearray(part.read_bytes())
        content[1000] ^= 1
        part.write_bytes(bytes(content))
        return name

    monkeypatch.setattr(to_url, "measure_shard", and_change)
    with pytest.raises(EthnoshardError, match=r"would be another now than when it was measured: faces in .*/work were"):
        pack(work, f"s3://packed/{place}", SETTINGS, storage_options=s3.options)
    assert "dataset.json" not in s3.content(place)


def test_what_was_measured_for_another_dataset_is_measured_again(
    work: Path, tmp_path: Path, contents_of: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(to_url, "upload_shard", stop)
        with pytest.raises(Stopped):
            pack(work, "memory://one", SETTINGS)
    assert list((work / ".upload" / ".packing").glob("a-*.json"))
    other = PackSettings(shard_bytes=2**18)
    pack(work, "memory://other", other)
    pack(work, tmp_path / "other", other, workers=1)
    assert in_memory("other") == contents_of(tmp_path / "other")


def test_another_machine_can_t_reach_this_ones_memory(work: Path) -> None:
    def elsewhere(*_: object, **__: object) -> Iterator[Any]:
        raise AssertionError("not reached")

    with pytest.raises(EthnoshardError, match=r"memory://here/ds is in the memory of this process"):
        pack(work, "memory://here/ds", SETTINGS, executor=elsewhere)


def test_processes_that_reach_another_store_are_noticed(
    s3: Bucket, place: str, work: Path, here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_url, "upload_shard", lambda task: True)
    with pytest.raises(EthnoshardError, match=r"[0-9]+ of [0-9]+ shards were uploaded but are not at s3://packed/"):
        pack(work, f"s3://packed/{place}", SETTINGS, storage_options=s3.options)
    assert "dataset.json" not in s3.content(place)
    shutil.rmtree(work / ".upload")
    monkeypatch.setattr(to_url, "measure_shard", lambda task: task.path.name)
    with pytest.raises(EthnoshardError, match=r"were measured, but their records are not in .*/work, the first a-"):
        pack(work, f"s3://packed/{place}", SETTINGS, storage_options=s3.options)


def test_a_plan_of_the_dataset_is_all_that_the_note_says(s3: Bucket, place: str, work: Path, here: None) -> None:
    """No path of this machine goes to the store before the dataset does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(to_url, "measure_shard", stop)
        with pytest.raises(Stopped):
            pack(work, f"s3://packed/{place}", SETTINGS, storage_options=s3.options)
    assert json.loads(s3.content(place)[".packing/plan.json"]).keys() == {"format", "plan"}
