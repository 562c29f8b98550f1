"""A source of photographs to a work folder of aligned faces, resumed where its photographs are the same."""

import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

import numpy as np
import polars as pl
from PIL import Image

from ethnoshard._known_digests import KnownDigests
from ethnoshard._parallel import Executor, check_workers, in_processes
from ethnoshard._part_share import WHOLE, Missing, PartShare
from ethnoshard._progress import SILENT, Progress
from ethnoshard._runtime import Runtime, RuntimeName, choose_runtime
from ethnoshard._tar import end_of_tar, padded
from ethnoshard.alignment._settings import AlignSettings
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources import (
    ImageRef,
    Reading,
    Source,
    contents_digest,
    digests_in_pieces,
    identity_starts,
    look_of_images,
    open_source,
    place_key,
)
from ethnoshard.work import STATUSES, Seen, WorkFolder, name_of_list, read_seen, write_list, write_people, write_seen

Digests = Sequence[bytes | None]
"""Of images, in their order; None where one can't be read."""


def check_photographs(
    folder: WorkFolder,
    images: Source,
    parts: Sequence[int],
    *,
    digests: Digests | None = None,
    log: Callable[[str], None] | None = None,
) -> None:
    """Make sure that parts were made from the images that are there now, by what these hold.

    An image that could not be read when it was aligned is no reason to refuse.

    Args:
        folder: of format 2; of format 1 there is nothing to compare with, which is said.
        images: the source as it is now; its names are those of the folder's.
        parts: numbers of finished ones.
        digests: of all images, if they are known already.
        log: told what can't be compared, and that there is much to read.

    Raises:
        EthnoshardError: one was made from another image; the message has their number and the first.
    """
    if not parts:
        return
    if folder.record().format == 1:
        if log is not None:
            log(
                f"{folder.path} is of format 1, in which photographs are known by name and size alone: whether those "
                f"of its {len(parts):,} finished parts are the same can't be told. If any was replaced, align them "
                f"into another work folder"
            )
        return
    refs, spans = images.refs, part_spans(images.refs, folder.record().settings.part_images)
    pieces = [slice(*spans[part]) for part in parts]
    if digests is None:
        wanted = sum(piece.stop - piece.start for piece in pieces)
        now: Iterable[Digests] = digests_in_pieces(
            images, KnownDigests.usual(), (refs[piece] for piece in pieces), wanted, log
        )
    else:
        now = (digests[piece] for piece in pieces)
    compared, others, first = 0, 0, ""
    for part, piece, found in zip(parts, pieces, now, strict=True):
        by_name = {ref.name: digest for ref, digest in zip(refs[piece], found, strict=True)}
        for image, digest in _digests_of_part(folder, part):
            compared += 1
            if digest is not None and by_name.get(image) != digest:
                others, first = others + 1, first or image
    if others:
        raise EthnoshardError(
            f"{folder.path} was made from other photographs: {others:,} of the {compared:,} compared differ "
            f"from those in {images.path}, or can't be read any more; the first is {first!r}. Use another work "
            f"folder, or delete this one"
        )


def contents_of(folder: WorkFolder, images: Source, parts: int) -> str:
    """What a finished work folder was made from, as :func:`~ethnoshard.sources.contents_digest` has it."""
    return contents_digest(
        images.refs, (digest for part in range(parts) for _, digest in _digests_of_part(folder, part))
    )


def _digests_of_part(folder: WorkFolder, part: int) -> list[tuple[str, bytes | None]]:
    """Of each image of a part, in order.

    Raises:
        EthnoshardError: its table is missing or damaged.
    """
    return folder.part_table(part).filter(pl.col("face") == 0).select("image", "sha256").rows()


_PIXEL_DECIDING = ("ethnoshard", "numpy", "pillow")
"""Distributions whose version can change a pixel of a face, whatever found it."""
_FINDING = {"openvino": ("openvino",), "torch": ("torch", "torchvision", "facenet-pytorch")}
"""Those that can move a box, by run-time."""


def pixel_deciding(settings: AlignSettings, runtime: Runtime) -> dict[str, object]:
    """What decides the faces beside photographs and settings: run-time and versions; none where nothing is searched."""
    finding = () if settings.aligned else _FINDING[runtime.name]
    versions = {name: version(name) for name in (*_PIXEL_DECIDING, *finding)}
    return {"versions": versions} if settings.aligned else {"runtime": runtime.name, "versions": versions}


def chosen_runtime(
    settings: AlignSettings, asked: RuntimeName | None, device: str, log: Callable[[str], None] | None
) -> Runtime:
    """See ``choose_runtime``; that one is missing is told only where faces are searched for."""
    return choose_runtime(asked, device, log=None if settings.aligned else log)


@dataclass(frozen=True, kw_only=True)
class AlignReport:
    """What aligning did.

    Attributes:
        images: images in the source.
        identities: identities in the source.
        statuses: number of images by status.
        reasons: number of images by reason, for all that are not plainly aligned; sizes and places are left out.
        faces: faces in the parts.
        made: images handled by this call; the others were there from an earlier one, or are other calls' share.
        skipped: entries of the source that are no image of an identity, by reason.
        finished: whether all is there. The counts of statuses, reasons and faces are of finished folders alone.
        parts: number of parts.
        share: which of them were this call's.
    """

    images: int
    identities: int
    statuses: dict[str, int]
    reasons: dict[str, int]
    faces: int
    made: int
    skipped: Mapping[str, Sequence[str]]
    finished: bool = True
    parts: int = 0
    share: str = str(WHOLE)


def align(
    source: str | Path,
    work: str | Path,
    settings: AlignSettings | None = None,
    *,
    reading: Reading | None = None,
    workers: int | None = None,
    device: str = "cpu",
    runtime: RuntimeName | None = None,
    share: PartShare = WHOLE,
    executor: Executor | None = None,
    progress: Progress = SILENT,
    log: Callable[[str], None] | None = None,
) -> AlignReport:
    """Find, choose, crop and encode the faces of a source, part by part.

    Call it from a script only under ``if __name__ == "__main__":``, because it starts processes. Interrupted, even
    by ``kill -9``, it loses the parts in hand; called again in the same way it goes on, if the photographs of the
    finished parts are still the same: they are known by what they hold, not by where they lie. The parts' bytes depend
    on the photographs, the settings, the run-time, the versions of the libraries and the kind of processor, not on
    ``workers``.

    Args:
        source: a folder of identity folders, an archive of one, or RecordIO.
        work: the work folder; made if it is not there.
        settings: what decides the faces.
        reading: what the user says of who is where; by default the source's form says it.
        workers: processes; one a core by default.
        device: where the networks run, "cpu" or "cuda".
        runtime: what runs them: by default OpenVINO on a CPU where it is installed, else torch.
        share: which parts this call makes, if others make the rest; see :func:`align_source`.
        executor: what makes the parts; by default processes of this machine.
        progress: told how many images there are, and how many are done.
        log: told what can't be checked, what takes long, and that OpenVINO is missing.

    Returns:
        The counts.

    Raises:
        EthnoshardError: the source can't be read or is hardly what it was taken for, the folder was made otherwise or
            from other photographs, the disk is full, a worker died.
    """
    settings = settings or AlignSettings()
    workers = check_workers(workers)
    images = open_source(source, reading, max_file_bytes=settings.max_file_bytes).checked()
    return align_source(
        images,
        work,
        settings,
        workers=workers,
        device=device,
        runtime=runtime,
        share=share,
        executor=executor,
        progress=progress,
        log=log,
    )


def align_source(
    images: Source,
    work: str | Path,
    settings: AlignSettings,
    *,
    workers: int | None = None,
    device: str = "cpu",
    runtime: RuntimeName | None = None,
    digests: Digests | None = None,
    waiting: Callable[[], None] | None = None,
    share: PartShare = WHOLE,
    executor: Executor | None = None,
    progress: Progress = SILENT,
    log: Callable[[str], None] | None = None,
) -> AlignReport:
    """Align a source that is listed already, as ``align`` does one that is named by its path.

    Several machines can make a share of the parts each, in any order, at the same time, one of them twice: each lists
    the source for itself, and the listing's digest, the settings and the versions have to be those of ``align.json``.
    No share holds a lock. The call without a share makes what lacks, compares all parts with the photographs, and
    finishes; until then the folder is one of an alignment that is not finished.

    Args:
        images: the source.
        work: the work folder; made if it is not there.
        settings: what decides the faces.
        workers: processes; one a core by default.
        device: where the networks run, "cpu" or "cuda".
        runtime: what runs them: by default OpenVINO on a CPU where it is installed, else torch.
        digests: of all images, as ``image_digests`` has them, if they are known already.
        waiting: called before another process, which works in the folder, is waited for; by default that is an error.
        share: which parts to make.
        executor: what makes the parts; by default processes of this machine, ``workers`` of them.
        progress: told how many images there are, and how many are done.
        log: told what can't be checked, what takes long, and that OpenVINO is missing.

    Returns:
        The counts.

    Raises:
        EthnoshardError: the folder was made otherwise or from other photographs, the disk is full, a worker died.
    """
    workers = check_workers(workers)
    chosen = chosen_runtime(settings, runtime, device, log)
    folder = WorkFolder(Path(work))
    if settings.aligned and settings.size is None:
        settings = replace(settings, size=images.image_size or _side_of_first(images))
    with folder.held(waiting) if share.whole else folder.shared():
        parts = _Parts(images.refs, settings.part_images)
        own = [part for part in range(len(parts)) if share.has(part)]
        begun = folder.record_path.exists()
        before = read_seen(folder)
        seen, same = _look(images, before)
        digest = images.digest() if seen is None else seen.digest
        record = folder.begin(_record(images, digest, settings, device, chosen, len(parts)))
        if share.whole:
            write_people(folder, None if images.people is None else images.people.rows)
            write_list(folder, images.reading.table)
        done = [part for part in own if folder.has_part(part)]
        if not same or record.format == 1:
            unsure = [part for part in done if not _looks_as_then(folder, images, parts[part], part)]
            check_photographs(folder, images, unsure, digests=digests, log=log)
            # A share speaks for its own parts: it says so of a new folder, which holds no others, and unsays it.
            if share.whole or not begun or before is not None:
                write_seen(folder, seen if record.format > 1 and (share.whole or not begun) else None)
        missing = [part for part in own if not folder.has_part(part)]
        to_do, mine = parts.images(missing), parts.images(own)
        progress.begun(mine, mine - to_do)
        _make_parts(
            folder,
            images,
            parts,
            missing,
            (settings, device, chosen.name),
            min(workers, len(missing)),
            executor or in_processes,
            progress,
            noted=not share.whole or executor is not None,
        )
        if share.whole and (not record.complete or missing):
            _check_there(folder, len(parts))
            contents = contents_of(folder, images, len(parts)) if record.format > 1 else None
            record = folder.finish(contents=contents, **_counts(folder, len(parts)))
    return AlignReport(
        images=len(images.refs),
        identities=record.source.identities,
        statuses=record.statuses,
        reasons=record.reasons,
        faces=record.faces,
        made=to_do,
        skipped=images.skipped,
        finished=record.complete,
        parts=len(parts),
        share=str(share),
    )


def missing_parts(work: WorkFolder, images: Callable[[], Source], settings: AlignSettings, shares: int = 0) -> Missing:
    """Which parts of a work folder lack.

    Args:
        work: the work folder; it need not be there yet.
        images: lists the source; called only where no share has begun, so that the number of parts isn't known yet.
        settings: what decides the parts.
        shares: into how many the parts are cut; 0 if each part is a share of its own.

    Raises:
        EthnoshardError: the record is damaged, or the source can't be listed.
    """
    if work.record_path.exists():
        record = work.record()
        parts, finished = record.parts, record.complete
    else:
        parts, finished = len(part_spans(images().refs, settings.part_images)), False
    missing = [part for part in range(parts) if not work.has_part(part)]
    return Missing(parts=parts, missing=missing, shares=shares or parts, finished=finished and not missing)


def _look(images: Source, before: Seen | None) -> tuple[Seen | None, bool]:
    """What the photographs look like, None where that can't be told, and whether it is as it was before."""
    key = place_key(images)
    if key is None:
        return None, False
    if before is not None and key == before.key:
        return before, True
    return Seen(key=key, digest=images.digest()), False


def _looks_as_then(folder: WorkFolder, images: Source, refs: Sequence[ImageRef], part: int) -> bool:
    """Whether the files of a part's photographs look as they did when some machine read them."""
    try:
        then = folder.seen_path(part).read_text()
    except OSError:
        return False
    return then == look_of_images(images.place, refs)


def part_spans(refs: Sequence[ImageRef], images: int) -> list[tuple[int, int]]:
    """First image of each part and the one after its last: cut where an identity ends, from ``images`` images on."""
    ends = np.append(identity_starts(refs)[1:], len(refs))
    spans, start = [], 0
    while start < len(refs):
        stop = int(ends[min(int(np.searchsorted(ends, start + images)), len(ends) - 1)])
        spans.append((start, stop))
        start = stop
    return spans


class _Parts:
    """The images of each part, which are taken out of the listing when they are asked for."""

    def __init__(self, refs: Sequence[ImageRef], images: int) -> None:
        """Cut the refs as :func:`part_spans` does."""
        self._refs, self._spans = refs, part_spans(refs, images)

    def __len__(self) -> int:
        """Number of parts."""
        return len(self._spans)

    def __getitem__(self, part: int) -> Sequence[ImageRef]:
        """The images of one."""
        return self._refs[slice(*self._spans[part])]

    def images(self, parts: Iterable[int]) -> int:
        """How many images some of them have."""
        return sum(stop - start for start, stop in (self._spans[part] for part in parts))


def _make_parts(
    folder: WorkFolder,
    source: Source,
    parts: "_Parts",
    missing: list[int],
    finding: tuple[AlignSettings, str, RuntimeName],
    workers: int,
    executor: Executor,
    progress: Progress,
    *,
    noted: bool,
) -> None:
    if not missing:
        return
    # Imported here: what only needs the settings or the counts doesn't wait for it.
    from ethnoshard.alignment._align_part import PartTask, make_part, start_worker

    # Of a source in a few files `photographs.json` says it of all parts at once.
    noted = noted and source.place.files() is None
    tasks = (
        PartTask(path=folder.part_path(part), refs=parts[part], seen=folder.seen_path(part) if noted else None)
        for part in missing
    )
    for _ in executor(
        make_part,
        tasks,
        workers=workers,
        setup=start_worker,
        setup_arguments=(source.place, *finding),
        progress=progress,
    ):
        pass


def _check_there(folder: WorkFolder, parts: int) -> None:
    """Refuse parts that other machines made and that aren't here, or whose two files were made by two of them.

    Raises:
        EthnoshardError: there is one.
    """
    lacking = [part for part in range(parts) if not folder.has_part(part)]
    if lacking:
        raise EthnoshardError(
            f"{len(lacking):,} of {parts:,} parts were made but are not in {folder.parts_folder}, the first "
            f"{folder.part_path(lacking[0]).stem}: does every machine see the same {folder.path}? It has to lie on a "
            f"file system that they share, under the same path"
        )
    for part in range(parts):
        path = folder.part_path(part)
        places = folder.part_table(part).drop_nulls("length").select(pl.col("offset") + pl.col("length")).to_series()
        ends = places.max()
        size = end_of_tar(padded(ends if isinstance(ends, int) else 0))
        if not path.is_file() or path.stat().st_size != size:
            there = f"{path.stat().st_size:,} bytes" if path.is_file() else "not there"
            raise EthnoshardError(
                f"{path} is {there}, its table speaks of {size:,}: two machines made them that compute otherwise, or "
                f"one was changed since. Delete the part's two files and run the same `ethnoshard align` again"
            )


class _Counts(TypedDict):
    """What :meth:`WorkFolder.finish` is told of the parts."""

    statuses: dict[str, int]
    reasons: dict[str, int]
    faces: int


def _record(
    source: Source, digest: str, settings: AlignSettings, device: str, runtime: Runtime, parts: int
) -> dict[str, object]:
    """What decides the parts, for ``align.json``. JSON has no tuples, so that it can be compared with what is read."""
    plain = asdict(settings)
    plain["detector"]["thresholds"] = list(settings.detector.thresholds)
    return {
        "source": {
            "name": source.path.name,
            "kind": source.kind,
            "digest": digest,
            "images": len(source.refs),
            "identities": len(identity_starts(source.refs)),
            "skipped": {reason: len(names) for reason, names in source.skipped.items()},
            "form": source.form,
            "layout": source.reading.layout,
            "list": name_of_list(source.reading.table),
            "columns": dict(source.reading.columns),
            "given_by": {} if source.people is None else source.people.given_by,
        },
        "settings": plain,
        "device": device.partition(":")[0],
        "parts": parts,
        **pixel_deciding(settings, runtime),
    }


def _counts(folder: WorkFolder, parts: int) -> _Counts:
    faces, by_status, by_reason = 0, Counter[str](), Counter[str]()
    for table in map(folder.part_table, range(parts)):
        images = table.filter(pl.col("face") == 0)
        reasons = images["reason"].drop_nulls().str.replace_all(r"\d[\d,]*", "#")
        by_status.update(images["status"].cast(pl.String).to_list())
        by_reason.update(reasons.to_list())
        faces += table["length"].count()
    order = sorted(by_reason, key=lambda reason: (-by_reason[reason], reason))
    return {
        "statuses": {status: by_status[status] for status in STATUSES},
        "reasons": {reason: by_reason[reason] for reason in order},
        "faces": faces,
    }


def _side_of_first(source: Source) -> int:
    """Side of the first readable image of a source whose faces are aligned already.

    Raises:
        EthnoshardError: it isn't square, or none is readable.
    """
    with source.open() as reader:
        for ref in source.refs:
            try:
                width, height = Image.open(io.BytesIO(reader.read(ref))).size
            except (UnreadableImageError, OSError, SyntaxError, ValueError):
                continue
            if width != height:
                raise EthnoshardError(
                    f"{source.path} is said to hold aligned faces, but its first image is {width} x {height} px; "
                    f"give --size for what it should become, or leave out --aligned"
                )
            return width
    raise EthnoshardError(f"no image in {source.path} could be read; is it what it should be?")
