"""Whether a GPU gives what a CPU gives, and a training resumed what one gives that was left alone."""

import torch

from benchmarks.gpu._checks import Emit, Setting, at_most, figure
from benchmarks.gpu._trainings import casia, exact_products, greatest_difference, watched
from ethnoshard.training import TrainingSettings

_STEPS = 10
_MOST = 1e-3
"""Greatest difference of the loss, relative."""
# What differs should be sums alone, so steps are small and mining is continuous: the mean over active triplets, of
# "all", jumps where rounding moves one over the edge. Between one thread and two of a CPU ten steps differed by 2.3e-4,
# with "all" by .0029, with AdamW at .001 by .18.
_CALM = {"learning_rate": 1e-6, "optimizer": "sgd", "momentum": 0.0, "mining": "batch-hard", "precision": "float32"}
_FEW = {"people_per_batch": 8, "images_per_person": 4, "num_workers": 2}


def agreement(setting: Setting, emit: Emit) -> None:
    """The loss of ten steps of casia's network, float32 without TF32, on the device and on the CPU.

    Without dropout: a GPU has another sequence of chance from the same seed.
    """
    exact_products()
    few = {} if setting.small else _FEW

    def losses_on(name: str, device: str, settings: TrainingSettings) -> list[float]:
        return watched(setting.scratch / name, setting.large, settings, device, steps=_STEPS, dropout=False).losses

    of_cpu = losses_on("cpu", "cpu", casia(setting, **_CALM, **few))
    # On a CPU alone: the same with sums cut otherwise.
    other = {"threads": 2} if setting.device == "cpu" else {}
    losses = losses_on("device", setting.device, casia(setting, **{**_CALM, **few, **other}))
    against = "the CPU with other threads" if setting.device == "cpu" else "the CPU"
    difference = greatest_difference(losses, of_cpu)
    emit(at_most(f"loss of {_STEPS} steps against {against}, relative", difference, "", _MOST))
    emit(figure("first loss", losses[0], ""))
    emit(figure("last loss", losses[-1], ""))


def resume(setting: Setting, emit: Emit) -> None:
    """A training interrupted after four steps, gone on with from its checkpoint, beside one of eight in one go."""
    exact_products()
    torch.backends.cudnn.deterministic = True
    few = {} if setting.small else _FEW
    settings = casia(setting, **_CALM, **few, checkpoint_steps=4)
    whole = watched(setting.scratch / "whole", setting.large, settings, setting.device, steps=8)
    cut = setting.scratch / "cut"
    watched(cut, setting.large, settings, setting.device, steps=5)
    rest = watched(cut, setting.large, settings, setting.device, steps=4, resume=True)
    emit(at_most("steps lost or done twice by a resume", abs(float(rest.steps[0]["step"] or 0) - 5), "steps", 0))
    difference = greatest_difference(rest.losses, whole.losses[4:])
    emit(at_most("loss of the four steps after a resume, relative", difference, "", _MOST))
