import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from containers import Pack, PackAs, Photos


def pack_folder(photos: Photos, where: Path) -> Path:
    for name, data in photos.items():
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_bytes(data)
    return where


def pack_tar(photos: Photos, where: Path, mode: str = "w") -> Path:
    with tarfile.open(where, mode) as archive:
        for name, data in photos.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return where


def pack_zip(photos: Photos, where: Path) -> Path:
    with zipfile.ZipFile(where, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in photos.items():
            archive.writestr(name, data)
    return where


PACKERS: dict[str, Callable[[Photos, Path], Path]] = {
    "folder": pack_folder,
    "tar": pack_tar,
    "tar.gz": lambda photos, where: pack_tar(photos, where, "w:gz"),
    "zip": pack_zip,
}


@pytest.fixture
def pack_as(tmp_path: Path) -> PackAs:
    """Put photographs (path -> bytes) in a container of a kind, under a name that doesn't tell the kind."""
    made = 0

    def pack(kind: str, photos: Photos) -> Path:
        nonlocal made
        made += 1
        return PACKERS[kind](photos, tmp_path / f"photographs-{made}")

    return pack


@pytest.fixture(params=list(PACKERS))
def pack(request: pytest.FixtureRequest, pack_as: PackAs) -> Pack:
    """Every container in turn."""
    return lambda photos: pack_as(request.param, photos)


@pytest.fixture(params=["tar", "tar.gz", "zip"])
def pack_archive(request: pytest.FixtureRequest, pack_as: PackAs) -> Pack:
    """Every archive in turn."""
    return lambda photos: pack_as(request.param, photos)
