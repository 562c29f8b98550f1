"""Whose each image of a container is: by the folder that holds it, or by a layout that the user gave."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import GROUP, IDENTITY, Listing, People
from ethnoshard.sources._ref_table import RefTable, Texts
from ethnoshard.sources.containers._images import Images, Integers, display
from ethnoshard.sources.containers._inventory import Inventory
from ethnoshard.sources.naming._known_forms import KnownForm, is_group_folder, is_split, recognised
from ethnoshard.sources.naming._layout import Layout
from ethnoshard.sources.naming._smells import (
    are_shards,
    odd_sizes,
    one_identity,
    one_image_each,
    parts,
    same_names,
    several_parents,
    shards,
    two_groups,
)

ABOVE = "image above the identity folders (loose, in no identity's folder)"
BELOW = "image below the identity folders (in a folder inside an identity's)"
NO_FIT = "image whose path doesn't fit the layout"

_WANTED = (
    "ethnoshard wants one folder a person, SOURCE/identity/image.jpg, or a --layout that says where identities stand"
)
_SAMPLE = 2_000
"""Images by which a dataset is recognised."""

BY_FOLDERS = "the folder names"


def arrange(inventory: Inventory, source: Path) -> Listing:
    """Turn the images of a container into refs by the folders that hold them, by identity then name in code points.

    The identity level is the depth at which most images lie (of equals, the deeper). Images at other depths go to
    ``inventory.skipped``. An identity is called as its folder is, whatever lies beside it; a folder above it that is
    named as a group gives the group. Where folders of one name lie in several places that is a smell, and identities
    are called by their paths without the wrappers that all share:

    ==================================  ==========================  ===================
    images in                           identities                  groups
    ==================================  ==========================  ===================
    ``lfw/lfw/A``, ``lfw/lfw/B``        ``A``, ``B``
    ``train/n1``, ``test/n2``           ``n1``, ``n2``
    ``data/African/m.1``                ``m.1``                     ``African``
    ``train/n1``, ``test/n1``           ``train/n1``, ``test/n1``
    ``lfw/A`` alone                     ``A``
    ==================================  ==========================  ===================

    Raises:
        EthnoshardError: no images, most of them in no folder, or two names that read the same.
    """
    images = inventory.images
    depths = _depths(images)
    level = _identity_level(inventory, source, depths)
    places = _at_level(inventory, depths, level)
    folders = [folder for folder, depth in zip(images.folders, depths.tolist(), strict=True) if depth == level]
    same, numbered = same_names(folders), are_shards(folders, images, places)
    form = recognised(_sample(images, places), loose=numbered or len(folders) == 1)
    names = _identity_names(folders, source, by_path=bool(same))
    owner = np.full(len(images.folders), -1, np.int32)
    owner[depths == level] = np.arange(len(folders))
    refs = images.refs(list(names.values()), owner[_chosen(images.folder_of, places)], places)
    _check_names(refs, source)
    smells = [several_parents(same, len(folders), form)] if same else []
    if len(folders) == 1 < len(refs):
        smells.append(one_identity(len(refs), refs[0].identity, form))
    elif numbered and not (same and form is not None and form.layout):
        smells.append(shards(folders, form))
    elif (of_parts := parts(folders, form)) is not None:
        smells.append(of_parts)
    else:
        smells += odd_sizes(refs)
    groups = _groups_of_folders(names)
    return Listing(
        refs=refs,
        skipped=inventory.skipped,
        form=_told(form, folders, groups),
        people=_people(groups),
        smells=tuple(smells),
    )


def arrange_by_layout(inventory: Inventory, source: Path, layout: Layout) -> Listing:
    """Turn the images of a container into refs as a layout reads their paths, by identity then name in code points.

    What doesn't fit the layout goes to ``inventory.skipped``.

    Raises:
        EthnoshardError: no image fits, or two images would have one name.
    """
    if not inventory.images:
        raise _no_image(inventory, source)
    reader = layout.reader()
    people: dict[str, int] = {}
    owners, places, files = array("i"), array("q"), Texts()
    groups: dict[str, set[str]] = defaultdict(set)
    for place, found in enumerate(inventory.images):
        taken = reader.read(found.path)
        if taken is None:
            inventory.skip(f"{NO_FIT} {layout.pattern}", found.path)
            continue
        identity = display(taken.identity)
        owners.append(people.setdefault(identity, len(people)))
        places.append(place)
        files.add(display(taken.rest))
        if taken.group is not None:
            groups[identity].add(display(taken.group))
    if not people:
        raise EthnoshardError(
            f"{source}: none of its {len(inventory.images):,} images fits --layout {layout.pattern!r}; the first is "
            f"{display(min(found.path for found in inventory.images))}"
        )
    refs = inventory.images.refs(list(people), np.array(owners, np.int32), np.array(places, np.int64), files.finish())
    _check_names(refs, source, layout)
    several = {identity: own for identity, own in groups.items() if len(own) > 1}
    smells = [two_groups(several)] if several else []
    if layout.in_name and len(people) == len(refs) > 1:
        smells.append(one_image_each(len(people)))
    else:
        smells += odd_sizes(refs)
    return Listing(
        refs=refs,
        skipped=inventory.skipped,
        form=f"images by the layout {layout.pattern}",
        people=_people({identity: min(own) for identity, own in groups.items() if len(own) == 1}),
        smells=tuple(smells),
    )


def _depths(images: Images) -> NDArray[np.int64]:
    """Of each folder that holds images, how many folders deep these lie."""
    return np.array([folder.count("/") + 1 if folder else 0 for folder in images.folders], np.int64)


def _chosen(column: NDArray[np.int32], places: Integers | None) -> NDArray[np.int32]:
    return column if places is None else column[places]


def _at_level(inventory: Inventory, depths: NDArray[np.int64], level: int) -> Integers | None:
    """Places of the images so deep, None if all are; the others are skipped."""
    right = depths == level
    if right.all():
        return None
    here = right[inventory.images.folder_of]
    others = np.flatnonzero(~here)
    for start in range(0, len(others), _SAMPLE):
        some = others[start : start + _SAMPLE]
        depth = depths[inventory.images.folder_of[some]].tolist()
        for found, own in zip(inventory.images.at(some), depth, strict=True):
            inventory.skip(ABOVE if own < level else BELOW, found.path)
    return np.flatnonzero(here)


def _sample(images: Images, places: Integers | None = None) -> list[str]:
    """Paths of some images from all over, without bytes that no text has."""
    all_places = np.arange(len(images)) if places is None else places
    step = max(1, len(all_places) // _SAMPLE)
    return [display(image.path) for image in images.at(all_places[::step])]


def _check_names(refs: RefTable, source: Path, layout: Layout | None = None) -> None:
    """Refuse two images of one name.

    Raises:
        EthnoshardError: there are two.
    """
    twice = refs.first_twice()
    if twice and layout is not None:
        raise EthnoshardError(
            f"{source}: by --layout {layout.pattern!r} two images are {twice[0].name!r}; let the pattern begin "
            f"a folder higher, as '*/{layout.pattern}', so that what tells them apart is part of their names"
        )
    if twice:
        raise _same_text("image", twice[0].name, source)


def _people(groups: Mapping[str, str]) -> People | None:
    if not groups:
        return None
    rows = pl.DataFrame({IDENTITY: list(groups), GROUP: list(groups.values())}, {IDENTITY: pl.String, GROUP: pl.String})
    return People(rows=rows.sort(IDENTITY), given_by={GROUP: BY_FOLDERS})


def _groups_of_folders(names: Mapping[str, str]) -> dict[str, str]:
    """Identity -> the folder above its own, if all of these are named as groups are."""
    above = {folder: folder.rpartition("/")[0].rpartition("/")[2] for folder in names}
    if not all(map(is_group_folder, set(above.values()))):
        return {}
    return {name: display(above[folder]) for folder, name in names.items()}


def _told(form: KnownForm | None, folders: Iterable[str], groups: Mapping[str, str]) -> str:
    """What the source was taken for, in words."""
    parents = {folder.rpartition("/")[0] for folder in folders if "/" in folder}
    above = sorted({display(parent.rpartition("/")[2]) for parent in parents})
    if groups:
        text = f"group/identity folders, groups {', '.join(sorted(set(groups.values())))}"
    elif len(above) > 1 and all(map(is_split, above)):
        text = f"identity folders in {', '.join(above)}"
    else:
        text = "identity folders"
    return text if form is None else f"{form.name}: {text}"


def _identity_level(inventory: Inventory, source: Path, depths: NDArray[np.int64]) -> int:
    images = inventory.images
    if not len(images):
        raise _no_image(inventory, source)
    at_depth = np.bincount(depths, weights=np.bincount(images.folder_of, minlength=len(depths))).astype(np.int64)
    level = max(range(len(at_depth)), key=lambda depth: (at_depth[depth], depth))
    if level == 0:
        form = recognised(_sample(images), loose=True)
        advice = f"; {form.way_out}" if form is not None and form.loose else ""
        raise EthnoshardError(
            f"{source}: {at_depth[0]} of {len(images)} images lie loose, in no identity's folder. "
            f"{_WANTED}; if this folder is one person's, give the folder above it{advice}"
        )
    return level


def _no_image(inventory: Inventory, source: Path) -> EthnoshardError:
    rest = f"; what it holds: {inventory.summary()}" if inventory.skipped else ": it is empty"
    return EthnoshardError(f"{source} holds no image{rest}. {_WANTED}")


def _identity_names(folders: Sequence[str], source: Path, *, by_path: bool) -> dict[str, str]:
    """Map the raw folder of each identity, all at one depth, to its display name.

    Args:
        folders: of the identities.
        source: for messages.
        by_path: call them by their paths without the wrappers that all share, not by the last folder alone.
    """
    # What the first and the last in order share, all share.
    first, last = (end(folder.split("/") for folder in folders) for end in (min, max))
    wrappers = next((i for i, (a, b) in enumerate(zip(first, last, strict=True)) if a != b), len(first) - 1)
    names: dict[str, str] = {}
    taken: set[str] = set()
    for folder in folders:
        name = display("/".join(folder.split("/")[wrappers:]) if by_path else folder.rpartition("/")[2])
        if name in taken:
            raise _same_text("identity folder", name, source)
        taken.add(name)
        names[folder] = name
    return names


def _same_text(what: str, name: str, source: Path) -> EthnoshardError:
    return EthnoshardError(
        f"{source} holds more than one {what} that reads {name!r} once the bytes that are not UTF-8 are "
        f"written out; rename one of them"
    )
