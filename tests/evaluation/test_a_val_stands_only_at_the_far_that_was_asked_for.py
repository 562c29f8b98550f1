"""VAL where the FAR asked for can be had; elsewhere none, with the reason. Never a VAL at another FAR."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ethnoshard.evaluation import (
    Verification,
    VerifiedPairs,
    compare_verifications,
    pair_distances,
    verification,
    verification_of_distances,
    why_no_val_of_before,
)
from ethnoshard.evaluation._folded_pairs import FoldedPairs
from ethnoshard.evaluation._folds import DistancesByFold
from ethnoshard.evaluation._thresholds import VAL_STEPS, at_far, grid
from ethnoshard.results import as_json, from_json


def same_of(number: int) -> NDArray[np.bool_]:
    return np.arange(number) % 2 == 0


def one_place_for_all(number: int, *, noise: float = 1e-5) -> Verification:
    """Embeddings that are one vector and a little noise, in ten folds."""
    rng = np.random.default_rng(0)
    vector = rng.normal(size=64)
    first, second = (vector + noise * rng.normal(size=(number, 64)) for _ in range(2))
    return verification(first, second, same_of(number), fold=np.arange(number) * 10 // number, draws=0)


def test_with_all_distances_in_one_step_of_the_grid_val_is_that_of_guessing() -> None:
    for noise in (1e-5, 1e-2, 0.1):
        found = one_place_for_all(6000, noise=noise)
        for at in found.validation:
            assert at.val is not None and at.reason is None
            assert at.far.mean == pytest.approx(at.far_asked, rel=0.4)
            assert at.val.mean == pytest.approx(at.far_asked, abs=5e-3)


def test_with_fewer_pairs_than_a_far_needs_there_is_no_val() -> None:
    at = one_place_for_all(200).validation
    assert [each.val for each in at] == [None, None]
    assert at[0].reason == "a FAR of 0.001 is less than one of the 90 different pairs that a threshold is set on"
    twenty = verification_of_distances(np.arange(40.0), same_of(40), fars=(0.001, 0.05), draws=0).validation
    assert twenty[0].val is None and twenty[1].val is not None


def test_where_no_threshold_reaches_the_far_there_is_no_val_unless_it_is_1_anyhow() -> None:
    same = same_of(2000)
    alike = verification_of_distances(np.ones(2000), same, draws=0)
    for at in alike.validation:
        assert at.val is None and "one accepts 0 of 1,000 different pairs, the next 1,000" in str(at.reason)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (2, 2000, 1))
    assert [at.val for at in verification(*signs, same, draws=0).validation] == [None, None]
    perfect = verification_of_distances(np.where(same, 0.0, 1.0), same, draws=0)
    assert [at.val and at.val.mean for at in perfect.validation] == [1.0, 1.0]


@pytest.mark.parametrize("beyond", [10.0, 1e6, 1e300])
@pytest.mark.parametrize("of_same", [True, False])
def test_how_far_out_a_pair_lies_that_is_wrong_anyhow_changes_nothing(of_same: bool, beyond: float) -> None:
    same = same_of(2000)
    distance = np.random.default_rng(0).normal(np.where(same, 0.0, 3.0), 1.0)
    before = verification_of_distances(distance, same, draws=0)
    pairs = np.flatnonzero(same == of_same)
    odd = distance.copy()
    odd[pairs[np.argmax(distance[pairs]) if of_same else np.argmin(distance[pairs])]] = beyond if of_same else -beyond
    after = verification_of_distances(odd, same, draws=0)
    assert after.accuracy.mean == before.accuracy.mean
    for at, plain in zip(after.validation, before.validation, strict=True):
        assert at.val is not None and plain.val is not None
        assert (at.val.mean, at.far.events) == (plain.val.mean, plain.far.events)


def test_thresholds_that_do_not_hold_on_the_fold_that_is_tested_give_no_val() -> None:
    rng = np.random.default_rng(0)
    same, fold = same_of(8000), np.arange(8000) // 2000
    # One collection a fold, as when a list is cut by where its images are from.
    distance = rng.normal(np.where(same, 0.0, 3.0), 0.5) - fold
    at = verification_of_distances(distance, same, fold=fold, draws=0).validation[0]
    assert at.val is None
    assert str(at.reason).startswith(f"the FAR reached is {at.far.events / at.far.pairs:.4g}")
    assert str(at.reason).endswith("not the 0.001 asked for")


@pytest.mark.parametrize("seed", range(3))
def test_at_the_size_of_lfw_nothing_changes(seed: int) -> None:
    """VAL and FAR there are those of the grid, as published, and what is reached by chance is no reason against."""
    rng = np.random.default_rng(seed)
    same, fold = np.tile(np.repeat([True, False], 300), 10), np.repeat(np.arange(10), 600)
    distance = np.clip(rng.normal(np.where(same, 0.8, 1.9), 0.25), 0, 4)
    found = FoldedPairs(DistancesByFold.of(distance[None], same, fold), (0.0, 4.0), None).measured(
        (0.001, 0.01), 0, 0, metric="euclidean", subtract_mean=False
    )
    steps = grid((0.0, 4.0), VAL_STEPS)
    for at in found.validation:
        assert at.val is not None
        for number, threshold in enumerate(at.val.thresholds):
            different = distance[(fold != number) & ~same]
            shares = np.array([np.mean(different < step) for step in steps])
            after = int(np.argmax(shares >= at.far_asked))
            part = (at.far_asked - shares[after - 1]) / (shares[after] - shares[after - 1])
            assert threshold == pytest.approx(steps[after - 1] + part * 0.001, abs=1e-12)


def test_the_exact_threshold_accepts_as_many_as_the_far_allows() -> None:
    different = np.linspace(0.1, 0.1 + 1e-6, 1000)
    for far, accepted in ((0.001, 1), (0.0015, 1), (0.29, 290), (1.0, 1000)):
        assert np.count_nonzero(different < at_far(different, far, grid((0.0, 4.0), VAL_STEPS))) == accepted


def test_results_that_hold_no_thresholds_of_training_are_judged_by_what_was_reached() -> None:
    assert why_no_val_of_before(0.001, 4, 3000, 10, 0.9) is None
    assert why_no_val_of_before(0.001, 11, 3000, 10, 0.9) is None
    assert "the FAR reached is 1 (3,000 of" in str(why_no_val_of_before(0.001, 3000, 3000, 10, 1.0))
    assert "less than one of the 90 different" in str(why_no_val_of_before(0.001, 0, 100, 10, 0.9))


def test_models_without_a_val_are_compared_by_the_rest() -> None:
    rng = np.random.default_rng(0)
    same = same_of(300)
    first, second = rng.normal(size=(2, 300, 8))
    result = verification(first, second, same, draws=0)
    model = VerifiedPairs(result=result, distance=pair_distances(first, second))
    changes = compare_verifications(model, model, same)
    assert (changes["val_at_0.001"].base, changes["val_at_0.001"].difference) == (None, None)
    assert changes["val_at_0.01"].difference == changes["accuracy"].difference == 0
    again = from_json(Verification, as_json(result), "here")
    assert (again.validation, again.similarity) == (result.validation, result.similarity)
