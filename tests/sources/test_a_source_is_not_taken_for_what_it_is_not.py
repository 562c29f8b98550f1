"""Kinds of layout that were once taken wrong without a word, and the ways of the field that must not be refused."""

from pathlib import Path

import pytest
from containers import Pack
from recordio_writer import image_record, write_records

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import Reading, Source, open_source


def listed(pack: Pack, *paths: str) -> Source:
    return open_source(pack(dict.fromkeys(paths, b"x")))


def people(*, number: int = 16, form: str = "p{0:02d}/{1:03d}.jpg", images: int = 3) -> list[str]:
    return [form.format(person, image) for person in range(number) for image in range(1, images + 1)]


SHARDS = [f"images/{shard:03d}/{shard * 20 + image:06d}.jpg" for shard in range(3) for image in range(20)]
ODD = {
    "one identity": (people(form="img_align_celeba/{0}{1:05d}.jpg"), "would be of one identity, 'img_align_celeba'"),
    "pieces": (SHARDS, "the 3 folders 000 to 002 look like numbered pieces"),
    "IMDB": (
        [
            f"imdb_crop/{person % 3:02d}/nm{person:07d}_rm{image}_1955-1-6_2003.jpg"
            for person in range(9)
            for image in range(3)
        ],
        "the 3 folders 00 to 02",
    ),
    "sessions": (people(form="YTF/Name_{0}/{1}/{1}.7.jpg"), "3 folder names lie under several parents"),
    "splits": (["train/n1/1.jpg", "train/n2/1.jpg", "val/n1/2.jpg"], "1 folder name lies under several parents"),
    "pieces called by their first image": (
        [f"ffhq/{piece * 1000:05d}/{piece * 1000 + image:05d}.png" for piece in range(12) for image in range(3)],
        "the 12 folders 00000 to 11000 look like numbered pieces",
    ),
    "parts of single faces": (
        [f"{part}/{image}.jpg" for part in ("train", "val") for image in range(20)],
        "the 2 folders that hold the images, train, val, are called as parts of a dataset",
    ),
    "groups of single faces": (
        [f"set/{race}/{image}.jpg" for race in ("Asian", "Black", "Indian", "Latino", "White") for image in range(9)],
        "the 5 folders that hold the images, Asian, Black, Indian, Latino, ..., are called as groups",
    ),
    "a heap": ([*people(), *(f"rest/{image}.jpg" for image in range(30))], "'rest' has 30 of 78 images (38%)"),
}
WAYS_OUT = {
    "IMDB": "--layout '{identity}_rm*'",
    "sessions": "--layout '{identity}/{session}/*' (YouTube Faces)",
    "splits": "--layout '{split}/{identity}/*'",
}


@pytest.mark.parametrize("odd", ODD)
def test_what_is_odd_is_refused_with_the_numbers_and_the_way_out(pack: Pack, odd: str) -> None:
    paths, what = ODD[odd]
    packed = pack(dict.fromkeys(paths, b"x"))
    with pytest.raises(EthnoshardError) as caught:
        open_source(packed).checked()
    assert what in str(caught.value)
    assert WAYS_OUT.get(odd, "--layout") in str(caught.value)
    assert "--as-it-is" in str(caught.value)
    source = open_source(packed, Reading(as_it_is=True))
    assert source.checked() is source


FINE = {
    "CASIA": people(form="CASIA/{0:07d}/{1:03d}.jpg"),
    "people numbered by tens": people(form="{0}0/{1}.png"),
    "numbered people": people(form="{0}/{1}.png"),
    "numbered people of three digits": people(form="{0:03d}/{1:02d}.jpg"),
    "LFW": [f"lfw/lfw/Name_{person}/Name_{person}_0001.jpg" for person in range(20)],
    "two people": ["A/1.jpg", "B/1.jpg"],
    "one with many": [*people(form="p{0}/{1}.jpg", number=200), *(f"p0/{image}.jpg" for image in range(100, 200))],
    "BUPT": people(form="Balanced/African/m.{0}/{1}.jpg", number=8)
    + people(form="Balanced/Asian/g.{0}/{1}.jpg", number=8),
    "VGGFace2": [*people(form="VGG/train/n{0:06d}/{1:04d}_01.jpg"), "VGG/test/n000999/0001_01.jpg"],
}


@pytest.mark.parametrize("fine", FINE)
def test_the_ways_of_the_field_are_not_refused(pack: Pack, fine: str) -> None:
    assert listed(pack, *FINE[fine]).smells == ()


def test_a_name_does_not_depend_on_what_else_was_downloaded(pack: Pack) -> None:
    african, asian = ["RFW/data/African/m.1/m.1_0001.jpg"], ["RFW/data/Asian/m.2/m.2_0001.jpg"]
    together, alone = listed(pack, *african, *asian), listed(pack, *african)
    assert [ref.name for ref in together.refs] == ["m.1/m.1_0001.jpg", "m.2/m.2_0001.jpg"]
    assert [ref.name for ref in alone.refs] == ["m.1/m.1_0001.jpg"]
    for source in (together, alone):
        assert source.people is not None
        assert source.people.rows.row(0) == ("m.1", "African")
        assert source.form.startswith("RFW: group/identity folders, groups African")


@pytest.mark.parametrize(
    ("form", "paths"),
    [
        ("BUPT-Balancedface or -Globalface", ["x/African/m.0ab/17.jpg", "x/Indian/m.0cd/3.jpg"]),
        ("BFW", ["asian_females/n000009/0010_01.jpg", "white_males/n000010/0011_02.jpg"]),
        ("GANDiffFace", ["White_Male/7381461/49.png", "Asian_Female/12/1.png"]),
        ("VGGFace2", ["train/n000002/0001_01.jpg", "test/n000001/0001_01.jpg"]),
        ("LFW", ["lfw/A_B/A_B_0001.jpg", "lfw/C_D/C_D_0001.jpg"]),
        ("CFP", ["Images/001/frontal/01.jpg", "Images/001/profile/01.jpg"]),
    ],
)
def test_known_datasets_are_recognised(pack: Pack, form: str, paths: list[str]) -> None:
    assert listed(pack, *paths).form.startswith(f"{form}: ")


def test_loose_images_of_a_known_dataset_name_the_layout_that_reads_them(pack: Pack) -> None:
    with pytest.raises(EthnoshardError, match=r"named as in AgeDB: pass --layout '\*_\{identity\}_\*_\*'"):
        listed(pack, "1_A_20_m.jpg", "2_A_30_m.jpg")


def with_table(tmp_path: Path, table: str, content: str, *paths: str, beside: bool) -> Source:
    for path in paths:
        (tmp_path / "faces" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "faces" / path).write_bytes(b"x")
    ((tmp_path if beside else tmp_path / "faces") / table).write_text(content)
    return open_source(tmp_path / "faces")


@pytest.mark.parametrize("beside", [True, False], ids=["above the source", "in it"])
def test_a_table_that_says_otherwise_than_the_folders_is_named(tmp_path: Path, beside: bool) -> None:
    pieces = [f"{piece:03d}/{image:04d}.jpg" for piece in (7, 9, 11) for image in range(piece * 10, piece * 10 + 10)]
    rows = "".join(f"images/{path},{place % 5}\n" for place, path in enumerate(pieces))
    source = with_table(tmp_path, "metadata.csv", f"file_name,label\n{rows}", *pieces, beside=beside)
    (smell,) = source.smells
    assert "metadata.csv names 30 of these images and gives them to 5 people, the folders to 3 others" in smell.what
    assert "pass --list" in smell.way_out


TABLES = {
    "agrees": "path,person\n" + "".join(f"p{who}/{who}{image}.jpg,{who}\n" for who in range(4) for image in range(3)),
    "of people": "identity,group\n" + "".join(f"p{who},White\n" for who in range(4)),
    "of no images": "image,identity\nother.jpg,a\nanother.jpg,b\n",
    "pairs": "1\t2\np0\t1\t2\n",
    "no table": "hello\n",
}


@pytest.mark.parametrize("table", TABLES)
def test_other_tables_are_left_alone(tmp_path: Path, table: str) -> None:
    paths = [f"p{who}/{who}{image}.jpg" for who in range(4) for image in range(3)]
    assert with_table(tmp_path, "table.csv", TABLES[table], *paths, beside=True).smells == ()


def test_a_table_is_found_where_names_begin_anew_in_each_folder_and_it_lies_with_its_part(tmp_path: Path) -> None:
    pieces = [f"train/images/{piece}/{image:04d}.jpg" for piece in (7, 9, 11) for image in range(10)]
    rows = "".join(f"{path.removeprefix('train/')},{place % 5}\n" for place, path in enumerate(pieces))
    table = tmp_path / "faces" / "train" / "metadata.csv"
    table.parent.mkdir(parents=True)
    table.write_text(f"file_name,label\n{rows}")
    (smell,) = with_table(tmp_path, "README.md", "a set", *pieces, beside=False).smells
    assert "metadata.csv names 30 of these images and gives them to 5 people, the folders to 3 others" in smell.what
    assert str(table) in smell.way_out


def test_a_table_by_which_whole_folders_are_alike_is_no_contradiction(tmp_path: Path) -> None:
    paths = [f"p{who}/{image}.jpg" for who in range(6) for image in range(3)]
    rows = "".join(f"{path},{place // 9}\n" for place, path in enumerate(paths))
    assert with_table(tmp_path, "table.csv", f"path,label\n{rows}", *paths, beside=True).smells == ()


def test_loose_images_are_refused_with_the_table_that_says_whose_they_are(tmp_path: Path) -> None:
    paths = [f"{image:06d}.jpg" for image in range(1, 10)]
    rows = "".join(f"{path} {place // 3}\n" for place, path in enumerate(paths))
    with pytest.raises(EthnoshardError, match=r"pass --list \S+identity_CelebA.txt"):
        with_table(tmp_path, "identity_CelebA.txt", rows, *paths, beside=True)


def test_records_of_one_label_are_refused_with_the_table_that_has_their_keys(tmp_path: Path) -> None:
    write_records(tmp_path, {key: image_record(0, b"x" * 9, key) for key in range(6)})
    records = tmp_path / "train.rec"
    (tmp_path / "list.txt").write_text("".join(f"{key}\t{key // 2}/{key}.jpg\n" for key in range(6)))
    with pytest.raises(EthnoshardError, match=r"all 6 records have the label '0', and \S+list.txt says of 6 who"):
        open_source(records).checked()
    assert len({ref.identity for ref in open_source(records, Reading(table=tmp_path / "list.txt")).refs}) == 3


def test_sessions_of_a_known_dataset_are_said_once(pack: Pack) -> None:
    paths = [f"YTF/Name_{person}/{session}/{session}.{person}.jpg" for person in range(6) for session in range(3)]
    (smell,) = listed(pack, *paths).smells
    assert "--layout '{identity}/{session}/*' (YouTube Faces)" in smell.way_out
