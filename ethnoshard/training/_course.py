"""How the batches of a run fall into steps and epochs, also where the processes that train together become others."""

from dataclasses import dataclass, replace
from typing import TypedDict


class CourseState(TypedDict):
    """A course, as a checkpoint holds it; the attributes of :class:`Course` that change from step to step."""

    ranks: int
    step: int
    epoch: int
    batches: int
    began: int
    images: int


class RankChange(TypedDict):
    """From a step on other processes trained together: as many steps were taken before, so many epochs were done.

    ``ranks`` and ``steps_an_epoch`` are those since then, ``ranks_before`` those until then.
    """

    step: int
    epochs: float
    ranks: int
    ranks_before: int
    steps_an_epoch: int


@dataclass(frozen=True, kw_only=True)
class Course:
    """Where a run is. A step takes a batch of each rank, and an epoch ends with the step that completes its batches.

    Attributes:
        epochs: of the whole run.
        epoch_batches: of an epoch, all ranks together; the last step of an epoch may take some more.
        ranks: processes that train together now.
        step: steps taken so far.
        epoch: epochs done so far.
        batches: taken of the epoch that is under way, all ranks together.
        began: steps that were taken when this epoch began.
        images: taken so far, all ranks together.
    """

    epochs: int
    epoch_batches: int
    ranks: int
    step: int = 0
    epoch: int = 0
    batches: int = 0
    began: int = 0
    images: int = 0

    @property
    def steps_an_epoch(self) -> int:
        """Steps of an epoch that these ranks take from its beginning to its end."""
        return -(-self.epoch_batches // self.ranks)

    @property
    def steps(self) -> int:
        """Steps of the whole run: those taken, and those left with these ranks."""
        if self.finished:
            return self.step
        rest = -(-(self.epoch_batches - self.batches) // self.ranks)
        return self.step + rest + (self.epochs - self.epoch - 1) * self.steps_an_epoch

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.epochs

    @property
    def begins_epoch(self) -> bool:
        """Whether no step of the epoch was taken yet."""
        return self.batches == 0

    @property
    def scheduled(self) -> float:
        """Steps of these ranks that would have led here: what the learning rate goes by, as if they had always been.

        A whole number equal to ``step`` as long as the ranks stay.
        """
        return self.epoch * self.steps_an_epoch + self.batches / self.ranks

    @property
    def scheduled_steps(self) -> int:
        """Steps of the whole run if these ranks had always been."""
        return self.epochs * self.steps_an_epoch

    def after_step(self, images: int) -> "Course":
        """One step further.

        Args:
            images: of the step, all ranks together.
        """
        step, batches, images = self.step + 1, self.batches + self.ranks, self.images + images
        if batches < self.epoch_batches:
            return replace(self, step=step, batches=batches, images=images)
        return replace(self, step=step, epoch=self.epoch + 1, batches=0, began=step, images=images)

    def state_dict(self) -> CourseState:
        """What a checkpoint holds of it."""
        return {
            "ranks": self.ranks,
            "step": self.step,
            "epoch": self.epoch,
            "batches": self.batches,
            "began": self.began,
            "images": self.images,
        }

    def gone_on(self, state: CourseState) -> "Course":
        """This course where another one was left, perhaps by other ranks."""
        return replace(
            self,
            step=state["step"],
            epoch=state["epoch"],
            batches=state["batches"],
            began=state["began"],
            images=state["images"],
        )

    def change_since(self, state: CourseState) -> RankChange | None:
        """What changes where these ranks go on from a state; None if as many wrote it."""
        if state["ranks"] == self.ranks:
            return None
        return {
            "step": state["step"],
            "epochs": state["epoch"] + state["batches"] / self.epoch_batches,
            "ranks": self.ranks,
            "ranks_before": state["ranks"],
            "steps_an_epoch": self.steps_an_epoch,
        }


def state_of_steps(step: int, *, ranks: int, epoch_batches: int, images: int) -> CourseState:
    """Where so many steps of the same ranks lead: what checkpoints of before, which have only the step, stand for.

    Args:
        step: steps taken.
        ranks: that took them.
        epoch_batches: batches of an epoch, all ranks together.
        images: of a step, all ranks together.
    """
    steps_an_epoch = -(-epoch_batches // ranks)
    epoch, of_epoch = divmod(step, steps_an_epoch)
    return {
        "ranks": ranks,
        "step": step,
        "epoch": epoch,
        "batches": of_epoch * ranks,
        "began": epoch * steps_an_epoch,
        "images": step * images,
    }
