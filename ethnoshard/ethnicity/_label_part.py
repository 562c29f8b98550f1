"""One part: a classifier asked of its faces, so many of each identity. Runs in a worker process."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._checks import check_number
from ethnoshard._files import read_table
from ethnoshard._kept_parts import KeptParts
from ethnoshard._parallel import count
from ethnoshard._runtime import RuntimeName
from ethnoshard.alignment import decode_face
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.work import PartFaces, chosen_first

_FACES_SCHEMA = {"identity": pl.String, "image": pl.String, "face": pl.Int16}

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
class LabelOptions:
    """What decides the labels beside the classifier; see ``label_by_classifier``."""

    images: int
    seed: int
    min_confidence: float

    def __post_init__(self) -> None:
        check_number("images", self.images, at_least=1)
        check_number("seed", self.seed, at_least=0)
        check_number("min-confidence", self.min_confidence, at_least=0, at_most=1)


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
    from threadpoolctl import threadpool_limits

    from ethnoshard.ethnicity._classifier import EthnicityClassifier

    torch.set_num_threads(1)
    threadpool_limits(1, user_api="blas")
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
