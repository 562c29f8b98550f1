"""Images without an embedding are counted by group, and the FNMR with them is that of all same pairs."""

from itertools import combinations

import numpy as np
import pytest
from made_people import made_crowd

from ethnoshard.evaluation import (
    GroupOptions,
    ListedImages,
    LostImages,
    Roster,
    ScoreList,
    Weighting,
    demographics,
    failures_of_images,
    failures_of_list,
)
from ethnoshard.results import wilson

THRESHOLD = 0.5


def recount(shares: dict[str, list[bool]], weighting: Weighting) -> float:
    """Person -> each of their pairs refused or lost -> FNMR."""
    if weighting == "pair":
        return float(np.mean([refused for pairs in shares.values() for refused in pairs]))
    return float(np.mean([np.mean(pairs) for pairs in shares.values() if pairs]))


@pytest.mark.parametrize("weighting", ["person", "pair"])
def test_of_all_images_each_same_pair_is_scored_or_lost(weighting: Weighting) -> None:
    crowd = made_crowd(3, {"A": 12, "B": 9}, noise=1.2)
    rng = np.random.default_rng(1)
    status = np.where(
        rng.random(len(crowd.people)) < 0.25, rng.choice(["no_face", "unreadable"], len(crowd.people)), ""
    )
    # One person has no embedding at all.
    status[crowd.people == crowd.people[0]] = "no_face"
    there = status == ""
    roster = Roster.of(crowd.embeddings[there], crowd.people[there], crowd.groups[there])
    lost = LostImages(people=crowd.people[~there], groups=crowd.groups[~there], status=status[~there])
    found = failures_of_images(roster, THRESHOLD, lost, weighting)
    unit = crowd.embeddings / np.linalg.norm(crowd.embeddings, axis=1, keepdims=True)
    for group, own in {"": found.overall, **found.by_group}.items():
        mine = np.flatnonzero(crowd.groups == group) if group else np.arange(len(crowd.people))
        shares: dict[str, list[bool]] = {who: [] for who in crowd.people[mine].tolist()}
        scored: dict[str, list[bool]] = {who: [] for who in shares}
        for one, other in combinations(mine.tolist(), 2):
            if crowd.people[one] == crowd.people[other]:
                refused = bool(unit[one] @ unit[other] < THRESHOLD)
                if there[one] and there[other]:
                    scored[str(crowd.people[one])].append(refused)
                shares[str(crowd.people[one])].append(refused or not (there[one] and there[other]))
        gone = status[mine][~there[mine]].tolist()
        assert own.images == len(mine) and own.missing == {name: gone.count(name) for name in sorted(set(gone))}
        assert own.rate == len(gone) / len(mine) and own.wilson == wilson(len(gone), len(mine))
        assert own.people == len(shares)
        assert own.people_without == sum(not there[crowd.people == who].any() for who in shares) > (group == "") - 1
        assert own.same == sum(map(len, shares.values())) and own.same - own.lost == sum(map(len, scored.values()))
        assert own.fnmr == pytest.approx(recount(scored, weighting), abs=1e-12)
        assert own.fnmr_with_failures == pytest.approx(recount(shares, weighting), abs=1e-12)
        assert own.lost and own.fnmr_with_failures > own.fnmr
    report = demographics(roster, THRESHOLD, GroupOptions(draws=0, weighting=weighting))
    assert found.overall.fnmr == pytest.approx(report.overall.fnmr.rate, abs=1e-12)
    assert found.by_group["B"].fnmr == pytest.approx(report.by_group["B"].fnmr.rate, abs=1e-12)


@pytest.mark.parametrize("known", [False, True])
def test_of_a_list_each_listed_same_pair_is_scored_or_lost(known: bool) -> None:
    rng = np.random.default_rng(2)
    same = np.arange(300) % 2 == 0
    first = rng.integers(0, 20, 300)
    second = np.where(same, first, (first + 2 * rng.integers(1, 10, 300)) % 20)
    people = [np.array([f"p{who:02d}" for who in side.tolist()]) for side in (first, second)]
    group = np.array(["A", "B"])[first % 2]
    score, gone = rng.normal(size=300) + same, rng.random(300) < 0.1
    pairs = ScoreList.of(
        score[~gone], same[~gone], (group[~gone],) * 2, people=(people[0][~gone], people[1][~gone]) if known else None
    )
    lost = gone & same
    images = ListedImages(
        groups=np.array(["A", "A", "B"]),
        status=np.array(["", "no_face", ""]),
        people=np.array(["p00", "p00", "p01"]) if known else None,
        lost_groups=group[lost],
        lost_people=people[0][lost] if known else None,
    )
    weighting: Weighting = "person" if known else "pair"
    found = failures_of_list(pairs, THRESHOLD, images, weighting)
    for name, own in found.by_group.items():
        mine = same & (group == name)
        shares = {
            str(who): (gone | (score < THRESHOLD))[mine & (people[0] == who)].tolist() for who in np.unique(people[0])
        }
        assert own.fnmr_with_failures == pytest.approx(recount(shares, weighting), abs=1e-12)
        assert (own.same, own.lost) == (int(mine.sum()), int((mine & gone).sum()))
    assert found.by_group["A"].missing == {"no_face": 1} and found.by_group["B"].missing == {}
    assert found.by_group["A"].people == (1 if known else None)


def test_without_a_failure_both_rates_are_one() -> None:
    crowd = made_crowd(3, {"A": 12, "B": 9}, noise=1.2)
    none = np.empty(0, np.str_)
    found = failures_of_images(
        Roster.of(crowd.embeddings, crowd.people, crowd.groups),
        THRESHOLD,
        LostImages(people=none, groups=none, status=none),
        "person",
    )
    assert not found.any and found.overall.rate == 0
    assert all(own.fnmr == own.fnmr_with_failures for own in found.by_group.values())


def test_a_group_that_has_no_embedding_at_all_is_shown() -> None:
    crowd = made_crowd(3, {"A": 12, "B": 9})
    gone = LostImages(people=np.array(["z", "z"]), groups=np.array(["C", "C"]), status=np.array(["no_face"] * 2))
    own = failures_of_images(Roster.of(crowd.embeddings, crowd.people, crowd.groups), THRESHOLD, gone, "pair").by_group
    assert (own["C"].rate, own["C"].people_without, own["C"].fnmr, own["C"].fnmr_with_failures) == (1, 1, None, 1)
