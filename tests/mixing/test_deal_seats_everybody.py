"""However tight: everybody comes as often as asked, nobody twice in a batch, every seat is taken."""

import numpy as np
import pytest

from ethnoshard.mixing._deal import deal
from ethnoshard.mixing._hash import hashed


@pytest.mark.parametrize("seed", range(300))
def test_people_who_are_in_nearly_every_batch_are_dealt_out_exactly(seed: int) -> None:
    rng = np.random.default_rng(seed)
    batches, seats = int(rng.integers(1, 30)), int(rng.integers(1, 6))
    quotas = (seats + rng.integers(0, 2, batches)).astype(np.int32)
    left, counts = int(quotas.sum()), []
    while left:
        # Most of them in all batches or all but a few.
        wish = batches - rng.integers(0, 3) if rng.random() < 0.7 else rng.integers(1, 4)
        counts.append(int(np.clip(wish, 1, min(left, batches))))
        left -= counts[-1]
    dealt = deal(
        np.array(counts, np.int64),
        quotas,
        np.arange(len(counts)) // rng.integers(1, 4),
        np.zeros(len(counts), np.bool_),
        np.empty((0, 2), np.intp),
        hashed(seed, np.arange(len(counts))),
    )
    assert [len(set(chosen.tolist())) for chosen in dealt] == quotas.tolist()
    assert np.bincount(np.concatenate(dealt), minlength=len(counts)).tolist() == counts
