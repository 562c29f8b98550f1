"""Any model's embeddings of any faces, computed once: the key of the cache is all that decides them."""

import hashlib
import itertools
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from ethnoshard._parallel import available_cores
from ethnoshard._progress import SILENT, Progress
from ethnoshard.alignment import decode_image
from ethnoshard.embedding._aligned import decoded
from ethnoshard.embedding._embeddings import Cache, Embeddings
from ethnoshard.embedding._face_sources import Faces, Photograph
from ethnoshard.embedding._five_point import five_point_face
from ethnoshard.embedding._model import FaceModel, Images, Vectors
from ethnoshard.errors import EthnoshardError, UnreadableImageError

_AT_ONCE = 64
_AHEAD = 3
"""Batches that are decoded while one is embedded."""
_VERSION = 2
"""Of what happens here to pixels; raise it when embeddings change, so that no older ones are taken from a cache."""
_DECIDING = ("numpy", "pillow", "simplejpeg", "torch", "facenet-pytorch", "onnxruntime")
"""Distributions whose version can change an embedding."""
_TELLING = ("name", "kind", "about")
"""What a model's facts say beside what decides."""


def embed_source(
    model: FaceModel,
    faces: Faces,
    *,
    flip: bool = False,
    cache: Cache | None = None,
    progress: Progress = SILENT,
) -> Embeddings:
    """Embed every face.

    Args:
        model: see ``load_model``.
        faces: see ``open_faces``.
        flip: add the embedding of the mirrored face, and divide by the length of the sum.
        cache: where to look first, and keep the result; None for nowhere.
        progress: told how many faces there are, and how many are done.

    Returns:
        Vectors of length 1, in the order of ``faces.keys``.

    Raises:
        EthnoshardError: the model's alignment can't be had from these faces, an image can't be decoded, embeddings are
            not finite or zero (with their number), there is no face.
    """
    cut = _cutting(model, faces)
    if not faces.keys:
        raise EthnoshardError(f"{faces.facts['name']} holds no face: {faces.facts['statuses']}")
    key = _key(model, faces, flip)
    progress.begun(len(faces.keys), 0)
    facts = {"model": model.facts(), "place": faces.facts, "place_digest": faces.digest, "flip": flip}
    found = cache.get(key) if cache else None
    if found is not None:
        progress.advance(len(found))
        # What was kept may be of another name and place that hold the same.
        return _with_people(replace(found, facts=facts), model)
    given: Iterable[bytes | Photograph] = faces.jpegs()
    if model.alignment == "five-point" and faces.photographs is not None:
        given = faces.photographs()
    vectors = []
    for images in _ahead(given, cut):
        vectors.append(_embedded(model, images, flip=flip))
        progress.advance(len(images))
    found = Embeddings(
        vectors=_unit(np.concatenate(vectors), model),
        keys=np.array(faces.keys, np.str_),
        identities=np.array(faces.identities, np.str_),
        missing_keys=np.array(list(faces.missing), np.str_),
        missing_status=np.array(list(faces.missing.values()), np.str_),
        facts=facts,
    )
    if cache:
        cache.put(key, found)
    return _with_people(found, model)


def _with_people(found: Embeddings, model: FaceModel) -> Embeddings:
    """With the names that somebody of the model's training has too; never from the cache: a run may tell them later."""
    trained, people = model.trained_on, sorted(set(found.identities.tolist()) - {""})
    if trained is None or not people:
        return found
    facts = {"people": len(trained), "shared": trained.shared(people)}
    return replace(found, facts={**found.facts, "trained_on": facts})


def _key(model: FaceModel, faces: Faces, flip: bool) -> str:
    """What decides embeddings: neither the model's name nor the place's."""
    known = {name: value for name, value in model.facts().items() if name not in _TELLING}
    decides = {
        "version": _VERSION,
        "model": {**known, "backbone": model.about.get("backbone")},
        "faces": faces.digest,
        "flip": flip,
        "versions": {name: _version(name) for name in _DECIDING},
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:40]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _embedded(model: FaceModel, images: list[Images], *, flip: bool) -> Vectors:
    """Embeddings of images of perhaps several sizes, each of which the network scales by itself."""
    found: dict[int, Vectors] = {}
    for side in {len(image) for image in images}:
        rows = [row for row, image in enumerate(images) if len(image) == side]
        alike = np.stack([images[row] for row in rows])
        some = model.network(alike)
        if flip:
            some = some + model.network(np.ascontiguousarray(alike[:, :, ::-1]))
        found |= dict(zip(rows, some, strict=True))
    return np.stack([found[row] for row in range(len(images))])


def _cutting(model: FaceModel, faces: Faces) -> Callable[[bytes | Photograph], Images]:
    """How one face is had from what the place gives.

    Raises:
        EthnoshardError: not at all.
    """
    if model.alignment == "crop":
        if model.crop > faces.size:
            raise EthnoshardError(
                f"{model.name} looks at {model.crop} pixels of a face, but those of {faces.facts['name']} have "
                f"{faces.size}; align them with --size {max(182, model.crop)}, or give --crop 0"
            )
        return lambda face: _middle(_decoded(face), model.crop, faces.size)
    if faces.photographs is not None:
        return lambda photograph: _five_point(photograph, model.side)
    if faces.no_photographs:
        raise EthnoshardError(f"{model.name} needs the five-point alignment. {faces.no_photographs}")
    # Aligned in just this way already, as insightface's files are.
    return lambda face: _middle(_decoded(face), 0, faces.size)


def _ahead(given: Iterable[bytes | Photograph], cut: Callable[[bytes | Photograph], Images]) -> Iterator[list[Images]]:
    """Batches of images, decoded by threads while the one before is in use; files are read here, by one thread."""
    rest = iter(given)
    waiting: deque[list[Future[Images]]] = deque()
    with ThreadPoolExecutor(available_cores()) as pool:
        while True:
            while len(waiting) < _AHEAD and (batch := list(itertools.islice(rest, _AT_ONCE))):
                waiting.append([pool.submit(cut, each) for each in batch])
            if not waiting:
                return
            yield [future.result() for future in waiting.popleft()]


def _decoded(face: bytes | Photograph) -> Images:
    assert isinstance(face, bytes), "a face, not a photograph"
    return decoded(face)


def _middle(face: Images, crop: int, usual: int) -> Images:
    """The middle of a face: ``crop`` pixels of one whose side is ``usual``, as much of another; 0 for all of it."""
    side = crop * face.shape[0] // usual if crop else face.shape[0]
    top, left = (face.shape[0] - side) // 2, (face.shape[1] - side) // 2
    return face[top : top + side, left : left + side]


def _five_point(photograph: bytes | Photograph, side: int) -> Images:
    assert isinstance(photograph, Photograph), "a photograph, not a face"
    try:
        image = decode_image(photograph.data, max_pixels=photograph.max_pixels)
    except UnreadableImageError as error:
        raise EthnoshardError(f"a photograph that was aligned can't be decoded any more ({error})") from error
    return five_point_face(image, photograph.landmarks, side)


def _unit(vectors: Vectors, model: FaceModel) -> Vectors:
    broken = int(np.count_nonzero(~np.isfinite(vectors).all(axis=1)))
    if broken:
        raise EthnoshardError(
            f"{broken:,} of {len(vectors):,} embeddings of {model.name} are NaN or infinite; its weights are broken, "
            "or its pixels are scaled otherwise"
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    zero = int(np.count_nonzero(lengths == 0))
    if zero:
        raise EthnoshardError(f"{zero:,} of {len(vectors):,} embeddings of {model.name} are zero and have no direction")
    unit: Vectors = vectors / lengths
    return unit
