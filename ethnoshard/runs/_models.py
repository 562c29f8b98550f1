"""A summary of each run, and of each model that is not a run, with the metrics that were measured last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ethnoshard.results import Evaluation, FoldRate, ReportSummary, WorstGroup
from ethnoshard.runs._list import RunSummary

Pair = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class ModelSummary:
    """What is known of a run or of another model.

    Attributes:
        name: of the run; of the report where the model is not a run.
        is_run: whether it is one.
        arm: how its batches were composed.
        seed: of everything random.
        status: as in ``RunSummary``; None of a model that is not a run.
        epoch: epochs done.
        epochs: epochs to train.
        loss: mean of the last epoch.
        accuracy: mean and standard deviation over the folds.
        accuracy_interval: at 95 %, from draws of people.
        val: mean and standard deviation over the folds; None where the FAR that was reached isn't the one asked for.
        val_reason: why there is none.
        val_interval: at 95 %, from draws of people.
        far: FAR that was reached where VAL was measured, mean over the folds.
        auc: area under the ROC curve.
        eer: equal error rate.
        worst_fnmr: the group with the highest FNMR.
        worst_fmr: the group with the highest FMR.
        origin: where accuracy and the others are from; None where nothing was measured.
        pairs: name of the list of pairs; None if it is not on record.
        collapsed: what has to be known where embeddings of different people are all alike.
        shared_people: what has to be known where it was trained on people of the test.
        reason: why the run failed.
        replaced: draws that got another face, because theirs was bad.
    """

    name: str
    is_run: bool
    arm: str | None = None
    seed: int | None = None
    status: str | None = None
    epoch: int | None = None
    epochs: int | None = None
    loss: float | None = None
    accuracy: Pair | None = None
    accuracy_interval: Pair | None = None
    val: Pair | None = None
    val_reason: str | None = None
    val_interval: Pair | None = None
    far: float | None = None
    auc: float | None = None
    eer: float | None = None
    worst_fnmr: WorstGroup | None = None
    worst_fmr: WorstGroup | None = None
    origin: str | None = None
    pairs: str | None = None
    collapsed: str | None = None
    shared_people: str | None = None
    reason: str | None = None
    replaced: int | None = None

    @property
    def warnings(self) -> list[str]:
        """What must be known before its metrics are read."""
        no_val = self.val_reason and f"no VAL: {self.val_reason}"
        return [text for text in (no_val, self.collapsed, self.shared_people) if text]

    @classmethod
    def of_run(cls, run: RunSummary) -> "ModelSummary":
        """A run with what it measured itself as it trained."""
        model = cls(
            name=run.name,
            is_run=True,
            arm=run.arm,
            seed=run.seed,
            status=run.status,
            epoch=run.epoch,
            epochs=run.epochs,
            loss=run.loss,
            collapsed=run.collapsed,
            reason=run.reason,
            replaced=run.replaced,
        )
        lfw = run.lfw
        if not lfw or "accuracy" not in lfw:
            return model
        return replace(
            model,
            accuracy=_with_deviation(lfw, "accuracy"),
            val=_with_deviation(lfw, "val"),
            val_reason=run.val_reason,
            far=lfw.get("far"),
            auc=lfw.get("auc"),
            eer=lfw.get("eer"),
            origin="the training itself",
        )

    @classmethod
    def of_report(cls, report: ReportSummary, evaluation: Evaluation) -> "ModelSummary":
        """A model that is not a run here: arm (else its title), seed and epoch as its file says; and its metrics."""
        about = evaluation.model.about if evaluation.model else {}
        model = cls(
            name=report.name,
            is_run=False,
            arm=about.get("arm") or report.model,
            seed=_whole(about.get("seed")),
            epoch=_whole(about.get("epoch")),
        )
        return model.measured(report, evaluation)

    def measured(self, report: ReportSummary, evaluation: Evaluation) -> "ModelSummary":
        """The same with what an evaluation measured.

        Args:
            report: the evaluation in short.
            evaluation: in full, with a FAR to give VAL at.
        """
        verified = evaluation.verification
        at = verified.validation[0]
        epoch = _whole(evaluation.model.about.get("epoch")) if evaluation.model else None
        earlier = f", of epoch {epoch}" if self.is_run and epoch is not None and epoch != self.epoch else ""
        return replace(
            self,
            accuracy=report.accuracy,
            accuracy_interval=_interval(verified.accuracy),
            val=report.val,
            val_interval=_interval(at.val) if at.val else None,
            val_reason=report.val_reason,
            collapsed=report.collapsed or self.collapsed,
            shared_people=report.shared_people,
            far=at.far.mean,
            auc=report.auc,
            eer=report.eer,
            worst_fnmr=report.worst_fnmr,
            worst_fmr=report.worst_fmr,
            origin=f"{report.name}{earlier}",
            pairs=report.pairs,
        )


def newest_evaluations(reports: Iterable[ReportSummary], runs: Iterable[str]) -> list[ReportSummary]:
    """The newest evaluation of each run, and of each model that is none of ``runs``, by name.

    Args:
        reports: of any kind, the broken too.
        runs: names of the runs that are here; a model of another is told by its weights.
    """
    known = set(runs)
    newest: dict[tuple[str, str], ReportSummary] = {}
    for report in sorted(reports, key=lambda report: (report.written, report.name)):
        if report.kind == "evaluation" and report.reason is None and report.accuracy is not None:
            of_run = report.run is not None and report.run in known
            owner = report.run if of_run else report.model_digest or report.name
            newest["run" if of_run else "model", str(owner)] = report
    return sorted(newest.values(), key=lambda report: report.name)


def first_seeds(models: Sequence[ModelSummary], most: int) -> list[str]:
    """Names of at most ``most`` models: the first seeds of every arm, then those that are no runs."""
    runs = sorted((model for model in models if model.is_run), key=lambda model: (model.seed or 0, model.name))
    others = [model for model in models if not model.is_run]
    names = {model.name for model in [*runs, *others][:most]}
    return [model.name for model in models if model.name in names]


def _with_deviation(lfw: Mapping[str, float | None], name: str) -> Pair | None:
    mean = lfw.get(name)
    return None if mean is None else (mean, lfw.get(f"{name}_std") or 0.0)


def _interval(measured: FoldRate) -> Pair | None:
    low, high = measured.people_interval or (None, None)
    return None if low is None or high is None else (low, high)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() else None
