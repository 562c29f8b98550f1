"""Which groups can be read as others, and which images test a classifier."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity._split import split_faces
from ethnoshard.ethnicity._taxonomy import mapping, taxonomy

NAMES = ("A", "B", "C")


def test_a_documented_mapping_and_a_refusal_with_its_reason() -> None:
    assert mapping("fairface", "utkface").tolist() == [0, 1, 4, 2, 2, 3, 4]
    assert mapping("utkface", "utkface").tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(EthnoshardError, match="Others is not Hispanic alone"):
        mapping("utkface", "seed")
    with pytest.raises(EthnoshardError, match="no taxonomy is called 'x'; there are utkface, seed, fairface"):
        taxonomy("x")


@given(st.lists(st.integers(10, 60), min_size=3, max_size=3), st.integers(0, 5), st.randoms())
def test_the_split_is_of_each_class_and_does_not_depend_on_the_order(counts: list[int], seed: int, rng) -> None:
    labelled = [(f"{number}-{image}", number) for number, count in enumerate(counts) for image in range(count)]
    split = split_faces(
        [name for name, _ in labelled], np.array([label for _, label in labelled]), seed=seed, class_names=NAMES
    )
    parts = [split.train, split.validation, split.test]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labelled)))
    for number, count in enumerate(counts):
        tested = sum(labelled[index][1] == number for index in split.test)
        chosen = sum(labelled[index][1] == number for index in split.validation)
        assert tested == round(0.3 * count) and chosen == round(0.12 * (count - tested))
    rng.shuffle(labelled)
    other = split_faces(
        [name for name, _ in labelled], np.array([label for _, label in labelled]), seed=seed, class_names=NAMES
    )
    assert other.digest == split.digest


def test_the_test_part_depends_on_the_seed_and_not_on_the_validation_share() -> None:
    names, classes = [f"{number:03d}" for number in range(90)], np.arange(90) % 3
    one = split_faces(names, classes, seed=0, class_names=NAMES)
    assert split_faces(names, classes, seed=0, validation=0.4, class_names=NAMES).test.tolist() == one.test.tolist()
    assert split_faces(names, classes, seed=1, class_names=NAMES).test.tolist() != one.test.tolist()


@pytest.mark.parametrize(
    ("classes", "words"),
    [([0] * 20 + [1] * 20, "class C has no image"), ([0] * 20 + [1] * 20 + [2], "class C has 1 images, too few")],
)
def test_a_class_without_enough_images_is_named(classes: list[int], words: str) -> None:
    with pytest.raises(EthnoshardError, match=words):
        split_faces([str(number) for number in range(len(classes))], np.array(classes), seed=0, class_names=NAMES)
