"""Results of parts that several machines computed, a file each, until one call makes a whole of them."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ethnoshard._arrays import read_arrays, write_arrays
from ethnoshard._files import make_folder, remove_unfinished
from ethnoshard.errors import EthnoshardError

Arrays = Mapping[str, NDArray[np.generic]]

_MADE = "made"


@dataclass(frozen=True, kw_only=True)
class KeptParts:
    """A folder of ``00000.npz``, ``00001.npz`` ..., each of which says what it was made from.

    Attributes:
        folder: where they lie.
        made: all that decides what a part holds, as JSON has it, by names that a person understands.
    """

    folder: Path
    made: Mapping[str, object]

    def begin(self) -> None:
        """Make the folder, and tidy up after processes of this machine that are no more.

        Raises:
            EthnoshardError: it can't be made.
        """
        make_folder(self.folder)
        remove_unfinished(self.folder)

    def path(self, part: int) -> Path:
        """The file of a part."""
        return self.folder / f"{part:05d}.npz"

    def has(self, part: int) -> bool:
        """Whether a part is there.

        Raises:
            EthnoshardError: it is, but was made from something else.
        """
        if not self.path(part).exists():
            return False
        self.read(part)
        return True

    def write(self, part: int, arrays: Arrays) -> None:
        """Keep a part; whoever else makes it writes the same bytes.

        Raises:
            EthnoshardError: the disk is full or can't be written.
        """
        made = np.array(json.dumps(self.made, sort_keys=True))
        write_arrays(self.path(part), {**arrays, _MADE: made}, shared=True)

    def read(self, part: int) -> dict[str, NDArray[np.generic]]:
        """What a part holds.

        Raises:
            EthnoshardError: it is not there, damaged, or was made from something else; the message names what.
        """
        path = self.path(part)
        arrays = read_arrays(path)
        try:
            made = json.loads(str(arrays.pop(_MADE).tolist()))
        except (KeyError, json.JSONDecodeError) as error:
            raise EthnoshardError(f"{path} says nothing of what it was made from; delete it") from error
        wanted = json.loads(json.dumps(self.made))
        if made != wanted:
            differing = [name for name, value in wanted.items() if made.get(name) != value] or ["what it was made from"]
            name = differing[0]
            raise EthnoshardError(
                f"{path} was made otherwise: {', '.join(differing)} differ ({name} was {made.get(name)!r} and is "
                f"{wanted.get(name)!r} now). Use the same to go on, or delete {self.folder} to begin anew"
            )
        return arrays

    def clear(self) -> None:
        """Take all parts away, once the whole is written."""
        shutil.rmtree(self.folder, ignore_errors=True)
