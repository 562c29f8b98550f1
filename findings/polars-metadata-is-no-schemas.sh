#!/usr/bin/env bash
# polars 2.1.0: write_parquet(metadata=...) puts texts into the file's own metadata, beside the Arrow schema that polars
# writes too. pyarrow 26.0.1 takes the metadata of a schema from that Arrow schema alone, so that it finds none, and
# datasets 5.2.0, which looks for the names of classes under "huggingface" there, gives numbers without names.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip=("$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check)
"${pip[@]}" polars==2.1.0 datasets==5.2.0 pyarrow==26.0.1 2> /dev/null

cat > "$place/see.py" << 'PYTHON'
import json, sys
from pathlib import Path

import datasets
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

features = {"label": {"names": ["Anna", "Bea"], "_type": "ClassLabel"}}
metadata = {"huggingface": json.dumps({"info": {"features": features}})}
kinds = {}
for writer in ("polars", "pyarrow"):
    path = Path(sys.argv[1], f"{writer}.parquet")
    if writer == "polars":
        pl.DataFrame({"label": [0, 1]}).write_parquet(path, metadata=metadata)
    else:
        pq.write_table(pa.table({"label": [0, 1]}, pa.schema([("label", pa.int64())], metadata)), path)
    data = datasets.load_dataset("parquet", data_files=str(path), split="train")
    kinds[writer] = type(data.features["label"]).__name__
    inside = b"huggingface" in (pq.read_metadata(path).metadata or {})
    print(f"{writer}: in the file {inside}, in the schema {bool(pq.read_schema(path).metadata)}, label is a {kinds[writer]}")
sys.exit(kinds != {"polars": "Value", "pyarrow": "ClassLabel"})
PYTHON
# Seen: polars: in the file True, in the schema False, label is a Value
#       pyarrow: in the file True, in the schema True, label is a ClassLabel
HF_HUB_OFFLINE=1 HF_HOME="$place/home" "$place/venv/bin/python" "$place/see.py" "$place" 2> /dev/null
echo "as seen: names of classes that polars writes are not found by datasets"
