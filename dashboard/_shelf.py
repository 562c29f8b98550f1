"""Everything that can be looked at, read from the given folders and kept until a file changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st
from numpy.typing import NDArray

from ethnoshard._files import read_json
from ethnoshard._stamp import Stamp
from ethnoshard.charts import colours_of_arms, colours_of_groups
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes import LookAlikes
from ethnoshard.reports import ReportFolder, ReportSummary, list_reports, read_report
from ethnoshard.runs import RunFolder, RunSummary, list_runs, read_batches, read_metrics
from ethnoshard.shards import FaceDataset

from ._given import Given

_KEPT = 64
"""Arrays and tables of faces, some of them large."""
_KEPT_SMALL = 512
"""Records and tables of runs and reports: a page shows the same figures of all of them."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A dataset folder that was given.

    Attributes:
        name: what pages and URLs call it.
        path: the folder.
        dataset: None where it can't be opened.
        reason: why not.
    """

    name: str
    path: Path
    dataset: FaceDataset | None
    reason: str | None = None


class Shelf:
    """Reads what is in the given folders, for one showing of a page.

    Names come from lists, so that no name in a URL becomes a path.
    """

    def __init__(self, given: Given, *, names_hidden: bool = True) -> None:
        """Look at ``given``; pages show no name of a person where ``names_hidden``."""
        self.given = given
        self.names_hidden = names_hidden

    @cached_property
    def runs(self) -> list[RunSummary]:
        """Every run, the broken too."""
        return list_runs(self.given.runs)

    def record(self, run: str) -> dict[str, Any]:
        """``run.json`` of a run.

        Raises:
            EthnoshardError: there is no such run, or it can't be read.
        """
        return self._run(run).record()

    def metrics(self, run: str) -> pl.DataFrame:
        """A row a step, see ``METRICS_SCHEMA``.

        Raises:
            EthnoshardError: there is no such run, or its table is not there yet or damaged.
        """
        return _metrics(_stamp(self._run(run).metrics_path))

    def batches(self, run: str) -> pl.DataFrame | None:
        """A row a step and group, see ``BATCHES_SCHEMA``; None of a run that kept no such table.

        Raises:
            EthnoshardError: there is no such run, or the table is damaged.
        """
        path = self._run(run).batches_path
        return _batches(_stamp(path)) if path.exists() else None

    @cached_property
    def reports(self) -> list[ReportSummary]:
        """Every report below the folder of runs, the broken too."""
        return list_reports(self.given.runs)

    def report(self, name: str) -> ReportFolder:
        """A report by the name it has in ``reports``.

        Raises:
            EthnoshardError: there is no such report, or it can't be read.
        """
        return _report(_stamp(self._report_path(name) / "report.json"))

    def arrays(self, name: str, file: str) -> Mapping[str, NDArray[Any]]:
        """The arrays of a report's file, which must not be changed.

        Raises:
            EthnoshardError: there is no such report or file, or it is damaged.
        """
        return _arrays(_stamp(self._report_path(name) / f"{file}.npz"))

    def stamp(self, name: str, file: str) -> Stamp:
        """Of a report's arrays: what is computed from them is kept as long as it stays.

        Raises:
            EthnoshardError: there is no such report or file.
        """
        return _stamp(self._report_path(name) / f"{file}.npz")

    @cached_property
    def places(self) -> list[Place]:
        """The given datasets, those that can't be opened too."""
        names = [path.name or str(path) for path in self.given.datasets]
        return [
            _place(name if names.count(name) == 1 else f"{name} ({number})", path)
            for number, (name, path) in enumerate(zip(names, self.given.datasets, strict=True), start=1)
        ]

    def faces(self, place: Place) -> pl.DataFrame:
        """A row a face of a dataset that was opened, with its identity's name, group and shard.

        Columns: identity (name), group, shard, offset, length, source_image, probability.
        """
        return _faces(_stamp(place.path / "faces.parquet"), _stamp(place.path / "identities.parquet"))

    def tables(self, place: Place) -> dict[str, Path]:
        """Name -> folder of each table of who resembles whom in a dataset: those given, and those among the runs."""
        if place.dataset is None:
            return {}
        given = [(folder.name or str(folder), folder) for folder in self.given.look_alikes]
        patterns = ("*/look-alikes.json", "look-alikes/*/look-alikes.json", "*/look-alikes/*/look-alikes.json")
        records = sorted(path for pattern in patterns for path in self.given.runs.glob(pattern))
        among = [(str(path.parent.relative_to(self.given.runs)), path.parent) for path in records]
        found: dict[str, Path] = {}
        for name, folder in [*given, *among]:
            if folder in found.values() or _said_of_table(folder, "fingerprint") != place.dataset.fingerprint:
                continue
            found[name if name not in found else f"{name} ({len(found) + 1})"] = folder
        return found

    def table(self, folder: Path) -> LookAlikes:
        """A table that ``tables`` found.

        Raises:
            EthnoshardError: it is damaged.
        """
        return _table(_stamp(folder / "look-alikes.json"))

    def digest_of_table(self, folder: Path) -> str | None:
        """What a table's record says that all that decides batches has; None where there is none that can be read."""
        return _said_of_table(folder, "digest")

    def benchmarks(self) -> dict[str, dict[str, Any] | EthnoshardError]:
        """Name -> content of each file of results, or why it can't be read."""
        folder = self.given.benchmarks
        return {} if folder is None else {path.stem: _benchmark(_stamp(path)) for path in sorted(folder.glob("*.json"))}

    @cached_property
    def group_colours(self) -> Mapping[str, str]:
        """Of every group in any dataset, run or report here."""
        groups: set[str] = set()
        for place in self.places:
            if place.dataset is not None:
                groups.update(place.dataset.groups)
        for run in self.runs:
            if run.status != "broken":
                groups.update(_groups_of_run(_stamp(self._run(run.name).record_path)))
        for report in self.reports:
            if report.reason is None:
                groups.update(_groups_of_report(_stamp(report.path / "report.json")))
        return colours_of_groups(groups)

    @cached_property
    def arm_colours(self) -> Mapping[str, str]:
        """Of every arm that was trained."""
        return colours_of_arms(run.arm for run in self.runs if run.arm is not None)

    def called(self, people: Iterable[str]) -> dict[str, str]:
        """What pages call each person: the name, or where names are hidden a number, by the order of the names."""
        everybody = sorted(set(people))
        if not self.names_hidden:
            return {person: person for person in everybody}
        return {person: f"person {number}" for number, person in enumerate(everybody, start=1)}

    def _run(self, name: str) -> RunFolder:
        for run in self.runs:
            if run.name == name:
                own = self.given.runs if RunFolder(self.given.runs).exists() else self.given.runs / name
                return RunFolder(own)
        raise EthnoshardError(f"there is no run {name!r} in {self.given.runs}")

    def _report_path(self, name: str) -> Path:
        for report in self.reports:
            if report.name == name:
                return report.path
        raise EthnoshardError(f"there is no report {name!r} in {self.given.runs}")


def _stamp(path: Path) -> Stamp:
    """With another stamp a file is read again."""
    try:
        return Stamp.of(path)
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror}") from error


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def _metrics(stamp: Stamp) -> pl.DataFrame:
    return read_metrics(Path(stamp.path))


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def _batches(stamp: Stamp) -> pl.DataFrame | None:
    return read_batches(Path(stamp.path))


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def _report(stamp: Stamp) -> ReportFolder:
    return read_report(Path(stamp.path).parent)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _arrays(stamp: Stamp) -> Mapping[str, NDArray[Any]]:
    path = Path(stamp.path)
    return read_report(path.parent).arrays(path.stem)


def _place(name: str, path: Path) -> Place:
    try:
        if not (path / "dataset.json").exists():
            # It fails, and knows why: a work folder, an unfinished one, none at all.
            FaceDataset.open(path)
        return Place(name=name, path=path, dataset=_dataset(_stamp(path / "dataset.json")))
    except EthnoshardError as error:
        return Place(name=name, path=path, dataset=None, reason=str(error))


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _dataset(stamp: Stamp) -> FaceDataset:
    return FaceDataset.open(Path(stamp.path).parent)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _faces(faces: Stamp, identities: Stamp) -> pl.DataFrame:
    dataset = FaceDataset.open(Path(faces.path).parent)
    people = dataset.identities.select("group", "shard", name="identity").with_row_index("identity")
    return (
        dataset.faces()
        .with_columns(pl.col("identity").cast(pl.UInt32))
        .join(people, on="identity", how="left", maintain_order="left")
        .select("name", "group", "shard", "offset", "length", "source_image", "probability")
        .rename({"name": "identity"})
    )


def _said_of_table(folder: Path, name: str) -> str | None:
    try:
        return str(_record_of_table(_stamp(folder / "look-alikes.json")).get(name))
    except (EthnoshardError, AttributeError):
        return None


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def _record_of_table(stamp: Stamp) -> dict[str, Any]:
    return read_json(Path(stamp.path))


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _table(stamp: Stamp) -> LookAlikes:
    return LookAlikes.open(Path(stamp.path).parent)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _benchmark(stamp: Stamp) -> dict[str, Any] | EthnoshardError:
    try:
        return read_json(Path(stamp.path))
    except EthnoshardError as error:
        return error


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def _groups_of_run(stamp: Stamp) -> list[str]:
    try:
        groups = read_json(Path(stamp.path))["dataset"]["groups"]
        return [str(group["name"]) for group in groups]
    except (EthnoshardError, KeyError, TypeError):
        return []


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def _groups_of_report(stamp: Stamp) -> list[str]:
    try:
        found = read_json(Path(stamp.path)).get("demographics") or []
        return [str(group) for source in found for group in source["by_group"]]
    except (EthnoshardError, KeyError, TypeError, AttributeError):
        return []
