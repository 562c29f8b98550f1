"""What the writers of other forms are given."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Person:
    """An identity with all its faces.

    Attributes:
        number: its row in the dataset's table of identities, which is its label elsewhere.
        identity: its name.
        group: its group.
        confidence: of the group; None where unknown.
        source_images: names of the images that the faces are from.
        jpegs: the faces.
    """

    number: int
    identity: str
    group: str
    confidence: float | None
    source_images: list[str]
    jpegs: list[bytes]
