"""Opening a dataset folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ethnoshard._files import read_json, read_table
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._format import FACES, FORMAT, IDENTITIES, IDENTITIES_SCHEMA, MANIFEST
from ethnoshard.shards._manifest import check_manifest


@dataclass(frozen=True, kw_only=True)
class FaceDataset:
    """A dataset of aligned faces in shards of one group each.

    Attributes:
        path: the dataset folder.
        manifest: the content of ``dataset.json``.
        identities: a row for each identity, see the format's ``IDENTITIES_SCHEMA``; the row is the identity's number.
    """

    path: Path
    manifest: dict[str, Any]
    identities: pl.DataFrame

    @classmethod
    def open(cls, path: str | Path) -> "FaceDataset":
        """Open a dataset folder; reads the manifest and the table of identities.

        Raises:
            EthnoshardError: it is no dataset folder, an unfinished one, of an unknown format, or its index is damaged.
        """
        folder = Path(path)
        manifest = _manifest(folder)
        try:
            identities = read_table(folder / IDENTITIES)
        except FileNotFoundError as error:
            raise EthnoshardError(f"{folder / IDENTITIES} is missing; pack the dataset again") from error
        except pl.exceptions.PolarsError as error:
            raise EthnoshardError(f"{folder / IDENTITIES} is damaged: {error}") from error
        if identities.schema != IDENTITIES_SCHEMA:
            raise EthnoshardError(f"{folder / IDENTITIES} has other columns than format {FORMAT} prescribes")
        return cls(path=folder, manifest=manifest, identities=identities)

    @property
    def groups(self) -> list[str]:
        """Names of the groups; a group's number is its place here."""
        return [group["name"] for group in self.manifest["groups"]]

    @property
    def image_size(self) -> int:
        """Side of the square faces, pixels."""
        return int(self.manifest["image_size"])

    @property
    def fingerprint(self) -> str:
        """Hex SHA-256 of all that decides the batches."""
        return str(self.manifest["fingerprint"])

    def shard_path(self, shard: int) -> Path:
        """File of shard number ``shard``."""
        return self.path / str(self.manifest["shards"][shard]["name"])

    def faces(self) -> pl.DataFrame:
        """Read the table of faces, see the format's ``FACES_SCHEMA``.

        Raises:
            EthnoshardError: it is missing or damaged.
        """
        try:
            return read_table(self.path / FACES)
        except FileNotFoundError as error:
            raise EthnoshardError(f"{self.path / FACES} is missing; pack the dataset again") from error
        except pl.exceptions.PolarsError as error:
            raise EthnoshardError(f"{self.path / FACES} is damaged: {error}") from error


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.exists():
        if not folder.exists():
            raise EthnoshardError(f"{folder} does not exist")
        if (folder / "align.json").exists():
            raise EthnoshardError(
                f"{folder} is a work folder, not a dataset: run `ethnoshard pack {folder} DATASET` first"
            )
        if (folder / ".packing").exists():
            raise EthnoshardError(f"{folder} is not finished: run the same `ethnoshard pack` again")
        raise EthnoshardError(f"{folder} is no dataset folder: it has no {MANIFEST}")
    manifest = read_json(path)
    if manifest.get("format") != FORMAT:
        raise EthnoshardError(
            f"{path} is of format {manifest.get('format')}; this version of ethnoshard reads {FORMAT}"
        )
    check_manifest(path, manifest)
    return manifest
