"""A set with a fault of every kind, and another set that shares two people and an image with it."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ethnoshard.audit import AuditedSet, Prints
from tests.kit.normal_people import DIMENSIONS, unit

PEOPLE, FACES = 112, 6
MOVED = {"p010/2.jpg": ("p011", "p010"), "p020/3.jpg": ("p031", "p020")}
"""Image -> the identity that it is filed under, and whose it is."""
HALVED = {"q040": "p040", "q051": "p051"}
"""Second identity -> the person's first."""
MERGED = {"p060": "p061", "p070": "p075"}
"""Identity -> the person three of whose images are filed under it too."""
TWICE = {"p080/5.jpg": "p080/1.jpg", "p091/0.jpg": "p090/4.jpg"}
"""Image -> an earlier one of the same bytes."""
IN_BOTH = {"p100": "t7", "p101": "t9"}
"""Person -> who that is in the other set."""
IN_OTHER = {"p110/0.jpg": "t3/1.jpg"}
"""Image -> one of the other set with the same pixels."""


def group_of(identity: str) -> str | None:
    """A, B or C by the number, and none of every tenth."""
    number = int(identity[1:])
    return None if number % 10 == 9 else "ABC"[number % 3]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sets:
    """The audited set and the other one."""

    subject: AuditedSet
    other: AuditedSet


@cache
def sets() -> Sets:
    """Not to be written to."""
    rng = np.random.default_rng(7)
    means = {f"p{number:03d}": rng.standard_normal(DIMENSIONS) for number in range(PEOPLE)}
    keys = [f"{person}/{image}.jpg" for person in means for image in range(FACES)]
    vectors = {key: _face(means[key[:4]], rng) for key in keys}
    identities = {key: key[:4] for key in keys}
    identities |= {key: into for key, (into, _) in MOVED.items()}
    for second, first in HALVED.items():
        identities |= {f"{first}/{image}.jpg": second for image in (1, 3)}
    for into, person in MERGED.items():
        identities |= {f"{person}/{image}.jpg": into for image in (0, 1, 2)}
    prints = _prints(len(keys), rng)
    for later, earlier in TWICE.items():
        _copy(prints, keys.index(earlier), prints, keys.index(later), "digests", "pixels", "data")
        vectors[later] = vectors[earlier] if later[:4] == earlier[:4] else vectors[later]
    there = {f"t{number}": rng.standard_normal(DIMENSIONS) for number in range(50)}
    there |= {theirs: means[mine] for mine, theirs in IN_BOTH.items()}
    other_keys = [f"{person}/{image}.jpg" for person in there for image in range(4)]
    other_prints = _prints(len(other_keys), rng)
    for mine, theirs in IN_OTHER.items():
        _copy(prints, keys.index(mine), other_prints, other_keys.index(theirs), "pixels", "data")
    named = [identities[key] for key in keys]
    known = {each: group for each in named if (group := group_of(each))}
    other_names = [key.partition("/")[0] for key in other_keys]
    other_vectors = np.stack([_face(there[each], rng, 1.0) for each in other_names])
    return Sets(
        subject=AuditedSet.of(
            "made", unit(np.stack([vectors[key] for key in keys])), keys, named, groups=known, prints=prints
        ),
        other=AuditedSet.of("test set", unit(other_vectors), other_keys, other_names, prints=other_prints),
    )


def without_prints(faces: AuditedSet) -> AuditedSet:
    """As of embeddings alone."""
    return replace(faces, prints=None)


def _face(mean: NDArray[np.float64], rng: np.random.Generator, more: float = 0.0) -> NDArray[np.float64]:
    face: NDArray[np.float64] = mean + 0.4 * rng.standard_normal(DIMENSIONS) + 0.5 + more
    return face


def _prints(number: int, rng: np.random.Generator) -> Prints:
    return Prints(
        data=rng.integers(0, 256, (number, 32, 32), np.uint8),
        digests=rng.integers(0, 256, (number, 16), np.uint8),
        pixels=rng.integers(0, 256, (number, 16), np.uint8),
    )


def _copy(source: Prints, row: int, to: Prints, other: int, *names: str) -> None:
    for name in names:
        getattr(to, name)[other] = getattr(source, name)[row]
