"""A difference of two models is paired: the same people drawn for both, and refused where they aren't."""

import io
import json
from typing import Any

import numpy as np
import pytest
from made_people import Crowd, by_group, made_crowd

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    IDEALS,
    DrawnRates,
    clustering,
    compare_clusterings,
    compare_demographics,
    draw_people,
)
from ethnoshard.evaluation._draws import percentile_interval
from ethnoshard.results import NamedArrays, as_json

SIZES = {"A": 40, "B": 30, "C": 25}


def two_models(noise: float = 0.4) -> tuple[Crowd, Crowd]:
    one = made_crowd(0, SIZES)
    rng = np.random.default_rng(9)
    return one, one._replace(embeddings=one.embeddings + noise * rng.normal(size=one.embeddings.shape))


def drawn(crowd: Crowd, **settings: Any) -> DrawnRates:
    return by_group(*crowd, **{"threshold": 0.3, "draws": 200, **settings}).drawn


def test_a_model_does_not_differ_from_itself() -> None:
    base, _ = two_models()
    change = compare_demographics(drawn(base), drawn(base))
    for one in (*change.overall.values(), *change.metrics.values(), *change.by_group["B"].values()):
        if one.base is not None:
            assert one.difference == 0 and one.other == one.base
        assert one.people_interval in ((0, 0), None) and (one.people_interval is None) == (one.undefined_draws > 0)


def test_differences_are_paired() -> None:
    base, other = (drawn(crowd) for crowd in two_models())
    change = compare_demographics(base, other)
    assert change.metrics.keys() == IDEALS.keys() and change.compared == ("A", "B", "C") and change.draws == 200
    differences = other.fnmr - base.fnmr
    found = change.by_group["B"]["fnmr"]
    assert found.difference == differences[0, 1]
    assert found.people_interval == percentile_interval(differences[1:, 1])
    # Pairing takes out what both models share: who was drawn.
    independent = np.std(other.fnmr[1:, 1]) ** 2 + np.std(base.fnmr[1:, 1]) ** 2
    assert np.std(differences[1:, 1]) ** 2 < 0.8 * independent
    gaps = [rates.fmr.max(axis=1) - rates.fmr.min(axis=1) for rates in (base, other)]
    assert change.metrics["max_gap_fmr"].people_interval == percentile_interval((gaps[1] - gaps[0])[1:])
    json.dumps(as_json(change), allow_nan=False)


def test_the_order_of_rows_changes_nothing() -> None:
    base, other = two_models()
    order = np.random.default_rng(0).permutation(len(base.people))
    shuffled = Crowd(*(values[order] for values in other))
    found, again = (compare_demographics(drawn(base), drawn(crowd)) for crowd in (other, shuffled))
    assert again.by_group["C"]["fnmr"].difference == pytest.approx(found.by_group["C"]["fnmr"].difference)
    assert again.by_group["C"]["fmr"].people_interval == pytest.approx(found.by_group["C"]["fmr"].people_interval)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seed": 1}, "seed 0 and 1"),
        ({"draws": 100}, "draws 200 and 100"),
        ({"alpha": 0.3}, "alpha 0.5 and 0.3"),
        ({"weighting": "pair"}, "weighting person and pair"),
        ({"min_people": 30}, "over different groups"),
    ],
)
def test_other_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    base, other = two_models()
    with pytest.raises(EthnoshardError, match=message):
        compare_demographics(drawn(base), drawn(other, **settings))


def test_other_people_or_images_are_refused() -> None:
    base, other = two_models()
    without = other.people != other.people[0]
    fewer = Crowd(*(values[without] for values in other))
    with pytest.raises(EthnoshardError, match="different people or groups"):
        compare_demographics(drawn(base), drawn(fewer))
    several = next(place for place, person in enumerate(other.people) if (other.people == person).sum() > 2)
    fewer = Crowd(*(np.delete(values, several, axis=0) for values in other))
    with pytest.raises(EthnoshardError, match="different pairs"):
        compare_demographics(drawn(base), drawn(fewer))


def test_draws_are_kept_in_a_file_without_a_pickle() -> None:
    base, other = (drawn(crowd) for crowd in two_models())
    file = io.BytesIO()
    np.savez(file, **base.arrays())
    file.seek(0)
    read = DrawnRates.of_arrays(NamedArrays(np.load(file, allow_pickle=False), "a file"))
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
