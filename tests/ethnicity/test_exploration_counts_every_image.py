"""What a collection holds, counted by class, gender and ten years of age; the sums agree."""

import json
from pathlib import Path

import numpy as np

from ethnoshard._json import as_json, from_json
from ethnoshard.ethnicity._collection import Exploration, explore
from ethnoshard.ethnicity._taxonomy import taxonomy
from ethnoshard.sources import ImageRef, LabelledFaces, Remark

PEOPLE = [  # age, gender, class
    (0, 0, 0),
    (9, 1, 0),
    (10, 1, 0),
    (79, 0, 2),
    (80, 1, 2),
    (116, 1, 4),
]
BANDS = ["0-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70-79", "80+"]


def explored(
    collection: str = "utkface", people: list[tuple[int, int, int]] = PEOPLE, left_out: tuple[Remark, ...] = ()
) -> Exploration:
    ages, genders, classes = (np.array(column, np.int64) for column in zip(*people, strict=True))
    return explore(
        LabelledFaces(
            path=Path("nowhere"),
            kind="folder",
            collection=collection,
            refs=[ImageRef("", f"{number}.jpg", f"{number}.jpg", 1) for number in range(len(people))],
            classes=classes,
            ages=ages,
            genders=genders,
            malformed=["x.jpg", "y.jpg"],
            skipped={},
            left_out=left_out,
        )
    )


def test_images_are_counted_by_class_gender_and_age() -> None:
    found = explored()
    assert (found.total, found.malformed) == (6, 2)
    assert found.by_class == {"White": 3, "Black": 0, "Asian": 2, "Indian": 0, "Others": 1}
    assert found.by_gender == {"male": 2, "female": 4}
    assert list(found.by_age) == BANDS
    assert {band: count for band, count in found.by_age.items() if count} == {
        "0-9": 2,
        "10-19": 1,
        "70-79": 1,
        "80+": 2,
    }


def test_classes_are_crossed_with_gender_and_age() -> None:
    found = explored()
    assert found.class_by_gender["White"] == {"male": 1, "female": 2}
    assert found.class_by_gender["Asian"] == {"male": 1, "female": 1}
    assert {band: count for band, count in found.class_by_age["Asian"].items() if count} == {"70-79": 1, "80+": 1}
    for name, count in found.by_class.items():
        assert sum(found.class_by_gender[name].values()) == sum(found.class_by_age[name].values()) == count
    for band in BANDS:
        assert sum(row[band] for row in found.class_by_age.values()) == found.by_age[band]
    for gender, count in found.by_gender.items():
        assert sum(row[gender] for row in found.class_by_gender.values()) == count


def test_the_classes_are_those_of_the_collection() -> None:
    assert tuple(explored("fairface").by_class) == taxonomy("fairface").classes


def test_it_is_read_from_json_as_it_was_written() -> None:
    found = explored(left_out=(Remark(reason="unknown race", count=2, first="table.csv, line 4"),))
    content = json.loads(json.dumps(as_json(found)))
    assert from_json(Exploration, content, "a card") == found


def test_images_of_unknown_age_or_gender_are_counted_as_such_and_what_is_left_out_with_its_reason() -> None:
    remark = Remark(reason="unknown race", count=2, first="table.csv, line 4: x.jpg, 'Martian'")
    found = explored(people=[*PEOPLE, (-1, -1, 2), (-1, 0, 2)], left_out=(remark,))
    assert list(found.by_age) == [*BANDS, "unknown"] and found.by_age["unknown"] == 2
    assert found.by_gender == {"male": 3, "female": 4, "unknown": 1}
    assert found.class_by_age["Asian"]["unknown"] == 2 and found.class_by_gender["Asian"]["unknown"] == 1
    assert found.left_out == (remark,)
