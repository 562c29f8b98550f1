"""Where the records of a RecordIO set lie, and what the small files beside it say."""

import mmap
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._recordio_format import BrokenRecordError, pieces

Integers = npt.NDArray[np.int64]


def scan(buffer: mmap.mmap, path: Path) -> tuple[Integers, Integers]:
    """Walk the records from first to last; their keys are their positions.

    Returns:
        keys and byte offsets, both of shape (records,).

    Raises:
        EthnoshardError: the last record is cut, or one is damaged.
    """
    offsets: list[int] = []
    offset = 0
    while offset < len(buffer):
        offsets.append(offset)
        try:
            _, offset = pieces(buffer, offset)
        except BrokenRecordError as error:
            raise EthnoshardError(
                f"{path}: record {len(offsets) - 1}, at byte {offsets[-1]}, is cut short or damaged "
                f"({error}); the {len(offsets) - 1} records before it are whole. Fetch it again"
            ) from error
    return np.arange(len(offsets), dtype=np.int64), np.array(offsets, dtype=np.int64)


def read_index(path: Path) -> tuple[Integers, Integers]:
    r"""Read an ``.idx`` file, lines of ``key\toffset``.

    Returns:
        keys and byte offsets, both of shape (records,), in the file's order.

    Raises:
        EthnoshardError: it is not such a file, or has a key twice.
    """
    try:
        numbers = np.array([int(word) for word in path.read_bytes().split()], dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise EthnoshardError(f"{path} is not an index of lines 'key<tab>offset' ({error}); fetch it again") from error
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror}") from error
    if len(numbers) % 2 or (numbers < 0).any():
        raise EthnoshardError(
            f"{path} is not an index of lines 'key<tab>offset', or its last line is cut; fetch it again"
        )
    keys, offsets = numbers[::2], numbers[1::2]
    repeated = len(keys) - len(np.unique(keys))
    if repeated:
        raise EthnoshardError(f"{path} lists {repeated} of {len(keys)} keys more than once; fetch it again")
    return keys, offsets


def read_image_size(path: Path) -> int | None:
    """Read the side of the square images, in pixels, from a ``property`` file (``classes,112,112``).

    Returns:
        the side, or None where there is no such file.

    Raises:
        EthnoshardError: it is not such a file, or the images are not square.
    """
    try:
        line = path.read_bytes().decode("ascii", "replace").partition("\n")[0]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror}") from error
    try:
        _, height, width = (int(word) for word in line.split(","))
    except ValueError as error:
        raise EthnoshardError(
            f"{path} should begin with 'classes,height,width', not {line!r}; mend it or take it away"
        ) from error
    if height != width or height < 1:
        raise EthnoshardError(f"{path} says that images are {height} x {width} pixels; only square ones can be used")
    return height
