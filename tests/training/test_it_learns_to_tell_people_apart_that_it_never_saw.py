import itertools

import numpy as np
import simplejpeg
from sklearn.metrics import roc_auc_score

from ethnoshard.embedding import embed_faces
from ethnoshard.synthetic import draw_face

PEOPLE, EACH = 16, 6


def auc(embedder):
    """Of all pairs of faces of drawn people of another seed."""
    faces = [
        simplejpeg.encode_jpeg(draw_face(1, person, image, group=person % 2, size=64), quality=95)
        for person, image in itertools.product(range(PEOPLE), range(EACH))
    ]
    embeddings = embed_faces(embedder, faces, crop=56)
    first, second = np.triu_indices(len(faces), 1)
    same = first // EACH == second // EACH
    return roc_auc_score(same, (embeddings[first] * embeddings[second]).sum(axis=1))


def test_auc_of_unseen_people(train, drawn_people):
    trainer = train(
        dataset=drawn_people, crop=56, embedding=32, people_per_batch=8, images_per_person=4, epochs=12,
        mining="sandberg",
    )  # fmt: skip
    before = auc(trainer.embedder.eval())
    trainer.embedder.train()
    trainer.train()
    after = auc(trainer.embedder.eval())
    assert before < 0.8
    assert after > before + 0.1
    assert after > 0.85
