"""Whatever the number of images, people and dimensions: clusters and a map, or one message. No person is left out."""

from typing import Any

import numpy as np
import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import clustering, draw_people, picture
from ethnoshard.evaluation._clustering import kmeans, self_organising_map, tsne

METHODS = ("dbscan", "kmeans", "som")


@pytest.mark.parametrize("dimensions", [1, 2])
def test_embeddings_of_one_or_two_numbers(dimensions: int) -> None:
    people = np.repeat(np.arange(4).astype(str), 5)
    embeddings = np.random.default_rng(0).normal(size=(20, dimensions))
    found = clustering(embeddings, people, number=4, at_least=5, draws=1, methods=METHODS)
    assert found.methods["kmeans"][0].clusters == min(4, len(np.unique(np.sign(embeddings)))) or dimensions == 2
    for places in (2, 3):
        drawn = picture(embeddings, people, number=4, at_least=5, dimensions=places, methods=METHODS)
        assert drawn.coordinates.shape == (20, places) and np.isfinite(drawn.coordinates).all()


@pytest.mark.parametrize("noise", [0.0, 1e-9])
def test_images_that_are_all_alike_have_a_map_and_one_cluster(noise: float) -> None:
    unit = np.full((12, 4), 0.5) + noise * np.random.default_rng(0).normal(size=(12, 4))
    assert set(kmeans(unit, 3, 0).tolist()) == {0}
    assert np.isfinite(tsne(unit, 2, 0)).all()


def test_three_images_have_a_map_and_fewer_are_refused() -> None:
    unit = np.eye(3)
    assert tsne(unit, 2, 0).shape == (3, 2) and tsne(unit, 3, 0).shape == (3, 3)
    with pytest.raises(EthnoshardError, match="t-SNE needs three images at least; there are 2"):
        tsne(unit[:2], 2, 0)


def test_one_person_is_refused_with_advice_that_works() -> None:
    with pytest.raises(EthnoshardError, match="Two are needed at least: ask for fewer images of each, or give"):
        draw_people(["a"] * 20, 2, at_least=10)
    with pytest.raises(EthnoshardError, match="Ask for fewer people or images"):
        draw_people(["a", "b"], 3)


def test_of_more_images_than_iterations_the_map_sees_everybody() -> None:
    """2,000 images sorted by person, 40 of each: a node that was trained lies near each person's direction."""
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(50), 40)
    unit = np.eye(50)[owner] + 0.02 * rng.normal(size=(2000, 50))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    seen: list[np.ndarray] = []

    class Recording(np.ndarray):
        """Rows that note which of them are taken."""

        def __getitem__(self, key: Any) -> Any:
            seen.append(np.asarray(super().__getitem__(key)))
            return seen[-1]

    import minisom

    class Watched(minisom.MiniSom):  # type: ignore[misc]
        def train(self, data: Any, *arguments: Any, **options: Any) -> Any:
            return super().train(np.asarray(data).view(Recording), *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minisom, "MiniSom", Watched)
        nodes = self_organising_map(unit, 0)
    reached = {int(np.argmax(row)) for row in seen if row.shape == (50,)}
    assert reached == set(range(50))
    assert (self_organising_map(unit, 0) == nodes).all()
