"""Triplets from stratified batches, trained with Lightning; the loader's state goes into Lightning's checkpoints.

python docs/examples/lightning_loop.py DATASET CHECKPOINTS     # run it again: it goes on where it was
"""

import sys
from pathlib import Path
from typing import Any

import lightning
import torch
from accelerate_loop import embed, triplet_loss
from lightning.pytorch.callbacks import ModelCheckpoint

from ethnoshard import Batch, FaceDataset, StratifiedLoader


class Faces(lightning.LightningDataModule):
    """Gives the trainer the loader of its rank, and keeps where it is in the checkpoint."""

    def __init__(self, dataset: str) -> None:
        """Stream ``dataset``."""
        super().__init__()
        self._dataset = FaceDataset.open(dataset)
        self._state: dict[str, Any] | None = None
        self.loader: StratifiedLoader | None = None

    def train_dataloader(self) -> StratifiedLoader:
        """The loader, once the trainer knows its ranks."""
        rank, ranks = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        self.loader = StratifiedLoader(
            self._dataset, people_per_batch=8, images_per_person=4, rank=rank, world_size=ranks
        )
        if self._state is not None:
            self.loader.load_state_dict(self._state)
        return self.loader

    def state_dict(self) -> dict[str, Any]:
        """What Lightning puts into a checkpoint."""
        return self.loader.state_dict() if self.loader else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """What Lightning found in one."""
        self._state = state_dict or None


class Triplets(lightning.LightningModule):
    """A network that learns to put faces of one person together."""

    def __init__(self, side: int) -> None:
        """Faces are ``side`` pixels wide."""
        super().__init__()
        self.embed = embed(side)
        self.embed(torch.zeros(1, 3, side, side))
        self.seen: list[list[int]] = []

    def training_step(self, batch: Batch, index: int) -> torch.Tensor:
        """The loss of one batch, which Lightning has put on the right device."""
        self.seen.append(batch.faces.tolist())
        return triplet_loss(self.embed(batch.images.float() / 255), batch.identities)

    def on_train_batch_start(self, batch: Batch, index: int) -> None:
        """Send the loader on at an epoch's last batch, if ``limit_train_batches`` ends epochs before the loader does.

        So a checkpoint that is written from here on resumes with the next epoch, as this training goes on.
        """
        faces = self.trainer.datamodule
        if self.trainer.is_last_batch and isinstance(faces, Faces) and faces.loader:
            faces.loader.set_epoch(self.current_epoch + 1)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam."""
        return torch.optim.Adam(self.parameters(), 1e-3)


def main(dataset: str, folder: str, epochs: int = 2, steps: int = -1, batches: int | None = None) -> Triplets:
    """Train for some epochs, or ``steps`` steps in all; go on from ``folder``'s last checkpoint if there is one.

    ``batches`` ends each epoch after so many.
    """
    faces = Faces(dataset)
    model = Triplets(FaceDataset.open(dataset).image_size)
    last = Path(folder) / "last.ckpt"
    trainer = lightning.Trainer(
        max_epochs=epochs,
        max_steps=steps,
        limit_train_batches=batches,
        callbacks=[ModelCheckpoint(folder, save_last=True, every_n_train_steps=5, save_top_k=0)],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    trainer.fit(model, datamodule=faces, ckpt_path=last if last.exists() else None, weights_only=False)
    return model


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
