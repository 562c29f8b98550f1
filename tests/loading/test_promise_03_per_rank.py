"""Promise 3: exactness and quotas hold for the batch of each rank, not for a global batch only."""

from collections import Counter

import pytest

from ethnoshard import FaceDataset, StratifiedLoader


@pytest.mark.parametrize("ranks", [2, 3, 8])
@pytest.mark.parametrize("target", ["natural", "uniform", "placebo"])
def test_each_rank_gets_exact_batches_within_the_bound(made: FaceDataset, ranks: int, target: str) -> None:
    for rank in range(ranks):
        loader = StratifiedLoader(
            made, people_per_batch=6, images_per_person=4, target=target, rank=rank, world_size=ranks, num_workers=0
        )
        strata = {int(who): index for index, stratum in enumerate(loader.plan.strata) for who in stratum.members}
        shares = [float(share) for share in loader.plan.phases[0].shares]
        for batch in loader:
            who = batch.identities[::4].tolist()
            assert len(set(who)) == 6
            counts = Counter(strata[one] for one in who)
            # Within 2 was promised; a batch is within 1.
            assert all(abs(counts[index] - 6 * share) < 1 for index, share in enumerate(shares))
