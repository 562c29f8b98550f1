"""Memory that a training on a CPU keeps from step to step, instead of having it from the system anew."""

import contextlib
import ctypes
from collections.abc import Iterator

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Numbers of glibc's ``mallopt``."""
_USUAL = {_MMAP_MAX: 1 << 16, _TRIM_THRESHOLD: 1 << 26}
"""What glibc has by default, once it has seen large blocks."""
_KEEPING = {_MMAP_MAX: 0, _TRIM_THRESHOLD: -1}
"""No block of its own for anything, and no end of the heap ever given back."""


@contextlib.contextmanager
def memory_kept() -> Iterator[None]:
    """Have C's allocator keep what is freed while the block runs; at its end it goes back to the system.

    Usually a block of 32 MiB or more is fresh memory each time, and smaller ones may be. A step of a network frees and
    asks for many of them, and each 4 KiB of fresh memory is a page fault, with zeros to be written: as the heap happens
    to lie nothing, or an eighth of a step's processor time. Only glibc has this; elsewhere nothing happens.
    """
    library = ctypes.CDLL(None)
    if not (hasattr(library, "mallopt") and hasattr(library, "malloc_trim")):
        yield
        return
    for option, value in _KEEPING.items():
        library.mallopt(option, value)
    try:
        yield
    finally:
        for option, value in _USUAL.items():
            library.mallopt(option, value)
        library.malloc_trim(0)
