"""Checkpoints: written whole, the newest few kept, the newest sound one read."""

import hashlib
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ethnoshard._files import make_folder, remove_unfinished, sha256_of, whole_file
from ethnoshard._formats import check_format
from ethnoshard.errors import EthnoshardError

FORMAT = 1
_NAME = "step-{:09d}-{}.pt"
_DIGITS = 16
"""Of the SHA-256 that a checkpoint's name ends in, since torch takes a flipped bit for a weight."""


class Checkpoints:
    """The checkpoints of a run, in a folder."""

    def __init__(self, folder: Path, *, keep: int) -> None:
        """Keep the newest ``keep``."""
        self._folder, self._keep = folder, keep

    def save(self, step: int, content: dict[str, Any]) -> Path:
        """Write one, then remove those that are too many.

        Raises:
            EthnoshardError: the disk is full or can't be written.
        """
        make_folder(self._folder)
        buffer = io.BytesIO()
        torch.save({"format": FORMAT, "step": step, **content}, buffer)
        path = self._folder / _NAME.format(step, hashlib.sha256(buffer.getbuffer()).hexdigest()[:_DIGITS])
        with whole_file(path) as file:
            file.write(buffer.getbuffer())
        for old in self.paths()[self._keep :]:
            old.unlink(missing_ok=True)
        return path

    def paths(self) -> list[Path]:
        """All of them, the newest first."""
        return sorted(self._folder.glob("step-*.pt"), reverse=True)

    def newest(self, passed_over: Callable[[str], None]) -> dict[str, Any] | None:
        """The newest that is sound, on the CPU; None where there is none at all.

        Args:
            passed_over: told of each that is not.

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
                passed_over(str(error))
        if paths:
            raise EthnoshardError(
                f"none of the {len(paths)} checkpoints in {self._folder} can be read; begin a new run, with "
                "another --out"
            )
        return None


def read_checkpoint(path: Path) -> dict[str, Any]:
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
        raise EthnoshardError(f"{path} is no checkpoint; it was not written by ethnoshard")
    check_format(path, content.get("format"), FORMAT, again="go on with that version, or begin a new run")
    return content
