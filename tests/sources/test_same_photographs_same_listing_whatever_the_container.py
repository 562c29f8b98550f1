import multiprocessing
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from containers import Pack, PackAs, Photos

from ethnoshard.errors import UnreadableImageError
from ethnoshard.sources import ImageRef, Place, Source, open_source

PHOTOS = {
    "Zoë Ünal/é 1.jpg": b"one",
    "Zoë Ünal/b.JPEG": b"twotwo",
    'O\'Neil "x"/new\nline.png': b"",
    "anna/1.jpg": b"3" * 5000,
    "Anna/1.jpg": b"4" * 70_000,
    "Anna/10.jpg": b"5",
    "Anna/2.jpg": b"6",
    "Anna/notes.csv": b"a,b",
}
ORDER = [
    "Anna/1.jpg",
    "Anna/10.jpg",
    "Anna/2.jpg",
    'O\'Neil "x"/new\nline.png',
    "Zoë Ünal/b.JPEG",
    "Zoë Ünal/é 1.jpg",
    "anna/1.jpg",
]
WRAPPED = {f"set/inner/{name}": data for name, data in PHOTOS.items()}
DOTTED = {f"./{name}": data for name, data in reversed(PHOTOS.items())}


@pytest.mark.parametrize("photos", [PHOTOS, WRAPPED, DOTTED], ids=["bare", "wrapped", "dotted and reversed"])
def test_listing_and_bytes(pack: Pack, pack_as: PackAs, photos: Photos) -> None:
    source = open_source(pack(photos))

    assert [ref.name for ref in source.refs] == ORDER
    assert [ref.identity for ref in source.refs] == [name.split("/")[0] for name in ORDER]
    assert [ref.size for ref in source.refs] == [len(PHOTOS[name]) for name in ORDER]
    assert source.digest() == open_source(pack_as("folder", PHOTOS)).digest()
    assert [len(names) for names in source.skipped.values()] == [1]
    with source.open() as reader:
        assert [reader.read(ref) for ref in source.refs] == [PHOTOS[name] for name in ORDER]


@pytest.mark.parametrize("kind", ["folder", "tar", "tar.gz", "zip"])
def test_kind_is_told_by_content(pack_as: PackAs, kind: str) -> None:
    assert open_source(pack_as(kind, PHOTOS)).kind == kind


def test_digest_tells_another_name_size_or_identity(pack_as: PackAs) -> None:
    different = [
        {"A/1.jpg": b"x", "B/1.jpg": b"x"},
        {"A/2.jpg": b"x", "B/1.jpg": b"x"},
        {"A/1.jpg": b"xx", "B/1.jpg": b"x"},
        {"C/1.jpg": b"x", "B/1.jpg": b"x"},
    ]
    assert len({open_source(pack_as("folder", photos)).digest() for photos in different}) == 4


def read_in_another_process(kind: str, path: Path, refs: Sequence[ImageRef]) -> list[bytes]:
    with Place(kind=kind, path=path).open() as reader:
        return [reader.read(ref) for ref in refs]


def test_a_spawned_process_needs_only_kind_path_and_refs_in_any_order(pack: Pack) -> None:
    photos = {f"{person}/{i}.jpg": random.Random(i).randbytes(40_000) for person in "AB" for i in range(30)}
    source = open_source(pack(photos))
    refs = random.Random(1).sample(source.refs, len(source.refs))

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        read = pool.submit(read_in_another_process, source.kind, source.path, refs).result()
        assert read == [photos[ref.name] for ref in refs]
        assert pool.submit(Source.digest, source).result() == source.digest()


def test_a_file_over_the_limit_stays_listed_but_is_not_read(pack: Pack) -> None:
    source = open_source(pack({"A/big.jpg": bytes(1001), "A/fits.jpg": bytes(1000)}), max_file_bytes=1000)

    big, fits = source.refs
    with source.open() as reader:
        assert len(reader.read(fits)) == 1000
        with pytest.raises(UnreadableImageError, match="1001 bytes, more than the limit of 1000"):
            reader.read(big)


def test_a_ref_is_a_plain_tuple() -> None:
    assert ImageRef("A", "A/1.jpg", 0, 3) == ("A", "A/1.jpg", 0, 3)
