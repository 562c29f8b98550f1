"""A model that knows nothing gets what guessing gets, one that knows everybody gets everything."""

import numpy as np
import pytest
from made_people import made_pairs

from ethnoshard.evaluation import clustering, identification, verification


def test_noise_is_guessing() -> None:
    pairs = made_pairs(0, number=300)
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(2, len(pairs.same), 64))
    found = verification(noise[0], noise[1], pairs.same, fold=pairs.fold, people=pairs.people, draws=200)
    # 6,000 answers: 0.5 within four standard errors, 4 x 0.0065.
    assert found.accuracy.mean == pytest.approx(0.5, abs=0.026)
    assert found.accuracy_exact.mean == pytest.approx(0.5, abs=0.026)
    assert found.auc == pytest.approx(0.5, abs=0.03) and found.eer == pytest.approx(0.5, abs=0.03)
    assert found.validation[1].val is not None
    assert found.validation[1].val.mean == pytest.approx(0.01, abs=0.01)
    interval = found.accuracy.people_interval
    assert interval is not None and interval.low is not None and interval.high is not None
    assert interval.low < 0.5 < interval.high


def test_the_identity_is_everything() -> None:
    pairs = made_pairs(0)
    names, codes = np.unique(np.concatenate(pairs.people), return_inverse=True)
    known = np.eye(len(names))[codes]
    first, second = known[: len(pairs.same)], known[len(pairs.same) :]
    found = verification(first, second, pairs.same, fold=pairs.fold, people=pairs.people, fars=(0.01, 0.1), draws=50)
    assert found.accuracy.mean == found.accuracy_exact.mean == found.auc == 1.0
    assert found.eer == 0.0
    for at in found.validation:
        # All different pairs are equally far apart, so that no threshold reaches the FAR; but VAL can't be higher.
        assert at.val is not None
        assert (at.val.mean, at.val.std) == (1.0, 0.0)
        # So many people of one pair without an error are no proof that there is none.
        alone = len(set(pairs.people[0][pairs.same].tolist()))
        assert at.val.people_interval == pytest.approx((0.025 ** (1 / alone), 1.0))
    assert found.accuracy.people_interval is not None and found.accuracy.people_interval.low is not None
    assert 0.98 < found.accuracy.people_interval.low < found.accuracy.people_interval.high == 1.0


def test_one_embedding_for_everybody_is_guessing_and_identifies_nobody() -> None:
    pairs = made_pairs(0)
    constant = np.ones((len(pairs.same), 4))
    found = verification(constant, constant, pairs.same, fold=pairs.fold, draws=0)
    assert found.accuracy.mean == found.auc == found.eer == 0.5
    people = np.repeat(np.arange(12), 5)
    ranks = identification(np.ones((60, 4)), people, more_than=2, galleries=2)
    assert ranks.mean["rank_1"].mean == ranks.mean["rank_5"].mean == 0.0


def test_identification_and_clusters_of_those_who_know_and_those_who_do_not() -> None:
    people = np.repeat(np.arange(40), 12)
    rng = np.random.default_rng(0)
    # Small noise: DBSCAN and silhouettes are undefined between equal points.
    oracle = np.eye(40)[people] + 0.01 * rng.normal(size=(480, 40))
    noise = rng.normal(size=(480, 64))
    knows, guesses = (identification(values, people, more_than=10, galleries=5) for values in (oracle, noise))
    for figure in (*knows.svc.values(), *knows.mean.values()):
        assert (figure.mean, figure.std) == (1.0, 0.0)
    assert guesses.svc["rank_1"].mean == pytest.approx(1 / 40, abs=0.02)
    assert guesses.svc["rank_5"].mean == pytest.approx(5 / 40, abs=0.04)
    assert guesses.mean["rank_5"].mean == pytest.approx(5 / 40, abs=0.12)
    clusters = clustering(oracle, people, number=20, draws=2, methods=("dbscan", "kmeans"))
    for figures in (*clusters.methods["dbscan"], *clusters.methods["kmeans"]):
        assert (figures.clusters, figures.left_over) == (20, 0)
        assert (figures.ari, figures.pairwise_f) == (1.0, 1.0)
        assert figures.nmi == pytest.approx(1) and figures.v_measure == pytest.approx(1)
        assert figures.silhouette is not None and figures.silhouette > 0.9
    lost = clustering(noise, people, number=20, draws=3, methods=("kmeans",), sweep=())
    assert np.mean([figures.ari for figures in lost.methods["kmeans"]]) == pytest.approx(0, abs=0.02)


def test_one_direction_for_everybody_identifies_nobody_whatever_the_last_digits_say() -> None:
    rng = np.random.default_rng(0)
    # As long as they like: divided by their lengths they differ in the last digits.
    embeddings = rng.standard_normal(128) * rng.uniform(0.1, 10, (240, 1))
    found = identification(embeddings, np.repeat(np.arange(20).astype(str), 12), galleries=3)
    for figure in (*found.svc.values(), *found.mean.values()):
        assert figure.most == 0
