"""The training stand-in for CASIA, in CASIA's own layout, through the one command that does it all."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.realdata
def test_celebs_become_a_verified_dataset(
    real_data: Path, tmp_path: Path, cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    celebs, dataset = real_data / "celebs", tmp_path / "dataset"
    build = cli("build", celebs / "celebs.tar", dataset, "--labels", celebs / "labels.csv")
    assert build.returncode == 0, build.stderr
    verified = json.loads(cli("verify", dataset, "--decode", "--json").stdout)
    info = json.loads(cli("info", dataset, "--json").stdout)
    assert verified["faults"] == []
    assert sum(info["statuses"].values()) == 6382 and info["statuses"]["unreadable"] == 0
    assert verified["samples"] == verified["decoded"] == info["whole"]["faces"] == info["statuses"]["aligned"] > 6250
    assert {group["name"]: group["identities"] for group in info["groups"]} == {
        "Asian": 21,
        "Black": 42,
        "Indian": 38,
        "Mixed": 21,
        "Other": 50,
        "White": 281,
    }
