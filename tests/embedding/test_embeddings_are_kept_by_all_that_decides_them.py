"""The cache: the same question is answered without computing, any other one is not."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from stand_in_models import means, model_of

from ethnoshard.embedding import Cache, Embeddings, embed_place, faces_of_work


class Counted:
    """A network that knows how many images it has seen."""

    def __init__(self) -> None:
        self.images = 0

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.images += len(images)
        return means(images)


def test_the_second_time_nothing_is_computed_and_any_change_computes_anew(noise_work: Path, tmp_path: Path) -> None:
    network, cache, faces = Counted(), Cache(tmp_path), faces_of_work(noise_work)
    first = embed_place(model_of(network), faces, cache=cache)
    assert network.images == 120
    told: list[int] = []
    again = embed_place(model_of(network), faces, cache=cache, advance=told.append)
    assert network.images == 120 and sum(told) == 120
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert again.keys.tolist() == first.keys.tolist() and again.facts == first.facts
    for changes in ({"digest": "1" * 64}, {"crop": 32}, {"normalise": "unit"}, {"side": 32}):
        before = network.images
        embed_place(model_of(network, **changes), faces, cache=cache)
        assert network.images == before + 120
    before = network.images
    embed_place(model_of(network), faces, flip=True, cache=cache)
    assert network.images == before + 240


def test_other_faces_are_another_question(noise_work: Path, noise: Path, tmp_path: Path, cli) -> None:  # type: ignore[no-untyped-def]
    network, cache = Counted(), Cache(tmp_path / "cache")
    embed_place(model_of(network), faces_of_work(noise_work), cache=cache)
    assert cli("align", noise / "faces", tmp_path / "work", "--aligned", "--size", 48).returncode == 0
    embed_place(model_of(network), faces_of_work(tmp_path / "work"), cache=cache)
    assert network.images == 240


def test_what_is_damaged_in_the_cache_is_computed_again(noise_work: Path, tmp_path: Path) -> None:
    network, cache, faces = Counted(), Cache(tmp_path), faces_of_work(noise_work)
    first = embed_place(model_of(network), faces, cache=cache)
    (kept,) = (tmp_path / "embeddings").iterdir()
    kept.write_bytes(kept.read_bytes()[:200])
    again = embed_place(model_of(network), faces, cache=cache)
    assert network.images == 240
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert len(Embeddings.load(kept)) == 120


def test_no_more_than_the_limit_is_kept_and_the_last_used_stays(noise_work: Path, tmp_path: Path) -> None:
    network, faces = Counted(), faces_of_work(noise_work)
    embed_place(model_of(network), faces, cache=Cache(tmp_path))
    (size,) = (file.stat().st_size for file in (tmp_path / "embeddings").iterdir())
    cache = Cache(tmp_path, limit=2 * size + size // 2)
    for digest in "123":
        embed_place(model_of(network, digest=digest * 64), faces, cache=cache)
        embed_place(model_of(network), faces, cache=cache)
    # The first model was used all along, so one of the others had to go each time.
    assert network.images == 4 * 120
    assert len(list((tmp_path / "embeddings").iterdir())) == 2


def test_the_usual_place_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ETHNOSHARD_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert Cache.usual().path == tmp_path / "own"
    monkeypatch.delenv("ETHNOSHARD_CACHE")
    assert Cache.usual().path == tmp_path / "xdg" / "ethnoshard"
