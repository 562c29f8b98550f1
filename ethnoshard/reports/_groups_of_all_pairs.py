"""Errors by group over all pairs of the images, at a threshold set on other people: whose labels, and from where."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ethnoshard.embedding import Embeddings
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    ChosenThreshold,
    LostImages,
    Roster,
    Searches,
    choose_threshold,
    failures_of_images,
    given_threshold,
    open_set,
    tar_at_fars,
)
from ethnoshard.reports._folder import SEARCHES
from ethnoshard.reports._group_result import GIVEN, GroupResult, check_two_groups, curves_at, group_result, note_on
from ethnoshard.reports._lost import lost_images
from ethnoshard.reports._other_people import OtherPeople, Thresholds, too_few
from ethnoshard.results import ChosenOn, EvaluationOptions, Threshold
from ethnoshard.sources import GroupSource


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
    check_two_groups(usable, labelled, people, "among the images")
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
    curves = curves_at(tested, choice, at_fars, options)
    given_by = source.given_by or source.name
    result = group_result(
        tested, curves, threshold, tar_at_fars(tested, curves, at_fars),
        source=source.name, given_by=given_by, attribute=source.attribute,
        note=note_on(source, given_by),
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
