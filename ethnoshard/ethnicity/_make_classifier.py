"""From a collection of labelled photographs to a model folder: split, align, train, calibrate, test, describe."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save

from ethnoshard._files import make_folder, sha256_of, whole_file, write_json
from ethnoshard._json import Json, as_json
from ethnoshard._progress import TrainingWatch
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity._card import CARD, FORMAT, Card, CardData, CardSplit
from ethnoshard.ethnicity._classifier import WEIGHTS, EthnicityClassifier, input_side
from ethnoshard.ethnicity._collection import Split, TrainingFaces, explore, prepare_faces, split_faces
from ethnoshard.ethnicity._metrics import ClassifierMetrics, fit_temperature, measure
from ethnoshard.ethnicity._pictures import draw_history, draw_report
from ethnoshard.ethnicity._taxonomy import mapping, taxonomy
from ethnoshard.ethnicity._train import CHECKPOINT, Trained, TrainingData, TrainSettings, all_logits, train_network
from ethnoshard.sources import LabelledFaces, Remark, open_labelled

_LARGER = 4 / 3
"""Faces are kept in memory at this multiple of the network's input, so that zooming in stays sharp."""

INTENDED_USE = (
    "Tagging the identities of a whole training set with a perceived ethnicity, in order to study how the composition "
    "of batches changes what a face recogniser confuses. Not for photographs of particular people, not for decisions "
    "about anybody, not for setting the groups of an evaluation when it has set those of the training."
)

LIMITS = (
    "It predicts what the annotators of its training set would probably have said of a photograph, in their few coarse "
    "classes; ethnicity is not a property of a picture. Errors differ by class, age and gender, as the figures show. "
    "The class Others is a mixture and is confused most. Photographs unlike those of the training set (other cameras, "
    "ages, make-up, profile views) get worse answers with the same confidence."
)


@dataclass(frozen=True, kw_only=True)
class ModelName:
    """A classifier by its name and the hex SHA-256 of its weights."""

    name: str
    weights_sha256: str


@dataclass(frozen=True, kw_only=True)
class CollectionPart:
    """The images that a classifier was measured on.

    Attributes:
        name: of the collection.
        digest: hex SHA-256 of its names and labels.
        part: which of its images.
        listed: images that the collection lists.
        unreadable: of them, those that could not be decoded.
        without_a_face: of them, those in which no face was found, whose middle was taken.
        left_out: images, rows and files that are in no count.
        kept: images that are counted though something in their row is not as it should be.
    """

    name: str
    digest: str
    part: str
    listed: int
    unreadable: int
    without_a_face: int
    left_out: tuple[Remark, ...]
    kept: tuple[Remark, ...]


@dataclass(frozen=True, kw_only=True)
class ClassifierReport:
    """The content of ``report.json``: which model on which images, and its metrics."""

    format: int
    model: ModelName
    collection: CollectionPart
    metrics: ClassifierMetrics

    def to_dict(self) -> dict[str, Json]:
        """JSON-serialisable dict, as the file has it: the metrics beside the rest."""
        metrics = as_json(self.metrics)
        assert isinstance(metrics, dict), "a dataclass"
        return {"format": self.format, "model": as_json(self.model), "collection": as_json(self.collection), **metrics}


def train_classifier(
    collection: str | Path,
    out: str | Path,
    settings: TrainSettings | None = None,
    *,
    init: str | Path | None = None,
    cache: Path | None = None,
    workers: int | None = None,
    device: str = "cpu",
    watch: TrainingWatch | None = None,
) -> Card:
    """Train a classifier of perceived ethnicity and write its model folder.

    Call it from a script only under ``if __name__ == "__main__":``, because aligning starts processes. Interrupted, it
    goes on from the last epoch when it is called again in the same way.

    Args:
        collection: UTKFace or FairFace, a folder or an archive.
        out: the model folder; made if it is not there.
        settings: how.
        init: weights to start from.
        cache: folder of the cache, where aligned faces are kept; by default the user's.
        workers: processes for aligning.
        device: where to train.
        watch: progress.

    Returns:
        The card.

    Raises:
        EthnoshardError: the collection can't be read or a class has too few images, ``init`` doesn't fit, the folder
            holds another model, the disk is full.
    """
    settings, watch, folder = settings or TrainSettings(), watch or TrainingWatch(), Path(out)
    start = None if init is None else Path(init)
    faces = open_labelled(collection)
    names = taxonomy(faces.collection).classes
    split = _split(faces, settings.seed, settings.test, settings.validation)
    make_folder(folder)
    _refuse_finished(folder)
    aligned = _aligned(faces, cache, settings.network, workers, watch)
    usable = {
        part: getattr(split, part)[aligned.usable[getattr(split, part)]] for part in ("train", "validation", "test")
    }
    data = TrainingData(
        images=aligned.images,
        classes=faces.classes,
        train=usable["train"],
        validation=usable["validation"],
        digest=f"{split.digest} {aligned.contents}",
    )
    trained = train_network(
        data, len(names), settings, folder, init=start, device=device, epoch_done=watch.epoch_done, log=watch.log
    )
    temperature = fit_temperature(
        _logits(trained, aligned, usable["validation"], settings, device), faces.classes[usable["validation"]]
    )
    test = usable["test"]
    metrics = measure(
        _logits(trained, aligned, test, settings, device),
        faces.classes[test],
        names,
        temperature,
        ages=faces.ages[test],
        genders=faces.genders[test],
    )
    with whole_file(folder / WEIGHTS) as file:
        file.write(save({name: value.cpu().contiguous() for name, value in trained.network.state_dict().items()}))
    draw_history(folder / "history.png", trained.history, trained.search)
    card = Card(
        format=FORMAT,
        network=settings.network,
        image_size=input_side(settings.network),
        classes=names,
        taxonomy=faces.collection,
        temperature=temperature,
        weights_sha256=sha256_of(folder / WEIGHTS),
        weights_bytes=(folder / WEIGHTS).stat().st_size,
        intended_use=INTENDED_USE,
        limits=LIMITS,
        data=CardData(
            collection=faces.collection,
            digest=faces.digest(),
            exploration=explore(faces),
            without_a_face=len(faces.refs) - aligned.detected,
            unreadable=int((~aligned.usable).sum()),
        ),
        split=_described(split, settings, faces, names),
        training=_recipe(settings, trained, start),
        test=metrics,
        versions={name: version(name) for name in ("ethnoshard", "torch", "torchvision", "facenet-pytorch", "numpy")},
    )
    draw_report(folder / "report.png", metrics, names)
    write_json(folder / CARD, as_json(card))
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return card


def evaluate_classifier(
    model: str | Path | None,
    collection: str | Path,
    out: str | Path,
    *,
    everything: bool = False,
    cache: Path | None = None,
    workers: int | None = None,
    device: str = "cpu",
    watch: TrainingWatch | None = None,
) -> ClassifierReport:
    """Measure a classifier on a collection and write ``report.json`` and ``report.png``.

    Of the collection that it was trained on only the test part is used, unless ``everything`` is asked for. Another
    taxonomy's classes are mapped to the model's where a mapping is documented.

    Args:
        model: the model folder, None for the shipped one.
        collection: UTKFace or FairFace, a folder or an archive.
        out: folder for the report; made if it is not there.
        everything: use all images even of the training collection.
        cache: folder of the cache, where aligned faces are kept; by default the user's.
        workers: processes for aligning.
        device: where the network runs.
        watch: progress.

    Returns:
        The report: which images, and the metrics.

    Raises:
        EthnoshardError: the model or the collection can't be read, or their classes have no mapping.
    """
    watch, folder = watch or TrainingWatch(), Path(out)
    classifier = EthnicityClassifier.load(model, device=device)
    card = classifier.card
    faces = open_labelled(collection)
    classes = mapping(faces.collection, card.taxonomy)[faces.classes]
    own = card.data is not None and faces.digest() == card.data.digest
    if own and card.split is not None and not everything:
        split = _split(faces, card.split.seed, card.split.test_share, card.split.validation_share)
        if split.digest != card.split.digest:
            raise EthnoshardError(f"{collection}: the split is not the one on the card; was the card edited?")
        rows, part = split.test, "test part of the collection that it was trained on"
    else:
        rows = np.arange(len(faces.refs))
        part = "all images of a collection that it was not trained on"
        if own:
            part = "all, training images among them"
        elif card.data is not None and faces.collection == card.data.collection:
            part = "all images of another choice of the training collection: some of them may have taught it"
    make_folder(folder)
    aligned = _aligned(faces, cache, card.network, workers, watch)
    rows = rows[aligned.usable[rows]]
    metrics = measure(
        classifier_logits(classifier, aligned, rows),
        classes[rows],
        classifier.classes,
        classifier.temperature,
        ages=faces.ages[rows],
        genders=faces.genders[rows],
    )
    report = ClassifierReport(
        format=FORMAT,
        model=ModelName(name=classifier.name, weights_sha256=classifier.sha256),
        collection=CollectionPart(
            name=faces.collection,
            digest=faces.digest(),
            part=part,
            listed=len(faces.refs),
            unreadable=int((~aligned.usable).sum()),
            without_a_face=len(faces.refs) - aligned.detected,
            left_out=faces.left_out,
            kept=faces.kept,
        ),
        metrics=metrics,
    )
    draw_report(folder / "report.png", metrics, classifier.classes)
    write_json(folder / "report.json", report.to_dict())
    return report


def classifier_logits(
    classifier: EthnicityClassifier, aligned: TrainingFaces, rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(N, C) logits of some rows, a batch at a time."""
    with torch.inference_mode():
        pieces = [classifier.logits(piece).cpu() for piece in torch.split(aligned.images[torch.from_numpy(rows)], 128)]
    return torch.cat(pieces).numpy().astype(np.float64)


def _logits(
    trained: Trained, aligned: TrainingFaces, rows: NDArray[np.int64], settings: TrainSettings, device: str
) -> NDArray[np.float64]:
    images = aligned.images[torch.from_numpy(rows)]
    return all_logits(trained.network, images, input_side(settings.network), device)


def _split(faces: LabelledFaces, seed: int, test: float, validation: float) -> Split:
    names = [ref.name for ref in faces.refs]
    return split_faces(
        names,
        faces.classes,
        seed=seed,
        test=test,
        validation=validation,
        class_names=taxonomy(faces.collection).classes,
    )


def _aligned(
    faces: LabelledFaces, cache: Path | None, network: str, workers: int | None, watch: TrainingWatch
) -> TrainingFaces:
    side = round(input_side(network) * _LARGER)
    return prepare_faces(faces, side, cache=cache, workers=workers, progress=watch.progress, log=watch.log)


def _refuse_finished(folder: Path) -> None:
    """A finished model is never trained over."""
    path = folder / CARD
    if path.exists():
        raise EthnoshardError(f"{folder} holds a finished model; give another --out, or delete it")


def _described(split: Split, settings: TrainSettings, faces: LabelledFaces, names: tuple[str, ...]) -> CardSplit:
    parts = {part: faces.classes[getattr(split, part)] for part in ("train", "validation", "test")}
    return CardSplit(
        seed=settings.seed,
        test_share=settings.test,
        validation_share=settings.validation,
        digest=split.digest,
        images={
            part: {name: int((classes == number).sum()) for number, name in enumerate(names)}
            for part, classes in parts.items()
        },
    )


def _recipe(settings: TrainSettings, trained: Trained, init: Path | None) -> dict[str, Json]:
    best = max(trained.history, key=lambda line: line["validation_accuracy"])
    recipe = as_json(settings)
    assert isinstance(recipe, dict), "a dataclass"
    return {
        **recipe,
        "learning_rate": trained.learning_rate,
        "tried_learning_rates": as_json(trained.search),
        "sampling": "each class drawn alike",
        "init": None if init is None else {"name": init.name, "sha256": sha256_of(init), "tensors": trained.copied},
        "epochs_run": len(trained.history),
        "best_epoch": best["epoch"],
        "validation_accuracy": best["validation_accuracy"],
    }
