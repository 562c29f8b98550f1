"""Packing beside the disk: ``python -m benchmarks.packing [BEFORE] [--faces N] [--rounds R] [--workers W]``.

Drawn faces are encoded as aligned ones are (182 px, JPEG quality 95) and written as the parts of a work folder of
identities of 50 faces, in four groups. Then, in turn: the real ``pack``, start of its processes included; and a plain
copy of the same bytes to the same disk with a flush at the end, which is what the disk can do. With BEFORE, a checkout
of another version of this repository, that version packs in turn with this one; both must write the same bytes. Each
packs in a process of its own, whose start is not in the time; processor seconds are the workers' as well. With
``--workers 0`` it starts no others and does their work itself: what a face costs, without the start of processes.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import polars as pl
from PIL import Image

from benchmarks._table import in_turn, keep, print_table, summary
from benchmarks._versions import NOW, add_before, measured_in
from ethnoshard._files import sha256_of
from ethnoshard._parallel import available_cores
from ethnoshard.alignment import AlignSettings
from ethnoshard.alignment._align_part import encode
from ethnoshard.synthetic import draw_face
from ethnoshard.work import LABELS_SCHEMA, FaceRow, WorkFolder, write_labels, write_part

FACES_OF_ONE, IDENTITIES_OF_A_PART = 50, 10


def make_work(folder: Path, faces: int) -> WorkFolder:
    """A work folder with many faces, of which 64 differ."""
    jpegs = [
        encode(Image.fromarray(draw_face(0, number, 0, group=number % 4)).resize((182, 182)), 95)
        for number in range(64)
    ]
    work = WorkFolder(folder)
    identities = faces // FACES_OF_ONE
    parts = -(-identities // IDENTITIES_OF_A_PART)
    with work.held():
        source = {"name": "drawn", "kind": "folder", "digest": "", "images": faces, "identities": identities}
        settings = json.loads(json.dumps(asdict(AlignSettings(size=182, aligned=True))))
        versions = {"ethnoshard": "-"}
        work.begin({"source": source, "settings": settings, "device": "cpu", "parts": parts, "versions": versions})
        for part in range(parts):
            people = range(part * IDENTITIES_OF_A_PART, min((part + 1) * IDENTITIES_OF_A_PART, identities))
            rows = (
                FaceRow(
                    identity=f"p{person:06d}",
                    image=f"p{person:06d}/{face:04d}.jpg",
                    status="aligned",
                    jpeg=jpegs[(person + face) % len(jpegs)],
                )
                for person in people
                for face in range(FACES_OF_ONE)
            )
            write_part(work.part_path(part), rows)
        work.finish(contents=None, statuses={"aligned": faces}, reasons={}, faces=faces)
    table = pl.DataFrame(
        [
            {
                **dict.fromkeys(LABELS_SCHEMA),
                "identity": f"p{person:06d}",
                "group": "AABC"[person % 4],
                "faces": FACES_OF_ONE,
                "source": "file x",
            }
            for person in range(identities)
        ],
        schema=LABELS_SCHEMA,
    )
    write_labels(work, table)
    return work


_MEASURED = """
import json, resource, sys, time
from ethnoshard.shards import _pack, pack

if __name__ == "__main__":
    if sys.argv[3] == "0":
        _pack.in_processes = lambda work, tasks, **_: map(work, tasks)
        sys.argv[3] = "1"
    began, used = time.perf_counter(), time.process_time()
    report = pack(sys.argv[1], sys.argv[2], workers=int(sys.argv[3]))
    seconds, of = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = time.process_time() - used + of.ru_utime + of.ru_stime
    print(json.dumps({"s": seconds, "processor_s": used, "fingerprint": report.manifest.fingerprint}))
"""


class Packing:
    """What a version makes of a work folder, again and again.

    Attributes:
        processor: faces a second of a processor, of each time.
        digests: of all files, of each time.
    """

    def __init__(self, version: Path, script: Path) -> None:
        """Measure a checkout; ``script`` is where what it runs is written."""
        script.write_text(_MEASURED)
        self._version, self._script = version, script
        self.processor: list[float] = []
        self.digests: set[str] = set()

    def packed(self, work: WorkFolder, target: Path, workers: int, faces: int) -> float:
        """Faces a second of packing once more."""
        shutil.rmtree(target, ignore_errors=True)
        found = measured_in(self._version, self._script, work.path, target, workers)
        self.processor.append(faces / found["processor_s"])
        files = sorted(path for path in target.rglob("*") if path.is_file())
        self.digests.add(" ".join(f"{path.relative_to(target)} {sha256_of(path)}" for path in files))
        return float(faces / found["s"])


def copied(dataset: Path, target: Path, faces: int) -> float:
    """Faces a second of copying the shards."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    started = time.perf_counter()
    for shard in sorted((dataset / "shards").iterdir()):
        with shard.open("rb") as source, (target / shard.name).open("wb") as copy:
            shutil.copyfileobj(source, copy, 2**20)
            copy.flush()
            os.fsync(copy.fileno())
    return faces / (time.perf_counter() - started)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_before(parser, needed=False)
    parser.add_argument("--faces", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=available_cores())
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        work = make_work(folder / "work", arguments.faces)
        versions = {"before": arguments.before.resolve()} if arguments.before else {}
        packings = {
            name: Packing(version, folder / f"{name}.py")
            for name, version in {**versions, "ethnoshard pack": NOW}.items()
        }
        places = {name: folder / f"dataset {name}" for name in packings}
        contestants: dict[str, Callable[[], float]] = {
            name: partial(packing.packed, work, places[name], arguments.workers, arguments.faces)
            for name, packing in packings.items()
        }
        whole = places["ethnoshard pack"]
        contestants["plain copy"] = lambda: copied(whole, folder / "copy", arguments.faces)
        rates = in_turn(contestants, arguments.rounds)
        size = sum(path.stat().st_size for path in (whole / "shards").iterdir())
    assert len(set.union(*(packing.digests for packing in packings.values()))) == 1, (
        "the versions write different bytes"
    )
    figures = summary(rates)
    processor = summary({name: packing.processor for name, packing in packings.items()})
    print(f"\n{arguments.faces:,} faces, {size / 2**20:,.0f} MiB, {arguments.workers} workers\n")
    print_table(
        ["faces a second", "least", "median", "most", "MiB/s", "a second of a processor, median"],
        [
            [
                name,
                *(f"{value:,.0f}" for value in values.values()),
                f"{values['median'] * size / arguments.faces / 2**20:,.0f}",
                f"{processor[name]['median']:,.0f}" if name in processor else "",
            ]
            for name, values in figures.items()
        ],
    )
    facts = {"faces": arguments.faces, "bytes": size, "workers": arguments.workers, "rates": figures}
    if arguments.before:
        ratios = {
            what: sorted(now / before for now, before in zip(of["ethnoshard pack"], of["before"], strict=True))
            for what, of in (
                ("clock", rates),
                ("processor", {name: packing.processor for name, packing in packings.items()}),
            )
        }
        for what, values in ratios.items():
            print(f"now / before, round by round, by the {what}: {', '.join(f'{value:.2f}' for value in values)}")
        facts["ratios"] = ratios
    keep("packing-before" if arguments.before else "packing", {**facts, "processor_rates": processor})


if __name__ == "__main__":
    main()
