"""Whose each image of a container is: by the folder that holds it, or by a layout that the user gave."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import GROUP, IDENTITY, Listing, People
from ethnoshard.sources._reader import ImageRef
from ethnoshard.sources.containers._inventory import ImageFile, Inventory, display
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
    level = _identity_level(inventory, source)
    at_level = []
    for found in inventory.images:
        depth = found.path.count("/")
        if depth == level:
            at_level.append(found)
        else:
            inventory.skip(ABOVE if depth < level else BELOW, found.path)

    folders = Counter(found.path.rpartition("/")[0] for found in at_level)
    same, numbered = same_names(folders), are_shards(folders, at_level)
    form = recognised(_sample(at_level), loose=numbered or len(folders) == 1)
    names = _identity_names(folders, source, by_path=bool(same))
    refs = _sorted(
        [
            ImageRef(names[folder], f"{names[folder]}/{display(file)}", found.locator, found.size)
            for found in at_level
            for folder, _, file in [found.path.rpartition("/")]
        ],
        source,
    )
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
        form=_told(form, [folder.split("/") for folder in folders], groups),
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
    refs: list[ImageRef] = []
    groups: dict[str, set[str]] = defaultdict(set)
    for found in inventory.images:
        taken = reader.read(found.path)
        if taken is None:
            inventory.skip(f"{NO_FIT} {layout.pattern}", found.path)
            continue
        identity = display(taken.identity)
        refs.append(ImageRef(identity, f"{identity}/{display(taken.rest)}", found.locator, found.size))
        if taken.group is not None:
            groups[identity].add(display(taken.group))
    if not refs:
        raise EthnoshardError(
            f"{source}: none of its {len(inventory.images):,} images fits --layout {layout.pattern!r}; the first is "
            f"{display(min(found.path for found in inventory.images))}"
        )
    refs = _sorted(refs, source, layout)
    images = Counter(ref.identity for ref in refs)
    several = {identity: own for identity, own in groups.items() if len(own) > 1}
    smells = [two_groups(several)] if several else []
    if layout.in_name and len(images) == len(refs) > 1:
        smells.append(one_image_each(len(images)))
    else:
        smells += odd_sizes(refs)
    return Listing(
        refs=refs,
        skipped=inventory.skipped,
        form=f"images by the layout {layout.pattern}",
        people=_people({identity: min(own) for identity, own in groups.items() if len(own) == 1}),
        smells=tuple(smells),
    )


def _sample(images: Sequence[ImageFile]) -> list[str]:
    """Paths of some images from all over, without bytes that no text has."""
    step = max(1, len(images) // _SAMPLE)
    return [display(image.path) for image in images[::step]]


def _sorted(refs: list[ImageRef], source: Path, layout: Layout | None = None) -> list[ImageRef]:
    refs.sort()
    for before, after in itertools.pairwise(refs):
        if before.name == after.name and layout is not None:
            raise EthnoshardError(
                f"{source}: by --layout {layout.pattern!r} two images are {after.name!r}; let the pattern begin "
                f"a folder higher, as '*/{layout.pattern}', so that what tells them apart is part of their names"
            )
        if before.name == after.name:
            raise _same_text("image", after.name, source)
    return refs


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


def _told(form: KnownForm | None, folders: Sequence[Sequence[str]], groups: Mapping[str, str]) -> str:
    """What the source was taken for, in words."""
    above = sorted({display(path[-2]) for path in folders if len(path) > 1})
    if groups:
        text = f"group/identity folders, groups {', '.join(sorted(set(groups.values())))}"
    elif len(above) > 1 and all(map(is_split, above)):
        text = f"identity folders in {', '.join(above)}"
    else:
        text = "identity folders"
    return text if form is None else f"{form.name}: {text}"


def _identity_level(inventory: Inventory, source: Path) -> int:
    depths = Counter(found.path.count("/") for found in inventory.images)
    if not depths:
        raise _no_image(inventory, source)
    level = max(depths, key=lambda depth: (depths[depth], depth))
    if level == 0:
        form = recognised(_sample(inventory.images), loose=True)
        advice = f"; {form.way_out}" if form is not None and form.loose else ""
        raise EthnoshardError(
            f"{source}: {depths[0]} of {depths.total()} images lie loose, in no identity's folder. "
            f"{_WANTED}; if this folder is one person's, give the folder above it{advice}"
        )
    return level


def _no_image(inventory: Inventory, source: Path) -> EthnoshardError:
    rest = f"; what it holds: {inventory.summary()}" if inventory.skipped else ": it is empty"
    return EthnoshardError(f"{source} holds no image{rest}. {_WANTED}")


def _identity_names(folders: Iterable[str], source: Path, *, by_path: bool) -> dict[str, str]:
    """Map the raw folder of each identity, all at one depth, to its display name.

    Args:
        folders: of the identities.
        source: for messages.
        by_path: call them by their paths without the wrappers that all share, not by the last folder alone.
    """
    paths = {folder: folder.split("/") for folder in folders}
    first, last = min(paths.values()), max(paths.values())  # what these two share, all share
    wrappers = next((i for i, (a, b) in enumerate(zip(first, last, strict=True)) if a != b), len(first) - 1)
    names: dict[str, str] = {}
    raw_of: dict[str, str] = {}
    for folder, path in paths.items():
        name = display("/".join(path[wrappers if by_path else -1 :]))
        if raw_of.setdefault(name, folder) != folder:
            raise _same_text("identity folder", name, source)
        names[folder] = name
    return names


def _same_text(what: str, name: str, source: Path) -> EthnoshardError:
    return EthnoshardError(
        f"{source} holds more than one {what} that reads {name!r} once the bytes that are not UTF-8 are "
        f"written out; rename one of them"
    )
