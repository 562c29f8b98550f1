#!/usr/bin/env bash
# torch 2.14.1, torchrun --nnodes 1:2 --rdzv-backend c10d: a second agent that joins while the first one trains is
# admitted, then waits 60 s for MASTER_ADDR of the new round, which the first agent, having published it for its own
# round, doesn't publish again; both end with an error, and the training with them. With
# TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 on both, they go on together. Losing an agent works either way.
# An environment with torch 2.14.1 is installed (some GB), unless TORCH_PYTHON names the Python of one.
set -euo pipefail
place=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; rm -rf "$place"' EXIT
python=${TORCH_PYTHON:-}
if [ -z "$python" ]; then
  python3 -m venv "$place/venv"
  python=$place/venv/bin/python
  "$python" -m pip install --quiet --disable-pip-version-check torch==2.14.1 2> /dev/null
fi
"$python" -c 'import torch; assert torch.__version__.startswith("2.14.1"), torch.__version__'

# In place of a training: each process says how many there are; two together are done, one alone goes on for ever.
cat > "$place/work.py" << 'PYTHON'
import os, pathlib, sys, time
pathlib.Path(sys.argv[1], f"world-{os.environ['WORLD_SIZE']}").touch()
while os.environ["WORLD_SIZE"] == "1":
    time.sleep(0.1)
PYTHON

seen() { # what came of it, with the environment given as words
  local folder=$place/$1 port status=0
  shift
  mkdir "$folder"
  port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  agent() {
    env OMP_NUM_THREADS=1 "$@" "$python" -m torch.distributed.run --nnodes 1:2 --nproc-per-node 1 --max-restarts 9 \
      --rdzv-backend c10d --rdzv-endpoint "127.0.0.1:$port" --rdzv-id seen --rdzv-conf "is_host=$host,last_call_timeout=1" \
      "$place/work.py" "$folder" > "$folder/agent-$host.log" 2>&1
  }
  host=1 agent "$@" & local first=$!
  while [ ! -e "$folder/world-1" ]; do sleep 0.2; done
  host=0 agent "$@" & local second=$!
  wait "$first" || status=$?
  wait "$second" || status=$?
  echo "worlds of $(ls "$folder" | grep -c world): $(ls "$folder" | grep world | tr '\n' ' ')status $status" \
    "$(grep -ho 'keys: [^ ]*MASTER_ADDR' "$folder"/agent-0.log | head -1)"
}
plain=$(seen plain A=b)
apart=$(seen apart TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1)
echo "as it is: $plain"
echo "TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1: $apart"
# Seen: as it is: worlds of 1: world-1 status 1 keys: /torch.rendezvous.seen.1/MASTER_ADDR
#       TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1: worlds of 2: world-1 world-2 status 0
if [ "${plain%% status*}" != "worlds of 1: world-1" ] || [ "${plain#*MASTER_ADDR}" != "" ] \
  || [ "${apart% }" != "worlds of 2: world-1 world-2 status 0" ]; then
  echo "not as seen any more" >&2
  exit 1
fi
echo "as seen: an agent that joins waits in vain for the address of the first one, and ends it"
