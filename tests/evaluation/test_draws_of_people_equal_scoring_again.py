"""An interval from draws of people is that of taking the pairs that the drawn people have."""

import numpy as np
import pytest
from made_people import by_group

from ethnoshard.evaluation._draws import drawn_weights


def test_draws_are_the_same_however_many_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(drawn_weights([8, 6], 30, 0)), axis=1)
    monkeypatch.setattr("ethnoshard.evaluation._draws._CELLS", 50)
    pieces = list(drawn_weights([8, 6], 30, 0))
    assert len(pieces) == 10 and (np.concatenate(pieces, axis=1) == whole).all()
    assert (whole[:8].sum(axis=0) == 8).all() and (whole[8:].sum(axis=0) == 6).all()
    assert not (np.concatenate(list(drawn_weights([8, 6], 30, 1)), axis=1) == whole).all()


def test_groups_are_drawn_apart_and_a_group_whatever_the_others_are() -> None:
    (both,) = drawn_weights([50, 50], 20, 0)
    assert not np.array_equal(both[:50], both[50:])
    (other,) = drawn_weights([50, 7], 20, 0)
    assert (other[:50] == both[:50]).all()
    # Everybody is as likely as everybody else: 1,000 draws of 50 people give each of them about 1,000 times.
    (many,) = drawn_weights([50], 1000, 1)
    assert np.abs(many.sum(axis=1) - 1000).max() < 5 * np.sqrt(1000)


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Of people who are either easy or hard, with all their ten images: a pair tells little that the last didn't."""
    held = {"people": 0, "wilson": 0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        hard = rng.random(100) < 0.3
        owner = np.repeat(np.arange(100), 5)
        # On a plane: a hard person's images lie in five directions, an easy one's in one.
        spread = np.where(hard[owner], np.tile(np.arange(5), 100), 0)
        angle = owner * 2 * np.pi / 100 + spread * 2 * np.pi / 5
        embeddings = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        groups = np.where(owner < 50, "A", "B")
        found = by_group(embeddings, owner, groups, threshold=0.999, draws=200, seed=seed)
        fnmr = found.by_group["A"].fnmr
        for name, interval in (("people", fnmr.people_interval), ("wilson", fnmr.wilson)):
            assert interval is not None and interval.low is not None and interval.high is not None
            held[name] += interval.low <= 0.3 <= interval.high
    # 95 % of 200, less than three standard errors off; pairs taken for independent would be surer than they may.
    assert held["people"] >= 178
    assert held["wilson"] < 150
