"""What ``export-dataset --as recordio`` writes, read by MXNet: ``python -m benchmarks.peers.mxnet_recordio [DATASET]``.

MXNet 1.9.1 is the last there is; it wants numpy below 1.24, so it gets an environment of its own, which goes away again
(200 MB to fetch). Every record is read by key as insightface's trainers do: record 0 says which keys are identities,
each of these which keys are its images, each image has its label. Compared are keys, labels and the digests of the
JPEGs. Without DATASET faces are made that hold RecordIO's magic word at every alignment, which splits a record.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from ethnoshard.shards import FaceDataset, export_dataset, open_shards
from tests.kit.datasets import pattern_jpeg, write_dataset

PINS = ("mxnet==1.9.1", "numpy==1.23.5")
_MAGIC = b"\x0a\x23\xd7\xce"
_READ = """
import hashlib, json, sys
import mxnet as mx
from mxnet import recordio
folder = sys.argv[1]
records = recordio.MXIndexedRecordIO(folder + "/train.idx", folder + "/train.rec", "r")
header, _ = recordio.unpack(records.read_idx(0))
first, last = (int(number) for number in header.label)
images = []
for key in range(1, first):
    header, image = recordio.unpack(records.read_idx(key))
    images.append([int(header.label), hashlib.sha256(image).hexdigest()])
spans = [[int(number) for number in recordio.unpack(records.read_idx(key))[0].label] for key in range(first, last)]
print(json.dumps({"version": mx.__version__, "keys": len(records.keys), "images": images, "spans": spans}))
"""


def main() -> int:
    """Write, install, read, compare; status 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", nargs="?", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mxnet-") as place:
        folder = Path(place)
        given = arguments.dataset or write_dataset(
            folder / "dataset", [[3, 1, 2] * 20, [4, 1] * 15], shard_bytes=1 << 17, picture=_with_magic
        )
        dataset = FaceDataset.open(given)
        export_dataset(dataset, folder / "records", "recordio")
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / "bin" / "python"
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINS]
        subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)
        run = subprocess.run([python, "-c", _READ, folder / "records"], check=True, capture_output=True, text=True)
        read = json.loads(run.stdout.splitlines()[-1])
        images, spans = _expected(dataset)
    same = (read["images"], read["spans"], read["keys"]) == (images, spans, len(images) + len(spans) + 1)
    print(
        f"MXNet {read['version']}: {len(read['images']):,} images of {len(read['spans']):,} identities, "
        f"{'each with its label, key and bytes' if same else 'NOT those of the dataset'}"
    )
    return int(not same)


def _expected(dataset: FaceDataset) -> tuple[list[list[object]], list[list[int]]]:
    images: list[list[object]] = []
    spans: list[list[int]] = []
    shards, faces = open_shards(dataset), dataset.faces()
    for number, (shard, count) in enumerate(dataset.identities.select("shard", "faces").iter_rows()):
        spans.append([len(images) + 1, len(images) + 1 + count])
        for offset, length in faces.slice(len(images), count).select("offset", "length").iter_rows():
            images.append([number, hashlib.sha256(shards.read(shard, offset, length)).hexdigest()])
    shards.close()
    return images, spans


def _with_magic(identity: int, face: int) -> bytes:
    jpeg = pattern_jpeg(identity, face)
    return jpeg + bytes((face - len(jpeg)) % 4) + _MAGIC * (identity % 4) + b"x" * face + _MAGIC


if __name__ == "__main__":
    sys.exit(main())
