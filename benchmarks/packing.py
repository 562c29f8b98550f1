"""Packing beside the disk: ``python -m benchmarks.packing [--faces N] [--rounds R] [--workers W]``.

Drawn faces are encoded as aligned ones are (182 px, JPEG quality 95) and written as the parts of a work folder of
identities of 50 faces, in four groups. Then, in turn: the real ``pack``, start of its processes included; and a plain
copy of the same bytes to the same disk with a flush at the end, which is what the disk can do.
"""

import argparse
import os
import shutil
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import polars as pl
from PIL import Image

from benchmarks._table import in_turn, keep, print_table, summary
from ethnoshard._parallel import available_cores
from ethnoshard.alignment import AlignSettings
from ethnoshard.alignment._align_part import encode
from ethnoshard.shards import pack
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
        settings = asdict(AlignSettings(size=182, aligned=True))
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


def packed(work: WorkFolder, target: Path, workers: int) -> float:
    """Faces a second of packing."""
    shutil.rmtree(target, ignore_errors=True)
    started = time.perf_counter()
    report = pack(work.path, target, workers=workers)
    return report.manifest.faces / (time.perf_counter() - started)


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
    parser.add_argument("--faces", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=available_cores())
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        work = make_work(folder / "work", arguments.faces)
        rates = in_turn(
            {
                "ethnoshard pack": lambda: packed(work, folder / "dataset", arguments.workers),
                "plain copy": lambda: copied(folder / "dataset", folder / "copy", arguments.faces),
            },
            arguments.rounds,
        )
        size = sum(path.stat().st_size for path in (folder / "dataset" / "shards").iterdir())
    figures = summary(rates)
    print(f"\n{arguments.faces:,} faces, {size / 2**20:,.0f} MiB, {arguments.workers} workers\n")
    print_table(
        ["faces a second", "least", "median", "most", "MiB/s"],
        [
            [
                name,
                *(f"{value:,.0f}" for value in values.values()),
                f"{values['median'] * size / arguments.faces / 2**20:,.0f}",
            ]
            for name, values in figures.items()
        ],
    )
    keep("packing", {"faces": arguments.faces, "bytes": size, "workers": arguments.workers, "rates": figures})


if __name__ == "__main__":
    main()
