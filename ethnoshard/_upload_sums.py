"""What a file's bytes come to, and whether a store's words about an object say that it has them."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ethnoshard._urls import PIECE

PART = 8 * 2**20
"""Bytes of a part of a file that goes up in parts: S3's are 5 MiB at least, Google's a multiple of 256 KiB."""


@dataclass(frozen=True, kw_only=True)
class Sums:
    """What a file's bytes come to.

    Attributes:
        bytes: how many.
        sha256: hex.
        md5: hex.
        md5_of_parts: hex MD5 of the MD5s of its parts of ``PART`` bytes, one behind the other.
    """

    bytes: int
    sha256: str
    md5: str
    md5_of_parts: str

    @classmethod
    def of(cls, path: Path) -> "Sums":
        """Those of a file."""
        summing = Summing()
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                summing.update(piece)
        return summing.sums()

    @property
    def etags(self) -> tuple[str, str]:
        """What S3 calls the object if it came at once, and if it came in parts; under a key of KMS something else."""
        return self.md5, f"{self.md5_of_parts}-{-(-self.bytes // PART)}"


class Summing:
    """Sums in the making, as a digest of hashlib is."""

    def __init__(self) -> None:
        """Of no bytes yet."""
        self._bytes = 0
        self._sha256, self._md5, self._part, self._parts = hashlib.sha256(), _md5(), _md5(), _md5()

    def update(self, content: bytes | memoryview) -> None:
        """More bytes."""
        self._sha256.update(content)
        self._md5.update(content)
        rest = memoryview(content)
        while rest:
            piece = rest[: PART - self._bytes % PART]
            self._part.update(piece)
            self._bytes += len(piece)
            rest = rest[len(piece) :]
            if self._bytes % PART == 0:
                self._parts.update(self._part.digest())
                self._part = _md5()

    def sums(self) -> Sums:
        """Those of all bytes so far."""
        parts = self._parts.copy()
        if self._bytes % PART:
            parts.update(self._part.digest())
        return Sums(
            bytes=self._bytes,
            sha256=self._sha256.hexdigest(),
            md5=self._md5.hexdigest(),
            md5_of_parts=parts.hexdigest(),
        )


def _md5() -> "hashlib._Hash":
    """Stores know no better digest of what they hold; it is for mistakes, not against forgers."""
    return hashlib.md5(usedforsecurity=False)


def agreement(sums: Sums, known: Mapping[str, object]) -> bool | None:
    """Whether a file has these bytes, by what a store says of it; None where it gives no digest that could tell.

    S3 gives an ETag, which is the MD5 of an object that came at once, and of one that came in parts the MD5 of theirs;
    but of one that is encrypted by KMS neither. Google gives the MD5. So a digest that agrees proves that the bytes
    are right, and one that doesn't proves nothing: then, and where there is none, the file has to be read back, which
    is right at every store.
    """
    if known.get("size") != sums.bytes:
        return False
    etag, md5 = str(known.get("ETag", "")).strip('"').lower(), str(known.get("md5Hash", ""))
    return True if etag in sums.etags or md5 == base64.b64encode(bytes.fromhex(sums.md5)).decode() else None
