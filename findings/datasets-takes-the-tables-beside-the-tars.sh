#!/usr/bin/env bash
# datasets 5.2.0: load_dataset(FOLDER) decides by the number of files of each extension what a folder without a card
# holds. With an index in two parquet files beside one or two WebDataset tars, it reads the index as the data (here
# without an error, as both have the same columns); with three tars, the tars.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip=("$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check)
"${pip[@]}" datasets==5.2.0 pyarrow==26.0.1 pillow==13.0.0 2> /dev/null

cat > "$place/see.py" << 'PYTHON'
import io, json, sys, tarfile
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

columns = {}
for tars in (1, 2, 3):
    folder = Path(sys.argv[1], str(tars))
    (folder / "shards").mkdir(parents=True)
    for table in ("index-0.parquet", "index-1.parquet"):
        pq.write_table(pa.table({"offset": [0, 1024]}), folder / table)
    for shard in range(tars):
        with tarfile.open(folder / "shards" / f"{shard:06d}.tar", "w") as tar:
            jpeg = io.BytesIO()
            Image.new("RGB", (16, 16)).save(jpeg, "JPEG")
            for name, content in (("jpg", jpeg.getvalue()), ("json", json.dumps({"class": "a"}).encode())):
                member = tarfile.TarInfo(f"{shard}.{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    data = datasets.load_dataset(str(folder), split="train", streaming=True)
    columns[tars] = sorted(data.features or next(iter(data)))
    print(f"{tars} tars beside 2 parquet files: {columns[tars]}")
samples = ["__key__", "__url__", "jpg", "json"]
sys.exit(columns != {1: ["offset"], 2: ["offset"], 3: samples})
PYTHON
# Seen: 1 tars beside 2 parquet files: ['offset']
#       2 tars beside 2 parquet files: ['offset']
#       3 tars beside 2 parquet files: ['__key__', '__url__', 'jpg', 'json']
HF_HUB_OFFLINE=1 HF_HOME="$place/home" "$place/venv/bin/python" "$place/see.py" "$place/data" 2> /dev/null
echo "as seen: with fewer than three tars the tables are taken for the data"
