"""Whatever a server does to a transfer: it is tried again, until there is the right shard or one clear error."""

import contextlib
import errno
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from moto.server import ThreadedMotoServer

from ethnoshard import EthnoshardError, FaceDataset
from ethnoshard._files import sha256_of
from ethnoshard._urls import Patience
from ethnoshard.shards import _fetch
from ethnoshard.shards._fetch import RemoteFolder
from ethnoshard.shards._remote import RemoteShards
from tests.kit.faulty_http import FaultyServer, from_folder, from_server, serving
from tests.kit.waiting import PATIENCE

REASONS = {
    "429": "429|on purpose",
    "503": "503|Service Unavailable",
    "stall": "nothing came for 900 seconds",
    "truncate": "payload is not completed|ended after",
    "flip": "checksum",
}


OPTIONS: dict[str, Any] = {
    "key": "a",
    "secret": "b",
    "config_kwargs": {"retries": {"max_attempts": 0}},
    "skip_instance_cache": True,
}


@pytest.fixture(scope="module")
def bucket(noise_dataset: Path) -> Iterator[tuple[str, int]]:
    """Host and port of an S3 that has the dataset."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    direct = fsspec.filesystem("s3", endpoint_url=f"http://{host}:{port}", **OPTIONS)
    direct.mkdir("trouble")
    for path in noise_dataset.rglob("*"):
        if path.is_file():
            direct.pipe(f"trouble/ds/{path.relative_to(noise_dataset)}", path.read_bytes())
    yield host, port
    server.stop()


class Clock:
    """Seconds that pass only while an attempt meets a server that stands still: whatever else takes long is no stall.

    Each time it is asked, however often that is before whoever waits has had all that came before the server stood
    still.
    """

    def __init__(self, server: FaultyServer) -> None:
        self.server, self.past, self.now = server, 0, 0.0

    def __call__(self) -> float:
        if self.server.stalls > self.past:
            self.now += PATIENCE / 2
        return self.now

    @contextlib.contextmanager
    def attempt(self) -> Iterator[None]:
        """While it lasts: stalls of earlier attempts are over, though their connections may still be open."""
        self.past = self.server.stalls
        try:
            yield
        finally:
            self.past = self.server.stalls


@pytest.fixture(params=["http", "s3"])
def served(
    request: pytest.FixtureRequest,
    noise_dataset: Path,
    bucket: tuple[str, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[FaultyServer, FaceDataset]]:
    """The dataset opened by its URL, and the server that is in the way."""
    http = request.param == "http"
    with serving(from_folder(noise_dataset) if http else from_server(*bucket)) as server:
        clock = Clock(server)
        monkeypatch.setattr(_fetch, "now", clock)
        monkeypatch.setattr(RemoteFolder, "_attempt", clock.attempt()(RemoteFolder._attempt))
        url, options = (server.url, {}) if http else ("s3://trouble/ds", {**OPTIONS, "endpoint_url": server.url})
        yield server, FaceDataset.open(url, cache=tmp_path / "cache", storage_options=options)


def left(dataset: FaceDataset) -> list[str]:
    """What is in the mirror's folder of shards, locks apart."""
    return sorted(path.name for path in (dataset.path / "shards").iterdir() if not path.name.endswith(".lock"))


def first(dataset: FaceDataset) -> str:
    """Name of the shard in whose way the faults are."""
    return dataset.shard_path(0).name


def whole(dataset: FaceDataset, shards: RemoteShards, shard: int = 0) -> None:
    entry = dataset.manifest.shards[shard]
    shards.read(shard, 0, entry.bytes)
    assert sha256_of(dataset.shard_path(shard)) == entry.sha256


@pytest.mark.parametrize("kind", REASONS)
def test_after_faults_the_shard_is_whole(kind: str, served: tuple[FaultyServer, FaceDataset]) -> None:
    server, dataset = served
    shards = RemoteShards(dataset, attempts=3, stall_seconds=PATIENCE, first_wait=0.01)
    server.plan(kind, first(dataset), 2)
    whole(dataset, shards)
    assert server.faults == 2 and server.gets[first(dataset)] >= (1 if kind.isdigit() else 3)
    assert left(dataset) == [first(dataset)]
    shards.close()


@pytest.mark.parametrize("kind", REASONS)
def test_faults_without_end_are_one_error(kind: str, served: tuple[FaultyServer, FaceDataset]) -> None:
    server, dataset = served
    shards = RemoteShards(dataset, attempts=2, stall_seconds=PATIENCE, first_wait=0.01)
    server.plan(kind, first(dataset), 10**6)
    with pytest.raises(EthnoshardError) as caught:
        shards.read(0, 0, 10)
    text = str(caught.value)
    assert text.startswith(f"{dataset.url}/shards/{first(dataset)} could not be fetched in 2 attempts; the last one: ")
    assert any(reason in text for reason in REASONS[kind].split("|")), text
    assert "Check the connection" in text and "\n" not in text
    assert left(dataset) == []
    # What is wrong with one shard is not wrong with the others, and not for ever.
    whole(dataset, shards, 1)
    server.plan("", "", 0)
    whole(dataset, shards)
    shards.close()


@pytest.mark.parametrize(
    ("status", "said"), [("403", "may not be read"), ("404", "is not there"), ("400", "can't be fetched")]
)
def test_a_shard_that_cannot_be_had_is_said_at_once(
    status: str, said: str, served: tuple[FaultyServer, FaceDataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, dataset = served
    monkeypatch.setattr(Patience, "wait", lambda *_: pytest.fail("it waited for another attempt"))
    shards = RemoteShards(dataset, attempts=5)
    server.plan(status, first(dataset), 10**6)
    with pytest.raises(EthnoshardError, match=rf"/shards/{first(dataset)} {said}"):
        shards.read(0, 0, 10)
    assert server.faults and server.gets[first(dataset)] <= 1 and left(dataset) == []
    shards.close()


@pytest.fixture
def web(noise_dataset: Path, tmp_path: Path) -> Iterator[tuple[FaultyServer, FaceDataset]]:
    with serving(from_folder(noise_dataset)) as server:
        yield server, FaceDataset.open(server.url, cache=tmp_path / "cache")


def test_a_server_that_is_gone_is_one_error(web: tuple[FaultyServer, FaceDataset]) -> None:
    server, dataset = web
    server.stop()
    shards = RemoteShards(dataset, attempts=3, first_wait=0.01)
    with pytest.raises(EthnoshardError, match="could not be fetched in 3 attempts"):
        shards.read(0, 0, 10)
    shards.close()


def test_a_shard_that_grew_is_not_taken(noise_dataset: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(noise_dataset, tmp_path / "ds"))
    with FaceDataset.open(folder).shard_path(0).open("ab") as file:
        file.write(b"more")
    dataset = FaceDataset.open(folder.as_uri(), cache=tmp_path / "cache")
    shards = RemoteShards(dataset, attempts=2, first_wait=0)
    with pytest.raises(EthnoshardError, match=r"more than the [0-9,]+ bytes that were packed came"):
        shards.read(0, 0, 10)
    assert left(dataset) == []
    shards.close()


def test_waits_double_and_vary() -> None:
    patience = Patience(attempts=5, first_wait=0.5)
    for attempt, middle in ((1, 0.5), (2, 1), (3, 2), (4, 4), (30, 60)):
        waits = {patience.wait(attempt) for _ in range(50)}
        assert middle / 2 <= min(waits) < middle < max(waits) <= middle * 1.5


@pytest.mark.parametrize("given", [{"attempts": 0}, {"stall_seconds": 0}, {"first_wait": -1}])
def test_impossible_patience_is_refused(given: dict[str, Any], web: tuple[FaultyServer, FaceDataset]) -> None:
    with pytest.raises(EthnoshardError, match=f"{next(iter(given))} .*{next(iter(given.values()))}"):
        RemoteShards(web[1], **given)


def test_closing_ends_a_transfer_that_hangs(web: tuple[FaultyServer, FaceDataset]) -> None:
    server, dataset = web
    server.plan("stall", first(dataset), 1)
    shards = RemoteShards(dataset, stall_seconds=PATIENCE)
    ended: list[str] = []

    def read() -> None:
        try:
            shards.read(0, 0, 10)
        except EthnoshardError as error:
            ended.append(str(error))

    reading = threading.Thread(target=read)
    reading.start()
    assert server.stalled.wait(PATIENCE)
    shards.close()
    reading.join(PATIENCE)
    assert len(ended) == 1 and "was closed" in ended[0] and left(dataset) == []
    with pytest.raises(EthnoshardError, match="was closed"):
        shards.read(1, 0, 10)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A disk of so many KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = False

    def of(kib: int) -> Path:
        nonlocal mounted
        mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)]
        mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
        if not mounted:
            pytest.skip("a small disk can't be mounted here: that needs root")
        return folder

    yield of
    if mounted:
        subprocess.run(["umount", folder], check=True)


def test_a_full_cache_disk_is_one_error(noise_dataset: Path, disk: Callable[[int], Path]) -> None:
    manifest = json.loads((noise_dataset / "dataset.json").read_bytes())
    sizes = [shard["bytes"] for shard in manifest["shards"]]
    room = sum((noise_dataset / name).stat().st_size for name in ("dataset.json", "identities.parquet"))
    folder = disk((room + sizes[0] + sizes[1] // 2) // 1024 + 12)
    dataset = FaceDataset.open(noise_dataset.as_uri(), cache=folder)
    shards = RemoteShards(dataset, attempts=5, first_wait=60)
    whole(dataset, shards)
    with pytest.raises(EthnoshardError, match=r"the disk is full: .*Free some space"):
        shards.read(1, 0, 10)
    assert left(dataset) == [first(dataset)]
    subprocess.run(["mount", "-o", "remount,size=20m", folder], check=True)
    whole(dataset, shards, 1)
    shards.close()


def test_a_disk_that_says_so_only_when_flushed(
    web: tuple[FaultyServer, FaceDataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, dataset = web
    shards = RemoteShards(dataset, attempts=5, first_wait=60)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(EthnoshardError, match="the disk is full"):
            shards.read(0, 0, 10)
    assert left(dataset) == []
    whole(dataset, shards)
    shards.close()
