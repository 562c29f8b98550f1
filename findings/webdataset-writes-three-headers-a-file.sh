#!/usr/bin/env bash
# webdataset 1.0.2: TarWriter gives each member a time with a fraction of a second, which only an extended header of a tar
# can hold. So every file of a shard has three blocks of headers instead of one: 1,024 bytes more, 2,048 a sample of an
# image and a class, which is a third of an aligned face of 112 px.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check webdataset==1.0.2 numpy==2.4.6 2> /dev/null

cat > "$place/see.py" << 'PYTHON'
import io, sys, tarfile
from pathlib import Path

import webdataset

SAMPLES, FACE = 100, bytes(6000)
theirs, plain = Path(sys.argv[1], "theirs.tar"), Path(sys.argv[1], "plain.tar")
with webdataset.TarWriter(str(theirs)) as writer:
    for number in range(SAMPLES):
        writer.write({"__key__": f"{number:06d}", "jpg": FACE, "cls": number})
with tarfile.open(theirs) as read, tarfile.open(plain, "w") as written:
    for member in read:
        again = tarfile.TarInfo(member.name)
        again.size, again.mtime = member.size, int(member.mtime)
        written.addfile(again, io.BytesIO(read.extractfile(member).read()))
    extended = sum("mtime" in member.pax_headers for member in read.getmembers())
sizes = [path.stat().st_size // SAMPLES for path in (theirs, plain)]
print(f"{extended} of {2 * SAMPLES} files have an extended header for their time; bytes a sample: {sizes[0]}, plain {sizes[1]}")
sys.exit(extended != 2 * SAMPLES or sizes[0] - sizes[1] < 2000)
PYTHON
# Seen: 200 of 200 files have an extended header for their time; bytes a sample: 9830, plain 7782
"$place/venv/bin/python" "$place/see.py" "$place"
echo "as seen: three headers a file"
