"""The cache never outgrows its limit, several readers and processes share it, and damage in it is mended."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ethnoshard import EthnoshardError, FaceDataset
from ethnoshard._files import sha256_of
from ethnoshard.shards import _remote
from ethnoshard.shards._cache import BoundedFolder
from ethnoshard.shards._remote import RemoteShards
from tests.kit.faulty_http import FaultyServer, from_folder, serving
from tests.kit.waiting import PATIENCE, until

SHARDS = 12
SIZE = 300 * 1024
LIMIT = 2**20
"""Of the cache, in bytes: three shards fit."""


@pytest.fixture(scope="module")
def large(noise_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset whose shards are of 300 KiB: bytes without meaning, for nobody here looks into them."""
    folder = Path(shutil.copytree(noise_dataset, tmp_path_factory.mktemp("large") / "ds"))
    shutil.rmtree(folder / "shards")
    (folder / "shards").mkdir()
    manifest = json.loads((folder / "dataset.json").read_bytes())
    manifest["shards"] = []
    for number in range(SHARDS):
        path = folder / "shards" / f"a-{number:06d}.tar"
        path.write_bytes(random.Random(number).randbytes(SIZE))
        manifest["shards"].append(
            {
                "name": f"shards/{path.name}",
                "group": "A",
                "bytes": SIZE,
                "identities": 1,
                "faces": 1,
                "sha256": sha256_of(path),
            }
        )
    (folder / "dataset.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def web(large: Path) -> Iterator[FaultyServer]:
    with serving(from_folder(large)) as server:
        yield server


@pytest.fixture
def dataset(web: FaultyServer, tmp_path: Path) -> FaceDataset:
    opened = FaceDataset.open(web.url, cache=tmp_path / "cache")
    web.gets.clear()
    return opened


@pytest.fixture
def reader(dataset: FaceDataset) -> Iterator[Callable[[], RemoteShards]]:
    """Makes readers with a cache of 1 MiB, each as a process of its own would have it."""
    made: list[RemoteShards] = []

    def make() -> RemoteShards:
        made.append(RemoteShards(dataset, limit_mib=1, attempts=2, stall_seconds=PATIENCE, first_wait=0.01))
        return made[-1]

    yield make
    for shards in made:
        shards.close()


def expected(shard: int) -> bytes:
    return random.Random(shard).randbytes(SIZE)


def name_of(shard: int) -> str:
    return f"a-{shard:06d}.tar"


def kept(dataset: FaceDataset) -> list[int]:
    return sorted(int(path.stem[2:]) for path in (dataset.path / "shards").glob("*.tar"))


class Watch:
    """Looks at the cache all the time.

    Attributes:
        sizes: bytes on the disk, each time that it could be seen at one moment.
        looks: how often it looked.
    """

    def __init__(self, folder: Path) -> None:
        self.sizes: list[int] = []
        self.looks = 0
        self._folder = folder
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def looked_again(self) -> None:
        """Wait until it has looked since."""
        goal = self.looks + 2
        until(lambda: self.looks >= goal or not self._thread.is_alive())

    def _run(self) -> None:
        while not self._done.is_set():
            # A folder can't be seen at one moment: only what was there before and after was there together.
            with contextlib.suppress(FileNotFoundError):
                before, after = self._seen(), self._seen()
                if before.keys() == after.keys():
                    self.sizes.append(sum(before.values()))
            self.looks += 1

    def _seen(self) -> dict[tuple[str, int], int]:
        found = {path: path.stat() for path in self._folder.iterdir()}
        return {(path.name, stat.st_ino): stat.st_size for path, stat in found.items()}


def test_the_bound_holds_while_many_shards_are_read(
    dataset: FaceDataset, reader: Callable[[], RemoteShards], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_remote, "_OPEN", 2)
    shards = reader()

    wrong: list[int] = []

    def read(seed: int) -> None:
        order = random.Random(seed).choices(range(SHARDS), k=25)
        for shard in order:
            offset = order[0] * 1000
            if shards.read(shard, offset, 5000) != expected(shard)[offset : offset + 5000]:
                wrong.append(shard)
            watch.looked_again()

    with Watch(dataset.path / "shards") as watch:
        threads = [threading.Thread(target=read, args=(seed,)) for seed in range(3)]
        for thread in threads:
            thread.start()
        for step in range(SHARDS):
            shards.will_need([step, (step + 1) % SHARDS, (step + 2) % SHARDS])
            watch.looked_again()
        for thread in threads:
            thread.join()
    assert not wrong
    assert LIMIT / 2 < max(watch.sizes) <= LIMIT
    assert shards.counts.reads == 75 and shards.counts.size == 75 * 5000
    shards.close()
    assert not [path for path in descriptors() if path.startswith(str(dataset.path))]


def descriptors() -> Iterator[str]:
    """What this process has open, by name; nothing where the system doesn't tell."""
    folder = Path("/proc/self/fd")
    for path in folder.iterdir() if folder.is_dir() else ():
        with contextlib.suppress(OSError):
            yield str(path.readlink())


def test_the_least_recently_used_is_deleted(dataset: FaceDataset, reader: Callable[[], RemoteShards]) -> None:
    shards = reader()
    for shard in (0, 1, 2, 0, 3):
        shards.read(shard, 0, 10)
    assert kept(dataset) == [0, 2, 3]
    # What is deleted and still open would go on taking space.
    assert not [path for path in descriptors() if path.startswith(str(dataset.path)) and "(deleted)" in path]
    shards.close()
    # Another process knows it from the disk.
    for age, shard in enumerate((3, 0, 2)):
        path = dataset.shard_path(shard)
        os.utime(path, ns=(time.time_ns() - (age + 1) * 10**10, path.stat().st_mtime_ns))
    other = reader()
    other.read(2, 0, 10)
    other.read(4, 0, 10)
    assert kept(dataset) == [2, 3, 4]


def test_a_limit_below_the_largest_shard_is_refused_with_numbers(dataset: FaceDataset) -> None:
    shards = dataset.manifest.shards
    larger = replace(shards[0], name="shards/b.tar", bytes=2**21 + 1)
    wider = replace(dataset, manifest=replace(dataset.manifest, shards=[*shards, larger]))
    with pytest.raises(EthnoshardError, match=r"may hold 2 MiB.*has 2\.0 MiB: limit_mib must be 3 or more"):
        RemoteShards(wider, limit_mib=2)
    RemoteShards(wider, limit_mib=3).close()


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> "Counter[str]":
    """How often there was no room for each shard."""
    counts: Counter[str] = Counter()
    reserve = BoundedFolder.reserve

    def counting(self: BoundedFolder, name: str, spare: Collection[str], *, urgent: bool) -> bool:
        done = reserve(self, name, spare, urgent=urgent)
        counts[name] += not done
        return done

    monkeypatch.setattr(BoundedFolder, "reserve", counting)
    return counts


def test_what_will_be_needed_is_fetched_ahead_and_kept(
    web: FaultyServer, dataset: FaceDataset, reader: Callable[[], RemoteShards]
) -> None:
    shards = reader()
    shards.read(9, 0, 10)
    # There is no room for the fourth, and none that is needed sooner goes for it: it isn't even tried.
    shards.will_need([5, 6, 7, 8])
    until(lambda: kept(dataset) == [5, 6, 7] and not shards._ahead)
    assert kept(dataset) == [5, 6, 7] and name_of(8) not in web.gets
    for shard in (5, 6, 7):
        assert shards.read(shard, 0, SIZE) == expected(shard)
    assert max(web.gets.values()) == 1
    # A read goes before, but has the others deleted first, however recently they were read.
    shards.will_need([5, 6])
    for shard in (7, 1):
        shards.read(shard, 0, 10)
    assert kept(dataset) == [1, 5, 6]
    shards.will_need([5, 6, 1])
    shards.read(2, 0, 10)
    assert 2 in kept(dataset) and len(kept(dataset)) == 3
    shards.will_need([3, 4])
    until(lambda: set(kept(dataset)) >= {3, 4})
    assert shards.read(3, 0, SIZE) == expected(3)


def test_what_has_no_room_yet_is_fetched_when_there_is(
    web: FaultyServer, dataset: FaceDataset, reader: Callable[[], RemoteShards], refused: "Counter[str]"
) -> None:
    web.plan("stall", name_of(0), 1)
    shards = reader()
    shards.will_need([0])
    assert web.stalled.wait(PATIENCE)
    # No longer wanted, but in the making, so that one of the three has to wait.
    shards.will_need([1, 2, 3])
    until(lambda: len(kept(dataset)) == 2 and max(refused.values(), default=0) >= 2)
    assert len(kept(dataset)) == 2 and sum(web.gets.values()) == 3
    web.released.set()
    until(lambda: kept(dataset) == [1, 2, 3])


def test_what_failed_ahead_is_said_by_the_read(
    web: FaultyServer, dataset: FaceDataset, reader: Callable[[], RemoteShards]
) -> None:
    shards = reader()
    web.plan("flip", name_of(4), 99)
    shards.will_need([4])
    until(lambda: web.faults == 2)
    with pytest.raises(EthnoshardError, match=r"could not be fetched in 2 attempts.*checksum"):
        shards.read(4, 0, 10)
    assert web.faults == 4
    web.plan("", "", 0)
    shards.will_need([4, 5])
    until(lambda: kept(dataset) == [4, 5])


def test_a_shard_deleted_by_another_process_is_still_read_or_fetched_again(
    web: FaultyServer, dataset: FaceDataset, reader: Callable[[], RemoteShards], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_remote, "_OPEN", 1)
    shards = reader()
    shards.read(0, 0, 10)
    dataset.shard_path(0).unlink()
    assert shards.read(0, 10, 100) == expected(0)[10:110]
    assert web.gets[name_of(0)] == 1
    shards.read(1, 0, 10)  # closes the one before
    assert shards.read(0, 20, 100) == expected(0)[20:120]
    assert web.gets[name_of(0)] == 2


@pytest.mark.parametrize("damage", ["flipped", "cut", "emptied", "replaced while open"])
def test_damage_in_the_cache_is_mended(
    damage: str, web: FaultyServer, dataset: FaceDataset, reader: Callable[[], RemoteShards]
) -> None:
    shards = reader()
    assert shards.read(0, 0, SIZE) == expected(0)
    path = dataset.shard_path(0)
    content = bytearray(expected(0))
    content[1000] ^= 1
    if damage == "replaced while open":
        path.write_bytes(content)
        os.utime(path, ns=(0, 0))
    else:
        shards = reader()
        path.write_bytes({"flipped": bytes(content), "cut": content[:-1], "emptied": b""}[damage])
    assert shards.read(0, 0, SIZE) == expected(0)
    assert path.read_bytes() == expected(0) and web.gets[name_of(0)] == 2


def test_what_is_in_the_cache_is_not_fetched_and_not_hashed_twice(
    web: FaultyServer, dataset: FaceDataset, reader: Callable[[], RemoteShards], monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []

    def counting(path: Path) -> str:
        hashed.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr(_remote, "sha256_of", counting)
    monkeypatch.setattr(_remote, "_OPEN", 1)
    reader().read(0, 0, 10)
    assert not hashed  # it was, while it came
    shards = reader()
    for shard in (0, 1, 0, 1, 0):
        shards.read(shard, 0, 10)
    assert hashed == [name_of(0)]
    assert web.gets == {name_of(0): 1, name_of(1): 1}


CHILD = """
    import hashlib, json, sys, time
    from ethnoshard import FaceDataset
    from ethnoshard.shards._remote import RemoteShards

    url, cache, order, limit = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4])
    dataset = FaceDataset.open(url, cache=cache)
    shards = RemoteShards(dataset, limit_mib=limit, stall_seconds=900)
    for shard in order:
        entry = dataset.manifest.shards[shard]
        assert hashlib.sha256(shards.read(shard, 0, entry.bytes)).hexdigest() == entry.sha256, shard
    shards.close()
    """


def child(web: FaultyServer, dataset: FaceDataset, order: list[int], limit: int) -> "subprocess.Popen[bytes]":
    arguments = [web.url, str(dataset.path.parent), json.dumps(order), str(limit)]
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(CHILD), *arguments])


def test_processes_share_what_one_has_fetched(web: FaultyServer, dataset: FaceDataset) -> None:
    children = [child(web, dataset, list(range(SHARDS)), 64) for _ in range(2)]
    assert [process.wait(PATIENCE) for process in children] == [0, 0]
    assert {web.gets[name_of(shard)] for shard in range(SHARDS)} == {1}
    assert kept(dataset) == list(range(SHARDS))


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each look of somebody who waits for the lock of a shard, by the shard's name."""
    looks: list[str] = []
    lock = BoundedFolder.lock

    def counting(self: BoundedFolder, name: str, tick: Callable[[], None]) -> contextlib.AbstractContextManager[None]:
        return lock(self, name, lambda: (looks.append(name), tick())[1])

    monkeypatch.setattr(BoundedFolder, "lock", counting)
    return looks


def stands(waiting: threading.Thread, looked: list[str]) -> None:
    """It waits for somebody else: it has looked for the lock several times and done nothing else."""
    until(lambda: len(looked) >= 2 or not waiting.is_alive())
    assert waiting.is_alive()


def test_who_waited_for_another_process_does_not_fetch_again(
    web: FaultyServer, dataset: FaceDataset, reader: Callable[[], RemoteShards], looked: list[str]
) -> None:
    web.plan("wait", name_of(0), 1)
    process = child(web, dataset, [0], 1)
    assert web.stalled.wait(PATIENCE)
    waiting = threading.Thread(target=reader().read, args=(0, 0, 10))
    waiting.start()
    stands(waiting, looked)
    web.released.set()
    waiting.join(PATIENCE)
    assert process.wait(PATIENCE) == 0 and not waiting.is_alive() and web.gets[name_of(0)] == 1


def test_processes_together_keep_the_bound(web: FaultyServer, dataset: FaceDataset) -> None:
    (dataset.path / "shards").mkdir()
    with Watch(dataset.path / "shards") as watch:
        orders = [random.Random(seed).choices(range(SHARDS), k=40) for seed in range(2)]
        children = [child(web, dataset, order, 1) for order in orders]
        assert [process.wait(PATIENCE) for process in children] == [0, 0]
    assert LIMIT / 2 < max(watch.sizes) <= LIMIT


def test_a_downloader_that_was_killed_holds_nobody_up(
    web: FaultyServer, dataset: FaceDataset, reader: Callable[[], RemoteShards], looked: list[str]
) -> None:
    web.plan("stall", name_of(0), 1)
    process = child(web, dataset, [0], 1)
    assert web.stalled.wait(PATIENCE)
    shards = reader()
    assert process.poll() is None
    half = dataset.path / "shards" / f"{name_of(0)}.writing"
    until(half.exists)
    # It waits for the other process, until that is no more.
    waiting = threading.Thread(target=shards.read, args=(0, 0, 10))
    waiting.start()
    stands(waiting, looked)
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE)
    waiting.join(PATIENCE)
    assert not waiting.is_alive() and kept(dataset) == [0] and not half.exists()


def test_what_a_killed_downloader_left_takes_no_room(dataset: FaceDataset, reader: Callable[[], RemoteShards]) -> None:
    shards = reader()
    for shard in (5, 6, 7):
        (dataset.path / "shards" / f"{name_of(shard)}.writing").write_bytes(b"half")
    for shard in (0, 1, 2):
        shards.read(shard, 0, 10)
    assert kept(dataset) == [0, 1, 2]
    assert not list((dataset.path / "shards").glob("*.writing"))


def test_a_reader_of_another_process_is_refused(
    reader: Callable[[], RemoteShards], monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = reader()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)
        with pytest.raises(RuntimeError, match="in another process"):
            shards.read(0, 0, 10)
