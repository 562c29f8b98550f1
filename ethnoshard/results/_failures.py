"""Images without an embedding by group, and what it does to the FNMR to count them as errors."""

from dataclasses import dataclass

from ethnoshard._wilson import RateInterval


@dataclass(frozen=True, kw_only=True)
class GroupFailures:
    """How often one group's images got no embedding, or those of all.

    Attributes:
        images: of the group's people, with and without an embedding.
        missing: status, such as "no_face" -> images without one.
        rate: share of images without one, the failure-to-acquire rate of ISO/IEC 19795-1; None of no image.
        wilson: its interval, as if images were independent; one person's aren't, so it is too narrow.
        people: of the images; None where people aren't known.
        people_without: people none of whose images has an embedding; None where people aren't known.
        same: pairs of one person, those with a lost image too.
        lost: same pairs with a lost image.
        fnmr: share of the other same pairs refused, weighted as the report's; None of no pair.
        fnmr_with_failures: lost pairs count as refused, and among all; weighted as the report's; None of no pair.
    """

    images: int
    missing: dict[str, int]
    rate: float | None
    wilson: RateInterval
    people: int | None
    people_without: int | None
    same: int
    lost: int
    fnmr: float | None
    fnmr_with_failures: float | None


@dataclass(frozen=True, kw_only=True)
class AcquisitionFailures:
    """Images without an embedding, by one source of labels.

    Attributes:
        overall: of all groups' people.
        by_group: group -> its own.
    """

    overall: GroupFailures
    by_group: dict[str, GroupFailures]

    @property
    def any(self) -> bool:
        """Whether a single image is without an embedding."""
        return bool(self.overall.missing)
