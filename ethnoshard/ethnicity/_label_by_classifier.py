"""Labels that a classifier predicts (Kalinga 2020, section 4.2.1), part by part in worker processes."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._checks import check_number
from ethnoshard._files import read_json, read_table, sha256_of
from ethnoshard._kept_parts import KeptParts
from ethnoshard._parallel import Executor, check_workers, count, in_processes
from ethnoshard._part_share import Missing, PartShare
from ethnoshard._progress import SILENT, Progress
from ethnoshard._runtime import RuntimeName, choose_runtime
from ethnoshard.alignment import decode_face
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.ethnicity._label_file import UNKNOWN
from ethnoshard.work import (
    BY_CLASSIFIER,
    LABEL_RECORD,
    LABELS_SCHEMA,
    Labelling,
    PartFaces,
    WorkFolder,
    chosen_first,
    read_labels,
    write_comparison,
    write_labels,
)

if TYPE_CHECKING:
    from ethnoshard.ethnicity._agreement import Agreement


_FACES_SCHEMA = {"identity": pl.String, "image": pl.String, "face": pl.Int16}

_PARTS = "label_parts"
"""Folder of a work folder with what several machines predicted, until the table is made of it."""

_DECIDING = ("ethnoshard", "torch", "numpy", "pillow", "simplejpeg")
"""Distributions whose version can change a probability."""

_BATCH = 128
"""Faces that are decoded before the classifier is asked; what stands in memory at once."""


class Classifier(Protocol):
    """What labelling needs of a classifier; ``EthnicityClassifier`` is one."""

    @property
    def name(self) -> str:
        """The name that reports use."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The groups, in the order of the probabilities."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the weights, hex."""

    def probabilities(self, faces: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(H, W, 3) RGB faces to (N, C) probabilities, rows sum to 1."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """Which classifier it was: its name, its groups in order, the SHA-256 of its weights, what ran it ("" unknown)."""

    name: str
    classes: tuple[str, ...]
    sha256: str
    runtime: str = ""


@dataclass(frozen=True, kw_only=True)
class PartPredictions:
    """A classifier's predictions for the faces of one part.

    Attributes:
        model: the classifier.
        faces: identity, image, face: a row for each face that was used, in the order of the source.
        probabilities: (N, C) float32 of these faces.
        undecodable: images whose face could not be decoded.
    """

    model: Model
    faces: pl.DataFrame
    probabilities: NDArray[np.float32]
    undecodable: list[str]

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All but the model, as a file of arrays holds it."""
        names = {name: np.array(self.faces[name].to_list(), np.str_) for name in ("identity", "image")}
        return {
            **names,
            "face": self.faces["face"].to_numpy(),
            "probabilities": self.probabilities,
            "undecodable": np.array(self.undecodable, np.str_),
        }

    @classmethod
    def of_arrays(cls, model: Model, arrays: dict[str, NDArray[np.generic]]) -> "PartPredictions":
        """The inverse of :meth:`arrays`."""
        columns = {name: arrays[name].tolist() for name in _FACES_SCHEMA}
        return cls(
            model=model,
            faces=pl.DataFrame(columns, schema=_FACES_SCHEMA),
            probabilities=arrays["probabilities"].astype(np.float32),
            undecodable=arrays["undecodable"].tolist(),
        )


class _Face(NamedTuple):
    identity: str
    image: str
    face: int
    pixels: NDArray[np.uint8]


class PartReader:
    """What a worker keeps from part to part: the classifier, and how many faces to ask it of."""

    def __init__(self, load: Callable[[], Classifier], images: int, seed: int) -> None:
        """Load the classifier."""
        self._classifier, self._images, self._seed = load(), images, seed
        self._model = Model(
            name=self._classifier.name,
            classes=tuple(self._classifier.classes),
            sha256=self._classifier.sha256,
            # Of a classifier of somebody else's nobody knows.
            runtime=str(getattr(self._classifier, "runtime", "")),
        )

    def read(self, part: Path) -> PartPredictions:
        """Ask the classifier of up to ``images`` faces of each identity, one an image."""
        rows: list[tuple[str, str, int]] = []
        pieces: list[NDArray[np.float32]] = [np.zeros((0, len(self._model.classes)), np.float32)]
        undecodable: list[str] = []
        for batch in _batches(self._faces(part, undecodable)):
            rows += [(face.identity, face.image, face.face) for face in batch]
            pieces.append(self._probabilities([face.pixels for face in batch]))
            count(len(batch))
        return PartPredictions(
            model=self._model,
            faces=pl.DataFrame(rows, schema=_FACES_SCHEMA, orient="row"),
            probabilities=np.concatenate(pieces),
            undecodable=undecodable,
        )

    def _faces(self, part: Path, undecodable: list[str]) -> Iterator[_Face]:
        """The chosen faces of a part in the order of the source; images of those that are damaged go to the list."""
        # Who stands beside a person in a picture says nothing of the person's group.
        rows = chosen_first(read_table(part.with_suffix(".parquet"))).drop_nulls("length")
        table = rows.unique("image", keep="first", maintain_order=True)
        with PartFaces(part) as reader:
            for own in table.partition_by("identity", maintain_order=True):
                found: dict[int, _Face] = {}
                for place in random_order(self._seed, own["identity"][0], len(own)):
                    if len(found) == self._images:
                        break
                    row = own.row(place, named=True)
                    try:
                        # A copy, because torch warns of arrays that can't be written to.
                        pixels = np.array(decode_face(reader.read(row["offset"], row["length"])))
                    except UnreadableImageError:
                        undecodable.append(row["image"])
                    else:
                        found[place] = _Face(row["identity"], row["image"], row["face"], pixels)
                yield from (found[place] for place in sorted(found))

    def _probabilities(self, faces: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        predictions = self._classifier.probabilities(faces)
        if predictions.shape != (len(faces), len(self._model.classes)) or not np.isfinite(predictions).all():
            raise EthnoshardError(
                f"the classifier {self._model.name} gave no probabilities for some faces (shape {predictions.shape} "
                f"for {len(faces)} faces and {len(self._model.classes)} groups); its weights are not to be used"
            )
        return predictions.astype(np.float32)


def load_model(folder: str | Path | None, device: str, runtime: RuntimeName) -> Classifier:
    """Open a model folder, or the shipped one, in a worker process, which has one core to itself."""
    import torch

    from ethnoshard.ethnicity._classifier import EthnicityClassifier

    torch.set_num_threads(1)
    return EthnicityClassifier.load(folder, device=device, runtime=runtime)


def random_order(seed: int, identity: str, faces: int) -> list[int]:
    """A random order of an identity's faces that depends on nothing but the three arguments."""
    digest = hashlib.sha256(identity.encode()).digest()
    generator = np.random.default_rng([seed, *np.frombuffer(digest, "<u4").tolist()])
    return [int(place) for place in generator.permutation(faces)]


def _batches(faces: Iterator[_Face]) -> Iterator[list[_Face]]:
    batch: list[_Face] = []
    for face in faces:
        batch.append(face)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


_reader: PartReader | None = None


def start_worker(load: Callable[[], Classifier], images: int, seed: int) -> None:
    """Set a worker process up."""
    global _reader
    _reader = PartReader(load, images, seed)


def read_part(task: tuple[int, Path]) -> tuple[int, PartPredictions]:
    """Read a part in a worker process that has been set up; the part's number comes back with the result."""
    assert _reader is not None, "start_worker comes first"
    number, part = task
    return number, _reader.read(part)


def keep_part(task: tuple[int, Path, KeptParts]) -> int:
    """Read a part in a worker process that has been set up, and keep the result; returns the part's number."""
    assert _reader is not None, "start_worker comes first"
    number, part, kept = task
    kept.write(number, _reader.read(part).arrays())
    return number


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
    options = _Options(images=images, seed=seed, min_confidence=min_confidence)
    folder, workers = WorkFolder(Path(work)), check_workers(workers)
    load = load or partial(load_model, classifier, device, choose_runtime(runtime, device, log=log).name)
    parts = folder.finished().parts
    with folder.held():
        predictions = _predict(folder, parts, load, options, workers, executor, progress)
        write_labels(folder, predictions.table, faces=predictions.faces, classifier=predictions.record)
        shutil.rmtree(folder.path / _PARTS, ignore_errors=True)
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

    options = _Options(images=images, seed=seed, min_confidence=min_confidence)
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
        shutil.rmtree(folder.path / _PARTS, ignore_errors=True)
    return found


@dataclass(frozen=True, kw_only=True)
class _Options:
    """What decides the labels beside the classifier; see ``label_by_classifier``."""

    images: int
    seed: int
    min_confidence: float

    def __post_init__(self) -> None:
        check_number("images", self.images, at_least=1)
        check_number("seed", self.seed, at_least=0)
        check_number("min-confidence", self.min_confidence, at_least=0, at_most=1)


@dataclass(frozen=True, kw_only=True)
class _Predictions:
    """A classifier's predictions for a folder: ``LABELS_SCHEMA``, ``LABEL_FACES_SCHEMA``, the record, bad images."""

    table: pl.DataFrame
    faces: pl.DataFrame
    record: dict[str, object]
    undecodable: list[str]


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
    options = _Options(images=images, seed=seed, min_confidence=0.0)
    folder, workers = WorkFolder(Path(work)), check_workers(workers)
    load = load or partial(load_model, classifier, device)
    parts = folder.finished().parts
    kept = _kept(folder, _model_of(load), options)
    kept.begin()
    own = [part for part in range(parts) if share.has(part)]
    _keep(folder, own, kept, load, options, workers, in_processes, progress)
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
    parts, kept = work.finished().parts, work.path / _PARTS
    path = work.path / LABEL_RECORD
    asked = read_json(path).get("classifier") if path.is_file() and not kept.is_dir() else None
    finished = isinstance(asked, dict) and (asked.get("images"), asked.get("seed")) == (images, seed)
    there = {int(file.stem) for file in kept.glob("*.npz")}
    missing = [] if finished else [part for part in range(parts) if part not in there and _faces_in(work, part, images)]
    return Missing(parts=parts, missing=missing, shares=shares or parts, finished=finished)


def _faces_in(folder: WorkFolder, part: int, images: int) -> int:
    """Most faces of a part that a classifier is asked of."""
    pictures = folder.part_table(part).drop_nulls("length").group_by("identity").agg(pl.col("image").n_unique())
    return int(pictures["image"].clip(upper_bound=images).sum())


def _model_of(load: Callable[[], Classifier]) -> Model:
    """Which classifier it is; workers have a core each, but this process is left the threads that it has."""
    import torch

    threads = torch.get_num_threads()
    try:
        classifier = load()
    finally:
        torch.set_num_threads(threads)
    return Model(name=classifier.name, classes=tuple(classifier.classes), sha256=classifier.sha256)


def _kept(folder: WorkFolder, model: Model, options: _Options) -> KeptParts:
    """Where predictions of parts lie that were made from these faces, by this model, in this way."""
    return KeptParts(
        folder=folder.path / _PARTS,
        made={
            "alignment": sha256_of(folder.record_path),
            "model": json.loads(json.dumps(asdict(model))),
            "images": options.images,
            "seed": options.seed,
            "versions": {name: version(name) for name in _DECIDING},
        },
    )


def _keep(
    folder: WorkFolder,
    parts: Sequence[int],
    kept: KeptParts,
    load: Callable[[], Classifier],
    options: _Options,
    workers: int,
    executor: Executor,
    progress: Progress,
) -> None:
    """Have files of those parts that have faces."""
    faces = {part: number for part in parts if (number := _faces_in(folder, part, options.images))}
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


def _predict(
    folder: WorkFolder,
    parts: int,
    load: Callable[[], Classifier],
    options: _Options,
    workers: int,
    executor: Executor | None,
    progress: Progress,
) -> _Predictions:
    rows = folder.faces(parts)
    people = rows.group_by("identity", maintain_order=True).agg(pl.col("length").count().cast(pl.Int32).alias("faces"))
    pictures = rows.drop_nulls("length").group_by("identity").agg(pl.col("image").n_unique())
    with_faces = rows.drop_nulls("length")["part"].unique().sort().to_list()
    if executor is not None or (folder.path / _PARTS).is_dir():
        # Other machines did or do some of it: what they predict comes by files.
        model = _model_of(load)
        kept = _kept(folder, model, options)
        kept.begin()
        _keep(folder, with_faces, kept, load, options, workers, executor or in_processes, progress)
        by_part = {part: PartPredictions.of_arrays(model, kept.read(part)) for part in with_faces}
    else:
        progress.begun(int(pictures["image"].clip(upper_bound=options.images).sum()), 0)
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
    by_part: list[PartPredictions], people: pl.DataFrame, options: _Options, undecodable: list[str]
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
        faces=faces.with_columns(pl.Series("probabilities", probabilities.tolist(), pl.List(pl.Float32))),
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
        pl.Series("probabilities", mean.tolist(), pl.List(pl.Float32)),
        pl.Series("agreement", (np.add.reduceat(votes.astype(np.int64), first) / numbers).astype(np.float32)),
    )
