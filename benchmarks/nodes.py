"""Nodes of a Ray cluster killed at random in align and pack, and shares as processes killed and doubled: same bytes?

A cluster of several raylets on this machine, each with its own worker processes. In each round two of the nodes are
killed at random moments, others join, and in every third round the command itself is killed too and started again.

With ``--photographs TAR`` nobody is killed: the tar is aligned by one call, by clusters of 1, 2 and 4 nodes of a core
each, and by four shares as processes, and images a second are told, starting the command included.
"""

import argparse
import filecmp
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.inference import first_of
from ethnoshard.synthetic import DrawnSettings, draw_faces
from tests.kit.nodes import Nodes, cluster

CLUSTERS = (1, 2, 4)
"""Nodes of the clusters that photographs are aligned by."""

OF = ("shares", "align", "pack")
"""What is killed: shares of ``align`` as processes; nodes of a cluster in ``align``, and in ``pack``."""

PARTS, SHARDS = "parts/*.parquet", "shards/*.tar"


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """What happened in the rounds of a verb."""

    verb: str
    counts: Counter[str] = field(default_factory=Counter)

    def line(self) -> str:
        """A row of the table."""
        names = ("rounds", "nodes killed", "commands killed", "other bytes", "left behind")
        return f"| {self.verb} | " + " | ".join(str(self.counts[name]) for name in names) + " |"


def differing(one: Path, other: Path) -> Iterator[str]:
    """Files that differ or are in one of the two only, but for the lock."""
    names = {str(path.relative_to(folder)) for folder in (one, other) for path in folder.rglob("*") if path.is_file()}
    for name in sorted(names - {".lock"}):
        if not ((one / name).is_file() and (other / name).is_file() and filecmp.cmp(one / name, other / name, False)):
            yield name


def command(*words: object) -> list[str]:
    """A command line of ours."""
    return [sys.executable, "-m", "ethnoshard", *map(str, words)]


def quietly(line: list[str]) -> None:
    """Run a command that has to end well."""
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Midway:
    """Waits until a command has made some more files, or is through."""

    def __init__(self, chance: random.Random) -> None:
        """``chance`` says how many more."""
        self._chance = chance

    def wait(self, process: subprocess.Popen[bytes], made: Callable[[], int]) -> bool:
        """True if it is midway."""
        goal = made() + self._chance.randint(1, 6)
        while process.poll() is None and made() < goal:
            time.sleep(0.005)
        return process.poll() is None


def nodes_killed(
    nodes: Nodes, verb: str, given: Path, target: Path, one: Path, made: str, options: list[str], kills: int
) -> Rounds:
    """Rounds of a verb until so many nodes were killed in it."""
    rounds, chance, number = Rounds(verb=f"{verb} --ray"), random.Random(verb), len(nodes)
    line, midway = command(verb, given, target, *options, "--ray", nodes.address), Midway(chance)

    def there() -> int:
        return len(list(target.glob(made)))

    while rounds.counts["nodes killed"] < kills:
        rounds.counts["rounds"] += 1
        ends = rounds.counts["rounds"] % 3 == 0
        while True:
            process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for _ in range(2):
                if midway.wait(process, there):
                    nodes.kill(chance)
                    rounds.counts["nodes killed"] += 1
            if ends and midway.wait(process, there):
                process.kill()
                ends = False
            while len(nodes) < number:
                nodes.add()
            _, errors = process.communicate()
            if process.returncode == 0:
                break
            if process.returncode != -9:
                raise SystemExit(f"{verb} ended with {process.returncode}: {errors.decode()}")
            rounds.counts["commands killed"] += 1
        rounds.counts["other bytes"] += sum(1 for _ in differing(one, target))
        shutil.rmtree(target)
        print(rounds.line(), file=sys.stderr, flush=True)
    return rounds


def shares_killed(given: Path, target: Path, one: Path, options: list[str], shares: int, kills: int) -> Rounds:
    """Shares as processes, all at once and one of them twice, killed at random, until so many were."""
    rounds, chance = Rounds(verb=f"align --share I/{shares}"), random.Random(shares)

    def begun(share: int) -> subprocess.Popen[bytes]:
        line = command("align", given, target, *options, "--workers", 1, "--share", f"{share}/{shares}")
        return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def there() -> int:
        return len(list(target.glob(PARTS)))

    midway = Midway(chance)
    while rounds.counts["commands killed"] < kills:
        rounds.counts["rounds"] += 1
        running = [begun(share) for share in (*range(1, shares + 1), chance.randint(1, shares))]
        for process in chance.sample(running, shares // 2):
            if midway.wait(process, there):
                process.kill()
        rounds.counts["commands killed"] += sum(process.wait() == -9 for process in running)
        rounds.counts["left behind"] += len(list(target.rglob("*.writing")))
        quietly(command("align", given, target, *options, "--workers", 2))
        rounds.counts["other bytes"] += sum(1 for _ in differing(one, target))
        shutil.rmtree(target)
        print(rounds.line(), file=sys.stderr, flush=True)
    return rounds


def timed(begin: Callable[[], object]) -> float:
    """Seconds that something takes."""
    began = time.perf_counter()
    begin()
    return time.perf_counter() - began


def rates(photographs: Path, images: int, folder: Path) -> Iterator[tuple[str, float, int]]:
    """Who aligned, images a second, and files that differ from those of one call."""
    given, one, many = folder / "photographs.tar", folder / "one", folder / "many"
    first_of(photographs, images, given)
    seconds = timed(partial(quietly, command("align", given, one, "--workers", 2)))
    yield "one call, two workers", images / seconds, 0
    for number in CLUSTERS:
        with cluster(number) as nodes:
            seconds = timed(partial(quietly, command("align", given, many, "--ray", nodes.address)))
        yield f"Ray, nodes of a core: {number}", images / seconds, sum(1 for _ in differing(one, many))
        shutil.rmtree(many)

    def by_shares() -> None:
        lines = (command("align", given, many, "--workers", 1, "--share", f"{share}/4") for share in range(1, 5))
        running = [subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for line in lines]
        assert not any(process.wait() for process in running), "a share failed"
        quietly(command("align", given, many))

    yield "four shares at once, a worker each", images / timed(by_shares), sum(1 for _ in differing(one, many))


def main() -> None:
    """Kill, compare, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="of nodes in each verb, and of shares")
    parser.add_argument("--people", type=int, default=200, help="drawn people, 4 faces each")
    parser.add_argument("--nodes", type=int, default=3, help="at least 3")
    parser.add_argument("--of", nargs="+", choices=OF, default=OF)
    parser.add_argument("--photographs", type=Path, help="a tar to be aligned by clusters and shares")
    parser.add_argument("--images", type=int, default=3072, help="of it, the first ones")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if arguments.photographs:
        with tempfile.TemporaryDirectory() as name:
            print("| align by | images/s | files of other bytes |\n| --- | ---: | ---: |")
            for who, rate, other in rates(arguments.photographs, arguments.images, Path(name)):
                print(f"| {who} | {rate:.1f} | {other} |", flush=True)
        return
    rows = []
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        ray = {"align", "pack"} & set(arguments.of)
        nodes = stack.enter_context(cluster(arguments.nodes)) if ray else None
        folder = Path(name)
        drawn = draw_faces(folder / "drawn", DrawnSettings(identities=arguments.people, images=4))
        options = ["--aligned", "--size", "112", "--part-images", "4"]
        one, work, many = folder / "one", folder / "one" / "work", folder / "many"
        quietly(command("align", drawn / "faces", work, *options))
        if "shares" in arguments.of:
            rows.append(shares_killed(drawn / "faces", many, work, options, 4, arguments.kills))
        if nodes is not None and "align" in arguments.of:
            rows.append(nodes_killed(nodes, "align", drawn / "faces", many, work, PARTS, options, arguments.kills))
        if nodes is not None and "pack" in arguments.of:
            quietly(command("label", work, "--labels", drawn / "labels.csv"))
            small = ["--shard-mib", "0.0625"]
            quietly(command("pack", work, one / "dataset", *small))
            rows.append(nodes_killed(nodes, "pack", work, many, one / "dataset", SHARDS, small, arguments.kills))
    print("| | rounds | nodes killed | commands killed | files of other bytes | half-written files cleared away |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        print(row.line())


if __name__ == "__main__":
    main()
