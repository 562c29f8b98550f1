"""Identification: which of the people known by one image each is this?"""

import numpy as np
import numpy.typing as npt

from ethnoshard._checks import check_whole
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Floats, Whole, normalised, texts_of
from ethnoshard.evaluation._influence import (
    Spread,
    degrees_of,
    difference_interval,
    most_unseen,
    rate_interval,
)
from ethnoshard.results import Identification, Interval, RankChange, RankRate

RANKS = (1, 5)
_WAYS = ("svc", "mean")

_CELLS = 8_000_000
"""Products held at once, 64 MB."""


def identification(
    embeddings: npt.ArrayLike,
    people: npt.ArrayLike,
    *,
    more_than: int = 10,
    galleries: int = 10,
    seed: int = 0,
) -> Identification:
    """Measure identification of the people with more than some number of images.

    A gallery is one image of each, drawn by the seed. (a) A linear SVC (one class against one) fitted on it ranks the
    people for every other image; on one unit vector each it does so by the cosine, which is how it is computed. (b) The
    mean of everybody's other embeddings ranks the gallery by Euclidean distance. People who tie with the right one
    stand before it, so that a network which gives everything the same embedding gets nothing.

    Args:
        embeddings: (N, D), divided by their length.
        people: (N,) whose each image is.
        more_than: people with more images than this take part.
        galleries: how many to draw.
        seed: of the galleries.

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), arrays that don't fit, fewer than two
            people with so many images.
    """
    check_whole("more_than", more_than, 1)
    check_whole("galleries", galleries, 1)
    check_whole("seed", seed, 0)
    unit = normalised(embeddings)
    names, codes, counts = np.unique(texts_of(people, len(unit), "the person"), return_inverse=True, return_counts=True)
    chosen = np.flatnonzero(counts > more_than)
    if len(chosen) < 2:
        raise EthnoshardError(
            f"{len(chosen)} of {len(names):,} people have more than {more_than} images; identification needs two at "
            f"least. Ask for fewer images"
        )
    rows = np.flatnonzero(np.isin(codes, chosen))
    unit, owner = unit[rows], np.searchsorted(chosen, codes[rows]).astype(np.int64)
    rng = np.random.default_rng(seed)
    by_svc, by_mean = [], []
    queries = np.bincount(owner).astype(np.int64) - 1
    shares: dict[tuple[str, int], Floats] = {(way, rank): np.zeros(len(chosen)) for way in _WAYS for rank in RANKS}
    for _ in range(galleries):
        gallery = _gallery(owner, rng)
        others = np.setdiff1d(np.arange(len(unit)), gallery)
        by_svc.append(_svc_ranks(unit[gallery], unit[others], owner[others]))
        by_mean.append(_mean_ranks(unit[gallery], unit[others], owner[others]))
        for rank in RANKS:
            found = np.bincount(owner[others], by_svc[-1] <= rank, minlength=len(chosen))
            shares["svc", rank] += found / queries / galleries
            shares["mean", rank] += (by_mean[-1] <= rank) / galleries
    return Identification(
        people=len(chosen),
        images=len(unit),
        queries=len(unit) - len(chosen),
        more_than=more_than,
        galleries=galleries,
        seed=seed,
        svc={f"rank_{rank}": _rank_rate(by_svc, rank, shares["svc", rank], queries) for rank in RANKS},
        mean={f"rank_{rank}": _rank_rate(by_mean, rank, shares["mean", rank], None) for rank in RANKS},
        queries_by_person=tuple(queries.tolist()),
    )


def compare_ranks(base: RankRate, other: RankRate, queries: tuple[int, ...] | None) -> RankChange:
    """The difference of two models' rates in the same galleries.

    Args:
        base: the one model's.
        other: the other's, of the same people.
        queries: (P,) of each person, by which people are weighted; None where everybody has one.
    """
    values = np.array(other.by_gallery) - np.array(base.by_gallery)
    difference, found = float(values.mean()), None
    if base.by_person and len(base.by_person) == len(other.by_person):
        weights = np.ones(len(base.by_person)) if queries is None else np.array(queries, np.float64)
        spread = _spread(np.array(other.by_person) - np.array(base.by_person), weights)
        found = difference_interval(difference, spread, float(most_unseen(np.array(len(weights)))))
    return RankChange(
        base=base.mean,
        other=other.mean,
        difference=difference,
        least=float(values.min()),
        most=float(values.max()),
        better=int(np.count_nonzero(values > 0)),
        people_interval=None if found is None else found[0],
        p_value=None if found is None else found[1],
    )


def _gallery(owner: Whole, rng: np.random.Generator) -> Whole:
    """One row of each person, in their order."""
    shuffled = rng.permutation(len(owner))
    _, first = np.unique(owner[shuffled], return_index=True)
    return shuffled[first].astype(np.int64)


def _svc_ranks(gallery: Floats, queries: Floats, owner: Whole) -> Whole:
    """Ranks that a linear SVC, one class against one, gives after it was fitted on the gallery.

    Its border between two points lies half-way. Where they are of the same length it prefers a to b for a query q
    exactly if q . a > q . b, whatever C is. So a person wins against all who are less like the query, and the votes
    have the order of the cosine. To fit n (n - 1) / 2 classifiers gives the same, in far more time.
    """
    some = max(1, _CELLS // len(gallery))
    # Equal embeddings are to tie, though the last digits of products differ.
    return np.concatenate([
        _ranks(np.round(queries[begin : begin + some] @ gallery.T, 12), owner[begin : begin + some])
        for begin in range(0, len(queries), some)
    ])  # fmt: skip


def _mean_ranks(gallery: Floats, others: Floats, owner: Whole) -> Whole:
    sums = np.zeros_like(gallery)
    np.add.at(sums, owner, others)
    means = sums / np.bincount(owner, minlength=len(gallery))[:, None]
    squared = np.square(means).sum(axis=1)[:, None] + np.square(gallery).sum(axis=1) - 2 * means @ gallery.T
    # Equal embeddings are to tie, though the last digits of products differ.
    return _ranks(-np.round(squared, 12), np.arange(len(gallery)))


def _ranks(likeness: Floats, owner: Whole) -> Whole:
    """(Q,) rank of the right person, 1 the first, behind all that tie with it."""
    own = likeness[np.arange(len(owner)), owner][:, None]
    ranks: Whole = np.count_nonzero(likeness >= own, axis=1).astype(np.int64)
    return ranks


def _rank_rate(ranks: list[Whole], rank: int, by_person: Floats, queries: Whole | None) -> RankRate:
    shares = [float((each <= rank).mean()) for each in ranks]
    weights = np.ones(len(by_person)) if queries is None else queries.astype(np.float64)
    ends = rate_interval(float(np.mean(shares)), _spread(by_person, weights), len(by_person))
    return RankRate(
        by_gallery=tuple(shares),
        mean=float(np.mean(shares)),
        std=float(np.std(shares)),
        least=min(shares),
        most=max(shares),
        people_interval=None if ends is None else Interval(*ends),
        by_person=tuple(by_person.tolist()),
    )


def _spread(by_person: Floats, weights: Floats) -> Spread:
    """Of a mean over people, each with a weight."""
    parts = np.square(weights * (by_person - np.average(by_person, weights=weights)) / weights.sum())
    number = len(by_person)
    variance = float(parts.sum()) * number / max(number - 1, 1)
    return Spread(variance, variance, degrees_of(parts, number))
