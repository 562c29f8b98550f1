"""Networks on a CPU, now and before: ``python -m benchmarks.inference BEFORE PHOTOGRAPHS [--model M] [--images N]``.

BEFORE is a checkout of another version of this repository. Each version, in turn and in processes of its own, aligns
the first N photographs, labels their faces by the shipped classifier and embeds them by M (a run folder or a
.safetensors; by default a MobileFaceNet of 112 px with random weights). Rates begin with the first batch that is
through, so that loading is left out. Memory is the most that a worker of ``align`` had. Compared are medians: in the
same moments of the same machine, their ratio stands where they themselves don't.

With ``--lfw LFW --pairs PAIRS`` instead, seconds of ``ethnoshard evaluate M`` with an empty cache: alignment,
embeddings, figures, and starting all of it.
"""

import argparse
import tempfile
import time
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
import json, sys, time
from dataclasses import replace
from pathlib import Path
from ethnoshard.alignment import AlignSettings, Progress, align_source
from ethnoshard.sources import open_source

photographs, images, workers, work, model = sys.argv[1], *map(int, sys.argv[2:4]), Path(sys.argv[4]), sys.argv[5]
counted, most = [], 0

def look_at_workers(number):
    global most
    counted.append((time.perf_counter(), number))
    for task in Path("/proc/self/task").iterdir():
        for process in (task / "children").read_text().split():
            try:
                status = Path(f"/proc/{process}/status").read_text()
            except OSError:
                continue
            most = max(most, int(status.partition("VmHWM:")[2].split()[0]) * 1024)

def rate():
    found = sum(number for _, number in counted[1:]) / (time.perf_counter() - counted[0][0])
    counted.clear()
    return found

progress = Progress(advance=look_at_workers)
listed = open_source(photographs)
source = replace(listed, refs=listed.refs[:images])
align_source(source, work, AlignSettings(part_images=64), workers=workers, progress=progress)
found, memory = {"align": rate()}, most
from ethnoshard.ethnicity import label_by_classifier
label_by_classifier(work, workers=workers, progress=progress)
found["label"] = rate()
from ethnoshard.embedding import embed_source, load_model, open_faces
embed_source(load_model(model), open_faces(str(work)), progress=progress)
found["embed"] = rate()
print(json.dumps({"rates": found, "memory": memory}))
"""


def measured(version: Path, arguments: argparse.Namespace, model: str) -> dict[str, float]:
    """Rates of the three, and the memory, of one version."""
    with tempfile.TemporaryDirectory() as folder:
        place = (arguments.photographs.resolve(), arguments.images, arguments.workers, Path(folder) / "work", model)
        found = measured_in(version, "-c", _MEASURED, *place)
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
    kept = {}
    rows = []
    for what in found["now"][0]:
        figures = summary({name: [each[what] for each in rounds] for name, rounds in found.items()})
        pairs = zip(found["now"], found["before"], strict=True)
        ratios = summary({"now / before": [now[what] / before[what] for now, before in pairs]})
        kept[what] = figures | ratios
        medians = [f"{figures[name]['median']:,.1f}" for name in versions]
        rows.append([what, *medians, *(f"{value:.2f}" for value in ratios["now / before"].values())])
    print_table(["", "before", "now", "least ratio", "median", "most"], rows)
    name = "evaluate" if arguments.lfw else arguments.photographs.stem
    keep(
        f"inference-{name}",
        {"images": arguments.images, "workers": arguments.workers, "rounds": arguments.rounds, "figures": kept},
    )


if __name__ == "__main__":
    main()
