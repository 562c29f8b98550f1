"""A Ray cluster of several nodes on this machine, each with its own raylet, whose nodes can be killed."""

import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from ethnoshard.errors import EthnoshardError
from tests.kit.waiting import PATIENCE

_PATIENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent anywhere
    "RAY_worker_register_timeout_seconds": str(int(PATIENCE)),
    "RAY_health_check_timeout_ms": "120000",
    "RAY_worker_niceness": "0",  # by default 15, which beside other programs is hardly any time
}
"""However busy the machine is, nobody is given up for being slow."""

_STORE = 80 * 2**20
"""Bytes of a node's object store; Ray wants at least 75 MiB, and hardly anything goes through it."""


def fail(task: int) -> int:
    """Work that can't be done."""
    raise EthnoshardError(f"task {task} can't be done")


def double(task: int) -> int:
    """Work that can."""
    return 2 * task


class Nodes:
    """The nodes that do work, one task at a time each; the head does none and is never killed."""

    def __init__(self, cluster: Any, folder: str) -> None:
        """No node yet; ``folder`` is the cluster's own."""
        self._cluster, self._folder, self._nodes = cluster, folder, []
        self.killed = 0

    @property
    def address(self) -> str:
        """For ``--ray``."""
        return str(self._cluster.address)

    def __len__(self) -> int:
        """How many are alive."""
        return len(self._nodes)

    def add(self) -> None:
        """One more."""
        add = partial(self._cluster.add_node, num_cpus=1, object_store_memory=_STORE)
        self._nodes.append(_patiently(add, self._folder))

    def kill(self, chance: random.Random) -> None:
        """One of them is gone at once, with all of its processes."""
        self._cluster.remove_node(self._nodes.pop(chance.randrange(len(self._nodes))), allow_graceful=False)
        self.killed += 1


@contextmanager
def cluster(nodes: int) -> Iterator[Nodes]:
    """A cluster while the block runs."""
    os.environ.update(_PATIENT)
    from ray._common.utils import get_default_ray_temp_dir
    from ray.cluster_utils import Cluster

    # Whatever folder the head is given, its address is written into this one, which Ray makes only where it is its own.
    Path(get_default_ray_temp_dir()).mkdir(parents=True, exist_ok=True)
    # Short: the path of a socket may have 107 characters.
    folder = tempfile.mkdtemp(prefix="ray-")
    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": _STORE, "temp_dir": folder}
    made = _patiently(lambda: Cluster(initialize_head=True, head_node_args=head), folder)
    try:
        found = Nodes(made, folder)
        for _ in range(nodes):
            found.add()
        yield found
    finally:
        made.shutdown()
        _end(_processes_of(folder))
        shutil.rmtree(folder, ignore_errors=True)


def _patiently(start: Callable[[], Any], folder: str) -> Any:
    """Start something of Ray's, which gives it 30 seconds; on a busy machine it may need several attempts.

    What an attempt that failed has left goes first, or the machine gets busier with each.
    """
    end, before = time.monotonic() + PATIENCE, set(_processes_of(folder))
    while True:
        try:
            return start()
        except Exception:
            if time.monotonic() > end:
                raise
            _end(set(_processes_of(folder)) - before)


def _processes_of(folder: str) -> Iterator[int]:
    """Processes that were told of the cluster's own folder."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and folder.encode() in (entry / "cmdline").read_bytes():
                yield int(entry.name)


def _end(processes: Iterable[int]) -> None:
    for process in processes:
        with suppress(OSError):
            os.kill(process, signal.SIGKILL)
