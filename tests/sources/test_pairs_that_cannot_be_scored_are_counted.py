"""A pair whose image is missing is shown with its kind and person, and nothing is dropped unless somebody says so."""

from pathlib import Path

from pair_lists import lfw_lines, write

from ethnoshard.sources import PairList, read_lfw_pairs


def read(tmp_path: Path) -> PairList:
    return read_lfw_pairs(write(tmp_path / "pairs.txt", lfw_lines(2, 3)))


def test_nothing_is_missing(tmp_path: Path) -> None:
    pairs = read(tmp_path)
    missing = pairs.missing(pairs.images())
    assert not missing and missing.complete.all() and (missing.same, missing.different) == (0, 0)


def test_an_image_and_a_whole_person(tmp_path: Path) -> None:
    pairs = read(tmp_path)
    # Person_0_1 is wholly gone (1, 2 and 3); of Person_1_2 only image 2, which is in a different pair.
    gone = {key for key in pairs.images() if key.startswith("Person_0_1/")} | {"Person_1_2/Person_1_2_0002.jpg"}
    missing = pairs.missing([key for key in pairs.images() if key not in gone])
    assert missing and set(missing.images) == gone
    assert missing.people == ("Person_0_1",)
    assert (missing.same, missing.different) == (1, 3)
    assert missing.complete.tolist() == [True, False, True, False, False, True] + [True] * 5 + [False]
    assert str(missing).endswith(
        "4 images are not there, so 4 of 12 pairs can't be scored (1 same, 3 different); of 1 people there is no image "
        "at all"
    )
    left = pairs.select(missing.complete)
    assert len(left) == 8 and not left.missing(set(pairs.images()) - gone)
    assert left.fold.tolist() == pairs.fold[missing.complete].tolist()
