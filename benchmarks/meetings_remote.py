"""What look-alikes cost behind a URL: whole shards are fetched into a cache of bounded size."""

import contextlib
import functools
import http.server
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._table import print_table
from benchmarks.made_people import SHARES, made_people, resemblance
from ethnoshard import FaceDataset
from ethnoshard.loading import _spans, plan_of
from ethnoshard.shards import open_shards
from tests.kit.datasets import pattern_jpeg, write_dataset

DIFFERENT = 1000
"""Pictures that are drawn; people share them."""


class _Counted:
    """What a server was asked for."""

    def __init__(self) -> None:
        self.requests = 0
        self.size = 0
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        """Somebody was given so many bytes."""
        with self._lock:
            self.requests += 1
            self.size += size


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, _Counted]]:
    """A folder behind a URL, and what is fetched of its shards."""
    counted = _Counted()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith(".tar"):
                counted.add((folder / self.path.lstrip("/")).stat().st_size)
            # Whoever closes the shards leaves what is under way.
            with contextlib.suppress(ConnectionError):
                super().do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", counted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def measure_remote(folder: Path, people: int = 600) -> list[dict[str, Any]]:
    """Stream a small dataset from a server: whole shards are fetched, once, whoever meets whom.

    A cache that holds half of it is for few shards of a group at a time.
    """
    group, faces, vectors = made_people(people)
    sizes = [np.minimum(faces[group == number], 60).tolist() for number in range(len(SHARES))]
    local = FaceDataset.open(
        write_dataset(
            folder / "dataset",
            sizes,
            shard_bytes=1 << 20,
            picture=lambda identity, face: pattern_jpeg(identity % DIFFERENT, face % 8),
        )
    )
    near = resemblance(vectors, group)
    size = sum(shard.bytes for shard in local.manifest.shards)
    rows = []
    for window, cache_mib in ((None, 8192), (2, size // 2 >> 20)):
        for hard in (0.0, 0.5, 1.0):
            with served(local.path) as (url, counted), tempfile.TemporaryDirectory() as cache:
                remote = FaceDataset.open(url, cache=cache)
                plan = plan_of(
                    remote, people_per_batch=16, images_per_person=4, hard=hard, look_alikes=near, window_mib=4,
                    shards_in_window=window,
                )  # fmt: skip
                shards = open_shards(remote, limit_mib=cache_mib)
                for _ in _spans.SpanReader(plan.epoch(0), range(plan.batches), shards):
                    pass
                shards.close()
            rows.append(
                {
                    "shards": len(local.manifest.shards),
                    "mib": round(size / 2**20, 1),
                    "shards_in_window": window,
                    "cache_mib": cache_mib,
                    "hard": hard,
                    "requests": counted.requests,
                    "fetched_of_dataset": counted.size / size,
                }
            )
    return rows


def print_remote(rows: list[dict[str, Any]]) -> None:
    """Its table."""
    print_table(
        ["shards of a group at a time", "kept on disk, MiB", "hard", "requests", "bytes fetched / dataset"],
        [
            [
                row["shards_in_window"] or "all", f"{row['cache_mib']:,}", f"{row['hard']:g}", row["requests"],
                f"{row['fetched_of_dataset']:.2f}",
            ]
            for row in rows
        ],
    )  # fmt: skip
