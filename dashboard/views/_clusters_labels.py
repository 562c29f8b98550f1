"""The group of each person in a clustering report, and who says so."""

from collections.abc import Mapping
from typing import Any

from ethnoshard.errors import EthnoshardError

from .. import _faces
from .._shelf import Shelf
from ._dataset_tables import whose_labels


def labels(shelf: Shelf, content: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Whose labels -> person -> group, of every source that knows the report's people.

    From evaluations of the same images, which keep the groups they were told, and from the dataset that holds them.

    Args:
        shelf: what was given.
        content: of the clustering report.
    """
    found = _of_evaluations(shelf, content)
    place = _faces.place_of(shelf, content)
    if place is not None and place.dataset is not None:
        people = place.dataset.identities
        whose = f"{whose_labels(place.dataset.manifest['label']['sources'])}, in {place.name}"
        found[whose] = dict(zip(people["identity"].to_list(), people["group"].to_list(), strict=True))
    return found


def _of_evaluations(shelf: Shelf, content: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    place = content.get("place") or {}
    found: dict[str, dict[str, str]] = {}
    for report in shelf.reports:
        if report.kind != "evaluation" or report.reason is not None:
            continue
        try:
            evaluation = shelf.report(report.name)
            if not _faces.same_source(place, evaluation.content.get("place") or {}):
                continue
            for source in evaluation.content.get("demographics") or []:
                whose, file = str(source["labels"]), f"groups-{source['source']}"
                if whose not in found and file in evaluation.array_names():
                    arrays = shelf.arrays(report.name, file)
                    found[whose] = dict(zip(arrays["people"].tolist(), arrays["groups"].tolist(), strict=True))
        except (EthnoshardError, KeyError, TypeError, ValueError, AttributeError):
            # A report of which something is missing has its reason on the page "Groups".
            continue
    return found
