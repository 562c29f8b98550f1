"""One step: embeddings, triplets, loss, gradient (a part of the batch at a time if need be), new weights."""

import contextlib
from collections.abc import Callable
from typing import TypedDict, TypeVar

import torch
from torch import Tensor, nn

from ethnoshard.errors import EthnoshardError
from ethnoshard.training._embedder import FaceEmbedder
from ethnoshard.training._machine import Ranks
from ethnoshard.training._settings import TrainingSettings
from ethnoshard.training._triplets import Mined, TripletLoss

Result = TypeVar("Result")


def backward_in_chunks(
    embed: Callable[[Tensor], Tensor],
    images: Tensor,
    loss_of: Callable[[Tensor], tuple[Tensor, Result]],
    *,
    chunk: int,
    module: nn.Module,
    no_sync: Callable[[], contextlib.AbstractContextManager[None]] | None = None,
    scale: Callable[[Tensor], Tensor] = lambda loss: loss,
) -> tuple[Tensor, Result]:
    """Add the gradients of ``loss_of(embed(images))`` to the weights'.

    Where the batch is longer than ``chunk``, embeddings are made twice: once to know the loss and its gradient with
    respect to them, and once more, chunk by chunk, to carry it to the weights. Batch normalisation so sees a chunk at a
    time; without it the gradients are those of one pass. Chance (dropout) falls alike both times, and running
    statistics move once.

    Args:
        embed: (b, ...) to (b, E).
        images: (B, ...).
        loss_of: (B, E) to a scalar and something that is handed back.
        chunk: images at a time; 0 takes the whole batch.
        module: the network in ``embed``, whose running statistics are looked after.
        no_sync: DDP's, if it wraps the network: ranks then exchange their gradients once, with the last chunk.
        scale: what is done to the loss before its gradient is taken.

    Returns:
        The loss, and what came with it.
    """
    if not chunk or len(images) <= chunk:
        loss, result = loss_of(embed(images))
        torch.autograd.backward(scale(loss))
        return loss.detach(), result
    parts = torch.split(images, chunk)
    before = [buffer.clone() for buffer in module.buffers()]
    states, embedded = [], []
    with torch.no_grad():
        for part in parts:
            states.append(_state_of_chance(images.device))
            embedded.append(embed(part))
        for buffer, value in zip(module.buffers(), before, strict=True):
            buffer.copy_(value)
    embeddings = torch.cat(embedded).requires_grad_()
    loss, result = loss_of(embeddings)
    torch.autograd.backward(scale(loss))
    gradients = embeddings.grad
    if gradients is None:
        raise ValueError("the loss does not depend on the embeddings")
    for number, (part, gradient, state) in enumerate(zip(parts, torch.split(gradients, chunk), states, strict=True)):
        _set_chance(state, images.device)
        last = number == len(parts) - 1
        with contextlib.nullcontext() if last or no_sync is None else no_sync():
            torch.autograd.backward(embed(part), gradient)
    return loss.detach(), result


def _state_of_chance(device: torch.device) -> tuple[Tensor, Tensor | None]:
    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def _set_chance(state: tuple[Tensor, Tensor | None], device: torch.device) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1], device)


class StepperState(TypedDict):
    """What a training's steps go on from, beside the weights."""

    optimizer: dict[str, object]
    scaler: dict[str, object]


class Stepper:
    """Takes steps, and holds what they need beside the weights."""

    def __init__(
        self,
        network: nn.Module,
        embedder: FaceEmbedder,
        optimizer: torch.optim.Optimizer,
        settings: TrainingSettings,
        ranks: Ranks,
        device: torch.device,
    ) -> None:
        """Train ``embedder``, which ``network`` may wrap."""
        self._network, self._embedder, self._optimizer = network, embedder, optimizer
        self._ranks, self._device = ranks, device
        self._loss = TripletLoss(margin=settings.margin, mining=settings.mining)
        self._across = settings.mine_across_ranks and ranks.size > 1
        self._chunk, self._clip = settings.chunk, settings.clip or torch.inf
        self._type = _precision(settings.precision, device)
        self._scaler = torch.amp.GradScaler(device.type, enabled=self._type == torch.float16)
        self._weights = [weight for weight in embedder.parameters() if weight.requires_grad]

    def take(
        self, images: Tensor, identities: Tensor, groups: Tensor, *, rate: float, seed: int, counts: Tensor
    ) -> tuple[dict[str, float], list[int]]:
        """One step.

        Args:
            images: (B, 3, H, W) uint8.
            identities: (B,) int64.
            groups: (B,) integers.
            rate: the learning rate.
            seed: of the step's chance.
            counts: (N,) int64, of this rank.

        Returns:
            Columns of the metrics, means over ranks: loss, gradient_norm, triplets_..., in_group...; and the counts,
            sums over ranks.
        """
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        images = images.to(self._device, non_blocking=True)
        identities, groups = identities.to(self._device), groups.to(self._device)
        self._optimizer.zero_grad(set_to_none=True)
        loss, mined = backward_in_chunks(
            self._forward,
            images,
            self._loss_of(identities, groups, generator),
            chunk=self._chunk,
            module=self._embedder,
            no_sync=getattr(self._network, "no_sync", None),
            scale=self._scaler.scale,
        )
        self._scaler.unscale_(self._optimizer)
        norm = nn.utils.clip_grad_norm_(self._weights, self._clip)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        # One tensor, so that a GPU and the other ranks are waited for once.
        values = torch.stack(
            [
                loss.double(), norm.double(), mined.possible, mined.mined, mined.active,
                mined.in_group / mined.active, mined.in_group_by_chance / mined.possible,
            ]
        )  # fmt: skip
        values = torch.cat([values, counts.to(self._device, torch.float64, non_blocking=True)])
        names = (
            "loss", "gradient_norm", "triplets_possible", "triplets_mined", "triplets_active", "in_group",
            "in_group_by_chance",
        )  # fmt: skip
        means = self._ranks.mean(values).tolist()
        sums = [round(mean * self._ranks.size) for mean in means[len(names) :]]
        return dict(zip(names, means[: len(names)], strict=True)), sums

    def state_dict(self) -> StepperState:
        """The state of the optimizer, and of the scaler of losses."""
        return {"optimizer": self._optimizer.state_dict(), "scaler": self._scaler.state_dict()}

    def load_state_dict(self, state: StepperState) -> None:
        """Go on from a state."""
        self._optimizer.load_state_dict(state["optimizer"])
        self._scaler.load_state_dict(state["scaler"])

    def _forward(self, images: Tensor) -> Tensor:
        with torch.autocast(self._device.type, self._type, enabled=self._type != torch.float32):
            embeddings: Tensor = self._network(images)
        return embeddings

    def _loss_of(
        self, identities: Tensor, groups: Tensor, generator: torch.Generator
    ) -> Callable[[Tensor], tuple[Tensor, Mined]]:
        def loss_of(embeddings: Tensor) -> tuple[Tensor, Mined]:
            if not self._across:
                return self._loss(embeddings, identities, groups, generator=generator)
            others = self._ranks.gathered(embeddings.detach())
            first = self._ranks.rank * len(embeddings)
            own = torch.arange(first, first + len(embeddings), device=embeddings.device)
            # Its own faces with their gradient, those of the other ranks as they are.
            others = torch.cat([others[:first], embeddings, others[first + len(embeddings) :]])
            everyone, everywhere = self._ranks.gathered(identities), self._ranks.gathered(groups)
            return self._loss(embeddings, everyone, everywhere, others=others, own=own, generator=generator)

        return loss_of


def _precision(name: str, device: torch.device) -> torch.dtype:
    if name == "auto":
        fit = device.type == "cuda" and torch.cuda.is_bf16_supported()
        return torch.bfloat16 if fit else torch.float32
    if name == "float16" and device.type != "cuda":
        raise EthnoshardError("precision=float16 needs a GPU; on a CPU set float32, or bfloat16")
    kinds: dict[str, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    return kinds[name]
