"""The layout rule: which folder is an identity. One rule for folders and archives alike."""

import itertools
from collections import Counter
from pathlib import Path

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._inventory import Inventory, display
from ethnoshard.sources._reader import ImageRef

ABOVE = "image above the identity folders (loose, in no identity's folder)"
BELOW = "image below the identity folders (in a folder inside an identity's)"

_LAYOUT = "ethnoshard wants one folder a person, SOURCE/identity/image.jpg"


def arrange(inventory: Inventory, source: Path) -> list[ImageRef]:
    """Turn the images of a container into refs, identities contiguous, by identity then name in code points.

    The identity level is the depth at which most images lie (of equals, the deeper). Images at other depths
    go to ``inventory.skipped``. Wrapper folders that hold all identities are cut:

    ==================================  ==========================
    images in                           identities
    ==================================  ==========================
    ``lfw/lfw/A``, ``lfw/lfw/B``        ``A``, ``B``
    ``train/n1``, ``test/n2``           ``train/n1``, ``test/n2``
    ``lfw/A`` alone                     ``A``
    ==================================  ==========================

    Raises:
        EthnoshardError: no images, most of them in no folder, or two names that read the same.
    """
    level = _identity_level(inventory, source)
    at_level = []
    for found in inventory.images:
        depth = found.path.count("/")
        if depth == level:
            at_level.append(found)
        else:
            inventory.skip(ABOVE if depth < level else BELOW, found.path)

    names = _identity_names({found.path.rpartition("/")[0] for found in at_level}, source)
    refs = []
    for found in at_level:
        folder, _, file = found.path.rpartition("/")
        identity = names[folder]
        refs.append(ImageRef(identity, f"{identity}/{display(file)}", found.locator, found.size))
    refs.sort()
    for before, after in itertools.pairwise(refs):
        if before.name == after.name:
            raise _same_text("image", after.name, source)
    return refs


def _identity_level(inventory: Inventory, source: Path) -> int:
    depths = Counter(found.path.count("/") for found in inventory.images)
    if not depths:
        rest = f"; what it holds: {inventory.summary()}" if inventory.skipped else ": it is empty"
        raise EthnoshardError(f"{source} holds no image{rest}. {_LAYOUT}")
    level = max(depths, key=lambda depth: (depths[depth], depth))
    if level == 0:
        raise EthnoshardError(
            f"{source}: {depths[0]} of {depths.total()} images lie loose, in no identity's folder. "
            f"{_LAYOUT}; if this folder is one person's, give the folder above it"
        )
    return level


def _identity_names(folders: set[str], source: Path) -> dict[str, str]:
    """Map the raw folder of each identity, all at one depth, to its display name without the wrappers."""
    paths = [folder.split("/") for folder in folders]
    first, last = min(paths), max(paths)  # what these two share, all share
    wrappers = next((i for i, (a, b) in enumerate(zip(first, last, strict=True)) if a != b), len(first) - 1)
    names: dict[str, str] = {}
    raw_of: dict[str, str] = {}
    for folder, path in zip(folders, paths, strict=True):
        name = display("/".join(path[wrappers:]))
        if raw_of.setdefault(name, folder) != folder:
            raise _same_text("identity folder", name, source)
        names[folder] = name
    return names


def _same_text(what: str, name: str, source: Path) -> EthnoshardError:
    return EthnoshardError(
        f"{source} holds more than one {what} that reads {name!r} once the bytes that are not UTF-8 are "
        f"written out; rename one of them"
    )
