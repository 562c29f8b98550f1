"""A source of photographs to a work folder of aligned faces, resumed where its photographs are the same."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from ethnoshard._parallel import Executor, check_workers, in_processes
from ethnoshard._part_share import WHOLE, PartShare
from ethnoshard._progress import SILENT, Progress
from ethnoshard._runtime import RuntimeName
from ethnoshard.alignment._deciding import align_record, chosen_runtime
from ethnoshard.alignment._photographs import Digests, check_photographs, contents_of, look_as_then, look_at_photographs
from ethnoshard.alignment._settings import AlignSettings
from ethnoshard.alignment._source_parts import SourceParts, check_parts_there, counts_of_parts
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources import Reading, Source, open_source
from ethnoshard.work import WorkFolder, read_seen, write_list, write_people, write_seen


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
        parts = SourceParts(images.refs, settings.part_images)
        own = [part for part in range(len(parts)) if share.has(part)]
        begun = folder.record_path.exists()
        before = read_seen(folder)
        seen, same = look_at_photographs(images, before)
        digest = images.digest() if seen is None else seen.digest
        record = folder.begin(align_record(images, digest, settings, device, chosen, len(parts)))
        if share.whole:
            write_people(folder, None if images.people is None else images.people.rows)
            write_list(folder, images.reading.table)
        done = [part for part in own if folder.has_part(part)]
        if not same or record.format == 1:
            unsure = [part for part in done if not look_as_then(folder, images, parts[part], part)]
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
            check_parts_there(folder, len(parts))
            contents = contents_of(folder, images, len(parts)) if record.format > 1 else None
            record = folder.finish(contents=contents, **counts_of_parts(folder, len(parts)))
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


def _make_parts(
    folder: WorkFolder,
    source: Source,
    parts: SourceParts,
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
