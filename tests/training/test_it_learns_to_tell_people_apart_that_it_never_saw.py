import itertools
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
import simplejpeg
from sklearn.metrics import roc_auc_score

from ethnoshard import FaceDataset
from ethnoshard.embedding import embed_faces
from ethnoshard.synthetic import draw_face
from ethnoshard.training import TripletTrainer

PEOPLE, EACH = 16, 6
SHUFFLES = 100


@cache
def unseen_faces() -> list[bytes]:
    """Of drawn people of another seed than those of the training."""
    return [
        bytes(simplejpeg.encode_jpeg(draw_face(1, person, image, group=person % 2, size=64), quality=95))
        for person, image in itertools.product(range(PEOPLE), range(EACH))
    ]


def aucs(trainer: TripletTrainer) -> tuple[float, npt.NDArray[np.float64]]:
    """Of all pairs of the unseen faces: with the people as they are, and with people shuffled, ``SHUFFLES`` times."""
    embeddings = embed_faces(trainer.embedder.eval(), unseen_faces(), crop=56)
    trainer.embedder.train()
    first, second = np.triu_indices(len(embeddings), 1)
    similarity = (embeddings[first] * embeddings[second]).sum(axis=1)

    def auc(person: npt.NDArray[np.int64]) -> float:
        return float(roc_auc_score(person[first] == person[second], similarity))

    people, rng = np.repeat(np.arange(PEOPLE), EACH), np.random.default_rng(0)
    return auc(people), np.array([auc(rng.permutation(people)) for _ in range(SHUFFLES)])


def test_people_whom_no_seed_has_seen_are_told_apart_better_than_before_and_than_chance_can(
    train: Callable[..., TripletTrainer], drawn_people: FaceDataset
) -> None:
    for seed in range(2):
        trainer = train(
            f"seed-{seed}", dataset=drawn_people, seed=seed, crop=56, embedding=32, people_per_batch=8,
            images_per_person=4, epochs=12, mining="sandberg",
        )  # fmt: skip
        before, _ = aucs(trainer)
        trainer.train()
        after, shuffled = aucs(trainer)
        # As far as chance ever leads away from one half, and not by training's doing.
        chance = float(np.abs(shuffled - 0.5).max())
        assert after > shuffled.max()
        assert after > before + chance
