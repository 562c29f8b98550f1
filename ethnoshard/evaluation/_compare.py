"""Two models on the same people: differences paired on the same draws."""

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Floats
from ethnoshard.evaluation._intervals import percentile_interval
from ethnoshard.evaluation._rates import DrawnRates
from ethnoshard.results import Change, DemographicsChange


def compare_demographics(base: DrawnRates, other: DrawnRates) -> DemographicsChange:
    """Differences of two models by group, each at its own threshold.

    Args:
        base: ``drawn`` of the one's ``Demographics``.
        other: of the other's, on the same people, with the same settings.

    Raises:
        EthnoshardError: people, groups, draws or settings differ, so that draws don't pair.
    """
    _check_pairs(base, other)
    names = ("fmr", "fnmr", "accuracy")
    ours, theirs = base.metrics(), other.metrics()
    figures_base, figures_other = base.figures(), other.figures()
    return DemographicsChange(
        overall={
            "fmr": _change(base.overall_fmr, other.overall_fmr),
            "fnmr": _change(base.overall_fnmr, other.overall_fnmr),
            "accuracy": _change(*(1 - (one.overall_fmr + one.overall_fnmr) / 2 for one in (base, other))),
        },
        by_group={
            group: {name: _change(ours[name][:, index], theirs[name][:, index]) for name in names}
            for index, group in enumerate(base.groups)
        },
        figures={name: _change(figures_base[name], figures_other[name]) for name in figures_base},
        compared=tuple(group for group, chosen in zip(base.groups, base.compared, strict=True) if chosen),
        draws=base.draws,
    )


def _check_pairs(base: DrawnRates, other: DrawnRates) -> None:
    if base.people != other.people:
        raise EthnoshardError(
            "the two models were tested on different people or groups, so their draws don't pair; evaluate both on the "
            "same images with the same groups"
        )
    for name in ("draws", "seed", "alpha", "weighting"):
        one, two = getattr(base, name), getattr(other, name)
        if one != two:
            raise EthnoshardError(
                f"the two models were tested with {name} {one} and {two}; evaluate both with the same"
            )
    if not np.array_equal(base.pairs_fmr, other.pairs_fmr) or not np.array_equal(base.pairs_fnmr, other.pairs_fnmr):
        raise EthnoshardError("the two models were tested on different pairs; evaluate both on the same")
    if not np.array_equal(base.compared, other.compared):
        raise EthnoshardError("the two models' figures are over different groups; evaluate both with the same minimums")


def _change(base: Floats, other: Floats) -> Change:
    """From (1 + D,) values of both."""
    defined = np.isfinite(base) & np.isfinite(other)
    differences = np.subtract(other, base, out=np.full_like(base, np.nan), where=defined)
    undefined = int(np.count_nonzero(~defined[1:]))
    return Change(
        base=float(base[0]) if np.isfinite(base[0]) else None,
        other=float(other[0]) if np.isfinite(other[0]) else None,
        difference=float(differences[0]) if defined[0] else None,
        people_interval=percentile_interval(differences[1:]) if len(base) > 1 and not undefined else None,
        undefined_draws=undefined,
    )
