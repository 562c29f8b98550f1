"""Everything that can be looked at, read from the given folders and kept until a file changes."""

import contextlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

import polars as pl

from ethnoshard._stamp import Stamp
from ethnoshard.charts import colours_of_arms, colours_of_groups
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import GroupCurves, RankedPairs
from ethnoshard.lookalikes import LookAlikes
from ethnoshard.reports import ReportFolder, list_reports, warnings_of
from ethnoshard.results import (
    Audit,
    Benchmark,
    ClusterReport,
    Comparison,
    Evaluation,
    PicturePoints,
    ReportSummary,
    SimilarityHistograms,
)
from ethnoshard.runs import (
    ModelSummary,
    RunFolder,
    RunRecord,
    RunSummary,
    list_runs,
    newest_evaluations,
)

from . import _kept
from ._given import Given
from ._kept import GivenDataset, Unreadable

_TABLES = ("*/look-alikes.json", "look-alikes/*/look-alikes.json", "*/look-alikes/*/look-alikes.json")
"""Where tables of look-alikes lie among runs."""


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
        return _kept.record(_kept.stamp_of(self._run(run).record_path))

    def metrics(self, run: str) -> pl.DataFrame:
        """A row a step, see ``METRICS_SCHEMA``.

        Raises:
            EthnoshardError: there is no such run, or its table is not there yet or damaged.
        """
        return _kept.metrics(_kept.stamp_of(self._run(run).metrics_path))

    def batches(self, run: str) -> pl.DataFrame | None:
        """A row a step and group, see ``BATCHES_SCHEMA``; None of a run that kept no such table.

        Raises:
            EthnoshardError: there is no such run, or the table is damaged.
        """
        path = self._run(run).batches_path
        return _kept.batches(_kept.stamp_of(path)) if path.exists() else None

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
        return _kept.findings(self.findings_stamp(report))

    def findings_stamp(self, report: str) -> Stamp:
        """Stamp of an audit's findings: what is ticked of them holds as long as it stays.

        Raises:
            EthnoshardError: there is no such report, or it has no findings.
        """
        return _kept.stamp_of(self.report_path(report) / "findings.parquet")

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
        return _kept.pairs(_kept.stamp_of(self.report_path(report) / "scores.npz"), metric)

    def picture(self, report: str) -> PicturePoints:
        """The map of a clustering's images.

        Raises:
            EthnoshardError: there is no such report, it keeps no map, or that is damaged.
        """
        return _kept.picture(_kept.stamp_of(self.report_path(report) / "picture.npz"))

    def group_curves(self, report: str, source: str) -> GroupCurves:
        """Errors by group over thresholds, by one source of labels.

        Raises:
            EthnoshardError: there is no such report, it doesn't keep them, or they are damaged.
        """
        return _kept.curves(self.groups_stamp(report, source), source)

    def similarity_histograms(self, report: str, source: str) -> SimilarityHistograms | None:
        """Shares of each group's pairs by similarity, by one source of labels; None of a report of before.

        Raises:
            EthnoshardError: there is no such report, it keeps nothing of the source, or it is damaged.
        """
        return _kept.histograms(self.groups_stamp(report, source), source)

    def groups_stamp(self, report: str, source: str) -> Stamp:
        """Stamp of what a report keeps of a source of labels: what is computed from it holds as long as it stays.

        Raises:
            EthnoshardError: there is no such report, or it keeps nothing of the source.
        """
        folder, file = self.report_path(report), f"groups-{source}"
        if file not in self._report(report).array_names():
            # A source's name comes from a file: it may not lead to another folder.
            raise EthnoshardError(f"{folder} holds no {file}.npz; run ethnoshard evaluate again")
        return _kept.stamp_of(folder / f"{file}.npz")

    def group_labels(self, report: str, source: str) -> dict[str, str]:
        """Person -> group, by one source of labels of an evaluation.

        Raises:
            EthnoshardError: there is no such report, it doesn't keep them, or they are damaged.
        """
        return _kept.labels(self.groups_stamp(report, source), source)

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
            _kept.given_dataset(name if names.count(name) == 1 else f"{name} ({number})", path)
            for number, (name, path) in enumerate(zip(names, self.given.datasets, strict=True), start=1)
        ]

    def faces(self, given: GivenDataset) -> pl.DataFrame:
        """A row a face of a dataset, with its identity's name, group and shard.

        Columns: identity (name), group, shard, offset, length, source_image, probability.

        Raises:
            EthnoshardError: a table of the dataset can't be read.
        """
        faces, identities = (_kept.stamp_of(given.path / f"{name}.parquet") for name in ("faces", "identities"))
        return _kept.faces(faces, identities)

    def tables(self, given: GivenDataset) -> dict[str, Path]:
        """Name -> folder of each table of look-alikes of a dataset: those given, and those among the runs."""
        folders = [(folder.name or str(folder), folder) for folder in self.given.look_alikes]
        records = sorted(path for pattern in _TABLES for path in self.given.runs.glob(pattern))
        folders += [(str(path.parent.relative_to(self.given.runs)), path.parent) for path in records]
        tables: dict[str, Path] = {}
        for name, folder in folders:
            if folder in tables.values() or _kept.fact_of_table(folder, "fingerprint") != given.dataset.fingerprint:
                continue
            tables[name if name not in tables else f"{name} ({len(tables) + 1})"] = folder
        return tables

    def table(self, folder: Path) -> LookAlikes:
        """A table that ``tables`` names.

        Raises:
            EthnoshardError: it is damaged.
        """
        return _kept.table(_kept.stamp_of(folder / "look-alikes.json"))

    def digest_of_table(self, folder: Path) -> str | None:
        """Digest of all in a table that decides batches, as its record has it; None where it can't be read."""
        return _kept.fact_of_table(folder, "digest")

    # Benchmarks, colours, names

    def benchmarks(self) -> dict[str, Benchmark | EthnoshardError | None]:
        """Name -> content of each file of results, or why it can't be read; None of a kind that isn't known."""
        folder = self.given.benchmarks
        files = [] if folder is None else sorted(folder.glob("*.json"))
        return {path.stem: _kept.benchmark(_kept.stamp_of(path)) for path in files}

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
                groups.update(_kept.groups_of_report(_kept.stamp_of(report.path / "report.json")))
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
        return _kept.report(_kept.stamp_of(self.report_path(name) / "report.json"))
