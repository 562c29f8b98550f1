"""Whatever the kind of URL: the same tables, the same bytes, fetched no more often than needed, or one clear error."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.registry import _registry
from moto.server import ThreadedMotoServer

from ethnoshard import EthnoshardError, FaceDataset
from ethnoshard._files import sha256_of
from ethnoshard._urls import Patience, is_url
from ethnoshard.shards._fetch import Mirror
from ethnoshard.shards._read import LocalShards
from ethnoshard.shards._remote import RemoteShards
from tests.kit.faulty_http import FaultyServer, from_folder, from_server, serving
from tests.kit.waiting import PATIENCE

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def dataset(noise_dataset: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(noise_dataset, tmp_path / "served" / "ds"))


@pytest.fixture
def web(dataset: Path) -> Iterator[FaultyServer]:
    with serving(from_folder(dataset.parent)) as server:
        yield server


@pytest.fixture(scope="module")
def bucket(noise_dataset: Path) -> Iterator[tuple[FaultyServer, dict[str, Any]]]:
    """A bucket of S3 named ``faces`` with the dataset in ``ds``, behind a proxy that counts."""
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    options: dict[str, Any] = {
        "key": "a",
        "secret": "b",
        "config_kwargs": {"retries": {"max_attempts": 0}},
        "skip_instance_cache": True,
    }
    direct = fsspec.filesystem("s3", endpoint_url=f"http://{host}:{port}", **options)
    direct.mkdir("faces")
    for path in noise_dataset.rglob("*"):
        if path.is_file():
            direct.pipe(f"faces/ds/{path.relative_to(noise_dataset)}", path.read_bytes())
    with serving(from_server(host, port)) as server:
        yield server, {**options, "endpoint_url": server.url}
    moto.stop()


@pytest.fixture
def one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    of = Mirror.of

    def hasty(*arguments: Any) -> Mirror:
        mirror = of(*arguments)
        patience = Patience(attempts=2, stall_seconds=PATIENCE, first_wait=0)
        return Mirror(url=mirror.url, folder=mirror.folder, storage_options=mirror.storage_options, patience=patience)

    monkeypatch.setattr(Mirror, "of", hasty)


def same(remote: FaceDataset, folder: Path) -> None:
    """Everything that a reader asks for is what is in the folder."""
    local = FaceDataset.open(folder)
    assert remote.manifest == local.manifest
    assert remote.identities.equals(local.identities)
    assert remote.faces().equals(local.faces())
    fetched, there = RemoteShards(remote), LocalShards(local)
    for shard, offset, length in local.identities.select("shard", "offset", "length").iter_rows():
        assert fetched.read(shard, offset, length) == there.read(shard, offset, length)
    assert fetched.counts == there.counts
    fetched.close()
    there.close()


def test_s3(bucket: tuple[FaultyServer, dict[str, Any]], noise_dataset: Path, tmp_path: Path) -> None:
    server, options = bucket
    server.plan("", "", 0)
    dataset = FaceDataset.open("s3://faces/ds/", cache=tmp_path, storage_options=options)
    assert dataset.url == "s3://faces/ds" and dataset.path.parent == tmp_path
    assert "secret" not in repr(dataset)
    same(dataset, noise_dataset)
    shards = [dataset.shard_path(shard).name for shard in range(len(dataset.manifest.shards))]
    assert len(shards) > 3 and {server.gets[name] for name in shards} == {1}


def test_http(web: FaultyServer, dataset: Path, tmp_path: Path) -> None:
    same(FaceDataset.open(f"{web.url}/ds", cache=tmp_path / "cache"), dataset)


@pytest.mark.parametrize("protocol", ["memory", "file"])
def test_other_file_systems(protocol: str, dataset: Path, tmp_path: Path) -> None:
    url = dataset.as_uri()
    if protocol == "memory":
        url = "memory://some/where"
        fsspec.filesystem("memory").put(str(dataset), "/some/where", recursive=True)
    same(FaceDataset.open(url, cache=tmp_path / "cache"), dataset)


def test_a_folder_is_opened_as_before(dataset: Path) -> None:
    for path in (dataset, str(dataset)):
        opened = FaceDataset.open(path)
        assert opened.path == dataset and opened.url is None
    with pytest.raises(EthnoshardError, match="is a local folder"):
        RemoteShards(opened)


@pytest.mark.parametrize("path", ["a/b", "/a", "C://a", "a:b", "a//b", Path("s3://a/b"), "", "://a"])
def test_what_is_no_url(path: str | Path) -> None:
    assert not is_url(path)


def test_the_cache_is_where_it_is_said_to_be(
    web: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ETHNOSHARD_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    url = f"{web.url}/ds"
    at_home = FaceDataset.open(url).path
    assert at_home.parent == tmp_path / "home" / ".cache" / "ethnoshard"
    monkeypatch.setenv("ETHNOSHARD_CACHE", str(tmp_path / "named"))
    assert FaceDataset.open(url).path == tmp_path / "named" / at_home.name
    assert FaceDataset.open(url, cache=tmp_path / "given").path == tmp_path / "given" / at_home.name
    shutil.copytree(tmp_path / "served" / "ds", tmp_path / "served" / "other")
    assert FaceDataset.open(f"{web.url}/other").path.name != at_home.name


def test_only_what_changed_is_fetched_again(web: FaultyServer, dataset: Path, tmp_path: Path) -> None:
    def fetched() -> dict[str, int]:
        counted = dict(web.gets)
        web.gets.clear()
        return counted

    def opened() -> FaceDataset:
        return FaceDataset.open(f"{web.url}/ds", cache=tmp_path / "cache")

    first = opened()
    assert fetched() == {"dataset.json": 1, "identities.parquet": 1}
    first.faces()
    assert fetched() == {"faces.parquet": 1}
    opened().faces()
    assert fetched() == {"dataset.json": 1}
    # Packed again, with another person's name.
    table = first.identities.with_columns(identity=first.identities["identity"] + "x")
    table.write_parquet(dataset / "identities.parquet")
    manifest = json.loads((dataset / "dataset.json").read_bytes())
    manifest["index"]["identities.parquet"] = sha256_of(dataset / "identities.parquet")
    manifest["fingerprint"] = "0" * 64
    (dataset / "dataset.json").write_text(json.dumps(manifest))
    second = opened()
    assert second.fingerprint == "0" * 64 and second.identities.equals(table)
    second.faces()
    assert fetched() == {"dataset.json": 1, "identities.parquet": 1}
    # Damaged in the mirror.
    (second.path / "identities.parquet").write_bytes(b"nothing")
    assert opened().identities.equals(table)
    assert fetched() == {"dataset.json": 1, "identities.parquet": 1}


def test_what_is_not_there_is_said_at_once(
    bucket: tuple[FaultyServer, dict[str, Any]], web: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, options = bucket
    monkeypatch.setattr(Patience, "wait", lambda *_: pytest.fail("it waited for another attempt"))
    for url in ("s3://faces/other", "s3://no-such-bucket/ds", f"{web.url}/other", "memory://nowhere"):
        given = options if url.startswith("s3") else None
        with pytest.raises(EthnoshardError, match=rf"^{url}/dataset\.json is not there .*check the URL"):
            FaceDataset.open(url, cache=tmp_path / "cache", storage_options=given)
    assert web.gets["dataset.json"] <= 1


def test_what_may_not_be_read_is_said_at_once(
    bucket: tuple[FaultyServer, dict[str, Any]], web: FaultyServer, tmp_path: Path
) -> None:
    for server, url, options in ((bucket[0], "s3://faces/ds", bucket[1]), (web, f"{web.url}/ds", {})):
        server.plan("403", "dataset.json", 99)
        with pytest.raises(EthnoshardError, match=rf"^{url}/dataset\.json may not be read .*storage_options"):
            FaceDataset.open(url, cache=tmp_path / "cache", storage_options=options)
        assert server.faults == 1
        server.plan("", "", 0)


@pytest.mark.usefixtures("one_attempt")
def test_a_table_that_is_not_the_manifests_is_refused(web: FaultyServer, dataset: Path, tmp_path: Path) -> None:
    (dataset / "identities.parquet").write_bytes(b"nothing")
    with pytest.raises(EthnoshardError, match=r"identities\.parquet could not be fetched in 2 attempts.*checksum"):
        FaceDataset.open(f"{web.url}/ds", cache=tmp_path / "cache")
    assert web.gets["identities.parquet"] == 2
    assert not list((tmp_path / "cache").rglob("*.parquet*"))


@pytest.mark.usefixtures("one_attempt")
def test_a_server_that_is_not_there_is_one_message(web: FaultyServer, tmp_path: Path) -> None:
    web.stop()
    with pytest.raises(EthnoshardError, match=r"ds/dataset\.json could not be fetched in 2 attempts.*run the same"):
        FaceDataset.open(f"{web.url}/ds", cache=tmp_path / "cache")


def test_a_page_that_is_no_manifest_names_the_url(web: FaultyServer, dataset: Path, tmp_path: Path) -> None:
    (dataset / "dataset.json").write_text("<html>log in first</html>")
    with pytest.raises(EthnoshardError, match=rf"^{web.url}/ds is not a dataset that can be read: .*not JSON"):
        FaceDataset.open(f"{web.url}/ds", cache=tmp_path / "cache")


@pytest.mark.parametrize(
    ("module", "url", "remedy"),
    [
        ("s3fs", "s3://faces/ds", r"pip install 'ethnoshard\[s3\]'"),
        ("gcsfs", "gs://faces/ds", r"pip install 'ethnoshard\[gs\]'"),
        ("aiohttp", "https://faces.test/ds", r"pip install 'ethnoshard\[http\]'"),
    ],
)
def test_a_missing_package_is_named(
    module: str, url: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    for protocol in ("s3", "gs", "https"):
        monkeypatch.delitem(_registry, protocol, raising=False)
    with pytest.raises(EthnoshardError, match=remedy):
        FaceDataset.open(url, cache=tmp_path)


@pytest.mark.parametrize(
    ("url", "options"),
    [("nonsense://a/b", {}), ("https://faces.test/ds", {"client_kwargs": {"nonsense": 1}})],
)
def test_a_url_or_options_that_nobody_knows_are_refused(url: str, options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(EthnoshardError, match=rf"{url}.*nonsense.*check the URL .*storage_options"):
        FaceDataset.open(url, cache=tmp_path, storage_options=options)


@pytest.mark.parametrize(
    "name",
    ["../a.tar", "/etc/a.tar", "shards/../../a.tar", "shards/", "a.tar", "shards/a.lock", "shards/.a", "shards//a"],
)
def test_a_manifest_that_leads_out_of_the_cache_is_refused(
    name: str, web: FaultyServer, dataset: Path, tmp_path: Path
) -> None:
    manifest = json.loads((dataset / "dataset.json").read_bytes())
    manifest["shards"][1]["name"] = name
    (dataset / "dataset.json").write_text(json.dumps(manifest))
    with pytest.raises(EthnoshardError, match="names a shard"):
        FaceDataset.open(f"{web.url}/ds", cache=tmp_path / "cache")


def test_a_password_in_the_url_is_not_shown(web: FaultyServer, tmp_path: Path) -> None:
    with pytest.raises(EthnoshardError) as caught:
        FaceDataset.open(web.url.replace("//", "//me:hush@") + "/other", cache=tmp_path / "cache")
    assert "hush" not in str(caught.value) and "/other/dataset.json is not there" in str(caught.value)


def test_a_cache_that_cannot_be_written_is_one_message(web: FaultyServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EthnoshardError, match="could not be written"):
        FaceDataset.open(f"{web.url}/ds", cache=tmp_path / "file")


def cached(cli: Cli, tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return cli(*arguments, environment={"ETHNOSHARD_CACHE": str(tmp_path / "cache")})


def test_verify_and_preview_take_a_url(web: FaultyServer, dataset: Path, tmp_path: Path, cli: Cli) -> None:
    run = cached(cli, tmp_path, "verify", f"{web.url}/ds", "--decode", "--workers", 1)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == cli("verify", dataset, "--decode", "--workers", 1).stdout and "no fault" in run.stdout
    for place, picture in ((f"{web.url}/ds", "far.png"), (dataset, "near.png")):
        assert cached(cli, tmp_path, "preview", place, tmp_path / picture).returncode == 0
    assert (tmp_path / "far.png").read_bytes() == (tmp_path / "near.png").read_bytes()


def test_verify_names_a_shard_that_is_gone_or_other_than_packed(
    web: FaultyServer, dataset: Path, tmp_path: Path, cli: Cli
) -> None:
    first, second, *_ = sorted((dataset / "shards").iterdir())
    first.unlink()
    with second.open("r+b") as file:
        file.truncate(second.stat().st_size - 512)
    run = cached(cli, tmp_path, "verify", f"{web.url}/ds", "--workers", 1)
    assert run.returncode == 1
    faults = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
    assert len(faults) == 2 and "2 faults" in run.stdout
    assert faults[0].startswith(f"error: shards/{first.name}: ") and "is not there" in faults[0]
    assert faults[1].startswith(f"error: shards/{second.name}: ")
