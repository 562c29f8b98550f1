"""Any model's embeddings of any faces, computed once: the key of the cache is all that decides them."""

import hashlib
import itertools
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from ethnoshard._blas import one_thread_each
from ethnoshard._kept_parts import KeptParts
from ethnoshard._parallel import Executor, available_cores, count
from ethnoshard._part_share import Missing, PartShare
from ethnoshard._progress import SILENT, Progress
from ethnoshard.alignment import decode_image
from ethnoshard.embedding._aligned import decoded
from ethnoshard.embedding._embeddings import Cache, Embeddings
from ethnoshard.embedding._face_sources import Faces
from ethnoshard.embedding._five_point import five_point_face
from ethnoshard.embedding._model import FaceModel, Images, Vectors
from ethnoshard.embedding._readers import Photograph
from ethnoshard.errors import EthnoshardError, UnreadableImageError

_AT_ONCE = 64
_AHEAD = 3
"""Batches that are decoded while one is embedded."""
PART = 64 * _AT_ONCE
"""Faces of a part that several machines compute; whole batches, so that each is the one that a single call computes."""
_VERSION = 5
"""Of what happens here to pixels; raise it when embeddings change, so that no older ones are taken from a cache."""
_DECIDING = ("numpy", "pillow", "simplejpeg", "torch", "facenet-pytorch", "onnxruntime", "openvino")
"""Distributions whose version can change an embedding."""
_TELLING = ("name", "kind", "about")
"""What a model's facts say beside what decides."""


def embed_source(
    model: FaceModel,
    faces: Faces,
    *,
    flip: bool = False,
    cache: Cache | None = None,
    parts: Path | None = None,
    executor: Executor | None = None,
    load: Callable[[], FaceModel] | None = None,
    progress: Progress = SILENT,
) -> Embeddings:
    """Embed every face.

    Args:
        model: see ``load_model``.
        faces: see ``open_faces``.
        flip: add the embedding of the mirrored face, and divide by the length of the sum.
        cache: where to look first, and keep the result; None for nowhere.
        parts: folder where :func:`embed_share` keeps what it computes. What is there is taken from there, and what
            lacks is kept there until the caller has written the whole.
        executor: what computes the parts that lack, which needs ``parts`` and ``load``; by default this process.
        load: loads the same model elsewhere; a function that can be pickled.
        progress: told how many faces there are, and how many are done.

    Returns:
        Vectors of length 1, in the order of ``faces.keys``.

    Raises:
        EthnoshardError: the model's alignment can't be had from these faces, an image can't be decoded, embeddings are
            not finite or zero (with their number), there is no face.
    """
    _check(model, faces)
    decides = _decides(model, faces, flip)
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:40]
    progress.begun(len(faces.keys), 0)
    facts = {"model": model.facts(), "place": faces.facts, "place_digest": faces.digest, "flip": flip}
    found = cache.get(key) if cache else None
    if found is not None:
        progress.advance(len(found))
        # What was kept may be of another name and place that hold the same.
        return _with_people(replace(found, facts=facts), model)
    if parts is not None and (executor is not None or parts.is_dir()):
        kept = KeptParts(folder=parts, made=decides)
        _keep(model, faces, range(_parts(faces)), kept, executor, load, flip, progress)
        vectors = np.concatenate([kept.read(part)["vectors"].astype(np.float32) for part in range(_parts(faces))])
    else:
        vectors = _vectors(model, faces, flip, progress.advance)
    found = Embeddings(
        vectors=_unit(vectors, model),
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


def embed_share(
    model: FaceModel,
    faces: Faces,
    parts: Path,
    *,
    share: PartShare,
    flip: bool = False,
    progress: Progress = SILENT,
) -> Missing:
    """Embed a share of the faces, ``PART`` at a time, and keep what comes of it for :func:`embed_source`.

    The shares may run on several machines, in any order, at the same time, one of them twice; none holds a lock.

    Args:
        model: see ``load_model``.
        faces: see ``open_faces``.
        parts: folder where parts are kept, the same for all shares.
        share: which parts.
        flip: as of :func:`embed_source`.
        progress: told how many faces the share has, and how many are done.

    Returns:
        Which parts of all lack.

    Raises:
        EthnoshardError: as of :func:`embed_source`, or a part that is there was made otherwise.
    """
    _check(model, faces)
    kept = KeptParts(folder=parts, made=_decides(model, faces, flip))
    own = [part for part in range(_parts(faces)) if share.has(part)]
    progress.begun(sum(min(PART, len(faces.keys) - part * PART) for part in own), 0)
    _keep(model, faces, own, kept, None, None, flip, progress)
    return embed_missing(faces, parts, shares=share.of)


def embed_missing(faces: Faces, parts: Path, *, shares: int = 0) -> Missing:
    """Which parts no share has computed.

    Args:
        faces: see ``open_faces``.
        parts: folder where parts are kept.
        shares: into how many the parts are cut; 0 if each part is a share of its own.
    """
    number = _parts(faces)
    missing = [part for part in range(number) if not KeptParts(folder=parts, made={}).path(part).exists()]
    return Missing(parts=number, missing=missing, shares=shares or number, finished=False)


@dataclass(frozen=True, kw_only=True)
class EmbedTask:
    """A part to be embedded: its number, what reads its faces, where it is kept."""

    part: int
    faces: Faces
    flip: bool
    kept: KeptParts


def keep_part(model: FaceModel, task: EmbedTask, advance: Callable[[int], None]) -> int:
    """Embed a part and keep what comes of it, of any length; returns the part's number.

    Raises:
        EthnoshardError: the model is another one than that which the part is to be made by.
    """
    wanted = task.kept.made.get("model")
    if wanted != json.loads(json.dumps(_deciding(model))):
        raise EthnoshardError(
            f"{model.name} is another model here, or runs otherwise: {_deciding(model)}, not {wanted}"
        )
    task.kept.write(task.part, {"vectors": _vectors(model, task.faces, task.flip, advance)})
    return task.part


_loaded: FaceModel | None = None


def start_worker(load: Callable[[], FaceModel]) -> None:
    """Set a worker process up."""
    global _loaded
    _loaded = load()


def keep_part_in_worker(task: EmbedTask) -> int:
    """As :func:`keep_part`, in a worker process that has been set up."""
    assert _loaded is not None, "start_worker comes first"
    return keep_part(_loaded, task, count)


def _keep(
    model: FaceModel,
    faces: Faces,
    parts: Sequence[int],
    kept: KeptParts,
    executor: Executor | None,
    load: Callable[[], FaceModel] | None,
    flip: bool,
    progress: Progress,
) -> None:
    """Have files of some parts."""
    kept.begin()
    missing = [part for part in parts if not kept.has(part)]
    progress.advance(sum(min(PART, len(faces.keys) - part * PART) for part in parts if part not in set(missing)))
    tasks = (
        EmbedTask(part=part, faces=faces.only(slice(part * PART, (part + 1) * PART)), flip=flip, kept=kept)
        for part in missing
    )
    if executor is None:
        for task in tasks:
            keep_part(model, task, progress.advance)
        return
    assert load is not None, "other machines load the model themselves"
    for _ in executor(
        keep_part_in_worker, tasks, workers=1, setup=start_worker, setup_arguments=(load,), progress=progress
    ):
        pass


def _parts(faces: Faces) -> int:
    return -(-len(faces.keys) // PART)


def _check(model: FaceModel, faces: Faces) -> None:
    """Refuse what can't be embedded before anything is read.

    Raises:
        EthnoshardError: it can't.
    """
    _cutting(model, faces)
    if not faces.keys:
        raise EthnoshardError(f"{faces.facts['name']} holds no face: {faces.facts['statuses']}")


def _vectors(model: FaceModel, faces: Faces, flip: bool, advance: Callable[[int], None]) -> Vectors:
    """Embeddings of faces in their order, of any length."""
    given: Iterable[bytes | Photograph] = faces.jpegs()
    if model.alignment == "five-point" and faces.photographs is not None:
        given = faces.photographs()
    vectors = []
    # Images are scaled by products within threads of the network's.
    with one_thread_each():
        for images in _ahead(given, _cutting(model, faces)):
            vectors.append(_embedded(model, images, flip=flip))
            advance(len(images))
    return np.concatenate(vectors)


def _deciding(model: FaceModel) -> dict[str, object]:
    """What decides embeddings of a model, not its name."""
    known = {name: value for name, value in model.facts().items() if name not in _TELLING}
    return {**known, "backbone": model.about.get("backbone")}


def _decides(model: FaceModel, faces: Faces, flip: bool) -> Mapping[str, object]:
    """What decides embeddings: neither the model's name nor the place's."""
    return {
        "version": _VERSION,
        "model": json.loads(json.dumps(_deciding(model))),
        "faces": faces.digest,
        "flip": flip,
        "versions": {name: _version(name) for name in _DECIDING},
    }


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
