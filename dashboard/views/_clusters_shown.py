"""A clustering report, read as far as the page needs it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ethnoshard.charts import METHODS
from ethnoshard.errors import EthnoshardError
from ethnoshard.results import ClusterReport

from .._shelf import Shelf


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """One report.

    Attributes:
        name: as the shelf has it.
        called: the model.
        run: the run that it belongs to, if any.
        report: what was measured.
        keys: (M,) of the picture's images.
        people: (M,) whose they are.
        places: number of dimensions -> (M, that) places.
        clusters: of ``METHODS`` what the report has -> (M,).
    """

    name: str
    called: str
    run: str | None
    report: ClusterReport
    keys: list[str]
    people: list[str]
    places: dict[int, NDArray[np.float64]]
    clusters: dict[str, NDArray[np.int64]]

    def renamed(self, called: str) -> "Shown":
        """The same under another name."""
        return replace(self, called=called)


def read(shelf: Shelf, name: str) -> Shown:
    """Read a clustering report and its picture.

    Raises:
        EthnoshardError: it can't be read, or what it holds doesn't fit together.
    """
    summary = next(report for report in shelf.reports if report.name == name)
    report = shelf.report(name).clustering
    arrays = shelf.arrays(name, "picture")
    number = len(arrays["keys"])
    shown = Shown(
        name=name,
        called=summary.model or name,
        run=summary.run,
        report=report,
        keys=[str(key) for key in arrays["keys"].tolist()],
        people=[str(person) for person in arrays["people"].tolist()],
        places={
            dimensions: np.asarray(arrays[f"places_{dimensions}d"], np.float64)
            for dimensions in (2, 3)
            if f"places_{dimensions}d" in arrays
        },
        clusters={method: np.asarray(arrays[method], np.int64) for method in METHODS if method in arrays},
    )
    wrong = [len(shown.people) != number, not shown.places, number == 0]
    wrong += [places.shape != (number, dimensions) for dimensions, places in shown.places.items()]
    wrong += [clusters.shape != (number,) for clusters in shown.clusters.values()]
    if any(wrong):
        raise EthnoshardError(f"{name}/picture.npz holds arrays that don't fit together; cluster again")
    return shown
