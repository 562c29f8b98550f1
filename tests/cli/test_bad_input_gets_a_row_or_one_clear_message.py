"""A bad image is a row with its reason; a bad source, folder or option is one message, no traceback."""

import io
import json
import struct
import subprocess
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

Cli = Callable[..., subprocess.CompletedProcess[str]]


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def grey(mode: str = "RGB", side: int = 48) -> Image.Image:
    return Image.new("L", (side, side), 128).convert(mode)


def bomb() -> bytes:
    """A small PNG whose header claims 50,000 x 50,000 pixels."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(9000)))]
    written = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def sixteen_bit() -> bytes:
    return encoded(Image.fromarray(np.full((48, 48), 32896, np.uint16)), "PNG")


def animated() -> bytes:
    frames = [Image.new("P", (48, 48), colour) for colour in (128, 0)]
    for frame in frames:
        frame.putpalette([value for grey_level in range(256) for value in (grey_level,) * 3])
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


def turned() -> bytes:
    """Dark on the left as stored; the camera says: turn it clockwise, so that dark is on top."""
    pixels = np.full((48, 48, 3), 255, np.uint8)
    pixels[:, :24] = 0
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(Image.fromarray(pixels), "JPEG", exif=exif, quality=95)


BAD = {
    "a text file": (b"not a picture\n" * 40, "unreadable", "not an image of a known format"),
    "a truncated JPEG": (encoded(grey(), "JPEG")[:-60], "unreadable", "runcated"),
    "an empty file": (b"", "unreadable", "the file is empty"),
    "a bomb": (bomb(), "unreadable", "50000 x 50000 px is over the limit of 20,000,000 pixels"),
}
GOOD = {
    "16-bit PNG": sixteen_bit(),
    "CMYK JPEG": encoded(grey("CMYK"), "JPEG"),
    "animated GIF": animated(),
    "RGBA PNG": encoded(grey("RGBA"), "PNG"),
    "grey JPEG": encoded(grey("L"), "JPEG"),
    "palette PNG": encoded(grey("P"), "PNG"),
    "RGB WebP": encoded(grey(), "WEBP"),
}


def one_face_work(cli: Cli, tmp_path: Path, data: bytes, *options: str) -> pl.DataFrame:
    """Align one picture beside a plain one; the table's row of the first."""
    home = tmp_path / "faces" / "someone"
    home.mkdir(parents=True)
    (home / "1.jpg").write_bytes(data)
    (home / "2.jpg").write_bytes(encoded(grey(), "JPEG"))
    run = cli("align", tmp_path / "faces", tmp_path / "work", *options, "--as-it-is", "--workers", 1)
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    return pl.read_parquet(tmp_path / "work" / "parts" / "00000.parquet")


@pytest.mark.parametrize("name", BAD)
def test_a_bad_image_is_a_row_with_its_reason(name: str, cli: Cli, tmp_path: Path) -> None:
    data, status, reason = BAD[name]
    table = one_face_work(cli, tmp_path, data, "--aligned", "--size", "48")
    assert table["status"].to_list() == [status, "aligned"]
    assert reason in table["reason"][0]
    assert table["length"].is_null().to_list() == [True, False]


@pytest.mark.parametrize("name", GOOD)
def test_an_odd_image_becomes_the_right_colour(name: str, cli: Cli, tmp_path: Path) -> None:
    table = one_face_work(cli, tmp_path, GOOD[name], "--aligned", "--size", "48")
    assert table["status"].to_list() == ["aligned", "aligned"]
    with tarfile.open(tmp_path / "work" / "parts" / "00000.tar") as tar:
        member = tar.extractfile("000000.jpg")
        assert member is not None
        pixels = np.asarray(Image.open(member))
    assert pixels.shape == (48, 48, 3)
    assert abs(float(pixels.mean()) - 128) < 3


def test_the_cameras_orientation_is_honoured(cli: Cli, tmp_path: Path) -> None:
    one_face_work(cli, tmp_path, turned(), "--aligned", "--size", "48")
    with tarfile.open(tmp_path / "work" / "parts" / "00000.tar") as tar:
        member = tar.extractfile("000000.jpg")
        assert member is not None
        pixels = np.asarray(Image.open(member).convert("L"), float)
    assert pixels[:20].mean() < 20 and pixels[28:].mean() > 235


def test_too_small_and_faceless_images_are_rows_too(cli: Cli, tmp_path: Path) -> None:
    table = one_face_work(cli, tmp_path, encoded(grey(side=15), "JPEG"))
    assert table["status"].to_list() == ["too_small", "no_face"]
    assert "15 x 15 px is smaller than the smallest face looked for, 20 px" in table["reason"][0]


def test_odd_names_arrive_as_they_are(cli: Cli, tmp_path: Path) -> None:
    names = ["with space", "quo\"te's", "[red]x[red]", "naïve 黒", "new\nline", "Same", "same", "a,b"]
    for name in names:
        home = tmp_path / "faces" / name
        home.mkdir(parents=True)
        (home / "[bold] 1.jpg").write_bytes(encoded(grey(), "JPEG"))
    pl.DataFrame({"identity": names, "group": ["[blue]G"] * len(names)}).write_csv(tmp_path / "labels.csv")
    run = cli(
        "build", tmp_path / "faces", tmp_path / "data", "--labels", tmp_path / "labels.csv", "--aligned", "--workers", 1
    )
    assert run.returncode == 0, run.stderr
    assert "[blue]G" in run.stdout
    assert sorted(pl.read_parquet(tmp_path / "data" / "identities.parquet")["identity"]) == sorted(names)
    assert cli("verify", tmp_path / "data").returncode == 0
    shown = cli("label", tmp_path / "data.work", "--show", 20)
    assert "[red]x[red]" in shown.stdout


def tar_with(path: Path, *members: tuple[str, bytes | None, bytes]) -> Path:
    """A tar of (name, content or None, type) and one good picture."""
    with tarfile.open(path, "w") as tar:
        for name, content, kind in [*members, ("set/one/1.jpg", encoded(grey(), "JPEG"), tarfile.REGTYPE)]:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.linkname = kind, len(content or b""), "/etc/passwd"
            tar.addfile(member, io.BytesIO(content) if content else None)
    return path


def test_dangerous_entries_of_an_archive_are_skipped_and_said(cli: Cli, tmp_path: Path) -> None:
    picture = encoded(grey(), "JPEG")
    source = tar_with(
        tmp_path / "set.tar",
        ("/etc/evil/1.jpg", picture, tarfile.REGTYPE),
        ("set/../../evil/1.jpg", picture, tarfile.REGTYPE),
        ("set/one/link.jpg", None, tarfile.SYMTYPE),
        ("set/one/device.jpg", None, tarfile.CHRTYPE),
    )
    run = cli("align", source, tmp_path / "work", "--aligned", "--workers", 1)
    assert run.returncode == 0, run.stderr
    assert run.stderr.count("warning: skipped in the source") >= 3
    assert pl.read_parquet(tmp_path / "work" / "parts" / "00000.parquet")["image"].to_list() == ["one/1.jpg"]
    assert not list(tmp_path.rglob("evil"))


def empty_folder(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def text_file(tmp_path: Path) -> Path:
    (tmp_path / "notes.txt").write_text("notes\n" * 300)
    return tmp_path / "notes.txt"


def cut_tar(tmp_path: Path) -> Path:
    whole = tar_with(tmp_path / "whole.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:700])
    return tmp_path / "cut.tar"


def cut_recordio(tmp_path: Path) -> Path:
    folder = tmp_path / "rec"
    folder.mkdir()
    content = struct.pack("<IfQQ", 0, 3.0, 1, 0) + encoded(grey(), "JPEG")
    record = struct.pack("<II", 0xCED7230A, len(content)) + content + bytes(-len(content) % 4)
    (folder / "train.rec").write_bytes((record * 3)[: -len(record) // 2])
    return folder


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (empty_folder, "image"),
        (lambda tmp_path: tmp_path / "nowhere", "does not exist"),
        (text_file, "is not a folder of identity folders"),
        (cut_tar, "again"),
        (cut_recordio, "cut short or damaged"),
    ],
)
def test_a_bad_source_is_one_message(source: Callable[[Path], Path], words: str, cli: Cli, tmp_path: Path) -> None:
    path = source(tmp_path)
    one_message(cli("align", path, tmp_path / "work", "--aligned", "--size", 48), str(path), words)
    assert not (tmp_path / "work" / "align.json").exists()


def one_message(run: subprocess.CompletedProcess[str], *words: str, status: int = 1) -> None:
    """It failed with one line that begins with "error:" and holds the words."""
    assert run.returncode == status, (run.stdout, run.stderr)
    assert run.stderr.startswith("error: ") and run.stderr.strip().count("\n") == 0, run.stderr
    for word in words:
        assert word in run.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--workers", 0], "workers must be at least 1, got 0"),
        (["--size", 3], "size must be between 16 and 4,096 px, got 3"),
        (["--margin", -1], "margin must be at least 0 px, got -1"),
        (["--thresholds", 0.6, 0.7, 1.7], "thresholds are three numbers between 0 and 1"),
        (["--factor", 1], "factor must be above 0 and below 1, got 1"),
        (["--min-face", 5], "min-face must be at least 12 px, got 5"),
        (["--quality", 0], "quality must be between 1 and 100, got 0"),
        (["--device", "abacus"], 'the device "abacus" can\'t be used here'),
    ],
)
def test_a_wrong_option_is_one_message_with_the_number(
    options: list[object], words: str, cli: Cli, noise: Path, tmp_path: Path
) -> None:
    one_message(cli("align", noise / "faces", tmp_path / "work", *options), words)


def test_folders_of_the_wrong_kind_are_told_apart(
    cli: Cli, noise: Path, noise_work: Path, noise_dataset: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.doc").write_text("mine")
    aligned = tmp_path / "aligned"
    assert cli("align", noise / "faces", aligned, "--aligned").returncode == 0
    labels = noise / "labels.csv"
    one_message(cli("align", noise / "faces", tmp_path / "file" / "work", "--aligned"), "could not be written")
    one_message(cli("pack", aligned, tmp_path / "dataset"), "is not labelled yet", "ethnoshard label")
    one_message(cli("pack", noise_work, tmp_path / "foreign"), "is not empty and holds no dataset of ours")
    assert (tmp_path / "foreign" / "thesis.doc").read_text() == "mine"
    one_message(cli("pack", noise_dataset, tmp_path / "dataset"), "is not a work folder but a dataset")
    one_message(cli("label", tmp_path / "foreign", "--labels", labels), "is not a work folder")
    for verb in (["info"], ["verify"]):
        one_message(cli(*verb, noise_work), "is a work folder, not a dataset", "ethnoshard pack")
        one_message(cli(*verb, tmp_path / "foreign"), "it has no dataset.json")
        one_message(cli(*verb, tmp_path / "nowhere"), "does not exist")
    one_message(cli("preview", noise_dataset, tmp_path / "sheet.bmp"), "a contact sheet is a .png or a .jpg")


def test_a_newer_format_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text('{"format": 2}')
    one_message(cli("info", tmp_path), "is of format 2; this version of ethnoshard reads 1")


def test_changed_settings_are_refused_by_name(cli: Cli, noise: Path, tmp_path: Path) -> None:
    assert cli("align", noise / "faces", tmp_path / "work", "--aligned").returncode == 0
    run = cli("align", noise / "faces", tmp_path / "work", "--aligned", "--quality", 80, "--part-images", 100)
    one_message(run, "settings.quality was 95 and is 80 now", "settings.part_images was 512 and is 100 now")


def test_a_changed_source_is_refused(cli: Cli, noise: Path, tmp_path: Path, make_noise: Callable[..., Path]) -> None:
    changed = make_noise(tmp_path / "source", 5, 2)
    assert cli("align", changed / "faces", tmp_path / "work", "--aligned").returncode == 0
    (changed / "faces" / "p000" / "000.jpg").unlink()
    one_message(
        cli("align", changed / "faces", tmp_path / "work", "--aligned"), "source.digest was", "source.images was 10"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour,group\np000,A\n", "doesn't say which column names the identities; its columns are colour, group"),
        ("identity,colour\np000,A\n", "doesn't say which column names the groups; beside the identities it has colour"),
        ("identity,group\np000,A\np000,B\n", "says two different things of 1 identities: 'p000'"),
        (
            "identity,group,confidence\np000,A,7\n",
            "1 confidences are not between 0 and 1, the first of them 7 of 'p000'",
        ),
        ("identity,group,confidence\np000,A,high\n", "every confidence is a number between 0 and 1"),
        ("identity,group\nnobody,A\n", "gives a group to none of the 30 identities"),
        ("", "can't be read as CSV: it is empty"),
    ],
)
def test_a_bad_label_file_is_one_message(text: str, words: str, cli: Cli, noise_work: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(text)
    run = cli("label", noise_work, "--labels", tmp_path / "labels.csv")
    assert run.returncode == 1 and run.stderr.startswith("error: ") and "Traceback" not in run.stderr
    assert words in run.stderr
    assert pl.read_parquet(noise_work / "labels.parquet")["group"].null_count() == 0, "the old table stays"


def test_a_full_disk_is_one_message_and_space_is_enough_to_go_on(
    cli: Cli, noise_work: Path, tmp_path: Path, contents_of: Callable[[Path], dict[str, bytes]], noise_dataset: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("a small disk can't be mounted here: that needs root")
    try:
        run = cli("pack", noise_work, disk / "dataset", "--shard-mib", 0.08)
        one_message(run, "the disk is full", "Free some space, then run the same command again")
        for shard in (disk / "dataset" / "shards").glob("*.tar"):
            with tarfile.open(shard) as tar:
                assert len(tar.getmembers()) % 2 == 0
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        assert cli("pack", noise_work, disk / "dataset", "--shard-mib", 0.08).returncode == 0
        assert contents_of(disk / "dataset") == contents_of(noise_dataset)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_path_that_is_not_utf8_gives_no_traceback(cli: Cli, tmp_path: Path) -> None:
    run = cli("info", str(tmp_path / "caf\udce9"))
    assert run.returncode == 1 and "Traceback" not in run.stderr and "caf" in run.stderr


def test_json_stands_alone_on_standard_output(cli: Cli, noise: Path, noise_dataset: Path, tmp_path: Path) -> None:
    work, dataset = tmp_path / "work", tmp_path / "dataset"
    for command in (
        ["align", noise / "faces", work, "--aligned"],
        ["label", work, "--labels", noise / "labels.csv", "--show", 3],
        ["pack", work, dataset],
        ["info", noise_dataset],
        ["verify", noise_dataset],
    ):
        run = cli(*command, "--json")
        assert run.returncode == 0, run.stderr
        assert isinstance(json.loads(run.stdout), dict)
