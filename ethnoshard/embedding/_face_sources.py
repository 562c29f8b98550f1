"""Where faces come from: photographs, a work folder, a dataset, or a file of pairs that holds the images itself.

Photographs are aligned first, once, in the cache.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from ethnoshard._cache_folder import cache_folder
from ethnoshard._known_digests import KnownDigests
from ethnoshard._parallel import available_cores
from ethnoshard._progress import SILENT, Progress
from ethnoshard.alignment import AlignSettings, align_once, check_photographs
from ethnoshard.embedding._aligned import AlignedFaces, face_keys
from ethnoshard.embedding._embeddings import Cache
from ethnoshard.embedding._readers import DatasetJpegs, ImagesThere, PartJpegs, Photograph, Photographs, Reader
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.shards import FaceDataset
from ethnoshard.sources import ImagePairs, Reading, Source, contents_digest, image_digests, open_source, place_key
from ethnoshard.work import Seen, read_seen

_MOST_PIXELS = 20_000_000
"""Pixels of an aligned face beyond which it is not decoded."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Faces:
    """All faces of a source, and what became of images without one.

    Attributes:
        keys: of the faces: ``identity/image.jpg`` for one of each image, ``identity/image.jpg#2`` ... for further ones.
        identities: whose each of them is.
        missing: key -> status of the images without a face.
        size: side of the aligned faces, pixels.
        digest: hex SHA-256 of all that decides the faces and their names; not what the source is called, nor its kind.
        facts: what a report says of the source.
        jpegs: the aligned faces, in the order of ``keys``.
        photographs: the source images, in the order of ``keys``; None where they aren't at hand.
        no_photographs: why they aren't; "" where they are.
        files: SHA-256 of each face's photograph, 32 bytes, None where it isn't known; None where none is.
    """

    keys: list[str]
    identities: list[str]
    missing: dict[str, str]
    size: int
    digest: str
    facts: dict[str, object]
    jpegs: Reader[bytes]
    photographs: Reader[Photograph] | None
    no_photographs: str = ""
    files: list[bytes | None] | None = None

    def only(self, some: slice) -> "Faces":
        """What reads some of them, without the names of any."""
        return replace(
            self,
            keys=[],
            identities=[],
            missing={},
            jpegs=self.jpegs[some],
            photographs=None if self.photographs is None else self.photographs[some],
            files=None,
        )


def faces_of_work(path: Path, source: Path | None = None, *, cache: Path | None = None) -> Faces:
    """Faces of a finished work folder.

    Args:
        path: the work folder.
        source: what it was made from; needed for the five-point alignment, which cuts faces out of the photographs.
        cache: folder of the cache, where digests of files are kept; by default the user's.

    Raises:
        EthnoshardError: it is not a finished work folder, or the source is another one.
    """
    faces = AlignedFaces(path)
    known = KnownDigests(cache_folder(cache))
    if source is None:
        return faces_of_aligned(faces, None, known)
    images = open_source(source, _reading_of(faces), max_file_bytes=faces.record.settings.max_file_bytes)
    return faces_of_aligned(faces, images, known, _same_source(faces, images, known))


def _reading_of(faces: AlignedFaces) -> Reading:
    """How the photographs were read when they were aligned."""
    source = faces.record.source
    table = None if source.list is None else faces.folder.path / source.list
    return Reading(layout=source.layout, table=table, columns=source.columns, as_it_is=True)


def faces_of_aligned(
    faces: AlignedFaces, images: Source | None, known: KnownDigests, contents: str | None = None
) -> Faces:
    """Faces of a work folder, and of the photographs that are known to be those that it was made from.

    Args:
        faces: of the work folder.
        images: the photographs, if they are at hand.
        known: digests of files.
        contents: ``contents_digest`` of the photographs where the work folder itself doesn't know them so: of format 1.

    Raises:
        EthnoshardError: a part can't be read.
    """
    path, record = faces.folder.path, faces.record
    without = faces.table.filter(pl.col("status") != "aligned")
    photographs = None
    why = ""
    if record.settings.aligned:
        why = f"{path} was made with --aligned, so that nobody looked for landmarks"
    elif images is None:
        why = f"the photographs that {path} was made from ({record.source.name}) are needed: give them by --source"
    else:
        points = faces.with_face("landmarks")["landmarks"]
        if lost := points.null_count():
            # Centre squares have none: they aren't where a face was found.
            why = f"{lost:,} faces of {path} have no landmarks: align without --no-face centre"
        elif not points.list.len().eq(10).all():
            raise EthnoshardError(f"{path} is damaged: landmarks are not five points; align into a new folder")
        else:
            refs = {ref.name: ref for ref in images.refs}
            photographs = Photographs(
                place=images.place,
                refs=[refs[name] for name in faces.with_face("image")["image"]],
                points=points.explode().to_numpy().reshape(-1, 10),
                max_pixels=record.settings.max_pixels,
            )
    return Faces(
        keys=faces.with_face("key")["key"].to_list(),
        identities=_shared(faces.with_face("identity")["identity"]),
        missing=dict(without.select("image", pl.col("status").cast(pl.String)).iter_rows()),
        size=faces.image_size,
        digest=_digest_of_parts(faces, known, contents),
        facts={
            "kind": "work folder",
            "name": record.source.name,
            "source_digest": record.source.digest,
            "source_contents": record.source.contents,
            "face": faces.image_size,
            "aligner": "as given" if record.settings.aligned else "MTCNN",
            "statuses": record.statuses,
            "versions": record.versions,
        },
        jpegs=PartJpegs(folder=faces.folder, places=faces.places()),
        photographs=photographs,
        no_photographs=why,
        files=faces.with_face("sha256")["sha256"].to_list(),
    )


def _shared(names: pl.Series) -> list[str]:
    """Names as Python's texts, one for all that are equal."""
    different = names.unique(maintain_order=True)
    known = different.to_list()
    numbers = names.replace_strict(different, pl.int_range(len(known), eager=True), return_dtype=pl.UInt32)
    return [known[number] for number in numbers]


def faces_of_dataset(path: str) -> Faces:
    """Faces of a dataset folder, or of the URL of one.

    Raises:
        EthnoshardError: it is not a dataset.
    """
    dataset = FaceDataset.open(path)
    people = dataset.identities.with_row_index("identity_number").select(
        pl.col("identity_number").cast(pl.Int32), pl.col("identity").alias("name"), "shard"
    )
    table = dataset.faces().join(
        people, left_on="identity", right_on="identity_number", how="left", maintain_order="left"
    )
    keys = face_keys(table["source_image"].to_list())
    places = table.select(pl.col("shard", "offset", "length").cast(pl.Int64)).to_numpy()
    return Faces(
        keys=keys,
        identities=_shared(table["name"]),
        missing={},
        size=dataset.image_size,
        digest=dataset.fingerprint,
        facts={
            "kind": "dataset",
            "name": Path(path).name,
            "source_digest": dataset.fingerprint,
            "face": dataset.image_size,
            "aligner": "as packed",
            "statuses": {"aligned": len(keys)},
            "versions": {},
        },
        jpegs=DatasetJpegs(path=path, fingerprint=dataset.fingerprint, places=places),
        photographs=None,
        no_photographs="a dataset holds cut faces only; give the photographs, or their work folder and --source",
    )


def faces_of_image_pairs(pairs: ImagePairs) -> Faces:
    """Images that come with their pairs, as in insightface's ``.bin`` files; they are aligned already.

    Squares of several sizes are each scaled to the model's input, as insightface's own evaluation does (``load_bin`` of
    its ``verification.py``, which fails where an image is not a square). What can't be decoded, and what is not a
    square, is missing: "unreadable" or "not_square".

    Raises:
        EthnoshardError: no image is left.
    """
    digest = hashlib.sha256()
    for image in pairs.images:
        digest.update(hashlib.sha256(image).digest())
    with ThreadPoolExecutor(available_cores()) as pool:
        looked = list(pool.map(_look, pairs.images))
    names = [f"{place:06d}" for place in range(len(looked))]
    missing = {name: found for name, found in zip(names, looked, strict=True) if isinstance(found, str)}
    sizes = Counter(found for found in looked if isinstance(found, int))
    statuses = {"aligned": sizes.total(), **Counter(missing.values())}
    if not sizes:
        why = ", ".join(f"{count:,} {status}" for status, count in statuses.items() if count)
        raise EthnoshardError(
            f"{pairs.pairs.path}: none of its {len(looked):,} images can be used: {why}. "
            "Aligned faces are square, such as 112 x 112 px; write the file again from such images"
        )
    size = max(sizes, key=lambda side: (sizes[side], side))
    return Faces(
        keys=[name for name in names if name not in missing],
        identities=[""] * sizes.total(),
        missing=missing,
        size=size,
        digest=digest.hexdigest(),
        facts={
            "kind": pairs.kind,
            "name": pairs.pairs.path.name,
            "source_digest": digest.hexdigest(),
            "face": size,
            "sizes": {str(side): sizes[side] for side in sorted(sizes)},
            "aligner": "as in the file",
            "statuses": statuses,
            "versions": {},
        },
        jpegs=ImagesThere(
            images=[image for image, found in zip(pairs.images, looked, strict=True) if isinstance(found, int)]
        ),
        photographs=None,
    )


def _look(image: bytes) -> int | str:
    """Side of a square image, or what is the matter."""
    from ethnoshard.alignment import decode_image

    try:
        height, width, _ = decode_image(image, max_pixels=_MOST_PIXELS).shape
    except UnreadableImageError:
        return "unreadable"
    return int(width) if width == height else "not_square"


def _same_source(faces: AlignedFaces, images: Source, known: KnownDigests) -> str | None:
    """Make sure that a work folder was made from these photographs; of format 1 return what they hold.

    Raises:
        EthnoshardError: they aren't.
    """
    path, record = faces.folder.path, faces.record
    seen = read_seen(faces.folder)
    if (
        record.format > 1
        and seen is not None
        and seen == Seen(key=place_key(images) or "", digest=record.source.digest)
    ):
        return None
    if images.digest() != record.source.digest:
        raise EthnoshardError(
            f"{images.path} is not what {path} was made from: that was {record.source.name} with "
            f"{record.source.images:,} images; this has {len(images.refs):,}, or others"
        )
    digests = image_digests(images, known)
    check_photographs(faces.folder, images, range(record.parts), digests=digests)
    return contents_digest(images.refs, digests) if record.format == 1 else None


def _digest_of_parts(faces: AlignedFaces, known: KnownDigests, contents: str | None) -> str:
    """Over the parts' files: the faces, and in the tables the photographs that they are from."""
    parts = [faces.folder.part_path(part) for part in range(faces.record.parts)]
    try:
        files = known.of_files(file for part in parts for file in (part, part.with_suffix(".parquet")))
    except OSError as error:
        raise EthnoshardError(
            f"{error.filename} can't be read ({error.strerror}); run the same `ethnoshard align` again"
        ) from error
    return hashlib.sha256(json.dumps([files, contents]).encode()).hexdigest()


def open_faces(
    place: str | Path,
    *,
    reading: Reading | None = None,
    source: Path | None = None,
    cache: Cache | None = None,
    workers: int | None = None,
    progress: Progress = SILENT,
    log: Callable[[str], None] | None = None,
) -> Faces:
    """Faces of a work folder, a dataset (or its URL), or photographs.

    Photographs are aligned with the usual settings into a work folder of the cache, which stays until somebody deletes
    it; the second time it is found there, whatever the place is called by then. Call it from a script only under
    ``if __name__ == "__main__":``.

    Args:
        place: what holds the faces.
        reading: what the user says of who is where in photographs.
        source: photographs that a work folder was made from.
        cache: where aligned photographs go.
        workers: processes that align.
        progress: told how many images there are, and how many are done.
        log: told that another process, which aligns the same, is waited for, and what takes long.

    Raises:
        EthnoshardError: there is nothing of the kind, or the source doesn't belong to the work folder.
    """
    path, folder = Path(place), cache.path if cache else None
    if (path / "align.json").is_file():
        return faces_of_work(path, source, cache=folder)
    if source is not None:
        raise EthnoshardError(f"--source goes with a work folder, and {place} is none; give the photographs alone")
    if "://" in str(place) or (path / "dataset.json").is_file():
        return faces_of_dataset(str(place))
    images = open_source(path, reading)
    if log is not None and images.smells and not images.reading.as_it_is:
        log(f"{path} was taken for {images.form}: {'; '.join(smell.what for smell in images.smells)}")
    work = align_once(images, AlignSettings(), folder, workers=workers, progress=progress, log=log)
    aligned = AlignedFaces(work)
    faces = faces_of_aligned(aligned, images, KnownDigests(cache_folder(folder)))
    # The folder's record tells of whoever was first.
    return replace(faces, facts={**faces.facts, "kind": "photographs", "name": images.path.name})
