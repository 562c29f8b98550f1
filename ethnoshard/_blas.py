"""Matrix products by several threads at once, each of them by one core."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from ethnoshard._parallel import available_cores


@contextmanager
def threads() -> Iterator[ThreadPoolExecutor]:
    """As many threads as there are cores; while they are there, BLAS uses no further ones.

    OpenBLAS has threads of its own, which spin while they wait: of two threads that multiply at once, each half the
    time doing other things, they take up to three times the processor's time that the products need.
    """
    with one_thread_each(), ThreadPoolExecutor(available_cores()) as pool:
        yield pool


@contextmanager
def one_thread_each() -> Iterator[None]:
    """BLAS uses no threads of its own: for the products of threads that somebody else has started."""
    # Needed by scikit-learn, and so always there.
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
