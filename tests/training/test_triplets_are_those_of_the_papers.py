"""Mining against a plain search through every triplet, and the loss against pytorch-metric-learning's."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner, TripletMarginMiner

from ethnoshard.training import STRATEGIES, TripletLoss, mine, squared_distances

MARGIN = 0.2


def batch(seed: int, people: int, each: int, dimensions: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.nn.functional.normalize(torch.randn(people * each, dimensions, generator=generator))
    identities = torch.arange(people).repeat_interleave(each)
    return embeddings, identities, identities % 2


def by_hand(distances: torch.Tensor, identities: torch.Tensor, strategy: str) -> dict[tuple[int, int], list[int]]:
    """Every triplet that a strategy could choose, as the papers say it: pair -> the negatives it may take."""
    rows = range(len(distances))
    pairs = [(a, p) for a, p in itertools.product(rows, rows) if a != p and identities[a] == identities[p]]
    if strategy == "batch-hard":
        pairs = [max((pair for pair in pairs if pair[0] == a), key=lambda pair: distances[pair]) for a in rows]
    chosen = {}
    for a, p in pairs:
        negatives = [n for n in rows if identities[n] != identities[a]]
        positive = distances[a, p]
        if strategy == "semihard":
            farther = [n for n in negatives if distances[a, n] > positive]
            chosen[a, p] = [min(farther, key=lambda n: distances[a, n])] if farther else []
        elif strategy == "batch-hard":
            chosen[a, p] = [min(negatives, key=lambda n: distances[a, n])]
        elif strategy == "sandberg":
            chosen[a, p] = [n for n in negatives if distances[a, n] < positive + MARGIN]
        else:
            chosen[a, p] = negatives
    return chosen


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), people=st.integers(2, 5), each=st.integers(2, 4))
@pytest.mark.parametrize("strategy", ["semihard", "batch-hard", "all"])
def test_a_plain_search_finds_the_same(strategy: str, seed: int, people: int, each: int) -> None:
    embeddings, identities, groups = batch(seed, people, each)
    distances = squared_distances(embeddings, embeddings)
    chosen = by_hand(distances, identities, strategy)
    counts, active, inside = torch.zeros(len(embeddings), len(embeddings)), 0, 0
    for (a, p), negatives in chosen.items():
        for n in negatives:
            if distances[a, n] < distances[a, p] + MARGIN:
                counts[a, p] += 1
                counts[a, n] -= 1
                active += 1
                inside += int(groups[a] == groups[n])
    mined = mine(distances, identities, groups, strategy=strategy, margin=MARGIN)
    assert torch.equal(mined.counts, counts)
    assert mined.mined == sum(map(len, chosen.values()))
    assert (mined.active, mined.in_group) == (active, inside)
    everything = by_hand(distances, identities, "all")
    assert mined.possible == sum(map(len, everything.values()))
    assert mined.in_group_by_chance == sum(groups[a] == groups[n] for (a, _), ns in everything.items() for n in ns)


def test_sandbergs_choice_is_by_chance_among_those_that_violate() -> None:
    embeddings, identities, groups = batch(3, 4, 3)
    distances = squared_distances(embeddings, embeddings)
    allowed = by_hand(distances, identities, "sandberg")
    seen = torch.zeros(12, 12)
    for draw in range(300):
        generator = torch.Generator().manual_seed(draw)
        mined = mine(distances, identities, groups, strategy="sandberg", margin=MARGIN, generator=generator)
        assert mined.active == mined.mined == sum(bool(negatives) for negatives in allowed.values())
        seen += mined.counts.clamp(max=0)
    expected = torch.zeros(12, 12)
    for (a, _), negatives in allowed.items():
        for n in negatives:
            expected[a, n] -= 300 / len(negatives)
    assert torch.equal(seen < 0, expected < 0)
    assert (seen - expected).abs().max() < 6 * np.sqrt(300)
    again = torch.Generator().manual_seed(299)
    once_more = mine(distances, identities, groups, strategy="sandberg", margin=MARGIN, generator=again)
    assert torch.equal(once_more.counts, mined.counts)


def test_loss_and_gradient_are_those_of_pytorch_metric_learning() -> None:
    embeddings, identities, groups = batch(2, 6, 4, dimensions=8)
    distance = LpDistance(power=2)
    theirs = TripletMarginLoss(margin=MARGIN, distance=distance)
    hard = BatchHardMiner(distance=distance)
    triplets = {"all": None, "batch-hard": hard(embeddings, identities)}
    for strategy, indices in triplets.items():
        one, other = embeddings.clone().requires_grad_(), embeddings.clone().requires_grad_()
        loss, _ = TripletLoss(margin=MARGIN, mining=strategy)(one, identities, groups)
        expected = theirs(other, identities, indices)
        loss.backward()
        expected.backward()
        assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
        # Both are gradients on the sphere: what points away from it is gone once the embedding is normalised.
        along = [of.grad - (of.grad * embeddings).sum(1, keepdim=True) * embeddings for of in (one, other)]
        torch.testing.assert_close(*along, rtol=1e-4, atol=1e-5)


def test_semi_hard_triplets_are_among_pytorch_metric_learnings() -> None:
    embeddings, identities, groups = batch(1, 5, 3)
    distance = LpDistance(power=2)
    theirs = {tuple(map(int, t)) for t in zip(*TripletMarginMiner(MARGIN, "semihard", distance=distance)(
        embeddings, identities), strict=True)}  # fmt: skip
    mined = mine(squared_distances(embeddings, embeddings), identities, groups, strategy="semihard", margin=MARGIN)
    for a, n in (mined.counts < 0).nonzero().tolist():
        assert any((a, p, n) in theirs for p in range(15))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_without_any_triplet_loss_and_gradient_are_nought(strategy: str) -> None:
    embeddings = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0], [-1, 0], [-1, 0]])).requires_grad_()
    loss, mined = TripletLoss(mining=strategy)(embeddings, torch.tensor([0, 0, 1, 1]), torch.zeros(4))
    loss.backward()
    assert (loss.item(), mined.active.item(), embeddings.grad.abs().sum().item()) == (0, 0, 0)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_batch_of_the_seed_needs_no_list_of_triplets(strategy: str) -> None:
    embeddings, identities, groups = batch(0, 45, 40, dimensions=16)
    loss, mined = TripletLoss(mining=strategy)(embeddings.requires_grad_(), identities, groups)
    loss.backward()
    assert mined.possible == 45 * 40 * 39 * 44 * 40
    assert torch.isfinite(embeddings.grad).all()


def test_anchors_of_a_rank_find_faces_of_all_ranks() -> None:
    embeddings, identities, groups = batch(5, 6, 2)
    own = torch.arange(4, 8)
    distances = squared_distances(embeddings, embeddings)
    whole = mine(distances, identities, groups, strategy="semihard", margin=MARGIN)
    part = mine(distances[own], identities, groups, strategy="semihard", margin=MARGIN, own=own)
    assert torch.equal(part.counts, whole.counts[own])


def test_a_negative_as_near_as_the_positive_is_not_semi_hard() -> None:
    embeddings = torch.tensor([[1.0, 0], [0, 1], [0, -1], [-1, 0]])
    identities = torch.tensor([0, 0, 1, 2])
    distances = squared_distances(embeddings, embeddings)
    mined = mine(distances, identities, identities, strategy="semihard", margin=MARGIN)
    # From the first face the negatives are at 2 (as far as its positive) and at 4; from the second at 4 and 2.
    assert (mined.mined, mined.active) == (2, 0)
