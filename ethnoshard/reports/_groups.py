"""Errors by group for a report: whose labels, which pairs, which threshold and from where."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard.embedding import Embeddings
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    GroupCurves,
    curves_of_embeddings,
    curves_of_scores,
    threshold_of_embeddings,
    threshold_of_scores,
    thresholds_over_embeddings,
    thresholds_over_scores,
)
from ethnoshard.reports._group_arrays import group_arrays
from ethnoshard.results import Arrays, EvaluationOptions, GroupErrors
from ethnoshard.sources import GroupSource, PairList, Remark, ScoredPairs

Texts = NDArray[np.str_]

EXPLORATORY = (
    "Exploratory: the labels are unreliable, groups differ in more than what they are named for, and small groups "
    "rest on "
    "few people."
)
GIVEN = "given by the user"
SAME_PAIRS = "set on the very pairs that are tested, which flatters: give one that was set on other people"
SAME_PEOPLE = (
    "an FMR of {fmr:g} over all pairs of images of the very people who are tested, which flatters: {outside:,} people "
    "are in no group, too few to set it on; give one that was set on other people"
)
_SOME = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupResult:
    """Errors by group from one source of labels.

    Attributes:
        name: of the source.
        errors: at the report's threshold.
        arrays: for a file beside it.
    """

    name: str
    errors: GroupErrors
    arrays: Arrays


@dataclass(frozen=True, kw_only=True)
class _Threshold:
    """A similarity and where it is from."""

    value: float
    origin: str
    people: int | None = None
    images: int | None = None


def groups_of_all_pairs(
    embeddings: Embeddings, sources: Sequence[GroupSource], options: EvaluationOptions
) -> list[GroupResult]:
    """By each source, all pairs of images of the people whom it puts in a group.

    The threshold is the same for all sources: it is set on the people whom none of them puts in a group, so that they
    are in no test.

    Raises:
        EthnoshardError: no source has two groups among the images, or hardly anybody is left to set the threshold on.
    """
    people = embeddings.identities
    labelled = {person for source in sources for person in source.groups}
    outside = np.array([person not in labelled for person in people.tolist()], np.bool_)
    usable = {
        source.name: {source.groups[who] for who in set(people.tolist()) & source.groups.keys()} for source in sources
    }
    if all(len(groups) < 2 for groups in usable.values()):
        found = "; ".join(f"{name}: {', '.join(sorted(groups)) or 'none'}" for name, groups in usable.items())
        raise EthnoshardError(
            f"a difference between groups needs two groups among the images; there are {found}"
            + ("" if any(usable.values()) else _nobody(labelled, people))
        )
    threshold = _threshold(embeddings, outside, options)
    return [_of_source(embeddings, source, threshold, options) for source in sources if len(usable[source.name]) >= 2]


def _nobody(labelled: set[str], people: NDArray[np.str_]) -> str:
    """That names don't fit, with some of both."""
    named, there = (", ".join(map(repr, sorted(names)[:_SOME])) for names in (labelled, set(people.tolist())))
    return f". None of the {len(labelled):,} people that have a group is among the images: {named} against {there}"


def lone_group(groups: tuple[NDArray[np.str_], NDArray[np.str_]]) -> tuple[Remark, ...]:
    """What is to be said of pairs that are all of one group, as one of RFW's lists is: there is nothing to compare.

    Args:
        groups: (N,) the group of the first and of the second image of each pair.
    """
    known = np.unique(np.concatenate(groups)).tolist()
    if len(known) != 1:
        return ()
    reason = f"pairs of one group, {known[0]!r}, alone: errors by group compare two at least"
    return (Remark(reason=reason, count=len(groups[0]), first="pair 1"),)


def listed_groups(pairs: PairList) -> tuple[Texts, Texts] | None:
    """(N,) and (N,) group of each image's person, by the list; None where it gives none."""
    if pairs.first_group is None or pairs.second_group is None:
        return None
    return pairs.first_group, pairs.second_group


def listed_people(pairs: PairList) -> tuple[Texts, Texts] | None:
    """(N,) and (N,) identity of each image, by the list; None where it gives none."""
    if pairs.first_person is None or pairs.second_person is None:
        return None
    return pairs.first_person, pairs.second_person


def groups_of_listed_pairs(
    pairs: PairList, distance: NDArray[np.float64], options: EvaluationOptions
) -> list[GroupResult]:
    """By the list's own labels, its own pairs; nothing where it has none."""
    groups = listed_groups(pairs)
    if groups is None:
        return []
    similarity = 1 - distance / 2 if options.metric == "euclidean" else np.cos(np.pi * distance)
    scored = ScoredPairs(
        path=pairs.path,
        score=similarity,
        same=pairs.same,
        groups=groups,
        people=listed_people(pairs),
    )
    return [groups_of_scores(scored, options, labels=f"as given by {pairs.path.name}")]


def groups_of_scores(scored: ScoredPairs, options: EvaluationOptions, *, labels: str) -> GroupResult:
    """By the labels of scored pairs.

    Raises:
        EthnoshardError: pairs are of one kind or groups only one, a person has two groups.
    """
    if options.threshold is None:
        value = threshold_of_scores(scored.score, scored.same, fmr=options.fmr)
        threshold = _Threshold(value=value, origin=SAME_PAIRS)
    else:
        threshold = _Threshold(value=options.threshold, origin=GIVEN)
    thresholds = thresholds_over_scores(scored.score, scored.same, own=threshold.value, people=scored.people)
    curves = curves_of_scores(
        scored.score, scored.same, scored.groups, thresholds=thresholds, people=scored.people,
        draws=options.draws, seed=options.seed, min_people=options.min_people, min_pairs=options.min_pairs,
    )  # fmt: skip
    people = None if scored.people is None else len(np.unique(np.concatenate(scored.people)))
    return _result(
        "list", labels, {}, "the listed pairs", threshold, curves, options, {"people": people, "images": None}
    )


def _threshold(embeddings: Embeddings, outside: NDArray[np.bool_], options: EvaluationOptions) -> _Threshold:
    if options.threshold is not None:
        return _Threshold(value=options.threshold, origin=GIVEN)
    people = embeddings.identities[outside]
    number = len(np.unique(people))
    if _too_few(number, options.fmr):
        return _threshold_of_the_tested(embeddings, outside, number, options)
    value = threshold_of_embeddings(embeddings.vectors[outside], people, fmr=options.fmr)
    return _Threshold(
        value=value,
        origin=(
            f"an FMR of {options.fmr:g} over all pairs of images of people whom no source puts in one of its groups, "
            "each two people counting alike; none of them is in the test"
        ),
        people=number,
        images=int(outside.sum()),
    )


def _too_few(people: int, fmr: float) -> bool:
    """Whether less than one pair of so many people is the share ``fmr`` of them all."""
    return fmr * people * (people - 1) / 2 < 1


def _threshold_of_the_tested(
    embeddings: Embeddings, outside: NDArray[np.bool_], number: int, options: EvaluationOptions
) -> _Threshold:
    """Where nobody, or hardly anybody, is outside: as a table that gives everybody a group leaves it."""
    people = embeddings.identities[~outside]
    tested = len(np.unique(people))
    if _too_few(tested, options.fmr):
        pairs = tested * (tested - 1) // 2
        least = f", or an --fmr of at least {1 / pairs:.2g}" if pairs > 1 else ""
        raise EthnoshardError(
            f"{number:,} people are in no group by any source, too few to set a threshold for an FMR of "
            f"{options.fmr:g} on, and so are the {tested:,} who are in one: give --threshold{least}"
        )
    return _Threshold(
        value=threshold_of_embeddings(embeddings.vectors[~outside], people, fmr=options.fmr),
        origin=SAME_PEOPLE.format(fmr=options.fmr, outside=number),
        people=tested,
        images=int((~outside).sum()),
    )


def _of_source(
    embeddings: Embeddings, source: GroupSource, threshold: _Threshold, options: EvaluationOptions
) -> GroupResult:
    names = embeddings.identities.tolist()
    rows = np.array([row for row, name in enumerate(names) if name in source.groups], np.int64)
    people = embeddings.identities[rows]
    groups = np.array([source.groups[name] for name in people.tolist()], np.str_)
    thresholds = thresholds_over_embeddings(embeddings.vectors[rows], people, own=threshold.value)
    curves = curves_of_embeddings(
        embeddings.vectors[rows], people, groups, thresholds=thresholds,
        draws=options.draws, seed=options.seed, min_people=options.min_people, min_pairs=options.min_pairs,
    )  # fmt: skip
    numbers: dict[str, int | None] = {"people": len(np.unique(people)), "images": len(rows)}
    what = "all pairs of images within and across groups, embeddings as they are; sex is not known and not matched"
    result = _result(
        source.name,
        f"as given by {source.given_by or source.name}",
        source.without,
        what,
        threshold,
        curves,
        options,
        numbers,
    )
    everybody, first = np.unique(people, return_index=True)
    result.arrays.update(people=everybody, groups=groups[first])
    return result


def _result(
    name: str,
    labels: str,
    without: dict[str, int],
    pairs: str,
    threshold: _Threshold,
    curves: GroupCurves,
    options: EvaluationOptions,
    numbers: dict[str, int | None],
) -> GroupResult:
    own = curves.at(int(np.searchsorted(curves.thresholds, threshold.value)))
    errors = GroupErrors(
        source=name,
        labels=labels,
        note=EXPLORATORY,
        without_group=without,
        pairs=pairs,
        people=numbers["people"],
        images=numbers["images"],
        threshold_from=threshold.origin,
        threshold_people=threshold.people,
        threshold_images=threshold.images,
        fmr_asked_for=None if threshold.origin == GIVEN else options.fmr,
        **vars(own.errors()),
    )
    return GroupResult(name=name, errors=errors, arrays=group_arrays(own.drawn, curves))
