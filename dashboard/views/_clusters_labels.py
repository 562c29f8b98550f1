"""The group of each person in a clustering report, and who says so."""

from ethnoshard.errors import EthnoshardError
from ethnoshard.results import ClusterReport, Source

from .. import _faces
from .._shelf import Shelf
from ._dataset_tables import whose_labels


def labels(shelf: Shelf, report: ClusterReport) -> dict[str, dict[str, str]]:
    """Whose labels -> person -> group, of every source that knows the report's people.

    From evaluations of the same images, which keep the groups they were told, and from the dataset that holds them.

    Args:
        shelf: what was given.
        report: the clustering.
    """
    found = _of_evaluations(shelf, report.place)
    place = _faces.place_of(shelf, report.place)
    if place is not None and place.dataset is not None:
        people = place.dataset.identities
        whose = f"{whose_labels(place.dataset.manifest.label.sources)}, in {place.name}"
        found[whose] = dict(zip(people["identity"].to_list(), people["group"].to_list(), strict=True))
    return found


def _of_evaluations(shelf: Shelf, place: Source | None) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for report in shelf.reports:
        if report.kind != "evaluation" or report.reason is not None:
            continue
        try:
            folder = shelf.report(report.name)
            origin = folder.evaluation.place
            if place is None or origin is None or not _faces.same_source(place, origin):
                continue
            for source in folder.evaluation.demographics:
                whose, file = source.labels, f"groups-{source.source}"
                if whose not in found and file in folder.array_names():
                    arrays = shelf.arrays(report.name, file)
                    found[whose] = dict(zip(arrays["people"].tolist(), arrays["groups"].tolist(), strict=True))
        except (EthnoshardError, KeyError):
            # A report of which something is missing has its reason on the page "Groups".
            continue
    return found
