"""Everything that can be looked at, read from the given folders and kept until a file changes."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl
import streamlit as st

from ethnoshard._files import read_json
from ethnoshard._stamp import Stamp
from ethnoshard.charts import colours_of_arms, colours_of_groups
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import GroupCurves, RankedPairs
from ethnoshard.lookalikes import LookAlikes
from ethnoshard.reports import ReportFolder, list_reports, read_report, warnings_of
from ethnoshard.results import (
    Audit,
    Benchmark,
    ClusterReport,
    Comparison,
    Evaluation,
    PicturePoints,
    ReportSummary,
    SimilarityHistograms,
    benchmark_from_json,
)
from ethnoshard.runs import (
    ModelSummary,
    RunFolder,
    RunRecord,
    RunSummary,
    list_runs,
    newest_evaluations,
    read_batches,
    read_metrics,
)
from ethnoshard.shards import FaceDataset

from ._given import Given

Unreadable = tuple[str, str]
"""Name of what can't be read, and why."""

_KEPT = 64
"""Arrays and tables of faces, some of them large."""
_KEPT_SMALL = 512
"""Records and tables of runs and reports: a page shows the same metrics of all of them."""
_TABLES = ("*/look-alikes.json", "look-alikes/*/look-alikes.json", "*/look-alikes/*/look-alikes.json")
"""Where tables of look-alikes lie among runs."""


@dataclass(frozen=True, kw_only=True)
class GivenDataset:
    """A dataset folder that was given, and could be opened.

    Attributes:
        name: what pages and URLs call it.
        path: the folder.
        dataset: opened.
    """

    name: str
    path: Path
    dataset: FaceDataset


class Shelf:
    """Reads what is in the given folders, for one showing of a page.

    Names come from lists, so that no name in a URL becomes a path. Whatever is missing, half-written, damaged or of
    another version raises ``EthnoshardError`` with the file's name.
    """

    def __init__(self, given: Given, *, names_hidden: bool = True) -> None:
        """Look at ``given``; pages show no name of a person where ``names_hidden``."""
        self.given = given
        self.names_hidden = names_hidden

    # Runs

    @cached_property
    def runs(self) -> list[RunSummary]:
        """Every run, the broken too."""
        return list_runs(self.given.runs)

    def record(self, run: str) -> RunRecord:
        """``run.json`` of a run.

        Raises:
            EthnoshardError: there is no such run, or it can't be read.
        """
        return _record(_stamp(self._run(run).record_path))

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
    def models(self) -> tuple[list[ModelSummary], list[Unreadable]]:
        """Every run, then every other model that was evaluated; and the runs and reports that can't be read."""
        unreadable = [(run.name, run.reason or "") for run in self.runs if run.status == "broken"]
        unreadable += self.unreadable_reports
        models = {run.name: ModelSummary.of_run(run) for run in self.runs if run.status != "broken"}
        for report in newest_evaluations(self.reports, models):
            try:
                evaluation = self.evaluation(report.name)
                run = models.get(report.run or "")
                model = run.measured(report, evaluation) if run else ModelSummary.of_report(report, evaluation)
                models[model.name] = model
            except EthnoshardError as error:
                unreadable.append((report.name, str(error)))
        return list(models.values()), unreadable

    # Reports

    @cached_property
    def reports(self) -> list[ReportSummary]:
        """Every report below the folder of runs, the broken too."""
        return list_reports(self.given.runs)

    @property
    def unreadable_reports(self) -> list[Unreadable]:
        """Those that can't be read."""
        return [(report.name, report.reason) for report in self.reports if report.reason is not None]

    def evaluation(self, report: str) -> Evaluation:
        """What an evaluation, of embeddings or of scores, measured.

        Raises:
            EthnoshardError: there is no such report, it is of another kind, or it can't be read.
        """
        return self._report(report).evaluation

    def warnings(self, report: str) -> list[str]:
        """What must be known before an evaluation's metrics are read.

        Raises:
            EthnoshardError: there is no such report, it is of another kind, or it can't be read.
        """
        return warnings_of(self.evaluation(report))

    def clustering(self, report: str) -> ClusterReport:
        """What a clustering measured.

        Raises:
            EthnoshardError: there is no such report, it is of another kind, or it can't be read.
        """
        return self._report(report).clustering

    def comparison(self, report: str) -> Comparison:
        """What a comparison measured.

        Raises:
            EthnoshardError: there is no such report, it is of another kind, or it can't be read.
        """
        return self._report(report).comparison

    def audit(self, report: str) -> Audit:
        """What an audit looked at, and how much it found.

        Raises:
            EthnoshardError: there is no such report, it is of another kind, or it can't be read.
        """
        return self._report(report).audit

    def findings(self, report: str) -> pl.DataFrame:
        """What an audit suspects, a row each, see ``FINDINGS_SCHEMA``.

        Raises:
            EthnoshardError: there is no such report, or its table is not there or damaged.
        """
        return _findings(self.findings_stamp(report))

    def findings_stamp(self, report: str) -> Stamp:
        """Stamp of an audit's findings: what is ticked of them holds as long as it stays.

        Raises:
            EthnoshardError: there is no such report, or it has no findings.
        """
        return _stamp(self.report_path(report) / "findings.parquet")

    def finding_jpegs(self, report: str, numbers: Iterable[int]) -> list[bytes]:
        """Pictures of an audit by their numbers, in the order asked for.

        Raises:
            EthnoshardError: there is no such report or picture, or the pictures are damaged.
        """
        return self._report(report).picture_jpegs(numbers)

    def report_path(self, name: str) -> Path:
        """Folder of a report by the name that it has in ``reports``.

        Raises:
            EthnoshardError: there is no such report.
        """
        for report in self.reports:
            if report.name == name:
                return report.path
        raise EthnoshardError(f"there is no report {name!r} in {self.given.runs}")

    def pairs(self, report: str) -> RankedPairs:
        """Scores of an evaluation's pairs.

        Raises:
            EthnoshardError: there is no such report, it keeps no scores, or they are damaged.
        """
        metric = self.evaluation(report).verification.metric
        return _pairs(_stamp(self.report_path(report) / "scores.npz"), metric)

    def picture(self, report: str) -> PicturePoints:
        """The map of a clustering's images.

        Raises:
            EthnoshardError: there is no such report, it keeps no map, or that is damaged.
        """
        return _picture(_stamp(self.report_path(report) / "picture.npz"))

    def group_curves(self, report: str, source: str) -> GroupCurves:
        """Errors by group over thresholds, by one source of labels.

        Raises:
            EthnoshardError: there is no such report, it doesn't keep them, or they are damaged.
        """
        return _curves(self.groups_stamp(report, source), source)

    def similarity_histograms(self, report: str, source: str) -> SimilarityHistograms | None:
        """Shares of each group's pairs by similarity, by one source of labels; None of a report of before.

        Raises:
            EthnoshardError: there is no such report, it keeps nothing of the source, or it is damaged.
        """
        return _histograms(self.groups_stamp(report, source), source)

    def groups_stamp(self, report: str, source: str) -> Stamp:
        """Stamp of what a report keeps of a source of labels: what is computed from it holds as long as it stays.

        Raises:
            EthnoshardError: there is no such report, or it keeps nothing of the source.
        """
        folder, file = self.report_path(report), f"groups-{source}"
        if file not in self._report(report).array_names():
            # A source's name comes from a file: it may not lead to another folder.
            raise EthnoshardError(f"{folder} holds no {file}.npz; run ethnoshard evaluate again")
        return _stamp(folder / f"{file}.npz")

    def group_labels(self, report: str, source: str) -> dict[str, str]:
        """Person -> group, by one source of labels of an evaluation.

        Raises:
            EthnoshardError: there is no such report, it doesn't keep them, or they are damaged.
        """
        return _labels(self.groups_stamp(report, source), source)

    # Datasets

    @cached_property
    def datasets(self) -> list[GivenDataset]:
        """The given datasets that can be opened."""
        return [opened for opened in self._datasets if isinstance(opened, GivenDataset)]

    @property
    def unreadable_datasets(self) -> list[Unreadable]:
        """The given datasets that can't be opened."""
        return [failed for failed in self._datasets if not isinstance(failed, GivenDataset)]

    @cached_property
    def _datasets(self) -> list[GivenDataset | Unreadable]:
        names = [path.name or str(path) for path in self.given.datasets]
        return [
            _given_dataset(name if names.count(name) == 1 else f"{name} ({number})", path)
            for number, (name, path) in enumerate(zip(names, self.given.datasets, strict=True), start=1)
        ]

    def faces(self, given: GivenDataset) -> pl.DataFrame:
        """A row a face of a dataset, with its identity's name, group and shard.

        Columns: identity (name), group, shard, offset, length, source_image, probability.

        Raises:
            EthnoshardError: a table of the dataset can't be read.
        """
        return _faces(_stamp(given.path / "faces.parquet"), _stamp(given.path / "identities.parquet"))

    def tables(self, given: GivenDataset) -> dict[str, Path]:
        """Name -> folder of each table of look-alikes of a dataset: those given, and those among the runs."""
        folders = [(folder.name or str(folder), folder) for folder in self.given.look_alikes]
        records = sorted(path for pattern in _TABLES for path in self.given.runs.glob(pattern))
        folders += [(str(path.parent.relative_to(self.given.runs)), path.parent) for path in records]
        tables: dict[str, Path] = {}
        for name, folder in folders:
            if folder in tables.values() or _fact_of_table(folder, "fingerprint") != given.dataset.fingerprint:
                continue
            tables[name if name not in tables else f"{name} ({len(tables) + 1})"] = folder
        return tables

    def table(self, folder: Path) -> LookAlikes:
        """A table that ``tables`` names.

        Raises:
            EthnoshardError: it is damaged.
        """
        return _table(_stamp(folder / "look-alikes.json"))

    def digest_of_table(self, folder: Path) -> str | None:
        """Digest of all in a table that decides batches, as its record has it; None where it can't be read."""
        return _fact_of_table(folder, "digest")

    # Benchmarks, colours, names

    def benchmarks(self) -> dict[str, Benchmark | EthnoshardError | None]:
        """Name -> content of each file of results, or why it can't be read; None of a kind that isn't known."""
        folder = self.given.benchmarks
        return {} if folder is None else {path.stem: _benchmark(_stamp(path)) for path in sorted(folder.glob("*.json"))}

    @cached_property
    def group_colours(self) -> Mapping[str, str]:
        """Of every group in any dataset, run or report here."""
        groups: set[str] = set()
        for given in self.datasets:
            groups.update(given.dataset.groups)
        for run in self.runs:
            if run.status != "broken":
                # One that went away meanwhile has no colours.
                with contextlib.suppress(EthnoshardError):
                    groups.update(group.name for group in self.record(run.name).dataset.groups)
        for report in self.reports:
            if report.reason is None and report.kind != "clustering":
                groups.update(_groups_of_report(_stamp(report.path / "report.json")))
        return colours_of_groups(groups)

    @cached_property
    def arm_colours(self) -> Mapping[str, str]:
        """Of every arm that was trained."""
        return colours_of_arms(run.arm for run in self.runs if run.arm is not None)

    def labels(self, people: Iterable[str]) -> dict[str, str]:
        """What pages call each person: the name, or where names are hidden a number, by the order of the names."""
        names = sorted(set(people))
        if not self.names_hidden:
            return {person: person for person in names}
        return {person: f"person {number}" for number, person in enumerate(names, start=1)}

    def _run(self, name: str) -> RunFolder:
        for run in self.runs:
            if run.name == name:
                own = self.given.runs if RunFolder(self.given.runs).exists() else self.given.runs / name
                return RunFolder(own)
        raise EthnoshardError(f"there is no run {name!r} in {self.given.runs}")

    def _report(self, name: str) -> ReportFolder:
        return _report(_stamp(self.report_path(name) / "report.json"))


def _stamp(path: Path) -> Stamp:
    """With another stamp a file is read again."""
    try:
        return Stamp.of(path)
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror}") from error


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def _record(stamp: Stamp) -> RunRecord:
    return RunFolder(Path(stamp.path).parent).read()


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def _metrics(stamp: Stamp) -> pl.DataFrame:
    return read_metrics(Path(stamp.path))


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def _batches(stamp: Stamp) -> pl.DataFrame | None:
    return read_batches(Path(stamp.path))


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def _report(stamp: Stamp) -> ReportFolder:
    return read_report(Path(stamp.path).parent)


@st.cache_resource(max_entries=32, show_spinner=False)
def _pairs(stamp: Stamp, metric: str) -> RankedPairs:
    path = Path(stamp.path)
    return RankedPairs.of_scores(read_report(path.parent).pair_scores(), metric, path)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _picture(stamp: Stamp) -> PicturePoints:
    return read_report(Path(stamp.path).parent).picture()


@st.cache_resource(max_entries=16, show_spinner=False)
def _findings(stamp: Stamp) -> pl.DataFrame:
    return read_report(Path(stamp.path).parent).findings()


@st.cache_resource(max_entries=32, show_spinner=False)
def _curves(stamp: Stamp, source: str) -> GroupCurves:
    return read_report(Path(stamp.path).parent).group_curves(source)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _histograms(stamp: Stamp, source: str) -> SimilarityHistograms | None:
    return read_report(Path(stamp.path).parent).similarity_histograms(source)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _labels(stamp: Stamp, source: str) -> dict[str, str]:
    return read_report(Path(stamp.path).parent).labels(source)


def _given_dataset(name: str, path: Path) -> GivenDataset | Unreadable:
    try:
        if not (path / "dataset.json").exists():
            # It fails, and knows why: a work folder, an unfinished one, none at all.
            FaceDataset.open(path)
        return GivenDataset(name=name, path=path, dataset=_dataset(_stamp(path / "dataset.json")))
    except EthnoshardError as error:
        return name, str(error)


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


def _fact_of_table(folder: Path, name: str) -> str | None:
    try:
        return str(_record_of_table(_stamp(folder / "look-alikes.json")).get(name))
    except EthnoshardError:
        return None


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def _record_of_table(stamp: Stamp) -> Mapping[str, object]:
    return read_json(Path(stamp.path))


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _table(stamp: Stamp) -> LookAlikes:
    return LookAlikes.open(Path(stamp.path).parent)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _benchmark(stamp: Stamp) -> Benchmark | EthnoshardError | None:
    path = Path(stamp.path)
    try:
        return benchmark_from_json(path.stem, read_json(path), path)
    except EthnoshardError as error:
        return error


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def _groups_of_report(stamp: Stamp) -> list[str]:
    try:
        result = read_report(Path(stamp.path).parent).result
    except EthnoshardError:
        return []
    if isinstance(result, Audit):
        return [group for summary in result.kinds.values() for group in summary.by_group]
    sources = result.demographics if isinstance(result, Evaluation | Comparison) else ()
    return [group for source in sources for group in source.by_group]
