"""A loader on a URL gives the very batches of the folder, fetches each shard once, and survives what networks do."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from moto.server import ThreadedMotoServer

from ethnoshard import EthnoshardError, FaceDataset, StratifiedLoader
from tests.kit.faulty_http import FaultyServer, from_folder, from_server, serving

OPTIONS: dict[str, Any] = {"people_per_batch": 6, "images_per_person": 4, "window_mib": 1}

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


def batches(loader: StratifiedLoader) -> list[tuple[list[int], bytes]]:
    return [(batch.faces.tolist(), batch.images.contiguous().numpy().tobytes()) for batch in loader]


@pytest.fixture(scope="module")
def bucket(made: FaceDataset) -> Iterator[tuple[FaultyServer, dict[str, Any]]]:
    """A real S3-compatible server with the dataset, behind a proxy that fails on purpose."""
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    options: dict[str, Any] = {
        "key": "a", "secret": "b", "config_kwargs": {"retries": {"max_attempts": 0}}, "skip_instance_cache": True,
    }  # fmt: skip
    direct = fsspec.filesystem("s3", endpoint_url=f"http://{host}:{port}", **options)
    direct.mkdir("streamed")
    for path in made.path.rglob("*"):
        if path.is_file():
            direct.pipe(f"streamed/ds/{path.relative_to(made.path)}", path.read_bytes())
    with serving(from_server(host, port)) as server:
        yield server, {**options, "endpoint_url": server.url}
    moto.stop()


@pytest.mark.parametrize("fault", ["", "503", "flip", "truncate"])
@pytest.mark.parametrize("workers", [0, 2])
def test_the_stream_from_s3_is_that_of_the_folder_whatever_fails_at_first(
    made: FaceDataset, bucket: tuple[FaultyServer, dict[str, Any]], tmp_path: Path, fault: str, workers: int
) -> None:
    server, options = bucket
    server.plan("", "", 0)
    remote = FaceDataset.open("s3://streamed/ds", cache=tmp_path, storage_options=options)
    if fault:
        server.plan(fault, ".tar", 2)
    loader = StratifiedLoader(remote, num_workers=workers, **OPTIONS)
    assert batches(loader) == batches(StratifiedLoader(made, **OPTIONS))
    assert server.faults == (2 if fault else 0)
    fetched = server.gets.copy()
    batches(loader)
    assert server.gets == fetched


def test_a_shard_that_cannot_be_had_is_one_error_with_its_url(made: FaceDataset, tmp_path: Path) -> None:
    with serving(from_folder(made.path)) as server:
        remote = FaceDataset.open(server.url, cache=tmp_path)
        server.plan("404", "a-000001.tar", 10_000)
        with pytest.raises(EthnoshardError, match=r"http://127\.0\.0\.1:\d+/shards/a-000001\.tar is not there"):
            batches(StratifiedLoader(remote, **OPTIONS))


def test_the_cache_stays_within_its_limit_while_streaming(own: Any, tmp_path: Path) -> None:
    dataset = own([[40] * 30, [20] * 40], 600_000)
    size = sum(shard.bytes for shard in dataset.manifest.shards)
    assert size > 4 * 2**20
    with serving(from_folder(dataset.path)) as server:
        remote = FaceDataset.open(server.url, cache=tmp_path / "cache")
        loader = StratifiedLoader(remote, cache_mib=2, shards_in_window=1, **OPTIONS)
        for _ in loader:
            assert _bytes_in(tmp_path / "cache") <= 2 * 2**20


def _bytes_in(folder: Path) -> int:
    """Of its shards; one that goes while it is looked at counts as gone."""
    kept = 0
    for path in folder.rglob("*.tar"):
        with contextlib.suppress(FileNotFoundError):
            kept += path.stat().st_size
    return kept


def test_the_command_line_takes_a_url(made: FaceDataset, tmp_path: Path, cli: Any) -> None:
    with serving(from_folder(made.path)) as server:
        asked = (server.url, "--people", 6, "--images", 4, "--json")
        for verb in ("plan", "stream"):
            run = cli(verb, *asked, environment={"ETHNOSHARD_CACHE": str(tmp_path)})
            assert run.returncode == 0, run.stderr
        run = cli(
            "stream",
            server.url + "/nothing",
            "--people",
            6,
            "--images",
            4,
            environment={"ETHNOSHARD_CACHE": str(tmp_path)},
        )
        assert run.returncode == 1 and "Traceback" not in run.stderr and "/nothing" in run.stderr
