"""Lists in all the forms that datasets give them in; images and rows that don't come together are counted."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from pair_lists import write
from recordio_writer import image_record, insightface_records, write_records

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import ImageTable, Listing, Remark, listed_by, open_source, read_people_list
from ethnoshard.sources.containers._kinds import inventory_of

FACE = b"\xff\xd8face"


def files(where: Path, *names: str) -> Path:
    for name in names:
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_bytes(FACE)
    return where


def listed(table: ImageTable, source: Path) -> Listing:
    _, inventory = inventory_of(source)
    return listed_by(table, inventory.images, source, skipped=inventory.skipped)


def whose(listing: Listing) -> dict[str, str]:
    return {ref.name: ref.identity for ref in listing.refs}


def told(remarks: tuple[Remark, ...]) -> dict[str, tuple[int, str]]:
    return {remark.reason: (remark.count, remark.first) for remark in remarks}


def people(listing: Listing) -> dict[str, Mapping[str, object]]:
    assert listing.people is not None
    rows = listing.people.rows
    return {row["identity"]: {k: v for k, v in row.items() if k != "identity"} for row in rows.iter_rows(named=True)}


def test_celebas_identities_are_two_fields_without_a_head(tmp_path: Path) -> None:
    source = files(tmp_path / "celeba", *(f"img_align_celeba/{number:06d}.jpg" for number in range(1, 6)))
    lines = ["000001.jpg 2880", "000002.jpg 2937", "000003.jpg 2880", "000004.jpg 7", "000009.jpg 7"]
    listing = listed(read_people_list(write(tmp_path / "identity_CelebA.txt", lines)), source)
    assert whose(listing) == {
        "2880/000001.jpg": "2880",
        "2880/000003.jpg": "2880",
        "2937/000002.jpg": "2937",
        "7/000004.jpg": "7",
    }
    assert [ref.name for ref in listing.refs] == sorted(whose(listing))
    assert listing.skipped["image without a row in the list"] == ["img_align_celeba/000005.jpg"]
    assert told(listing.remarks)["row without an image"] == (1, "identity_CelebA.txt, line 5: 000009.jpg")
    assert listing.people is None
    assert listing.refs[0].locator == "img_align_celeba/000001.jpg" and listing.refs[0].size == len(FACE)


def test_a_first_line_with_the_number_of_rows_is_no_row(tmp_path: Path) -> None:
    lines = ["2", "Male Young", "000001.jpg  1 -1", "000002.jpg -1  1"]
    table = read_people_list(write(tmp_path / "attr.txt", lines), {"identity": "Male", "image": "1"})
    assert table.rows.select("image", "identity", "line of the file").rows() == [
        ("000001.jpg", "1", 3),
        ("000002.jpg", "-1", 4),
    ]
    short = read_people_list(write(tmp_path / "short.txt", ["3", "a.jpg 1", "b.jpg 2"]))
    assert told(short.remarks) == {
        "first line that says how many rows follow, and another number of them does": (
            1, "short.txt says 3, and 2 follow"
        )
    }  # fmt: skip


def dcface(folder: Path) -> Path:
    write_records(folder, {key: image_record(0, FACE, key) for key in range(6)})
    write(folder / "list.txt", [f"{key}\t{12 + key // 2}/{key % 2}.jpg" for key in range(6)])
    return folder


def test_dcfaces_records_are_who_the_list_says_by_their_keys(tmp_path: Path) -> None:
    folder = dcface(tmp_path / "record")
    table = read_people_list(folder / "list.txt")
    assert table.read_as == ("image from column 2", "key from column 1", "identity from the folders of column 2")
    source = open_source(folder)
    assert {ref.identity for ref in source.refs} == {"0"}, "the records' own labels say nothing"
    listing = listed_by(table, source.refs, folder)
    assert list(whose(listing)) == [
        "12/00000000.jpg", "12/00000001.jpg", "13/00000002.jpg", "13/00000003.jpg", "14/00000004.jpg", "14/00000005.jpg"
    ]  # fmt: skip
    with source.open() as reader:
        assert reader.read(listing.refs[3]) == FACE


def test_the_list_of_an_insightface_set_gives_labels_the_folders_names(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    write_records(folder, insightface_records([(0.0, [FACE, FACE]), (1.0, [FACE]), (2.0, [FACE])]))
    paths = ["0000045/001.jpg", "0000045/002.jpg", "0000099/001.jpg", "0000102/001.jpg"]
    lines = [f"1\t/home/me/casia/{path}\t{label}" for path, label in zip(paths, (0, 0, 1, 2), strict=True)]
    table = read_people_list(write(folder / "train.lst", lines))
    source = open_source(folder)
    listing = listed_by(table, source.refs, folder)
    assert listing.refs == source.refs, "records keep their labels"
    assert people(listing) == {"0": {"name": "0000045"}, "1": {"name": "0000099"}, "2": {"name": "0000102"}}
    assert listing.people is not None and listing.people.given_by == {"name": "the folders of train.lst"}
    boxes = [f"{line}\t" + "\t".join(f"{n}.{m}" for m in range(14)) for n, line in enumerate(lines)]
    boxes[0] = boxes[0].replace("1\t", "0\t", 1)
    with_boxes = read_people_list(write(folder / "boxes.lst", boxes))
    assert with_boxes.rows["identity"].to_list() == ["0", "0", "1", "2"]


def test_lists_of_keys_that_repeat_the_labels_leave_the_records_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    write_records(folder, {key: image_record(key // 2, FACE, key) for key in range(4)})
    source = open_source(folder)
    tsv = [f"{key}\tn00000{2 + key // 2}/{key}.jpg\t{key // 2}" for key in range(4)]
    lst = [f"{key}\t{key // 2}.000000\tn00000{2 + key // 2}/{key}.jpg" for key in (2, 0, 3, 1)]
    for name, lines in (("train.tsv", tsv), ("train.lst", lst)):
        listing = listed_by(read_people_list(write(folder / name, lines)), source.refs, folder)
        assert listing.refs == source.refs
        assert people(listing) == {"0": {"name": "n000002"}, "1": {"name": "n000003"}}
    other = [f"{key}\tn00000{2 + key % 2}/{key}.jpg\t{key % 2}" for key in range(3)]
    listing = listed_by(read_people_list(write(folder / "other.tsv", other)), source.refs, folder)
    assert whose(listing) == {"0/00000000.jpg": "0", "0/00000002.jpg": "0", "1/00000001.jpg": "1"}
    assert listing.skipped == {"image without a row in the list": ["1/00000003.jpg"]}


def test_metadata_of_an_image_folder(tmp_path: Path) -> None:
    source = files(tmp_path / "set", "train/images/000/a.jpg", "train/images/000/b.jpg", "train/images/001/c.jpg")
    lines = ["file_name,label,identity,gender", "images/000/a.jpg,0,Ada,f", "images/000/b.jpg,1,Bob,m",
             "images/001/c.jpg,0,Ada,f", "images/001/d.jpg,1,Bob,m"]  # fmt: skip
    table = read_people_list(write(source / "train" / "metadata.csv", lines))
    assert table.read_as == ("image from column file_name",)
    listing = listed(table, source)
    assert whose(listing) == {"Ada/a.jpg": "Ada", "Ada/c.jpg": "Ada", "Bob/b.jpg": "Bob"}
    assert people(listing) == {"Ada": {"label": "0", "gender": "f"}, "Bob": {"label": "1", "gender": "m"}}
    counts = told(listing.remarks)
    assert counts["image found by its path with folders more or less above"][0] == 3
    assert counts["row without an image"] == (1, "metadata.csv, line 5: images/001/d.jpg")


def test_images_numbered_as_the_rows_are_the_rows(tmp_path: Path) -> None:
    source = files(tmp_path / "data", *(f"img/{number:07d}.jpg" for number in range(6)))
    rows = [("African", "m.0a", 0, 0), ("African", "m.0a", 0, 0), ("African", "m.0b", 0, 1), ("Asian", "m.0c", 1, 2),
            ("Asian", "m.0c", 1, 2), ("Indian", "m.0d", 3, 3)]  # fmt: skip
    lines = [f"{race}/{who}/{n}.jpg {group} {label} 1" for n, (race, who, group, label) in enumerate(rows)]
    table = read_people_list(write(source / "index.txt", lines))
    assert table.read_as[:3] == ("image from column 1", "identity from column 3", "group from column 2")
    listing = listed(table, source)
    assert [ref.identity for ref in listing.refs] == ["0", "0", "1", "2", "2", "3"]
    assert [ref.locator for ref in listing.refs] == [f"img/{number:07d}.jpg" for number in range(6)]
    assert people(listing)["2"] == {"group": "1", "name": "m.0c"}
    counts = told(listing.remarks)
    assert counts["image found by its number, which is that of the row"] == (
        6, "image 0 is of index.txt, line 1"
    )  # fmt: skip


def test_path_label_and_attribute_are_told_by_which_decides_which(tmp_path: Path) -> None:
    source = files(tmp_path / "faces", *(f"{who}/{n}.jpg" for who in ("a", "b", "c") for n in (1, 2)))
    rows = [("a", 7, 1), ("b", 8, 0), ("c", 9, 1)]
    lines = [f"/data/faces/{who}/{n}.jpg {label} {group}" for who, label, group in rows for n in (1, 2)]
    listing = listed(read_people_list(write(tmp_path / "list.txt", lines)), source)
    assert people(listing) == {
        "7": {"group": "1", "name": "a"}, "8": {"group": "0", "name": "b"}, "9": {"group": "1", "name": "c"}
    }  # fmt: skip
    either = [f"{who}/1.jpg {label} {label % 5}" for who, label, _ in rows]
    with pytest.raises(EthnoshardError, match=r"could mean 2 or 3 by identity; its columns are 1 \('a/1.jpg'\)"):
        read_people_list(write(tmp_path / "either.txt", either))
    assert read_people_list(tmp_path / "either.txt", {"identity": "2", "group": "3"}).rows["group"].to_list() == list(
        "234"
    )
    plain = read_people_list(write(tmp_path / "two.txt", [f"{who}/1.jpg {label}" for who, label, _ in rows]))
    assert plain.rows["identity"].to_list() == ["7", "8", "9"]
    paths = read_people_list(write(tmp_path / "paths.txt", [f"x/{who}/1.jpg" for who, *_ in rows]))
    assert paths.rows["identity"].to_list() == ["a", "b", "c"]


def test_morphs_table_names_photographs_by_their_folder(tmp_path: Path) -> None:
    source = files(tmp_path / "MORPH", "Album2/1_00M44.JPG", "Album2/1_01M46.JPG", "Album2/2_00F30.JPG")
    lines = ["id_num,picture_num,dob,race,gender,photo", "1,0,08/05/1960,B,M,Album2\\1_00M44.JPG",
             "1,1,08/05/1960,B,M,Album2/1_01M46.JPG", "2,0,01/01/1970,W,F,Album2/2_00F30.JPG"]  # fmt: skip
    table = read_people_list(write(tmp_path / "morph_2008_nonCommercial.csv", lines))
    assert table.read_as == ("image from column photo", "identity from column id_num", "group from column race")
    listing = listed(table, source)
    found = people(listing)
    assert len(listing.refs) == 3 and (found["1"]["group"], found["2"]["group"]) == ("B", "W")
    assert listing.people is not None
    assert listing.people.given_by["group"] == "column race of morph_2008_nonCommercial.csv"


def test_a_folder_of_lists_gives_the_lists_names_as_groups(tmp_path: Path) -> None:
    source = files(tmp_path / "DemogPairs", "ada_l/002.jpg", "ada_l/004.jpg", "bo_b/001.jpg")
    lists = tmp_path / "Metadata"
    (lists / "Validate").mkdir(parents=True)
    write(lists / "Asian_Females.txt", ["db_code image_path", "CWF  ada_l/002.jpg", "CWF\tada_l/004.jpg"])
    write(lists / "White_Males.txt", ["db_code image_path", "VGGFace2 bo_b/001.jpg", "VGGFace2 bo_b/009.jpg"])
    listing = listed(read_people_list(lists), source)
    assert {who: row["group"] for who, row in people(listing).items()} == {
        "ada_l": "Asian_Females",
        "bo_b": "White_Males",
    }
    assert told(listing.remarks)["row without an image"][0] == 1
    write(lists / "White_Males.txt", ["bo_b", "c_d"])
    write(lists / "Asian_Females.txt", ["ada_l"])
    named = read_people_list(lists)
    assert named.rows.select("identity", "group").rows() == [
        ("ada_l", "Asian_Females"), ("bo_b", "White_Males"), ("c_d", "White_Males")
    ]  # fmt: skip
    with pytest.raises(EthnoshardError, match="names people, but no images, so it doesn't say who is on which"):
        listed(named, source)


def test_a_vote_over_a_persons_images_gives_the_group(tmp_path: Path) -> None:
    source = files(tmp_path / "train", *(f"n{who:06d}/{n:04d}_01.jpg" for who in (2, 3, 4, 5) for n in (1, 2, 3)))
    votes = {2: [(1, -1, -1), (1, 0, -1), (-1, 1, -1)], 3: [(1, -1, -1), (-1, 1, -1), (0, 0, 0)],
             4: [(0, 0, 0)] * 3, 5: [(-1, -1, 1), (0, 0, 0), (0, 0, 0)]}  # fmt: skip
    lines = ["Filename,Identity,Male,Asian,White,Black"]
    for who, three in votes.items():
        lines += [f"n{who:06d}/{n:04d}_01.jpg,{who},1,{a},{w},{b}" for n, (a, w, b) in enumerate(three, start=1)]
    table = read_people_list(write(tmp_path / "MAAD_Face.csv", lines))
    assert "group from a vote over Asian, White, Black" in table.read_as
    listing = listed(table, source)
    assert {who: (row["group"], row["name"]) for who, row in people(listing).items()} == {
        "2": ("Asian", "n000002"), "3": (None, "n000003"), "4": (None, "n000004"), "5": ("Black", "n000005")
    }  # fmt: skip
    counts = told(listing.remarks)
    assert counts["identity whose images are given several groups, as often each: it has none"] == (1, "3")
    assert counts["identity whose images are given several groups: the most frequent is taken"] == (1, "2")
    assert counts["identity of which no image is given a group"] == (1, "4")
    two = read_people_list(tmp_path / "MAAD_Face.csv", {"group": "Asian+Black", "identity": "Identity"})
    assert two.votes == ("Asian", "Black")
    with pytest.raises(EthnoshardError, match="columns of a vote hold 1"):
        read_people_list(tmp_path / "MAAD_Face.csv", {"group": "Asian+Identity"})


def test_parquet_says_the_same_as_text(tmp_path: Path) -> None:
    rows = {"path": ["a/1.jpg", "b/1.jpg"], "person": [7, 8], "race": ["X", "Y"], "box": [[1, 2], [3, 4]]}
    pl.DataFrame(rows).write_parquet(tmp_path / "list.parquet")
    write(tmp_path / "list.csv", ["path,person,race", "a/1.jpg,7,X", "b/1.jpg,8,Y"])
    roles = ["image", "identity", "group"]
    read = [read_people_list(tmp_path / name).rows.select(roles).rows() for name in ("list.parquet", "list.csv")]
    assert read[0] == read[1] == [("a/1.jpg", "7", "X"), ("b/1.jpg", "8", "Y")]


def test_images_are_found_by_their_ends_and_never_another_persons(tmp_path: Path) -> None:
    source = files(tmp_path / "set", "w/a/1.jpg", "w/a/2.jpg", "w/b/1.jpg", "w/b/3.PNG")
    lines = [
        "image,identity",
        "/home/me/x/a/1.jpg,A",
        "/home/me/x/b/1.jpg,B",
        "/home/me/x/b/2.jpg,B",
        "/home/me/x/b/3.jpg,B",
    ]
    listing = listed(read_people_list(write(tmp_path / "list.csv", lines)), source)
    assert whose(listing) == {"A/1.jpg": "A", "B/1.jpg": "B", "B/3.PNG": "B"}, "b/2.jpg is not a/2.jpg"
    assert listing.skipped["image without a row in the list"] == ["w/a/2.jpg"]
    counts = told(listing.remarks)
    assert counts["row without an image"] == (1, "list.csv, line 4: home/me/x/b/2.jpg")
    assert counts["image found without regard to its extension"] == (1, "home/me/x/b/3.jpg is w/b/3.PNG")
    alone = listed(read_people_list(write(tmp_path / "bare.csv", ["image,identity", "1.jpg,A", "2.jpg,A"])), source)
    assert whose(alone) == {"A/2.jpg": "A"}
    assert told(alone.remarks)["row that could mean several images, or one of several rows that could mean one"] == (
        1, "bare.csv, line 2: 1.jpg"
    )  # fmt: skip


def test_two_images_of_one_name_keep_their_paths(tmp_path: Path) -> None:
    source = files(tmp_path / "set", "s1/1.jpg", "s2/1.jpg", "s2/2.jpg")
    lines = ["image,identity", "s1/1.jpg,A", "s2/1.jpg,A", "s2/2.jpg,A"]
    listing = listed(read_people_list(write(tmp_path / "list.csv", lines)), source)
    assert [ref.name for ref in listing.refs] == ["A/2.jpg", "A/s1/1.jpg", "A/s2/1.jpg"]
    assert listing.refs[1:] == [*listing.refs][1:] and listing.refs[-1] == [*listing.refs][-1]


def test_rows_that_say_nothing_or_contradict_each_other_are_counted(tmp_path: Path) -> None:
    lines = ["image,identity", "1.jpg,A", ",A", "2.jpg,", "", "1.jpg,A", "3.jpg,A", "3.jpg,B", "4.jpg,B"]
    table = read_people_list(write(tmp_path / "list.csv", lines))
    assert table.rows.select("image", "identity").rows() == [("1.jpg", "A"), ("4.jpg", "B")]
    assert told(table.remarks) == {
        "empty row": (1, "list.csv, line 5"),
        "row without an image": (1, "list.csv, line 3"),
        "row without an identity": (1, "list.csv, line 4"),
        "row that says what one before said": (1, "list.csv, line 6"),
        "row of an image that the list gives to two people": (2, "list.csv, line 7"),
    }


def test_what_fits_nothing_or_could_mean_two_things_is_one_message(tmp_path: Path) -> None:
    source = files(tmp_path / "set", "a/1.jpg", "b/2.jpg")
    table = read_people_list(write(tmp_path / "list.csv", ["image,identity", "x/8.jpg,A", "x/9.jpg,B"]))
    with pytest.raises(
        EthnoshardError,
        match=r"names none of the 2 images .*It names, of 2, 'x/8.jpg', .*are 'a/1.jpg', 'b/2.jpg'",
    ):
        listed(table, source)
    lines = ["file_name,person,subject", "a/1.jpg,A,B"]
    with pytest.raises(EthnoshardError, match=r"could mean person or subject by identity; .*example identity=person"):
        read_people_list(write(tmp_path / "two.csv", lines))
    assert read_people_list(tmp_path / "two.csv", {"identity": "Subject"}).rows["identity"].to_list() == ["B"]
    with pytest.raises(EthnoshardError, match="has no column 'who', which --columns names for identity"):
        read_people_list(tmp_path / "two.csv", {"identity": "who"})
    with pytest.raises(EthnoshardError, match="names no images; its columns are identity, group"):
        read_people_list(write(tmp_path / "labels.csv", ["identity,group", "A,X"]))
    with pytest.raises(EthnoshardError, match="is not there; give a table that says who is on which image"):
        read_people_list(tmp_path / "none.csv")


def test_a_list_whose_people_are_the_folders_of_its_paths_says_so(tmp_path: Path) -> None:
    images = files(tmp_path / "faces", "000/1.jpg", "000/2.jpg", "001/1.jpg")
    table = read_people_list(write(tmp_path / "a.csv", ["file_name,star", "000/1.jpg,A", "000/2.jpg,B", "001/1.jpg,A"]))
    assert listed(table, images).form.endswith(
        "(a.csv: image from column file_name, identity from the folders of column file_name)"
    )
