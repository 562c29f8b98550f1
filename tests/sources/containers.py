"""What tests of sources put photographs into: types of the fixtures that do it."""

from collections.abc import Callable
from pathlib import Path

Photos = dict[str, bytes]
"""Path -> bytes."""
Pack = Callable[[Photos], Path]
PackAs = Callable[[str, Photos], Path]
"""The same, with the kind of container before."""
