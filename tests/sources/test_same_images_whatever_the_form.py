"""The same photographs through a folder and through each form of model hubs."""

import hashlib
import multiprocessing
import pickle
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from containers import PackAs, Photos
from hub_forms import json_bytes, parquet_rows, tar_bytes, write_class_parquet, write_shards

from ethnoshard._known_digests import KnownDigests
from ethnoshard.sources import ImageRef, Place, image_digests, open_source
from ethnoshard.sources._refs import identity_starts, listing_lines, total_bytes

PHOTOS: Photos = {
    f"{person}/{person}_{n}.jpg": random.Random(f"{person}{n}").randbytes(3000 + n)
    for person in ("Zoë Ünal", "m.0abc", "7")
    for n in range(5)
}


def in_shards(photos: Photos, where: Path, end: str = ".tar", number: int = 3) -> Path:
    samples = [
        {
            "__key__": f"{place:06d}",
            "jpg": data,
            "json": {"identity": name.partition("/")[0], "source_image": name},
        }
        for place, (name, data) in enumerate(photos.items())
    ]
    write_shards(samples, where, number, end)
    return where


def in_parquet_files(photos: Photos, where: Path) -> Path:
    where.mkdir()
    rows = parquet_rows(photos).sample(fraction=1.0, shuffle=True, seed=3)
    for number in range(3):
        rows[number::3].write_parquet(where / f"train-{number:05d}.parquet", row_group_size=2)
    return where


def in_archives(photos: Photos, where: Path) -> Path:
    where.mkdir()
    for number in range(3):
        own = list(photos.items())[number::3]
        (where / f"part-{number}.tar").write_bytes(tar_bytes([("deep/" * number + name, data) for name, data in own]))
    return where


FORMS: dict[str, Callable[[Photos, Path], Path]] = {
    "parquet with class names": write_class_parquet,
    "several parquet files": in_parquet_files,
    "WebDataset shards": in_shards,
    "compressed shards": lambda photos, where: in_shards(photos, where, ".tar.gz"),
    "one shard": lambda photos, where: in_shards(photos, where, number=1),
    "several archives": in_archives,
}


@pytest.mark.parametrize("form", FORMS)
def test_names_identities_and_bytes(tmp_path: Path, pack_as: PackAs, form: str) -> None:
    folder = open_source(pack_as("folder", PHOTOS))
    source = open_source(FORMS[form](PHOTOS, tmp_path / "form"))

    assert [ref[:2] for ref in source.refs] == [ref[:2] for ref in folder.refs]
    assert source.digest() == folder.digest()
    with source.open() as reader:
        assert [reader.read(ref) for ref in source.refs] == [PHOTOS[ref.name] for ref in source.refs]


def read_elsewhere(place: Place, refs: Sequence[ImageRef]) -> list[bytes]:
    with place.open() as reader:
        return [reader.read(ref) for ref in refs]


def test_another_process_needs_only_the_place_and_the_refs(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for number, write in enumerate(FORMS.values()):
            source = open_source(write(PHOTOS, tmp_path / str(number)))
            assert len(pickle.dumps(source.place)) < 2000
            assert pickle.loads(pickle.dumps(source.place)) == source.place  # noqa: S301 - what it is about
            some = source.refs[2:9]
            assert pool.submit(read_elsewhere, source.place, some).result() == [PHOTOS[ref.name] for ref in some]


@pytest.mark.parametrize("form", FORMS)
def test_images_are_known_by_what_they_hold(tmp_path: Path, form: str) -> None:
    source = open_source(FORMS[form](PHOTOS, tmp_path / "form"))
    known = KnownDigests(tmp_path / "known")
    digests = image_digests(source, known)
    assert digests == [hashlib.sha256(PHOTOS[ref.name]).digest() for ref in source.refs]
    place = source.place.file_of(source.refs[0])
    assert Path(place.path).is_file() and not place.alone


def test_refs_are_a_sequence_as_a_list_is(tmp_path: Path) -> None:
    refs = open_source(in_shards(PHOTOS, tmp_path / "form")).refs
    whole = list(refs)
    assert len(refs) == len(whole) == len(PHOTOS)
    assert [refs[place] for place in range(-len(refs), len(refs))] == whole + whole
    assert [list(refs[start:stop]) for start in range(-3, 18) for stop in range(-3, 18)] == [
        whole[start:stop] for start in range(-3, 18) for stop in range(-3, 18)
    ]
    assert list(refs[::-2]) == whole[::-2] and list(reversed(refs)) == whole[::-1]
    assert whole[4] in refs and refs.index(whole[4]) == 4
    assert [list(read(refs)) for read in (listing_lines, identity_starts)] == [
        list(read(whole)) for read in (listing_lines, identity_starts)
    ]
    assert total_bytes(refs) == total_bytes(whole) and list(identity_starts(refs[3:3])) == []
    for place in (len(refs), -len(refs) - 1):
        with pytest.raises(IndexError):
            refs[place]


def test_an_image_changed_since_in_a_member_is_told(tmp_path: Path) -> None:
    (tmp_path / "s.tar").write_bytes(tar_bytes([("a.jpg", b"1"), ("a.json", json_bytes(identity="A"))]))
    source = open_source(tmp_path / "s.tar")
    known = KnownDigests(tmp_path / "known")
    (before,) = image_digests(source, known)
    (tmp_path / "s.tar").write_bytes(tar_bytes([("a.jpg", b"2"), ("a.json", json_bytes(identity="A"))]))
    (after,) = image_digests(open_source(tmp_path / "s.tar"), known)
    assert before != after
