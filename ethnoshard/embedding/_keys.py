"""Names of faces: that of the image, and a number where the image has several."""

from collections import Counter
from collections.abc import Sequence


def face_keys(images: Sequence[str]) -> list[str]:
    """A key for each face.

    Args:
        images: the name of each face's image.

    Returns:
        The name for an image's first face, then ``name#2``, ``name#3`` and so on.
    """
    seen: Counter[str] = Counter()
    keys = []
    for name in images:
        seen[name] += 1
        keys.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return keys


def are_further(keys: Sequence[str]) -> list[bool]:
    """Which of the keys are of further faces of an image that has a key too."""
    known = set(keys)

    def is_further(key: str) -> bool:
        name, _, number = key.rpartition("#")
        return number.isdecimal() and name in known

    return [is_further(key) for key in keys]
