"""Settings of a training that takes seconds, and how a command is run."""

import subprocess

from tests.kit.waiting import PATIENCE

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

KILLED_AT = """
import os, signal
from ethnoshard.cli import main
from ethnoshard.training import TripletTrainer
one = TripletTrainer._one

def until_then(self, *arguments):
    if self._step == {}:
        os.kill(os.getpid(), signal.SIGKILL)
    return one(self, *arguments)

TripletTrainer._one = until_then
main()
"""
"""The real command, killed at a step of the test's own choice, however busy the machine is."""


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run it to the end."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
