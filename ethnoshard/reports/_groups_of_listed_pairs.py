"""Errors by group over the pairs of a list, at a threshold set on the same pairs: by its own labels, or a table's."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    ListedImages,
    ScoreList,
    choose_threshold,
    failures_of_list,
    given_threshold,
    tar_at_fars,
    threshold_by_rule,
    verification_by_group,
)
from ethnoshard.reports._group_result import GIVEN, GroupResult, check_two_groups, curves_at, group_result, note_on
from ethnoshard.reports._lost import failed_pairs
from ethnoshard.reports._other_people import RULES, SAME_PAIRS, thresholds_of_list
from ethnoshard.results import ChosenOn, EvaluationOptions, Threshold, VerificationByGroup
from ethnoshard.sources import GroupSource, PairList, Remark, ScoredPairs

Texts = NDArray[np.str_]


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
    pairs: PairList, distance: NDArray[np.float64], images: ListedImages | None, options: EvaluationOptions
) -> list[GroupResult]:
    """By the list's own labels, its own pairs; nothing where it has none.

    Args:
        pairs: those that were scored.
        distance: (N,) of each.
        images: of the whole list.
        options: draws, threshold and minimums.
    """
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
    return [groups_of_scores(scored, options, given_by=pairs.path.name, images=images)]


def groups_of_scores(
    scored: ScoredPairs, options: EvaluationOptions, *, given_by: str, images: ListedImages | None = None
) -> GroupResult:
    """By the labels of scored pairs.

    Args:
        scored: the pairs, with groups.
        options: draws, threshold and minimums.
        given_by: name of the file that has the labels.
        images: of the list, with and without an embedding; None where that isn't known.

    Raises:
        EthnoshardError: pairs are of one kind or groups only one, a person has two groups.
    """
    source = GroupSource(name="list", groups={}, without={}, given_by=given_by)
    return _of_list(scored, options, source, images=images)


def groups_of_scored_people(
    scored: ScoredPairs, sources: Sequence[GroupSource], options: EvaluationOptions, *, everything: ScoredPairs
) -> list[GroupResult]:
    """By each source, the scored pairs of people whom it puts in a group; each source has a threshold of its own.

    People are matched on the attribute that all sources have alike, if any: a pair of two who are known to differ in it
    is left out.

    Each source has the groups' pairs verified by themselves, too, and the pairs that have no score.

    Args:
        scored: the pairs, with people.
        sources: of these people's groups.
        options: draws, threshold and minimums.
        everything: with the pairs that have no score.

    Raises:
        EthnoshardError: no source has two groups among the people, or what is left by one is of one kind.
    """
    assert scored.people is not None, "read with people"
    people = np.unique(np.concatenate(scored.people))
    labelled = {person for source in sources for person in source.groups}
    usable = {
        source.name: {source.groups[who] for who in people.tolist() if who in source.groups} for source in sources
    }
    check_two_groups(usable, labelled, people, "on the list")
    found = []
    for source in sources:
        if len(usable[source.name]) < 2:
            continue
        grouped = _grouped(scored, source)
        without = sum(who not in source.groups for who in people.tolist())
        which = f"the listed pairs whose people both have a group, {len(grouped.same):,} of {len(scored.same):,}"
        if source.matched_on is not None:
            which += f", but none of two people known to differ in {source.matched_on}"
        own = replace(source, without={"of the list's people": without} if without else {})
        try:
            made = _of_list(grouped, options, own, which=which)
            alone = _alone(grouped, options)
        except EthnoshardError as error:
            raise EthnoshardError(f"by {source.given_by or source.name}: {error}") from error
        failed = failed_pairs(_grouped(everything, source))
        found.append(replace(made, errors=replace(made.errors, verification_by_group=alone, failed_pairs=failed)))
    return found


def _grouped(scored: ScoredPairs, source: GroupSource) -> ScoredPairs:
    """The pairs whose people both have a group, but none of two known to differ in what they are matched on."""
    assert scored.people is not None, "read with people"
    first, second = (_attribute(side, source.groups) for side in scored.people)
    rows = (first != "") & (second != "")
    if source.matched_on is not None:
        one, other = (_attribute(side, source.matched) for side in scored.people)
        rows &= scored.same | (one == other) | (one == "") | (other == "")
    return replace(scored, groups=(first, second)).select(rows)


def _alone(scored: ScoredPairs, options: EvaluationOptions) -> VerificationByGroup:
    """Each group's pairs verified by themselves."""
    assert scored.groups is not None, "given by the source"
    return verification_by_group(
        -scored.score,
        scored.same,
        scored.groups,
        fold=scored.fold,
        people=scored.people,
        fars=options.fars,
        draws=options.draws,
        seed=options.seed,
    )


def _attribute(people: Texts, values: dict[str, str]) -> Texts:
    """(N,) what is known of each; "" of whom nothing is."""
    names, codes = np.unique(people, return_inverse=True)
    return np.array([values.get(name, "") for name in names.tolist()], np.str_)[codes]


def _of_list(
    scored: ScoredPairs,
    options: EvaluationOptions,
    source: GroupSource,
    *,
    which: str = "the listed pairs",
    images: ListedImages | None = None,
) -> GroupResult:
    """By the groups that scored pairs have, called after a source."""
    pairs = ScoreList.of(scored.score, scored.same, scored.groups, people=scored.people)
    # Weighted as the rates are, so that the FMR that a report shows of all pairs is the one that was asked for.
    if options.threshold is None:
        choice = choose_threshold(pairs, options.fmr, weighting=options.weighting, tested=True)
        threshold = Threshold(value=choice.value, chosen_on=ChosenOn(text=SAME_PAIRS, fmr_asked=options.fmr))
    elif isinstance(options.threshold, str):
        choice = given_threshold(threshold_by_rule(pairs, options.threshold, weighting=options.weighting))
        text = f"{RULES[options.threshold]}, {SAME_PAIRS}"
        threshold = Threshold(value=choice.value, chosen_on=ChosenOn(text=text))
    else:
        choice = given_threshold(options.threshold)
        threshold = Threshold(value=options.threshold, chosen_on=ChosenOn(text=GIVEN))
    at_fars = thresholds_of_list(pairs, options.fars, options.weighting)
    curves = curves_at(pairs, choice, at_fars, options)
    given_by = source.given_by or source.name
    return group_result(
        pairs, curves, threshold, tar_at_fars(pairs, curves, at_fars),
        source=source.name, given_by=given_by, attribute=source.attribute, note=note_on(source, given_by),
        without=source.without, which=which,
        people=None if pairs.people is None else pairs.people.number, images=None,
        failures=None if images is None else failures_of_list(pairs, threshold.value, images, curves.weighting),
    )  # fmt: skip
