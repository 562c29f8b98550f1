"""The cache: the same question is answered without computing, any other one is not."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import simplejpeg
from numpy.typing import NDArray
from stand_in_models import means, model_of

from ethnoshard._cache_folder import cache_folder
from ethnoshard.embedding import (
    Cache,
    Embeddings,
    Progress,
    _embed_source,
    embed_source,
    faces_of_dataset,
    faces_of_work,
)
from ethnoshard.shards._fetch import Mirror


class Counted:
    """A network that knows how many images it has seen."""

    def __init__(self) -> None:
        self.images = 0

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.images += len(images)
        return means(images)


def test_the_second_time_nothing_is_computed_and_any_change_computes_anew(noise_work: Path, tmp_path: Path) -> None:
    network, cache, faces = Counted(), Cache(tmp_path), faces_of_work(noise_work)
    first = embed_source(model_of(network), faces, cache=cache)
    assert network.images == 120
    told: list[int] = []
    again = embed_source(model_of(network), faces, cache=cache, progress=Progress(advance=told.append))
    assert network.images == 120 and sum(told) == 120
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert again.keys.tolist() == first.keys.tolist() and again.facts == first.facts
    for changes in ({"digest": "1" * 64}, {"crop": 32}, {"normalise": "unit"}, {"side": 32}):
        before = network.images
        embed_source(model_of(network, **changes), faces, cache=cache)
        assert network.images == before + 120
    before = network.images
    embed_source(model_of(network), faces, flip=True, cache=cache)
    assert network.images == before + 240


def test_other_faces_are_another_question(
    noise_work: Path, noise: Path, tmp_path: Path, cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:  # type: ignore[no-untyped-def]
    network, cache = Counted(), Cache(tmp_path / "cache")
    embed_source(model_of(network), faces_of_work(noise_work), cache=cache)
    assert cli("align", noise / "faces", tmp_path / "work", "--aligned", "--size", 48).returncode == 0
    embed_source(model_of(network), faces_of_work(tmp_path / "work"), cache=cache)
    assert network.images == 240


def test_what_is_damaged_in_the_cache_is_computed_again(noise_work: Path, tmp_path: Path) -> None:
    network, cache, faces = Counted(), Cache(tmp_path), faces_of_work(noise_work)
    first = embed_source(model_of(network), faces, cache=cache)
    (kept,) = (tmp_path / "embeddings").iterdir()
    kept.write_bytes(kept.read_bytes()[:200])
    again = embed_source(model_of(network), faces, cache=cache)
    assert network.images == 240
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert len(Embeddings.load(kept)) == 120


def test_no_more_than_the_limit_is_kept_and_the_last_used_stays(noise_work: Path, tmp_path: Path) -> None:
    network, faces = Counted(), faces_of_work(noise_work)
    embed_source(model_of(network), faces, cache=Cache(tmp_path))
    (size,) = (file.stat().st_size for file in (tmp_path / "embeddings").iterdir())
    cache = Cache(tmp_path, limit=2 * size + size // 2)
    for digest in "123":
        embed_source(model_of(network, digest=digest * 64), faces, cache=cache)
        embed_source(model_of(network), faces, cache=cache)
    # The first model was used all along, so one of the others had to go each time.
    assert network.images == 4 * 120
    assert len(list((tmp_path / "embeddings").iterdir())) == 2


def test_moments_of_use_differ_however_close_they_are(noise_work: Path, tmp_path: Path) -> None:
    """A file system's own clock moves on some hundred times a second."""
    cache, network = Cache(tmp_path), Counted()
    found = embed_source(model_of(network), faces_of_work(noise_work))
    for round_ in range(10):
        for key in "ab":
            cache.put(key, found)
        cache.get("a")
        a, b = ((tmp_path / "embeddings" / f"{key}.npz").stat().st_mtime_ns for key in "ab")
        assert a > b, round_


def test_the_models_and_the_places_name_are_no_part_of_the_question_but_of_the_answer(
    noise_work: Path, noise_dataset: Path, tmp_path: Path
) -> None:
    network, cache = Counted(), Cache(tmp_path / "cache")
    first = embed_source(model_of(network), faces_of_work(noise_work), cache=cache)
    moved = Path(shutil.copytree(noise_work, tmp_path / "elsewhere"))
    record = json.loads((moved / "align.json").read_text())
    record["source"] |= {"name": "moved.tar", "kind": "tar"}
    (moved / "align.json").write_text(json.dumps(record))
    again = embed_source(model_of(network, name="renamed", about={"epoch": "3"}), faces_of_work(moved), cache=cache)
    assert network.images == 120
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert (first.facts["place"]["name"], again.facts["place"]["name"]) == ("faces", "moved.tar")
    assert again.facts["model"]["name"] == "renamed" and again.facts["model"]["about"] == {"epoch": "3"}
    copied = Path(shutil.copytree(noise_dataset, tmp_path / "copied"))
    for place in (noise_dataset, copied):
        found = embed_source(model_of(network), faces_of_dataset(str(place)), cache=cache)
        assert found.facts["place"]["name"] == place.name
    assert network.images == 240


def test_the_versions_and_the_device_that_decide_are_part_of_the_question(
    noise_work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, cache, faces = Counted(), Cache(tmp_path), faces_of_work(noise_work)
    embed_source(model_of(network), faces, cache=cache)
    embed_source(model_of(network, device="cuda"), faces, cache=cache)
    assert network.images == 240
    real = _embed_source.version
    monkeypatch.setattr(_embed_source, "version", lambda name: "0.0" if name == "pillow" else real(name))
    embed_source(model_of(network), faces, cache=cache)
    assert network.images == 360


def test_faces_of_the_same_names_sizes_and_lengths_are_other_faces(
    tmp_path: Path, cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:  # type: ignore[no-untyped-def]
    """JPEGs are taken as they are, so that nothing in the parts' tables tells them apart but the digest."""
    network, cache, found = Counted(), Cache(tmp_path / "cache"), []
    jpegs = [simplejpeg.encode_jpeg(np.full((64, 64, 3), grey, np.uint8), quality=95) for grey in (90, 160)]
    length = max(map(len, jpegs))
    for name, jpeg in zip("ab", jpegs, strict=True):
        photograph = tmp_path / name / "faces" / "p" / "1.jpg"
        photograph.parent.mkdir(parents=True)
        photograph.write_bytes(jpeg + bytes(length - len(jpeg)))
        assert cli("align", tmp_path / name / "faces", tmp_path / name / "work", "--aligned").returncode == 0
        table = pl.read_parquet(tmp_path / name / "work" / "parts" / "00000.parquet")
        table.drop("sha256").write_parquet(tmp_path / name / "work" / "parts" / "00000.parquet")  # as in format 1
        found.append(embed_source(model_of(network, side=64), faces_of_work(tmp_path / name / "work"), cache=cache))
    assert network.images == 2
    assert found[0].facts["place"]["source_digest"] == found[1].facts["place"]["source_digest"]


def test_the_usual_place_follows_the_environment_for_all_rooms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def places() -> set[Path]:
        mirror = Mirror.of("s3://bucket/dataset", None, {})
        return {Cache.usual().path, mirror.folder.parent, cache_folder()}

    monkeypatch.setenv("ETHNOSHARD_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert places() == {tmp_path / "own"}
    monkeypatch.setenv("ETHNOSHARD_CACHE", "~/kept")
    assert places() == {tmp_path / "home" / "kept"}
    monkeypatch.delenv("ETHNOSHARD_CACHE")
    assert places() == {tmp_path / "xdg" / "ethnoshard"}
    for nothing in ("", "relative"):  # the XDG specification has relative paths ignored
        monkeypatch.setenv("XDG_CACHE_HOME", nothing)
        assert places() == {tmp_path / "home" / ".cache" / "ethnoshard"}
