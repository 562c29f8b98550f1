"""Where things lie in a run folder, and its record."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ethnoshard._files import read_json, remove_unfinished, write_json
from ethnoshard._formats import check_format
from ethnoshard._lock import is_locked, locked, refusal
from ethnoshard.errors import EthnoshardError
from ethnoshard.runs._record import RunRecord

FORMAT = 1
"""Version of the run folder's format. A reader refuses one it doesn't know."""


@dataclass(frozen=True)
class RunFolder:
    """A training with its results: record, metrics, batches, checkpoints, weights, reports.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def record_path(self) -> Path:
        """``run.json``: everything that decides the run, and what became of it."""
        return self.path / "run.json"

    @property
    def metrics_path(self) -> Path:
        """A row a step, see :data:`~ethnoshard.runs.METRICS_SCHEMA`."""
        return self.path / "metrics.parquet"

    @property
    def batches_path(self) -> Path:
        """A row a step and group, see :data:`~ethnoshard.runs.BATCHES_SCHEMA`."""
        return self.path / "batches.parquet"

    @property
    def look_alikes(self) -> Path:
        """Tables of who resembles whom that the run's network made, a folder for each."""
        return self.path / "look-alikes"

    @property
    def people_path(self) -> Path:
        """Digests of the names of those that it was trained on, see :class:`~ethnoshard.runs.TrainedOn`."""
        return self.path / "people.parquet"

    @property
    def checkpoints(self) -> Path:
        """Folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def weights_path(self) -> Path:
        """The network at the end, as safetensors."""
        return self.path / "model.safetensors"

    @property
    def tensorboard(self) -> Path:
        """Folder of TensorBoard's files."""
        return self.path / "tensorboard"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder and keep other processes of ours from writing to it.

        Raises:
            EthnoshardError: another process holds it, or it can't be made.
        """
        with locked(self.path, refusal(f"another ethnoshard process is training in {self.path}; wait for it")):
            remove_unfinished(self.path)
            yield

    def is_held(self) -> bool:
        """Whether a process is training in it at the moment."""
        return is_locked(self.path)

    def exists(self) -> bool:
        """Whether a run was begun here."""
        return self.record_path.exists()

    def write(self, record: dict[str, Any]) -> None:
        """Write the record, whole.

        Raises:
            EthnoshardError: the disk is full or can't be written.
        """
        write_json(self.record_path, {"format": FORMAT, **record})

    def record(self) -> dict[str, Any]:
        """The record.

        Raises:
            EthnoshardError: there is none, it is damaged, or of a format that is not known.
        """
        if not self.record_path.exists():
            raise EthnoshardError(f"{self.path} is not a run: it holds no run.json; ethnoshard train makes one")
        record = read_json(self.record_path)
        again = "go on with that version, or train anew with another --out"
        check_format(self.record_path, record.get("format"), FORMAT, again=again)
        return record

    def read(self) -> RunRecord:
        """The record with types, as far as anybody looks at it.

        Raises:
            EthnoshardError: there is none, it is damaged, or of a format that is not known.
        """
        return RunRecord.of_json(self.record(), self.record_path)
