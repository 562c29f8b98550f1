#!/usr/bin/env bash
# pytorch-metric-learning 2.9.0, MPerClassSampler: it draws from numpy's global generator. torch.manual_seed, and the
# generator of the DataLoader that it is given to, change nothing: two processes that seed torch alone have other
# batches, and a sampler moves the numbers that all other users of numpy's generator get.
# An environment with torch 2.14.1 is installed (some GB), unless TORCH_PYTHON names the Python of one.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python=${TORCH_PYTHON:-}
if [ -z "$python" ]; then
  python3 -m venv "$place/venv"
  python=$place/venv/bin/python
  "$python" -m pip install --quiet --disable-pip-version-check torch==2.14.1 numpy==2.4.6 scikit-learn==1.9.1 \
    2> /dev/null
fi
"$python" -m pip install --quiet --disable-pip-version-check --no-deps --target "$place/packages" \
  pytorch-metric-learning==2.9.0 tqdm==4.70.1 2> /dev/null

cat > "$place/seen.py" << 'PYTHON'
import sys

import numpy as np
import torch
from pytorch_metric_learning.samplers import MPerClassSampler
from torch.utils.data import DataLoader

assert torch.__version__.startswith("2.14.1"), torch.__version__


def batches(of_torch, of_numpy):
    """What a DataLoader gives of 50 people with 4 images each, 10 people x 2 a batch."""
    torch.manual_seed(of_torch)
    if of_numpy is not None:
        np.random.seed(of_numpy)
    sampler = MPerClassSampler([image // 4 for image in range(200)], 2, batch_size=20, length_before_new_iter=200)
    chance = torch.Generator().manual_seed(of_torch)
    loader = DataLoader(range(200), batch_size=20, sampler=sampler, generator=chance)
    return [image for batch in loader for image in batch.tolist()]


if len(sys.argv) > 1:
    print(*batches(0, None))
else:
    print("other seeds of torch, one of numpy:", "same batches" if batches(0, 0) == batches(1, 0) else "other batches")
    print("one seed of torch, others of numpy:", "same batches" if batches(0, 0) == batches(0, 1) else "other batches")
PYTHON
export PYTHONPATH=$place/packages
seen=$("$python" "$place/seen.py")
one=$("$python" "$place/seen.py" torch-alone)
other=$("$python" "$place/seen.py" torch-alone)
seen="$seen
two processes that seed torch alone: $([ "$one" = "$other" ] && echo same batches || echo other batches)"
echo "$seen"
if [ "$seen" != "other seeds of torch, one of numpy: same batches
one seed of torch, others of numpy: other batches
two processes that seed torch alone: other batches" ]; then
  echo "not as seen any more" >&2
  exit 1
fi
echo "as seen: numpy's global generator decides the batches"
