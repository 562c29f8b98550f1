"""UTKFace (Zhang, Song and Qi 2017): a photograph's age, gender and race are in its name."""

import re
from typing import NamedTuple

from ethnoshard.sources._reader import ImageRef
from ethnoshard.sources._remarks import Remarks
from ethnoshard.sources.containers._images import display
from ethnoshard.sources.containers._inventory import IMAGE_EXTENSIONS, Inventory

_EXTENSION = rf"\.(?:{'|'.join(sorted(IMAGE_EXTENSIONS))})"
UTKFACE_NAME = re.compile(
    rf"(?P<shot>(?P<age>[0-9]{{1,3}})_(?P<gender>[01])_(?P<race>[0-4])_[0-9]+){_EXTENSION}(?P<cropped>\.chip{_EXTENSION})?",
    re.IGNORECASE | re.ASCII,
)
"""``[age]_[gender]_[race]_[date and time].jpg``, the aligned and cropped ones with ``.chip.jpg`` behind it."""

AGAIN = "another copy of a photograph listed before"
NAME = "the name is not of the form [age]_[gender]_[race]_[date and time].jpg"
FIELD_LACKING = "the name has fewer fields than age, gender, race and date"
TOO_OLD = "the name's age is above 150"

_OLDEST = 150
_SHORTER = re.compile(rf"[0-9]+(_[0-9]+){{0,2}}{_EXTENSION}(\.chip{_EXTENSION})?", re.IGNORECASE | re.ASCII)


class Person(NamedTuple):
    """What a collection says of one photograph."""

    ref: ImageRef
    label: int
    age: int
    gender: int


def list_utkface(inventory: Inventory, left_out: Remarks) -> tuple[list[Person], list[str]]:
    """The people of the images, and the paths of images whose name isn't of the form, by reason in ``left_out``."""
    people, malformed, seen = [], [], set()
    for found in sorted(inventory.images, key=lambda found: (not _is_cropped(found.path), found.path)):
        name = display(found.path.rpartition("/")[2])
        match = UTKFACE_NAME.fullmatch(name)
        if match is None or int(match["age"]) > _OLDEST:
            malformed.append(display(found.path))
            left_out.add(TOO_OLD if match else FIELD_LACKING if _SHORTER.fullmatch(name) else NAME, malformed[-1])
        elif match["shot"] in seen:
            inventory.skip(AGAIN, found.path)
        else:
            seen.add(match["shot"])
            ref = ImageRef("", name, found.locator, found.size)
            people.append(Person(ref, int(match["race"]), int(match["age"]), int(match["gender"])))
    return people, malformed


def _is_cropped(path: str) -> bool:
    match = UTKFACE_NAME.fullmatch(path.rpartition("/")[2])
    return match is not None and match["cropped"] is not None
