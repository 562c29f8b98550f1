from pathlib import Path

import pytest

from tests.conftest import Cli, contents
from tests.kit.jpegs import jpeg


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """One person in train and in val."""
    for part in ("train", "val"):
        for person in "ab":
            (tmp_path / "faces" / part / person).mkdir(parents=True)
            (tmp_path / "faces" / part / person / f"{part}.jpg").write_bytes(jpeg())
    return tmp_path / "faces"


@pytest.mark.parametrize("verb", ["look", "align", "build"])
def test_it_is_refused_with_the_way_out_and_nothing_is_written(odd: Path, tmp_path: Path, cli: Cli, verb: str) -> None:
    before = contents(tmp_path)
    made = [] if verb == "look" else [tmp_path / "made", "--aligned"]
    run = cli(verb, odd, *made)
    assert run.returncode == 1
    assert "2 folder names lie under several parents" in run.stderr
    assert "--layout '{split}/{identity}/*'" in run.stderr and "--as-it-is" in run.stderr
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("way_out", "people"), [(["--layout", "{split}/{identity}/*"], 2), (["--as-it-is"], 4)], ids=["layout", "as it is"]
)
def test_each_way_out_leads_there(odd: Path, tmp_path: Path, cli: Cli, way_out: list[str], people: int) -> None:
    assert cli("look", odd, *way_out).returncode == 0
    run = cli("align", odd, tmp_path / "work", "--aligned", "--workers", 1, *way_out)
    assert run.returncode == 0, run.stderr
    assert f"4 faces of {people} identities" in run.stdout
