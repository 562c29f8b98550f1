"""70/30 within each class, by seed alone: not by the order of files, not by what is carved for validation."""

import hashlib
import json
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity._collection import Split, split_faces

NAMES = ("A", "B", "C")


def split(labelled: list[tuple[str, int]], **options: float) -> Split:
    classes = np.array([label for _, label in labelled], np.int64)
    return split_faces([name for name, _ in labelled], classes, **{"seed": 0, "class_names": NAMES, **options})


def faces(*counts: int) -> list[tuple[str, int]]:
    return [(f"{image}-{number}", number) for number, count in enumerate(counts) for image in range(count)]


def named(labelled: list[tuple[str, int]], part: np.ndarray) -> list[str]:
    return sorted(labelled[index][0] for index in part)


@given(st.lists(st.integers(10, 60), min_size=3, max_size=3), st.integers(0, 5))
def test_every_image_is_in_one_part_and_the_shares_hold_in_each_class(counts: list[int], seed: int) -> None:
    labelled = faces(*counts)
    found = split(labelled, seed=seed)
    parts = [found.train, found.validation, found.test]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labelled)))
    assert all(part.tolist() == sorted(part.tolist()) for part in parts)
    for number, count in enumerate(counts):
        tested, chosen = (
            sum(labelled[index][1] == number for index in part) for part in (found.test, found.validation)
        )
        assert tested == round(0.3 * count) and chosen == round(0.12 * (count - tested))


@given(st.randoms(), st.integers(0, 5))
def test_the_order_in_which_files_are_listed_does_not_matter(shuffler: random.Random, seed: int) -> None:
    labelled = faces(20, 30, 40)
    found = split(labelled, seed=seed)
    shuffled = labelled.copy()
    shuffler.shuffle(shuffled)
    other = split(shuffled, seed=seed)
    for part in ("train", "validation", "test"):
        assert named(shuffled, getattr(other, part)) == named(labelled, getattr(found, part))
    assert other.digest == found.digest


def test_the_test_part_depends_on_the_seed_and_neither_on_validation_nor_on_other_classes() -> None:
    labelled = faces(30, 30, 30)
    found = split(labelled)
    assert split(labelled, validation=0.4).test.tolist() == found.test.tolist()
    assert split(labelled, seed=1).test.tolist() != found.test.tolist()
    more = faces(30, 30, 50)
    assert [name for name in named(more, split(more).test) if name[-1] != "2"] == [
        name for name in named(labelled, found.test) if name[-1] != "2"
    ]


def test_classes_are_drawn_apart() -> None:
    """Not the same places in every class, though all have the same number of images."""
    labelled = faces(30, 30, 30)
    places = [{labelled[i][0][:-2] for i in split(labelled).test if labelled[i][1] == number} for number in range(3)]
    assert places[0] != places[1] != places[2]


def test_the_split_is_the_same_in_every_version() -> None:
    """A card vouches for a test part by seed and digest: another draw would let training images test."""
    found = split(faces(10, 12, 14), seed=3)
    assert found.seed == 3
    assert found.test.tolist() == [3, 5, 8, 14, 16, 17, 21, 28, 29, 33, 35]
    listed = [named(faces(10, 12, 14), part) for part in (found.train, found.validation, found.test)]
    assert found.digest == hashlib.sha256(json.dumps(listed).encode()).hexdigest()


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((20, 20, 0), "class C has no image, and a classifier needs some of every class"),
        ((0, 20, 20), "class A has no image"),
        (
            (20, 20, 1),
            "class C has too few images, 1, for all three parts: 1 to train, 0 to validate, 0 to test; add images of "
            "it, or change the shares 0.3 and 0.12",
        ),
        ((20, 6, 20), "class B has too few images, 6, for all three parts: 4 to train, 0 to validate, 2 to test"),
    ],
)
def test_a_class_without_enough_images_is_named_with_the_numbers(counts: tuple[int, ...], words: str) -> None:
    with pytest.raises(EthnoshardError, match=words):
        split(faces(*counts))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"test": 0.0}, "the share of test must be above 0 and below 1, got 0"),
        ({"test": 1.0}, "the share of test must be above 0 and below 1, got 1"),
        ({"validation": float("nan")}, "the share of validation must be above 0 and below 1, got nan"),
    ],
)
def test_a_seed_or_share_out_of_range_is_refused(options: dict[str, float], words: str) -> None:
    with pytest.raises(EthnoshardError, match=words):
        split(faces(20, 20, 20), **options)


def test_two_images_of_one_name_or_a_class_without_one_are_never_split() -> None:
    with pytest.raises(ValueError, match="1 of 61 images have the name of another"):
        split([*faces(20, 20, 20), ("0-0", 0)])
    with pytest.raises(ValueError, match="classes run from 0 to 3; 3 have names"):
        split(faces(20, 20, 20, 20))
