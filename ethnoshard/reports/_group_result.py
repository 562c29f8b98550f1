"""Errors by group from one source of labels: what a report keeps of them, whatever the pairs and the threshold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    ChosenThreshold,
    GroupCurves,
    GroupOptions,
    GroupTally,
    TestedPairs,
    group_curves,
    score_shift,
    thresholds_over,
)
from ethnoshard.reports._folder import CURVES, SHIFT, TALLY
from ethnoshard.reports._other_people import Thresholds
from ethnoshard.results import (
    AcquisitionFailures,
    Arrays,
    EvaluationOptions,
    GroupErrors,
    SimilarityHistograms,
    TarAtFar,
    Threshold,
)
from ethnoshard.sources import GroupSource

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


def check_two_groups(usable: dict[str, set[str]], labelled: set[str], people: NDArray[np.str_], where: str) -> None:
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


def curves_at(
    pairs: TestedPairs, choice: ChosenThreshold, at_fars: Thresholds, options: EvaluationOptions
) -> GroupCurves:
    """Over all that is worth looking at, at the report's own threshold and its ends, and at those for FARs."""
    others = [each.value for each in at_fars.values() if isinstance(each, Threshold)]
    at = thresholds_over(pairs, choice.value, weighting=options.weighting)
    thresholds = np.union1d(at, [*choice.thresholds, *others])
    return group_curves(pairs, thresholds, group_options(options), own=choice)


def note_on(source: GroupSource, given_by: str) -> str:
    """What a reader must know of the labels."""
    return EXPLORATORY if source.exploratory else AS_GIVEN.format(name=given_by)


def group_result(
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
