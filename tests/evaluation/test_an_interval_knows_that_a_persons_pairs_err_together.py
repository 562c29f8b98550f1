"""An interval that knows that a person's pairs err together holds the truth; one that does not is too sure."""

import numpy as np
from made_people import by_group


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
