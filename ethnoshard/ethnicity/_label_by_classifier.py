"""Labels that a classifier predicts (Kalinga 2020, section 4.2.1): of each identity the mean over some faces."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._parallel import Executor, check_workers, in_processes
from ethnoshard._progress import SILENT, Progress
from ethnoshard._runtime import RuntimeName, choose_runtime
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity._label_file import UNKNOWN
from ethnoshard.ethnicity._label_part import (
    Classifier,
    LabelOptions,
    Model,
    PartPredictions,
    load_model,
    read_part,
    start_worker,
)
from ethnoshard.ethnicity._label_share import (
    LABEL_PARTS,
    faces_asked_of,
    keep_predictions,
    kept_predictions,
    model_of,
)
from ethnoshard.work import (
    BY_CLASSIFIER,
    LABELS_SCHEMA,
    Labelling,
    WorkFolder,
    read_labels,
    write_comparison,
    write_labels,
)

if TYPE_CHECKING:
    from ethnoshard.ethnicity._agreement import Agreement


def label_by_classifier(
    work: str | Path,
    classifier: str | Path | None = None,
    *,
    images: int = 10,
    seed: int = 0,
    min_confidence: float = 0.0,
    workers: int | None = None,
    device: str = "cpu",
    runtime: RuntimeName | None = None,
    load: Callable[[], Classifier] | None = None,
    executor: Executor | None = None,
    progress: Progress = SILENT,
    log: Callable[[str], None] | None = None,
) -> Labelling:
    """Give the identities of a work folder the groups that a classifier predicts, and write the lookup table.

    Of each identity up to ``images`` aligned faces are drawn; which ones depends on the seed, the identity's name and
    the number of its faces alone. The probabilities are averaged over the faces used. The group is the one with the
    highest mean (of equals the first), the confidence is that mean. Call it from a script only under
    ``if __name__ == "__main__":``, because it starts processes. The result does not depend on ``workers``;
    interrupted, it leaves what was there before. What other calls predicted for their share of the parts
    (:func:`label_share`) is taken from there.

    Args:
        work: a work folder whose alignment is finished.
        classifier: a model folder; the shipped one by default.
        images: most faces of an identity to look at, at least 1.
        seed: chooses them, at least 0.
        min_confidence: an identity below it gets the group "unknown", 0 to 1.
        workers: processes; one a core by default.
        device: where the network runs, "cpu" or "cuda".
        runtime: what runs it: by default OpenVINO on a CPU where it is installed, else torch.
        load: opens a classifier of your own in each process, instead of ``classifier``; a function that can be pickled.
        executor: what asks the classifier, part by part; by default processes of this machine.
        progress: told how many faces there are, and how many are done.
        log: told that OpenVINO is missing.

    Returns:
        The table, the identities without a face to look at, and the images whose face could not be decoded.

    Raises:
        EthnoshardError: a setting is out of its range, the classifier can't be loaded, there is no face to look at.
    """
    options = LabelOptions(images=images, seed=seed, min_confidence=min_confidence)
    folder, workers = WorkFolder(Path(work)), check_workers(workers)
    load = load or partial(load_model, classifier, device, choose_runtime(runtime, device, log=log).name)
    parts = folder.finished().parts
    with folder.held():
        predictions = _predict(folder, parts, load, options, workers, executor, progress)
        write_labels(folder, predictions.table, faces=predictions.faces, classifier=predictions.record)
        shutil.rmtree(folder.path / LABEL_PARTS, ignore_errors=True)
    return Labelling(
        table=predictions.table,
        missing=predictions.table.filter(pl.col("faces_used") == 0)["identity"].to_list(),
        extra=[],
        unknown_groups={},
        unlabelled="drop",
        undecodable=predictions.undecodable,
    )


def compare_with_classifier(
    work: str | Path,
    classifier: str | Path | None = None,
    *,
    images: int = 10,
    seed: int = 0,
    min_confidence: float = 0.0,
    workers: int | None = None,
    device: str = "cpu",
    runtime: RuntimeName | None = None,
    load: Callable[[], Classifier] | None = None,
    executor: Executor | None = None,
    progress: Progress = SILENT,
    log: Callable[[str], None] | None = None,
) -> "Agreement":
    """Say how far the labels of a work folder, given by a file, agree with what a classifier predicts.

    The lookup table stays as it is. ``agreement.json`` and the classifier's ``label_faces.parquet`` are written.

    Args:
        work: a work folder, aligned and labelled from a file.
        classifier: a model folder; the shipped one by default.
        images: most faces of an identity to look at, at least 1.
        seed: chooses them, at least 0.
        min_confidence: an identity below it is not compared, 0 to 1.
        workers: processes; one a core by default.
        device: where the network runs, "cpu" or "cuda".
        runtime: what runs it: by default OpenVINO on a CPU where it is installed, else torch.
        load: opens a classifier of your own in each process, instead of ``classifier``; a function that can be pickled.
        executor: what asks the classifier, part by part; by default processes of this machine.
        progress: told how many faces there are, and how many are done.
        log: told that OpenVINO is missing.

    Raises:
        EthnoshardError: a setting is out of its range, the classifier can't be loaded, there is no face to look at, the
            folder isn't labelled, or its labels are a classifier's.
    """
    from ethnoshard.ethnicity._agreement import agreement

    options = LabelOptions(images=images, seed=seed, min_confidence=min_confidence)
    folder, workers = WorkFolder(Path(work)), check_workers(workers)
    load = load or partial(load_model, classifier, device, choose_runtime(runtime, device, log=log).name)
    parts = folder.finished().parts
    with folder.held():
        given = read_labels(folder)
        if (source := given["source"][0]).startswith(BY_CLASSIFIER):
            raise EthnoshardError(
                f"the labels in {folder.path} are by {source} already; give them by --labels FILE.csv"
            )
        predictions = _predict(folder, parts, load, options, workers, executor, progress)
        found = agreement(given, predictions.table)
        write_comparison(folder, predictions.faces, predictions.record, asdict(found))
        shutil.rmtree(folder.path / LABEL_PARTS, ignore_errors=True)
    return found


@dataclass(frozen=True, kw_only=True)
class _Predictions:
    """A classifier's predictions for a folder: ``LABELS_SCHEMA``, ``LABEL_FACES_SCHEMA``, the record, bad images."""

    table: pl.DataFrame
    faces: pl.DataFrame
    record: dict[str, object]
    undecodable: list[str]


def _predict(
    folder: WorkFolder,
    parts: int,
    load: Callable[[], Classifier],
    options: LabelOptions,
    workers: int,
    executor: Executor | None,
    progress: Progress,
) -> _Predictions:
    people = folder.people(parts).with_columns(pl.col("faces").cast(pl.Int32))
    asked = {part: faces for part in range(parts) if (faces := faces_asked_of(folder, part, options.images))}
    with_faces = list(asked)
    if executor is not None or (folder.path / LABEL_PARTS).is_dir():
        # Other machines did or do some of it: what they predict comes by files.
        model = model_of(load)
        kept = kept_predictions(folder, model, options)
        kept.begin()
        keep_predictions(folder, with_faces, kept, load, options, workers, executor or in_processes, progress)
        by_part = {part: PartPredictions.of_arrays(model, kept.read(part)) for part in with_faces}
    else:
        progress.begun(sum(asked.values()), 0)
        by_part = dict(
            in_processes(
                read_part,
                [(part, folder.part_path(part)) for part in with_faces],
                workers=min(workers, max(1, len(with_faces))),
                setup=start_worker,
                setup_arguments=(load, options.images, options.seed),
                progress=progress,
            )
        )
    undecodable = [image for part in with_faces for image in by_part[part].undecodable]
    if not any(len(part.faces) for part in by_part.values()):
        raise EthnoshardError(
            f"{folder.path} holds no face to look at: {len(people):,} identities, {len(undecodable):,} faces that "
            f"could not be decoded"
        )
    return _summary([by_part[part] for part in with_faces], people, options, undecodable)


def _summary(
    by_part: list[PartPredictions], people: pl.DataFrame, options: LabelOptions, undecodable: list[str]
) -> _Predictions:
    model = by_part[0].model
    faces = pl.concat([part.faces for part in by_part])
    probabilities = np.concatenate([part.probabilities for part in by_part])
    predictions = _averaged(faces, probabilities, model, options.min_confidence)
    table = people.join(predictions, on="identity", how="left", maintain_order="left").with_columns(
        pl.col("faces_used").fill_null(0),
        pl.lit(f"{BY_CLASSIFIER}{model.name} {model.sha256[:12]}").alias("source"),
    )
    record = {**asdict(model), **asdict(options), "faces_used": len(faces), "undecodable": len(undecodable)}
    return _Predictions(
        table=table.select(LABELS_SCHEMA.names()),
        faces=faces.with_columns(_lists("probabilities", probabilities)),
        record=record,
        undecodable=undecodable,
    )


def _averaged(
    faces: pl.DataFrame, probabilities: NDArray[np.float32], model: Model, min_confidence: float
) -> pl.DataFrame:
    """A row for each identity of ``faces``, whose rows stand together: what the mean over them says."""
    used = faces.group_by("identity", maintain_order=True).agg(pl.len().cast(pl.Int32).alias("faces_used"))
    numbers = used["faces_used"].to_numpy()
    first = np.cumsum(numbers) - numbers
    # In double precision, then rounded before anything is compared: the table's own numbers decide.
    mean = (np.add.reduceat(probabilities.astype(np.float64), first) / numbers[:, None]).astype(np.float32)
    best = mean.argmax(1)
    confidence = mean[np.arange(len(mean)), best]
    votes = probabilities.argmax(1) == np.repeat(best, numbers)
    sure = confidence >= np.float32(min_confidence)
    return used.with_columns(
        pl.Series(
            "group", [model.classes[group] if known else UNKNOWN for group, known in zip(best, sure, strict=True)]
        ),
        pl.Series("confidence", confidence),
        _lists("probabilities", mean),
        pl.Series("agreement", (np.add.reduceat(votes.astype(np.int64), first) / numbers).astype(np.float32)),
    )


def _lists(name: str, rows: NDArray[np.float32]) -> pl.Series:
    """A column of lists, without a Python number for each of them."""
    return pl.Series(name, rows, pl.Array(pl.Float32, rows.shape[1])).arr.to_list()
