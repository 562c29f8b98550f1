"""Embeddings of JPEGs of aligned faces."""

import itertools
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ethnoshard._progress import SILENT, Progress
from ethnoshard.embedding._aligned import decoded
from ethnoshard.errors import EthnoshardError

_AT_ONCE = 64


def embed_faces(
    embedder: Callable[[Tensor], Tensor],
    jpegs: Iterable[bytes],
    *,
    crop: int,
    device: torch.device | str = "cpu",
    flip: bool = False,
    progress: Progress = SILENT,
) -> npt.NDArray[np.float32]:
    """Embed faces; while some are embedded the next are decoded.

    Args:
        embedder: (B, 3, S, S) uint8 to (B, E).
        jpegs: N of them, all faces of one size.
        crop: side of the square cut from the middle, pixels; 0 for the whole face.
        device: where the embedder is.
        flip: add the embedding of the mirrored face.
        progress: told how many are done.

    Returns:
        (N, E) float32, of unit length.

    Raises:
        EthnoshardError: a JPEG can't be decoded, or an embedding is not finite, with the number of those.
    """
    parts: list[npt.NDArray[np.float32]] = []
    with ThreadPoolExecutor(1) as pool, torch.inference_mode():
        batches = iter(_batches(jpegs))
        ahead = pool.submit(_decoded, next(batches, []), crop)
        while len(images := ahead.result()):
            ahead = pool.submit(_decoded, next(batches, []), crop)
            faces = torch.from_numpy(images).to(device).permute(0, 3, 1, 2)
            embeddings = embedder(faces)
            if flip:
                embeddings = embeddings + embedder(faces.flip(3))
            parts.append(torch.nn.functional.normalize(embeddings.float()).cpu().numpy())
            progress.advance(len(images))
    if not parts:
        raise EthnoshardError("there is no face to embed")
    result = np.concatenate(parts)
    broken = int((~np.isfinite(result)).any(axis=1).sum())
    if broken:
        raise EthnoshardError(
            f"{broken:,} of {len(result):,} embeddings are not finite; the network's weights are broken"
        )
    return result


def _batches(jpegs: Iterable[bytes]) -> Iterable[list[bytes]]:
    rest = iter(jpegs)
    while batch := list(itertools.islice(rest, _AT_ONCE)):
        yield batch


def _decoded(jpegs: list[bytes], crop: int) -> npt.NDArray[np.uint8]:
    faces = []
    for jpeg in jpegs:
        face = decoded(jpeg)
        side = crop or face.shape[0]
        top, left = (face.shape[0] - side) // 2, (face.shape[1] - side) // 2
        faces.append(face[top : top + side, left : left + side])
    return np.stack(faces) if faces else np.empty((0, 0, 0, 3), np.uint8)
