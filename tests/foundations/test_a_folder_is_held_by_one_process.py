"""A locked folder: others wait or are refused, and the lock ends with whoever holds it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ethnoshard._lock import is_locked, locked, refusal
from ethnoshard.errors import EthnoshardError

HOLDER = """
import sys
from pathlib import Path
from ethnoshard._lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

REFUSE = refusal("somebody works here")


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "f")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_another_process_is_refused_before_it_waits(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    assert is_locked(tmp_path / "f")
    with (
        pytest.raises(EthnoshardError, match="somebody works here"),
        locked(tmp_path / "f", refusal("somebody works here")),
    ):
        pytest.fail("it was let in")


def test_who_waits_comes_in_once_the_holder_was_killed(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    told = []

    def busy() -> None:
        told.append("waits")
        holder.kill()

    with locked(tmp_path / "f", busy):
        assert told == ["waits"]
        assert is_locked(tmp_path / "f")
    assert not is_locked(tmp_path / "f")


def test_a_folder_without_a_lock_is_nobodys_and_stays_as_it_was(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "f" / ".lock").mkdir(parents=True)
    with pytest.raises(EthnoshardError, match="could not be written"), locked(tmp_path / "f"):
        pytest.fail("it was let in")
