#!/usr/bin/env bash
# openvino 2026.4.1 with openvino-telemetry 2025.2.0, which comes with it: `import openvino`, and nothing else, makes a
# random number of the user in ~/intel and hands its backend for Google Analytics an event "import"; nobody is asked.
# Without openvino-telemetry (uninstalled, or hidden while openvino is imported) it does neither, and works the same.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  openvino==2026.4.1 openvino-telemetry==2025.2.0 2> /dev/null

cat > "$place/see.py" << 'PYTHON'
import sys
import time
from pathlib import Path

events = []
if sys.argv[1] == "hidden":
    sys.modules["openvino_telemetry"] = None
else:
    from openvino_telemetry.backend.backend_ga4 import GA4Backend

    # In place of the network.
    GA4Backend.send = lambda self, message: events.append(message["events"][0]["name"])
import openvino

for _ in range(100 * (sys.argv[1] == "plain" and not events)):  # a thread of its own hands it over
    time.sleep(0.05 * (not events))
kept = sorted(path.name for path in Path.home().glob("intel/*_cid"))
print(f"{sys.argv[1]}: kept {kept}, events {events}, devices {'CPU' in openvino.Core().available_devices}")
sys.exit((kept, len(events)) != ([], 0) if sys.argv[1] == "hidden" else not kept or not events)
PYTHON
for way in plain hidden; do
  mkdir -p "$place/$way"
  HOME="$place/$way" "$place/venv/bin/python" "$place/see.py" "$way"
done
echo "as seen: importing openvino keeps a number of the user and sends an event, unless openvino-telemetry is missing"
