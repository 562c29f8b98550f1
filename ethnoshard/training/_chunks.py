"""Gradients of a loss over a whole batch, with memory for a part of it: gradient caching (Gao et al. 2021)."""

import contextlib
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn

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
        scale(loss).backward()  # type: ignore[no-untyped-call]
        return loss.detach(), result
    parts = torch.split(images, chunk)
    kept = [buffer.clone() for buffer in module.buffers()]
    states, made = [], []
    with torch.no_grad():
        for part in parts:
            states.append(_state_of_chance(images.device))
            made.append(embed(part))
        for buffer, value in zip(module.buffers(), kept, strict=True):
            buffer.copy_(value)
    embeddings = torch.cat(made).requires_grad_()
    loss, result = loss_of(embeddings)
    scale(loss).backward()  # type: ignore[no-untyped-call]
    gradients = embeddings.grad
    if gradients is None:
        raise ValueError("the loss does not depend on the embeddings")
    for number, (part, gradient, state) in enumerate(zip(parts, torch.split(gradients, chunk), states, strict=True)):
        _set_chance(state, images.device)
        last = number == len(parts) - 1
        with contextlib.nullcontext() if last or no_sync is None else no_sync():
            embed(part).backward(gradient)  # type: ignore[no-untyped-call]
    return loss.detach(), result


def _state_of_chance(device: torch.device) -> tuple[Tensor, Tensor | None]:
    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def _set_chance(state: tuple[Tensor, Tensor | None], device: torch.device) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1], device)
