"""Which triplets of a batch a step learns from, and their loss.

Triplets are chosen from the batch's matrix of distances. Only the matrix is needed, and its rows sorted: B² numbers.
Lists of all triplets, which libraries of metric learning begin with, would be B·K·B long: 120 million for a batch of 45
people x 40 faces.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

Strategy: TypeAlias = Literal["semihard", "sandberg", "batch-hard", "all"]
STRATEGIES: tuple[str, ...] = get_args(Strategy)


@dataclass(frozen=True, kw_only=True)
class Mined:
    """Triplets that were chosen, as the loss needs them.

    Attributes:
        counts: (B, C) float32; in how many active triplets face ``c`` is the positive of anchor ``b``, less those in
            which it is the negative.
        possible: triplets that the batch holds, a scalar tensor as all that follow (float64).
        mined: triplets that were chosen.
        active: of these, the ones with a loss above 0.
        in_group: of these, the ones whose negative is of the anchor's own group.
        in_group_by_chance: triplets possible whose negative is of the anchor's own group.
    """

    counts: Tensor
    possible: Tensor
    mined: Tensor
    active: Tensor
    in_group: Tensor
    in_group_by_chance: Tensor


def squared_distances(anchors: Tensor, others: Tensor) -> Tensor:
    """(B, E) and (C, E) of unit length to (B, C) squared Euclidean distances, 0 to 4."""
    return (2 - 2 * anchors @ others.T).clamp(min=0)


def mine(
    distances: Tensor,
    identities: Tensor,
    groups: Tensor,
    *,
    strategy: Strategy,
    margin: float,
    own: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Mined:
    """Choose triplets of anchor, positive and negative.

    ============== ====================================================================================================
    ``semihard``   of every pair of a person the nearest negative that is farther than the positive (Schroff 2015,
                   equation 4); a pair without one is passed over
    ``sandberg``   of every pair a negative by chance, among those nearer than the positive plus the margin, as
                   Sandberg's implementation of FaceNet does
    ``batch-hard`` of every face the farthest positive and the nearest negative (Hermans 2017, equation 5)
    ``all``        every triplet there is
    ============== ====================================================================================================

    Args:
        distances: (B, C), squared, from every anchor to every face; no gradient is taken.
        identities: (C,) int64.
        groups: (C,) integers.
        strategy: which.
        margin: by which a negative should be farther than the positive, squared distance.
        own: (B,) indices of the anchors among the C faces; by default the first B.
        generator: for ``sandberg``, on the CPU.
    """
    distances = distances.detach()
    own = torch.arange(len(distances), device=distances.device) if own is None else own
    same = identities[own, None] == identities[None]
    positive = same.clone()
    positive[torch.arange(len(own), device=own.device), own] = False
    nearest, order = distances.masked_fill(same, torch.inf).sort(dim=1, stable=True)
    negatives = (~same).sum(1, keepdim=True)
    of_group = ((groups[own, None] == groups[None]) & ~same).gather(1, order).cumsum(1)
    pairs = positive.sum(1, keepdim=True)
    # Columns of each anchor's positives, as many for all; where there are fewer, some that are none.
    columns = positive.to(torch.uint8).sort(dim=1, descending=True, stable=True).indices[:, : max(1, int(pairs.max()))]
    true = positive.gather(1, columns)
    to_positive = distances.gather(1, columns)
    if strategy == "batch-hard":
        farthest = to_positive.masked_fill(~true, -1).argmax(1, keepdim=True)
        columns, true, to_positive = (of.gather(1, farthest) for of in (columns, true, to_positive))
        rank = torch.zeros_like(columns)
    elif strategy == "semihard":
        rank = torch.searchsorted(nearest, to_positive.contiguous(), right=True)
    else:
        rank = torch.searchsorted(nearest, (to_positive + margin).contiguous())
    if strategy == "all":
        chosen, first, last = true & (negatives > 0), torch.zeros_like(rank), rank
        mined = (pairs * negatives).sum()
    else:
        if strategy == "sandberg":
            chance = torch.rand(rank.shape, generator=generator).to(rank.device)
            chosen = true & (rank > 0)
            rank = (chance * rank).long()
        else:
            chosen = true & (rank < negatives)
        mined = chosen.sum()
        first = rank.clamp(max=nearest.shape[1] - 1)
        violates = nearest.gather(1, first) < to_positive + margin
        last = first + (chosen & violates)
    last = torch.where(chosen, last, first)
    counts, in_group = _counted(columns, first, last, order, of_group)
    return Mined(
        counts=counts,
        possible=(pairs * negatives).sum().double(),
        mined=mined.double(),
        active=(last - first).sum().double(),
        in_group=in_group.double(),
        in_group_by_chance=(pairs * of_group[:, -1:]).sum().double(),
    )


def _counted(columns: Tensor, first: Tensor, last: Tensor, order: Tensor, of_group: Tensor) -> tuple[Tensor, Tensor]:
    """Triplets of each positive with the negatives of rank ``first`` to ``last``, as a matrix, and those in the group.

    How many triplets a negative is in follows from where the ranges begin and end; sums of whole numbers, which no
    order of summing changes.
    """
    zeros = torch.zeros(len(order), order.shape[1] + 1, dtype=torch.float64, device=order.device)
    ones = torch.ones_like(first, dtype=torch.float64)
    begun = zeros.scatter_add(1, first, ones).scatter_add(1, last, -ones)
    by_rank = begun.cumsum(1)[:, :-1]
    counts = torch.zeros_like(by_rank).scatter_add(1, order, -by_rank)
    counts = counts.scatter_add(1, columns, (last - first).double())
    until = torch.cat([zeros[:, :1], of_group.double()], dim=1)
    in_group = (until.gather(1, last) - until.gather(1, first)).sum()
    return counts.float(), in_group


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
            own: (B,) indices of ``embeddings`` in ``others``.
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
