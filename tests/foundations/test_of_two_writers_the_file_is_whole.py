"""Several write one file at the same moment, one clears up: it is whole, and nothing of anybody's work is lost."""

import contextlib
import fcntl
import os
import subprocess
import sys
from errno import ENOLCK, ENOSYS
from pathlib import Path

import pytest

from ethnoshard._files import TEMPORARY, remove_unfinished, whole_file, write_json
from ethnoshard._lock import is_locked, locked, refusal
from ethnoshard.errors import EthnoshardError


def unfinished(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{TEMPORARY}"))


@pytest.mark.parametrize("first", [False, True])
def test_two_writers_at_once_leave_one_whole_file(first: bool, tmp_path: Path) -> None:
    path = tmp_path / "part"
    with whole_file(path, shared=True, first=first) as one:
        one.write(b"the same ")
        with whole_file(path, shared=True, first=first) as other:
            other.write(b"the same bytes")
            other.flush()
            assert len(unfinished(tmp_path)) == 2 and not path.exists()
        assert path.read_bytes() == b"the same bytes"
        one.write(b"bytes")
    assert path.read_bytes() == b"the same bytes" and not unfinished(tmp_path)


def test_what_was_there_first_stays_where_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "record.json"
    write_json(path, {"complete": True})
    write_json(path, {"complete": False}, shared=True, first=True)
    assert path.read_text() == '{\n  "complete": true\n}\n' and not unfinished(tmp_path)

    def no_links(*_: object) -> None:
        raise OSError(ENOSYS, "no hard links here")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    write_json(tmp_path / "other.json", {}, shared=True, first=True)
    assert (tmp_path / "other.json").read_text() == "{}\n" and not unfinished(tmp_path)


def test_what_was_cleared_away_when_all_was_there_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "part"
    with whole_file(path, shared=True) as late:
        late.write(b"bytes")
        path.write_bytes(b"bytes")
        remove_unfinished(tmp_path, finished=True)
        assert not unfinished(tmp_path)
    assert path.read_bytes() == b"bytes"


def test_what_was_cleared_away_before_it_was_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "part"
    with pytest.raises(EthnoshardError, match="could not be written"), whole_file(path, shared=True) as lost:
        lost.write(b"bytes")
        remove_unfinished(tmp_path, finished=True)
    assert not path.exists()


def test_without_the_folder_for_what_is_in_the_making_nothing_is_put_in_place(tmp_path: Path) -> None:
    making = tmp_path / "making"
    making.mkdir()
    path = tmp_path / "shard"
    with pytest.raises(EthnoshardError), whole_file(path, shared=True, making=making) as late:
        late.write(b"bytes")
        for file in making.iterdir():
            file.unlink()
        making.rmdir()
    assert not path.exists() and not list(tmp_path.iterdir())


WRITER = """
import sys
from pathlib import Path
from ethnoshard._files import whole_file
with whole_file(Path(sys.argv[1]), shared=True) as file:
    print("writing", flush=True)
    sys.stdin.read()
"""


def test_only_what_nobody_writes_any_more_is_cleared_away(tmp_path: Path) -> None:
    line = [sys.executable, "-c", WRITER, str(tmp_path / "part")]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "writing\n"
        (of_living,) = unfinished(tmp_path)
        elsewhere = tmp_path / f"part.00000000-{writer.pid}-12345678{TEMPORARY}"
        for made in (elsewhere, tmp_path / f"old{TEMPORARY}"):
            made.touch()
        remove_unfinished(tmp_path)
        assert set(unfinished(tmp_path)) == {of_living, elsewhere}
        writer.kill()
    remove_unfinished(tmp_path)
    assert unfinished(tmp_path) == [elsewhere]
    remove_unfinished(tmp_path, finished=True)
    assert not unfinished(tmp_path)


@pytest.mark.parametrize("answer", [ENOSYS, ENOLCK])
def test_a_file_system_without_locks_is_worked_on_all_the_same(
    answer: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(answer, os.strerror(answer))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    came_in = []
    with locked(tmp_path, refusal("it is not held")):
        came_in.append(1)
        assert not is_locked(tmp_path)
        with contextlib.suppress(EthnoshardError), locked(tmp_path):
            came_in.append(2)
    assert came_in == [1, 2]
    with locked(tmp_path, refusal("a lock was left")):
        pass
