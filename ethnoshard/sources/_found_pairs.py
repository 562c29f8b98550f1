"""The images of a pair list among those that are there."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._matching import match_names, nearest_name
from ethnoshard.sources._pairs import PairList
from ethnoshard.sources._remarks import Remark


@dataclass(frozen=True, kw_only=True, eq=False)
class FoundPairs:
    """Where a list's images are.

    Attributes:
        names: name in the list -> the image's own name, for those that are there.
        otherwise: those found under another name than the list's; None where there is none.
        absent: names in the list that no image has, sorted.
    """

    names: dict[str, str]
    otherwise: Remark | None
    absent: tuple[str, ...]


def find_pairs(pairs: PairList, available: Collection[str]) -> FoundPairs:
    """Find a list's images, also where their names are written otherwise (see ``match_names``).

    Args:
        pairs: the list.
        available: names of all images that are there, whether or not a face was found in them.

    Raises:
        EthnoshardError: a name could mean two images.
    """
    wanted = pairs.images()
    matches = match_names(wanted, available)
    if matches.ambiguous:
        name, images = next(iter(sorted(matches.ambiguous.items())))
        others = [other for other, found in matches.ambiguous.items() if found == images and other != name]
        what = (
            f"{name!r}, which could be {images[0]!r} or {images[1]!r}"
            if len(images) > 1
            else f"{name!r} and {min(others)!r}, which could both be {images[0]!r}"
        )
        raise EthnoshardError(
            f"{pairs.path} names {what}; {len(matches.ambiguous):,} of its {len(wanted):,} images are so. Leave one of "
            f"two in the folder of images, or name it as the list does"
        )
    otherwise = None
    if matches.otherwise:
        first = matches.otherwise[0]
        otherwise = Remark(
            reason="image found under another name than the list's",
            count=len(matches.otherwise),
            first=f"{first} is {matches.found[first]}",
        )
    absent = tuple(name for name in wanted if name not in matches.found)
    return FoundPairs(names=matches.found, otherwise=otherwise, absent=absent)


def explain_absent(pairs: PairList, absent: Collection[str], available: Collection[str], people: int = 0) -> str:
    """Say how many of a list's images are not there, what is there that is most like the first, and what that suggests.

    Args:
        pairs: the list.
        absent: at least one of its images.
        available: names of the images that are there.
        people: of how many people no image is there.
    """
    first = min(absent)
    nearest = nearest_name(first, available)
    beside = f"; nearest there: {nearest!r}" if nearest is not None else ""
    none = f", {people:,} people with none at all" if people else ""
    text = (
        f"{pairs.path} names {len(absent):,} images that were never there{none}; it names {len(pairs.images()):,}, and "
        f"{len(available):,} are there. The list says {first!r}{beside}"
    )
    whole, wanting = _groups(pairs, absent)
    if whole and wanting:
        text += (
            f". Of {' and '.join(wanting)} no image is there; if you have the images of {' and '.join(whole)} alone, "
            f"give their part of the list alone"
        )
    return text


def _groups(pairs: PairList, absent: Collection[str]) -> tuple[list[str], list[str]]:
    """Groups of which every image of the list is there, and those of which none is."""
    if pairs.first_group is None or pairs.second_group is None:
        return [], []
    keys = np.concatenate([pairs.first, pairs.second])
    groups = np.concatenate([pairs.first_group, pairs.second_group])
    lost = np.isin(keys, np.array(sorted(absent)))
    names = sorted(set(groups.tolist()))
    return (
        [name for name in names if not lost[groups == name].any()],
        [name for name in names if lost[groups == name].all()],
    )
