#!/usr/bin/env bash
# litdata 0.2.76: StreamingRawDataset over a folder of WebDataset tars has one item for each tar, its bytes whole, not one
# for each sample; and it leaves index.json.zstd in the folder that it was given to read. (litdata.iter_webdataset_tar
# does read the samples.)
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip=("$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check)
"${pip[@]}" torch==2.13.0 numpy==2.4.6 pillow==13.0.0 2> /dev/null
# Pinned without their dependencies, of which pip takes many minutes to choose.
"${pip[@]}" --no-deps litdata==0.2.76 lightning-utilities==0.15.3 packaging==26.3 boto3==1.43.117 botocore==1.43.117 \
  s3transfer==0.19.3 jmespath==1.1.0 python-dateutil==2.9.0.post0 six==1.17.0 urllib3==2.8.0 requests==2.34.2 \
  charset-normalizer==3.5.2 idna==3.20 certifi tifffile==2026.3.3 obstore==0.12.1 zstd==1.5.7.2 tqdm==4.70.1 2> /dev/null

cat > "$place/see.py" << 'PYTHON'
import io, json, sys, tarfile
from pathlib import Path

import litdata
from PIL import Image

folder = Path(sys.argv[1])
folder.mkdir()
for kind in "ab":
    with tarfile.open(folder / f"{kind}-000000.tar", "w") as tar:
        for sample in range(5):
            jpeg = io.BytesIO()
            Image.new("RGB", (16, 16)).save(jpeg, "JPEG")
            for name, content in (("jpg", jpeg.getvalue()), ("json", json.dumps({"class": kind}).encode())):
                member = tarfile.TarInfo(f"{kind}{sample}.{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
before = {path.name: path.stat().st_size for path in folder.iterdir()}
items = litdata.StreamingRawDataset(str(folder))
lengths = sorted(len(items[number]) for number in range(len(items)))
left = sorted({path.name for path in folder.iterdir()} - before.keys())
samples = sum(1 for name in before for _ in litdata.iter_webdataset_tar(str(folder / name)))
print(f"{samples} samples in {len(before)} tars of {sorted(before.values())} bytes")
print(f"StreamingRawDataset: {len(items)} items of {lengths} bytes; left in the folder: {left}")
sys.exit(not (samples == 10 and lengths == sorted(before.values()) and left == ["index.json.zstd"]))
PYTHON
# Seen: 10 samples in 2 tars of [20480, 20480] bytes
#       StreamingRawDataset: 2 items of [20480, 20480] bytes; left in the folder: ['index.json.zstd']
HOME="$place" "$place/venv/bin/python" "$place/see.py" "$place/data"
echo "as seen: an item is a tar, and an index was left beside them"
