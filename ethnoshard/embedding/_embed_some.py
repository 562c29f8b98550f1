"""Embeddings of some faces of each identity of a dataset, chosen by a hash, by a model or by a network in training.

They make the tables of look-alikes.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._checks import check_number
from ethnoshard._parallel import available_cores
from ethnoshard._progress import SILENT, Progress
from ethnoshard.alignment import decode_face
from ethnoshard.embedding._aligned import face_keys
from ethnoshard.embedding._embeddings import Embeddings
from ethnoshard.embedding._model import FaceModel, Images, Vectors
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.mixing import hashed
from ethnoshard.shards import FaceDataset, ShardReader, open_shards


def some_faces(dataset: FaceDataset, faces: int) -> pl.DataFrame:
    """Choose faces; always the same ones of the same dataset, and of fewer a part of those of more.

    Args:
        dataset: the dataset.
        faces: of an identity at most.

    Returns:
        Rows of the table of faces, in its order, with their "row" in it and their "shard".

    Raises:
        EthnoshardError: none is asked for, or the table can't be read.
    """
    check_number("--faces", faces, at_least=1)
    table = dataset.faces()
    owner = table["identity"].to_numpy()
    chosen = np.flatnonzero(_place_by_hash(owner) < faces)
    shards = dataset.identities["shard"].to_numpy()
    return table[chosen].with_columns(
        pl.Series("row", chosen, pl.Int64), pl.Series("shard", shards[owner[chosen]], pl.Int32)
    )


def _place_by_hash(owner: NDArray[np.int32]) -> NDArray[np.int64]:
    """Place of each face among those of its identity, (n,), as a hash of identity and face orders them."""
    rows = np.arange(len(owner))
    begins = np.searchsorted(owner, owner)
    order = np.lexsort((hashed(owner, rows - begins), owner))
    place = np.empty(len(owner), np.int64)
    place[order] = rows - begins[order]
    return place


FACES = 10
"""Faces of an identity that are embedded, by default."""
_AT_ONCE = 64
_AHEAD = 3
"""Batches that are decoded while one is embedded."""
_GAP = 1 << 16
"""Bytes that are read over rather than jumped."""
_READ = 1 << 22
"""Bytes read in one go, about, at most."""


class SomeEmbeddings(NamedTuple):
    """Embeddings of some faces.

    Attributes:
        vectors: (n, D) float32 of length 1.
        owners: (n,) int32, number of the identity of each, ascending.
        left_out: faces that were chosen and have none: they can't be decoded, or are of another size.
    """

    vectors: Vectors
    owners: NDArray[np.int32]
    left_out: int


def embed_some(
    dataset: FaceDataset,
    embed: FaceModel | Callable[[Images], Vectors],
    *,
    faces: int = FACES,
    crop: int = 0,
    flip: bool = False,
    progress: Progress = SILENT,
) -> SomeEmbeddings:
    """Embed at most so many faces of each identity, chosen by a hash of identity and face: always the same.

    Only what is needed is read: the faces themselves, and what lies between neighbours as long as reading it is cheaper
    than jumping.

    Args:
        dataset: a folder's or a remote one.
        embed: a model; or a function, such as a network in training, from (n, side, side, 3) uint8 RGB to (n, D)
            float32 of any length, called by this thread with 64 faces at most.
        faces: of an identity at most.
        crop: side of the square from the middle of a face that a function gets, pixels; 0 for the whole face. A model
            knows its own.
        flip: add the embedding of the mirrored face.
        progress: told how many faces there are, and how many are done.

    Raises:
        EthnoshardError: the model needs another alignment or larger faces, embeddings are not finite or zero (with
            their number), no face can be decoded, or a shard is gone or can't be fetched.
    """
    network, side = _network_of(dataset, embed, crop)
    chosen = some_faces(dataset, faces)
    progress.begun(len(chosen), 0)
    vectors, owners, left_out = [], [], 0
    shards = open_shards(dataset)
    try:
        for own, images in _decoded(_jpegs(shards, chosen), dataset.image_size, side):
            there = [image for image in images if image is not None]
            owners += [owner for owner, image in zip(own, images, strict=True) if image is not None]
            left_out += len(images) - len(there)
            if there:
                vectors.append(_embedded(network, np.stack(there), flip=flip))
            progress.advance(len(images))
    finally:
        shards.close()
    if not vectors:
        raise EthnoshardError(
            f"none of the {len(chosen):,} faces chosen of {dataset.url or dataset.path} can be decoded; "
            "`ethnoshard verify --decode` says what is the matter"
        )
    return SomeEmbeddings(_unit(np.concatenate(vectors)), np.array(owners, np.int32), left_out)


def some_of(dataset: FaceDataset, embeddings: Embeddings, *, faces: int = FACES) -> SomeEmbeddings:
    """The same faces' embeddings, from those of a whole dataset, or of the photographs that it was packed from.

    Raises:
        EthnoshardError: they are of something else, by what the file says of itself and by the faces' names.
    """
    _check_place(dataset, embeddings)
    chosen = some_faces(dataset, faces)
    rows, keys = embeddings.rows(), face_keys(dataset.faces()["source_image"].to_list())
    found = [rows.get(keys[row], -1) for row in chosen["row"].to_list()]
    there = np.array(found) >= 0
    if not there.any() or (not embeddings.facts and not there.all()):
        raise EthnoshardError(
            f"{int((~there).sum()):,} of the {len(found):,} faces chosen of {dataset.url or dataset.path} have no "
            "embedding in the file, by their names: it is of another dataset. `ethnoshard embed` of this dataset, or "
            "of the photographs that it was packed from, makes the right one"
        )
    vectors = embeddings.vectors[np.array(found)[there]]
    return SomeEmbeddings(_unit(vectors), chosen["identity"].to_numpy()[there], int((~there).sum()))


def _check_place(dataset: FaceDataset, embeddings: Embeddings) -> None:
    if not embeddings.facts:
        return
    place = embeddings.facts.get("place", {})
    if place.get("kind") == "dataset":
        known, what = embeddings.facts.get("place_digest"), "the dataset"
        wanted: str | None = dataset.fingerprint
    else:
        known, what = place.get("source_contents"), "photographs with the contents"
        wanted = dataset.manifest.align.source.contents
    if known is None or known != wanted:
        raise EthnoshardError(
            f"the embeddings are of {place.get('name')!r}, {what} {str(known)[:16]}..., but "
            f"{dataset.url or dataset.path} has {str(wanted)[:16]}...: other faces. `ethnoshard embed` of this "
            "dataset, or of the photographs that it was packed from, makes the right ones"
        )


def _network_of(
    dataset: FaceDataset, embed: FaceModel | Callable[[Images], Vectors], crop: int
) -> tuple[Callable[[Images], Vectors], int]:
    """What embeds, and the side of the square that it gets."""
    if not isinstance(embed, FaceModel):
        name, network = "the network", embed
    elif embed.alignment == "crop":
        name, network, crop = embed.name, embed.network, embed.crop
    else:
        raise EthnoshardError(
            f"{embed.name} needs the five-point alignment, for which the photographs are needed; a dataset holds cut "
            "faces only. `ethnoshard embed` of the photographs that it was packed from writes embeddings, which "
            "look-alikes takes by --embeddings; or look at the faces as they are by --alignment crop"
        )
    if crop > dataset.image_size:
        raise EthnoshardError(
            f"{name} looks at {crop} pixels of a face, but those of {dataset.url or dataset.path} have "
            f"{dataset.image_size}; give --crop 0 for the whole face, or a smaller one"
        )
    return network, crop or dataset.image_size


def _jpegs(shards: ShardReader, chosen: pl.DataFrame) -> Iterator[tuple[int, bytes]]:
    """Number of the identity and JPEG of each face, neighbours read together."""
    shards.will_need(chosen["shard"].unique(maintain_order=True).to_list())
    rows = zip(*(chosen[name].to_list() for name in ("identity", "shard", "offset", "length")), strict=True)
    waiting: list[tuple[int, int, int, int]] = []
    for row in rows:
        _, shard, offset, length = row
        if waiting:
            _, last, before, size = waiting[-1]
            near = shard == last and 0 <= offset - before - size <= _GAP
            if not near or offset + length - waiting[0][2] > _READ:
                yield from _read(shards, waiting)
                waiting = []
        waiting.append(row)
    if waiting:
        yield from _read(shards, waiting)


def _read(shards: ShardReader, rows: list[tuple[int, int, int, int]]) -> Iterator[tuple[int, bytes]]:
    begin, end = rows[0][2], rows[-1][2] + rows[-1][3]
    content = shards.read(rows[0][1], begin, end - begin)
    for identity, _, offset, length in rows:
        yield identity, bytes(content[offset - begin : offset - begin + length])


def _decoded(
    jpegs: Iterator[tuple[int, bytes]], size: int, side: int
) -> Iterator[tuple[list[int], list[Images | None]]]:
    """Batches of identities' numbers and faces, None for a bad one; decoded by threads while one is in use."""
    waiting: deque[tuple[list[int], list[Future[Images | None]]]] = deque()
    with ThreadPoolExecutor(available_cores()) as pool:
        while True:
            while len(waiting) < _AHEAD and (batch := list(itertools.islice(jpegs, _AT_ONCE))):
                futures = [pool.submit(_face, jpeg, size, side) for _, jpeg in batch]
                waiting.append(([identity for identity, _ in batch], futures))
            if not waiting:
                return
            own, decoding = waiting.popleft()
            yield own, [future.result() for future in decoding]


def _face(jpeg: bytes, size: int, side: int) -> Images | None:
    """The square from the middle of a face; None if it is bad, as the loader has it."""
    try:
        face = decode_face(jpeg)
    except UnreadableImageError:
        return None
    if face.shape != (size, size, 3):
        return None
    begin = (size - side) // 2
    return face[begin : begin + side, begin : begin + side]


def _embedded(network: Callable[[Images], Vectors], images: Images, *, flip: bool) -> Vectors:
    found = np.asarray(network(images), np.float32)
    return found + network(np.ascontiguousarray(images[:, :, ::-1])) if flip else found


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors.astype(np.float64, copy=False), axis=1, keepdims=True)
    broken = int(np.count_nonzero(~np.isfinite(lengths) | (lengths == 0)))
    if broken:
        raise EthnoshardError(
            f"{broken:,} of {len(vectors):,} embeddings are NaN, infinite or zero; the network's weights are broken, "
            "or its pixels are scaled otherwise"
        )
    unit: Vectors = (vectors / lengths).astype(np.float32)
    return unit
