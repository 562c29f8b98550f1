from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard.views.dataset import (
    composition_title,
    confidence_title,
    faces_title,
    left_out_title,
    sample_of,
    shard_title,
)
from ethnoshard.charts import faces_per_person, percent
from ethnoshard.charts._datasets import bins
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards import composition
from ethnoshard.shards._format import IDENTITIES_SCHEMA

Page = Callable[..., AppTest]


def people_of(*people: tuple[str, int, float | None]) -> pl.DataFrame:
    """Rows of identities: group, number of faces, confidence of the label."""
    return pl.DataFrame(
        {
            "identity": [f"p{number}" for number in range(len(people))],
            "group": [group for group, _, _ in people],
            "confidence": [confidence for _, _, confidence in people],
            "shard": [0] * len(people),
            "offset": [0] * len(people),
            "length": [1] * len(people),
            "faces": [faces for _, faces, _ in people],
        },
        schema=IDENTITIES_SCHEMA,
    )


def faces_of(*counts: int, group: str = "A") -> pl.DataFrame:
    """Faces of people, as the shelf has them."""
    people = [f"p{number}" for number, count in enumerate(counts) for _ in range(count)]
    return pl.DataFrame({"identity": people, "group": [group] * len(people), "offset": range(len(people))})


def test_the_title_says_the_largest_and_the_smallest_share_of_people_and_faces() -> None:
    skewed = people_of(("A", 30, None), ("A", 28, None), ("A", 12, None), ("B", 30, None))
    title = composition_title(composition(skewed))
    assert title == "A is 75 % of the people and 70 % of the faces; B 25 % and 30 %"
    assert composition_title(composition(people_of(("A", 3, None)))) == "Everybody is of one group, A"


@pytest.mark.parametrize(
    ("share", "text"), [(0.583, "58 %"), (0.0594, "5.9 %"), (0.0004, "0.04 %"), (0.0, "0 %"), (1.0, "100 %")]
)
def test_a_share_has_two_digits(share: float, text: str) -> None:
    assert percent(share) == text


def test_bins_are_whole_numbers_of_faces_and_hold_everybody() -> None:
    rng = np.random.default_rng(0)
    for counts in (np.array([7]), np.arange(3, 20), 1 + rng.pareto(1.1, 500).astype(np.int64)):
        edges = bins(counts)
        assert edges == sorted(set(edges))
        assert edges[0] == counts.min()
        assert edges[-1] == counts.max() + 1
        assert np.histogram(counts, edges)[0].sum() == len(counts)


def test_each_groups_histogram_is_of_its_own_people() -> None:
    shown = people_of(("A", 2, None), ("A", 2, None), ("A", 3, None), ("B", 3, None))
    drawn = faces_per_person(shown, ["A", "B"], {"A": "#000000", "B": "#111111"})
    shares = {line.name: [round(share) for share in line.y] for line in drawn.data}
    assert shares == {"A": [67, 33], "B": [0, 100]}


def test_people_with_one_face_are_said_to_have_no_pair() -> None:
    rows = people_of(("A", 1, None), ("A", 5, None), ("A", 6, None))
    title = faces_title(rows)
    assert title == "Half of the people have 5 faces or more, at most 6; 1 (33 %) have one, and so no pair"
    alone = people_of(("A", 1, None), ("A", 1, None), ("A", 6, None))
    assert faces_title(alone).startswith("2 of 3 people (67 %) have one")


def test_labels_without_a_confidence_are_said_to_have_none() -> None:
    unsure = composition(people_of(("A", 1, None), ("B", 1, None)))
    assert confidence_title(unsure) == "The labels came without a confidence"
    half = composition(people_of(("A", 1, 0.5), ("A", 1, None), ("B", 1, 0.75)))
    title = confidence_title(half)
    assert title == "A is labelled with the least confidence, 0.50 on average; B with the most, 0.75"


def test_what_was_left_out_is_counted_among_all_people_with_faces() -> None:
    rows = pl.DataFrame({"reason": ["no group"], "people": [10], "faces": [70]})
    assert left_out_title(rows, 30) == ("10 of 40 people with faces (25 %), 70 faces, were left out when packing")


def test_shards_of_one_group_are_compared_among_themselves() -> None:
    rows = pl.DataFrame({"group": ["A", "A", "B"], "MiB": [60.0, 40.0, 2.0]})
    assert shard_title(rows) == "3 shards of 2.0 to 60.0 MiB; those of A differ most, by 50 %"
    assert shard_title(rows.filter(pl.col("MiB") != 40)).endswith("MiB, one a group")


def test_a_sheet_shows_another_person_in_each_face_while_there_are_enough() -> None:
    faces = faces_of(50, 1, 2, 1)
    assert sample_of(faces, "A", 4, 0)["identity"].n_unique() == 4
    assert sample_of(faces, "A", 6, 0)["identity"].n_unique() == 4
    assert len(sample_of(faces, "A", 6, 0)) == 6
    assert len(sample_of(faces, "A", 500, 0)) == len(faces)
    assert sample_of(faces, "B", 4, 0).is_empty()


def test_a_draw_gives_the_same_faces_again_and_another_draw_others() -> None:
    faces = faces_of(*[5] * 20)
    assert sample_of(faces, "A", 6, 3).equals(sample_of(faces, "A", 6, 3))
    assert not sample_of(faces, "A", 6, 3).equals(sample_of(faces, "A", 6, 4))
    with pytest.raises(EthnoshardError, match="at least 0"):
        sample_of(faces, "A", 6, -1)


def test_a_link_picks_the_dataset_and_the_sheet(page: Page, full: Given) -> None:
    test = page("dataset", full, dataset="tested.dataset", faces="24", draw="3")
    assert test.selectbox(key="dataset").value == "tested.dataset"
    assert test.selectbox(key="faces").value == "24"
    assert test.number_input(key="draw").value == 3
    assert not test.warning


def test_what_a_link_names_and_nobody_gave_is_not_opened(page: Page, full: Given) -> None:
    test = page("dataset", full, dataset="../tested", draw="-7")
    assert test.selectbox(key="dataset").value == "trained.dataset"
    assert test.number_input(key="draw").value == 0
    assert "was not found" in test.warning[0].value
    assert not test.exception


def test_datasets_that_cannot_be_opened_are_listed_with_their_reason(page: Page, broken: Given, full: Given) -> None:
    given = Given(runs=broken.runs, datasets=(*broken.datasets, full.datasets[0]))
    test = page("dataset", given)
    reasons = [warning.value for warning in test.warning]
    assert len(reasons) == 2
    assert "lost" in reasons[0]
    assert "not a dataset folder" in reasons[0]
    assert "damaged" in reasons[1]
    # The third is shown all the same.
    assert test.selectbox(key="dataset").options == ["trained.dataset"]
    assert test.metric
