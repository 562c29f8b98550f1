#!/usr/bin/env bash
# megatron-energon 7.4.1: `energon prepare --split-ratio 8,1,1` gives whole tars to the parts, in the order of their
# names. Of shards that hold one class each, the last class alone is what one validates and tests on; nothing is said.
# (--shuffle-tars chooses other tars, whole ones too.)
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip=("$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check)
"${pip[@]}" torch==2.13.0 numpy==2.4.6 pillow==13.0.0 2> /dev/null
# Pinned without their dependencies, of which pip takes many minutes to choose.
"${pip[@]}" --no-deps megatron-energon==7.4.1 webdataset==1.0.2 braceexpand==0.1.7 click==8.5.1 filetype==1.2.0 \
  mfusepy==3.1.1 multi-storage-client==1.3.1 PyYAML==6.0.3 rapidyaml==0.15.2 deprecation==2.1.0 packaging==26.3 \
  s3fs==2026.9.0 fsspec==2026.9.0 aiobotocore==3.10.0 botocore==1.43.117 aiohttp==3.14.5 aiohappyeyeballs==2.7.1 \
  aioitertools==0.13.0 aiosignal==1.4.0 attrs==26.1.0 frozenlist==1.8.0 multidict==7.2.1 propcache==0.5.4 yarl==1.25.1 \
  idna==3.20 wrapt==2.5.2 jmespath==1.1.0 python-dateutil==2.9.0.post0 six==1.17.0 urllib3==2.8.0 tqdm==4.70.1 \
  filelock==4.2.12 jsonschema==4.26.0 jsonschema-specifications==2025.9.1 referencing==0.37.0 rpds-py==2026.9.1 \
  lark==1.3.1 opentelemetry-api==1.45.2 prettytable==3.18.0 wcwidth psutil==7.2.2 pyroute2==0.9.7 tzdata wcmatch==12.0.1 \
  bracex==3.2.3 xattr==1.3.0 cffi==2.1.1 pycparser typing_extensions==4.16.0 2> /dev/null

cat > "$place/make.py" << 'PYTHON'
import io, json, sys, tarfile
from pathlib import Path
from PIL import Image

shards = Path(sys.argv[1], "shards")
shards.mkdir(parents=True)
for kind, colour in (("a", "red"), ("b", "blue")):
    for number in range(5):
        with tarfile.open(shards / f"{kind}-{number:06d}.tar", "w") as tar:
            for sample in range(4):
                jpeg = io.BytesIO()
                Image.new("RGB", (16, 16), colour).save(jpeg, "JPEG")
                for name, content in (("jpg", jpeg.getvalue()), ("json", json.dumps({"class": kind}).encode())):
                    member = tarfile.TarInfo(f"{kind}{number}{sample}.{name}")
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
PYTHON
"$place/venv/bin/python" "$place/make.py" "$place/data"
"$place/venv/bin/energon" prepare --non-interactive --split-ratio 8,1,1 --sample-type CrudeWebdataset "$place/data" \
  > "$place/said" 2>&1 || { cat "$place/said"; exit 1; }
cat "$place/data/.nv-meta/split.yaml"
# Seen: 5 tars of a and 3 of b in train; val is b-000003.tar, test is b-000004.tar.
"$place/venv/bin/python" - "$place/data/.nv-meta/split.yaml" << 'PYTHON'
import sys, yaml

parts = yaml.safe_load(open(sys.argv[1]))["split_parts"]
held = {part: {name.split("/")[1][0] for name in names} for part, names in parts.items()}
sys.exit(held != {"train": {"a", "b"}, "val": {"b"}, "test": {"b"}})
PYTHON
echo "as seen: validation and test hold no sample of the first class"
