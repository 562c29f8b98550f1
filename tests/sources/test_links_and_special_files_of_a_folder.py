import os
from pathlib import Path

import pytest
from containers import PackAs

from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources import open_source
from ethnoshard.sources.containers._folder import BROKEN_LINK, LOOP


def test_links_to_files_and_identity_folders_are_followed(tmp_path: Path, pack_as: PackAs) -> None:
    pool = pack_as("folder", {"A/1.jpg": b"a1", "B/1.jpg": b"b1"})
    subset = tmp_path / "subset"
    (subset / "C").mkdir(parents=True)
    (subset / "A").symlink_to(pool / "A")
    (subset / "C" / "other.jpg").symlink_to(pool / "B" / "1.jpg")
    source = open_source(subset)

    assert [(ref.name, ref.size) for ref in source.refs] == [("A/1.jpg", 2), ("C/other.jpg", 2)]
    assert source.skipped == {}
    with source.open() as reader:
        assert [reader.read(ref) for ref in source.refs] == [b"a1", b"b1"]


def test_a_folder_linked_twice_is_listed_twice(pack_as: PackAs) -> None:
    root = pack_as("folder", {"A/1.jpg": b"a", "A/2.jpg": b"a"})
    (root / "B").symlink_to("A")
    (root / "C").symlink_to("A")
    assert len(open_source(root).refs) == 6


def test_a_link_upwards_ends(pack_as: PackAs) -> None:
    root = pack_as("folder", {"A/1.jpg": b"a", "A/2.jpg": b"a"})
    (root / "A" / "up").symlink_to(root)
    (root / "A" / "itself").symlink_to("itself")
    source = open_source(root)

    assert [ref.name for ref in source.refs] == ["A/1.jpg", "A/2.jpg"]
    assert source.skipped == {LOOP: ["A/up"], BROKEN_LINK: ["A/itself"]}


def test_folders_that_all_link_to_each_other_end(pack_as: PackAs) -> None:
    people = [f"p{i:02}" for i in range(12)]
    root = pack_as("folder", {f"{person}/{i}.jpg": b"x" for person in people for i in range(20)})
    for person in people:
        for other in people:
            if other != person:
                (root / person / other).symlink_to(root / other)
    source = open_source(root)  # 12! paths if links were followed without bound
    assert sum(map(len, source.skipped.values())) < 10_000


def test_what_is_no_file_is_skipped_unopened(pack_as: PackAs) -> None:
    root = pack_as("folder", {"A/1.jpg": b"a"})
    os.mkfifo(root / "A" / "pipe.jpg")  # opening it would wait for ever
    (root / "A" / "null.jpg").symlink_to("/dev/null")
    (root / "A" / "gone.jpg").symlink_to("nowhere.jpg")
    source = open_source(root)

    assert [ref.name for ref in source.refs] == ["A/1.jpg"]
    assert source.skipped == {
        "device, pipe or socket": ["A/null.jpg", "A/pipe.jpg"],
        BROKEN_LINK: ["A/gone.jpg"],
    }


@pytest.mark.parametrize("now", [b"", b"grown"])
def test_a_file_that_changed_after_the_listing_is_unreadable(pack_as: PackAs, now: bytes) -> None:
    root = pack_as("folder", {"A/1.jpg": b"was"})
    source = open_source(root)
    (root / "A" / "1.jpg").write_bytes(now)
    with source.open() as reader, pytest.raises(UnreadableImageError, match="has changed"):
        reader.read(source.refs[0])


def test_a_file_that_went_after_the_listing_is_unreadable(pack_as: PackAs) -> None:
    root = pack_as("folder", {"A/1.jpg": b"was"})
    source = open_source(root)
    (root / "A" / "1.jpg").unlink()
    with source.open() as reader, pytest.raises(UnreadableImageError, match="No such file"):
        reader.read(source.refs[0])


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_forbidden_folder_is_an_error_not_a_smaller_dataset(pack_as: PackAs) -> None:
    root = pack_as("folder", {"A/1.jpg": b"a", "B/1.jpg": b"b"})
    (root / "B").chmod(0)
    try:
        with pytest.raises(EthnoshardError, match=r"B can't be listed: Permission denied"):
            open_source(root)
    finally:
        (root / "B").chmod(0o700)
