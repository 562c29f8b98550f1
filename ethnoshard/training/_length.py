"""How long a run is: the learning rate of each of its steps, and whether a run that was begun may become longer."""

from pathlib import Path

from ethnoshard.errors import EthnoshardError
from ethnoshard.training._optimizer import rate_at
from ethnoshard.training._settings import TrainingSettings


def learning_rate(settings: TrainingSettings, step: int, steps: int) -> float:
    """Of ``step``, from 0, in a run of ``steps``."""
    return rate_at(
        step,
        steps,
        highest=settings.learning_rate,
        schedule=settings.schedule,
        warm_up=round(settings.warm_up * steps),
        milestones=settings.milestones,
        drop=settings.drop,
    )


def check_length(settings: TrainingSettings, *, was: int, done: int, steps_an_epoch: int, weights: Path) -> None:
    """Make sure that a run of another number of epochs would have been the same so far.

    Then 10 epochs and 10 more are 20 epochs, to the bit. It is so where the learning rate doesn't depend on the length,
    as with ``schedule="constant"`` and ``warm_up=0``.

    Args:
        settings: with the epochs that are wanted now.
        was: epochs that it was begun with.
        done: steps taken.
        steps_an_epoch: of either.
        weights: the file of the run's network, which is there when it is finished.

    Raises:
        EthnoshardError: more steps than wanted are done, or the rate of one of them would have been another.
    """
    now = settings.epochs
    steps, before = now * steps_an_epoch, was * steps_an_epoch
    if done > steps:
        raise EthnoshardError(
            f"epochs is {now}, was {was}, but {done / steps_an_epoch:.4g} epochs are done already; say at least so many"
        )
    for step in range(done):
        then, wanted = learning_rate(settings, step, before), learning_rate(settings, step, steps)
        if then != wanted:
            start = f", or one that starts from these weights: --init {weights}" if weights.is_file() else ""
            raise EthnoshardError(
                f"epochs is {now}, was {was}: with schedule={settings.schedule} and warm_up={settings.warm_up} the "
                f"learning rate follows the length of the run (step {step + 1:,} had {then:.6g}, of {now} epochs it "
                f"has {wanted:.6g}), so {now} epochs are not these and some more. Begin a new run with another "
                f"--out{start}; only with schedule=constant and warm_up=0 a run can be made longer later"
            )
