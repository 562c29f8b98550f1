"""Whatever the shares, their order, how often one ran and which ran at once: the bytes are those of one call."""

import random
import re
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ethnoshard._files import write_json
from ethnoshard._part_share import PartShare
from ethnoshard._progress import SILENT, Progress
from ethnoshard._stamp import Stamp
from ethnoshard.alignment import AlignSettings, align, missing_parts
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity import compare_with_classifier, label_by_classifier, label_missing, label_share
from ethnoshard.shards import PackSettings, pack
from ethnoshard.sources import Source, open_source
from ethnoshard.work import FaceRow, WorkFolder, write_part

SETTINGS = AlignSettings(aligned=True, size=64, part_images=8)

Contents = Callable[[Path], dict[str, bytes]]


class InThisProcess:
    """An executor that costs no process, and does some tasks twice."""

    def __init__(self, seed: int | None = None) -> None:
        self._chance = None if seed is None else random.Random(seed)
        self.done: list[Any] = []

    def __call__(
        self,
        work: Callable[[Any], Any],
        tasks: Iterable[Any],
        *,
        workers: int,
        setup: Callable[..., None] | None = None,
        setup_arguments: tuple[object, ...] = (),
        progress: Progress = SILENT,
    ) -> Iterator[Any]:
        if setup is not None:
            setup(*setup_arguments)
        several = list(tasks)
        if self._chance is not None:
            several += self._chance.sample(several, len(several) // 2)
            self._chance.shuffle(several)
        for task in several:
            self.done.append(task)
            yield work(task)


@pytest.fixture(scope="module")
def reference(noise: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("reference") / "work"
    align(noise / "faces", work, SETTINGS, executor=InThisProcess())
    return work


def share(noise: Path, work: Path, number: int, of: int, settings: AlignSettings = SETTINGS) -> None:
    align(noise / "faces", work, settings, share=PartShare(number=number, of=of), executor=InThisProcess())


@pytest.mark.parametrize(("of", "seed"), [(2, 0), (3, 1), (5, 2), (40, 3)])
def test_shares_in_any_order_and_twice(
    of: int, seed: int, noise: Path, reference: Path, tmp_path: Path, contents_of: Contents
) -> None:
    chance, work = random.Random(seed), tmp_path / "work"
    order = [*range(1, of + 1), *chance.sample(range(1, of + 1), of // 2)]
    chance.shuffle(order)
    for number in order:
        share(noise, work, number, of)
    folder = WorkFolder(work)
    lacking = missing_parts(folder, lambda: open_source(noise / "faces"), SETTINGS)
    assert lacking.missing == [] and not lacking.finished and not folder.record().complete
    report = align(noise / "faces", work, SETTINGS, executor=InThisProcess())
    assert report.made == 0 and report.finished and contents_of(work) == contents_of(reference)


def test_the_last_call_makes_what_lacks(noise: Path, reference: Path, tmp_path: Path, contents_of: Contents) -> None:
    work = tmp_path / "work"
    share(noise, work, 2, 3)
    folder = WorkFolder(work)
    parts = folder.record().parts
    lacking = missing_parts(folder, lambda: pytest.fail("its record says how many"), SETTINGS, 3)
    assert lacking.missing == [part for part in range(parts) if part % 3 != 1] and lacking.array == "1,3"
    align(noise / "faces", work, SETTINGS, executor=InThisProcess())
    assert contents_of(work) == contents_of(reference)
    assert missing_parts(folder, lambda: pytest.fail("as above"), SETTINGS).finished


def test_before_any_share_all_parts_lack(noise: Path, reference: Path, tmp_path: Path) -> None:
    lacking = missing_parts(WorkFolder(tmp_path / "no"), lambda: open_source(noise / "faces"), SETTINGS)
    assert (
        lacking.missing == list(range(WorkFolder(reference).record().parts)) and lacking.array == f"1-{lacking.parts}"
    )


def test_an_executor_that_does_parts_twice_in_any_order(
    noise: Path, reference: Path, noise_work: Path, tmp_path: Path, contents_of: Contents
) -> None:
    align(noise / "faces", tmp_path / "work", SETTINGS, executor=InThisProcess(1))
    assert contents_of(tmp_path / "work") == contents_of(reference)
    labelled = shutil.copytree(noise_work, tmp_path / "labelled")
    settings = PackSettings(shard_bytes=80_000)
    for name, executor in (("one", InThisProcess()), ("many", InThisProcess(2))):
        assert pack(labelled, tmp_path / name, settings, executor=executor).written > 3
    assert contents_of(tmp_path / "one") == contents_of(tmp_path / "many")


def test_who_writes_a_shard_when_all_is_packed_leaves_nothing(noise_work: Path, tmp_path: Path) -> None:
    labelled = shutil.copytree(noise_work, tmp_path / "labelled")
    executor = InThisProcess()
    pack(labelled, tmp_path / "dataset", PackSettings(shard_bytes=80_000), executor=executor)
    before = sorted(tmp_path.rglob("*"))
    from ethnoshard.shards._write_shard import write_shard

    for task in executor.done:
        with pytest.raises(EthnoshardError, match="could not be written"):
            write_shard(task)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_share_that_is_late_leaves_a_finished_folder_finished(
    noise: Path, reference: Path, tmp_path: Path, contents_of: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = shutil.copytree(reference, tmp_path / "work")
    share(noise, work, 1, 2)
    # One that saw no record when it began.
    exists, record = Path.exists, work / "align.json"
    blind = [True]

    def not_yet(path: Path, **options: Any) -> bool:
        if path == record and blind:
            blind.pop()
            return False
        return exists(path, **options)

    monkeypatch.setattr(Path, "exists", not_yet)
    monkeypatch.setattr("ethnoshard.work._folder.any", lambda entries: False, raising=False)
    folder = WorkFolder(work)
    content = {"source": {}, "settings": {}, "parts": 0}
    with pytest.raises(EthnoshardError, match="was made otherwise: parts was"):
        folder.begin(content)
    assert not blind and contents_of(work) == contents_of(reference)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (AlignSettings(aligned=True, size=48, part_images=8), "settings.size was 64 and is 48 now"),
        (AlignSettings(aligned=True, size=64, part_images=8, quality=90), "settings.quality was 95 and is 90 now"),
    ],
)
def test_a_share_of_other_settings_is_refused_by_name(
    settings: AlignSettings, named: str, noise: Path, tmp_path: Path
) -> None:
    share(noise, tmp_path / "work", 1, 3)
    with pytest.raises(EthnoshardError, match=named):
        share(noise, tmp_path / "work", 2, 3, settings)


def test_a_share_of_another_source_or_version_is_refused_by_name(
    noise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share(noise, tmp_path / "work", 1, 3)
    other = shutil.copytree(noise / "faces", tmp_path / "other" / "faces")
    (other / "p000" / "000.jpg").unlink()
    with pytest.raises(EthnoshardError, match=r"source.digest was .*source.images was 120 and is 119 now"):
        align(other, tmp_path / "work", SETTINGS, share=PartShare(number=2, of=3), executor=InThisProcess())
    monkeypatch.setattr("ethnoshard.alignment._deciding.version", lambda name: "0.0")
    with pytest.raises(EthnoshardError, match=r"versions.numpy was .* and is '0.0' now"):
        share(noise, tmp_path / "work", 2, 3)


def test_photographs_that_changed_between_shares_are_told_at_the_latest_by_the_last_call(
    noise: Path, tmp_path: Path
) -> None:
    source = shutil.copytree(noise / "faces", tmp_path / "faces")
    for number in (1, 2):
        align(source, tmp_path / "work", SETTINGS, share=PartShare(number=number, of=2), executor=InThisProcess())
    changed = source / "p000" / "000.jpg"
    changed.write_bytes(changed.read_bytes()[:-1] + b"?")
    with pytest.raises(EthnoshardError, match=r"made from other photographs: 1 of the \d+ compared"):
        align(source, tmp_path / "work", SETTINGS, executor=InThisProcess())


def test_the_last_call_reads_no_photograph_again_that_looks_as_it_did(
    noise: Path, reference: Path, tmp_path: Path, contents_of: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = Stamp.of
    # Files that were just made are not trusted; and each machine has its own number for a shared file system.
    monkeypatch.setattr(Stamp, "settled", lambda stamp: True)
    for number in (1, 2):
        monkeypatch.setattr(Stamp, "of", lambda path, number=number: of(path)._replace(device=number))
        share(noise, tmp_path / "work", number, 2)
    asked: list[list[int]] = []

    def watched(folder: WorkFolder, images: Source, parts: list[int], **_: object) -> None:
        asked.append(list(parts))

    monkeypatch.setattr("ethnoshard.alignment._align.check_photographs", watched)
    (tmp_path / "work" / "parts" / "00003.seen").write_text("otherwise")
    (tmp_path / "work" / "parts" / "00005.seen").unlink()
    align(noise / "faces", tmp_path / "work", SETTINGS, executor=InThisProcess())
    assert asked == [[3, 5]] and contents_of(tmp_path / "work") == contents_of(reference)


def test_whatever_a_share_writes_has_a_name_of_its_own_until_it_is_whole(
    noise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, names = tmp_path / "faces.tar", list[str]()
    with tarfile.open(source, "w") as tar:
        tar.add(noise / "faces", "faces")
    monkeypatch.setattr(Stamp, "settled", lambda stamp: True)
    replace, link = Path.replace, Path.hardlink_to
    monkeypatch.setattr(Path, "replace", lambda path, target: (names.append(path.name), replace(path, target))[1])
    monkeypatch.setattr(Path, "hardlink_to", lambda path, target: (names.append(target.name), link(path, target))[1])
    reports = [
        align(source, tmp_path / "work", SETTINGS, share=PartShare(number=number, of=2), executor=InThisProcess())
        for number in (1, 2)
    ]
    assert sum(report.made for report in reports) == 120 and (tmp_path / "work" / "photographs.json").is_file()
    assert len(set(names)) == len(names) == 2 + 2 * reports[0].parts
    assert all(re.search(r"\.[0-9a-f]{8}-\d+-[0-9a-f]{8}\.writing$", name) for name in names)


def test_a_part_that_somebody_else_made_meanwhile_stays(reference: Path, tmp_path: Path) -> None:
    path = WorkFolder(shutil.copytree(reference, tmp_path / "work")).part_path(0)
    before = path.read_bytes(), path.with_suffix(".parquet").read_bytes()
    assert not write_part(path, [FaceRow(identity="x", image="x/1", status="aligned", jpeg=b"other")])
    assert (path.read_bytes(), path.with_suffix(".parquet").read_bytes()) == before
    assert not list(path.parent.glob("*.writing"))


def test_parts_that_others_made_elsewhere_are_asked_for_by_name(noise: Path, tmp_path: Path) -> None:
    def elsewhere(work: Callable[[Any], Any], tasks: Iterable[Any], **_: object) -> Iterator[Any]:
        return iter([])

    with pytest.raises(EthnoshardError, match=r"parts were made but are not in .*does every machine see the same"):
        align(noise / "faces", tmp_path / "work", SETTINGS, executor=elsewhere)


def test_a_part_whose_files_two_machines_made_otherwise_is_refused_by_name(
    noise: Path, reference: Path, tmp_path: Path
) -> None:
    work = shutil.copytree(reference, tmp_path / "work")
    tar = work / "parts" / "00001.tar"
    tar.write_bytes(tar.read_bytes() + bytes(10_240))
    record = WorkFolder(work).record_path
    from ethnoshard._files import read_json

    write_json(record, {**read_json(record), "complete": False})
    with pytest.raises(EthnoshardError, match=r"00001.tar is .* bytes, its table speaks of"):
        align(noise / "faces", work, SETTINGS, executor=InThisProcess())


class ByMean:
    """Says of a face what its mean says."""

    classes = ("A", "B")

    def __init__(self, sha256: str = "0" * 64) -> None:
        self.name, self.sha256 = "by-mean", sha256

    def probabilities(self, faces: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        means = np.array([face.mean() / 255 for face in faces], np.float32)
        return np.stack([means, 1 - means], 1)


@pytest.mark.parametrize("of", [2, 3, 40])
def test_shares_of_a_classifiers_labels(
    of: int, reference: Path, tmp_path: Path, contents_of: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("_label_by_classifier", "_label_share"):
        monkeypatch.setattr(f"ethnoshard.ethnicity.{module}.in_processes", InThisProcess())
    one, many, mixed = (shutil.copytree(reference, tmp_path / name) for name in ("one", "many", "mixed"))
    label_by_classifier(one, load=ByMean, images=2, seed=3)
    for number in [*range(of, 0, -1), 1]:
        lacking = label_share(many, share=PartShare(number=number, of=of), load=ByMean, images=2, seed=3)
    assert lacking.missing == [] and not lacking.finished and not (many / "labels.parquet").exists()
    with pytest.raises(EthnoshardError, match=r"was made otherwise: seed differ.*seed was 3 and is 4 now"):
        label_share(many, share=PartShare(number=1, of=of), load=ByMean, images=2, seed=4)
    with pytest.raises(EthnoshardError, match="was made otherwise: model differ"):
        label_by_classifier(many, load=lambda: ByMean("1" * 64), images=2, seed=3)
    label_by_classifier(many, load=ByMean, images=2, seed=3)
    assert contents_of(many) == contents_of(one)
    assert label_missing(WorkFolder(many), images=2, seed=3).finished
    assert not label_missing(WorkFolder(many), images=2, seed=4).finished
    # Some by a share, the rest by the last call, on other machines.
    label_share(mixed, share=PartShare(number=1, of=of), load=ByMean, images=2, seed=3)
    label_by_classifier(mixed, load=ByMean, images=2, seed=3, executor=InThisProcess(5))
    assert contents_of(mixed) == contents_of(one)


def test_agreement_by_many_is_that_of_one(
    noise_work: Path, tmp_path: Path, contents_of: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ethnoshard.ethnicity._label_by_classifier.in_processes", InThisProcess())
    one, many = (shutil.copytree(noise_work, tmp_path / name) for name in ("one", "many"))
    for work, executor in ((one, None), (many, InThisProcess(1))):
        compare_with_classifier(work, load=ByMean, executor=executor)
    assert contents_of(many) == contents_of(one)
