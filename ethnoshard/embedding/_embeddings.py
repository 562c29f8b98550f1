"""Embeddings with the names of their images: in memory, as a file, and in a cache of bounded size."""

import contextlib
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ethnoshard._arrays import read_arrays, write_arrays
from ethnoshard._cache_folder import cache_folder
from ethnoshard._files import make_folder
from ethnoshard._formats import check_format
from ethnoshard._upload import upload_place
from ethnoshard._urls import place_of
from ethnoshard.embedding._aligned import are_further
from ethnoshard.embedding._model import Vectors
from ethnoshard.errors import EthnoshardError

FORMAT = 1
"""Version of the file's format. A reader refuses one it doesn't know."""

Texts = NDArray[np.str_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Embeddings:
    """Embeddings of images, and which images have none.

    Attributes:
        vectors: (N, E) float32.
        keys: (N,) name of each image, ``identity/image.jpg``; further faces of one have a number, ``...jpg#2``.
        identities: (N,) whose each is; "" where not known.
        missing_keys: (M,) images without an embedding.
        missing_status: (M,) why: "no_face", "unreadable", "too_small".
        facts: model, place and options, as JSON holds them; empty for another program's file.
    """

    vectors: Vectors
    keys: Texts
    identities: Texts
    missing_keys: Texts = field(default_factory=lambda: np.empty(0, "<U1"))
    missing_status: Texts = field(default_factory=lambda: np.empty(0, "<U1"))
    facts: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """N."""
        return len(self.keys)

    def statuses(self) -> dict[str, int]:
        """Images by what became of them."""
        return {"embedded": len(self), **Counter(self.missing_status.tolist())}

    def rows(self) -> dict[str, int]:
        """Key -> row."""
        return {key: row for row, key in enumerate(self.keys.tolist())}

    def one_an_image(self) -> "Embeddings":
        """Without further faces of an image, whose keys are another's with a number: ``a/1.jpg#2`` beside ``a/1.jpg``.

        For whatever takes a key's identity to be right: who stands beside a person in a picture is somebody else.
        """
        further = are_further(self.keys.tolist())
        if not any(further):
            return self
        kept = ~np.array(further)
        return replace(self, vectors=self.vectors[kept], keys=self.keys[kept], identities=self.identities[kept])

    def save(self, path: str | Path, *, storage_options: Mapping[str, object] | None = None) -> None:
        """Write a ``.npz`` file: ``vectors`` as "embeddings", the rest by name, ``facts`` as JSON text; no pickle.

        Args:
            path: the file; as a string also a URL that fsspec writes to: ``s3://``, ``gs://`` and others.
            storage_options: for fsspec's file system of the URL.

        Raises:
            EthnoshardError: the disk is full or can't be written, or the URL can't.
        """
        place = place_of(path)
        if isinstance(place, Path):
            write_arrays(place, self.arrays())
            return
        target, name = upload_place(place, storage_options)
        with tempfile.TemporaryDirectory() as folder:
            write_arrays(Path(folder) / "embeddings.npz", self.arrays())
            target.put(Path(folder) / "embeddings.npz", name)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What the file holds, by name."""
        return {
            "format": np.array(FORMAT),
            "embeddings": self.vectors,
            "keys": self.keys,
            "identities": self.identities,
            "missing_keys": self.missing_keys,
            "missing_status": self.missing_status,
            "facts": np.array(json.dumps(self.facts)),
        }

    @classmethod
    def load(cls, path: Path) -> "Embeddings":
        """Read what ``save`` wrote, or any ``.npz`` file with the arrays "embeddings" and "keys".

        Where there is no array "identities", the person is the folder of the key.

        Raises:
            EthnoshardError: it is not there, no such file, of an unknown format, lacks an array, or they don't fit.
        """
        arrays = read_arrays(path)
        if "format" in arrays:
            check_format(path, arrays["format"].tolist(), FORMAT, again="make it again by `ethnoshard embed`")
        lacking = {"embeddings", "keys"} - arrays.keys()
        if lacking:
            raise EthnoshardError(
                f"{path} holds no array {' nor '.join(sorted(lacking))}; it has {', '.join(sorted(arrays)) or 'none'}. "
                "ethnoshard embed writes such files"
            )
        vectors, keys = arrays["embeddings"], arrays["keys"]
        _check(path, vectors, keys)
        folders = np.array([key.rpartition("/")[0] for key in keys.tolist()], np.str_)
        identities = arrays.get("identities", folders)
        if identities.shape != keys.shape or identities.dtype.kind != "U":
            raise EthnoshardError(f"{path}: identities are a text for each of {len(keys):,} keys; these are not")
        missing_keys, missing_status = (
            _texts(path, name, arrays.get(name, np.empty(0, np.str_))) for name in ("missing_keys", "missing_status")
        )
        if missing_keys.shape != missing_status.shape:
            raise EthnoshardError(f"{path}: missing_keys and missing_status differ in number")
        return cls(
            vectors=vectors.astype(np.float32),
            keys=_texts(path, "keys", keys),
            identities=_texts(path, "identities", identities),
            missing_keys=missing_keys,
            missing_status=missing_status,
            facts=_facts(path, arrays.get("facts")),
        )


def _check(path: Path, vectors: NDArray[np.generic], keys: NDArray[np.generic]) -> None:
    if vectors.ndim != 2 or vectors.dtype.kind != "f" or keys.shape != vectors.shape[:1] or keys.dtype.kind != "U":
        raise EthnoshardError(
            f"{path}: embeddings are floats of (images, dimensions) and keys a text for each; these are "
            f"{vectors.dtype} of {vectors.shape} and {keys.dtype} of {keys.shape}"
        )
    twice = len(keys) - len(np.unique(keys))
    if twice:
        raise EthnoshardError(
            f"{path}: {twice:,} of {len(keys):,} keys come a second time; each image has one embedding"
        )
    bad = int(np.count_nonzero(~np.isfinite(vectors).all(axis=1)))
    if bad:
        raise EthnoshardError(
            f"{path}: {bad:,} of {len(vectors):,} embeddings hold NaN or infinity; the model that made them is broken"
        )


def _texts(path: Path, name: str, array: NDArray[np.generic]) -> Texts:
    """An array of texts, one behind the other.

    Raises:
        EthnoshardError: it holds something else.
    """
    if array.dtype.kind != "U" or array.ndim != 1:
        raise EthnoshardError(f"{path}: {name} are texts in one row; these are {array.dtype} of {array.shape}")
    return array.astype(np.str_, copy=False)


def _facts(path: Path, text: NDArray[np.generic] | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        facts = json.loads(str(text.tolist()))
    except json.JSONDecodeError as error:
        raise EthnoshardError(f"{path}: facts are not JSON ({error})") from error
    if not isinstance(facts, dict):
        raise EthnoshardError(f"{path}: facts are no JSON object")
    return facts


LIMIT = 4 * 2**30
"""Bytes of embeddings kept; those not used for longest go first."""


@dataclass(frozen=True)
class Cache:
    """The folder of the cache, as far as it holds ``embeddings/``, which is bounded; ``docs/caches.md`` has the rest.

    Attributes:
        path: the folder.
        limit: bytes of embeddings kept.
    """

    path: Path
    limit: int = LIMIT

    @classmethod
    def usual(cls) -> "Cache":
        """In the user's :func:`~ethnoshard._cache_folder.cache_folder`."""
        return cls(cache_folder())

    def get(self, key: str) -> Embeddings | None:
        """The embeddings kept under ``key``; None if there are none, or they are damaged."""
        path = self._path(key)
        if not path.exists():
            return None
        try:
            found = Embeddings.load(path)
        except EthnoshardError:
            return None
        _mark_used(path)
        return found

    def put(self, key: str, embeddings: Embeddings) -> None:
        """Keep embeddings, and let go of those not used for longest.

        Raises:
            EthnoshardError: the disk is full or can't be written.
        """
        path = self._path(key)
        make_folder(path.parent)
        embeddings.save(path)
        _mark_used(path)
        kept = 0
        for file in sorted(path.parent.glob("*.npz"), key=lambda file: file.stat().st_mtime_ns, reverse=True):
            kept += file.stat().st_size
            if kept > self.limit and file != path:
                file.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.path / "embeddings" / f"{key}.npz"


def _mark_used(path: Path) -> None:
    """Note when a file was used, by a clock that tells moments apart which a file system's own takes for one."""
    now = time.time_ns()
    with contextlib.suppress(OSError):
        os.utime(path, ns=(now, now))
