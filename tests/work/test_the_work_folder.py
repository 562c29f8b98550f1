"""A row for every source image; one process at a time; what is damaged is said and can be made again."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ethnoshard.alignment import AlignSettings, align
from ethnoshard.errors import EthnoshardError
from ethnoshard.work import WorkFolder, ways_to_label, write_people

pytestmark = pytest.mark.usefixtures("here")

SETTINGS = AlignSettings(aligned=True, size=64, part_images=8)


def test_every_source_image_is_a_row_in_the_sources_order(noise: Path, noise_work: Path) -> None:
    work = WorkFolder(noise_work)
    rows = work.faces(work.finished().parts)
    assert rows["image"].to_list() == sorted(str(path.relative_to(noise / "faces")) for path in noise.glob("faces/*/*"))
    assert work.record().statuses == {"aligned": 120, "no_face": 0, "unreadable": 0, "too_small": 0}


def test_parts_end_where_an_identity_ends(noise_work: Path) -> None:
    owners = [set(pl.read_parquet(path)["identity"]) for path in sorted(noise_work.glob("parts/*.parquet"))]
    assert len(owners) == 15
    assert sum(map(len, owners)) == 30 == len(set.union(*owners))


def test_a_second_process_is_refused(
    noise: Path, tmp_path: Path, cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    with WorkFolder(tmp_path / "work").held():
        run = cli("align", noise / "faces", tmp_path / "work", "--aligned")
    assert run.returncode == 1 and "another ethnoshard process is working in" in run.stderr
    assert cli("align", noise / "faces", tmp_path / "work", "--aligned").returncode == 0


def test_a_lost_part_is_said_and_made_again(
    noise: Path, tmp_path: Path, contents_of: Callable[[Path], dict[str, bytes]]
) -> None:
    work = WorkFolder(tmp_path / "work")
    align(noise / "faces", work.path, SETTINGS, workers=1)
    before = contents_of(work.path)
    work.part_path(3).with_suffix(".parquet").unlink()
    with pytest.raises(EthnoshardError, match=r"00003\.parquet is missing; run the same `ethnoshard align` again"):
        work.faces(15)
    assert align(noise / "faces", work.path, SETTINGS, workers=1).made == 8
    assert contents_of(work.path) == before


def test_a_damaged_table_is_said(noise: Path, tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / "work")
    align(noise / "faces", work.path, SETTINGS, workers=1)
    work.part_path(3).with_suffix(".parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(EthnoshardError, match=r"00003\.parquet is damaged"):
        work.faces(15)


def test_an_unfinished_alignment_is_not_labelled_or_packed(noise: Path, tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / "work")
    align(noise / "faces", work.path, SETTINGS, workers=1)
    work.record_path.write_text(work.record_path.read_text().replace('"complete": true', '"complete": false'))
    with pytest.raises(EthnoshardError, match="is not finished; run the same `ethnoshard align` again"):
        work.finished()


def test_a_source_that_gave_groups_can_be_labelled_without_a_table(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    others = (f"ethnoshard label {tmp_path} --labels FILE.csv", f"ethnoshard label {tmp_path} --classifier")
    assert ways_to_label(work) == others
    write_people(work, pl.DataFrame({"identity": ["a", "b"], "name": ["n1", "n2"]}))
    assert ways_to_label(work) == others
    write_people(work, pl.DataFrame({"identity": ["a", "b"], "group": ["A", None]}))
    assert ways_to_label(work) == (f"ethnoshard label {tmp_path}", *others)
