from collections.abc import Callable

import pytest
import torch
from torch import nn

from ethnoshard.training import FaceEmbedder, Mined, TripletLoss, backward_in_chunks

FACES, SIDE = 24, 32


def gradients(
    network: nn.Module, images: torch.Tensor, loss_of: Callable[[torch.Tensor], tuple[torch.Tensor, Mined]], chunk: int
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    network.zero_grad()
    torch.manual_seed(1)
    loss, _ = backward_in_chunks(network, images, loss_of, chunk=chunk, module=network)
    return loss, [weight.grad.clone() for weight in network.parameters()]


def loss_of(embeddings: torch.Tensor) -> tuple[torch.Tensor, Mined]:
    identities = torch.arange(FACES) // 4
    return TripletLoss(mining="all")(embeddings, identities, identities)


@pytest.mark.parametrize("chunk", [1, 5, 8, 23])
def test_the_gradient_is_that_of_one_pass(chunk: int) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 16), nn.Tanh(), nn.Linear(16, 8)).double()
    images = torch.rand(FACES, 3, 8, 8, dtype=torch.float64)

    def embed(network: nn.Module) -> nn.Module:
        return nn.Sequential(network, _Unit())

    whole = gradients(embed(network), images, loss_of, 0)
    parts = gradients(embed(network), images, loss_of, chunk)
    torch.testing.assert_close(parts[0], whole[0])
    torch.testing.assert_close(parts[1], whole[1])


class _Unit(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.normalize(x).float()


def test_chance_falls_alike_in_both_passes() -> None:
    """With dropout, the gradient is of the loss that was reported: moving against it lowers that very loss."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 64), nn.Dropout(0.5), nn.Linear(64, 8), _Unit())
    images = torch.rand(FACES, 3, 8, 8)
    loss, gradient = gradients(network, images, loss_of, 6)
    eps = 1e-2
    norm = sum((of**2).sum() for of in gradient)
    with torch.no_grad():
        for weight, of in zip(network.parameters(), gradient, strict=True):
            weight -= eps * of / norm.sqrt()
    after, _ = gradients(network, images, loss_of, 6)
    assert (loss - after).item() == pytest.approx(eps * norm.sqrt().item(), rel=0.1)


def test_with_batch_normalisation_it_is_that_of_a_pass_chunk_by_chunk_and_statistics_move_once() -> None:
    def made() -> FaceEmbedder:
        torch.manual_seed(0)
        return FaceEmbedder("mobilefacenet", embedding=8, side=SIDE).train()

    images = torch.randint(0, 256, (FACES, 3, SIDE, SIDE), dtype=torch.uint8)
    one, other = made(), made()
    gradients(one, images, loss_of, 8)
    loss, _ = loss_of(torch.cat([other(part) for part in images.split(8)]))
    loss.backward()
    for mine, theirs in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-3, atol=1e-5)
    for mine, theirs in zip(one.buffers(), other.buffers(), strict=True):
        assert torch.equal(mine, theirs)
