"""What a reader made of a dataset's shards, in one line of JSON."""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

Sample = tuple[str, bytes, dict[str, Any]]
"""A face as the shards hold it: its key, its JPEG, and what is said of it."""


def main(stored: Callable[[str], Iterable[Sample]], shuffled: Callable[[str], Iterable[Sample]]) -> None:
    """Read the dataset folder that the command line names twice: in the reader's plain order, and shuffled its way."""
    folder = sys.argv[1]
    for order, read in (("stored", stored), ("shuffled", shuffled)):
        print(json.dumps({"order": order, **summary(read(folder))}))


def summary(samples: Iterable[Sample]) -> dict[str, Any]:
    """Number of samples and of faces of each group, a digest of every byte, and how far groups are mixed.

    ``sha256`` is of keys, JPEGs and what is said of them, sorted by key, so it is the same whatever the order.
    ``mixed`` is the share of the first group in each tenth of the samples as they came: all alike if groups are mixed.
    """
    groups, digests = [], []
    for key, jpeg, said in samples:
        groups.append(said["group"])
        text = json.dumps([key, hashlib.sha256(jpeg).hexdigest(), said], ensure_ascii=False, sort_keys=True)
        digests.append(text)
    tenth = max(1, len(groups) // 10)
    tenths = [groups[start : start + tenth] for start in range(0, tenth * min(10, len(groups)), tenth)]
    first = min(groups)
    return {
        "samples": len(groups),
        "groups": dict(sorted(Counter(groups).items())),
        "sha256": hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest(),
        "mixed": [round(part.count(first) / len(part), 2) for part in tenths],
    }
