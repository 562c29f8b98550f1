"""Which images teach, which choose, and which test."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard._checks import check_number
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
    ``validation`` nor on the other classes. Of a class with n images ``round(test * n)`` test, of the m others
    ``round(validation * m)`` validate, and the rest train; a half is rounded to the even number.

    Args:
        names: (N,) of the images, all different.
        classes: (N,) int64, indices into ``class_names``.
        seed: another one, another split; not negative.
        test: share of each class to test on.
        validation: share of the rest to choose by.
        class_names: of all classes, for messages.

    Raises:
        EthnoshardError: a class has no image, or too few to be in all three parts; a share or the seed is out of range.
        ValueError: two images have one name, or a class has no name.
    """
    _check(names, classes, seed, {"test": test, "validation": validation}, class_names)
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    by_name = np.array(sorted(range(len(names)), key=names.__getitem__), np.int64)
    for number, name in enumerate(class_names):
        own = by_name[classes[by_name] == number]
        shuffled = np.random.default_rng((seed, number)).permutation(own)
        tested = round(test * len(own))
        chosen = round(validation * (len(own) - tested))
        trained = len(own) - tested - chosen
        if not len(own):
            raise EthnoshardError(
                f"class {name} has no image, and a classifier needs some of every class; look whether the collection "
                f"is complete"
            )
        if min(tested, chosen, trained) < 1:
            raise EthnoshardError(
                f"class {name} has too few images, {len(own)}, for all three parts: {trained} to train, {chosen} to "
                f"validate, {tested} to test; add images of it, or change the shares {test:g} and {validation:g}"
            )
        for part, indices in zip(parts, np.split(shuffled, [trained, trained + chosen]), strict=True):
            part.extend(indices.tolist())
    train, validated, tested_on = (np.array(sorted(part), np.int64) for part in parts)
    listed = [sorted(names[index] for index in part) for part in parts]
    digest = hashlib.sha256(json.dumps(listed).encode()).hexdigest()
    return Split(train=train, validation=validated, test=tested_on, seed=seed, digest=digest)


def _check(
    names: Sequence[str], classes: NDArray[np.int64], seed: int, shares: dict[str, float], class_names: Sequence[str]
) -> None:
    check_number("seed", seed, at_least=0)
    for name, share in shares.items():
        check_number(f"the share of {name}", share, above=0, below=1)
    if len(set(names)) != len(names):
        raise ValueError(f"{len(names) - len(set(names))} of {len(names)} images have the name of another")
    if len(names) and not 0 <= classes.min() <= classes.max() < len(class_names):
        raise ValueError(f"classes run from {classes.min()} to {classes.max()}; {len(class_names)} have names")
