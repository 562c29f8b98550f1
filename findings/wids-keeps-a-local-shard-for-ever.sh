#!/usr/bin/env bash
# wids 0.1.11: ShardListDataset copies shards into its cache, those of the local disk too (by default to /tmp/_wids_cache),
# and takes a copy that is there without a look at the file. A shard written anew under the same path gives the samples
# of the old one, in later processes too, until somebody empties the cache.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip=("$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check)
"${pip[@]}" torch==2.13.0 numpy==2.4.6 pillow==13.0.0 wids==0.1.11 2> /dev/null

cat > "$place/see.py" << 'PYTHON'
import io, sys, tarfile

import wids
from PIL import Image

shard, colour = sys.argv[1], sys.argv[2]
with tarfile.open(shard, "w") as tar:
    jpeg = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(jpeg, "JPEG")
    member = tarfile.TarInfo("0.jpg")
    member.size = len(jpeg.getvalue())
    tar.addfile(member, io.BytesIO(jpeg.getvalue()))
samples = wids.ShardListDataset([{"url": shard, "nsamples": 1}], transformations=[])
red, _, blue = Image.open(samples[0][".jpg"]).getpixel((8, 8))
print("written:", colour, " read:", "red" if red > blue else "blue")
PYTHON
# Seen: written: red  read: red
#       written: blue  read: red
export WIDS_CACHE="$place/cache"
for colour in red blue; do
  "$place/venv/bin/python" "$place/see.py" "$place/a-000000.tar" "$colour" 2> /dev/null
done | tee "$place/said"
grep -q "written: blue  read: red" "$place/said" || exit 1
echo "as seen: the second shard was never read"
