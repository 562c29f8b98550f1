"""A difference of two models is paired: the same people drawn for both, and refused where they aren't."""

import io
import json
from typing import Any

import numpy as np
import pytest
from made_people import Crowd, by_group, made_crowd
from scipy.stats import t

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    IDEALS,
    GroupOptions,
    GroupTally,
    Roster,
    ScoreList,
    choose_threshold,
    clustering,
    compare_clusterings,
    compare_demographics,
    draw_people,
    given_threshold,
    group_curves,
)
from ethnoshard.evaluation._influence import spread
from ethnoshard.results import NamedArrays, as_json, holm

SIZES = {"A": 40, "B": 30, "C": 25}


def two_models(noise: float = 0.4) -> tuple[Crowd, Crowd]:
    one = made_crowd(0, SIZES)
    rng = np.random.default_rng(9)
    return one, one._replace(embeddings=one.embeddings + noise * rng.normal(size=one.embeddings.shape))


def counts(crowd: Crowd, **settings: Any) -> GroupTally:
    tally = by_group(*crowd, **{"threshold": 0.3, "draws": 200, **settings}).tally
    assert tally is not None
    return tally


def test_a_model_does_not_differ_from_itself() -> None:
    base, _ = two_models()
    change = compare_demographics(counts(base), counts(base))
    for one in (*change.overall.values(), *change.metrics.values(), *change.by_group["B"].values()):
        if one.base is not None:
            assert one.difference == 0 and one.other == one.base
            assert one.p_value in (1, None) and one.p_adjusted in (1, None)
    assert all(one.people_interval in ((0, 0), None) for one in change.metrics.values())


def test_where_two_models_never_differ_the_difference_is_bounded_by_how_many_people_there_are() -> None:
    tally = counts(two_models()[0])
    change = compare_demographics(tally, tally)
    pairs = tally.tally.genuine_pairs[tally.tally.blocks[1]]
    most = 1 - 0.025 ** (1 / np.count_nonzero(pairs))
    assert change.by_group["B"]["fnmr"].people_interval == pytest.approx((-most, most))
    for rates in (change.overall, *change.by_group.values()):
        for one in rates.values():
            assert one.people_interval is not None and one.people_interval.high is not None
            assert one.people_interval.low == -one.people_interval.high < 0


def test_differences_are_paired() -> None:
    base, other = (counts(crowd) for crowd in two_models())
    change = compare_demographics(base, other, draws=200)
    assert change.metrics.keys() == IDEALS.keys() and change.compared == ("A", "B", "C") and change.draws == 200
    found = change.by_group["B"]["fnmr"]
    # Everybody of B with two images: the share of refused pairs by either model, and the mean of the differences.
    block = base.tally.blocks[1]
    pairs = base.tally.genuine_pairs[block]
    shares = (other.tally.genuine_errors[block] - base.tally.genuine_errors[block])[pairs > 0] / pairs[pairs > 0]
    assert found.difference == pytest.approx(shares.mean())
    assert found.people_interval is not None and found.people_interval.low is not None
    assert found.people_interval.high is not None and found.p_value is not None
    half = (found.people_interval.high - found.people_interval.low) / 2
    error = shares.std(ddof=1) / np.sqrt(len(shares))
    # Student's t for as many degrees of freedom as people at most, fewer since few people differ.
    assert t.ppf(0.975, len(shares) - 1) * error <= half * (1 + 1e-9) <= t.ppf(0.975, 1) * error
    # Pairing takes out what both models share: the people.
    ours, theirs = (each.influence() for each in (base, other))
    alone = [spread([(each, each.of_group(1, fnmr=1))]).variance for each in (ours, theirs)]
    assert error**2 < 0.8 * sum(alone)
    json.dumps(as_json(change), allow_nan=False)


def test_claims_of_a_rate_are_adjusted_over_all_groups() -> None:
    base, other = (counts(crowd) for crowd in two_models(1.0))
    found = compare_demographics(base, other)
    for name in ("fmr", "fnmr", "accuracy"):
        changes = [some[name] for some in found.by_group.values()]
        plain = [one.p_value for one in changes if one.p_value is not None]
        assert len(plain) == 3 and [one.p_adjusted for one in changes] == holm(plain)
        # Worked out by hand: 3 times the least, 2 times the next, none below one before it.
        adjusted = sorted(one.p_adjusted for one in changes if one.p_adjusted is not None)
        plain.sort()
        assert adjusted[0] == min(1, 3 * plain[0]) and adjusted[1] == min(1, max(2 * plain[1], adjusted[0]))
        assert found.overall[name].p_adjusted is None


def test_the_order_of_rows_changes_nothing() -> None:
    base, other = two_models()
    order = np.random.default_rng(0).permutation(len(base.people))
    shuffled = Crowd(*(values[order] for values in other))
    found, again = (compare_demographics(counts(base), counts(crowd)) for crowd in (other, shuffled))
    assert again.by_group["C"]["fnmr"].difference == pytest.approx(found.by_group["C"]["fnmr"].difference)
    assert again.by_group["C"]["fmr"].people_interval == pytest.approx(found.by_group["C"]["fmr"].people_interval)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alpha": 0.3}, "alpha 0.5 and 0.3"),
        ({"weighting": "pair"}, "weighting person and pair"),
        ({"min_people": 30}, "over different groups"),
    ],
)
def test_other_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    base, other = two_models()
    with pytest.raises(EthnoshardError, match=message):
        compare_demographics(counts(base), counts(other, **settings))


def test_other_people_or_images_are_refused() -> None:
    base, other = two_models()
    without = other.people != other.people[0]
    fewer = Crowd(*(values[without] for values in other))
    with pytest.raises(EthnoshardError, match="different people or groups"):
        compare_demographics(counts(base), counts(fewer))
    several = next(place for place, person in enumerate(other.people) if (other.people == person).sum() > 2)
    fewer = Crowd(*(np.delete(values, several, axis=0) for values in other))
    with pytest.raises(EthnoshardError, match="different pairs"):
        compare_demographics(counts(base), counts(fewer))


def chosen_counts(crowd: Crowd, chosen: str, *, listed: bool) -> GroupTally:
    """At a threshold that was given, or set on the tested people, or on those of group C."""
    outside = crowd.groups == "C"
    everybody = Roster.of(crowd.embeddings, crowd.people)
    pairs: Roster | ScoreList = Roster.of(*(values[~outside] for values in crowd))
    if listed:
        unit = crowd.embeddings / np.linalg.norm(crowd.embeddings, axis=1, keepdims=True)
        one, two = (rows[: 20 * len(unit)] for rows in np.triu_indices(len(unit), 1))
        ends = [(values[one], values[two]) for values in (crowd.people, crowd.groups)]
        same = crowd.people[one] == crowd.people[two]
        pairs = ScoreList.of((unit[one] * unit[two]).sum(axis=1), same, ends[1], people=ends[0])
    if chosen == "given":
        choice = given_threshold(0.3)
    else:
        choice = choose_threshold(
            pairs if chosen == "tested" else everybody.select(outside), 0.05, tested=chosen == "tested"
        )
    own = group_curves(pairs, choice.thresholds, GroupOptions(min_people=5), own=choice).own
    assert own is not None and (own.sensitivity is None) == (chosen == "given")
    return own


def test_a_rate_that_both_thresholds_were_set_for_has_no_interval_and_is_not_claimed() -> None:
    change = compare_demographics(*(chosen_counts(crowd, "tested", listed=False) for crowd in two_models()))
    fmr = change.overall["fmr"]
    # Thresholds lie between similarities, so that both are a little less than what was asked for.
    assert fmr.difference is not None and 0 < abs(fmr.difference) < 1e-3
    assert fmr.people_interval is None and fmr.p_value is None
    assert change.overall["fnmr"].people_interval is not None


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("chosen", ["given", "tested", "others"])
def test_counts_are_kept_in_a_file_without_a_pickle(listed: bool, chosen: str) -> None:
    base, other = (chosen_counts(crowd, chosen, listed=listed) for crowd in two_models())
    file = io.BytesIO()
    np.savez(file, **base.arrays())
    file.seek(0)
    read = GroupTally.of_arrays(NamedArrays(np.load(file, allow_pickle=False), "a file"))
    assert compare_demographics(read, other) == compare_demographics(base, other)


def test_clusterings() -> None:
    base, other = two_models(noise=1.5)
    kept: dict[str, Any] = {"number": 20, "at_least": 3, "draws": 4, "methods": ("kmeans", "dbscan"), "sweep": ()}
    found = [clustering(crowd.embeddings, crowd.people, **kept) for crowd in (base, other)]
    change = compare_clusterings(*found)["kmeans"]["ari"]
    each = [
        theirs.ari - ours.ari
        for ours, theirs in zip(found[0].methods["kmeans"], found[1].methods["kmeans"], strict=True)
    ]
    assert change.differences == tuple(each) and change.mean == pytest.approx(sum(each) / 4)
    assert change.better == sum(value > 0 for value in each)
    assert change.base is not None and change.other is not None and change.base > change.other
    strangers = clustering(other.embeddings, other.people, **{**kept, "seed": 1})
    with pytest.raises(EthnoshardError, match="different draws of people"):
        compare_clusterings(found[0], strangers)


def test_the_people_drawn_depend_on_names_and_seed_alone() -> None:
    base, _ = two_models()
    order = np.random.default_rng(0).permutation(len(base.people))
    one = draw_people(base.people, 10, at_least=2, draws=3, seed=5)
    two = draw_people(base.people[order], 10, at_least=2, draws=3, seed=5)
    for rows, shuffled in zip(one, two, strict=True):
        names = set(base.people[rows].tolist())
        assert names == set(base.people[order][shuffled].tolist()) and len(names) == 10
        assert len(rows) == sum((base.people == name).sum() for name in names)
        assert all((base.people == name).sum() >= 2 for name in names)
    assert len({tuple(rows.tolist()) for rows in one}) == 3
    assert draw_people(base.people, 10, at_least=2, draws=1, seed=6)[0].tolist() != one[0].tolist()
