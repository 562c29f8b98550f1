import pytest
from containers import Pack

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import Reading, Source, open_source


def listed(pack: Pack, layout: str, *paths: str) -> Source:
    return open_source(pack(dict.fromkeys(paths, b"x")), Reading(layout=layout))


def groups(source: Source) -> dict[str, str]:
    return {} if source.people is None else dict(source.people.rows.select("identity", "group").iter_rows())


BUPT = ("images/race_per_7000/African/m.0a/1.jpg", "images/race_per_7000/Asian/m.0b/1.jpg")


@pytest.mark.parametrize("only", [BUPT, BUPT[:1]], ids=["both races", "one race alone"])
def test_folders_above_those_of_the_pattern_mean_nothing(pack: Pack, only: tuple[str, ...]) -> None:
    source = listed(pack, "{group}/{identity}/*", *only)
    assert [ref.name for ref in source.refs] == ["m.0a/1.jpg", "m.0b/1.jpg"][: len(only)]
    assert groups(source) == dict(list({"m.0a": "African", "m.0b": "Asian"}.items())[: len(only)])
    assert source.people is not None
    assert source.people.given_by == {"group": "the folder names"}


@pytest.mark.parametrize(
    ("layout", "path", "identity", "name"),
    [
        ("{identity}/*", "a/b/1.jpg", "b", "b/1.jpg"),
        ("{identity}/{session}/*", "a/b/1.jpg", "a", "a/b/1.jpg"),
        ("{identity}/*/*", "a/b/1.jpg", "a", "a/b/1.jpg"),
        ("{split}/{identity}/*", "x/train/n1/1.jpg", "n1", "n1/train/1.jpg"),
        ("{identity}_*", "flat/George_W_Bush_0001.jpg", "George_W_Bush", "George_W_Bush/George_W_Bush_0001.jpg"),
        ("*_{identity}_*_*", "12_GlennClose_62_f.jpg", "GlennClose", "GlennClose/12_GlennClose_62_f.jpg"),
        ("{identity}_rm*", "00/nm01_rm9_1955-1-6_2003.jpg", "nm01", "nm01/nm01_rm9_1955-1-6_2003.jpg"),
        ("{group}_{identity}/*", "White_17/1.jpg", "17", "17/White_17/1.jpg"),
    ],
)
def test_a_path_is_read_from_its_end(pack: Pack, layout: str, path: str, identity: str, name: str) -> None:
    (ref,) = listed(pack, layout, path).refs
    assert (ref.identity, ref.name) == (identity, name)


def test_bytes_are_those_of_the_path(pack: Pack) -> None:
    source = open_source(pack({"s/p1/a/1.jpg": b"one", "s/p1/b/1.jpg": b"two"}), Reading(layout="{identity}/*/*"))
    with source.open() as reader:
        assert [(ref.name, reader.read(ref)) for ref in source.refs] == [("p1/a/1.jpg", b"one"), ("p1/b/1.jpg", b"two")]


def test_what_does_not_fit_is_counted(pack: Pack) -> None:
    source = listed(pack, "{group}/{identity}/*", "White/a/1.jpg", "White/b/1.jpg", "loose.jpg")
    assert source.skipped == {"image whose path doesn't fit the layout {group}/{identity}/*": ["loose.jpg"]}


def test_nothing_that_fits_is_an_error_with_an_example(pack: Pack) -> None:
    with pytest.raises(EthnoshardError, match=r"none of its 1 images fits --layout .*the first is a\.jpg"):
        listed(pack, "{identity}/*", "a.jpg")


def test_two_images_of_one_name_are_an_error_with_the_way_out(pack: Pack) -> None:
    with pytest.raises(EthnoshardError, match=r"two images are 'm/1\.jpg'; let the pattern begin a folder higher"):
        listed(pack, "{identity}/*", "a/m/1.jpg", "b/m/1.jpg")


def test_a_person_of_two_groups_has_none_and_smells(pack: Pack) -> None:
    source = listed(pack, "{group}/{identity}/*", "White/m/1.jpg", "Black/m/2.jpg", "White/n/3.jpg")
    assert groups(source) == {"n": "White"}
    (smell,) = source.smells
    assert "1 identity lies in folders of several groups, as 'm' in Black and White" in smell.what


@pytest.mark.parametrize(
    ("layout", "why"),
    [
        ("*/*", "no {identity}"),
        ("{person}/*", "{person}"),
        ("{identity}/{identity}/*", "more than once"),
        ("{identity", "brace"),
        ("{identity}//*", "empty folder name"),
    ],
)
def test_what_is_no_pattern_is_refused(pack: Pack, layout: str, why: str) -> None:
    with pytest.raises(EthnoshardError, match="is no pattern of paths") as caught:
        listed(pack, layout, "a/1.jpg")
    assert why in str(caught.value)


def test_columns_of_nothing_are_refused(pack: Pack) -> None:
    with pytest.raises(EthnoshardError, match="has no columns that 'identity=person' could name; --columns goes with"):
        open_source(pack({"a/1.jpg": b"x"}), Reading(columns={"identity": "person"}))
