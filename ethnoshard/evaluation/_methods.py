"""The clusterings and the picture of the study, each from embeddings of length 1."""

import importlib

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Floats, Whole

SOM_SIDE, SOM_LEARNING_RATE, SOM_ITERATIONS = 20, 0.01, 1000
KMEANS_ITERATIONS = 500
DBSCAN_MIN_SAMPLES = 5
_DIGITS = 7
"""Those that a float32 has: points that differ in later ones are the same point."""


def dbscan(unit: Floats, eps: float) -> Whole:
    """(N,) clusters by DBSCAN (Ester et al. 1996), Euclidean distance, five images for a core; -1 for none."""
    from sklearn.cluster import DBSCAN

    return np.asarray(DBSCAN(eps=eps, min_samples=DBSCAN_MIN_SAMPLES).fit_predict(unit), np.int64)


def kmeans(unit: Floats, number: int, seed: int) -> Whole:
    """(N,) clusters by k-means, the best of ten starts, 500 iterations at most.

    Of fewer different points than clusters each is one: embeddings of one number have two directions.
    """
    from sklearn.cluster import KMeans

    different = len(np.unique(np.round(unit, _DIGITS), axis=0))
    model = KMeans(n_clusters=min(number, different), max_iter=KMEANS_ITERATIONS, n_init=10, random_state=seed)
    return np.asarray(model.fit_predict(unit), np.int64)


def self_organising_map(unit: Floats, seed: int) -> Whole:
    """(N,) node of a self-organising map (Kohonen 1982) of 20 x 20 nodes that is nearest to each image.

    Raises:
        EthnoshardError: minisom isn't installed.
    """
    try:
        minisom = importlib.import_module("minisom")
    except ModuleNotFoundError as error:
        raise EthnoshardError(
            "the self-organising map needs minisom: pip install minisom, or leave the map out"
        ) from error
    som = minisom.MiniSom(
        SOM_SIDE, SOM_SIDE, unit.shape[1], sigma=1.0, learning_rate=SOM_LEARNING_RATE, random_seed=seed
    )
    som.random_weights_init(unit)
    # minisom takes the first rows for its iterations, in whatever order: of more images than iterations, sorted by
    # person, those of the last people would never be seen.
    shuffled = unit[np.random.default_rng(seed).permutation(len(unit))]
    som.train(shuffled, SOM_ITERATIONS, random_order=True)
    nodes = [som.winner(row) for row in unit]
    return np.array([row * SOM_SIDE + column for row, column in nodes], np.int64)


def tsne(unit: Floats, dimensions: int, seed: int) -> Floats:
    """(N, dimensions) places by t-SNE (van der Maaten and Hinton 2008).

    Raises:
        EthnoshardError: dimensions are neither 2 nor 3, or there are fewer than three images.
    """
    if dimensions not in (2, 3):
        raise EthnoshardError(f"a picture has 2 or 3 dimensions; {dimensions} was asked for")
    if len(unit) < 3:
        raise EthnoshardError(f"t-SNE needs three images at least; there are {len(unit)}")
    from sklearn.manifold import TSNE

    # Perplexity is a number of neighbours: there must be more images than that.
    perplexity = min(30.0, (len(unit) - 1) / 3)
    # Embeddings of fewer numbers than the picture has dimensions, or all alike, have no such principal axes.
    axes = unit.shape[1] >= dimensions and bool(np.ptp(np.round(unit, _DIGITS), axis=0).any())
    model = TSNE(n_components=dimensions, perplexity=perplexity, init="pca" if axes else "random", random_state=seed)
    return np.asarray(model.fit_transform(unit), np.float64)
