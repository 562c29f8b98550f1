"""Triplets from stratified batches, trained with Hugging Face Accelerate.

    torchrun --nproc-per-node 4 docs/examples/accelerate_loop.py DATASET     # or plain python, on one process

The loader is told its rank, so it is not prepared: each process gets batches of its own, all of them as many. A
prepared DataLoader around it would fetch a batch ahead of the training, and the loader's state would be one further.
"""

import sys

import torch
from accelerate import Accelerator

from ethnoshard import FaceDataset, StratifiedLoader


def embed(side: int) -> torch.nn.Module:
    """The smallest network that makes embeddings of unit length; put your backbone here."""
    return torch.nn.Sequential(
        torch.nn.AvgPool2d(side // 8), torch.nn.Flatten(), torch.nn.LazyLinear(32), torch.nn.LayerNorm(32)
    )


def triplet_loss(embeddings: torch.Tensor, identities: torch.Tensor, margin: float = 0.2) -> torch.Tensor:
    """Of each anchor the farthest face of the same person and the nearest of another (batch hard, Hermans 2017)."""
    embeddings = torch.nn.functional.normalize(embeddings)
    distances = torch.cdist(embeddings, embeddings)
    same = identities[:, None] == identities[None]
    farthest = distances.masked_fill(~same, 0).amax(1)
    nearest = distances.masked_fill(same, torch.inf).amin(1)
    return torch.relu(farthest - nearest + margin).mean()


def main(dataset: str, epochs: int = 2) -> None:
    """Train for some epochs and print the mean loss of each."""
    accelerator = Accelerator()
    loader = StratifiedLoader(
        FaceDataset.open(dataset),
        people_per_batch=8,
        images_per_person=4,
        rank=accelerator.process_index,
        world_size=accelerator.num_processes,
        pin_memory=torch.cuda.is_available(),
    )
    model = embed(loader.dataset.image_size)
    model(torch.zeros(1, 3, loader.dataset.image_size, loader.dataset.image_size))
    model, optimizer = accelerator.prepare(model, torch.optim.Adam(model.parameters(), 1e-3))
    for epoch in range(epochs):
        losses = []
        for batch in loader:
            images = batch.images.to(accelerator.device, non_blocking=True).float() / 255
            loss = triplet_loss(model(images), batch.identities.to(accelerator.device))
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.detach())
        accelerator.print(f"epoch {epoch}: {len(losses)} steps, loss {torch.stack(losses).mean():.4f}")


if __name__ == "__main__":
    main(sys.argv[1])
