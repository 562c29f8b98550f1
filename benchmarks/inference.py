"""Networks on a CPU, now and before: ``python -m benchmarks.inference BEFORE PHOTOGRAPHS [--model M] [--images N]``.

BEFORE is a checkout of another version of this repository, PHOTOGRAPHS a tar. Each version, in turn and in processes of
its own, aligns the first N photographs, labels their faces by the shipped classifier and embeds them by M (a run folder
or a .safetensors; by default a MobileFaceNet of 112 px with random weights). Rates begin with the first batch that is
through, so that loading is left out; beside those by the clock are those by a second of a processor, which other
programs on the machine spoil less. Memory is the most that a worker of ``align`` had. Compared are medians: in the same
moments of the same machine, their ratio stands where they themselves don't.

With ``--lfw LFW --pairs PAIRS`` instead, seconds of ``ethnoshard evaluate M`` with an empty cache: alignment,
embeddings, figures, and starting all of it.
"""

import argparse
import tarfile
import tempfile
import time
from itertools import islice
from pathlib import Path

from benchmarks._table import keep, print_table, summary
from benchmarks._versions import add_before, in_version, measured_in, versions_beside, versions_in_turn
from ethnoshard._parallel import available_cores

_MODEL = """
import sys
import torch
from ethnoshard.training import FaceEmbedder
from ethnoshard.training._weights import save_weights
torch.manual_seed(0)
embedder = FaceEmbedder("mobilefacenet", embedding=128, side=112).eval()
from pathlib import Path
save_weights(embedder, Path(sys.argv[1]), {"crop": "160"})
"""

_MEASURED = """
import json, os, sys, time
from pathlib import Path
from ethnoshard.alignment import AlignSettings, Progress, align_source
from ethnoshard.sources import open_source

photographs, workers, work, model = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
counted, most = [], 0

def of_children(file):
    for task in Path("/proc/self/task").iterdir():
        for process in (task / "children").read_text().split():
            try:
                yield Path(f"/proc/{process}/{file}").read_text()
            except OSError:
                pass

def look(number):
    global most
    ticks = [sum(map(int, stat.rpartition(")")[2].split()[11:13])) for stat in of_children("stat")]
    counted.append((number, time.perf_counter(), time.process_time() + sum(ticks) / os.sysconf("SC_CLK_TCK")))
    for status in of_children("status"):
        most = max(most, int(status.partition("VmHWM:")[2].split()[0]) * 1024)

def rates(what):
    faces = sum(number for number, *_ in counted[1:])
    # The last one of several processes may be gone when the last faces are counted.
    clock, processor = (max(each[place] for each in counted) - counted[0][place] for place in (1, 2))
    counted.clear()
    return {f"{what}, by the clock": faces / clock, f"{what}, a second of a processor": faces / processor}

progress = Progress(advance=look)
align_source(open_source(photographs), work, AlignSettings(part_images=64), workers=workers, progress=progress)
found, memory = rates("align"), most
from ethnoshard.ethnicity import label_by_classifier
label_by_classifier(work, workers=workers, progress=progress)
found |= rates("label")
from ethnoshard.embedding import embed_source, load_model, open_faces
embed_source(load_model(model), open_faces(str(work)), progress=progress)
found |= rates("embed")
print(json.dumps({"rates": found, "memory": memory}))
"""


def first_of(photographs: Path, images: int, target: Path) -> None:
    """A tar of the first files of a tar."""
    with tarfile.open(photographs) as given, tarfile.open(target, "w") as taken:
        for member in islice((each for each in given if each.isfile()), images):
            taken.addfile(member, given.extractfile(member))


def measured(version: Path, arguments: argparse.Namespace, model: str) -> dict[str, float]:
    """Rates of the three, and the memory, of one version."""
    with tempfile.TemporaryDirectory() as folder:
        photographs, work = Path(folder) / "photographs.tar", Path(folder) / "work"
        first_of(arguments.photographs, arguments.images, photographs)
        found = measured_in(version, "-c", _MEASURED, photographs, arguments.workers, work, model)
    return {**found["rates"], "memory, MiB": found["memory"] / 2**20}


def evaluated(version: Path, arguments: argparse.Namespace, model: str) -> dict[str, float]:
    """Seconds of the command."""
    with tempfile.TemporaryDirectory() as folder:
        line = ["-m", "ethnoshard", "evaluate", model, "--lfw", arguments.lfw.resolve()]
        line += ["--pairs", arguments.pairs.resolve(), "--cache", f"{folder}/cache", "--out", f"{folder}/report"]
        began = time.perf_counter()
        in_version(version, *line)
        return {"evaluate, s": time.perf_counter() - began}


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_before(parser)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--images", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=available_cores())
    parser.add_argument("--lfw", type=Path)
    parser.add_argument("--pairs", type=Path)
    arguments = parser.parse_args()
    versions = versions_beside(arguments.before)
    with tempfile.TemporaryDirectory() as folder:
        model = arguments.model and str(Path(arguments.model).resolve())
        if not model:
            model = f"{folder}/model.safetensors"
            in_version(versions["before"], "-c", _MODEL, model)
        measure = evaluated if arguments.lfw else measured
        found = versions_in_turn(versions, arguments.rounds, lambda version: measure(version, arguments, model))
    kept: list[dict[str, object]] = []
    rows = []
    for what in found["now"][0]:
        figures = summary({name: [each[what] for each in rounds] for name, rounds in found.items()})
        pairs = zip(found["now"], found["before"], strict=True)
        ratios = summary({"now / before": [now[what] / before[what] for now, before in pairs]})
        kept.append({"what": what, **figures, **ratios})
        medians = [f"{figures[name]['median']:,.1f}" for name in versions]
        rows.append([what, *medians, *(f"{value:.2f}" for value in ratios["now / before"].values())])
    print_table(["", "before", "now", "least ratio", "median", "most"], rows)
    name = "evaluate" if arguments.lfw else arguments.photographs.stem
    keep(
        f"inference-{name}",
        {"images": arguments.images, "workers": arguments.workers, "rounds": arguments.rounds, "rows": kept},
    )


if __name__ == "__main__":
    main()
