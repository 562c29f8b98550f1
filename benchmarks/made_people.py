"""Made people in CASIA's shares, in shards of one group each, and who resembles whom."""

import numpy as np
import numpy.typing as npt

from ethnoshard.lookalikes import neighbours
from ethnoshard.mixing import Identities, Resemblance

Numbers = npt.NDArray[np.int64]
SHARES, FACES, FACE_BYTES, SHARD_BYTES = (0.845, 0.113, 0.026, 0.016), 46.8, 12_000, 64 << 20
NEAREST = 16
"""Neighbours that are known of everybody."""


def made_people(number: int, seed: int = 0) -> tuple[Numbers, Numbers, npt.NDArray[np.float32]]:
    """Groups, numbers of faces and embeddings; clusters of some 25 people, more alike within a group."""
    rng = np.random.default_rng(seed)
    faces = np.maximum(2, rng.lognormal(np.log(FACES) - 0.5, 1, number)).astype(np.int64)
    group = np.sort(rng.choice(len(SHARES), number, p=SHARES))
    middles = rng.normal(size=(max(1, number // 25), 64))
    vectors = 0.7 * rng.normal(size=(len(SHARES), 64))[group] + middles[rng.integers(0, len(middles), number)]
    vectors += 0.6 * rng.normal(size=vectors.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return group, faces, vectors.astype(np.float32)


def on_disk(
    group: Numbers, faces: Numbers, vectors: npt.NDArray[np.float32], order: Numbers
) -> tuple[Identities, Resemblance]:
    """The people in this order, in shards of one group each, and who resembles whom."""
    group, faces = group[order], faces[order]
    length = faces * FACE_BYTES
    shard, offset = np.empty(len(faces), np.int32), np.empty(len(faces), np.int64)
    number, place = -1, 0
    for identity, size in enumerate(length.tolist()):
        if not identity or group[identity] != group[identity - 1] or place >= SHARD_BYTES:
            number, place = number + 1, 0
        shard[identity], offset[identity] = number, place
        place += size
    identities = Identities(
        group=group.astype(np.int8),
        faces=faces.astype(np.int32),
        shard=shard,
        offset=offset,
        length=length,
        groups=tuple("ABCD"),
    )
    return identities, resemblance(vectors[order], group)


def resemblance(vectors: npt.NDArray[np.float32], group: Numbers) -> Resemblance:
    """Who resembles whom, by these embeddings."""
    found = neighbours(vectors, group, NEAREST)
    return Resemblance(found.nearest, digest="made", nearest_of_all=found.nearest_of_all)


def by_chance(group: Numbers) -> Numbers:
    """Group by group, in each at random."""
    return np.lexsort((np.random.default_rng(5).random(len(group)), group))


def by_likeness(group: Numbers, vectors: npt.NDArray[np.float32]) -> Numbers:
    """Group by group, after each person whoever is the most like him of those left."""
    order = []
    for number in np.unique(group).tolist():
        own = np.flatnonzero(group == number)
        of, left, at = vectors[own], np.ones(len(own), np.bool_), 0
        for _ in range(len(own)):
            order.append(own[at])
            left[at] = False
            at = int(np.where(left, of @ of[at], -2).argmax())
    return np.array(order)
