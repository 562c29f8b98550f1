"""The triplet loss of a batch of embeddings, with what was mined."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ethnoshard.training._mining import Mined, Strategy, mine, squared_distances


@dataclass(frozen=True, kw_only=True)
class TripletLoss:
    """The triplet loss (Schroff 2015, equation 3): how far negatives fall short of the margin, mean of active triplets.

    Attributes:
        margin: by which a negative should be farther than the positive, in squared distance of unit vectors.
        mining: how triplets are chosen, see :func:`~ethnoshard.training.mine`.
    """

    margin: float = 0.2
    mining: Strategy = "semihard"

    def __call__(
        self,
        embeddings: Tensor,
        identities: Tensor,
        groups: Tensor,
        *,
        others: Tensor | None = None,
        own: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Mined]:
        """The loss, and the triplets that it is of.

        Args:
            embeddings: (B, E) float32 of unit length.
            identities: (C,) int64 of ``others``.
            groups: (C,) integers of ``others``.
            others: (C, E), where positives and negatives are looked for; by default ``embeddings``.
            own: (B,) places of ``embeddings`` in ``others``.
            generator: for mining by chance.

        Returns:
            A scalar, 0 with a gradient of 0 where no triplet is active, and the triplets.
        """
        distances = squared_distances(embeddings, embeddings if others is None else others)
        mined = mine(
            distances, identities, groups, strategy=self.mining, margin=self.margin, own=own, generator=generator
        )
        # The sum over active triplets of (positive - negative + margin) is linear in the distances: one product of
        # matrices, whose gradient needs no scattered additions and so is the same to the bit each time.
        active = mined.active.float()
        return ((mined.counts * distances).sum() + self.margin * active) / active.clamp(min=1), mined
