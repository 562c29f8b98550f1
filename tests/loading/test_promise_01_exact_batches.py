"""Promise 1: every batch that a rank gets holds exactly P distinct identities with K faces each."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given

from ethnoshard import FaceDataset, StratifiedLoader
from ethnoshard.mixing import Plan
from tests.kit.datasets import said_by
from tests.kit.plans import batches, many, plans


@many
@given(plans())
def test_any_plan_has_p_distinct_identities_with_k_faces_in_every_batch(plan: Plan) -> None:
    people, images = plan.settings.people_per_batch, plan.settings.images_per_person
    for batch in batches(plan.epoch(1)):
        assert len(set(batch.identities.tolist())) == len(batch.identities) == people
        assert batch.faces.shape == (people, images)
        of = plan.identities.faces[batch.identities]
        assert (batch.faces >= 0).all() and (batch.faces < of[:, None]).all()
        # A cell repeats a face only where the identity has fewer than K.
        assert [len(set(row)) for row in batch.faces.tolist()] == np.minimum(of, images).tolist()


@pytest.mark.parametrize("target", ["base", "natural", "uniform", "placebo", {"A": 0.7, "D": 0.3}])
@pytest.mark.parametrize("workers", [0, 2])
def test_every_batch_is_exact_and_shows_the_faces_that_it_names(
    made: FaceDataset, target: object, workers: int
) -> None:
    loader = StratifiedLoader(
        made, people_per_batch=6, images_per_person=4, target=target, num_workers=workers, when_exhausted="stop"
    )
    groups = made.identities["group"].to_list()
    steps = 0
    for batch in loader:
        steps += 1
        assert batch.images.shape == (24, 3, 48, 48) and str(batch.images.dtype) == "torch.uint8"
        assert sorted(Counter(batch.identities.tolist()).values()) == [4] * 6
        assert said_by(batch.images.numpy()) == list(zip(batch.identities.tolist(), batch.faces.tolist(), strict=True))
        assert [made.groups[number] for number in batch.groups] == [groups[i] for i in batch.identities]
    assert steps == len(loader) > 0
