"""run.json names the commit of ethnoshard itself, or none: not that of whatever repository it is installed in."""

import subprocess
from pathlib import Path

import pytest

from ethnoshard.training._record import commit_of


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With one tracked file, and one that is not."""
    (tmp_path / "tracked.py").touch()
    who = ["-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "tracked.py"], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "installed.py").touch()
    return tmp_path


def test_a_tracked_file_has_the_commit_of_its_checkout(repository: Path) -> None:
    head = subprocess.run(
        ["git", "-C", str(repository), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    )
    assert commit_of(repository / "tracked.py") == head.stdout.strip()


def test_what_is_installed_inside_a_repository_is_not_of_its_commit(repository: Path) -> None:
    assert commit_of(repository / ".venv" / "installed.py") is None


def test_without_git_there_is_no_commit_and_no_error(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository / "nowhere"))
    assert commit_of(repository / "tracked.py") is None
