"""What decides a run, on record in ``run.json``, and whether a run that is gone on with is the same."""

import importlib.metadata
import platform
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Required, TypedDict, TypeVar

import msgspec
import numpy as np
import torch

import ethnoshard
from ethnoshard.errors import EthnoshardError
from ethnoshard.runs import RunFolder
from ethnoshard.shards import FaceDataset
from ethnoshard.training._course import RankChange
from ethnoshard.training._embedder import FaceEmbedder, former_weights_digest, weights_digest
from ethnoshard.training._machine import Ranks
from ethnoshard.training._settings import FREE_TO_CHANGE, TrainingSettings, option_of, settings_of_run

Checked = TypeVar("Checked")


class DatasetFacts(TypedDict, total=False):
    """The dataset of a run."""

    path: str
    fingerprint: Required[str]
    image_size: Required[int]
    faces: int
    identities: int
    groups: list[dict[str, object]]


class RunProgress(TypedDict, total=False):
    """How far a run is: steps and epochs done, the last epoch's mean loss, the last evaluation, a warning."""

    step: Required[int]
    epoch: Required[int]
    loss: float | None
    lfw: dict[str, float | str | None] | None
    collapsed: str | None


class GroupUse(TypedDict):
    """What became of a group's faces in an epoch: numbers of faces, and of the slots in batches that they filled."""

    group: str
    identities: int
    faces: int
    used: int
    dropped: int
    excluded: int
    draws: int
    repeated: int


class EpochUse(TypedDict):
    """What the batches of an epoch, from 0, did with every face; and draws that got another face for a bad one."""

    epoch: int
    steps: int
    groups: list[GroupUse]
    replaced_from_identity: int
    replaced_from_group: int


class UsedTable(TypedDict):
    """A table of look-alikes: the epoch before which it was made, the loader's from which it serves, digest, folder."""

    epoch: int
    loader_epoch: int
    digest: str
    path: str


class PlanFacts(TypedDict, total=False):
    """An epoch of the loader: steps of a rank, batches of all ranks, what it does with every face, who meets whom."""

    steps: int
    batches: int
    batches_again: int
    coverage: list[dict[str, object]]
    meetings: dict[str, object]


class TrainingRecord(TypedDict, total=False):
    """``run.json``; a run of an older version lacks some of it."""

    arm: str
    seed: int
    status: str
    reason: str | None
    settings: dict[str, object]
    dataset: DatasetFacts
    steps: int
    steps_an_epoch: int
    ranks: int
    rank_changes: list[RankChange]
    device: str
    threads: int
    weights_at_start: str
    weights: int
    versions: dict[str, str]
    git_commit: str | None
    target: dict[str, float] | None
    plan: PlanFacts
    evaluated_on: dict[str, str]
    look_alikes: list[UsedTable]
    started: str
    finished: str
    progress: RunProgress
    coverage: list[EpochUse]


def read_record(run: RunFolder) -> TrainingRecord:
    """The record of a run, checked.

    Raises:
        EthnoshardError: there is none, it is damaged, or of a format that is not known.
    """
    return _checked(TrainingRecord, run.record(), run.record_path)


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """Those settings of a run, of whatever version, that say what its network is; see ``TrainingSettings``."""

    backbone: str
    embedding: int
    side: int
    crop: int


def network_settings(record: TrainingRecord) -> NetworkSettings:
    """The settings of a run's network.

    Raises:
        EthnoshardError: the record lacks them.
    """
    return _checked(NetworkSettings, record["settings"], "run.json")


def run_facts(
    settings: TrainingSettings,
    dataset: FaceDataset,
    embedder: FaceEmbedder,
    ranks: Ranks,
    device: torch.device,
    *,
    steps: int,
    steps_an_epoch: int,
) -> TrainingRecord:
    """All that decides a run, and what it runs on.

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
        "arm": str(settings.target),
        "seed": settings.seed,
        "status": "running",
        "settings": settings.to_json(),
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


def _checked(kind: type[Checked], content: object, where: object) -> Checked:
    """What JSON holds as a type; what else it holds is passed over.

    Raises:
        EthnoshardError: something is missing or of another type; the message has its place.
    """
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise EthnoshardError(f"{where} is damaged: {error}") from error


def check_same(
    record: TrainingRecord, facts: TrainingRecord, embedder: FaceEmbedder, log: Callable[[str], None]
) -> None:
    """Make sure that a run on record was begun as the one that would go on with it; epochs are not looked at.

    Args:
        record: of the run.
        facts: as :func:`run_facts` has them now.
        embedder: with the weights that it starts from; the first run folders have another digest of them.
        log: told of what doesn't decide but for the last bits.

    Raises:
        EthnoshardError: it was begun otherwise; the message names all that differs.
    """
    now, then = facts["settings"], settings_of_run(record["settings"], "run.json").to_json()
    differences = [
        f"{option_of(name)} is {now[name]!r}, was {then[name]!r}"
        for name in then
        if name in record["settings"] and name not in (*FREE_TO_CHANGE, "epochs") and now[name] != then[name]
    ]
    others = {
        "dataset.fingerprint": (facts["dataset"]["fingerprint"], record["dataset"]["fingerprint"]),
        "device": (facts["device"], record["device"]),
        "weights_at_start": (facts["weights_at_start"], record["weights_at_start"]),
    }
    if record["weights_at_start"] == former_weights_digest(embedder):
        del others["weights_at_start"]
    differences += [f"{name} is {is_!r}, was {was!r}" for name, (is_, was) in others.items() if is_ != was]
    if differences:
        raise EthnoshardError(f"the run was begun otherwise: {'; '.join(differences)}. Use another --out for a new run")
    for name, was, is_ in (
        ("threads", record["threads"], facts["threads"]),
        ("versions", record["versions"], facts["versions"]),
    ):
        if was != is_:
            log(f"{name} were {was}, are {is_}: it goes on, but the last bits may differ")


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
