"""A report on disk: what it holds, how it is written as a whole, and how it is read."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._arrays import read_arrays, write_arrays
from ethnoshard._files import make_folder, read_json, read_table, whole_file, whole_folder, write_json, write_table
from ethnoshard._formats import check_format
from ethnoshard._urls import place_of
from ethnoshard.errors import EthnoshardError
from ethnoshard.reports._of_before import without_false_val
from ethnoshard.reports._pictures import picture_spans, read_pictures, write_pictures
from ethnoshard.results import (
    Arrays,
    Audit,
    ClusterReport,
    Comparison,
    Evaluation,
    Json,
    Kind,
    NamedArrays,
    PairScores,
    PicturePoints,
    Result,
    SimilarityHistograms,
    checked_findings,
    result_as_json,
    result_from_json,
)

if TYPE_CHECKING:
    from ethnoshard.evaluation import GroupCurves, GroupTally, Searches

FORMAT = 2
"""Version of the format. A reader refuses one it doesn't know. 2 has VAL only at the FAR asked for, else the reason."""
_READABLE = (1, FORMAT)

RECORD, SUMMARY, FIGURES = "report.json", "summary.md", "figures"
FINDINGS, PICTURES = "findings.parquet", "faces.tar"
TALLY, CURVES, SHIFT, SEARCHES = "tally_", "curve_", "shift_", "search_"
"""Before the names of arrays of errors by group, in a file that holds others as well."""
_DISTRIBUTIONS = ("ethnoshard", "numpy", "scikit-learn", "scipy")

T = TypeVar("T", Evaluation, ClusterReport, Comparison, Audit)


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """Results, whoever will look at them.

    Attributes:
        kind: what was done; decides what ``result`` is.
        result: all that was measured.
        arrays: name of a ``.npz`` file, without the ending -> its arrays.
        summary: Markdown.
        pages: name -> a whole HTML page, which wants ``plotly.min.js`` beside it.
        findings: of an audit, see ``FINDINGS_SCHEMA``; None of other kinds.
        pictures: JPEGs that findings name by number.
    """

    kind: Kind
    result: Result
    arrays: dict[str, Arrays] = field(default_factory=dict)
    summary: str
    pages: dict[str, str] = field(default_factory=dict)
    findings: pl.DataFrame | None = None
    pictures: Sequence[bytes] = ()

    @property
    def content(self) -> dict[str, Json]:
        """What ``report.json`` holds, besides format, kind and versions."""
        return result_as_json(self.result)


@dataclass(frozen=True, eq=False)
class ReportFolder:
    """A report that was read.

    Attributes:
        path: the folder.
        content: ``report.json``; besides what ``result`` holds it has "format", "kind" and "versions".
    """

    path: Path
    content: dict[str, object]

    @cached_property
    def result(self) -> Result:
        """All that was measured.

        Raises:
            EthnoshardError: something is missing, of another type or out of its bounds; the message has its place.
        """
        return result_from_json(self.content, self.path / RECORD)

    @property
    def evaluation(self) -> Evaluation:
        """What was measured, of the kinds "evaluation" and "scores".

        Raises:
            EthnoshardError: it is of another kind, or damaged.
        """
        return self._of(Evaluation, "evaluate")

    @property
    def clustering(self) -> ClusterReport:
        """What was measured, of the kind "clustering".

        Raises:
            EthnoshardError: it is of another kind, or damaged.
        """
        return self._of(ClusterReport, "cluster")

    @property
    def comparison(self) -> Comparison:
        """What was measured, of the kind "comparison".

        Raises:
            EthnoshardError: it is of another kind, or damaged.
        """
        return self._of(Comparison, "compare")

    @property
    def audit(self) -> Audit:
        """What was looked at and how much was found, of the kind "audit".

        Raises:
            EthnoshardError: it is of another kind, or damaged.
        """
        return self._of(Audit, "audit")

    def findings(self) -> pl.DataFrame:
        """What an audit suspects, a row each, see ``FINDINGS_SCHEMA``.

        Raises:
            EthnoshardError: ``findings.parquet`` is not there or damaged; the message names the file and the column.
        """
        path = self.path / FINDINGS
        try:
            table = read_table(path)
        except OSError as error:
            raise EthnoshardError(f"{path} can't be read: {error.strerror}") from error
        except pl.exceptions.PolarsError as error:
            raise EthnoshardError(f"{path} is damaged ({error}); audit again") from error
        return checked_findings(table, path)

    def picture_jpegs(self, numbers: Iterable[int]) -> list[bytes]:
        """Pictures of an audit by their numbers, in the order asked for; ``faces.tar`` is not unpacked.

        Raises:
            EthnoshardError: there is no such picture, or the file is not there or damaged.
        """
        return read_pictures(self.path / PICTURES, self._picture_spans, numbers)

    @cached_property
    def _picture_spans(self) -> NDArray[np.int64]:
        spans, number = picture_spans(self.path / PICTURES), self.audit.pictures
        if len(spans) != number:
            raise EthnoshardError(
                f"{self.path / PICTURES} holds {len(spans):,} pictures, and {RECORD} says {number:,}; audit again"
            )
        return spans

    def _of(self, kind: type[T], verb: str) -> T:
        result = self.result
        if not isinstance(result, kind):
            raise EthnoshardError(f"{self.path} is a report on {self.kind}; give one of ethnoshard {verb}")
        return result

    @property
    def kind(self) -> str:
        """What was done."""
        return str(self.content["kind"])

    @property
    def summary(self) -> str:
        """Markdown.

        Raises:
            EthnoshardError: it can't be read.
        """
        try:
            return (self.path / SUMMARY).read_text("utf-8")
        except OSError as error:
            raise EthnoshardError(f"{self.path / SUMMARY} can't be read: {error.strerror}") from error

    @property
    def pages(self) -> list[Path]:
        """The pages, by name."""
        return sorted((self.path / FIGURES).glob("*.html"))

    def array_names(self) -> list[str]:
        """What ``arrays`` takes."""
        return sorted(path.stem for path in self.path.glob("*.npz"))

    def arrays(self, name: str) -> Arrays:
        """The arrays of one file.

        Raises:
            EthnoshardError: there is none of that name, or it is damaged.
        """
        return read_arrays(self.path / f"{name}.npz")

    def pair_scores(self) -> PairScores:
        """Distances of the pairs of an evaluation.

        Raises:
            EthnoshardError: ``scores.npz`` is not there or damaged; the message names the file and the array.
        """
        return PairScores.of_arrays(self._named("scores"))

    def picture(self) -> PicturePoints:
        """The map of a clustering.

        Raises:
            EthnoshardError: ``picture.npz`` is not there or damaged; the message names the file and the array.
        """
        return PicturePoints.of_arrays(self._named("picture"))

    def labels(self, source: str) -> dict[str, str]:
        """Identity -> group, by one source of labels; empty for the list's own labels, which are of pairs.

        Raises:
            EthnoshardError: ``groups-SOURCE.npz`` is not there or damaged; the message names the file and the array.
        """
        found = self._named(f"groups-{source}").both("people", "groups", "P")
        return {} if found is None else dict(zip(found[0].tolist(), found[1].tolist(), strict=True))

    def group_tally(self, source: str) -> "GroupTally | None":
        """The counts behind errors by group at the report's threshold, by one source of labels.

        None in reports of versions that kept none.

        Raises:
            EthnoshardError: ``groups-SOURCE.npz`` is not there or damaged; the message names the file and the array.
        """
        from ethnoshard.evaluation import GroupTally

        arrays = self._named(f"groups-{source}").beneath(TALLY)
        return GroupTally.of_arrays(arrays) if "groups" in arrays else None

    def searches(self, source: str) -> "tuple[Searches, NDArray[np.str_]] | None":
        """What each image finds in a gallery of these people, by one source of labels, and the group of each person.

        None of listed pairs, and in reports of versions that kept none.

        Raises:
            EthnoshardError: ``groups-SOURCE.npz`` is not there or damaged; the message names the file and the array.
        """
        from ethnoshard.evaluation import Searches

        named = self._named(f"groups-{source}")
        arrays, people = named.beneath(SEARCHES), named.both("people", "groups", "P")
        if people is None or "owner" not in arrays:
            return None
        return Searches.of_arrays(arrays, len(people[0])), people[1]

    def group_curves(self, source: str) -> "GroupCurves":
        """Errors by group over thresholds, by one source of labels.

        Raises:
            EthnoshardError: ``groups-SOURCE.npz`` is not there or damaged, the message names the file and the array;
                or it was written by a version that kept none.
        """
        from ethnoshard.evaluation import GroupCurves

        arrays = self._named(f"groups-{source}").beneath(CURVES)
        if "thresholds" not in arrays and "fnmr" not in arrays:
            raise EthnoshardError(
                f"{self.path} holds errors by group at its own threshold only: it was written by an earlier version of "
                "ethnoshard; run ethnoshard evaluate again to have other thresholds"
            )
        return GroupCurves.of_arrays(arrays)

    def similarity_histograms(self, source: str) -> SimilarityHistograms | None:
        """Shares of each group's pairs by similarity, by one source of labels; None in a report of before.

        Raises:
            EthnoshardError: ``groups-SOURCE.npz`` is not there or damaged; the message names the file and the array.
        """
        arrays = self._named(f"groups-{source}").beneath(SHIFT)
        return SimilarityHistograms.of_arrays(arrays) if "edges" in arrays else None

    def _named(self, name: str) -> NamedArrays:
        # A source's name comes from a file: it may not lead to another folder.
        if name not in self.array_names():
            raise EthnoshardError(f"{self.path} holds no {name}.npz; make the report again")
        return NamedArrays(self.arrays(name), self.path / f"{name}.npz")


def write_report(report: Report, folder: str | Path, *, storage_options: Mapping[str, object] | None = None) -> None:
    """Write a report; an older one in the same place is replaced once the new one is whole.

    At a URL, where nothing can be renamed, the older one is none any more once the new one is on its way, and
    ``report.json`` comes last.

    Args:
        report: the report.
        folder: to be made. If it is there, it holds a report or nothing. As a string also a URL that fsspec writes to:
            ``s3://``, ``gs://`` and others.
        storage_options: for fsspec's file system of the URL.

    Raises:
        EthnoshardError: the folder holds something else, or the disk is full or can't be written, or the URL can't.
    """
    place = place_of(folder)
    if not isinstance(place, Path):
        from ethnoshard.reports._to_url import upload_report

        with tempfile.TemporaryDirectory() as folder_here:
            _fill(Path(folder_here), report)
            upload_report(Path(folder_here), place, storage_options or {})
        return
    check_out(place)
    with whole_folder(place) as fresh:
        _fill(fresh, report)


def _fill(folder: Path, report: Report) -> None:
    """Write all files of a report to an empty folder."""
    for name, arrays in report.arrays.items():
        write_arrays(folder / f"{name}.npz", arrays)
    if report.findings is not None:
        write_table(folder / FINDINGS, checked_findings(report.findings, FINDINGS))
    if report.pictures:
        write_pictures(folder / PICTURES, report.pictures)
    _write(folder / SUMMARY, report.summary)
    if report.pages:
        # Imported here: plotly's script is large, and reading a report doesn't need it.
        from plotly.offline import get_plotlyjs

        make_folder(folder / FIGURES)
        _write(folder / FIGURES / "plotly.min.js", get_plotlyjs())
        for name, page in report.pages.items():
            _write(folder / FIGURES / f"{name}.html", page)
    versions = {name: version(name) for name in _DISTRIBUTIONS}
    write_json(folder / RECORD, {"format": FORMAT, "kind": report.kind, "versions": versions, **report.content})


def check_out(folder: str | Path, *, storage_options: Mapping[str, object] | None = None) -> None:
    """Refuse to write a report over something that is none, before anything is computed.

    Args:
        folder: where it is to go, see :func:`write_report`.
        storage_options: for fsspec's file system of a URL.

    Raises:
        EthnoshardError: there is such a thing, or the URL can't be listed.
    """
    place = place_of(folder)
    if not isinstance(place, Path):
        from ethnoshard.reports._to_url import check_url

        check_url(place, storage_options or {})
    elif place.is_dir():
        if any(place.iterdir()) and not (place / RECORD).is_file():
            raise EthnoshardError(f"{place} holds other things than a report; give a new folder for --out")
    elif place.exists():
        raise EthnoshardError(f"{place} is a file; give a folder for --out")


def read_report(folder: str | Path) -> ReportFolder:
    """Read a report.

    Raises:
        EthnoshardError: there is none, it is damaged, or of a format that isn't known.
    """
    folder = Path(folder)
    if not (folder / RECORD).is_file():
        raise EthnoshardError(f"{folder} holds no report ({RECORD}); ethnoshard evaluate or cluster --out makes one")
    content = read_json(folder / RECORD)
    check_format(folder / RECORD, content.get("format"), *_READABLE, again="make the report again")
    if not isinstance(content.get("kind"), str):
        raise EthnoshardError(f"{folder / RECORD} doesn't say of what kind it is; it was not written by ethnoshard")
    if content["kind"] not in get_args(Kind):
        raise EthnoshardError(
            f"{folder / RECORD} is of the kind {content['kind']!r}, which this version of ethnoshard doesn't know"
        )
    if content["format"] == 1:
        without_false_val(content)
    return ReportFolder(folder, content)


def _write(path: Path, text: str) -> None:
    with whole_file(path) as file:
        file.write(text.encode(errors="backslashreplace"))
