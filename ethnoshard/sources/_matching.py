"""Finds the images that a list names where their names are written otherwise: one rule for all lists."""

import bisect
import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from ethnoshard.sources._extensions import without_extension

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
    for image in there:
        if image not in found:
            form = _form(image)
            by_end[_end(form)].append((form, image))
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
