#!/usr/bin/env bash
# torchdata 0.11.0, StatefulDataLoader(shuffle=True, generator=..., num_workers=0): a state taken in mid-epoch goes on
# with the rest of that epoch, but the epochs after it are others than without the interruption. With one worker they
# are the same ones; and 0 or 1 worker by itself changes the order that one and the same generator gives.
# An environment with torch 2.14.1 is installed (some GB), unless TORCH_PYTHON names the Python of one.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python=${TORCH_PYTHON:-}
if [ -z "$python" ]; then
  python3 -m venv "$place/venv"
  python=$place/venv/bin/python
  "$python" -m pip install --quiet --disable-pip-version-check torch==2.14.1 2> /dev/null
fi
"$python" -m pip install --quiet --disable-pip-version-check --no-deps --target "$place/packages" torchdata==0.11.0 \
  2> /dev/null

cat > "$place/seen.py" << 'PYTHON'
import warnings

warnings.filterwarnings("ignore")
import torch
from torchdata.stateful_dataloader import StatefulDataLoader

assert torch.__version__.startswith("2.14.1"), torch.__version__


def loader(workers):
    chance = torch.Generator().manual_seed(0)
    return StatefulDataLoader(list(range(64)), batch_size=8, shuffle=True, num_workers=workers, generator=chance)


def order(batches):
    return [number for batch in batches for number in batch.tolist()]


first = {}
for workers in (0, 1):
    whole = loader(workers)
    first[workers], second = order(whole), order(whole)
    begun = loader(workers)
    some = iter(begun)
    taken = [next(some) for _ in range(3)]
    state = begun.state_dict()
    again = loader(workers)
    again.load_state_dict(state)
    rest, next_epoch = order(again), order(again)
    same = lambda one, other: "the same" if one == other else "another one"
    print(
        f"num_workers={workers}: the rest of the epoch is {same(order(taken) + rest, first[workers])},"
        f" the next epoch {same(next_epoch, second)}"
    )
print("0 and 1 worker:", "the same order" if first[0] == first[1] else "other orders")
PYTHON
seen=$(PYTHONPATH=$place/packages "$python" "$place/seen.py" 2> /dev/null)
echo "$seen"
if [ "$seen" != "num_workers=0: the rest of the epoch is the same, the next epoch another one
num_workers=1: the rest of the epoch is the same, the next epoch the same
0 and 1 worker: other orders" ]; then
  echo "not as seen any more" >&2
  exit 1
fi
echo "as seen: without workers a state brings back the epoch, not those after it"
