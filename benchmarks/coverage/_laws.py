"""Laws of scores: two Gaussians a group, with effects of people, of two people and of images; their true rates."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_NORMAL = NormalDist()


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Shares of a score's variance that pairs of images have in common; what is missing to 1 is each pair's own.

    Attributes:
        alike: of different pairs, due to each of the two people: some resemble many others.
        pair: of different pairs, due to these two people.
        image: of different pairs, due to each of the two images.
        hard: of same pairs, due to the person: some are harder to recognise.
        own_image: of same pairs, due to each of the two images.
        shared: correlation of two models' effects; what is each pair's own is not shared.
    """

    alike: float
    pair: float
    image: float
    hard: float
    own_image: float
    shared: float = 0.8


USUAL = Effects(alike=0.04, pair=0.30, image=0.12, hard=0.25, own_image=0.20)
LIKE_LFW = Effects(alike=0.01, pair=0.44, image=0.20, hard=0.18, own_image=0.34)
"""About the shares of the shipped MobileFaceNet's cosines on LFW, two images a person."""
STRONG = Effects(alike=0.12, pair=0.20, image=0.10, hard=0.50, own_image=0.15)


@dataclass(frozen=True, kw_only=True)
class Law:
    """Scores of a group: variance 1, accepted from 0 on.

    Attributes:
        fmr: expected share of different pairs accepted, of people drawn anew.
        fnmr: expected share of same pairs refused.
    """

    fmr: float
    fnmr: float

    @property
    def different(self) -> float:
        """Mean score of different pairs."""
        return _NORMAL.inv_cdf(self.fmr)

    @property
    def same(self) -> float:
        """Mean score of same pairs."""
        return -_NORMAL.inv_cdf(self.fnmr)

    @property
    def accuracy(self) -> float:
        """At the best threshold, with as many pairs of both kinds."""
        return _NORMAL.cdf((self.same - self.different) / 2)

    @property
    def auc(self) -> float:
        """Area under the ROC."""
        return _NORMAL.cdf((self.same - self.different) / 2**0.5)

    def val(self, far: float) -> float:
        """Share of same pairs accepted where a share ``far`` of different pairs is."""
        return _NORMAL.cdf(self.same - self.different + _NORMAL.inv_cdf(far))

    @classmethod
    def of_val(cls, far: float, val: float) -> "Law":
        """The law that has this VAL at this FAR, from 0 on."""
        return cls(fmr=far, fnmr=1 - val)


def effect(rng: np.random.Generator, share: float, shape: tuple[int, ...], models: int, shared: float) -> Floats:
    """(models, *shape) of an effect with variance ``share``, correlated between models."""
    if models == 1:
        only: Floats = rng.normal(size=(1, *shape)) * share**0.5
        return only
    common, own = rng.normal(size=shape), rng.normal(size=(models, *shape))
    drawn: Floats = share**0.5 * (shared**0.5 * common + (1 - shared) ** 0.5 * own)
    return drawn
