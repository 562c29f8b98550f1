from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ethnoshard.shards import (
    FaceDataset,
    composition,
    describe,
    failure_table,
    label_words,
    left_out_table,
    settings_table,
    shard_table,
    status_table,
)
from ethnoshard.shards._manifest import LabelRecord, LeftOut
from tests.kit.datasets import write_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> FaceDataset:
    return FaceDataset.open(write_dataset(tmp_path / "people.dataset", [[9, 6, 7], [4, 5], [1]]))


def changed(dataset: FaceDataset, **manifest: Any) -> FaceDataset:
    return replace(dataset, manifest=replace(dataset.manifest, **manifest))


def test_the_composition_counts_everybody_and_every_face_the_largest_group_first(dataset: FaceDataset) -> None:
    rows = composition(dataset.identities)
    groups = {group.name: group for group in describe(dataset).groups}
    assert rows["faces"].to_list() == sorted((group.faces for group in groups.values()), reverse=True)
    for row in rows.iter_rows(named=True):
        group = groups[row["group"]]
        assert (row["people"], row["least"], row["most"]) == (group.identities, group.least, group.most)
        assert row["faces_share"] == pytest.approx(group.share)
    assert rows["people_share"].sum() == pytest.approx(1) == rows["faces_share"].sum()


def test_the_table_of_shards_is_that_of_the_manifest(dataset: FaceDataset) -> None:
    rows = shard_table(dataset)
    assert rows["faces"].sum() == len(dataset.faces()) and rows["people"].sum() == len(dataset.identities)
    assert rows["MiB"][0] == dataset.manifest.shards[0].bytes / 2**20


def test_whose_labels_they_are_stands_in_the_words_of_the_evaluation(dataset: FaceDataset) -> None:
    def words(*sources: str) -> str:
        return label_words(changed(dataset, label=LabelRecord(sources=list(sources))))

    assert words("classifier shipped 5cc") == "perceived ethnicity as predicted by classifier shipped 5cc"
    assert words("file a.csv", "classifier x") == (
        "as given by file a.csv; perceived ethnicity as predicted by classifier x"
    )
    assert words() == "of an unknown source"


def test_what_of_the_source_is_missing_is_counted_with_its_reason(dataset: FaceDataset) -> None:
    align = dataset.manifest.align
    align = replace(
        align,
        source=replace(align.source, name="photos", skipped={"no image": 2}),
        statuses={"aligned": 6, "no_face": 2},
        reasons={"too dark": 2, "cut": 5},
    )
    own = changed(dataset, align=align, left_out={"no group": LeftOut(identities=3, faces=7)})
    assert status_table(own).rows() == [("aligned", 6, 0.75), ("no face", 2, 0.25)]
    assert failure_table(own).rows() == [("cut", 5), ("skipped: no image", 2), ("too dark", 2)]
    assert left_out_table(own).rows() == [("no group", 3, 7)]
    assert dict(settings_table(own).rows())["source"] == "photos (folder)"
    assert failure_table(dataset).is_empty() and status_table(dataset).is_empty()
