"""Errors by group for a report: whose labels, which pairs, which threshold and from where."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ethnoshard.embedding import Embeddings
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    ChosenThreshold,
    GroupCurves,
    GroupOptions,
    GroupTally,
    ListedImages,
    LostImages,
    Roster,
    ScoreList,
    Searches,
    TestedPairs,
    choose_threshold,
    failures_of_images,
    failures_of_list,
    given_threshold,
    group_curves,
    open_set,
    score_shift,
    tar_at_fars,
    threshold_by_rule,
    thresholds_over,
    verification_by_group,
)
from ethnoshard.reports._folder import CURVES, SEARCHES, SHIFT, TALLY
from ethnoshard.reports._lost import failed_pairs, lost_images
from ethnoshard.reports._other_people import RULES, SAME_PAIRS, OtherPeople, Thresholds, thresholds_of_list, too_few
from ethnoshard.results import (
    AcquisitionFailures,
    Arrays,
    ChosenOn,
    EvaluationOptions,
    GroupErrors,
    SimilarityHistograms,
    TarAtFar,
    Threshold,
    VerificationByGroup,
)
from ethnoshard.sources import GroupSource, PairList, Remark, ScoredPairs

Texts = NDArray[np.str_]
EXPLORATORY = (
    "Exploratory: the labels are unreliable, groups differ in more than what they are named for, and small groups "
    "rest on few people."
)
AS_GIVEN = "Groups are those that {name} gives; nothing here checks them."
GIVEN = "given by the user"
_SOME = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupResult:
    """Errors by group from one source of labels.

    Attributes:
        name: of the source.
        errors: at the report's threshold.
        histograms: of similarities, for a chart.
        arrays: for a file beside it.
    """

    name: str
    errors: GroupErrors
    histograms: SimilarityHistograms
    arrays: Arrays


def groups_of_all_pairs(
    embeddings: Embeddings, sources: Sequence[GroupSource], options: EvaluationOptions
) -> list[GroupResult]:
    """By each source, all pairs of images of the people whom it puts in a group.

    The threshold is the same for all sources: it is set on the people whom none of them puts in a group, so that they
    are in no test. People are matched on the attribute that all sources have alike, if any: two who are known to differ
    in it make no pair, neither for the threshold nor in the test.

    Raises:
        EthnoshardError: no source has two groups among the images, or hardly anybody is left to set the threshold on.
    """
    people = embeddings.identities
    labelled = {person for source in sources for person in source.groups}
    outside = np.array([person not in labelled for person in people.tolist()], np.bool_)
    usable = {
        source.name: {source.groups[who] for who in set(people.tolist()) & source.groups.keys()} for source in sources
    }
    _check_two_groups(usable, labelled, people, "among the images")
    usual = options.threshold is None and not too_few(len(np.unique(people[outside])), options.fmr)
    # Where the report's threshold isn't set on them, images of people outside the test needn't be sound.
    sound = (people != "") & np.isfinite(embeddings.vectors).all(axis=1) & embeddings.vectors.any(axis=1)
    needed = np.ones_like(outside) if usual else ~outside | sound
    matched = sources[0].matched
    roster = Roster.of(
        embeddings.vectors[needed],
        people[needed],
        matched_on=[matched.get(person, "") for person in people[needed].tolist()],
    )
    others = OtherPeople(roster, outside[needed], options.weighting)
    threshold = _threshold(others, options)
    at_fars = {far: others.threshold(far) for far in options.fars}
    return [
        _of_source(roster, source, (threshold, at_fars), lost_images(embeddings, source), options)
        for source in sources
        if len(usable[source.name]) >= 2
    ]


def _check_two_groups(usable: dict[str, set[str]], labelled: set[str], people: NDArray[np.str_], where: str) -> None:
    """Refuse sources of which none has two groups.

    Raises:
        EthnoshardError: the groups that there are; where nobody has one, some names of both that don't fit.
    """
    if any(len(groups) >= 2 for groups in usable.values()):
        return
    found = "; ".join(f"{name}: {', '.join(sorted(groups)) or 'none'}" for name, groups in usable.items())
    text = f"a difference between groups needs two groups {where}; there are {found}"
    if not any(usable.values()):
        named, there = (", ".join(map(repr, sorted(names)[:_SOME])) for names in (labelled, set(people.tolist())))
        text += f". None of the {len(labelled):,} people that have a group is {where}: {named} against {there}"
    raise EthnoshardError(text)


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
    _check_two_groups(usable, labelled, people, "on the list")
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
    curves = _curves(pairs, choice, at_fars, options)
    given_by = source.given_by or source.name
    return _result(
        pairs, curves, threshold, tar_at_fars(pairs, curves, at_fars),
        source=source.name, given_by=given_by, attribute=source.attribute, note=_note(source, given_by),
        without=source.without, which=which,
        people=None if pairs.people is None else pairs.people.number, images=None,
        failures=None if images is None else failures_of_list(pairs, threshold.value, images, curves.weighting),
    )  # fmt: skip


def group_options(options: EvaluationOptions) -> GroupOptions:
    """How errors by group are measured, by the options of a whole evaluation."""
    return GroupOptions(
        weighting=options.weighting,
        alpha=options.alpha,
        draws=options.draws,
        seed=options.seed,
        min_people=options.min_people,
        min_pairs=options.min_pairs,
    )


def _threshold(others: OtherPeople, options: EvaluationOptions) -> tuple[Threshold, ChosenThreshold]:
    """The report's, the same for all sources.

    Raises:
        EthnoshardError: none is given, and there are too few people to set it on.
    """
    if isinstance(options.threshold, str):
        ruled = others.by_rule(options.threshold)
        return ruled, given_threshold(ruled.value)
    if options.threshold is not None:
        given = Threshold(value=options.threshold, chosen_on=ChosenOn(text=GIVEN))
        return given, given_threshold(options.threshold)
    found = others.threshold(options.fmr)
    sample = others.sample(options.fmr)
    if isinstance(found, Threshold) and sample is not None:
        choice = choose_threshold(sample, options.fmr, weighting=options.weighting, tested=sample is others.tested)
        return found, choice
    people = len(others.tested.names)
    pairs = people * (people - 1) // 2
    least = f", or an --fmr of at least {1 / pairs:.2g}" if pairs > 1 else ""
    raise EthnoshardError(f"{found}: give --threshold{least}")


def _of_source(
    roster: Roster,
    source: GroupSource,
    thresholds: tuple[tuple[Threshold, ChosenThreshold], Thresholds],
    lost: LostImages | None,
    options: EvaluationOptions,
) -> GroupResult:
    (threshold, choice), at_fars = thresholds
    tested = roster.grouped(source.groups)
    curves = _curves(tested, choice, at_fars, options)
    given_by = source.given_by or source.name
    result = _result(
        tested, curves, threshold, tar_at_fars(tested, curves, at_fars),
        source=source.name, given_by=given_by, attribute=source.attribute,
        note=_note(source, given_by),
        without=source.without, which=_which_pairs(tested, source),
        people=len(tested.names), images=len(tested.codes),
        failures=None if lost is None else failures_of_images(tested, threshold.value, lost, curves.weighting),
    )  # fmt: skip
    assert tested.groups is not None, "grouped above"
    searches = Searches.of(tested, options.seed)
    found = open_set(
        tested,
        seed=options.seed,
        min_people=options.min_people,
        min_searches=options.min_pairs,
        searches=searches,
    )
    result = replace(result, errors=replace(result.errors, open_set=found))
    result.arrays.update(people=tested.names, groups=tested.groups)
    result.arrays.update({SEARCHES + name: values for name, values in searches.arrays().items()})
    return result


def _note(source: GroupSource, given_by: str) -> str:
    """What a reader must know of the labels."""
    return EXPLORATORY if source.exploratory else AS_GIVEN.format(name=given_by)


def _curves(
    pairs: TestedPairs, choice: ChosenThreshold, at_fars: Thresholds, options: EvaluationOptions
) -> GroupCurves:
    """Over all that is worth looking at, at the report's own threshold and its ends, and at those for FARs."""
    others = [each.value for each in at_fars.values() if isinstance(each, Threshold)]
    at = thresholds_over(pairs, choice.value, weighting=options.weighting)
    thresholds = np.union1d(at, [*choice.thresholds, *others])
    return group_curves(pairs, thresholds, group_options(options), own=choice)


def _which_pairs(tested: Roster, source: GroupSource) -> str:
    """In words."""
    if source.matched_on is None:
        return (
            "all pairs of images within and across groups, embeddings as they are; people are matched on nothing else"
        )
    unknown = int(np.count_nonzero(tested.matched < 0))
    return (
        f"all pairs of images within and across groups, embeddings as they are, but none of two people known to differ "
        f"in {source.matched_on}" + (f"; it is not known of {unknown:,} people" if unknown else "")
    )


def _result(
    pairs: TestedPairs,
    curves: GroupCurves,
    threshold: Threshold,
    tar_at_far: tuple[TarAtFar, ...],
    *,
    source: str,
    given_by: str,
    attribute: str,
    note: str,
    without: dict[str, int],
    which: str,
    people: int | None,
    images: int | None,
    failures: AcquisitionFailures | None,
) -> GroupResult:
    own = curves.at(curves.index_of(threshold.value))
    shift, histograms = score_shift(pairs, curves)
    errors = GroupErrors(
        source=source,
        labels=f"as given by {given_by}",
        attribute=attribute,
        note=note,
        without_group=without,
        pairs=which,
        people=people,
        images=images,
        chosen_on=threshold.chosen_on,
        failures=failures,
        score_shift=shift,
        tar_at_far=tar_at_far,
        **vars(own.errors()),
    )
    assert own.tally is not None, "the report's own threshold"
    return GroupResult(name=source, errors=errors, histograms=histograms, arrays=_arrays(own.tally, curves, histograms))


def _arrays(tally: GroupTally, curves: GroupCurves, histograms: SimilarityHistograms) -> Arrays:
    """What ``ReportFolder`` reads back: ``group_tally``, ``group_curves`` and ``similarity_histograms``."""
    return {
        **{TALLY + name: values for name, values in tally.arrays().items()},
        **{CURVES + name: values for name, values in curves.arrays().items()},
        **{SHIFT + name: values for name, values in histograms.arrays().items()},
    }
