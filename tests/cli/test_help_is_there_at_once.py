"""What takes seconds to load is loaded by the verbs that need it, when they do."""

import subprocess
import sys

import pytest

SLOW = ("torch", "torchvision", "sklearn", "plotly", "streamlit", "matplotlib", "onnxruntime")


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["train", "--help"], ["stream", "--help"], ["evaluate", "--help"], ["look-alikes", "--help"]],
)
def test_no_verb_loads_what_its_help_does_not_need(arguments: list[str]) -> None:
    script = f"""
import contextlib, sys
from ethnoshard.cli import main
sys.argv[1:] = {arguments}
with contextlib.suppress(SystemExit):
    main()
print([name for name in {SLOW} if name in sys.modules], file=sys.stderr)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "Usage" in run.stdout
    assert run.stderr.splitlines()[-1] == "[]"
