"""Opening a dataset, a folder or the URL of one: its manifest and its tables."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from ethnoshard._command import command
from ethnoshard._files import read_json, read_table
from ethnoshard._formats import check_format
from ethnoshard._urls import is_url, printable_url
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._face_index import FaceIndex
from ethnoshard.shards._fetch import Mirror, check_names
from ethnoshard.shards._format import FACES, FORMAT, IDENTITIES, IDENTITIES_SCHEMA, MANIFEST
from ethnoshard.shards._manifest import Manifest, manifest_of


@dataclass(frozen=True, kw_only=True)
class FaceDataset:
    """A dataset of aligned faces in shards of one group each.

    Attributes:
        path: the dataset folder; of a remote dataset the local mirror, which has the shards only as far as
            ``RemoteShards`` fetched them.
        manifest: the content of ``dataset.json``.
        identities: a row for each identity, see the format's ``IDENTITIES_SCHEMA``; the row is the identity's number.
        url: where a remote dataset is; None if it is a local folder.
        storage_options: what fsspec is told of the remote place, such as an endpoint. Not shown: it may hold secrets.
    """

    path: Path
    manifest: Manifest
    identities: pl.DataFrame
    url: str | None = None
    storage_options: Mapping[str, object] = field(default_factory=dict, repr=False)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        cache: str | Path | None = None,
        storage_options: Mapping[str, object] | None = None,
    ) -> "FaceDataset":
        """Open a dataset folder; reads the manifest and the table of identities.

        Args:
            path: the folder, or as a string the URL of one for fsspec: ``s3://``, ``gs://``, ``https://`` and others.
                The manifest of a URL is always fetched anew; the tables where they differ from what it says.
            cache: folder that holds the mirrors of remote datasets; if not given, that of the environment variable
                ``ETHNOSHARD_CACHE``, else ``ethnoshard`` in ``XDG_CACHE_HOME`` or ``~/.cache``.
            storage_options: for fsspec's file system of the URL.

        Raises:
            EthnoshardError: it is not a dataset folder, an unfinished one, of an unknown format, its index is
                damaged, or it can't be fetched.
        """
        if not isinstance(path, str) or not is_url(path):
            folder = Path(path)
            manifest = _manifest(folder)
            return cls(path=folder, manifest=manifest, identities=_identities(folder))
        url, options = path.rstrip("/"), dict(storage_options or {})
        mirror = Mirror.of(url, cache, options)
        with mirror.locked():
            mirror.fetch_manifest()
            try:
                manifest = _manifest(mirror.folder)
            except EthnoshardError as error:
                raise EthnoshardError(f"{printable_url(url)} is not a dataset that can be read: {error}") from error
            check_names(printable_url(url), [shard.name for shard in manifest.shards])
            mirror.fetch_table(IDENTITIES, manifest.index[IDENTITIES])
            identities = _identities(mirror.folder)
        return cls(path=mirror.folder, manifest=manifest, identities=identities, url=url, storage_options=options)

    @property
    def groups(self) -> list[str]:
        """Names of the groups; a group's number is its place here."""
        return [group.name for group in self.manifest.groups]

    @property
    def image_size(self) -> int:
        """Side of the square faces, pixels."""
        return self.manifest.image_size

    @property
    def fingerprint(self) -> str:
        """Hex SHA-256 of all that decides the batches."""
        return self.manifest.fingerprint

    def shard_path(self, shard: int) -> Path:
        """File of shard number ``shard``; of a remote dataset where ``RemoteShards`` puts it."""
        return self.path / self.manifest.shards[shard].name

    def faces(self) -> pl.DataFrame:
        """Read the table of faces, see the format's ``FACES_SCHEMA``; fetches it if the dataset is remote.

        Raises:
            EthnoshardError: it is missing or damaged, or can't be fetched.
        """
        with self._faces_there():
            return _table(self.path / FACES)

    def face_index(self) -> FaceIndex:
        """The table of faces, to be read in pieces; fetches it if the dataset is remote.

        Raises:
            EthnoshardError: it can't be fetched.
        """
        with self._faces_there():
            return FaceIndex(self.path / FACES)

    @contextlib.contextmanager
    def _faces_there(self) -> Iterator[None]:
        """Within it the table of faces is there, if it was packed, and nobody replaces it."""
        if self.url is None:
            yield
            return
        mirror = Mirror(url=self.url, folder=self.path, storage_options=self.storage_options)
        with mirror.locked():
            mirror.fetch_table(FACES, self.manifest.index[FACES])
            yield


def _identities(folder: Path) -> pl.DataFrame:
    identities = _table(folder / IDENTITIES)
    if identities.schema != IDENTITIES_SCHEMA:
        raise EthnoshardError(f"{folder / IDENTITIES} has other columns than format {FORMAT} prescribes")
    return identities


def _table(path: Path) -> pl.DataFrame:
    try:
        return read_table(path)
    except FileNotFoundError as error:
        raise EthnoshardError(f"{path} is missing; pack the dataset again") from error
    except pl.exceptions.PolarsError as error:
        raise EthnoshardError(f"{path} is damaged: {error}") from error


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    if not path.exists():
        if not folder.exists():
            raise EthnoshardError(f"{folder} does not exist")
        if (folder / "align.json").exists():
            raise EthnoshardError(
                f"{folder} is a work folder, not a dataset: run `{command('pack', folder, 'DATASET')}` first"
            )
        if (folder / ".packing").exists():
            raise EthnoshardError(f"{folder} is not finished: run the same `ethnoshard pack` again")
        raise EthnoshardError(f"{folder} is not a dataset folder: it has no {MANIFEST}")
    content = read_json(path)
    check_format(path, content.get("format"), FORMAT, again="pack the work folder again")
    return manifest_of(content, path)
