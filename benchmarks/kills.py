"""SIGKILLs at random moments: ``python -m benchmarks.kills [--kills N] [--of NAME ...]``

Of each activity (align, label, pack, embed, audit, train, a loader behind a shared cache) an undisturbed run says what
comes out and how long it takes. Then it is started and killed, at a moment drawn from all of that time, one to four
times, and run to its end; in every third kill it is one of its worker processes that dies. What came out is compared
byte for byte; counted are also processes that outlive the one that was killed, and locks that keep the next one out.
"""

import argparse
import contextlib
import fcntl
import functools
import hashlib
import http.server
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from benchmarks._table import print_table
from ethnoshard.synthetic import DrawnSettings, draw_faces

_GONE_WITHIN = 60.0
"""Seconds in which workers notice that the one who started them is dead, however busy the machine is."""
_CLOCK = ["seconds", "waiting"]

_READERS = """
import hashlib, subprocess, sys
from pathlib import Path
from ethnoshard import FaceDataset, StratifiedLoader
url, cache, out, number = sys.argv[1:]
others = [] if int(number) else [subprocess.Popen([sys.executable, *sys.orig_argv[1:-1], "1"])]
dataset = FaceDataset.open(url, cache=cache)
options = {"people_per_batch": 4, "images_per_person": 3, "num_workers": 2, "world_size": 2}
loader = StratifiedLoader(dataset, rank=int(number), **options)
digest = hashlib.sha256()
for batch in loader:
    digest.update(batch.images.numpy().tobytes() + batch.identities.numpy().tobytes())
loader.close()
if any(other.wait() for other in others):
    sys.exit("the other reader was killed")
path = Path(out) / f"{number}.sha256"
path.write_text(digest.hexdigest())
"""

Outcome = Mapping[str, str]
"""A digest, or a text, by the name of what came out."""


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What is killed.

    Attributes:
        name: of the row.
        line: the command, given the folder in which everything happens.
        begin: lays into that folder what the command needs and changes.
        outcome: what came out of it.
    """

    name: str
    line: Callable[[Path], list[str]]
    begin: Callable[[Path], None] = lambda folder: None
    outcome: Callable[[Path], Outcome] = lambda folder: files_of(folder)


@dataclass(frozen=True, kw_only=True)
class Count:
    """What became of an activity."""

    seconds: float
    counts: Counter[str] = field(default_factory=Counter)


def files_of(folder: Path) -> dict[str, str]:
    """Digest of each file by its path, but for locks, which stay and say nothing."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


def run_of(folder: Path) -> dict[str, str]:
    """What came out of a training, but for what the clock says."""
    run = folder / "run"
    found = {
        name: digest
        for name, digest in files_of(run).items()
        if name not in ("run.json", "metrics.parquet") and not name.startswith("tensorboard")
    }
    metrics = pl.read_parquet(run / "metrics.parquet").drop(_CLOCK)
    return {**found, "metrics": hashlib.sha256(metrics.write_csv().encode()).hexdigest()}


def report_of(folder: Path) -> dict[str, str]:
    """What came out of an audit, but for when and how long."""
    return {name: digest for name, digest in files_of(folder / "report").items() if not name.endswith(".json")}


def ours(*words: object) -> list[str]:
    """A command line of ours."""
    return [sys.executable, "-m", "ethnoshard", *map(str, words)]


def session(number: int) -> list[int]:
    """Processes of a session that are alive."""
    alive = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, of = path.read_text().rpartition(")")[2].split()[:4]
            if int(of) == number and state != "Z":
                alive.append(int(path.parent.name))
    return alive


def locks_held(folder: Path) -> int:
    """Locks below a folder that somebody holds."""
    held = 0
    for path in folder.rglob("*.lock"):
        with path.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                held += 1
    return held


def undisturbed(activity: Activity, folder: Path) -> tuple[Outcome, float]:
    """What comes out, and in how many seconds."""
    folder.mkdir()
    activity.begin(folder)
    began = time.monotonic()
    done = subprocess.run(activity.line(folder), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{activity.name} ended with {done.returncode}: {done.stderr}")
    return activity.outcome(folder), time.monotonic() - began


def killed(activity: Activity, folder: Path, chance: random.Random, count: Count) -> bool:
    """Start it and kill it; whether it had not ended by itself before."""
    line = activity.line(folder)
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    moment = chance.uniform(0, count.seconds)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(moment)
    workers = [pid for pid in session(process.pid) if pid != process.pid]
    alive = process.poll() is None
    if alive:
        victim = chance.choice(workers) if workers and count.counts["kills"] % 3 == 2 else process.pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            count.counts["kills"] += 1
            count.counts["of a worker"] += victim != process.pid
    _, errors = process.communicate()
    if process.returncode > 0 and b"Traceback" in errors:
        count.counts["tracebacks"] += 1
        print(errors.decode()[-2000:], file=sys.stderr)
    elif process.returncode > 0 and not alive:
        count.counts["kept out"] += 1
        print(errors.decode()[-2000:], file=sys.stderr)
    end = time.monotonic() + _GONE_WITHIN
    while (left := session(process.pid)) and time.monotonic() < end:
        time.sleep(0.02)
    for pid in left:
        count.counts["orphans"] += 1
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return alive


def measured(activity: Activity, folder: Path, kills: int) -> Count:
    """Kill it so many times, in rounds that end with a run to the end."""
    expected, seconds = undisturbed(activity, folder / "whole")
    count, chance = Count(seconds=seconds), random.Random(activity.name)
    while count.counts["kills"] < kills:
        count.counts["rounds"] += 1
        target = folder / "killed"
        target.mkdir()
        activity.begin(target)
        for _ in range(chance.randint(1, 4)):
            if not killed(activity, target, chance, count):
                break
        last = subprocess.run(activity.line(target), capture_output=True, text=True, check=False)
        if last.returncode:
            count.counts["kept out"] += 1
            print(f"{activity.name} did not go on: {last.stderr[-2000:]}", file=sys.stderr)
        found = activity.outcome(target) if not last.returncode else {}
        names = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        if names:
            print(f"{activity.name}: other files: {names[:9]}", file=sys.stderr)
        count.counts["other files"] += len(names)
        count.counts["locks"] += locks_held(target)
        shutil.rmtree(target)
    print(f"{activity.name}: {dict(count.counts)}", flush=True)
    return count


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The URL of a folder while the block runs."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def activities(folder: Path, people: int, url: str) -> list[Activity]:
    """All of them, on drawn faces; those before give those behind what they need, once, undisturbed.

    Args:
        folder: for what they need.
        people: drawn.
        url: at which ``folder`` will be served.
    """
    faces = folder / "drawn" / "faces"
    work, dataset, run = folder / "work", folder / "dataset", folder / "run"
    small = ["--shard-mib", 0.25]
    training = ["--config", "smoke", "--device", "cpu", "--set", "checkpoint_steps=3", "--set", "epochs=2"]
    align = ["--part-images", 8]
    draw_faces(folder / "drawn", DrawnSettings(identities=people, images=6))
    for line in (
        ours("align", faces, work, *align),
        ours("label", work, "--labels", folder / "drawn" / "labels.csv"),
        ours("pack", work, dataset, *small),
        ours("train", dataset, "--out", run, *training),
    ):
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL)

    def with_work(target: Path) -> None:
        shutil.copytree(work, target / "work")
        (target / "work" / "labels.parquet").unlink()

    def with_out(target: Path) -> None:
        (target / "out").mkdir()

    def reading(target: Path) -> list[str]:
        return [sys.executable, "-c", _READERS, f"{url}/dataset", *map(str, (target / "cache", target / "out")), "0"]

    weights = run / "model.safetensors"
    cached = ["--cache"]
    return [
        Activity(name="align", line=lambda target: ours("align", faces, target / "work", *align)),
        Activity(
            name="label --classifier",
            begin=with_work,
            line=lambda target: ours("label", target / "work", "--classifier", "shipped"),
        ),
        Activity(name="pack", line=lambda target: ours("pack", work, target / "dataset", *small)),
        Activity(
            name="embed",
            line=lambda target: ours("embed", weights, faces, target / "faces.npz", *cached, target / "cache"),
            outcome=lambda target: {"faces.npz": hashlib.sha256((target / "faces.npz").read_bytes()).hexdigest()},
        ),
        Activity(
            name="audit",
            line=lambda target: ours(
                "audit", work, "--model", weights, "--out", target / "report", *cached, target / "cache"
            ),
            outcome=report_of,
        ),
        Activity(
            name="train",
            line=lambda target: ours("train", dataset, "--out", target / "run", "--resume", *training),
            outcome=run_of,
        ),
        Activity(
            name="loader, two readers of one cache",
            begin=with_out,
            line=reading,
            outcome=files_of,
        ),
    ]


def main() -> None:
    """Kill, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300, help="of all activities together")
    parser.add_argument("--people", type=int, default=24, help="drawn people, 6 faces each")
    parser.add_argument("--of", nargs="*", help="only these activities, by the beginning of their names")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as url:
        folder = Path(name)
        chosen = [
            activity
            for activity in activities(folder, arguments.people, url)
            if not arguments.of or activity.name.startswith(tuple(arguments.of))
        ]
        share = -(-arguments.kills // len(chosen))
        found = {}
        for activity in chosen:
            place = folder / "activities" / activity.name.split()[0].strip(",")
            place.mkdir(parents=True)
            found[activity.name] = measured(activity, place, share)
    columns = ("rounds", "kills", "of a worker", "other files", "orphans", "locks", "kept out", "tracebacks")
    rows = [[name, f"{count.seconds:.1f}", *(count.counts[key] for key in columns)] for name, count in found.items()]
    rows.append(["all", "", *(sum(count.counts[key] for count in found.values()) for key in columns)])
    print_table(["", "undisturbed, s", *columns], rows)


if __name__ == "__main__":
    main()
