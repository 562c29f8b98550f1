"""What suggests that a source is not what it looks like, found before hours are spent on it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import median

from ethnoshard.sources._inventory import ImageFile, display
from ethnoshard.sources._known_forms import KnownForm
from ethnoshard.sources._layout import EXAMPLES
from ethnoshard.sources._listing import Smell

LARGEST = 0.2
"""Share of all images beyond which an identity is too large to be a person."""
_FEW = 10
"""Identities below which a fifth of all images is nothing odd; then it is this many times the median."""
_LONGEST_SHARD = 5
"""Digits of a numbered folder's name beyond which it is a person's: CASIA's and others' people have six or seven."""

_KEEP = "if that is what it is, pass --as-it-is"


def are_shards(folders: Mapping[str, int], images: Sequence[ImageFile]) -> bool:
    """Whether folders are numbered pieces of a dataset and no people.

    They are called 0, 1, 2 ... or 00, 01, 02 ... without a gap, and no file's name comes in two of them: the files of
    people's folders are mostly numbered from the first anew.

    Args:
        folders: folder -> number of images.
        images: all of them.
    """
    names = {folder.rpartition("/")[2] for folder in folders}
    if not all(name.isascii() and name.isdigit() and len(name) <= _LONGEST_SHARD for name in names):
        return False
    numbers = sorted(map(int, names))
    if len(names) < 2 or numbers[0] > 1 or numbers[-1] - numbers[0] != len(numbers) - 1:
        return False
    files = {image.path.rpartition("/")[2] for image in images}
    return len(files) == len(images)


def same_names(folders: Iterable[str]) -> dict[str, list[str]]:
    """Name of a folder -> the folders that have it, where those are several."""
    found: dict[str, list[str]] = defaultdict(list)
    for folder in folders:
        found[folder.rpartition("/")[2]].append(folder)
    return {name: sorted(paths) for name, paths in found.items() if len(paths) > 1}


def one_identity(images: int, identity: str, form: KnownForm | None) -> Smell:
    """All images are one identity's."""
    return Smell(
        what=f"all {images:,} images would be of one identity, {identity!r}",
        way_out=f"{_layout(form)}, or --list TABLE with whose each image is; {_KEEP}",
        of_all=True,
    )


def shards(folders: Mapping[str, int], form: KnownForm | None) -> Smell:
    """The folders are numbered pieces."""
    names = sorted(display(folder.rpartition("/")[2]) for folder in folders)
    return Smell(
        what=f"the {len(names):,} folders {names[0]} to {names[-1]} look like numbered pieces of a dataset, not like "
        f"people: no file name comes in two of them",
        way_out=f"{_layout(form)}, or --list TABLE with whose each image is; {_KEEP}",
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
        what=f"{len(same):,} folder names lie under several parents, as {example}: one person would be several "
        f"identities ({folders:,} in all)",
        way_out=f"{advice}; if they are different people, pass --as-it-is",
    )


def too_large(images: Mapping[str, int]) -> Smell | None:
    """An identity has so many of the images that it is hardly one person.

    Args:
        images: identity -> number of its images.
    """
    if len(images) < 2:
        return None
    identity, most = max(images.items(), key=lambda item: item[1])
    everybody = sum(images.values())
    others = median(number for name, number in images.items() if name != identity)
    if most <= LARGEST * everybody or (len(images) < _FEW and most < _FEW * others):
        return None
    return Smell(
        what=f"the identity {identity!r} has {most:,} of {everybody:,} images ({most / everybody:.0%}); the median of "
        f"the others is {others:,.0f}",
        way_out=f"look whether it is a person: take it out, or say by --layout or --list who is who; {_KEEP}",
        of_all=True,
    )


def of_numbers(images: Mapping[str, int], say: str) -> tuple[Smell, ...]:
    """What is odd about how many images the identities have, whatever the form.

    Args:
        images: identity -> number of its images.
        say: how to say who is who.
    """
    everybody = sum(images.values())
    if len(images) == 1 < everybody:
        return (replace(one_identity(everybody, next(iter(images)), None), way_out=f"{say}; {_KEEP}"),)
    large = too_large(images)
    return () if large is None else (replace(large, way_out=f"look whether it is a person; {say}; {_KEEP}"),)


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
        what=f"{len(people):,} identities lie in folders of several groups, as {identity!r} in "
        f"{' and '.join(sorted(groups))}; they get no group",
        way_out="if they are different people, rename one of the folders; if each is one person, move the images "
        "together; to go on without a group for them, pass --as-it-is",
    )


def _layout(form: KnownForm | None) -> str:
    if form is not None and form.way_out:
        return form.way_out
    return f"say by --layout where the identity stands in the path, as {EXAMPLES}"
