"""What one wants to know of a report before opening it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class WorstGroup:
    """The group with the highest rate of one kind of error, among those with people and pairs enough.

    Attributes:
        group: its name.
        rate: its share of errors.
        source: which attribute and whose labels, such as "sex as given by people.csv".
    """

    group: str
    rate: float
    source: str


@dataclass(frozen=True, kw_only=True)
class ReportSummary:
    """What one wants to know of a report before opening it.

    Attributes:
        path: its folder.
        name: that, relative to the folder that was listed, with ``/``; "." for that folder itself.
        kind: "evaluation", "scores", "clustering", "comparison" or "audit"; None if it can't be read.
        model: what tables call the model.
        model_digest: hex SHA-256 of its weights.
        run: name of the run that it belongs to: the run folder that it lies in, else the run that was the model.
        written: when, seconds since 1970.
        pairs: name of the list of pairs.
        accuracy: mean and standard deviation over the folds.
        val: VAL, mean and standard deviation over the folds; None where the FAR that was reached isn't the one asked
            for.
        val_reason: why there is none.
        far: the FAR at which VAL was asked for.
        auc: area under the ROC curve.
        eer: equal error rate.
        worst_fnmr: the group whose people are refused most.
        worst_fmr: the group whose people are taken for each other most.
        collapsed: what is to be said where embeddings of different people are all alike; None where they aren't.
        shared_people: what is to be said where the model was trained on people of the test.
        reason: why it can't be read.
    """

    path: Path
    name: str
    kind: str | None = None
    model: str | None = None
    model_digest: str | None = None
    run: str | None = None
    written: float = 0.0
    pairs: str | None = None
    accuracy: tuple[float, float] | None = None
    val: tuple[float, float] | None = None
    val_reason: str | None = None
    far: float | None = None
    auc: float | None = None
    eer: float | None = None
    worst_fnmr: WorstGroup | None = None
    worst_fmr: WorstGroup | None = None
    collapsed: str | None = None
    shared_people: str | None = None
    reason: str | None = None
