"""Labels of many machines: each asks the classifier of a share of the parts, and keeps what it predicts as files."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path

import polars as pl

from ethnoshard._files import read_json, sha256_of
from ethnoshard._kept_parts import KeptParts
from ethnoshard._parallel import Executor, check_workers, in_processes
from ethnoshard._part_share import Missing, PartShare
from ethnoshard._progress import SILENT, Progress
from ethnoshard.ethnicity._label_part import Classifier, LabelOptions, Model, keep_part, load_model, start_worker
from ethnoshard.work import LABEL_RECORD, WorkFolder

LABEL_PARTS = "label_parts"
"""Folder of a work folder with what several machines predicted, until the table is made of it."""

_DECIDING = ("ethnoshard", "torch", "numpy", "pillow", "simplejpeg")
"""Distributions whose version can change a probability."""


def label_share(
    work: str | Path,
    classifier: str | Path | None = None,
    *,
    share: PartShare,
    images: int = 10,
    seed: int = 0,
    workers: int | None = None,
    device: str = "cpu",
    load: Callable[[], Classifier] | None = None,
    progress: Progress = SILENT,
) -> Missing:
    """Ask a classifier of a share of a work folder's parts, and keep what it predicts for ``label_by_classifier``.

    The shares may run on several machines, in any order, at the same time, one of them twice; none holds a lock. The
    lookup table stays as it is until :func:`label_by_classifier` is called in the same way.

    Args:
        work: a work folder whose alignment is finished.
        classifier: a model folder; the shipped one by default.
        share: which parts.
        images: most faces of an identity to look at, at least 1.
        seed: chooses them, at least 0.
        workers: processes; one a core by default.
        device: where the network runs, "cpu" or "cuda".
        load: as of :func:`label_by_classifier`.
        progress: told how many faces there are, and how many are done.

    Returns:
        Which parts of all lack.

    Raises:
        EthnoshardError: a setting is out of its range, the classifier can't be loaded, a part that is there was
            predicted otherwise.
    """
    options = LabelOptions(images=images, seed=seed, min_confidence=0.0)
    folder, workers = WorkFolder(Path(work)), check_workers(workers)
    load = load or partial(load_model, classifier, device)
    parts = folder.finished().parts
    kept = kept_predictions(folder, model_of(load), options)
    kept.begin()
    own = [part for part in range(parts) if share.has(part)]
    keep_predictions(folder, own, kept, load, options, workers, in_processes, progress)
    return label_missing(folder, images=images, seed=seed, shares=share.of)


def label_missing(work: WorkFolder, *, images: int, seed: int, shares: int = 0) -> Missing:
    """Which parts of a work folder no share has asked a classifier of.

    Args:
        work: a work folder whose alignment is finished.
        images: most faces of an identity to look at.
        seed: chooses them.
        shares: into how many the parts are cut; 0 if each part is a share of its own.

    Raises:
        EthnoshardError: the alignment is not finished, or a table is damaged.
    """
    parts, kept = work.finished().parts, work.path / LABEL_PARTS
    path = work.path / LABEL_RECORD
    asked = read_json(path).get("classifier") if path.is_file() and not kept.is_dir() else None
    finished = isinstance(asked, dict) and (asked.get("images"), asked.get("seed")) == (images, seed)
    there = {int(file.stem) for file in kept.glob("*.npz")}
    lacking = [] if finished else [part for part in range(parts) if part not in there]
    missing = [part for part in lacking if faces_asked_of(work, part, images)]
    return Missing(parts=parts, missing=missing, shares=shares or parts, finished=finished)


def faces_asked_of(folder: WorkFolder, part: int, images: int) -> int:
    """Most faces of a part that a classifier is asked of."""
    pictures = folder.part_table(part).drop_nulls("length").group_by("identity").agg(pl.col("image").n_unique())
    return int(pictures["image"].clip(upper_bound=images).sum())


def model_of(load: Callable[[], Classifier]) -> Model:
    """Which classifier it is; workers have a core each, but this process is left the threads that it has."""
    import torch

    threads = torch.get_num_threads()
    try:
        classifier = load()
    finally:
        torch.set_num_threads(threads)
    return Model(name=classifier.name, classes=tuple(classifier.classes), sha256=classifier.sha256)


def kept_predictions(folder: WorkFolder, model: Model, options: LabelOptions) -> KeptParts:
    """Where predictions of parts lie that were made from these faces, by this model, in this way."""
    return KeptParts(
        folder=folder.path / LABEL_PARTS,
        made={
            "alignment": sha256_of(folder.record_path),
            "model": json.loads(json.dumps(asdict(model))),
            "images": options.images,
            "seed": options.seed,
            "versions": {name: version(name) for name in _DECIDING},
        },
    )


def keep_predictions(
    folder: WorkFolder,
    parts: Sequence[int],
    kept: KeptParts,
    load: Callable[[], Classifier],
    options: LabelOptions,
    workers: int,
    executor: Executor,
    progress: Progress,
) -> None:
    """Have files of those parts that have faces."""
    faces = {part: number for part in parts if (number := faces_asked_of(folder, part, options.images))}
    missing = [part for part in faces if not kept.has(part)]
    to_do = sum(faces[part] for part in missing)
    progress.begun(sum(faces.values()), sum(faces.values()) - to_do)
    if not missing:
        return
    for _ in executor(
        keep_part,
        [(part, folder.part_path(part), kept) for part in missing],
        workers=min(workers, len(missing)),
        setup=start_worker,
        setup_arguments=(load, options.images, options.seed),
        progress=progress,
    ):
        pass
