"""Memory of each step as sets grow: ``python -m benchmarks.scale [--faces N ...] [--steps S ...] [--empty]``

For each number of faces a work folder and a RecordIO set are made, 25 faces a person, four groups (70, 20, 8 and 2 %),
every face the same small JPEG; then each step runs in a process of its own: listing the records, labelling from a file
and by a classifier that looks at nothing, finding what is to be embedded, packing, packing by decisions on every
hundredth person, opening, planning an epoch (32 people x 4 faces), verifying. A tar and a zip of as many images without
a byte are listed too, and a folder where it is asked for: a file an image. Printed are the largest memory of the step's
process, of the largest of its workers, and the bytes that an additional face took, from one number of faces to the
next.

With ``--empty`` the shards' bytes are not written, so that tens of millions of faces fit on a small disk: what the main
process holds is the same, the tables are real, and the workers of packing have nothing to do. Verifying then finds the
shards empty.
"""

import argparse
import functools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks._photographs import CONTAINERS
from benchmarks._table import RESULTS, keep, print_table
from benchmarks._unseeing import Unseeing
from benchmarks.listing import make_set
from ethnoshard._files import whole_file, write_json, write_table
from ethnoshard._tar import BLOCK, TarFile, end_of_tar
from ethnoshard.alignment import AlignSettings
from ethnoshard.ethnicity import label_from_file
from ethnoshard.loading import plan_of
from ethnoshard.shards import Decision, Decisions, FaceDataset, verify
from ethnoshard.shards import _pack as packing
from ethnoshard.shards._write_shard import ShardTask
from ethnoshard.sources import open_source
from ethnoshard.work import LABELS_SCHEMA, PART_SCHEMA, WorkFolder, write_labels
from tests.kit.datasets import pattern_jpeg

LISTED = {"list tar": "tar", "list zip": "zip", "list folder": "folder"}
"""Step -> what is listed."""
STEPS = (
    *("list", *LISTED, "label", "pack", "pack by decisions", "open", "plan", "verify", "faces to embed"),
    # Last: it writes other labels.
    "classify",
)
USUAL = tuple(name for name in STEPS if name != "list folder")
FACES_OF_ONE, OF_A_PART = 25, 5_000
SHARES = {"A": 0.7, "B": 0.9, "C": 0.98, "D": 1.0}
"""Group -> share of people up to and with it."""


def make_work(folder: Path, faces: int) -> None:
    """A work folder whose parts have the one JPEG in many places."""
    work, jpeg = WorkFolder(folder), pattern_jpeg(1, 1)
    parts, identities = -(-faces // OF_A_PART), faces // FACES_OF_ONE
    with work.held():
        source = {"name": "made", "kind": "folder", "digest": "", "images": faces, "identities": identities}
        settings = json.loads(json.dumps(asdict(AlignSettings(size=48, aligned=True))))
        versions = {"ethnoshard": "-"}
        work.begin({"source": source, "settings": settings, "device": "cpu", "parts": parts, "versions": versions})
        for part in range(parts):
            face = pl.int_range(part * OF_A_PART, min(faces, (part + 1) * OF_A_PART), eager=True)
            lone: dict[str, object] = {"face": 0, "status": "aligned", "offset": BLOCK, "length": len(jpeg)}
            table = pl.DataFrame(
                {
                    "identity": _names(face // FACES_OF_ONE, "p{}"),
                    "image": _names(face, "p{}/{}.jpg"),
                    "sha256": face.cast(pl.String).str.zfill(32).cast(pl.Binary),
                }
            )
            table = table.with_columns(
                pl.lit(lone.get(name)).alias(name) for name in PART_SCHEMA if name not in table.columns
            ).select(pl.col(name).cast(kind) for name, kind in PART_SCHEMA.items())
            with whole_file(work.part_path(part)) as file:
                tar = TarFile(file)
                tar.add("face.jpg", jpeg)
                tar.close()
            write_table(work.part_path(part).with_suffix(".parquet"), table)
        work.finish(contents=None, statuses={"aligned": faces}, reasons={}, faces=faces)
    drawn = np.random.default_rng(0).random(identities)
    names = _names(pl.int_range(identities, eager=True), "p{}")
    group = np.array(list(SHARES))[np.searchsorted(list(SHARES.values()), drawn)]
    people = pl.DataFrame({"identity": names, "group": group})
    people.write_csv(folder.with_name("made.csv"))
    known: dict[str, object] = {"source": "file made.csv", "faces": FACES_OF_ONE}
    table = people.with_columns(
        pl.lit(known.get(name)).alias(name) for name in LABELS_SCHEMA if name not in people.columns
    )
    write_labels(work, table.select(pl.col(name).cast(kind) for name, kind in LABELS_SCHEMA.items()))


def _names(number: pl.Series, form: str) -> pl.Series:
    """A text for each number, which may come in it twice: as the identity's, and as the image's."""
    of = [number // FACES_OF_ONE, number % FACES_OF_ONE] if form.count("{}") > 1 else [number]
    return pl.select(pl.format(form, *(pl.lit(each.cast(pl.String).str.zfill(8)) for each in of))).to_series()


def no_shard(task: ShardTask) -> str:
    """In the place of ``write_shard``: an empty file, and the record that a shard would have."""
    lengths = task.faces["length"].to_numpy().astype(np.int64)
    ends = np.cumsum(-(-lengths // BLOCK) * BLOCK + 3 * BLOCK)
    offsets = ends - ends[0] + BLOCK
    task.path.touch()
    content = {
        "bytes": end_of_tar(int(ends[-1])),
        "sha256": "0" * 64,
        "end": int(ends[-1]),
        "offsets": offsets.tolist(),
    }
    write_json(task.record.with_suffix(".json"), content)
    return task.path.name


def steps(folder: Path, *, empty: bool) -> dict[str, Callable[[], object]]:
    """What is measured."""

    def plan() -> object:
        plan = plan_of(FaceDataset.open(folder / "dataset"), people_per_batch=32, images_per_person=4)
        return plan, plan.epoch(0).batch(0)

    def pack(dataset: str, decisions: Decisions | None = None) -> object:
        if empty:
            # Packing then starts no process, and what would write a shard writes none.
            setattr(packing, "in_processes", lambda _, tasks, **__: map(no_shard, tasks))  # noqa: B010 - not its own name
        return packing.pack(folder / "work", folder / dataset, decisions=decisions, workers=2)

    def pack_by_decisions() -> object:
        work = WorkFolder(folder / "work")
        # Of every three of these people one is left out, and one merged into the third.
        some = work.people(work.finished().parts)["identity"].gather_every(100).to_list()
        threes = list(zip(some[::3], some[1::3], some[2::3], strict=False))
        decisions = [Decision(identity=one, action="leave-out") for one, _, _ in threes]
        decisions += [Decision(identity=one, action="merge-into", to=other) for _, one, other in threes]
        return pack("decided", Decisions.of(decisions))

    def faces_to_embed() -> object:
        # Loaded here, for what it takes is in no other step.
        from ethnoshard.embedding import open_faces

        return open_faces(folder / "work")

    def classified() -> object:
        from ethnoshard.ethnicity import label_by_classifier

        return label_by_classifier(folder / "work", workers=2, load=Unseeing)

    def checked() -> object:
        found = verify(folder / "dataset", workers=2)
        if found.faults and not empty:
            raise SystemExit(found.faults[0])
        return found

    return {
        "list": lambda: open_source(folder / "records"),
        **{name: functools.partial(open_source, folder / kind) for name, kind in LISTED.items()},
        "label": lambda: label_from_file(folder / "work", folder / "made.csv"),
        "pack": lambda: pack("dataset"),
        "pack by decisions": pack_by_decisions,
        "open": lambda: FaceDataset.open(folder / "dataset"),
        "plan": plan,
        "verify": checked,
        "faces to embed": faces_to_embed,
        "classify": classified,
    }


def step(name: str, folder: Path, *, empty: bool) -> None:
    """Do a step and print what it took."""
    began = time.perf_counter()
    result = steps(folder, empty=empty)[name]()
    seconds = time.perf_counter() - began
    # getrusage would begin with the peak of the process that started this one.
    own = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
    of = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = time.process_time() + of.ru_utime + of.ru_stime
    del result
    print(json.dumps({"mib": own / 1024, "worker_mib": of.ru_maxrss / 1024, "s": seconds, "processor_s": used}))


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, nargs="+", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=USUAL)
    parser.add_argument("--empty", action="store_true", help="don't write the shards' bytes")
    parser.add_argument("--of", nargs=2, metavar=("STEP", "FOLDER"), help="one step in this process")
    arguments = parser.parse_args()
    if arguments.of is not None:
        step(arguments.of[0], Path(arguments.of[1]), empty=arguments.empty)
        return
    rows: list[dict[str, Any]] = []
    for faces in arguments.faces:
        folder = Path(tempfile.mkdtemp(dir=Path.cwd()))
        try:
            if "list" in arguments.steps:
                make_set(folder / "records", faces, shuffled=False)
            for kind in (kind for name, kind in LISTED.items() if name in arguments.steps):
                CONTAINERS[kind](folder / kind, faces)
            if not {"list", *LISTED}.issuperset(arguments.steps):
                make_work(folder / "work", faces)
            for name in arguments.steps:
                command = [sys.executable, "-m", "benchmarks.scale", "--of", name, str(folder)]
                command += ["--empty"] if arguments.empty else []
                run = subprocess.run(command, stdout=subprocess.PIPE, check=True, env={**os.environ})
                rows.append({"step": name, "faces": faces, **json.loads(run.stdout)})
                print(rows[-1], flush=True)
        finally:
            shutil.rmtree(folder)
    shown = []
    for name in arguments.steps:
        before: dict[str, Any] | None = None
        for row in (row for row in rows if row["step"] == name):
            slope = "" if before is None else f"{_slope(before, row):,.0f}"
            numbers = [f"{row['mib']:,.0f}", f"{row['worker_mib']:,.0f}", slope, f"{row['processor_s']:,.0f}"]
            shown.append([f"{name}, {row['faces']:,}", *numbers])
            before = row
    print_table(["step, faces", "peak, MiB", "largest worker, MiB", "bytes a further face", "processor, s"], shown)
    _keep("scale-empty" if arguments.empty else "scale", rows)


def _keep(name: str, rows: list[dict[str, Any]]) -> None:
    """Keep what was measured beside what is kept of other steps and numbers."""
    path = RESULTS / f"{name}.json"
    before = json.loads(path.read_text())["rows"] if path.exists() else []
    measured = {(row["step"], row["faces"]) for row in rows}
    whole = [row for row in before if (row["step"], row["faces"]) not in measured] + rows
    keep(name, {"rows": sorted(whole, key=lambda row: (row["faces"], STEPS.index(row["step"])))})


def _slope(before: dict[str, Any], now: dict[str, Any]) -> float:
    """Bytes that a further face took."""
    return float((now["mib"] - before["mib"]) * 2**20 / (now["faces"] - before["faces"]))


if __name__ == "__main__":
    main()
