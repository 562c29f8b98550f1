"""A run folder that is trained in: new, or begun before by the same training, and gone on with."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from ethnoshard.errors import EthnoshardError
from ethnoshard.runs import RunFolder
from ethnoshard.training._checkpoints import Checkpoint, Checkpoints
from ethnoshard.training._course import Course, CourseState, state_of_steps
from ethnoshard.training._embedder import FaceEmbedder
from ethnoshard.training._optimizer import check_length
from ethnoshard.training._record import TrainingRecord, check_same, read_record
from ethnoshard.training._settings import TrainingSettings, settings_of_run


@dataclass(frozen=True, kw_only=True)
class BegunRun:
    """A run that was begun before.

    Attributes:
        record: its own, with what is other now.
        checkpoint: to go on from; None if there is none yet.
    """

    record: TrainingRecord
    checkpoint: Checkpoint | None


def begun_run(
    run: RunFolder,
    checkpoints: Checkpoints,
    course: Course,
    settings: TrainingSettings,
    facts: TrainingRecord,
    embedder: FaceEmbedder,
    log: Callable[[str], None],
    *,
    resume: bool,
) -> BegunRun | None:
    """What a run folder holds to go on with; None if it is new.

    Args:
        run: the folder.
        checkpoints: those in it.
        course: of the training from its first step.
        settings: of the training.
        facts: what decides it, as :func:`run_facts` has it now, and what it is evaluated on.
        embedder: with the weights that it starts from.
        log: told what is other than when it was begun, and what was damaged.
        resume: whether a run is to be gone on with.

    Raises:
        EthnoshardError: the folder holds a run and ``resume`` is false, a run that was begun otherwise, or other files.
    """
    if not run.exists():
        if any(path.name != ".lock" for path in run.path.iterdir()):
            raise EthnoshardError(f"{run.path} holds files but no run; give a new or empty folder")
        return None
    if not resume:
        raise EthnoshardError(
            f"{run.path} holds a run already; pass --resume to go on with it (in Python resume=True), or "
            "another folder (--out)"
        )
    record = read_record(run)
    check_same(record, facts, embedder, log)
    checkpoint = checkpoints.newest(lambda text: log(f"{text}; the one before is used"))
    if checkpoint is not None:
        if "course" not in checkpoint:
            checkpoint["course"] = _course_of_before(checkpoint, record, course, settings)
        course = course.gone_on(checkpoint["course"])
    was = settings_of_run(record["settings"], str(run.record_path)).epochs
    if was != settings.epochs:
        check_length(
            settings,
            was=was,
            done=math.ceil(course.scheduled),
            steps_an_epoch=course.steps_an_epoch,
            weights=run.weights_path,
        )
        log(f"it was begun with {was} epochs; it goes on to {settings.epochs}")
    # A run of before lacks some facts, or has another digest of the same weights.
    now: TrainingRecord = {
        **facts,
        **record,
        "settings": facts["settings"],
        "weights_at_start": facts["weights_at_start"],
        "plan": {**facts["plan"], **record.get("plan", {})},
        "steps": course.steps,
        "steps_an_epoch": course.steps_an_epoch,
        "ranks": course.ranks,
    }
    if facts["evaluated_on"]:
        now["evaluated_on"] = facts["evaluated_on"]
    if record.get("status") == "finished" and course.finished:
        log("it was finished before; nothing is left to do")
    if checkpoint is None:
        log("there is no checkpoint yet: it begins anew")
    elif (before := checkpoint["course"]["ranks"]) != (ranks := course.ranks):
        log(
            f"{before} process{'es' * (before > 1)} trained it, now {ranks}: it goes on with the very batch that "
            f"comes next, but a step learns from {ranks} batch{'es' * (ranks > 1)} instead of {before}"
        )
    return BegunRun(record=now, checkpoint=checkpoint)


def _course_of_before(
    checkpoint: Checkpoint, record: TrainingRecord, course: Course, settings: TrainingSettings
) -> CourseState:
    """Where a checkpoint without a course is: it is from before the ranks of a run could become others."""
    changes = record.get("rank_changes", [])
    ranks = changes[0]["ranks_before"] if changes else record["ranks"]
    return state_of_steps(
        checkpoint["step"],
        ranks=ranks,
        epoch_batches=course.epoch_batches,
        images=settings.people_per_batch * settings.images_per_person * ranks,
    )
