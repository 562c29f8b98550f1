"""Errors by group, from scores that somebody has or from embeddings, at one threshold for all."""

import numpy as np
import numpy.typing as npt

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._by_group import Demographics, Figure, GroupRates, figures_of
from ethnoshard.evaluation._cells import Count, Rate, genuine_counts, impostor_counts
from ethnoshard.evaluation._checks import Floats, check_least, check_share
from ethnoshard.evaluation._count_embeddings import tally_of_embeddings
from ethnoshard.evaluation._count_scores import tally_of_scores
from ethnoshard.evaluation._impostors import Weighting
from ethnoshard.evaluation._intervals import percentile_interval
from ethnoshard.evaluation._rates import DrawnRates, drawn_rates
from ethnoshard.evaluation._tally import Tally

MIN_PEOPLE = 20
"""Of fewer people draws are so much alike that their interval means nothing."""
MIN_PAIRS = 30
"""Of fewer pairs one error more or less moves the rate by more than 3 %."""


def demographics_of_scores(
    score: npt.ArrayLike,
    same: npt.ArrayLike,
    groups: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    threshold: float,
    people: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    weighting: Weighting | None = None,
    alpha: float = 0.5,
    draws: int = 1000,
    seed: int = 0,
    min_people: int = MIN_PEOPLE,
    min_pairs: int = MIN_PAIRS,
) -> Demographics:
    """Errors by group of a list of scored pairs, any system's.

    Args:
        score: (N,) similarities, greater for images that are more alike.
        same: (N,) bool.
        groups: (N,) and (N,) group of each image's person.
        threshold: a pair is accepted from it on. Set it on people who are not in the test.
        people: (N,) and (N,) whose each image is. Without, there is no interval from draws of people.
        weighting: "person", by default where people are known: each person's same-person pairs count alike, and
            each two people's different-person pairs; or "pair".
        alpha: weight of FMR against FNMR in FDR, IR and GARBE, 0 to 1.
        draws: of people.
        seed: of the draws.
        min_people: below it a rate is flagged and its group enters no figure.
        min_pairs: likewise.

    Raises:
        EthnoshardError: scores are not finite, arrays don't fit, pairs are of one kind or groups only one, a person
            has two groups, weighting by person is asked for without people.
    """
    if weighting == "person" and people is None:
        raise EthnoshardError("weighting by person needs to know whose the images are; give people, or weight by pair")
    tally = tally_of_scores(score, same, groups, people, threshold)
    weight = weighting or ("pair" if people is None else "person")
    return _measured(tally, weight, alpha, draws, seed, min_people, min_pairs)


def demographics_of_embeddings(
    embeddings: npt.ArrayLike,
    people: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    threshold: float,
    matched_on: npt.ArrayLike | None = None,
    weighting: Weighting = "person",
    alpha: float = 0.5,
    draws: int = 1000,
    seed: int = 0,
    min_people: int = MIN_PEOPLE,
    min_pairs: int = MIN_PAIRS,
) -> Demographics:
    """Errors by group of all pairs of images.

    Scores are computed once, block after block, and only errors are kept, counted by people; draws need no score.

    Args:
        embeddings: (N, D), divided by their length; the similarity is the cosine.
        people: (N,) whose each image is.
        groups: (N,) that person's group. Leave images without one out.
        threshold: a pair is accepted from it on. Set it on people who are not in the test
            (``threshold_of_embeddings``).
        matched_on: (N,) an attribute of the person, such as sex, "" or None where unknown: two people known to differ
            in it make no pair.
        weighting: "person" or "pair", as for ``demographics_of_scores``.
        alpha: likewise.
        draws: likewise.
        seed: likewise.
        min_people: likewise.
        min_pairs: likewise.

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), arrays that don't fit, one group only, a
            person with two groups.
    """
    tally = tally_of_embeddings(embeddings, people, groups, threshold, matched_on)
    return _measured(tally, weighting, alpha, draws, seed, min_people, min_pairs)


def _measured(
    tally: Tally, weighting: Weighting, alpha: float, draws: int, seed: int, min_people: int, min_pairs: int
) -> Demographics:
    check_share(alpha, "alpha")
    for value, name in ((draws, "draws"), (seed, "seed"), (min_people, "min_people"), (min_pairs, "min_pairs")):
        check_least(value, 0, name)
    if weighting not in ("person", "pair"):
        raise EthnoshardError(f"weighting is by person or by pair; {weighting!r} is neither")
    genuine, impostor = genuine_counts(tally), impostor_counts(tally)
    left_out = {
        group: why
        for index, group in enumerate(tally.groups)
        if (why := _why_left_out(genuine[index], impostor[index, index], min_people, min_pairs))
    }
    rates = drawn_rates(tally, weighting, draws, seed)
    drawn = DrawnRates(
        groups=tally.groups,
        compared=np.array([group not in left_out for group in tally.groups], np.bool_),
        **vars(rates),
        pairs_fmr=np.array([impostor[index, index].pairs for index in range(len(tally.groups))], np.int64),
        pairs_fnmr=np.array([count.pairs for count in genuine], np.int64),
        alpha=alpha,
        weighting=weighting,
        seed=seed,
        people=tally.digest(),
    )

    def rate(count: Count, values: Floats) -> Rate:
        interval = percentile_interval(values[1:]) if len(values) > 1 else None
        return count.rate(values[0], interval, min_people, min_pairs)

    def group_rates(fmr: Rate, fnmr: Rate, accuracy: Floats) -> GroupRates:
        return GroupRates(fmr=fmr, fnmr=fnmr, accuracy=Figure.of_draws(accuracy))

    accuracy = drawn.metrics()["accuracy"]
    return Demographics(
        threshold=tally.threshold,
        overall=group_rates(
            rate(_together(list(impostor.values()), _crowd(tally)), drawn.overall_fmr),
            rate(
                _together(genuine, sum(count.people or 0 for count in genuine) if tally.known else None),
                drawn.overall_fnmr,
            ),
            1 - (drawn.overall_fmr + drawn.overall_fnmr) / 2,
        ),
        by_group={
            group: group_rates(
                rate(impostor[index, index], drawn.fmr[:, index]),
                rate(genuine[index], drawn.fnmr[:, index]),
                accuracy[:, index],
            )
            for index, group in enumerate(tally.groups)
        },
        cross={
            one: {
                other: rate(impostor[min(i, j), max(i, j)], drawn.cross[:, i, j])
                for j, other in enumerate(tally.groups)
            }
            for i, one in enumerate(tally.groups)
        },
        figures=figures_of(drawn),
        left_out=left_out,
        min_people=min_people,
        min_pairs=min_pairs,
        drawn=drawn,
    )


def _why_left_out(genuine: Count, impostor: Count, min_people: int, min_pairs: int) -> str:
    """Empty where the group is large enough."""
    reasons = [
        f"{count.pairs:,} {kind} pairs" + ("" if count.people is None else f" of {count.people:,} people")
        for count, kind in ((genuine, "same-person"), (impostor, "different-person"))
        if count.too_few(min_people, min_pairs)
    ]
    return f"{' and '.join(reasons)}; at least {min_people} people and {min_pairs} pairs are needed" if reasons else ""


def _together(counts: list[Count], people: int | None) -> Count:
    return Count(
        errors=sum(count.errors for count in counts), pairs=sum(count.pairs for count in counts), people=people
    )


def _crowd(tally: Tally) -> int | None:
    return len(tally.people) if tally.known else None
