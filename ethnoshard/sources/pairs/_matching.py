"""Finds the images that a list names, also where their names are written otherwise: one rule for all lists."""

import bisect
import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._remarks import Remark
from ethnoshard.sources.containers._inventory import without_extension
from ethnoshard.sources.pairs._pair_list import PairList

_LEADING_ZEROS = re.compile(r"(?<![0-9A-Za-z])0+(?=[0-9]+(?![0-9A-Za-z]))")
"""Of a number that stands by itself: 0001 in Name_0001. In m.01abc, an identity of Freebase, they mean something."""
_NEIGHBOURS = 25


class Matches(NamedTuple):
    """What became of the names of a list.

    Attributes:
        found: name in the list -> the image's own name, for those that are there, letter by letter or otherwise.
        otherwise: names in the list that were found under another one, in order.
        ambiguous: name in the list -> the images that it could be, or the names that could be one image.
    """

    found: dict[str, str]
    otherwise: list[str]
    ambiguous: dict[str, list[str]]


def match_names(wanted: Iterable[str], available: Collection[str]) -> Matches:
    """Find each name of a list among those of the images.

    ===============================  ==================================  =======================================
    a list's name                    is also the image                   since
    ===============================  ==================================  =======================================
    ``A/A_0001.jpg``                 ``A/A_0001.png``, ``A/A_0001.JPG``  an image may be kept in another format
    ``A/A_0001.jpg``                 ``A/A_1.jpg``, ``A/A_00001.jpg``    numbers may be padded otherwise
    ``African/m.1/m.1_0001.jpg``     ``m.1/m.1_0001.jpg``                folders above that all images share go
    ``A/A_0001.jpg``                 ``lfw/A/A_0001.jpg``                or stay, with others beside them
    ``A_0001.jpg``                   ``images/A_0001.jpg``               a list may name no folder
    ===============================  ==================================  =======================================

    A name that is there letter by letter is taken, and that image is no other's. Nothing is chosen between two.

    Args:
        wanted: names in the list, ``/`` separated.
        available: names of the images.
    """
    names = list(dict.fromkeys(wanted))
    there = available if isinstance(available, dict | set | frozenset) else set(available)
    found = {name: name for name in names if name in there}
    rest = [name for name in names if name not in found]
    if not rest:
        return Matches(found, [], {})
    by_end: dict[str, list[tuple[str, str]]] = defaultdict(list)
    bare = any("/" not in name for name in rest)
    for image in there:
        if image not in found:
            form = _form(image)
            # Lists that name no folder are few, and names alone would put all images 0001 of a set in one place.
            for end in {_end(form)} | ({form.rpartition("/")[2]} if bare else set()):
                by_end[end].append((form, image))
    possible: dict[str, list[str]] = {}
    claims: dict[str, list[str]] = defaultdict(list)
    for name in rest:
        form = _form(name)
        possible[name] = sorted(image for other, image in by_end[_end(form)] if _is_end_of(form, other))
        for image in possible[name]:
            claims[image].append(name)
    ambiguous = {name: images for name, images in possible.items() if len(images) > 1}
    for image, claimants in claims.items():
        if len(claimants) > 1:
            ambiguous |= {name: ambiguous.get(name, [image]) for name in claimants}
    otherwise = [name for name in rest if possible[name] and name not in ambiguous]
    found |= {name: possible[name][0] for name in otherwise}
    return Matches(found, otherwise, ambiguous)


def nearest_name(name: str, available: Collection[str]) -> str | None:
    """The image whose name is most like one of a list's that isn't there; None where there is no image."""
    ordered = sorted(available)
    if not ordered:
        return None
    folder = name.rpartition("/")[0].rpartition("/")[2]
    place = bisect.bisect(ordered, name)
    near = ordered[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS]
    near += [image for image in ordered if folder and f"/{image}".rpartition("/")[0].endswith(f"/{folder}")]
    return max(dict.fromkeys(near), key=lambda image: difflib.SequenceMatcher(None, image, name).ratio())


def _form(name: str) -> str:
    """What two writings of one name share."""
    return _LEADING_ZEROS.sub("", without_extension(unicodedata.normalize("NFC", name)))


def _end(form: str) -> str:
    return "/".join(form.split("/")[-2:])


def _is_end_of(one: str, other: str) -> bool:
    return f"/{one}".endswith(f"/{other}") or f"/{other}".endswith(f"/{one}")


@dataclass(frozen=True, kw_only=True, eq=False)
class MatchedPairs:
    """Where a list's images are.

    Attributes:
        names: name in the list -> the image's own name, for those that are there.
        otherwise: those found under another name than the list's; None where there is none.
        absent: names in the list that no image has, sorted.
    """

    names: dict[str, str]
    otherwise: Remark | None
    absent: tuple[str, ...]


def find_pairs(pairs: PairList, available: Collection[str]) -> MatchedPairs:
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
    return MatchedPairs(names=matches.found, otherwise=otherwise, absent=absent)


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
