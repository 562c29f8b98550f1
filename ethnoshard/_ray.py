"""Work spread over the nodes of a Ray cluster: a plain task for each part, which reads and writes files itself.

Nothing goes through Ray but what a task is (paths, names, places in files) and how much was done. A task whose node or
process is gone is done again elsewhere; whatever it had written has a temporary name.
"""

import contextlib
import os
import platform
import socket
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Generic, TypeVar

from ethnoshard._parallel import counted_here
from ethnoshard._progress import SILENT, Progress
from ethnoshard.errors import EthnoshardError

Task = TypeVar("Task")
Result = TypeVar("Result")

AUTO = "auto"
"""The cluster that RAY_ADDRESS names, or that this machine is a node of."""

RETRIES = 20
"""Times that a part is tried anew whose node or process was gone. A part that kills them all is an error in the end."""

_PATIENCE = 20.0
"""Seconds that the head of a cluster may take to answer at all."""

_TICK = 0.5
"""Seconds without a result after which it is asked how many processors there are by now."""

_COMPARED = (
    "ethnoshard",
    "facenet-pytorch",
    "numpy",
    "onnxruntime",
    "openvino",
    "pillow",
    "polars",
    "simplejpeg",
    "torch",
    "torchvision",
    "webdataset",
)
"""Distributions whose version can change a byte of what is made."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What has to be the same on all nodes, and what should be.

    Attributes:
        versions: of Python and distributions, None of one that isn't there.
        processor: its kind, as the system calls it; another one may differ in the last bits of sums.
    """

    versions: dict[str, str | None]
    processor: str

    @classmethod
    def here(cls) -> "Machine":
        """This one."""
        found: dict[str, str | None] = {"python": platform.python_version(), "machine": platform.machine()}
        for name in _COMPARED:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = None
        return cls(versions=found, processor=_processor())

    def difference(self, other: "Machine") -> str | None:
        """What differs between the versions of two machines, in words; None if nothing does."""
        differing = [
            f"{name} {other.versions.get(name) or 'is not there'} (here {self.versions[name] or 'not there'})"
            for name in self.versions
            if self.versions[name] != other.versions.get(name)
        ]
        return ", ".join(differing) or None


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@dataclass(frozen=True, kw_only=True)
class _Job(Generic[Task, Result]):
    """What a node is sent with each task; small, so that a node that joins later needs nothing else."""

    key: str
    driver: Machine
    folder: str
    work: Callable[[Task], Result]
    setup: Callable[..., None] | None
    setup_arguments: tuple[object, ...]


@dataclass(frozen=True, kw_only=True)
class _Done(Generic[Result]):
    """What comes back of a task: its result, or the message of what was wrong.

    Attributes:
        result: of the work; None where there is an error.
        error: a text for people.
        counted: items that were done.
        node: name of the machine.
        processor: see :class:`Machine`.
    """

    result: Result | None = None
    error: str | None = None
    counted: int = 0
    node: str
    processor: str


_prepared: str | None = None
"""The job that this process was set up for."""


def _do(job: "_Job[Task, Result]", task: Task) -> "_Done[Result]":
    """Do a task in a process of a node; the first of a job sets it up, with networks and open files."""
    global _prepared
    here, node = Machine.here(), platform.node()
    try:
        differing = job.driver.difference(here)
        if differing is not None:
            raise EthnoshardError(
                f"its versions are not those of the machine where the command runs: {differing}; install the same"
            )
        if _prepared != job.key:
            # Paths may be relative to where the command was called; a folder that isn't here is told by what reads it.
            with contextlib.suppress(OSError):
                os.chdir(job.folder)
            if job.setup is not None:
                job.setup(*job.setup_arguments)
            _prepared = job.key
        with counted_here() as tally:
            result = job.work(task)
    except EthnoshardError as error:
        return _Done(error=str(error), node=node, processor=here.processor)
    except OSError as error:
        text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return _Done(error=text, node=node, processor=here.processor)
    return _Done(result=result, counted=tally.value, node=node, processor=here.processor)


@dataclass(frozen=True, kw_only=True)
class RayTasks:
    """An :class:`~ethnoshard._parallel.Executor` that does each task on some node of a Ray cluster.

    All nodes, and the machine where this is called, see the same files under the same paths. How many tasks run at
    once is what the nodes' processors allow, one each; nodes may come and go. If this process dies, what is finished is
    kept.

    Attributes:
        address: "auto", or where the cluster is: ``host:6379``, ``ray://host:10001``.
        gpus: of a node's that each task takes.
        log: told of nodes that are of another kind.
    """

    address: str = AUTO
    gpus: float = 0.0
    log: Callable[[str], None] = field(default=lambda text: None)

    def __call__(
        self,
        work: Callable[[Task], Result],
        tasks: Iterable[Task],
        *,
        workers: int,
        setup: Callable[..., None] | None = None,
        setup_arguments: tuple[object, ...] = (),
        progress: Progress = SILENT,
    ) -> Iterator[Result]:
        """As ``in_processes``; ``workers`` says nothing here, and progress is told of whole tasks.

        Raises:
            EthnoshardError: there is no cluster, a node has other versions, what a task raised (with the node's name),
                or a task was lost again and again.
        """
        ray = _ray()
        job = _Job(
            key=uuid.uuid4().hex,
            driver=Machine.here(),
            folder=str(Path.cwd()),
            work=work,
            setup=setup,
            setup_arguments=setup_arguments,
        )
        with self._connected(ray):
            remote = ray.remote(_do).options(max_retries=RETRIES, num_cpus=1, num_gpus=self.gpus, name=work.__name__)
            pending: set[object] = set()
            waiting, exhausted, kinds = iter(tasks), False, {job.driver.processor}
            most = since = 0
            try:
                while pending or not exhausted:
                    if since >= most:
                        # Two a processor; asked for now and then only, since the head has other things to do.
                        most, since = 2 * max(1, int(ray.cluster_resources().get("CPU", 1))), 0
                    while not exhausted and len(pending) < most:
                        try:
                            pending.add(remote.remote(job, next(waiting)))
                        except StopIteration:
                            exhausted = True
                    if not pending:
                        break
                    ready, _ = ray.wait(list(pending), num_returns=1, timeout=_TICK)
                    since = since + len(ready) if ready else most
                    for reference in ready:
                        pending.discard(reference)
                        done: _Done[Result] = self._got(ray, reference, work.__name__)
                        if done.processor not in kinds:
                            kinds.add(done.processor)
                            self.log(
                                f"{done.node} has another kind of processor ({done.processor}; here "
                                f"{job.driver.processor}): what networks compute may differ there in the last bits"
                            )
                        progress.advance(done.counted)
                        yield done.result  # type: ignore[misc]  # None only beside an error, or if it is the result
            finally:
                for reference in pending:
                    with contextlib.suppress(Exception):
                        ray.cancel(reference, force=True)

    def _got(self, ray: Any, reference: object, what: str) -> "_Done[Any]":
        try:
            done: _Done[Any] = ray.get(reference)
        except ray.exceptions.RayTaskError:
            raise  # a bug, with its trace
        except ray.exceptions.RayError as error:
            raise EthnoshardError(
                f"a part was lost {RETRIES + 1} times ({what}: {type(error).__name__}), with the process or the node "
                f"that had it, perhaps because the memory ran out. What was finished is kept: run the same command "
                "again"
            ) from error
        if done.error is not None:
            raise EthnoshardError(f"node {done.node}: {done.error}")
        return done

    @contextlib.contextmanager
    def _connected(self, ray: Any) -> Iterator[None]:
        """Be a driver of the cluster while the block runs; whoever is one already stays one."""
        if ray.is_initialized():
            yield
            return
        try:
            _check_answers(os.environ.get("RAY_ADDRESS", AUTO) if self.address == AUTO else self.address)
            ray.init(address=self.address, log_to_driver=False, logging_level="ERROR", configure_logging=False)
        except Exception as error:  # Ray raises of many kinds, and each means the same here
            reason = " ".join(str(error).split()) or type(error).__name__
            raise EthnoshardError(
                f"no Ray cluster answers at {self.address!r}: {reason[:300]}. `ray start --head` on one machine and "
                f"`ray start --address=HOST:6379` on the others make one"
            ) from error
        try:
            yield
        finally:
            ray.shutdown()


def _check_answers(address: str) -> None:
    """Refuse a place where nobody answers, which Ray itself would ask for many minutes.

    Raises:
        OSError: nobody does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()


def _ray() -> Any:
    """Ray's module, which takes a second to load.

    Raises:
        EthnoshardError: it isn't installed.
    """
    try:
        import ray
    except ImportError as error:
        raise EthnoshardError("--ray needs Ray, which is not installed: pip install 'ethnoshard[ray]'") from error
    return ray
