"""Files of named arrays, ``.npz``, written whole and read without a pickle."""

import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ethnoshard._files import whole_file
from ethnoshard.errors import EthnoshardError

DAMAGED = (
    ValueError, TypeError, KeyError, EOFError, OSError, OverflowError, MemoryError, RuntimeError, SyntaxError,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What numpy and zipfile raise when they read a damaged file.

The head of an array is a text of Python that says how large it is; RuntimeError is zipfile's of what it can't unpack.
"""


def write_arrays(path: Path, arrays: Mapping[str, NDArray[np.generic]], *, shared: bool = False) -> None:
    """Write arrays of numbers, bools and text; the same arrays give the same bytes. ``shared`` as of ``whole_file``.

    Raises:
        EthnoshardError: the disk is full or can't be written.
        ValueError: an array holds objects, which only a pickle could keep.
    """
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise ValueError(f"{name} holds objects")
    with whole_file(path, shared=shared) as file:
        np.savez(file, allow_pickle=False, **{name: np.asarray(array) for name, array in arrays.items()})


def read_arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    """All arrays of a ``.npz`` file; no code in it is run.

    Raises:
        EthnoshardError: it is not there, is no such file, is damaged, or holds pickled objects.
    """
    try:
        # Opened here: numpy leaves a file open that turns out to be damaged.
        with path.open("rb") as file:
            content = np.load(file, allow_pickle=False)
            if not isinstance(content, np.lib.npyio.NpzFile):
                raise EthnoshardError(f"{path} holds a single array; a .npz file of named ones is wanted")
            return {name: content[name] for name in content.files}
    except FileNotFoundError as error:
        raise EthnoshardError(f"{path} is not there") from error
    except DAMAGED as error:
        if isinstance(error, OSError) and error.strerror:
            raise EthnoshardError(f"{path} can't be read: {error.strerror}") from error
        # Without numpy's words, which advise to allow pickles.
        raise EthnoshardError(
            f"{path} is no .npz file of plain arrays, or is damaged; files with pickled objects are not read"
        ) from error
