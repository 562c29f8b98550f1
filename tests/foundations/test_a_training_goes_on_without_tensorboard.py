"""Where TensorBoard isn't installed nothing is written for it, and one line says so; where it is, values are there."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
from pathlib import Path
if {blocked}:
    sys.modules["tensorboard"] = None
from ethnoshard._board import board_in, without_board
folder = Path(sys.argv[1])
with board_in(folder, 1) as board:
    board(1, {{"loss": 0.5, "step": 1, "lfw": None}})
print(without_board())
print(folder.exists() and b"loss" in b"".join(path.read_bytes() for path in folder.iterdir()))
"""


@pytest.mark.parametrize(
    ("blocked", "said"),
    [
        (
            True,
            "tensorboard is not installed, so nothing is written for it: pip install 'ethnoshard[tensorboard]' brings "
            "it\nFalse\n",
        ),
        (False, "None\nTrue\n"),
    ],
)
def test_it_is_written_or_said(blocked: bool, said: str, tmp_path: Path) -> None:
    script = SCRIPT.format(blocked=blocked)
    run = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "board"], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout) == (0, said), run.stderr
