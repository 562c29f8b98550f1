"""How far clusters of embeddings agree with the people behind them."""

from dataclasses import dataclass, field

from ethnoshard._json import stored_as


@dataclass(frozen=True, kw_only=True)
class ClusterMetrics:
    """How far one clustering agrees with people.

    Images in no cluster count as clusters of one each: lumped together they would be a cluster of many people, which
    no method proposed.

    Attributes:
        clusters: found, those of left-over images not counted.
        left_over: images in no cluster.
        ari: adjusted Rand index (Hubert and Arabie 1985), 0 by chance, 1 where clusters are people.
        nmi: normalised mutual information, arithmetic mean.
        v_measure: Rosenberg and Hirschberg (2007), harmonic mean of homogeneity and completeness.
        pairwise_f: F1 over all pairs of images, in one cluster against of one person.
        silhouette: of the clusters, in the embedding space (Rousseeuw 1987), left-over images aside; None where there
            are fewer than two clusters, or each is of one image.
    """

    clusters: int
    left_over: int
    ari: float
    nmi: float
    v_measure: float
    pairwise_f: float
    silhouette: float | None


@dataclass(frozen=True, kw_only=True)
class SweepPoint:
    """DBSCAN at one radius.

    Attributes:
        eps: the radius.
        draws: metrics of each draw of people.
    """

    eps: float
    draws: tuple[ClusterMetrics, ...]


@dataclass(frozen=True, kw_only=True)
class Clustering:
    """Clusterings of several draws of people.

    Attributes:
        people: in a draw.
        images: of each draw.
        at_least: images that a person has to have.
        seed: of the draws.
        people_silhouette: of each draw, the people themselves in the embedding space, whatever the method.
        methods: "dbscan", "kmeans", "som" -> metrics of each draw; DBSCAN with eps 0.4.
        sweep: DBSCAN on each draw, over eps.
        drawn: digest of who was drawn, so that two models can be told to be on the same draws.
    """

    people: int
    images: tuple[int, ...]
    at_least: int
    seed: int
    people_silhouette: tuple[float | None, ...]
    methods: dict[str, tuple[ClusterMetrics, ...]]
    sweep: tuple[SweepPoint, ...]
    drawn: str

    @property
    def best_eps(self) -> float | None:
        """The eps of the sweep at which DBSCAN has the highest mean ARI, the least of several; None without a sweep.

        It was chosen by knowing the people, so its metrics flatter.
        """
        means = {point.eps: sum(draw.ari for draw in point.draws) / len(point.draws) for point in self.sweep}
        return max(sorted(means), key=lambda eps: means[eps]) if means else None


@dataclass(frozen=True, kw_only=True)
class PictureMetrics:
    """What stands beside the map of a few people.

    Attributes:
        people: on the map.
        images: of them.
        at_least: images that a person has to have.
        seed: of the draw, of t-SNE and of the methods.
        kmeans: metrics of k-means with as many clusters as people, on the same embeddings, not on the map.
        people_silhouette: of the people, in the embedding space.
        best_eps: of a second DBSCAN; None in reports from before it was run.
        methods: "dbscan", "dbscan_best", "kmeans", "som" -> metrics; empty in reports from before they were.
    """

    people: int
    images: int
    at_least: int
    seed: int
    kmeans: ClusterMetrics = field(metadata=stored_as("figures"))
    people_silhouette: float | None
    best_eps: float | None = None
    methods: dict[str, ClusterMetrics] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ClusteringChange:
    """A metric of two models, draw by draw.

    Attributes:
        base: mean of the draws; None where undefined in one of them.
        other: the other model's mean; None where undefined in one of the draws.
        differences: other - base of each draw; None where one is undefined.
        mean: of the differences; None where one is undefined.
        better: draws in which the other's metric is greater.
    """

    base: float | None
    other: float | None
    differences: tuple[float | None, ...]
    mean: float | None
    better: int
