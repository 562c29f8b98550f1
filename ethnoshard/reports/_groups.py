"""Errors by group for a report: whose labels, which pairs, which threshold and from where."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard.embedding import Embeddings
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    DrawnRates,
    GroupCurves,
    GroupOptions,
    Roster,
    ScoreList,
    group_curves,
    threshold_at_fmr,
    threshold_by_rule,
    thresholds_over,
)
from ethnoshard.reports._folder import CURVES, DRAWN
from ethnoshard.results import Arrays, ChosenOn, EvaluationOptions, GroupErrors, Threshold, ThresholdRule, Weighting
from ethnoshard.sources import GroupSource, PairList, Remark, ScoredPairs

Texts = NDArray[np.str_]

EXPLORATORY = (
    "Exploratory: the labels are unreliable, groups differ in more than what they are named for, and small groups "
    "rest on few people."
)
AS_GIVEN = "Groups are those that {name} gives; nothing here checks them."
GIVEN = "given by the user"
SAME_PAIRS = "set on the very pairs that are tested, which flatters: give one that was set on other people"
OTHER_PEOPLE = (
    "over all pairs of images of people whom no source puts in one of its groups, {weights}; none of them is in the "
    "test"
)
SAME_PEOPLE = (
    "over all pairs of images of the very people who are tested, which flatters: {outside} people are in no group, too "
    "few to set it on; give one that was set on other people"
)
RULES: dict[ThresholdRule, str] = {
    "eer": "where FMR and FNMR are nearest to each other",
    "accuracy": "with the best accuracy on as many pairs of both kinds",
}
_AT_FMR = "an FMR of {fmr:g}"
_WEIGHTS: dict[Weighting, str] = {"person": "each two people counting alike", "pair": "each pair counting alike"}
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
    if all(len(groups) < 2 for groups in usable.values()):
        found = "; ".join(f"{name}: {', '.join(sorted(groups)) or 'none'}" for name, groups in usable.items())
        raise EthnoshardError(
            f"a difference between groups needs two groups among the images; there are {found}"
            + ("" if any(usable.values()) else _nobody(labelled, people))
        )
    others = len(np.unique(people[outside]))
    # Images that neither set the threshold nor are tested need no sound embedding, and no known person.
    alone = options.threshold is not None or _too_few(others, options.fmr)
    needed = ~outside if alone else np.ones_like(outside)
    matched = sources[0].matched
    roster = Roster.of(
        embeddings.vectors[needed],
        people[needed],
        matched_on=[matched.get(person, "") for person in people[needed].tolist()],
    )
    threshold = _threshold(roster, outside[needed], others, options)
    return [_of_source(roster, source, threshold, options) for source in sources if len(usable[source.name]) >= 2]


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
    return [groups_of_scores(scored, options, given_by=pairs.path.name)]


def groups_of_scores(scored: ScoredPairs, options: EvaluationOptions, *, given_by: str) -> GroupResult:
    """By the labels of scored pairs.

    Args:
        scored: the pairs.
        options: draws, threshold and minimums.
        given_by: name of the file that has the labels.

    Raises:
        EthnoshardError: pairs are of one kind or groups only one, a person has two groups.
    """
    pairs = ScoreList.of(scored.score, scored.same, scored.groups, people=scored.people)
    # Weighted as the rates are, so that the FMR that a report shows of all pairs is the one that was asked for.
    if options.threshold is None:
        value = threshold_at_fmr(pairs, options.fmr, weighting=options.weighting)
        threshold = Threshold(value=value, chosen_on=ChosenOn(text=SAME_PAIRS, fmr_asked=options.fmr))
    elif isinstance(options.threshold, str):
        value = threshold_by_rule(pairs, options.threshold, weighting=options.weighting)
        text = f"{RULES[options.threshold]}, {SAME_PAIRS}"
        threshold = Threshold(value=value, chosen_on=ChosenOn(text=text))
    else:
        threshold = Threshold(value=options.threshold, chosen_on=ChosenOn(text=GIVEN))
    at = thresholds_over(pairs, threshold.value, weighting=options.weighting)
    curves = group_curves(pairs, at, group_options(options))
    return _result(
        curves, threshold, source="list", given_by=given_by, note=AS_GIVEN.format(name=given_by), without={},
        pairs="the listed pairs",
        people=None if pairs.people is None else pairs.people.number, images=None,
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


def _threshold(roster: Roster, outside: NDArray[np.bool_], number: int, options: EvaluationOptions) -> Threshold:
    """The threshold of all sources, set on the ``number`` people outside the test where they are enough."""
    if isinstance(options.threshold, str):
        return _by_rule(roster, outside, number, options.threshold, options)
    if options.threshold is not None:
        return Threshold(value=options.threshold, chosen_on=ChosenOn(text=GIVEN))
    if not _too_few(number, options.fmr):
        return _at_fmr(roster.select(outside), options, OTHER_PEOPLE)
    # Nobody, or hardly anybody, is outside: as a table that gives everybody a group leaves it.
    tested = roster.select(~outside)
    people = len(tested.names)
    if _too_few(people, options.fmr):
        pairs = people * (people - 1) // 2
        least = f", or an --fmr of at least {1 / pairs:.2g}" if pairs > 1 else ""
        raise EthnoshardError(
            f"{number:,} people are in no group by any source, too few to set a threshold for an FMR of "
            f"{options.fmr:g} on, and so are the {people:,} who are in one: give --threshold{least}"
        )
    return _at_fmr(tested, options, SAME_PEOPLE.replace("{outside}", f"{number:,}"))


def _at_fmr(others: Roster, options: EvaluationOptions, text: str) -> Threshold:
    what = f"{_AT_FMR.format(fmr=options.fmr)} {text}"
    return Threshold(
        value=threshold_at_fmr(others, options.fmr, weighting=options.weighting),
        chosen_on=ChosenOn(
            text=what.replace("{weights}", _WEIGHTS[options.weighting or "person"]),
            people=len(others.names),
            images=len(others.codes),
            fmr_asked=options.fmr,
        ),
    )


def _by_rule(
    roster: Roster, outside: NDArray[np.bool_], number: int, rule: ThresholdRule, options: EvaluationOptions
) -> Threshold:
    """By the people outside the test where one of them at least has two images and there are two."""
    few = number < 2 or np.bincount(roster.codes[outside]).max(initial=0) < 2
    others = roster.select(~outside if few else outside)
    text = SAME_PEOPLE.replace("{outside}", f"{number:,}") if few else OTHER_PEOPLE
    return Threshold(
        value=threshold_by_rule(others, rule, weighting=options.weighting),
        chosen_on=ChosenOn(
            text=f"{RULES[rule]} {text}".replace("{weights}", _WEIGHTS[options.weighting or "person"]),
            people=len(others.names),
            images=len(others.codes),
        ),
    )


def _too_few(people: int, fmr: float) -> bool:
    """Whether less than one pair of so many people is the share ``fmr`` of them all."""
    return fmr * people * (people - 1) / 2 < 1


def _of_source(roster: Roster, source: GroupSource, threshold: Threshold, options: EvaluationOptions) -> GroupResult:
    tested = roster.grouped(source.groups)
    curves = group_curves(tested, thresholds_over(tested, threshold.value), group_options(options))
    given_by = source.given_by or source.name
    result = _result(
        curves, threshold, source=source.name, given_by=given_by,
        note=EXPLORATORY if source.exploratory else AS_GIVEN.format(name=given_by),
        without=source.without, pairs=_which_pairs(tested, source),
        people=len(tested.names), images=len(tested.codes),
    )  # fmt: skip
    assert tested.groups is not None, "grouped above"
    result.arrays.update(people=tested.names, groups=tested.groups)
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


def _result(
    curves: GroupCurves,
    threshold: Threshold,
    *,
    source: str,
    given_by: str,
    note: str,
    without: dict[str, int],
    pairs: str,
    people: int | None,
    images: int | None,
) -> GroupResult:
    own = curves.at(curves.index_of(threshold.value))
    errors = GroupErrors(
        source=source,
        labels=f"as given by {given_by}",
        note=note,
        without_group=without,
        pairs=pairs,
        people=people,
        images=images,
        chosen_on=threshold.chosen_on,
        **vars(own.errors()),
    )
    return GroupResult(name=source, errors=errors, arrays=_arrays(own.drawn, curves))


def _arrays(drawn: DrawnRates, curves: GroupCurves) -> Arrays:
    """What ``ReportFolder.drawn_rates`` and ``ReportFolder.group_curves`` read back."""
    return {
        **{DRAWN + name: values for name, values in drawn.arrays().items()},
        **{CURVES + name: values for name, values in curves.arrays().items()},
    }
