"""Bad faces: replaced by others, counted, and too many of them end it."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ethnoshard.errors import EthnoshardError


@dataclass
class BadFaces:
    """The faces that could not be read or decoded.

    Attributes:
        limit: how many different ones are borne; a share of the dataset's faces if below 1.
        faces: how many faces the dataset has.
        reasons: what was wrong with each, by (identity, face).
        replaced_by: how many draws were replaced by a face of the same "identity", and by one of the same "group".
    """

    limit: float
    faces: int
    reasons: dict[tuple[int, int], str] = field(default_factory=dict)
    replaced_by: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Check the limit."""
        limit: Any = self.limit
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit >= 0:
            raise EthnoshardError(f"max_bad_faces is a number, or a share below 1; {self.limit!r} is not")

    def copy(self) -> "BadFaces":
        """One that counts on by itself, in another process or thread."""
        return BadFaces(self.limit, self.faces, dict(self.reasons), Counter(self.replaced_by))

    def __getstate__(self) -> dict[str, Any]:
        """All but the lock."""
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Count on in another process."""
        self.__dict__.update(state, _lock=threading.Lock())

    def add(self, identity: int, face: int, shard: str, reason: str) -> None:
        """Count a bad face.

        Raises:
            EthnoshardError: it is one too many.
        """
        with self._lock:
            self.reasons.setdefault((identity, face), reason)
            bad = len(self.reasons)
        allowed = self.limit if self.limit >= 1 or self.limit == 0 else self.limit * self.faces
        if bad > allowed:
            raise EthnoshardError(
                f"{shard}: face {face} of identity {identity} is bad: {reason}. With it {bad:,} faces are, more than "
                f"max_bad_faces={self.limit:g} allows; `ethnoshard verify --decode` names the first "
                "20 of each shard and counts the rest"
            )
