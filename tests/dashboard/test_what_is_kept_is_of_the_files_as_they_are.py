"""A file read before is read again when it was written anew; faces are shown of the photographs that were measured."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard._faces import dataset_of, same_source
from dashboard._given import Given
from dashboard._shelf import Shelf
from ethnoshard.results import RateBenchmark, Source, Spread
from ethnoshard.shards import FaceDataset


def test_results_rewritten_under_their_old_time_and_size_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "packing.json"
    path.write_text('{"rates": {"x": {"median": 1}}}')
    shelf = Shelf(Given(runs=tmp_path, benchmarks=tmp_path))
    assert shelf.benchmarks() == {"packing": RateBenchmark(rates={"x": Spread(median=1)})}
    before = path.stat()
    while path.stat().st_ctime_ns == before.st_ctime_ns:  # until the file system's clock has moved on
        path.write_text('{"rates": {"x": {"median": 2}}}')
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert shelf.benchmarks() == {"packing": RateBenchmark(rates={"x": Spread(median=2)})}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"source_digest": "d", "source_contents": "c"}, {"source_digest": "d", "source_contents": "c"}, True),
        ({"source_digest": "d", "source_contents": "c"}, {"source_digest": "d", "source_contents": "e"}, False),
        ({"source_digest": "d", "source_contents": "c"}, {"source_digest": "d"}, True),
        ({"source_digest": "d"}, {"source_digest": "d", "source_contents": None}, True),
        ({"source_digest": "d"}, {"source_digest": "f"}, False),
        ({}, {"source_digest": None}, False),
    ],
)
def test_photographs_are_the_same_by_what_they_hold_or_where_that_is_not_known_by_name_and_size(
    one: dict[str, str], other: dict[str, str | None], same: bool
) -> None:
    first, second = (Source(kind="dataset", name="x", **about) for about in (one, other))
    assert same_source(first, second) is same_source(second, first) is same


def test_no_faces_are_shown_of_a_dataset_of_other_photographs_with_the_same_names(
    noise_dataset: Path, tmp_path: Path
) -> None:
    shelf = Shelf(Given(runs=tmp_path, datasets=(noise_dataset,)))
    source = FaceDataset.open(noise_dataset).manifest.align.source
    images = Source(kind="dataset", name="x", source_digest=source.digest, source_contents=source.contents)
    itself = replace(images, source_digest=shelf.datasets[0].dataset.fingerprint, source_contents=None)
    assert dataset_of(shelf, images) == shelf.datasets[0]
    assert dataset_of(shelf, replace(images, source_contents="0" * 64)) is None
    assert dataset_of(shelf, replace(images, source_contents=None)) == shelf.datasets[0]
    assert dataset_of(shelf, itself) == shelf.datasets[0]
    assert dataset_of(shelf, None) is None
