import json
import tarfile
from pathlib import Path

import pytest

from ethnoshard._files import write_json
from ethnoshard.alignment import AlignSettings, align
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity import label_from_file
from ethnoshard.shards import pack
from ethnoshard.sources import open_source
from ethnoshard.work import WorkFolder, read_people
from tests.kit.datasets import pattern_jpeg, write_dataset

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people of three images each, two groups, by way of align, label and pack."""
    folder = tmp_path_factory.mktemp("ours")
    for person in range(3):
        (folder / "faces" / f"p {person}").mkdir(parents=True)
        for face in range(3):
            (folder / "faces" / f"p {person}" / f"{face}.jpg").write_bytes(pattern_jpeg(person, face))
    (folder / "labels.csv").write_text("identity,group\np 0,Asian\np 1,White\np 2,Asian\n")
    align(folder / "faces", folder / "work", AlignSettings(aligned=True, size=None), workers=1)
    label_from_file(folder / "work", folder / "labels.csv")
    pack(folder / "work", folder / "dataset")
    return folder / "dataset"


def jpegs_of(dataset: Path) -> dict[str, bytes]:
    """By name of the source image."""
    found = {}
    for shard in dataset.glob("shards/*.tar"):
        with tarfile.open(shard) as tar:
            content = {member.name: tar.extractfile(member).read() for member in tar.getmembers()}
        for name in content:
            if name.endswith(".json"):
                found[json.loads(content[name])["source_image"]] = content[name.replace(".json", ".jpg")]
    return found


def test_its_images_come_byte_for_byte_under_the_names_that_they_had_with_its_groups(dataset: Path) -> None:
    source = open_source(dataset)
    with source.open() as reader:
        assert {ref.name: reader.read(ref) for ref in source.refs} == jpegs_of(dataset)
    assert [ref.name for ref in source.refs] == [f"p {person}/{face}.jpg" for person in range(3) for face in range(3)]
    assert source.image_size == 48
    assert source.smells == ()
    assert source.people is not None
    assert source.people.rows.select("identity", "group").rows() == [
        ("p 0", "Asian"),
        ("p 1", "White"),
        ("p 2", "Asian"),
    ]
    assert source.people.given_by == {"group": "the dataset, by file labels.csv"}


def test_it_is_aligned_and_packed_again_with_its_groups(dataset: Path, tmp_path: Path) -> None:
    report = align(dataset, tmp_path / "work", AlignSettings(aligned=True, size=None), workers=1)
    assert (report.images, report.faces, report.identities) == (9, 9, 3)
    people = read_people(WorkFolder(tmp_path / "work"))
    assert people is not None
    people.select("identity", "group").write_csv(tmp_path / "again.csv")
    label_from_file(tmp_path / "work", tmp_path / "again.csv")
    pack(tmp_path / "work", tmp_path / "dataset")
    assert jpegs_of(tmp_path / "dataset").keys() == jpegs_of(dataset).keys()
    assert [ref[:2] for ref in open_source(tmp_path / "dataset").refs] == [ref[:2] for ref in open_source(dataset).refs]


def test_images_without_a_name_of_their_own_are_called_by_their_keys(tmp_path: Path) -> None:
    source = open_source(write_dataset(tmp_path / "d", [[2], [1]]))
    assert [ref.name for ref in source.refs] == [
        "p0/0000000-00000.jpg",
        "p0/0000000-00001.jpg",
        "p1/0000001-00000.jpg",
    ]


def test_a_shard_lost_or_cut_is_never_a_smaller_dataset(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "d", [[2], [1]])
    first, second = sorted(folder.glob("shards/*.tar"))
    whole = second.read_bytes()
    second.write_bytes(whole[:-512])
    with pytest.raises(EthnoshardError, match=r"has [\d,]+ bytes, dataset.json says [\d,]+; fetch it again"):
        open_source(folder)
    second.unlink()
    with pytest.raises(EthnoshardError, match=r"No such file or directory\), though dataset.json names it"):
        open_source(folder)
    second.write_bytes(whole)
    assert len(open_source(folder).refs) == 3
    manifest = json.loads((folder / "dataset.json").read_bytes())
    manifest["shards"][0]["name"] = f"../d/shards/{first.name}"
    write_json(folder / "dataset.json", manifest)
    with pytest.raises(EthnoshardError, match=r"dataset.json is damaged: an entry of shards"):
        open_source(folder)
