"""How alike the faces of a batch are to the network, as it will be used: whether it has collapsed."""

from typing import Any

import torch
from torch import Tensor

from ethnoshard.training._embedder import FaceEmbedder

_AT_MOST, _AT_ONCE = 512, 64


def similarity_of(embedder: FaceEmbedder, images: Tensor, identities: Tensor, device: torch.device) -> dict[str, Any]:
    """Columns ``similarity_...`` of the metrics, and "collapsed", a sentence or None.

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
        made = [embedder(part.to(device)).cpu() for part in torch.split(images[rows], _AT_ONCE)]
    embedder.train()
    found = mean_similarity_of_people(torch.cat(made).double().numpy(), identities[rows].cpu().numpy())
    return {
        "similarity_different": found.different,
        "similarity_same": found.same,
        "similarity_auc": found.auc,
        "collapsed": found.collapsed,
    }


def collapse_said(text: str, epoch: int, mining: str) -> str:
    """That the network has collapsed, and what to do."""
    # FaceNet's way of choosing negatives is there against just this (Schroff et al. 2015, section 3.2).
    way = "" if mining == "semihard" else "mining=semihard, "
    return (
        f"epoch {epoch}: {text}. A network that has hardly begun looks the same; if it stays so, try {way}a lower "
        "learning_rate or more people in a batch"
    )
