"""Which of the people known by one image each is this?"""

from dataclasses import dataclass

from ethnoshard.results._estimates import Interval


@dataclass(frozen=True, kw_only=True)
class RankRate:
    """How often the right person was among the first few, over the galleries.

    Attributes:
        by_gallery: share of queries, in the order of the galleries.
        mean: of the galleries.
        std: of the galleries, population standard deviation.
        least: of the galleries.
        most: of the galleries.
        people_interval: at 95 %, of the mean, as the people are a sample of others; None in reports from before it was
            measured. Galleries are of the same people and images, so that their spread says nothing of that.
        by_person: share of each person's queries over all galleries, people in the order of their names; empty in
            reports from before.
    """

    by_gallery: tuple[float, ...]
    mean: float
    std: float
    least: float
    most: float
    people_interval: Interval | None = None
    by_person: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Identification:
    """Identification by one image a person.

    Attributes:
        people: with more than ``more_than`` images; each has one in the gallery.
        images: of these people, the gallery's too.
        queries: images that the SVC classifies, ``images - people``. Of means there is one a person.
        more_than: images that everybody has more of.
        galleries: how many were drawn.
        seed: of the galleries.
        svc: "rank_1", "rank_5" -> every other image classified by a linear SVC fitted on the gallery.
        mean: the same ranks -> everybody's mean of the other images matched to the gallery.
        queries_by_person: of the SVC in a gallery, people in the order of their names; empty in reports from before.
    """

    people: int
    images: int
    queries: int
    more_than: int
    galleries: int
    seed: int
    svc: dict[str, RankRate]
    mean: dict[str, RankRate]
    queries_by_person: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RankChange:
    """A rank's rate of two models, gallery by gallery.

    Attributes:
        base: mean of the galleries.
        other: the other model's.
        difference: mean of other - base.
        least: of the differences.
        most: of the differences.
        better: galleries in which the other's rate is greater; of the same people, so that it is no evidence.
        people_interval: of the difference on the same people; None for reports from before it was measured.
        p_value: of the difference being 0; None for reports from before.
    """

    base: float
    other: float
    difference: float
    least: float
    most: float
    better: int
    people_interval: Interval | None = None
    p_value: float | None = None


@dataclass(frozen=True, kw_only=True)
class IdentificationChange:
    """Identification of two models in the same galleries.

    Attributes:
        people: in each gallery.
        galleries: how many.
        ranks: "svc_rank_1", "mean_rank_5" and the like -> change.
    """

    people: int
    galleries: int
    ranks: dict[str, RankChange]
