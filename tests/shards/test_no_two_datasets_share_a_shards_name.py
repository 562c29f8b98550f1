"""Other readers' caches know a shard by its name or address alone: whatever differs in a dataset, its names differ."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import webdataset
import wids

from ethnoshard import FaceDataset
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards import PackSettings, _pack, pack, verify
from tests.kit.faulty_http import from_folder, serving

SETTINGS = PackSettings(shard_bytes=2**17)

pytestmark = [
    pytest.mark.usefixtures("here"),
    # Both readers leave closing their files to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]


@pytest.fixture
def other_work(noise_work: Path, tmp_path: Path) -> Path:
    """The same people, names and lengths; of each face one byte is another. Nothing but the bytes tells them apart."""
    work = Path(shutil.copytree(noise_work, tmp_path / "other-work"))
    for part in (work / "parts").glob("*.tar"):
        content = bytearray(part.read_bytes())
        place = 0
        while (place := content.find(b"\xff\xd8\xff", place)) >= 0:
            content[place + 300] ^= 1
            place += 512
        part.write_bytes(content)
    return work


@pytest.fixture
def two(noise_work: Path, other_work: Path, tmp_path: Path) -> tuple[Path, Path]:
    for work, name in ((noise_work, "one"), (other_work, "other")):
        pack(work, tmp_path / "served" / name, SETTINGS, workers=1)
    return tmp_path / "served" / "one", tmp_path / "served" / "other"


def faces_of(folder: Path) -> list[bytes]:
    """Every JPEG, by the dataset's own index."""
    dataset = FaceDataset.open(folder)
    shards = [dataset.shard_path(shard).read_bytes() for shard in range(len(dataset.manifest.shards))]
    shard_of = dataset.identities["shard"]
    rows = dataset.faces().select("identity", "offset", "length").iter_rows()
    return [shards[shard_of[identity]][offset : offset + length] for identity, offset, length in rows]


def listed(folder: Path, at: str) -> list[dict[str, Any]]:
    shards = json.loads((folder / "dataset.json").read_text())["shards"]
    return [{"url": f"{at}/{shard['name']}", "nsamples": shard["faces"]} for shard in shards]


def wids_faces(shards: list[dict[str, Any]], **options: Any) -> list[bytes]:
    faces = wids.ShardListDataset(shards, transformations=[], **options)
    read = [faces[number][".jpg"].read() for number in range(len(faces))]
    faces.close()
    return read


def test_names_bear_the_fingerprint_and_every_group_is_a_brace_expression(two: tuple[Path, Path]) -> None:
    names = []
    for folder in two:
        dataset = FaceDataset.open(folder)
        mark = dataset.fingerprint[:8]
        counts = {group.name: group.shards for group in dataset.manifest.groups}
        assert max(counts.values()) > 1
        expected = [f"shards/{g.lower()}-{mark}-{n:06d}.tar" for g, count in counts.items() for n in range(count)]
        assert [shard.name for shard in dataset.manifest.shards] == expected
        assert sorted(f"shards/{path.name}" for path in (folder / "shards").iterdir()) == expected
        assert verify(folder, workers=1).faults == []
        names.append(expected)
    assert not set(names[0]) & set(names[1])


def test_webdataset_gives_each_its_own_faces_from_one_cache(two: tuple[Path, Path], tmp_path: Path) -> None:
    assert faces_of(two[0]) != faces_of(two[1])
    (tmp_path / "cache").mkdir()
    with serving(from_folder(two[0].parent)) as server:
        for folder in two:
            urls = [shard["url"] for shard in listed(folder, f"{server.url}/{folder.name}")]
            samples = webdataset.WebDataset(urls, shardshuffle=False, cache_dir=str(tmp_path / "cache"))
            assert [sample["jpg"] for sample in samples] == faces_of(folder)


def test_wids_gives_each_its_own_faces_from_one_cache(two: tuple[Path, Path], tmp_path: Path) -> None:
    for folder in two:
        assert wids_faces(listed(folder, str(folder)), cache_dir=str(tmp_path / "cache")) == faces_of(folder)


def test_wids_gives_the_new_faces_of_a_folder_packed_anew(
    two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIDS_CACHE", str(tmp_path / "cache"))  # its cache of all addresses, else in /tmp
    place = tmp_path / "place"
    for folder in two:
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(folder, place)
        assert wids_faces(listed(place, str(place))) == faces_of(folder)


@pytest.fixture
def nearly_packed(noise_work: Path, tmp_path: Path) -> Iterator[Path]:
    """Stopped when all shards are there and none has its final name, as earlier versions left a folder too."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_pack, "_finish", stop)
        with pytest.raises(KeyboardInterrupt):
            pack(noise_work, tmp_path / "stopped", SETTINGS, workers=1)
    return tmp_path / "stopped"


def test_what_was_begun_goes_on(
    noise_work: Path, nearly_packed: Path, two: tuple[Path, Path], contents_of: Callable[[Path], dict[str, bytes]]
) -> None:
    assert (nearly_packed / "shards" / "a-000000.tar").exists()
    assert pack(noise_work, nearly_packed, SETTINGS, workers=1).written == 0
    assert contents_of(nearly_packed) == contents_of(two[0])


def test_a_shard_that_went_meanwhile_is_said(noise_work: Path, nearly_packed: Path) -> None:
    (nearly_packed / "shards" / "a-000000.tar").unlink()
    with pytest.raises(EthnoshardError, match=r"a-000000\.tar is gone since it was packed; delete \S*stopped and"):
        pack(noise_work, nearly_packed, SETTINGS, workers=1)


def test_a_dataset_of_an_earlier_version_is_read_and_not_packed_again(
    noise_work: Path, two: tuple[Path, Path], contents_of: Callable[[Path], dict[str, bytes]]
) -> None:
    """It has no digits in its shards' names and no head in its card."""
    folder = two[0]
    manifest = json.loads((folder / "dataset.json").read_text())
    for shard in manifest["shards"]:
        old = shard["name"].replace(f"-{manifest['fingerprint'][:8]}-", "-")
        (folder / shard["name"]).rename(folder / old)
        shard["name"] = old
    (folder / "dataset.json").write_text(json.dumps(manifest))
    (folder / "README.md").write_text("# Faces in shards, by group\n")
    before = contents_of(folder)
    assert "shards/a-000000.tar" in before
    assert verify(folder, workers=1).faults == []
    assert pack(noise_work, folder, SETTINGS, workers=1).written == 0
    assert contents_of(folder) == before
