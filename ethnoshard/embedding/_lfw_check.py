"""How good a network is on LFW while it is being trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from ethnoshard.embedding._aligned import AlignedFaces
from ethnoshard.embedding._embed import embed_faces
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import verification
from ethnoshard.sources import explain_absent, find_pairs, read_lfw_pairs


class LfwCheck:
    """Measures a network on LFW's pairs, with thresholds from the other folds; no interval, no group, no report."""

    def __init__(self, work: Path, pairs: Path, *, crop: int, log: Callable[[str], None] = lambda text: None) -> None:
        """Find the faces.

        Args:
            work: work folder of LFW, as aligned.
            pairs: ``pairs.txt``.
            crop: side of the square cut from the middle of each face, pixels; 0 for the whole.
            log: told of pairs that can't be compared since an image has no face.

        Raises:
            EthnoshardError: a file is not there or malformed, or hardly any pair can be compared.
        """
        self._faces = AlignedFaces(work)
        listed = read_lfw_pairs(pairs)
        there = self._faces.table["image"].to_list()
        found = find_pairs(listed, there)
        missing = listed.missing({name for name, image in found.names.items() if image in self._faces})
        if 2 * int(missing.complete.sum()) < len(listed):
            raise EthnoshardError(
                f"of {len(listed):,} pairs only {int(missing.complete.sum()):,} have both faces in {work}; is it LFW?"
                + (f" {explain_absent(listed, found.absent, there)}" if found.absent else "")
            )
        if not missing.complete.all():
            lost, faceless = int((~missing.complete).sum()), len(missing.images)
            log(f"{lost:,} of {len(listed):,} pairs of {pairs} are left out; images without a face: {faceless:,}")
        if found.otherwise:
            log(f"{pairs}: {found.otherwise}")
        if crop > self._faces.image_size:
            raise EthnoshardError(f"crop is {crop} pixels, but the faces in {work} have {self._faces.image_size}")
        self._pairs = listed.select(missing.complete)
        names = self._pairs.images()
        self._images = [found.names[name] for name in names]
        number = {name: row for row, name in enumerate(names)}
        self._first = np.array([number[image] for image in self._pairs.first.tolist()])
        self._second = np.array([number[image] for image in self._pairs.second.tolist()])
        self._crop = crop

    @property
    def people(self) -> list[str]:
        """Names of those whom the pairs show."""
        pairs = self._pairs
        if pairs.first_person is None or pairs.second_person is None:
            return []
        return sorted({*pairs.first_person.tolist(), *pairs.second_person.tolist()})

    def __call__(self, embedder: nn.Module) -> dict[str, Any]:
        """Columns ``lfw_...`` of the metrics: accuracy, VAL and FAR at a FAR of 0.001, AUC, EER.

        Beside them two sentences: "lfw_val_reason", why there is no VAL, and "lfw_collapsed", that embeddings of
        different people are all alike; None where there is nothing to say.
        """
        device = next(embedder.parameters()).device
        faces = embed_faces(embedder, self._faces.jpegs(self._images), crop=self._crop, device=device)
        found = verification(faces[self._first], faces[self._second], self._pairs.same, fold=self._pairs.fold)
        at = found.validation[0]
        return {
            "lfw_accuracy": found.accuracy.mean,
            "lfw_accuracy_std": found.accuracy.std,
            "lfw_val": at.val and at.val.mean,
            "lfw_val_std": at.val and at.val.std,
            "lfw_val_reason": at.reason,
            "lfw_far": at.far.mean,
            "lfw_auc": found.auc,
            "lfw_eer": found.eer,
            "lfw_collapsed": found.similarity and found.similarity.collapsed,
        }
