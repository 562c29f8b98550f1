"""The parts of a source: which of its images each has, which lack, whether others made theirs whole, their counts."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypedDict

import numpy as np
import polars as pl

from ethnoshard._part_share import Missing
from ethnoshard._tar import end_of_tar, padded
from ethnoshard.alignment._settings import AlignSettings
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import ImageRef, Source, identity_starts
from ethnoshard.work import STATUSES, WorkFolder


def part_spans(refs: Sequence[ImageRef], images: int) -> list[tuple[int, int]]:
    """First image of each part and the one after its last: cut where an identity ends, from ``images`` images on."""
    ends = np.append(identity_starts(refs)[1:], len(refs))
    spans, start = [], 0
    while start < len(refs):
        stop = int(ends[min(int(np.searchsorted(ends, start + images)), len(ends) - 1)])
        spans.append((start, stop))
        start = stop
    return spans


class SourceParts:
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


def check_parts_there(folder: WorkFolder, parts: int) -> None:
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


class PartCounts(TypedDict):
    """What :meth:`WorkFolder.finish` is told of the parts."""

    statuses: dict[str, int]
    reasons: dict[str, int]
    faces: int


def counts_of_parts(folder: WorkFolder, parts: int) -> PartCounts:
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
