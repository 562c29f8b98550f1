"""How alike the faces of a batch are to the network, as it will be used: whether it has collapsed."""

from typing import NamedTuple

import torch
from torch import Tensor

from ethnoshard.training._embedder import FaceEmbedder

_AT_MOST, _AT_ONCE = 512, 64


class BatchSimilarity(NamedTuple):
    """How alike a batch's faces are.

    Attributes:
        columns: ``similarity_...`` of the metrics.
        collapsed: a sentence where the network has collapsed.
    """

    columns: dict[str, float | None]
    collapsed: str | None


def similarity_of(embedder: FaceEmbedder, images: Tensor, identities: Tensor, device: torch.device) -> BatchSimilarity:
    """Measure a batch as the network will be used.

    Without dropout, and with the running statistics of batch normalisation: those of the batch itself would spread
    embeddings of a network that has collapsed. Neither weights nor chance change.

    Args:
        embedder: in training mode, in which it is left.
        images: (B, 3, H, W) uint8; of more than 512 some whole people.
        identities: (B,) integers.
        device: where the embedder is.
    """
    # Imported here: it loads scikit-learn, which a training needs for nothing else.
    from ethnoshard.evaluation import mean_similarity_of_people

    rows = torch.argsort(identities, stable=True)[:_AT_MOST]
    if bool((identities[rows] == identities[rows[0]]).all()):
        # More faces a person than that: some of everybody.
        rows = torch.linspace(0, len(identities) - 1, _AT_MOST).long()
    embedder.eval()
    with torch.no_grad():
        parts = [embedder(part.to(device)).cpu() for part in torch.split(images[rows], _AT_ONCE)]
    embedder.train()
    similarity = mean_similarity_of_people(torch.cat(parts).double().numpy(), identities[rows].cpu().numpy())
    columns: dict[str, float | None] = {
        "similarity_different": similarity.different,
        "similarity_same": similarity.same,
        "similarity_auc": similarity.auc,
    }
    return BatchSimilarity(columns, similarity.collapsed)


def collapse_warning(text: str, epoch: int, mining: str) -> str:
    """That the network has collapsed, and what to do."""
    # FaceNet's way of choosing negatives is there against just this (Schroff et al. 2015, section 3.2).
    way = "" if mining == "semihard" else "mining=semihard, "
    return (
        f"epoch {epoch}: {text}. A network that has hardly begun looks the same; if it stays so, try {way}a lower "
        "learning_rate or more people in a batch"
    )
