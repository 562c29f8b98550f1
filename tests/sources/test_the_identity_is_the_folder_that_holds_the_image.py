import pytest

from ethnoshard.sources import open_source


def identities(source):
    return list(dict.fromkeys(ref.identity for ref in source.refs))


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["A/1.jpg", "B/1.jpg"], ["A", "B"]),
        (["lfw/lfw/A/1.jpg", "lfw/lfw/B/1.jpg"], ["A", "B"]),
        (["vgg/train/n1/1.jpg", "vgg/test/n2/1.jpg"], ["test/n2", "train/n1"]),
        (["vgg/train/n1/1.jpg", "vgg/test/n1/1.jpg"], ["test/n1", "train/n1"]),
        (["lfw/A/1.jpg", "lfw/A/2.jpg"], ["A"]),
        (["lfw/A/1.jpg", "loose.jpg", "readme/x.jpg", "lfw/B/1.jpg"], ["A", "B"]),
        (["A/1.jpg", "A/deeper/1.jpg"], ["deeper"]),
    ],
)
def test_layouts(pack, paths, expected):
    assert identities(open_source(pack(dict.fromkeys(paths, b"x")))) == expected


def test_images_at_another_depth_are_counted_with_the_reason(pack):
    paths = ["loose.jpg", "A/1.jpg", "A/2.jpg", "B/1.jpg", "B/old/1.jpg", "B/old/2.jpg"]
    source = open_source(pack(dict.fromkeys(paths, b"x")))

    assert [ref.name for ref in source.refs] == ["A/1.jpg", "A/2.jpg", "B/1.jpg"]
    (above, loose), (below, deep) = sorted(source.skipped.items())
    assert "above the identity folders" in above
    assert loose == ["loose.jpg"]
    assert "below the identity folders" in below
    assert sorted(deep) == ["B/old/1.jpg", "B/old/2.jpg"]


def test_only_image_extensions_count_and_the_rest_is_named(pack):
    rest = ["A/.hidden.jpg", ".git/x.jpg", "__MACOSX/A/._1.jpg", "A/labels.csv", "A/jpg", "A/.DS_Store"]
    wanted = [f"A/1.{ext}" for ext in ("BMP", "JPG", "Jpeg", "gif", "pgm", "png", "ppm", "tif", "tiff", "webp")]
    source = open_source(pack(dict.fromkeys(rest + wanted, b"x")))

    assert [ref.name for ref in source.refs] == wanted
    assert {reason: sorted(names) for reason, names in source.skipped.items()} == {
        "hidden file (a name that begins with a dot)": [".git/x.jpg", "A/.DS_Store", "A/.hidden.jpg"],
        "macOS metadata (__MACOSX)": ["__MACOSX/A/._1.jpg"],
        "no image extension": ["A/jpg", "A/labels.csv"],
    }
