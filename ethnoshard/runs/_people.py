"""Whose faces a run was trained on, without their names.

A run folder is copied and given away more easily than a dataset, and its names are those of people who were mostly not
asked. So it keeps a digest of each name: enough to count who of a test was in the training, with names at hand, but not
a list of who was. It hides nobody from somebody who tries a name; that is the one question it is there for.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._files import read_table, write_table
from ethnoshard.errors import EthnoshardError

_COLUMN = "person"
_ENDING = re.compile(r"\.(jpe?g|png|bmp|webp|tar|zip)$")
_BETWEEN = re.compile(r"[\s_.-]+")


def person_key(name: str) -> str:
    """What spellings of one name have in common.

    The last part of a path, without an image's or archive's ending, in small letters; ``_``, ``-``, ``.`` and spaces
    alike.

    >>> person_key("lfw/Aaron_Eckhart") == person_key("aaron eckhart") == "aaron eckhart"
    True
    """
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    text = _ENDING.sub("", unicodedata.normalize("NFKC", last).casefold())
    return " ".join(part for part in _BETWEEN.split(text) if part) or text


@dataclass(frozen=True, eq=False)
class TrainedOn:
    """The people of a training.

    Attributes:
        fingerprint: of the dataset; the salt, so that the same name has another digest in another dataset.
        digests: (P,) uint64, sorted.
    """

    fingerprint: str
    digests: NDArray[np.uint64]

    @classmethod
    def of_names(cls, names: Iterable[str], fingerprint: str) -> "TrainedOn":
        """Of the identities of a dataset."""
        return cls(fingerprint, np.unique(np.array([_digest(name, fingerprint) for name in names], np.uint64)))

    def __len__(self) -> int:
        """P."""
        return len(self.digests)

    def shared(self, names: Iterable[str]) -> list[str]:
        """Those of ``names`` that somebody of the training is called, whatever the spelling (``person_key``)."""
        asked = list(names)
        digests = np.array([_digest(name, self.fingerprint) for name in asked], np.uint64)
        return [name for name, there in zip(asked, np.isin(digests, self.digests).tolist(), strict=True) if there]

    def write(self, path: Path) -> None:
        """Write a Parquet file of the digests.

        Raises:
            EthnoshardError: the disk is full or can't be written.
        """
        write_table(path, pl.DataFrame({_COLUMN: self.digests}))

    @classmethod
    def read(cls, path: Path, fingerprint: str) -> "TrainedOn | None":
        """What ``write`` wrote; None if it isn't there: a run of before has none.

        Raises:
            EthnoshardError: it is damaged.
        """
        if not path.exists():
            return None
        try:
            digests = read_table(path)[_COLUMN].cast(pl.UInt64).to_numpy()
        except (OSError, pl.exceptions.PolarsError) as error:
            raise EthnoshardError(f"{path} can't be read ({error}); take it from a copy of the run") from error
        return cls(fingerprint, np.sort(digests))


def _digest(name: str, fingerprint: str) -> int:
    text = person_key(name).encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8, key=fingerprint.encode()[:64]).digest(), "big")
