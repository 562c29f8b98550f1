"""Memory and reads as datasets grow: ``python -m benchmarks.memory [--faces 10000 100000 1000000]``.

Datasets of small patterns in four groups (70, 20, 8 and 2 %) are written, 25 faces a person on average; each is
streamed by ``ethnoshard stream`` in a process of its own, 32 people x 4 faces, a whole epoch. Printed are the
memory that came with the loader, bytes and pieces read, and jumps between them; beside them what the seed did: a
file a face.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks._table import keep, print_table
from ethnoshard import FaceDataset
from tests.kit.datasets import pattern_jpeg, write_dataset

SHARES = (0.7, 0.2, 0.08, 0.02)
DIFFERENT = 1000


def write(folder: Path, faces: int) -> Path:
    """A dataset of about so many faces."""
    rng = np.random.default_rng(0)
    sizes = [rng.geometric(1 / 24, max(40, round(share * faces / 25))) + 1 for share in SHARES]
    return write_dataset(
        folder,
        [of.tolist() for of in sizes],
        shard_bytes=64 << 20,
        picture=lambda identity, face: pattern_jpeg(identity % DIFFERENT, face % 8),
    )


def main() -> None:
    """Write, stream, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    arguments = parser.parse_args()
    rows = []
    for faces in arguments.faces:
        folder = Path(tempfile.mkdtemp()) / "dataset"
        try:
            dataset = FaceDataset.open(write(folder, faces))
            command = [sys.executable, "-m", "ethnoshard", "stream", folder, "--people", 32, "--images", 4, "--json"]
            run = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
            stream = json.loads(run.stdout)
            size = sum(shard.bytes for shard in dataset.manifest.shards) / 2**20
        finally:
            shutil.rmtree(folder.parent)
        rows.append({"faces": dataset.manifest.faces, "size_mib": size, **stream})
        print(f"{faces:,} faces streamed", flush=True)
    head = ("faces", "shards, MiB", "loader's memory, MiB", "process, MiB", "read / size", "reads", "jumps")
    print_table(
        [*head, "jumps, a file a face"],
        [
            [
                f"{row['faces']:,}", f"{row['size_mib']:,.0f}", f"{row['loader_mib']:.0f}", f"{row['peak_mib']:.0f}",
                f"{row['read_mib'] / row['size_mib']:.3f}", f"{row['reads']:,}", f"{row['seeks']:,}",
                f"{row['images']:,}",
            ]
            for row in rows
        ],
    )  # fmt: skip
    keep("memory", {"rows": rows})


if __name__ == "__main__":
    main()
