"""The report on clusters of a few people's embeddings."""

from collections.abc import Callable, Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from ethnoshard import charts
from ethnoshard.charts import (
    AGREEMENT,
    CLUSTER_METRICS,
    GROUP_COLOURS,
    KALINGAS_EPS,
    METHODS,
    NONE,
    agreement_of,
    number,
    page,
    plus_minus,
    sweep_of,
)
from ethnoshard.embedding import Embeddings
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import ClusterMethod, Picture, clustering, picture
from ethnoshard.reports._evaluate import model_of, source_of
from ethnoshard.reports._folder import Report
from ethnoshard.reports._markdown import table
from ethnoshard.reports._summary import setting_text
from ethnoshard.results import ClusterMetrics, ClusterReport, Images, PictureMetrics, PicturePoints

CLUSTER_PEOPLE = 50
"""As many as Kalinga (2020) clustered."""
_HEAD = ("", *CLUSTER_METRICS.values())


def cluster_embeddings(
    embeddings: Embeddings,
    *,
    people: int = 10,
    cluster_people: int | None = None,
    at_least: int = 10,
    draws: int = 5,
    seed: int = 0,
    names: bool = False,
    log: Callable[[str], None] = lambda text: None,
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
        log: takes a line on what is being done.

    Raises:
        EthnoshardError: too few people have so many images, people aren't known, or embeddings are broken.
    """
    if not (embeddings.identities != "").all():
        raise EthnoshardError("clusters are compared with people, but the people of these images are not known")
    _, counts = np.unique(embeddings.identities, return_counts=True)
    eligible = int(np.count_nonzero(counts >= at_least))
    if cluster_people is None:
        cluster_people = max(2, min(CLUSTER_PEOPLE, eligible))
    log(f"t-SNE of {people} people")
    deep = picture(embeddings.vectors, embeddings.identities, number=people, at_least=at_least, dimensions=3, seed=seed)
    log(f"clusters of {cluster_people} people, {draws} draws")
    found = clustering(
        embeddings.vectors, embeddings.identities, number=cluster_people, at_least=at_least, draws=draws, seed=seed
    )
    log(f"t-SNE and clusters of {people} people")
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
        source=source_of(embeddings),
        flip=embeddings.facts.get("flip"),
        images=Images(statuses=embeddings.statuses(), people=len(counts), embedding=int(embeddings.vectors.shape[1])),
        eligible=eligible,
        picture=PictureMetrics(
            people=people,
            images=len(flat.rows),
            at_least=at_least,
            seed=seed,
            kmeans=flat.kmeans,
            people_silhouette=flat.people_silhouette,
            best_eps=found.best_eps,
            methods=flat.methods,
        ),
        clustering=found,
    )
    points = PicturePoints(
        keys=embeddings.keys[flat.rows],
        people=flat.people,
        coordinates={2: flat.coordinates, 3: deep.coordinates},
        clusters=flat.clusters,
    )
    return Report(
        kind="clustering",
        result=result,
        arrays={"picture": points.arrays()},
        summary=cluster_summary(result),
        pages=cluster_pages(result, points, _shown_people(flat, names=names)),
    )


def _shown_people(drawn: Picture, *, names: bool) -> list[str]:
    """(M,) what the picture calls each person: nobody is named unless asked for."""
    everybody = np.unique(drawn.people).tolist()
    titles = {name: name if names else f"person {number}" for number, name in enumerate(everybody, start=1)}
    return [titles[name] for name in drawn.people.tolist()]


def cluster_summary(report: ClusterReport) -> str:
    """Markdown of a clustering."""
    shown, found = report.picture, report.clustering
    silhouettes = [value for value in found.people_silhouette if value is not None]
    lines = [
        f"# Clusters of {report.title}",
        "",
        setting_text(report),
        "",
        "## Picture (t-SNE)",
        "",
        f"{shown.people} people with at least {shown.at_least} images, {shown.images:,} images, seed "
        f"{shown.seed}. A picture illustrates and proves nothing; in the space of the embeddings themselves k-means "
        f"with as many clusters as people gets ARI {number(shown.kmeans.ari)}, NMI "
        f"{number(shown.kmeans.nmi)}; silhouette of the people {number(shown.people_silhouette)}.",
        "",
        *_of_picture(shown),
        "## Clusters",
        "",
        f"{len(found.images)} draws of {found.people} people with at least {found.at_least} images "
        f"({report.eligible:,} have so many), {min(found.images):,} to {max(found.images):,} images, seed "
        f"{found.seed}; mean ± std over draws. All metrics are in the space of the embeddings. Silhouette of the "
        "people "
        f"themselves: {number(float(np.mean(silhouettes)) if silhouettes else None)}.",
        "",
        *table(_HEAD, [[METHODS[name].full, *_cells(draws)] for name, draws in found.methods.items()]),
        "DBSCAN by eps (Euclidean distance of vectors of length 1), five images for a core:",
        "",
        *table(("eps", *_HEAD[1:]), [[f"{each.eps:g}", *_cells(each.draws)] for each in found.sweep]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _of_picture(shown: PictureMetrics) -> list[str]:
    """How each method clusters the images of the picture."""
    called = {
        **{name: method.full for name, method in METHODS.items()},
        "dbscan_best": f"DBSCAN, eps {shown.best_eps:g}, the best of the table below by ARI",
    }
    rows = [[called[name], *_cells([metrics])] for name, metrics in shown.methods.items()]
    return ["These same images, clustered:", "", *table(_HEAD, rows)]


def _cells(draws: Sequence[ClusterMetrics]) -> list[str]:
    return [_mean(name, [getattr(draw, name) for draw in draws]) for name in CLUSTER_METRICS]


def _mean(name: str, values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return NONE
    if name in ("clusters", "left_over"):
        return f"{np.mean(known):,.1f}" if len(known) > 1 else f"{known[0]:,}"
    return plus_minus(float(np.mean(known)), float(np.std(known)) if len(known) > 1 else None, 3)


def cluster_pages(report: ClusterReport, points: PicturePoints, people: list[str]) -> dict[str, str]:
    """Name -> page.

    Args:
        report: what was measured.
        points: of the map.
        people: (M,) what to call the person of each point.
    """
    named, found = report.title, report.clustering
    return {
        "tsne-2d": _tsne(report.picture, points.coordinates[2], people, named),
        "tsne-3d": _tsne(report.picture, points.coordinates[3], people, named),
        "methods": page(
            charts.agreement(agreement_of(found)),
            f"Clusters of {found.people} people against the people themselves: {named}",
            f"{len(found.images)} draws, a point each; all in the space of the embeddings",
            script="directory",
        ),
        "dbscan-eps": page(
            charts.eps_sweep(
                [
                    sweep_of(found, metric, name, colour)
                    for (metric, name), colour in zip(AGREEMENT.items(), GROUP_COLOURS, strict=False)
                ],
                "metric",
            ),
            f"DBSCAN of {found.people} people over eps: {named}",
            f"lines: mean of {len(found.images)} draws, bands: least to most; dashed: the eps of "
            f"{KALINGAS_EPS} that Kalinga (2020) tried",
            script="directory",
        ),
    }


def _tsne(about: PictureMetrics, xy: NDArray[np.float64], people: list[str], named: str) -> str:
    # By length first: person 2 comes before person 10.
    called = {name: name for name in sorted(set(people), key=lambda name: (len(name), name))}
    return page(
        charts.embedding_map(xy, charts.points_of_people(people, called)),
        f"t-SNE of {about.people} people in {xy.shape[1]} dimensions: {named}",
        f"{about.images:,} images, seed {about.seed}. Illustrates only. In the embedding space: ARI of k-means "
        f"{about.kmeans.ari:.3f}, NMI {about.kmeans.nmi:.3f}",
        script="directory",
    )
