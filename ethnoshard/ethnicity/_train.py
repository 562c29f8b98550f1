"""Training a classifier: balanced, varied batches, one cycle of the learning rate, the best epoch of validation."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ethnoshard._board import board_in, without_board
from ethnoshard._checks import check_number
from ethnoshard._files import whole_file, write_json
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity._classifier import (
    CENTRE,
    DEFAULT,
    build_network,
    input_side,
    normalised,
    preprocess,
    start_from,
)

_TURN = 15 / 180 * math.pi
_SHIFT = 0.1
_ZOOM = (CENTRE - 0.12, CENTRE + 0.18)


def augmented(faces: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Turn, shift, zoom, mirror, relight, recolour and partly cover each face.

    Args:
        faces: (B, 3, S, S) uint8.
        side: of the result, pixels.
        generator: decides everything.

    Returns:
        (B, 3, side, side) float32, normalised.
    """
    number = len(faces)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(number, *shape, generator=generator)

    turn, zoom = uniform(-_TURN, _TURN), uniform(*_ZOOM)
    mirror = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    across = torch.stack([zoom * mirror * turn.cos(), -zoom * turn.sin(), uniform(-_SHIFT, _SHIFT)], 1)
    down = torch.stack([zoom * mirror * turn.sin(), zoom * turn.cos(), uniform(-_SHIFT, _SHIFT)], 1)
    grid = F.affine_grid(torch.stack([across, down], 1), [number, 3, side, side], align_corners=False)
    images = F.grid_sample(faces.to(torch.float32) / 255, grid, padding_mode="border", align_corners=False)

    images = images * uniform(0.7, 1.3, 1, 1, 1) * uniform(0.92, 1.08, 3, 1, 1)
    mean = images.mean((1, 2, 3), keepdim=True)
    images = mean + (images - mean) * uniform(0.7, 1.3, 1, 1, 1)
    grey = images.mean(1, keepdim=True)
    saturation = torch.where(uniform(0, 1, 1, 1, 1) < 0.1, 0.0, uniform(0.3, 1.2, 1, 1, 1))
    images = grey + (images - grey) * saturation
    return normalised(_covered(images, side, uniform(0, 1, 4)).clamp(0, 1))


def _covered(images: Tensor, side: int, chance: Tensor) -> Tensor:
    """Lay a grey square over about a third of the images; ``chance`` (B, 4) decides whether, how large, where."""
    extent = (side * (0.1 + 0.25 * chance[:, 1])).floor()
    start = (side - extent)[:, None] * chance[:, 2:]
    place = torch.arange(side)
    within = (place >= start[..., None].floor()) & (place < (start.floor() + extent[:, None])[..., None])
    hidden = within[:, 1, :, None] & within[:, 0, None, :] & (chance[:, 0] < 0.3)[:, None, None]
    return images.masked_fill(hidden[:, None], 0.5)


CHECKPOINT, HISTORY = "checkpoint.pt", "history.json"

_NEW_TENSORS_FASTER = 5.0
"""Tensors that --init did not give learn at this multiple of the rate."""

_SEARCH_STEPS = 5
_SEARCH_EPOCHS = 2
_WEIGHT_DECAY = 0.02
_WARM_UP = 0.15
_AT_ONCE = 128


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How a classifier is trained.

    Attributes:
        network: "mobilefacenet", "vgg16" as in Kalinga (2020), or another classifier of torchvision's.
        seed: of the split, the weights, the batches and the augmentation.
        epochs: at most.
        patience: epochs without a better validation accuracy after which training stops; 20 as in Kalinga (2020).
        batch: faces a step.
        learning_rate: the highest of the cycle.
        search: lowest and highest learning rate to choose from instead, on the validation part; Kalinga's range is
            0.001 to 0.1.
        smoothing: of the labels, 0 to 1.
        test: share of each class that is kept for testing.
        validation: share of the rest that chooses the epoch, the learning rate and the temperature.
    """

    network: str = DEFAULT
    seed: int = 0
    epochs: int = 16
    patience: int = 20
    batch: int = 64
    learning_rate: float = 4e-4
    search: tuple[float, float] | None = None
    smoothing: float = 0.1
    test: float = 0.3
    validation: float = 0.12

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("epochs", "patience", "batch"):
            check_number(name, getattr(self, name), at_least=1)
        check_number("learning-rate", self.learning_rate, above=0, below=10)
        if self.search is not None and not 0 < self.search[0] < self.search[1] < 10:
            raise EthnoshardError(f"search takes a lowest and a highest learning rate, not {self.search}")
        check_number("smoothing", self.smoothing, at_least=0, below=1)


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """Faces in memory with their classes.

    Attributes:
        images: (N, 3, S, S) uint8.
        classes: (N,) int64.
        train: indices to learn from.
        validation: indices to choose by.
        digest: of the split and the photographs, so that a resumed run is known to be on the same ones.
    """

    images: Tensor
    classes: NDArray[np.int64]
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    digest: str


@dataclass(frozen=True, kw_only=True)
class Trained:
    """The outcome of training.

    Attributes:
        network: with the weights of the best epoch.
        history: a dict an epoch: epoch, loss, validation_accuracy, learning_rate.
        learning_rate: the highest of the cycle, as given or as found.
        search: learning rates tried and the validation accuracy of each.
        copied: tensors taken over from ``init``.
    """

    network: nn.Module
    history: list[dict[str, float]]
    learning_rate: float
    search: list[dict[str, float]]
    copied: int


def train_network(
    data: TrainingData,
    classes: int,
    settings: TrainSettings,
    folder: Path,
    *,
    init: Path | None = None,
    device: str = "cpu",
    epoch_done: Callable[[dict[str, float]], None] = lambda line: None,
    log: Callable[[str], None] = lambda text: None,
) -> Trained:
    """Train, going on from the folder's checkpoint if it is of the same run.

    Args:
        data: what to learn from.
        classes: number of groups.
        settings: how.
        folder: for the checkpoint, the history and TensorBoard's files, where it is installed.
        init: weights to start from.
        device: where.
        epoch_done: called after each epoch with its line of the history.
        log: told how the names in ``init`` were taken, how much of it is not used, and that TensorBoard is missing.

    Raises:
        EthnoshardError: ``init`` doesn't fit, the checkpoint is of another run, the disk is full.
    """
    run = _Run(data, classes, settings, init, torch.device(device))
    key = _key(data, settings, init)
    state = _checkpoint(folder / CHECKPOINT, key)
    if state is None:
        search = run.searched() if settings.search is not None else []
        rate = (
            max(search, key=lambda line: line["validation_accuracy"])["learning_rate"]
            if search
            else settings.learning_rate
        )
        state = {"key": key, "search": search, "learning_rate": rate, "history": [], "best": -1.0}
    run.start(float(state["learning_rate"]), settings.epochs, log)
    best_weights = run.restore(state)
    history: list[dict[str, float]] = state["history"]
    if (why := without_board()) is not None:
        log(why)
    while len(history) < settings.epochs and _since_best(history) < settings.patience:
        line = run.epoch(len(history))
        history.append(line)
        if line["validation_accuracy"] > state["best"]:
            state["best"] = line["validation_accuracy"]
            best_weights = {name: value.detach().cpu().clone() for name, value in run.network.state_dict().items()}
        state["run"], state["weights"] = run.state(), best_weights
        with whole_file(folder / CHECKPOINT) as file:
            torch.save(state, file)
        write_json(folder / HISTORY, {"search": state["search"], "epochs": history})
        # By itself, so that it is on the disk when the checkpoint is.
        with board_in(folder / "tensorboard", len(history) - 1) as board:
            board(len(history) - 1, line)
        epoch_done(line)
    run.network.load_state_dict(best_weights)
    return Trained(
        network=run.network,
        history=history,
        learning_rate=float(state["learning_rate"]),
        search=state["search"],
        copied=run.copied,
    )


def all_logits(network: nn.Module, images: Tensor, side: int, device: str) -> NDArray[np.float64]:
    """(N, C) logits of (N, 3, S, S) uint8 faces, not augmented."""
    network.eval()
    with torch.inference_mode():
        pieces = [network(preprocess(piece.to(device), side)).cpu() for piece in torch.split(images, _AT_ONCE)]
    return torch.cat(pieces).numpy().astype(np.float64)


class _Run:
    """A network and its optimizer."""

    def __init__(
        self, data: TrainingData, classes: int, settings: TrainSettings, init: Path | None, device: torch.device
    ) -> None:
        self._data, self._classes, self._settings = data, classes, settings
        self._init, self._device = init, device
        self._side = input_side(settings.network)
        # Every class is drawn alike: the normalisation of imbalance of Kalinga (2020, section 4.1).
        counts = np.bincount(data.classes[data.train], minlength=classes)
        self._weights = torch.from_numpy(1.0 / counts[data.classes[data.train]])
        self._steps = max(1, len(data.train) // settings.batch)
        self.network: nn.Module
        self.copied = 0

    def start(self, learning_rate: float, epochs: int, log: Callable[[str], None] = lambda text: None) -> None:
        """Fresh weights and a fresh cycle."""
        torch.manual_seed(self._settings.seed)
        self.network = build_network(self._settings.network, self._classes)
        known: set[str] = set()
        if self._init is not None:
            before = {name: value.clone() for name, value in self.network.state_dict().items()}
            self.copied = start_from(self.network, self._init, log)
            known = {name for name, value in self.network.state_dict().items() if not torch.equal(value, before[name])}
        self.network = self.network.to(self._device).to(memory_format=torch.channels_last)
        old = [value for name, value in self.network.named_parameters() if name in known]
        new = [value for name, value in self.network.named_parameters() if name not in known]
        faster = learning_rate * (_NEW_TENSORS_FASTER if known else 1.0)
        groups = [(old, learning_rate), (new, faster)]
        self._optimizer = torch.optim.AdamW(
            [{"params": values, "lr": rate} for values, rate in groups if values], weight_decay=_WEIGHT_DECAY
        )
        self._cycle = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer,
            [rate for values, rate in groups if values],
            total_steps=self._steps * epochs,
            pct_start=_WARM_UP,
        )

    def epoch(self, number: int) -> dict[str, float]:
        """One pass; its randomness depends on the seed and the epoch alone."""
        generator = torch.Generator().manual_seed(self._settings.seed * 1_000_003 + number)
        torch.manual_seed(self._settings.seed * 1_000_003 + number)  # dropout's
        self.network.train()
        total = 0.0
        rate = float(self._optimizer.param_groups[0]["lr"])
        for _ in range(self._steps):
            chosen = torch.multinomial(self._weights, self._settings.batch, True, generator=generator).numpy()
            rows = self._data.train[chosen]
            images = augmented(self._data.images[torch.from_numpy(rows)], self._side, generator)
            wanted = torch.from_numpy(self._data.classes[rows]).to(self._device)
            loss = F.cross_entropy(
                self.network(images.to(self._device)), wanted, label_smoothing=self._settings.smoothing
            )
            self._optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            self._cycle.step()
            total += loss.item()
        return {
            "epoch": number,
            "loss": total / self._steps,
            "validation_accuracy": self._accuracy(),
            "learning_rate": rate,
        }

    def _accuracy(self) -> float:
        rows = self._data.validation
        images = self._data.images[torch.from_numpy(rows)]
        logits = all_logits(self.network, images, self._side, str(self._device))
        return float((logits.argmax(1) == self._data.classes[rows]).mean())

    def searched(self) -> list[dict[str, float]]:
        """A short run for each of a few learning rates, evenly spaced by ratio."""
        assert self._settings.search is not None
        lines = []
        for rate in np.geomspace(*self._settings.search, _SEARCH_STEPS).tolist():
            self.start(rate, _SEARCH_EPOCHS)
            accuracy = max(self.epoch(number)["validation_accuracy"] for number in range(_SEARCH_EPOCHS))
            lines.append({"learning_rate": rate, "validation_accuracy": accuracy})
        return lines

    def state(self) -> dict[str, Any]:
        """What a checkpoint needs of the run."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "cycle": self._cycle.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> dict[str, Tensor]:
        """Go on from a checkpoint, if it holds a run; returns the weights of the best epoch so far."""
        if "run" not in state:
            return self.network.state_dict()
        self.network.load_state_dict(state["run"]["network"])
        self._optimizer.load_state_dict(state["run"]["optimizer"])
        self._cycle.load_state_dict(state["run"]["cycle"])
        weights: dict[str, Tensor] = state["weights"]
        return weights


def _since_best(history: list[dict[str, float]]) -> int:
    accuracies = [line["validation_accuracy"] for line in history]
    return len(accuracies) - 1 - accuracies.index(max(accuracies)) if accuracies else 0


def _key(data: TrainingData, settings: TrainSettings, init: Path | None) -> str:
    """What makes two runs the same."""
    start = hashlib.sha256(init.read_bytes()).hexdigest() if init is not None and init.is_file() else None
    return json.dumps([asdict(settings), data.digest, start, torch.__version__])


def _checkpoint(path: Path, key: str) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise EthnoshardError(f"{path} is damaged ({type(error).__name__}); delete it to begin again") from error
    if state.get("key") != key:
        raise EthnoshardError(
            f"{path} is of a run with other settings, data or weights to start from; give another --out, or delete it"
        )
    return state
