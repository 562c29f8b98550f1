"""A threshold, and what it was chosen on."""

from dataclasses import dataclass
from typing import Literal

Scale = Literal["distance", "similarity"]


@dataclass(frozen=True, kw_only=True)
class ChosenOn:
    """What a threshold was chosen on.

    Attributes:
        text: pairs, people or user that it comes from, in words.
        people: number of people that it was set on; None where not known, or where it was given.
        images: number of their images; None where not known, or where it was given.
        fmr_asked: FMR that it was to have on them; None where it was given.
    """

    text: str
    people: int | None = None
    images: int | None = None
    fmr_asked: float | None = None


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A threshold, and what it was chosen on.

    Attributes:
        value: by the scale.
        scale: "similarity", from which on a pair is accepted, or "distance", below which it is.
        chosen_on: where it comes from.
    """

    value: float
    scale: Scale = "similarity"
    chosen_on: ChosenOn
