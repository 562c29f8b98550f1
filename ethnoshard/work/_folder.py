"""Where things lie in a work folder, and how one is opened."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ethnoshard._command import command
from ethnoshard._files import make_folder, read_json, read_table, remove_unfinished, write_json
from ethnoshard._formats import check_format
from ethnoshard._json import from_json
from ethnoshard._lock import locked, refusal
from ethnoshard.errors import EthnoshardError
from ethnoshard.work._parts import PART_SCHEMA, chosen_first
from ethnoshard.work._record import WorkRecord

FORMAT = 2
"""Version of the work folder's format. From 2 on the parts' tables hold the digest of each source image."""

READABLE = (1, 2)
"""A reader refuses a version that it doesn't know."""

_TELLS_ONLY = (
    "format",
    *(f"source.{name}" for name in ("name", "kind", "skipped", "form", "layout", "list", "columns", "given_by")),
)
"""What the record says but doesn't decide: photographs are known by what they hold, wherever they lie."""


@dataclass(frozen=True)
class WorkFolder:
    """A work folder: ``align.json``, parts (a tar of faces and a table each), and once labelled the lookup table.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def record_path(self) -> Path:
        """``align.json``: settings, source, versions; at the end the counts."""
        return self.path / "align.json"

    @property
    def parts_folder(self) -> Path:
        """Where the parts lie."""
        return self.path / "parts"

    @property
    def labels_path(self) -> Path:
        """The lookup table."""
        return self.path / "labels.parquet"

    def part_path(self, part: int) -> Path:
        """The tar of part number ``part``; its table has the same name with ``.parquet``."""
        return self.parts_folder / f"{part:05d}.tar"

    def seen_path(self, part: int) -> Path:
        """Where it is noted how the photographs of a part looked, until the alignment is finished."""
        return self.part_path(part).with_suffix(".seen")

    def has_part(self, part: int) -> bool:
        """Whether the part is whole."""
        return self.part_path(part).with_suffix(".parquet").exists()

    @contextlib.contextmanager
    def held(self, waiting: Callable[[], None] | None = None) -> Iterator[None]:
        """Make the folder and keep other processes of ours from writing to it.

        Args:
            waiting: called if another process holds it, before it is waited for; by default nobody waits.

        Raises:
            EthnoshardError: another process holds it, or it can't be made.
        """
        busy = waiting or refusal(f"another ethnoshard process is working in {self.path}; wait for it")
        make_folder(self.parts_folder)
        with locked(self.path, busy):
            self._tidy()
            yield

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Make the folder, and write parts to it beside others who do the same, on other machines too; nobody waits.

        Raises:
            EthnoshardError: it can't be made.
        """
        make_folder(self.parts_folder)
        self._tidy()
        yield

    def _tidy(self, *, finished: bool = False) -> None:
        for folder in (self.path, self.parts_folder):
            remove_unfinished(folder, finished=finished)

    def begin(self, record: Mapping[str, object]) -> WorkRecord:
        """Write the record of a new work folder, or check that an old one was made the same way.

        Of several who do so at the same moment each writes the same.

        Args:
            record: the fields of ``WorkRecord`` as JSON has them, without format and counts.

        Returns:
            The record on disk, which of a finished folder holds the counts.

        Raises:
            EthnoshardError: the folder was made otherwise; the message names every difference. A folder of format 1
                keeps its format.
        """
        wanted = {"format": FORMAT, **record}
        # Looked at first: whoever else begins writes the record before any part.
        holds = any(self.parts_folder.iterdir())
        if not self.record_path.exists():
            if holds:
                raise EthnoshardError(
                    f"{self.parts_folder} holds files but {self.record_path} is missing; use a new folder"
                )
            write_json(self.record_path, {**wanted, "complete": False}, shared=True, first=True)
        record_now = self.record()
        # Work folders were made by torch before they said so.
        differences = list(_differences({"runtime": "torch", **read_json(self.record_path)}, wanted))
        if differences:
            raise EthnoshardError(
                f"{self.path} was made otherwise: "
                + "; ".join(differences)
                + ". Use the same settings to go on, or another work folder"
            )
        return record_now

    def finish(
        self, *, contents: str | None, statuses: Mapping[str, int], reasons: Mapping[str, int], faces: int
    ) -> WorkRecord:
        """Add the counts to the record: all parts are there.

        Args:
            contents: hex SHA-256 of what the images hold; a folder of format 1 doesn't keep it.
            statuses: images by what became of them.
            reasons: images that could not be read, by reason.
            faces: aligned faces.
        """
        record = read_json(self.record_path)
        if record["format"] > 1:
            record["source"]["contents"] = contents
        counts = {"statuses": dict(statuses), "reasons": dict(reasons), "faces": faces}
        write_json(self.record_path, {**record, "complete": True, **counts}, shared=True)
        # What machines that died left, and what is still being written of a part that is there.
        self._tidy(finished=True)
        for path in self.parts_folder.glob("*.seen"):
            path.unlink(missing_ok=True)
        return self.record()

    def record(self) -> WorkRecord:
        """Read ``align.json``.

        Raises:
            EthnoshardError: this is not a work folder, one of an unknown format, or its record is damaged.
        """
        if not self.record_path.exists():
            if (self.path / "dataset.json").exists():
                raise EthnoshardError(
                    f"{self.path} is not a work folder but a dataset, the result of packing one; give the work folder"
                )
            # What is there already is no place to align into; it may be what is to be aligned.
            words = (self.path, "WORK") if self.path.exists() else ("SOURCE", self.path)
            raise EthnoshardError(f"{self.path} is not a work folder; `{command('align', *words)}` makes one")
        content = read_json(self.record_path)
        check_format(self.record_path, content.get("format"), *READABLE, again="align into a new folder")
        return from_json(WorkRecord, content, self.record_path)

    def finished(self) -> WorkRecord:
        """Read ``align.json`` of a folder whose alignment is complete.

        Raises:
            EthnoshardError: it is not.
        """
        record = self.record()
        if not record.complete:
            raise EthnoshardError(
                f"the alignment in {self.path} is not finished; run the same `ethnoshard align` again"
            )
        return record

    def faces(self, parts: int, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """All rows of all parts in source order, with the column ``part`` (Int32) before those of ``PART_SCHEMA``.

        Of an image with several faces the one that stands for it comes first: see ``chosen_first``.

        Args:
            parts: how many there are, by the record.
            columns: those that are needed; by default all. Millions of faces are held without the others.

        Raises:
            EthnoshardError: a table is missing or damaged.
        """
        none = pl.DataFrame(schema={"part": pl.Int32, **PART_SCHEMA})
        names = none.columns if columns is None else list(columns)
        return pl.concat([none.select(names), *(table.select(names) for table in self.tables(parts))])

    def tables(self, parts: int) -> Iterator[pl.DataFrame]:
        """As :meth:`faces`, one part at a time, so that millions of faces need not be held.

        An image's faces are in one part.
        """
        for part in range(parts):
            yield chosen_first(self.part_table(part).select(pl.lit(part, pl.Int32).alias("part"), pl.all()))

    def people(self, parts: int) -> pl.DataFrame:
        """Who is in the parts, in source order: ``identity``, and how many ``faces`` of it there are.

        Args:
            parts: how many there are, by the record.

        Raises:
            EthnoshardError: a table is missing or damaged.
        """
        # Of each part at once, so that millions of faces need not be held.
        counts = [pl.DataFrame(schema={"identity": pl.String, "faces": pl.UInt32})]
        counts += [
            self.part_table(part)
            .group_by("identity", maintain_order=True)
            .agg(pl.col("length").count().cast(pl.UInt32).alias("faces"))
            for part in range(parts)
        ]
        return pl.concat(counts).group_by("identity", maintain_order=True).agg(pl.col("faces").sum())

    def part_table(self, part: int) -> pl.DataFrame:
        """The rows of one part, columns of ``PART_SCHEMA``.

        Raises:
            EthnoshardError: the table is missing or damaged.
        """
        path = self.part_path(part).with_suffix(".parquet")
        try:
            table = read_table(path)
        except FileNotFoundError as error:
            raise EthnoshardError(f"{path} is missing; run the same `ethnoshard align` again") from error
        except pl.exceptions.PolarsError as error:
            raise EthnoshardError(
                f"{path} is damaged ({error}); delete it and run the same `ethnoshard align` again"
            ) from error
        if "sha256" not in table.columns:  # format 1
            table = table.with_columns(pl.lit(None, pl.Binary).alias("sha256"))
        there = table.schema
        odd = [name for name, kind in PART_SCHEMA.items() if there.get(name, pl.Null()).base_type() != kind.base_type()]
        if odd:
            raise EthnoshardError(
                f"{path} is damaged (it lacks the column {odd[0]}, or has another thing there); delete it and run "
                f"the same `ethnoshard align` again"
            )
        return table.select(*PART_SCHEMA)


def _differences(found: Mapping[str, object], wanted: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    """Name what differs in the settings of two records, ignoring what only the finished one has."""
    for key, new in wanted.items():
        old = found.get(key)
        if f"{prefix}{key}" in _TELLS_ONLY:
            continue
        if isinstance(new, dict) and isinstance(old, dict):
            yield from _differences(old, new, f"{prefix}{key}.")
        elif old != new:
            yield f"{prefix}{key} was {old!r} and is {new!r} now"
