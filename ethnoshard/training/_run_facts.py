"""What decides a run, on record, and whether a run that is gone on with is the same."""

import importlib.metadata
import platform
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

import ethnoshard
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards import FaceDataset
from ethnoshard.training._embedder import FaceEmbedder
from ethnoshard.training._machine import Ranks
from ethnoshard.training._settings import FREE_TO_CHANGE, TrainingSettings
from ethnoshard.training._weights import former_weights_digest, weights_digest

_DECIDING = ("dataset.fingerprint", "ranks", "device", "weights_at_start")


def run_facts(
    settings: TrainingSettings,
    dataset: FaceDataset,
    embedder: FaceEmbedder,
    ranks: Ranks,
    device: torch.device,
    *,
    steps: int,
    steps_an_epoch: int,
) -> dict[str, Any]:
    """All that decides a run, and what it runs on, as JSON holds it.

    Args:
        settings: of the training.
        dataset: that it learns from.
        embedder: with the weights that it starts from.
        ranks: that train together.
        device: of this one.
        steps: of the whole run.
        steps_an_epoch: of an epoch.
    """
    return {
        "arm": settings.arm,
        "seed": settings.seed,
        "status": "running",
        "settings": settings.as_json(),
        "dataset": {
            "path": str(dataset.url or dataset.path),
            "fingerprint": dataset.fingerprint,
            "image_size": dataset.image_size,
            "faces": dataset.manifest.faces,
            "identities": dataset.manifest.identities,
            "groups": [asdict(group) for group in dataset.manifest.groups],
        },
        "steps": steps,
        "steps_an_epoch": steps_an_epoch,
        "ranks": ranks.size,
        "device": device.type,
        "threads": torch.get_num_threads(),
        "weights_at_start": weights_digest(embedder),
        "weights": sum(weight.numel() for weight in embedder.parameters()),
        "versions": {
            "ethnoshard": ethnoshard.__version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "simplejpeg": importlib.metadata.version("simplejpeg"),
            "python": platform.python_version(),
        },
        "git_commit": commit_of(Path(__file__)),
    }


def check_same(
    record: dict[str, Any], facts: dict[str, Any], embedder: FaceEmbedder, said: Callable[[str], None]
) -> None:
    """Make sure that a run on record was begun as the one that would go on with it; epochs are not looked at.

    Args:
        record: of the run.
        facts: as :func:`run_facts` has them now.
        embedder: with the weights that it starts from; the first run folders have another digest of them.
        said: told of what doesn't decide but for the last bits.

    Raises:
        EthnoshardError: it was begun otherwise; the message names all that differs.
    """
    differences = [
        f"{name} is {facts['settings'][name]!r}, was {value!r}"
        for name, value in record["settings"].items()
        if name not in (*FREE_TO_CHANGE, "epochs") and facts["settings"].get(name) != value
    ]
    for name in _DECIDING:
        now, then = _under(facts, name), _under(record, name)
        if now != then and not (name == "weights_at_start" and then == former_weights_digest(embedder)):
            differences.append(f"{name} is {now!r}, was {then!r}")
    if differences:
        raise EthnoshardError(f"the run was begun otherwise: {'; '.join(differences)}. Use another --out for a new run")
    for name in ("threads", "versions"):
        if record[name] != facts[name]:
            said(f"{name} were {record[name]}, are {facts[name]}: it goes on, but the last bits may differ")


def _under(record: dict[str, Any], dotted: str) -> Any:
    for name in dotted.split("."):
        record = record[name]
    return record


def commit_of(file: Path) -> str | None:
    """The commit of the checkout that ``file`` is part of; None where it is part of none, or there is no git.

    A virtual environment in somebody's own repository is none of its files.
    """
    git = ["git", "-C", str(file.parent)]
    try:
        tracked = subprocess.run([*git, "ls-files", "--error-unmatch", file.name], capture_output=True, check=False)
        if tracked.returncode:
            return None
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return head.stdout.strip() or None
