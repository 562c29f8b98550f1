"""The table of look-alikes that a training makes of its own dataset."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from ethnoshard.embedding._embed_some import FACES, embed_some
from ethnoshard.embedding._model import Images, Vectors
from ethnoshard.lookalikes import LookAlikes, make_look_alikes
from ethnoshard.shards import FaceDataset


class TableOfTraining:
    """Makes a table of who resembles whom, as a network in training sees it."""

    def __init__(self, dataset: FaceDataset, *, crop: int, faces: int = FACES) -> None:
        """Embed some faces of each identity of a dataset, always the same ones.

        Args:
            dataset: whose identities they are.
            crop: side of the square cut from the middle of each face, pixels; 0 for the whole.
            faces: of an identity that the network looks at, at most.
        """
        self._dataset, self._crop, self._faces = dataset, crop, faces

    def __call__(self, embedder: nn.Module, out: Path) -> LookAlikes:
        """Write the table; the network is in its mode for evaluation.

        Raises:
            EthnoshardError: embeddings are not finite, or the disk is full.
        """
        device = next(embedder.parameters()).device

        def embedded(images: Images) -> Vectors:
            with torch.inference_mode():
                batch = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).to(device)
                vectors: Vectors = embedder(batch).float().cpu().numpy()
            return vectors

        some = embed_some(self._dataset, embedded, faces=self._faces, crop=self._crop)
        out.parent.mkdir(parents=True, exist_ok=True)
        return make_look_alikes(
            out,
            dataset=self._dataset,
            vectors=some.vectors,
            owners=some.owners,
            model_facts={"name": "the network in training", "crop": self._crop},
            left_out=some.left_out,
        )
