"""What was read of files, kept for as long as they look as they did."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import streamlit as st

from ethnoshard._files import read_json
from ethnoshard._stamp import Stamp
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import GroupCurves, RankedPairs
from ethnoshard.lookalikes import LookAlikes
from ethnoshard.reports import ReportFolder, read_report
from ethnoshard.results import (
    Audit,
    Benchmark,
    Comparison,
    Evaluation,
    PicturePoints,
    SimilarityHistograms,
    benchmark_from_json,
)
from ethnoshard.runs import (
    RunFolder,
    RunRecord,
    read_batches,
    read_metrics,
)
from ethnoshard.shards import FaceDataset

Unreadable = tuple[str, str]
"""Name of what can't be read, and why."""


_KEPT = 64
"""Arrays and tables of faces, some of them large."""


_KEPT_SMALL = 512
"""Records and tables of runs and reports: a page shows the same metrics of all of them."""


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


def stamp_of(path: Path) -> Stamp:
    """With another stamp a file is read again."""
    try:
        return Stamp.of(path)
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror}") from error


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def record(stamp: Stamp) -> RunRecord:
    """``run.json``."""
    return RunFolder(Path(stamp.path).parent).read()


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def metrics(stamp: Stamp) -> pl.DataFrame:
    """Metrics of a run."""
    return read_metrics(Path(stamp.path))


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def batches(stamp: Stamp) -> pl.DataFrame | None:
    """Batches of a run."""
    return read_batches(Path(stamp.path))


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def report(stamp: Stamp) -> ReportFolder:
    """A report."""
    return read_report(Path(stamp.path).parent)


@st.cache_resource(max_entries=32, show_spinner=False)
def pairs(stamp: Stamp, metric: str) -> RankedPairs:
    """Pairs of an evaluation, by their distance."""
    path = Path(stamp.path)
    return RankedPairs.of_scores(read_report(path.parent).pair_scores(), metric, path)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def picture(stamp: Stamp) -> PicturePoints:
    """The map of a clustering."""
    return read_report(Path(stamp.path).parent).picture()


@st.cache_resource(max_entries=16, show_spinner=False)
def findings(stamp: Stamp) -> pl.DataFrame:
    """What an audit suspects."""
    return read_report(Path(stamp.path).parent).findings()


@st.cache_resource(max_entries=32, show_spinner=False)
def curves(stamp: Stamp, source: str) -> GroupCurves:
    """Errors by group over thresholds."""
    return read_report(Path(stamp.path).parent).group_curves(source)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def histograms(stamp: Stamp, source: str) -> SimilarityHistograms | None:
    """Where each group's similarities lie."""
    return read_report(Path(stamp.path).parent).similarity_histograms(source)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def labels(stamp: Stamp, source: str) -> dict[str, str]:
    """Identity -> group."""
    return read_report(Path(stamp.path).parent).labels(source)


def given_dataset(name: str, path: Path) -> GivenDataset | Unreadable:
    """The dataset, or why it can't be opened."""
    try:
        if not (path / "dataset.json").exists():
            # It fails, and knows why: a work folder, an unfinished one, none at all.
            FaceDataset.open(path)
        return GivenDataset(name=name, path=path, dataset=dataset(stamp_of(path / "dataset.json")))
    except EthnoshardError as error:
        return name, str(error)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def dataset(stamp: Stamp) -> FaceDataset:
    """A dataset, opened."""
    return FaceDataset.open(Path(stamp.path).parent)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def faces(stamp: Stamp, identities: Stamp) -> pl.DataFrame:
    """A row a face; ``identities`` says when the other table changed."""
    dataset = FaceDataset.open(Path(stamp.path).parent)
    people = dataset.identities.select("group", "shard", name="identity").with_row_index("identity")
    return (
        dataset.faces()
        .with_columns(pl.col("identity").cast(pl.UInt32))
        .join(people, on="identity", how="left", maintain_order="left")
        .select("name", "group", "shard", "offset", "length", "source_image", "probability")
        .rename({"name": "identity"})
    )


def fact_of_table(folder: Path, name: str) -> str | None:
    """Of the record of a table of look-alikes; None where it can't be read."""
    try:
        return str(record_of_table(stamp_of(folder / "look-alikes.json")).get(name))
    except EthnoshardError:
        return None


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def record_of_table(stamp: Stamp) -> Mapping[str, object]:
    """``look-alikes.json``."""
    return read_json(Path(stamp.path))


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def table(stamp: Stamp) -> LookAlikes:
    """A table of look-alikes."""
    return LookAlikes.open(Path(stamp.path).parent)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def benchmark(stamp: Stamp) -> Benchmark | EthnoshardError | None:
    """A file of results; None of a kind that isn't known."""
    path = Path(stamp.path)
    try:
        return benchmark_from_json(path.stem, read_json(path), path)
    except EthnoshardError as error:
        return error


@st.cache_resource(max_entries=_KEPT_SMALL, show_spinner=False)
def groups_of_report(stamp: Stamp) -> list[str]:
    """Names of groups in it; none where it can't be read."""
    try:
        result = read_report(Path(stamp.path).parent).result
    except EthnoshardError:
        return []
    if isinstance(result, Audit):
        return [group for summary in result.kinds.values() for group in summary.by_group]
    sources = result.demographics if isinstance(result, Evaluation | Comparison) else ()
    return [group for source in sources for group in source.by_group]
