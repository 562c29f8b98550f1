"""What a collection holds: the seed's first step (Kalinga 2020, section 4.1.1)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ethnoshard.ethnicity._taxonomy import taxonomy
from ethnoshard.sources import LabelledFaces, plain

GENDERS = ("male", "female")
UNKNOWN = "unknown"
"""The band, or gender, of images of which the collection doesn't say it."""
_OLD = 80


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """Counts of images; every class, gender and band of ages is there, "unknown" ones only where there are such.

    Attributes:
        total: usable ones.
        malformed: left out because of their name or row; not in any other count.
        by_class: class -> images, in the taxonomy's order.
        by_gender: male, female -> images.
        by_age: ten years, ``0-9`` to ``70-79`` and ``80+`` -> images. FairFace gives ranges: by their lower end.
        class_by_gender: class -> gender -> images.
        class_by_age: class -> ten years -> images.
        left_out: images, rows and files that are in no count: reason, count and the first of each.
        kept: images that are counted though something in their row is not as it should be, likewise.
    """

    total: int
    malformed: int
    by_class: dict[str, int]
    by_gender: dict[str, int]
    by_age: dict[str, int]
    class_by_gender: dict[str, dict[str, int]]
    class_by_age: dict[str, dict[str, int]]
    left_out: list[dict[str, str | int]]
    kept: list[dict[str, str | int]]


def age_band(age: int) -> str:
    """Ten years of age, by name: "30-39", "80+"; "unknown" for -1."""
    if age < 0:
        return UNKNOWN
    return f"{_OLD}+" if age >= _OLD else f"{age // 10 * 10}-{age // 10 * 10 + 9}"


def gender_name(number: int) -> str:
    """ "male", "female"; "unknown" for -1."""
    return UNKNOWN if number < 0 else GENDERS[number]


BANDS = tuple(age_band(age) for age in range(0, _OLD + 1, 10))


def explore(faces: LabelledFaces) -> Exploration:
    """Count a collection by class, gender and age; ``dataclasses.asdict`` of it is ready for JSON.

    Args:
        faces: the listing; no image is read.
    """
    names = taxonomy(faces.collection).classes
    classes = [names[number] for number in faces.classes]
    genders = [gender_name(number) for number in faces.genders.tolist()]
    bands = [age_band(age) for age in faces.ages.tolist()]
    gender_order = GENDERS + ((UNKNOWN,) if UNKNOWN in genders else ())
    band_order = BANDS + ((UNKNOWN,) if UNKNOWN in bands else ())
    return Exploration(
        total=len(classes),
        malformed=len(faces.malformed),
        by_class=_counts(classes, names),
        by_gender=_counts(genders, gender_order),
        by_age=_counts(bands, band_order),
        class_by_gender=_crossed(classes, names, genders, gender_order),
        class_by_age=_crossed(classes, names, bands, band_order),
        left_out=plain(faces.left_out),
        kept=plain(faces.kept),
    )


def _counts(values: Iterable[str], order: Iterable[str]) -> dict[str, int]:
    counts = Counter(values)
    return {name: counts[name] for name in order}


def _crossed(
    rows: list[str], row_order: Iterable[str], columns: list[str], column_order: tuple[str, ...]
) -> dict[str, dict[str, int]]:
    pairs = list(zip(rows, columns, strict=True))
    return {name: _counts((column for row, column in pairs if row == name), column_order) for name in row_order}
