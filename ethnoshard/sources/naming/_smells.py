"""What suggests that a source is not what it looks like, found before hours are spent on it."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import replace

import numpy as np

from ethnoshard.sources._listing import Smell
from ethnoshard.sources._reader import ImageRef
from ethnoshard.sources._refs import identity_starts
from ethnoshard.sources.containers._images import Images, Integers, display
from ethnoshard.sources.naming._known_forms import KnownForm, is_group_folder, is_split
from ethnoshard.sources.naming._layout import EXAMPLES

LARGEST = 0.2
"""Share of all images beyond which an identity is too large to be a person."""
_FEW = 10
"""Identities below which a fifth of all images is nothing odd; then it is this many times the median."""
_LONGEST_SHARD = 5
"""Digits of a numbered folder's name beyond which it is a person's: CASIA's and others' people have six or seven."""
_SHOWN = 4

_KEEP = "if that is what it is, pass --as-it-is"


def are_shards(folders: Iterable[str], images: Images, places: Integers | None) -> bool:
    """Whether folders are numbered pieces of a dataset and no people.

    They are called 0, 1, 2 ... or 00, 01, 02 ..., or by their first image, as FFHQ's 00000, 01000, 02000 ..., without a
    gap, and no file's name comes in two of them: the files of people's folders are mostly numbered from the first anew.

    Args:
        folders: that hold images.
        images: of the source.
        places: of those in these folders; None for all.
    """
    names = {folder.rpartition("/")[2] for folder in folders}
    if not all(name.isascii() and name.isdigit() and len(name) <= _LONGEST_SHARD for name in names):
        return False
    numbers = sorted(map(int, names))
    if len(names) < 2 or numbers[0] > 1:
        return False
    step = numbers[1] - numbers[0]
    if any(after - before != step for before, after in itertools.pairwise(numbers)) or (step > 1 and len(numbers) < 3):
        return False
    return images.have_names_of_their_own(places)


def same_names(folders: Sequence[str]) -> dict[str, list[str]]:
    """Name of a folder -> the folders that have it, where those are several."""
    times = Counter(folder.rpartition("/")[2] for folder in folders)
    found: dict[str, list[str]] = defaultdict(list)
    for folder in folders:
        name = folder.rpartition("/")[2]
        if times[name] > 1:
            found[name].append(folder)
    return {name: sorted(paths) for name, paths in found.items()}


def one_identity(images: int, identity: str, form: KnownForm | None) -> Smell:
    """All images are one identity's."""
    return Smell(
        what=f"all {images:,} images would be of one identity, {identity!r}",
        way_out=f"{_layout(form)}, or --list TABLE with whose each image is; {_KEEP}",
        of_all=True,
    )


def shards(folders: Iterable[str], form: KnownForm | None) -> Smell:
    """The folders are numbered pieces."""
    names = sorted(display(folder.rpartition("/")[2]) for folder in folders)
    return Smell(
        what=f"the {len(names):,} folders {names[0]} to {names[-1]} look like numbered pieces of a dataset, not like "
        f"people: no file name comes in two of them",
        way_out=f"{_layout(form)}, or --list TABLE with whose each image is; {_KEEP}",
    )


def parts(folders: Iterable[str], form: KnownForm | None) -> Smell | None:
    """All folders with images are called as parts of a set are, or as groups; None where they aren't.

    Args:
        folders: that hold the images, at least two.
        form: what the source was recognised as.
    """
    names = sorted({folder.rpartition("/")[2] for folder in folders})
    what = "parts of a dataset" if all(map(is_split, names)) else "groups" if all(map(is_group_folder, names)) else None
    if what is None or len(names) < 2:
        return None
    return Smell(
        what=f"the {len(names):,} folders that hold the images, {', '.join(names[:_SHOWN])}"
        f"{', ...' if len(names) > _SHOWN else ''}, are called as {what}, not as people",
        way_out=f"{_layout(form)}, or --list TABLE with whose each image is; a set of single faces with attributes, "
        f"such as FairFace, has no identities and trains classifiers only (ethnoshard classifier --help); {_KEEP}",
    )


def several_parents(same: Mapping[str, list[str]], folders: int, form: KnownForm | None) -> Smell:
    """Folders of one name lie in several places: one person would be two."""
    _, paths = min(same.items())
    example = f"{display(paths[0])} and {display(paths[1])}"
    advice = (
        f"pass --layout {form.layout!r} ({form.name})"
        if form is not None and form.layout is not None
        else "pass --layout '{split}/{identity}/*' if the parents are parts of one set, or --layout "
        "'{identity}/{session}/*' if the person is the folder above"
    )
    return Smell(
        what=f"{counted(same, 'folder name lies', 'folder names lie')} under several parents, as {example}: one person "
        f"would be several identities ({folders:,} in all)",
        way_out=f"{advice}; if they are different people, pass --as-it-is",
    )


def odd_sizes(refs: Sequence[ImageRef], say: str = "say by --layout or --list who is who") -> tuple[Smell, ...]:
    """All images are one identity's, or one has so many of them that it is hardly one person; of any form.

    Args:
        refs: of the source.
        say: how to say who is who.
    """
    starts = identity_starts(refs)
    sizes = np.diff(starts, append=len(refs))
    if len(sizes) == 1:
        odd = replace(one_identity(len(refs), refs[0].identity, None), way_out=f"{say}; {_KEEP}")
        return (odd,) if len(refs) > 1 else ()
    largest = int(sizes.argmax())
    most, others = int(sizes[largest]), float(np.median(np.delete(sizes, largest)))
    if most <= LARGEST * len(refs) or (len(sizes) < _FEW and most < _FEW * others):
        return ()
    what = (
        f"the identity {refs[int(starts[largest])].identity!r} has {most:,} of {len(refs):,} images "
        f"({most / len(refs):.0%}); the median of the others is {others:,.0f}"
    )
    return (Smell(what=what, way_out=f"look whether it is a person; {say}; {_KEEP}", of_all=True),)


def one_image_each(identities: int) -> Smell:
    """A layout reads as many identities in files' names as there are files."""
    return Smell(
        what=f"each of the {identities:,} identities that the layout reads has one image",
        way_out=f"see the names: a field too much belongs to {{identity}}. A literal text may bound it, as "
        f"'{{identity}}_rm*' does; {_KEEP}",
    )


def two_groups(people: Mapping[str, set[str]]) -> Smell:
    """An identity lies in the folders of several groups."""
    identity, groups = min(people.items())
    return Smell(
        what=f"{counted(people, 'identity lies', 'identities lie')} in folders of several groups, as {identity!r} in "
        f"{' and '.join(sorted(groups))}; they get no group",
        way_out="if they are different people, rename one of the folders; if each is one person, move the images "
        "together; to go on without a group for them, pass --as-it-is",
    )


def _layout(form: KnownForm | None) -> str:
    if form is not None and form.way_out:
        return form.way_out
    return f"say by --layout where the identity stands in the path, as {EXAMPLES}"


def counted(things: Sized, one: str, several: str) -> str:
    """``1 identity``, ``2 identities``."""
    return f"{len(things):,} {one if len(things) == 1 else several}"
