"""A report, or embeddings, at a URL: the files of a local one, the last of them last; what is somebody else's stays."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from made_reports import made_embeddings

from ethnoshard import EthnoshardError
from ethnoshard._upload import UploadFolder, check_file
from ethnoshard._urls import Patience
from ethnoshard.embedding import Embeddings
from ethnoshard.reports import Report, check_out, cluster_embeddings, read_report, write_report
from tests.kit.faulty_store import Bucket, bucket

Contents = Callable[[Path], dict[str, bytes]]


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with bucket("reports") as made:
        yield made


@pytest.fixture
def place(s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder of the bucket for one test, without any fault yet; attempts follow one another at once."""
    monkeypatch.setattr(Patience, "wait", lambda *_: 0.0)
    s3.store.plan("", "", 0)
    return tmp_path.name


@pytest.fixture(scope="module")
def report() -> Report:
    return cluster_embeddings(made_embeddings(1), people=4, cluster_people=6, draws=1)


def test_it_is_the_local_one_and_its_record_comes_last(
    s3: Bucket, place: str, report: Report, tmp_path: Path, contents_of: Contents
) -> None:
    write_report(report, tmp_path / "local")
    check_out(f"s3://reports/{place}", storage_options=s3.options)
    assert not s3.content(place)
    s3.store.plan("503", "PUT .*summary", 1)
    write_report(report, f"s3://reports/{place}", storage_options=s3.options)
    assert s3.content(place) == contents_of(tmp_path / "local")
    written = [what.partition("?")[0] for what in s3.store.requests if what.startswith("PUT ")]
    assert [what.endswith(f"{place}/report.json") for what in written] == [False] * (len(written) - 1) + [True]
    s3.direct.get(f"reports/{place}", str(tmp_path / "copied"), recursive=True)
    assert read_report(tmp_path / "copied").kind == "clustering"


def test_a_newer_one_takes_its_place_and_leaves_what_is_somebodys(s3: Bucket, place: str, report: Report) -> None:
    url = f"s3://reports/{place}"
    write_report(report, url, storage_options=s3.options)
    for name in ("old.npz", "figures/old.html", "notes.txt", "other/report.json"):
        s3.direct.pipe_file(f"reports/{place}/{name}", b"mine")
    newer = replace(report, summary="newer")
    write_report(newer, url, storage_options=s3.options)
    there = s3.content(place)
    assert there["summary.md"] == b"newer" and there["notes.txt"] == there["other/report.json"] == b"mine"
    assert "old.npz" not in there and "figures/old.html" not in there and ".writing/report.json" not in there


class Stopped(BaseException):
    """What no code of ours catches, as kill -9 can't be caught."""


def test_stopped_at_any_step_it_is_none_or_one_of_the_two_and_is_made_again(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = Report(kind=report.kind, result=report.result, arrays={"a": {"x": np.zeros(3)}}, summary="of few files")
    older = replace(newer, arrays={"a": {"x": np.ones(3)}, "b": {"x": np.ones(3)}}, summary="of others")
    watched = UploadFolder._watched

    def write_until(stop_at: int | None, url: str, report: Report = newer) -> int:
        taken = 0

        def counted(self: UploadFolder, *given: Any) -> Any:
            nonlocal taken
            if taken == stop_at:
                raise Stopped
            taken += 1
            return watched(self, *given)

        monkeypatch.setattr(UploadFolder, "_watched", counted)
        check_out(url)
        write_report(report, url)
        return taken

    def content(url: str) -> dict[str, bytes]:
        memory, root = fsspec.filesystem("memory"), url.removeprefix("memory:/")
        return {path.removeprefix(f"{root}/"): memory.cat_file(path) for path in memory.find(root)}

    write_until(None, "memory://steps/older", older)
    write_until(None, "memory://steps/whole")
    of_older, whole = content("memory://steps/older"), content("memory://steps/whole")
    assert whole.keys() == {"a.npz", "summary.md", "report.json"}
    steps = write_until(None, "memory://steps/older")
    assert steps > 8 and content("memory://steps/older") == whole
    for step in range(steps):
        for url, before in (("memory://steps/empty", None), ("memory://steps/full", older)):
            if before is not None:
                write_until(None, url, before)
            with contextlib.suppress(Stopped):  # where nothing was, there are fewer steps
                write_until(step, url)
            found = content(url)
            found.pop(".writing/report.json", None)
            assert "report.json" not in found or found in (of_older, whole)
            write_until(None, url)
            assert content(url) == whole
            fsspec.filesystem("memory").rm(url, recursive=True)
    fsspec.filesystem("memory").store.clear()


def test_what_is_no_report_is_refused_before_anything_is_computed(s3: Bucket, place: str, report: Report) -> None:
    url = f"s3://reports/{place}"
    s3.direct.pipe_file(f"reports/{place}/thesis.tex", b"mine")
    for refused in (lambda: check_out(url, storage_options=s3.options),
                    lambda: write_report(report, url, storage_options=s3.options)):  # fmt: skip
        with pytest.raises(EthnoshardError, match=rf"{url} holds other things than a report \(thesis.tex for"):
            refused()
    assert s3.content(place) == {"thesis.tex": b"mine"}
    s3.store.plan("403", "PUT ", 1)
    with pytest.raises(EthnoshardError, match=r"elsewhere.* may not be written .*check the credentials"):
        check_out(f"{url}/elsewhere", storage_options=s3.options)


def test_embeddings_are_the_local_file(s3: Bucket, place: str, tmp_path: Path) -> None:
    embeddings = made_embeddings(2)
    embeddings.save(tmp_path / "local.npz")
    url = f"s3://reports/{place}/some/faces.npz"
    check_file(url, s3.options)
    assert not s3.content(place)
    embeddings.save(url, storage_options=s3.options)
    assert s3.content(place) == {"some/faces.npz": (tmp_path / "local.npz").read_bytes()}
    s3.store.plan("403", "PUT ", 1)
    with pytest.raises(EthnoshardError, match=r"faces.npz.writing may not be written"):
        check_file(url, s3.options)
    Embeddings.save(embeddings, (tmp_path / "by-url.npz").as_uri())
    assert (tmp_path / "by-url.npz").read_bytes() == (tmp_path / "local.npz").read_bytes()
