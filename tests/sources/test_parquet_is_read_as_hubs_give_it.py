import random
from pathlib import Path

import polars as pl
import pytest
from containers import Photos
from hub_forms import parquet_rows, write_class_parquet

from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources import Place, Reading, open_source
from ethnoshard.sources.containers._parquet_groups import largest_row_group

PHOTOS: Photos = {
    f"{person}/{number}.jpg": random.Random(f"{person}{number}").randbytes(2000 + number)
    for person in ("n1", "n2", "n10")
    for number in range(3)
}


def test_identities_are_the_names_of_the_classes(tmp_path: Path) -> None:
    source = open_source(write_class_parquet(PHOTOS, tmp_path / "train.parquet"))
    assert [ref.name for ref in source.refs] == sorted(PHOTOS)
    assert {ref.identity for ref in source.refs} == {"n1", "n2", "n10"}
    with source.open() as reader:
        assert [reader.read(ref) for ref in source.refs] == [PHOTOS[name] for name in sorted(PHOTOS)]
    assert source.kind == "parquet"
    assert source.form == "a Parquet file with images; identities from the column label by the names of its classes"


def test_without_names_identities_are_the_numbers_and_images_are_called_by_file_and_row(tmp_path: Path) -> None:
    images = [b"\xff\xd8one", b"\x89PNGtwo", b"RIFF three", b""]
    rows = pl.DataFrame({"image": images, "label": [7, 7, 12, 12], "age": [1, 2, 3, 4]})
    rows.write_parquet(tmp_path / "part-0.parquet")
    source = open_source(tmp_path / "part-0.parquet")
    names = ["12/part-0-00000002.webp", "12/part-0-00000003.jpg", "7/part-0-00000000.jpg", "7/part-0-00000001.png"]
    assert [ref.name for ref in source.refs] == names
    with source.open() as reader:
        assert [reader.read(ref) for ref in source.refs] == [images[2], images[3], images[0], images[1]]


def test_a_folder_of_files_is_one_set_and_its_splits_are_said(tmp_path: Path) -> None:
    rows = parquet_rows(PHOTOS)
    (tmp_path / "data").mkdir()
    rows[:4].write_parquet(tmp_path / "data" / "train-00000-of-00002.parquet")
    rows[4:6].write_parquet(tmp_path / "data" / "train-00001-of-00002.parquet")
    rows[6:].write_parquet(tmp_path / "data" / "test-00000-of-00001.parquet")
    (tmp_path / "README.md").write_text("a card")
    source = open_source(tmp_path)
    assert [ref.name for ref in source.refs] == sorted(PHOTOS)
    assert source.form == "3 Parquet files with images (1 of test, 2 of train); identities from the column label"
    assert source.smells == ()
    with source.open() as reader:
        assert [reader.read(ref) for ref in source.refs] == [PHOTOS[name] for name in sorted(PHOTOS)]


def test_two_versions_of_one_set_are_a_smell_and_lose_no_image(tmp_path: Path) -> None:
    for version in ("0.25", "1.25"):
        (tmp_path / version).mkdir()
        parquet_rows(PHOTOS).write_parquet(tmp_path / version / "train.parquet")
    source = open_source(tmp_path)
    (smell,) = source.smells
    assert "train.parquet in 0.25 and 1.25: one set in several versions" in smell.what
    assert len({ref.name for ref in source.refs}) == 2 * len(PHOTOS)
    with pytest.raises(EthnoshardError, match=r"each image would come several times. Way out: give one of the folders"):
        source.checked()


@pytest.mark.parametrize("row_group", [1, 4, 1000])
@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_images_are_read_in_any_order_whatever_the_row_groups(tmp_path: Path, row_group: int, order: str) -> None:
    rows = parquet_rows({f"p{n % 50}/{n}.jpg": random.Random(n).randbytes(n) for n in range(500)})
    rows = rows.sample(fraction=1.0, shuffle=True, seed=1)
    rows.write_parquet(tmp_path / "faces.parquet", row_group_size=row_group)
    source = open_source(tmp_path / "faces.parquet")
    refs = list(source.refs) if order == "sorted" else random.Random(2).sample(source.refs, len(source.refs))
    with source.open() as reader:
        for ref in refs:
            assert reader.read(ref) == random.Random(int(ref.name.split("/")[1][:-4])).randbytes(ref.size)


def test_groups_and_what_else_is_one_for_a_person_go_to_people(tmp_path: Path) -> None:
    rows = parquet_rows(PHOTOS).with_columns(
        race=pl.Series(["Asian", "Asian", None, "Black", "White", "Black", "White", "White", "White"]),
        size=pl.col("label") + "land",
        age=pl.int_range(9),
        session=pl.Series(["a", "a", "a", "b", "b", "b", "a", "b", "c"]),
    )
    rows.write_parquet(tmp_path / "faces.parquet")
    people = open_source(tmp_path / "faces.parquet").people
    assert people is not None
    assert people.rows.to_dicts() == [
        {"identity": "n1", "group": "Asian", "size": "n1land"},
        {"identity": "n10", "group": "White", "size": "n10land"},
        {"identity": "n2", "group": None, "size": "n2land"},
    ]
    assert people.given_by == {
        "group": "the column race; none for 1 of 3 people, whose images have several",
        "size": "the column size",
    }


def test_the_user_may_name_the_columns(tmp_path: Path) -> None:
    rows = parquet_rows(PHOTOS).with_columns(who=pl.col("label").str.to_uppercase(), side=pl.lit("left"))
    rows = rows.with_columns(mirrored=pl.struct(bytes=pl.lit(b"x"), path=pl.lit("x.jpg")))
    rows.write_parquet(tmp_path / "faces.parquet")
    columns = {"identity": "who", "group": "side", "image": "mirrored"}
    source = open_source(tmp_path / "faces.parquet", Reading(columns=columns))
    assert {ref.identity for ref in source.refs} == {"N1", "N2", "N10"}
    assert len({ref.name for ref in source.refs}) == len(PHOTOS)
    assert source.people is not None
    assert source.people.rows["group"].to_list() == ["left"] * 3
    with source.open() as reader:
        assert reader.read(source.refs[0]) == b"x"
    with pytest.raises(EthnoshardError, match="has no column 'whom' for the identity; it has"):
        open_source(tmp_path / "faces.parquet", Reading(columns={"identity": "whom"}))


def test_rows_that_cannot_be_had_are_counted(tmp_path: Path) -> None:
    rows = [
        {"image": {"bytes": b"a", "path": "a.jpg"}, "person": "A"},
        {"image": {"bytes": None, "path": "b.jpg"}, "person": "A"},
        {"image": None, "person": "A"},
        {"image": {"bytes": b"d", "path": None}, "person": None},
        {"image": {"bytes": b"e", "path": None}, "person": ""},
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "f.parquet")
    source = open_source(tmp_path / "f.parquet")
    assert [ref.name for ref in source.refs] == ["A/a.jpg"]
    assert source.skipped == {
        "row whose image is a path alone": ["f.parquet, row 1"],
        "row without an image": ["f.parquet, row 2"],
        "row without an identity": ["f.parquet, row 3", "f.parquet, row 4"],
    }


def test_a_class_without_a_name_is_counted(tmp_path: Path) -> None:
    from datasets import ClassLabel, Dataset, Features, Value

    features = Features({"image": Value("binary"), "label": ClassLabel(names=["A"])})
    whole = Dataset.from_dict({"image": [b"a", b"b"], "label": [0, -1]}, features=features)
    whole.to_parquet(tmp_path / "f.parquet")
    source = open_source(tmp_path / "f.parquet")
    assert [ref.name for ref in source.refs] == ["A/f-00000000.jpg"]
    assert source.skipped == {"row whose class has no name in the schema's metadata": ["f.parquet, row 1"]}


IMAGE = pl.Struct({"bytes": pl.Binary, "path": pl.String})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            pl.DataFrame({"image": [b"x"], "age": [1], "race": [2]}),
            "doesn't say whose its images are: its columns are image, age, race.* such as FairFace",
        ),
        (
            pl.DataFrame({"image": ["a.jpg"], "label": [1]}),
            "no column holds images.* give the images as the source and this as --list",
        ),
        (
            pl.DataFrame({"image1": [b"x"], "image2": [b"y"], "label": [1]}),
            "several columns of images: image1, image2.* list of pairs",
        ),
        (
            pl.DataFrame(
                {"image": [{"bytes": None, "path": "a.jpg"}], "label": [1]}, {"image": IMAGE, "label": pl.Int64}
            ),
            "1 x row whose image is a path alone.* as --list",
        ),
        (pl.DataFrame({"image": [], "label": []}, {"image": IMAGE, "label": pl.Int64}), "it has no row"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, table: pl.DataFrame, message: str) -> None:
    table.write_parquet(tmp_path / "f.parquet")
    with pytest.raises(EthnoshardError, match=message) as caught:
        open_source(tmp_path / "f.parquet")
    assert str(tmp_path / "f.parquet") in str(caught.value)


def test_a_file_cut_or_damaged_is_refused(tmp_path: Path) -> None:
    parquet_rows(PHOTOS).write_parquet(tmp_path / "f.parquet", compression="zstd")
    whole = (tmp_path / "f.parquet").read_bytes()
    for damaged in (
        whole[: len(whole) // 2],
        whole[:4] + bytes(2000) + whole[2004:],
        whole[:-9] + b"\xff" * 5 + b"PAR1",
    ):
        (tmp_path / "f.parquet").write_bytes(damaged)
        with pytest.raises(EthnoshardError, match=r"can't be read as Parquet: .*fetch it again"):
            open_source(tmp_path / "f.parquet")


def test_files_whose_classes_have_names_and_not_are_not_mixed(tmp_path: Path) -> None:
    write_class_parquet(PHOTOS, tmp_path / "a.parquet")
    pl.DataFrame({"image": [b"x"], "label": [3]}).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(EthnoshardError, match="give the files that belong together"):
        open_source(tmp_path)


def test_a_file_that_changed_since_is_told(tmp_path: Path) -> None:
    parquet_rows(PHOTOS).write_parquet(tmp_path / "f.parquet")
    refs = open_source(tmp_path / "f.parquet").refs
    parquet_rows(PHOTOS)[:5].write_parquet(tmp_path / "f.parquet")
    with Place(kind="parquet", path=tmp_path / "f.parquet").open() as reader:
        gone = next(ref for ref in refs if ref.name == "n10/2.jpg")
        with pytest.raises(UnreadableImageError, match="the row holds no image, not the 2002 bytes that were listed"):
            reader.read(gone)
        (tmp_path / "f.parquet").unlink()
        with pytest.raises(UnreadableImageError, match="can't be read"):
            reader.read(refs[0])


def test_a_name_with_signs_of_a_pattern_is_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "data [1] *"
    folder.mkdir()
    parquet_rows(PHOTOS).write_parquet(folder / "train?.parquet")
    source = open_source(folder)
    with source.open() as reader:
        assert reader.read(source.refs[0]) == PHOTOS[source.refs[0].name]


@pytest.mark.parametrize("row_group", [7, 1000])
def test_shuffled_rows_in_large_row_groups_are_a_smell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row_group: int
) -> None:
    """Large is what is read in all, of which a test has little."""
    rows = parquet_rows({f"p{n // 10:03d}/{n}.jpg": random.Random(n).randbytes(1000) for n in range(2000)})
    monkeypatch.setattr("ethnoshard.sources.containers._parquet._MOST_TO_READ", 100_000_000)
    rows.write_parquet(tmp_path / "sorted.parquet", row_group_size=row_group)
    rows.sample(fraction=1.0, shuffle=True, seed=1).write_parquet(tmp_path / "other.parquet", row_group_size=row_group)
    assert open_source(tmp_path / "sorted.parquet").smells == ()
    smells = open_source(tmp_path / "other.parquet").smells
    if row_group == 7:
        assert smells == ()
    else:
        (smell,) = smells
        assert smell.what.startswith("the rows are in no order of people and the row groups have up to 1 MiB")
        assert "row_group_size=100" in smell.way_out


@pytest.mark.parametrize("row_group", [1, 3, 100])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
def test_the_largest_row_group_is_that_which_another_reader_sees(
    tmp_path: Path, row_group: int, compression: str
) -> None:
    from pyarrow.parquet import ParquetFile, write_table

    table = parquet_rows(PHOTOS).with_columns(truth=True, number=1.5, many=pl.lit([True, False])).to_arrow()
    write_table(table, tmp_path / "f.parquet", row_group_size=row_group, compression=compression)
    metadata = ParquetFile(tmp_path / "f.parquet").metadata
    sizes = [metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)]
    assert largest_row_group(tmp_path / "f.parquet") == max(sizes) > 0
    parquet_rows(PHOTOS).write_parquet(tmp_path / "f.parquet", row_group_size=row_group)
    metadata = ParquetFile(tmp_path / "f.parquet").metadata
    sizes = [metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)]
    assert largest_row_group(tmp_path / "f.parquet") == max(sizes)
