"""The report on clusters of a few people's embeddings."""

from collections.abc import Callable
from typing import get_args

import numpy as np

from ethnoshard.embedding import Embeddings
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import ClusterMethod, Picture, clustering, picture
from ethnoshard.reports._cluster_figures import cluster_figures
from ethnoshard.reports._evaluate import model_of, source_of
from ethnoshard.reports._folder import Report
from ethnoshard.reports._summary_clusters import cluster_summary
from ethnoshard.results import ClusterReport, Images, PictureMetrics, PicturePoints

CLUSTER_PEOPLE = 50
"""As many as the study clustered."""


def cluster_embeddings(
    embeddings: Embeddings,
    *,
    people: int = 10,
    cluster_people: int | None = None,
    at_least: int = 10,
    draws: int = 5,
    seed: int = 0,
    names: bool = False,
    said: Callable[[str], None] = lambda text: None,
) -> Report:
    """t-SNE of some people in two and three dimensions; DBSCAN, k-means and a self-organising map of these and others.

    Args:
        embeddings: with the people of their images.
        people: in the picture.
        cluster_people: in each draw that is clustered; None for 50, or all who have so many images if they are fewer.
        at_least: images that a person has to have.
        draws: of people to cluster.
        seed: of draws and methods: with the same, two models get the same people.
        names: show people's names in the picture, rather than numbers.
        said: told what is being done.

    Raises:
        EthnoshardError: too few people have so many images, people aren't known, or embeddings are broken.
    """
    if not (embeddings.identities != "").all():
        raise EthnoshardError("clusters are compared with people, but the people of these images are not known")
    _, counts = np.unique(embeddings.identities, return_counts=True)
    eligible = int(np.count_nonzero(counts >= at_least))
    if cluster_people is None:
        cluster_people = max(2, min(CLUSTER_PEOPLE, eligible))
    said(f"t-SNE of {people} people")
    deep = picture(embeddings.vectors, embeddings.identities, number=people, at_least=at_least, dimensions=3, seed=seed)
    said(f"clusters of {cluster_people} people, {draws} draws")
    found = clustering(
        embeddings.vectors, embeddings.identities, number=cluster_people, at_least=at_least, draws=draws, seed=seed
    )
    said(f"t-SNE and clusters of {people} people")
    flat = picture(
        embeddings.vectors,
        embeddings.identities,
        number=people,
        at_least=at_least,
        seed=seed,
        methods=get_args(ClusterMethod),
        best_eps=found.best_eps,
    )
    result = ClusterReport(
        model=model_of(embeddings),
        place=source_of(embeddings),
        flip=embeddings.facts.get("flip"),
        images=Images(statuses=embeddings.statuses(), people=len(counts), embedding=int(embeddings.vectors.shape[1])),
        eligible=eligible,
        picture=PictureMetrics(
            people=people,
            images=len(flat.rows),
            at_least=at_least,
            seed=seed,
            figures=flat.figures,
            people_silhouette=flat.people_silhouette,
            best_eps=found.best_eps,
            methods=flat.methods,
        ),
        clustering=found,
    )
    points = PicturePoints(
        keys=embeddings.keys[flat.rows],
        people=flat.people,
        coordinates={2: flat.places, 3: deep.places},
        clusters=flat.clusters,
    )
    return Report(
        kind="clustering",
        result=result,
        arrays={"picture": points.arrays()},
        summary=cluster_summary(result),
        figures=cluster_figures(result, points, _shown_people(flat, names=names)),
    )


def _shown_people(drawn: Picture, *, names: bool) -> list[str]:
    """(M,) what the picture calls each person: nobody is named unless asked for."""
    everybody = np.unique(drawn.people).tolist()
    called = {name: name if names else f"person {place}" for place, name in enumerate(everybody, start=1)}
    return [called[name] for name in drawn.people.tolist()]
