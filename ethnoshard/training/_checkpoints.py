"""Checkpoints: written whole, the newest few kept, the newest sound one read."""

import hashlib
import io
import pickle
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Required, TypedDict, TypeGuard

import torch
from torch import Tensor

from ethnoshard._files import make_folder, remove_unfinished, sha256_of, whole_file
from ethnoshard._formats import check_format
from ethnoshard.errors import EthnoshardError
from ethnoshard.loading import LoaderStateJson
from ethnoshard.training._batch_record import EpochFacesState
from ethnoshard.training._course import CourseState, RankChange
from ethnoshard.training._record import EpochUse, RunProgress, UsedTable
from ethnoshard.training._step import StepperState

FORMAT = 1
_NAME = "step-{:09d}-{}.pt"
_DIGITS = 16
"""Hex digits of the SHA-256 in which a checkpoint's name ends, since torch takes a flipped bit for a weight."""


class ProgressRecord(TypedDict, total=False):
    """What of a run's record follows from the steps."""

    progress: RunProgress
    coverage: list[EpochUse]
    look_alikes: list[UsedTable]
    rank_changes: list[RankChange]


class Checkpoint(TypedDict, total=False):
    """A training after a step: its weights, and what each part of it goes on from. Older ones lack the last three."""

    format: int
    step: Required[int]
    network: Required[dict[str, Tensor]]
    optimizer: Required[StepperState]
    loader: Required[LoaderStateJson]
    batches: EpochFacesState
    record: ProgressRecord
    course: CourseState


def _apart(content: object) -> object:
    """The same, so that its bytes follow from what it holds alone.

    A pickle says of an object that it has seen before that it is that one. Of equal texts some are one object and some
    are two, others where a training went on from a file than where it never ended; so are settings that groups share.
    """
    match content:
        case str():
            return sys.intern(content)
        case dict():
            found = type(content)((_apart(name), _apart(value)) for name, value in content.items())
            # The dictionary that a network gives has attributes besides.
            for name, value in getattr(content, "__dict__", {}).items():
                setattr(found, name, _apart(value))
            return found
        case list() | tuple():
            return type(content)(map(_apart, content))
        case _:
            return content


class Checkpoints:
    """The checkpoints of a run, in a folder."""

    def __init__(self, folder: Path, *, keep: int) -> None:
        """Keep the newest ``keep``."""
        self._folder, self._keep = folder, keep

    def save(self, checkpoint: Checkpoint) -> Path:
        """Write one, then remove those that are too many.

        Raises:
            EthnoshardError: the disk is full or can't be written.
        """
        make_folder(self._folder)
        buffer = io.BytesIO()
        torch.save(_apart({"format": FORMAT, **checkpoint}), buffer)
        path = self._folder / _NAME.format(checkpoint["step"], hashlib.sha256(buffer.getbuffer()).hexdigest()[:_DIGITS])
        with whole_file(path) as file:
            file.write(buffer.getbuffer())
        for old in self.paths()[self._keep :]:
            old.unlink(missing_ok=True)
        return path

    def paths(self) -> list[Path]:
        """All of them, the newest first."""
        return sorted(self._folder.glob("step-*.pt"), reverse=True)

    def newest(self, log: Callable[[str], None]) -> Checkpoint | None:
        """The newest that is sound, on the CPU; None where there is none at all.

        Args:
            log: told of each that is not.

        Raises:
            EthnoshardError: there are some, but none can be read.
        """
        if self._folder.is_dir():
            remove_unfinished(self._folder)
        paths = self.paths()
        for path in paths:
            try:
                return read_checkpoint(path)
            except EthnoshardError as error:
                log(str(error))
        if paths:
            raise EthnoshardError(
                f"none of the {len(paths)} checkpoints in {self._folder} can be read; begin a new run, with "
                "another --out"
            )
        return None


def read_checkpoint(path: Path) -> Checkpoint:
    """One checkpoint, on the CPU; no code in it is run.

    Raises:
        EthnoshardError: it is damaged, or of a format that is not known.
    """
    try:
        if not path.stem.endswith(sha256_of(path)[:_DIGITS]):
            raise EthnoshardError(f"{path} is damaged or was cut short: its content is not what was written")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).partition("\n")[0]
        raise EthnoshardError(f"{path} is damaged or was cut short ({reason})") from error
    if not isinstance(content, dict):
        raise EthnoshardError(f"{path} is not a checkpoint; it was not written by ethnoshard")
    check_format(path, content.get("format"), FORMAT, again="go on with that version, or begin a new run")
    if not _is_whole(content):
        raise EthnoshardError(f"{path} is not a checkpoint of a training: it lacks weights, optimizer or loader")
    return content


def _is_whole(content: Mapping[str, object]) -> TypeGuard[Checkpoint]:
    """Whether a checkpoint has all that one of any version has; what these are, its digest vouches for."""
    return {"step", "network", "optimizer", "loader"} <= content.keys()
