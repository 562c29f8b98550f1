"""Settings of a training that takes seconds, and how a command is run."""

import subprocess

from waiting import PATIENCE

SMALL = {
    "backbone": "mobilefacenet",
    "embedding": 16,
    "side": 32,
    "crop": 40,
    "people_per_batch": 4,
    "images_per_person": 3,
    "epochs": 2,
    "num_workers": 1,
    "precision": "float32",
    "learning_rate": 0.003,
}


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run it to the end."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
