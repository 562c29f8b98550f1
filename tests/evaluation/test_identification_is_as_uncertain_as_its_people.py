"""Rates of identification are of people, who might have been others; galleries of the same people are no evidence."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import t

from ethnoshard.evaluation import Identification, compare_ranks, identification

PEOPLE, IMAGES, WORLDS = 40, 12, 40


def models(seed: int, *, images: NDArray[np.int64] | None = None, gain: float = 1) -> tuple[Identification, ...]:
    """Two models of the same images of people who are easy and hard; the other has ``gain`` times the one's noise."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(PEOPLE), np.full(PEOPLE, IMAGES) if images is None else images)
    hard = np.exp(0.35 * rng.normal(size=PEOPLE))[who][:, None]
    base = rng.normal(size=(PEOPLE, 24))[who] + 1.1 * hard * rng.normal(size=(len(who), 24))
    noise = [scale * rng.normal(size=base.shape) for scale in (0.6, 0.6 * gain)]
    return tuple(identification(base + each, who.astype(str), galleries=4) for each in noise)


def test_two_models_that_are_equally_good_are_seldom_told_apart_though_most_galleries_agree() -> None:
    claims, agreeing = 0, 0
    for seed in range(WORLDS):
        base, other = models(seed)
        found = compare_ranks(base.svc["rank_1"], other.svc["rank_1"], base.queries_by_person)
        assert found.p_value is not None and found.people_interval is not None
        claims += found.p_value < 0.05
        agreeing += found.better in (0, 4)
    # 5 % of 40 is 2; 6 would be more than 2.9 standard errors off. By galleries that agree it is more.
    assert claims <= 5 < agreeing


def test_a_model_that_is_better_is_seen_to_be() -> None:
    base, other = models(0, gain=0.2)
    found = compare_ranks(base.svc["rank_1"], other.svc["rank_1"], base.queries_by_person)
    assert found.people_interval is not None and found.people_interval.low is not None
    assert 0 < found.people_interval.low < found.difference and found.p_value is not None and found.p_value < 0.01


def test_people_weigh_by_their_queries() -> None:
    images = np.random.default_rng(0).integers(11, 40, PEOPLE)
    base, other = models(1, images=images)
    assert base.queries_by_person == tuple((images[np.argsort(np.arange(PEOPLE).astype(str))] - 1).tolist())
    weights = np.array(base.queries_by_person, float)
    rate = base.svc["rank_1"]
    assert np.average(rate.by_person, weights=weights) == pytest.approx(rate.mean)
    assert np.mean(base.mean["rank_1"].by_person) == pytest.approx(base.mean["rank_1"].mean)
    assert rate.people_interval is not None and rate.people_interval.low is not None
    assert rate.people_interval.low < rate.mean < (rate.people_interval.high or 0)
    found = compare_ranks(rate, other.svc["rank_1"], base.queries_by_person)
    ours = np.array(other.svc["rank_1"].by_person) - np.array(rate.by_person)
    parts = np.square(weights * (ours - found.difference) / weights.sum()) * PEOPLE / (PEOPLE - 1)
    # Student's t of 39 degrees of freedom at the most, of fewer where a few people have most of the error.
    unequal = np.square(parts).sum() / parts.sum() ** 2 - 1 / PEOPLE
    half = t.ppf(0.975, min(PEOPLE - 1, 2 / unequal)) * np.sqrt(parts.sum())
    assert found.people_interval is not None and found.people_interval.high is not None
    assert found.people_interval.high - found.difference == pytest.approx(half)
