"""Which images teach, which choose, and which test."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError


@dataclass(frozen=True, kw_only=True)
class Split:
    """Three parts of a collection.

    Attributes:
        train: indices, sorted.
        validation: indices, sorted.
        test: indices, sorted.
        seed: that drew them.
        digest: hex SHA-256 of the names in each part, so that a card can vouch for it.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    seed: int
    digest: str


def split_faces(
    names: Sequence[str],
    classes: NDArray[np.int64],
    *,
    seed: int,
    test: float = 0.3,
    validation: float = 0.12,
    class_names: Sequence[str],
) -> Split:
    """Split within each class at random, as the seed does (70/30), and carve the validation part from the 70 %.

    Whatever the order of ``names``, the same images fall into the same parts; and the test part depends neither on
    ``validation`` nor on the other classes. Shares are rounded to the nearest image.

    Args:
        names: (N,) of the images, all different.
        classes: (N,) int64.
        seed: another one, another split.
        test: share of each class to test on.
        validation: share of the rest to choose by.
        class_names: of all classes.

    Raises:
        EthnoshardError: a class has no image, or too few to be in all three parts.
    """
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    by_name = np.array(sorted(range(len(names)), key=names.__getitem__), np.int64)
    for number, name in enumerate(class_names):
        own = by_name[classes[by_name] == number]
        shuffled = np.random.default_rng((seed, number)).permutation(own)
        tested = round(test * len(own))
        chosen = round(validation * (len(own) - tested))
        if not len(own):
            raise EthnoshardError(f"class {name} has no image; a classifier needs some of every class")
        if min(tested, chosen, len(own) - tested - chosen) < 1:
            raise EthnoshardError(
                f"class {name} has {len(own)} images, too few for all three parts: {len(own) - tested - chosen} to "
                f"train, {chosen} to validate, {tested} to test"
            )
        for part, indices in zip(
            parts, np.split(shuffled, [len(own) - tested - chosen, len(own) - tested]), strict=True
        ):
            part.extend(indices.tolist())
    train, validated, tested_on = (np.array(sorted(part), np.int64) for part in parts)
    listed = [sorted(names[index] for index in part) for part in parts]
    digest = hashlib.sha256(json.dumps(listed).encode()).hexdigest()
    return Split(train=train, validation=validated, test=tested_on, seed=seed, digest=digest)
