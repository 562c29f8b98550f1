"""JPEGs are read once, into memory that decoding processes look at: whatever the sizes, and nothing is left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ethnoshard import FaceDataset, StratifiedLoader
from ethnoshard.loading import _shared_memory, _stream
from ethnoshard.loading._jpegs import places_in, places_of
from ethnoshard.loading._processes import DecodingProcess
from ethnoshard.loading._shared_memory import Pieces
from tests.kit.waiting import PATIENCE, until

OPTIONS: dict[str, Any] = {"people_per_batch": 5, "images_per_person": 4, "random_flip": True}
Own = Callable[..., FaceDataset]


def pixels(loader: StratifiedLoader) -> list[torch.Tensor]:
    return [batch.images.clone() for batch in loader]


def same(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(*pair) for pair in zip(one, other, strict=True))


@pytest.fixture
def processes_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread decodes itself as long as its process is not ready: here it waits for it."""
    is_ready = DecodingProcess.ready.fget
    assert is_ready is not None

    def waited_for(process: DecodingProcess) -> bool:
        until(lambda: is_ready(process), "the decoding process did not get ready")
        return True

    monkeypatch.setattr(DecodingProcess, "ready", property(waited_for))


@pytest.mark.usefixtures("processes_decode")
def test_a_face_or_a_batch_larger_than_the_memory_taken_at_a_time_comes_whole(
    made: FaceDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = pixels(StratifiedLoader(made, num_workers=0, **OPTIONS))
    # Smaller than any span, and than any batch's JPEGs together: each piece has memory of its own.
    monkeypatch.setattr(_shared_memory, "_CHUNK", 512)
    assert same(pixels(StratifiedLoader(made, num_workers=2, **OPTIONS)), alone)


@pytest.mark.usefixtures("processes_decode")
@pytest.mark.parametrize("at_once", [1, 3, 7])
def test_slices_of_any_size_make_the_same_batches(
    made: FaceDataset, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    alone = pixels(StratifiedLoader(made, num_workers=0, **OPTIONS))
    monkeypatch.setattr(_stream, "_SLICE", at_once)
    assert same(pixels(StratifiedLoader(made, num_workers=3, **OPTIONS)), alone)


def test_memory_of_pieces_is_used_again_and_never_while_somebody_needs_it() -> None:
    chance = np.random.default_rng(0)
    pieces, held = Pieces(), {}
    most = now = 0
    for number in range(3000):
        length = int(chance.integers(1, 300_000))
        piece = pieces.take(length)
        assert len(piece.content) == length
        piece.content[:1] = piece.content[-1:] = bytes([number % 251])
        held[number] = piece
        now += length
        most = max(most, now)
        for other in chance.choice(list(held), int(chance.integers(0, 2)) + (len(held) > 60), replace=False).tolist():
            gone = held.pop(other)
            assert gone.content[0] == gone.content[-1] == other % 251
            now -= len(gone.content)
            del gone
    assert sum(chunk.memory.size for chunk in pieces._chunks) <= 2 * most + _shared_memory._CHUNK


def test_one_slow_process_among_many_holds_up_no_more_than_what_it_has(
    made: FaceDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = pixels(StratifiedLoader(made, num_workers=0, **OPTIONS))
    slow: list[int] = []
    ended: list[DecodingProcess] = []
    is_ready, end = DecodingProcess.ready.fget, DecodingProcess.end
    assert is_ready is not None

    def stands_still(process: DecodingProcess) -> bool:
        until(lambda: is_ready(process), "the decoding process did not get ready")
        if not slow:
            slow.append(process._process.pid)
            os.kill(slow[0], signal.SIGSTOP)
        return True

    def counted(process: DecodingProcess) -> list[tuple[int, str]]:
        failed = end(process)
        ended.append(process)
        return failed

    monkeypatch.setattr(DecodingProcess, "ready", property(stands_still))
    monkeypatch.setattr(DecodingProcess, "end", counted)
    ahead = 12
    loader = StratifiedLoader(made, num_workers=4, prefetch=ahead, **OPTIONS)
    batches = iter(loader)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: next(batches).images.clone())
        try:
            # All that there is room for, four slices of the first batch and one of each other, but two in its hands.
            until(lambda: len(ended) >= 4 + ahead - 1 - 2, "the others wait for the slow one")
        finally:
            os.kill(slow[0], signal.SIGCONT)
        got = [first.result()]
    got += [batch.images.clone() for batch in batches]
    loader.close()
    assert same(got, alone)


def test_headers_that_are_followed_say_what_all_blocks_say(made: FaceDataset) -> None:
    table = made.identities
    for shard in range(len(made.manifest.shards)):
        content = memoryview(made.shard_path(shard).read_bytes())
        rows = table.with_row_index().filter(table["shard"] == shard)
        for identity, offset, length, faces in rows.select("index", "offset", "length", "faces").iter_rows():
            span = content[offset : offset + length]
            followed = places_of(span, 0, identity, faces)
            assert followed is not None and followed == places_in(span)[identity]
            # One more than there are, somebody else's, cut, or changed: then all blocks are looked at.
            assert places_of(span, 0, identity, faces + 1) is None
            assert places_of(span, 0, identity + 1, faces) is None
            assert places_of(span[:-512], 0, identity, faces) is None
            for place in (3, 10, 16, 130):
                changed = bytearray(span)
                changed[place] = ord("9")
                assert bytes(changed) == bytes(span) or places_of(memoryview(changed), 0, identity, faces) is None


SCRIPT = """
import sys
from ethnoshard import FaceDataset, StratifiedLoader
loader = StratifiedLoader(FaceDataset.open(sys.argv[1]), people_per_batch=5, images_per_person=4, num_workers=2)
for batch in loader:
    print("a batch", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="there is no /dev/shm")
def test_nothing_stays_in_shared_memory_of_a_training_that_was_killed(made: FaceDataset) -> None:
    before = set(Path("/dev/shm").iterdir())
    command = [sys.executable, "-c", SCRIPT, str(made.path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "a batch\n"
    links = [str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
    assert any("ethnoshard" in link for link in links)
    named = [link for link in links if link.startswith("/dev/shm")]
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    # Of files that others put there meanwhile none is ours.
    assert not named
    assert not [path for path in set(Path("/dev/shm").iterdir()) - before if "ethnoshard" in path.name]
