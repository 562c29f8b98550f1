"""No telemetry: not ours, nor that of what we load."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LOADED = """
import sys
from ethnoshard._openvino import openvino, opset13
import numpy as np
given = opset13.parameter([1, 3], np.float32)
compiled = openvino.Core().compile_model(openvino.Model([opset13.relu(given)], [given]), "CPU")
assert compiled(np.ones((1, 3), np.float32))[0].sum() == 3
assert not [name for name in sys.modules if name.startswith("openvino_telemetry")]
"""


def test_openvino_is_loaded_without_its_event(tmp_path: Path) -> None:
    pytest.importorskip("openvino_telemetry")
    environment = {**os.environ, "HOME": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", LOADED], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert not list(tmp_path.iterdir()), "it keeps a number of this user, to be sent"
