"""Embeddings of people who don't exist, as a place would give them, with pairs and groups."""

from pathlib import Path

import numpy as np

from ethnoshard.embedding import Embeddings
from ethnoshard.sources import GroupSource, PairList

PEOPLE = 120
IMAGES = 12
FOLDS = 5
OF_A_FOLD = 40


def made_embeddings(seed: int, *, noise: float = 0.8) -> Embeddings:
    """Twelve images of each of 120 people; the same people whatever the noise."""
    people = [f"p{person:03d}" for person in range(PEOPLE) for _ in range(IMAGES)]
    keys = [f"{person}/{person}_{row % IMAGES + 1:04d}.jpg" for row, person in enumerate(people)]
    centres = np.random.default_rng(0).normal(size=(PEOPLE, 16))
    blur = np.random.default_rng(seed).normal(size=(len(keys), 16))
    vectors = np.repeat(centres, IMAGES, axis=0) + noise * blur
    return Embeddings(
        vectors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
        keys=np.array(keys),
        identities=np.array(people),
        missing_keys=np.array(["p000/p000_0099.jpg"]),
        missing_status=np.array(["no_face"]),
    )


def made_pairs(path: Path, *, lost: bool = False) -> PairList:
    """Pairs in folds; ``lost``: the first is of the image without a face."""
    rng = np.random.default_rng(3)
    first, second, same = [], [], []
    for row in range(FOLDS * OF_A_FOLD):
        one = rng.integers(PEOPLE)
        alike = row % 2 == 0
        other = one if alike else (one + rng.integers(1, PEOPLE)) % PEOPLE
        # No two pairs are alike: the row chooses the images.
        numbers = row % IMAGES + 1, (row % IMAGES + 1 + row // IMAGES % (IMAGES - 1)) % IMAGES + 1
        first.append(f"p{one:03d}/p{one:03d}_{numbers[0]:04d}.jpg")
        second.append(f"p{other:03d}/p{other:03d}_{numbers[1]:04d}.jpg")
        same.append(alike)
    if lost:
        first[0], second[0] = "p000/p000_0001.jpg", "p000/p000_0099.jpg"
    path.write_text("made\n")
    return PairList(
        path=path,
        first=np.array(first),
        second=np.array(second),
        same=np.array(same),
        fold=np.repeat(np.arange(FOLDS), OF_A_FOLD),
        first_person=np.array([key[:4] for key in first]),
        second_person=np.array([key[:4] for key in second]),
    )


def made_groups() -> list[GroupSource]:
    """Two sources that differ: the last 40 people are in a group by neither."""
    one = {f"p{person:03d}": "AB"[person % 2] for person in range(70)}
    other = {f"p{person:03d}": "AB"[person // 40] for person in range(80)}
    without = {"no label": PEOPLE - 70}
    return [
        GroupSource(name="one", groups=one, without=without), GroupSource(name="other", groups=other, without={})
    ]  # fmt: skip
