"""Errors by group at one threshold, and what changed from one model to another."""

from dataclasses import dataclass, field

from ethnoshard._json import stored_apart, stored_as
from ethnoshard.results._about import Failures
from ethnoshard.results._estimates import Change, Estimate, Rate
from ethnoshard.results._failures import AcquisitionFailures
from ethnoshard.results._open_set import OpenSet, OpenSetChange
from ethnoshard.results._score_shift import ScoreShift
from ethnoshard.results._tar_at_far import TarAtFar
from ethnoshard.results._threshold import ChosenOn
from ethnoshard.results._verification_by_group import VerificationByGroup

PERCEIVED_ETHNICITY = "perceived ethnicity"
"""What groups are values of, where labels are what annotators or a classifier saw in a face."""
NO_ATTRIBUTE = "group"
"""What they are called where a source doesn't say."""


@dataclass(frozen=True, kw_only=True)
class GroupRates:
    """One group's rates, or those of all.

    Attributes:
        fmr: share of different-person pairs accepted.
        fnmr: share of same-person pairs refused.
        tar: share of same-person pairs accepted; None of no pair.
        accuracy: on as many pairs of both kinds, 1 - (FMR + FNMR) / 2.
        too_few: one of its rates rests on too few people or pairs.
    """

    fmr: Rate
    fnmr: Rate
    tar: float | None
    accuracy: Estimate
    too_few: bool

    @classmethod
    def measured(cls, fmr: Rate, fnmr: Rate, accuracy: Estimate) -> "GroupRates":
        """With what follows from the rates."""
        tar = None if fnmr.rate is None else 1 - fnmr.rate
        return cls(fmr=fmr, fnmr=fnmr, tar=tar, accuracy=accuracy, too_few=fmr.too_few or fnmr.too_few)


@dataclass(frozen=True, kw_only=True, eq=False)
class ErrorsAtThreshold:
    """Errors by group at one threshold. Show each group's own rates beside whatever says how far apart they are.

    Attributes:
        threshold: similarity from which a pair is accepted, the same for all.
        weighting: "person" or "pair".
        alpha: weight of FMR against FNMR in FDR, IR and GARBE.
        draws: simulated sets of groups, for the fairness metrics.
        seed: of the draws.
        min_people: below it a rate is ``too_few``.
        min_pairs: below it a rate is ``too_few``.
        overall: all pairs, those across groups too.
        by_group: each group's pairs within it.
        cross: FMR of pairs with one person from each of two groups, both ways round; a group with itself too.
        metrics: fairness metrics, by name (``ethnoshard.evaluation.IDEALS``), over the groups that are large enough;
            empty where fewer than two are.
        difference: greatest less least over these groups, of FMR, FNMR, TAR and accuracy. In draws it is never below
            0, so its interval lies above 0 even where groups don't differ: it says how large, not whether.
        ratio: least over greatest; undefined where all are 0.
        left_out: groups that are too small for the metrics -> why.
    """

    threshold: float
    weighting: str
    alpha: float
    draws: int
    seed: int
    min_people: int
    min_pairs: int
    overall: GroupRates
    by_group: dict[str, GroupRates]
    cross: dict[str, dict[str, Rate]]
    metrics: dict[str, Estimate] = field(metadata=stored_as("figures"))
    difference: dict[str, Estimate]
    ratio: dict[str, Estimate]
    left_out: dict[str, str]

    @property
    def across(self) -> bool:
        """Whether there are pairs across groups, as not every list has them."""
        return any(cell.pairs for one, row in self.cross.items() for other, cell in row.items() if one != other)


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupErrors(ErrorsAtThreshold):
    """Errors by group by one source of labels, with whose labels, which pairs, and where the threshold is from.

    Attributes:
        source: its short name; the file ``groups-SOURCE.npz`` has its arrays.
        labels: whose labels, in words.
        attribute: of people, that the groups are values of, such as "perceived ethnicity" or "sex"; "group" where the
            source doesn't say, and in reports from before it was kept.
        open_set: searches of a gallery of these people, at each FPIR; none of listed pairs, and in reports from before.
        note: what a reader must know of them.
        without_group: people without a group by this source, by reason.
        pairs: which pairs, in words.
        people: who are tested; None where people aren't known.
        images: of them; None for listed pairs.
        chosen_on: what the report's threshold was chosen on.
        failures: images without an embedding, and the FNMR with them, at the report's threshold; None where it isn't
            known which have none.
        score_shift: where each group's similarities lie; None in reports of before.
        tar_at_far: TAR at each FAR of the options, at one threshold for all and at each group's own; none in reports of
            before.
        verification_by_group: each group's listed pairs verified by themselves, where a table gives the people of a
            list of scores their groups; None of others, and in reports from before it was measured.
        failed_pairs: comparisons without a score by these groups, of such a list; none of others.
    """

    source: str
    labels: str
    note: str
    without_group: dict[str, int]
    pairs: str
    people: int | None
    images: int | None
    chosen_on: ChosenOn = field(
        metadata=stored_apart(
            text="threshold_from",
            people="threshold_people",
            images="threshold_images",
            fmr_asked="fmr_asked_for",
        )
    )
    failures: AcquisitionFailures | None = None
    score_shift: ScoreShift | None = None
    tar_at_far: tuple[TarAtFar, ...] = ()
    attribute: str = NO_ATTRIBUTE
    open_set: tuple[OpenSet, ...] = ()
    verification_by_group: VerificationByGroup | None = None
    failed_pairs: tuple[Failures, ...] = ()

    @property
    def whose(self) -> str:
        """Which attribute, and whose labels: "sex as given by people.csv"."""
        return f"{self.attribute} {self.labels}"


@dataclass(frozen=True, kw_only=True)
class DemographicsChange:
    """What changed from a base to another model. A smaller gap because the best group got worse is no gain.

    Attributes:
        overall: fmr, fnmr and accuracy of all pairs.
        by_group: the same of each group, those too small for the metrics too.
        metrics: every fairness metric of both.
        compared: the groups in the metrics.
        draws: simulated pairs of models, for the fairness metrics.
    """

    overall: dict[str, Change]
    by_group: dict[str, dict[str, Change]]
    metrics: dict[str, Change] = field(metadata=stored_as("figures"))
    compared: tuple[str, ...]
    draws: int


@dataclass(frozen=True, kw_only=True)
class GroupErrorsChange(DemographicsChange):
    """What changed by one source of labels.

    Attributes:
        source: its short name.
        labels: whose labels, in words.
        attribute: of people, that the groups are values of; "group" where the source doesn't say.
        note: what a reader must know of the labels; empty in reports from before.
        thresholds: of the base and of the other model.
        thresholds_from: where they are from, in words.
        too_few: groups with too few people or pairs.
        open_set: searches of a gallery of these people, at each FPIR; none of listed pairs, and in comparisons from
            before.
        open_set_left_out: why there are none; None where they are there, and where neither report has any.
    """

    source: str
    labels: str
    thresholds: tuple[float, float]
    thresholds_from: tuple[str, str]
    too_few: tuple[str, ...]
    note: str = ""
    attribute: str = NO_ATTRIBUTE
    open_set: tuple[OpenSetChange, ...] = ()
    open_set_left_out: str | None = None

    @property
    def whose(self) -> str:
        """Which attribute, and whose labels: "sex as given by people.csv"."""
        return f"{self.attribute} {self.labels}"
