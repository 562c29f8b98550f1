import io
import subprocess
import sys

import numpy as np
import pytest
from containers import Pack
from PIL import Image

from ethnoshard.alignment import decode_image
from ethnoshard.sources import Source, open_source


def identities(source: Source) -> list[str]:
    return list(dict.fromkeys(ref.identity for ref in source.refs))


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["A/1.jpg", "B/1.jpg"], ["A", "B"]),
        (["lfw/lfw/A/1.jpg", "lfw/lfw/B/1.jpg"], ["A", "B"]),
        (["vgg/train/n1/1.jpg", "vgg/test/n2/1.jpg"], ["n1", "n2"]),
        (["vgg/train/n1/1.jpg", "vgg/test/n1/1.jpg"], ["test/n1", "train/n1"]),
        (["lfw/A/1.jpg", "lfw/A/2.jpg"], ["A"]),
        (["lfw/A/1.jpg", "loose.jpg", "readme/x.jpg", "lfw/B/1.jpg"], ["A", "B"]),
        (["A/1.jpg", "A/deeper/1.jpg"], ["deeper"]),
    ],
)
def test_layouts(pack: Pack, paths: list[str], expected: list[str]) -> None:
    assert identities(open_source(pack(dict.fromkeys(paths, b"x")))) == expected


def test_images_at_another_depth_are_counted_with_the_reason(pack: Pack) -> None:
    paths = ["loose.jpg", "A/1.jpg", "A/2.jpg", "B/1.jpg", "B/old/1.jpg", "B/old/2.jpg"]
    source = open_source(pack(dict.fromkeys(paths, b"x")))

    assert [ref.name for ref in source.refs] == ["A/1.jpg", "A/2.jpg", "B/1.jpg"]
    (above, loose), (below, deep) = sorted(source.skipped.items())
    assert "above the identity folders" in above
    assert loose == ["loose.jpg"]
    assert "below the identity folders" in below
    assert sorted(deep) == ["B/old/1.jpg", "B/old/2.jpg"]


def test_only_image_extensions_count_and_the_rest_is_named(pack: Pack) -> None:
    rest = [
        "A/.hidden.jpg",
        ".git/x.jpg",
        "__MACOSX/A/._1.jpg",
        "A/@eaDir/1.jpg",
        "A/labels.csv",
        "A/jpg",
        "A/.DS_Store",
    ]
    rest += ["A/1.HEIC", "A/2.heif", "A/b.CSV", "A/1.jpg~", "A/1.NEF", "A/x.0001"]
    wanted = [f"A/1.{ext}" for ext in ("BMP", "JPG", "Jpeg", "avif", "gif", "jfif", "jpe", "pgm")]
    wanted += [f"A/1.{ext}" for ext in ("png", "ppm", "tif", "tiff", "webp")]
    source = open_source(pack(dict.fromkeys(rest + wanted, b"x")))

    assert [ref.name for ref in source.refs] == wanted
    assert {reason: sorted(names) for reason, names in source.skipped.items()} == {
        "hidden file (a name that begins with a dot)": [".git/x.jpg", "A/.DS_Store", "A/.hidden.jpg"],
        "macOS metadata (__MACOSX)": ["__MACOSX/A/._1.jpg"],
        "thumbnails that a Synology made (@eaDir)": ["A/@eaDir/1.jpg"],
        "no extension, so that images can't be told from other files; give images one, such as .jpg": ["A/jpg"],
        "no image extension (.csv)": ["A/b.CSV", "A/labels.csv"],
        "no image extension": ["A/1.jpg~", "A/x.0001"],
        "HEIC image, which can't be decoded here; convert to JPEG or PNG": ["A/1.HEIC", "A/2.heif"],
        "raw image of a camera, which can't be decoded here; convert to JPEG or PNG": ["A/1.NEF"],
    }


FORMS = {"jfif": "JPEG", "JPE": "JPEG", "avif": "AVIF", "jp2": "JPEG2000", "dib": "DIB", "pnm": "PPM"}


@pytest.mark.parametrize(("extension", "form"), FORMS.items())
def test_an_image_of_each_further_extension_is_decoded(pack: Pack, extension: str, form: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (200, 100, 50)).save(buffer, form)
    source = open_source(pack({f"A/1.{extension}": buffer.getvalue()}))
    (ref,) = source.refs
    with source.open() as reader:
        pixels = decode_image(reader.read(ref), max_pixels=10_000)
    assert np.abs(pixels.astype(int) - (200, 100, 50)).max() <= 3


def test_where_pillow_has_no_avif_it_is_left_out_with_what_to_do() -> None:
    command = (
        "import importlib.util as u; find = u.find_spec; "
        "u.find_spec = lambda name, *rest: None if name == 'PIL._avif' else find(name, *rest); "
        "from ethnoshard.sources.containers._inventory import no_image_reason as why; "
        "print(why('a.AVIF'), why('a.jfif'))"
    )
    run = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert run.stdout == "AVIF image, which this Pillow can't decode; install Pillow 11.3 or newer None\n"
