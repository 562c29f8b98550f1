"""Every reader of files that come from outside, each with small whole files of its own; a new one is a line here."""

import contextlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.fuzz._cases import Target
from benchmarks.fuzz._small_files import (
    PEOPLE,
    bin_file,
    cfp,
    face,
    fairface,
    parquet_images,
    parquet_pairs,
    photographs,
    recordio,
    shard_file,
    tar_file,
    text_file,
    utkface,
    zip_file,
)
from ethnoshard._files import write_table
from ethnoshard._progress import SILENT
from ethnoshard.alignment import AlignSettings, align, decode_face, decode_image
from ethnoshard.embedding import Embeddings
from ethnoshard.embedding._aligned import AlignedFaces
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.ethnicity import label_from_file
from ethnoshard.ethnicity._given_labels import read_label_file
from ethnoshard.loading._state import LoaderState
from ethnoshard.lookalikes import LookAlikes, make_look_alikes
from ethnoshard.reports import evaluate_scores, read_report, write_report
from ethnoshard.results import EvaluationOptions
from ethnoshard.runs import RunFolder, read_batches
from ethnoshard.shards import FaceDataset, read_decisions
from ethnoshard.shards._export import checked_faces, people_of
from ethnoshard.sources import (
    ImagePairs,
    open_labelled,
    open_source,
    read_any_pairs,
    read_attributes,
    read_lfw_groups,
    read_people_list,
    read_scores,
)
from ethnoshard.work import WorkFolder, read_labels
from tests.kit.datasets import write_dataset
from tests.kit.runs import FACTS, made_batches, made_use


def _read_source(name: str, folder: Path) -> int:
    """All images of a source; one that can't be had is a counted row."""
    source = open_source(folder / name)
    with source.open() as reader:
        for ref in source.refs:
            try:
                reader.read(ref)
            except UnreadableImageError:
                continue
    return len(source.refs) + sum(map(len, source.skipped.values()))


def _read_pairs(name: str, folder: Path, form: str = "auto") -> int:
    found = read_any_pairs(folder / name, form=form)
    return len(found.pairs if isinstance(found, ImagePairs) else found)


_LFW = [f"P{place}\t1\t2" for place in range(5)] + [f"P{place}\t1\tP{(place + 1) % 5}\t2" for place in range(5)]
_RFW = [f"m.{n}\t1\t2" for n in range(300)] + [f"m.{n}\t1\tm.{(n + 1) % 300}\t2" for n in range(300)]
_ANN = [f"1 a{n}/a{n}_0001.jpg a{n}/a{n}_0002.jpg\n0 a{n}/a{n}_0001.jpg b{n}/b{n}_0001.jpg" for n in range(12)]
_CALFW = [f"a{n}_0001.jpg {n + 1}\na{n}_0002.jpg {n + 1}" for n in range(4)]
_CALFW += [f"a{n}_0001.jpg 0\nb{n}_0001.jpg 0" for n in range(4)]
_BFW = ["fold,p1,p2,label,id1,id2,att1,att2,score"]
_BFW += [
    f"1,g/n{n}/1.jpg,g/n{n}/2.jpg,1,{n},{n},g,g,0.9\n1,g/n{n}/1.jpg,h/m{n}/2.jpg,0,{n},9{n},g,h,.1" for n in range(8)
]
_SCORES = ["score,same,group_a,group_b,person_a,person_b,fold"]
_SCORES += [
    f"{0.5 + n / 99:.3f},{n % 2},{'AB'[n // 2 % 2]},{'AB'[n // 2 % 2]},p{n // 2},p{n // 2 + 2 - n % 2 * 2},{n // 4 % 2}"
    for n in range(32)
]
_LABELS = ["identity,group,confidence", *(f"p{n},{'AB'[n % 2]},0.{n + 1}" for n in range(PEOPLE))]
_LFW_GROUPS = ["identity,images,usc_label,kumar_white,kumar_black,kumar_asian,kumar_indian"]
_LFW_GROUPS += [f"A_{n},2,{('Caucasian', 'African', '')[n % 3]},{n % 3},{2 - n % 3},0,0" for n in range(9)]
_DECISIONS = ["kind,identity,image,action,to,reason", "stranger,p0,p0/0.jpg,leave-out,,x", "shared,p1,,leave-out,,x"]
_DECISIONS += ["same-person,p2,,merge-into,p3,", 'several-people,p4,p4/1.jpg,move-to,p9,"a, b"']


_METADATA = ["file_name,identity,race", *(f"a/{n}.jpg,p{n // 3},{'AB'[n // 3 % 2]}" for n in range(12))]
_LIST = [f"{n:06d}.jpg {n // 3}" for n in range(12)]
_LST = [f"1\t/data/m.{n // 3}/{n}.jpg\t{n // 3}" for n in range(12)]


def _parquet_labels(name: str, folder: Path) -> None:
    rows = [line.split(",") for line in _LABELS[1:]]
    table = {"identity": [row[0] for row in rows], "group": [row[1] for row in rows]}
    pl.DataFrame(table).write_parquet(folder / name)


def _embeddings() -> Embeddings:
    names = list(photographs())
    vectors = np.random.default_rng(0).normal(size=(len(names), 8)).astype(np.float32)
    return Embeddings(
        vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        keys=np.array(names),
        identities=np.array([name.partition("/")[0] for name in names]),
        missing_keys=np.array(["p0/9.jpg"]),
        missing_status=np.array(["no_face"]),
        facts={"flip": False, "place": {"kind": "photographs", "name": "x"}},
    )


def _work(folder: Path) -> Path:
    """A work folder with labels, in ``folder/work``."""
    for name, data in photographs().items():
        path = folder / "faces" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    text_file("labels.csv", "\n".join(_LABELS) + "\n", folder)
    align(folder / "faces", folder / "work", AlignSettings(aligned=True, size=None), workers=1)
    label_from_file(folder / "work", folder / "labels.csv")
    return folder / "work"


def _make_work(folder: Path) -> None:
    _work(folder)


def _read_work(folder: Path) -> int:
    faces = AlignedFaces(folder / "work")
    return sum(1 for _ in faces.jpegs(faces.keys()))


def _dataset(folder: Path) -> None:
    write_dataset(folder / "dataset", [[3, 2, 1], [4, 2]])


def _read_dataset(folder: Path) -> int:
    dataset = FaceDataset.open(folder / "dataset")
    return len(dataset.faces()) + len(dataset.identities)


def _read_shards(folder: Path) -> int:
    """Every face, as it is written for other programs; one that can't be decoded is a counted row."""
    dataset = FaceDataset.open(folder / "dataset")
    number = 0
    for person in people_of(dataset, checked_faces(dataset), SILENT):
        for jpeg in person.jpegs:
            number += 1
            with contextlib.suppress(UnreadableImageError):
                decode_face(jpeg)
    return number


def _look_alikes(folder: Path) -> None:
    _dataset(folder)
    dataset = FaceDataset.open(folder / "dataset")
    owners = dataset.faces()["identity"].to_numpy()
    vectors = np.random.default_rng(0).normal(size=(len(owners), 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    make_look_alikes(folder / "near", dataset=dataset, vectors=vectors, owners=owners, model_facts={}, k=2)


def _read_look_alikes(folder: Path) -> int:
    return len(LookAlikes.open(folder / "near").nearest)


def _run(folder: Path) -> None:
    run = RunFolder(folder / "run")
    run.path.mkdir()
    run.write({**FACTS, "coverage": [{"epoch": 0, "groups": [made_use("A", faces=30, draws=30, used=30)]}]})
    write_table(run.batches_path, made_batches([(3, 1), (2, 2)]))
    write_table(run.metrics_path, pl.DataFrame({"step": [1, 2], "loss": [0.5, 0.25]}))


def _read_run(folder: Path) -> int:
    run = RunFolder(folder / "run")
    found = run.read()
    return len(found.dataset.groups) + len(read_batches(run.batches_path))


def _report(folder: Path) -> None:
    text_file("scores.csv", "\n".join(_SCORES) + "\n", folder)
    write_report(
        evaluate_scores(read_scores(folder / "scores.csv"), options=EvaluationOptions(draws=5)), folder / "report"
    )


def _read_report(folder: Path) -> int:
    report = read_report(folder / "report")
    return len(report.pair_scores().distance) + len(report.evaluation.demographics)


def _state(folder: Path) -> None:
    settings = {"target": {"A": 0.5, "B": 0.5}, "people_per_batch": 4, "images_per_person": 2, "seed": 7, "crop": 0}
    state = {
        "sequence": 2,
        "fingerprint": "ab" * 32,
        "look_alikes": None,
        "settings": settings,
        "epoch": 3,
        "batches": 12,
    }
    text_file("state.json", json.dumps(state), folder)


def _read_state(folder: Path) -> int:
    try:
        state = json.loads((folder / "state.json").read_bytes())
    except (ValueError, RecursionError) as error:
        # Whoever keeps a state reads it back by means of their own.
        raise EthnoshardError(f"no JSON ({error})") from error
    return len(LoaderState.parse(state).settings) + 1


def _images(folder: Path) -> None:
    (folder / "face.jpg").write_bytes(face(0))


def _read_image(folder: Path) -> int:
    return len(decode_image((folder / "face.jpg").read_bytes(), max_pixels=10**7))


def _lines(name: str, lines: list[str]) -> Callable[[Path], None]:
    return partial(text_file, name, "\n".join(lines) + "\n")


_ANSWERS, _BITS = [n % 2 == 0 for n in range(12)], np.arange(12) % 2
_ALL = (
    Target("tar", "a.tar", partial(tar_file, "a.tar", "w"), partial(_read_source, "a.tar")),
    Target("tar.gz", "a.tar.gz", partial(tar_file, "a.tar.gz", "w:gz"), partial(_read_source, "a.tar.gz")),
    Target("zip", "a.zip", partial(zip_file, "a.zip"), partial(_read_source, "a.zip")),
    Target(
        "WebDataset shard of ours", "dataset/shards/a-000000.tar", _dataset, partial(_read_source, "dataset/shards")
    ),
    Target("RecordIO", "train.rec", recordio, partial(_read_source, "")),
    Target("RecordIO without .idx", "train.rec", partial(recordio, index=False), partial(_read_source, "")),
    Target("RecordIO, train.idx", "train.idx", recordio, partial(_read_source, "")),
    Target("RecordIO, property", "property", recordio, partial(_read_source, "")),
    Target("Parquet with images", "a.parquet", partial(parquet_images, "a.parquet"), partial(_read_source, "")),
    Target("WebDataset shard", "a.tar", partial(shard_file, "a.tar", "w"), partial(_read_source, "a.tar")),
    Target("WebDataset shard, .tar.gz", "a.tar.gz", partial(shard_file, "a.tar.gz", "w:gz"), partial(_read_source, "")),
    Target("dataset as a source", "dataset/dataset.json", _dataset, partial(_read_source, "dataset")),
    Target("image", "face.jpg", _images, _read_image),
    Target("pairs: LFW", "a.txt", _lines("a.txt", ["1\t5", *_LFW]), partial(_read_pairs, "a.txt")),
    Target(
        "pairs: LFW as CSV",
        "a.csv",
        _lines("a.csv", ["name,imagenum1,imagenum2,", *(",".join(line.split()) for line in _LFW)]),
        partial(_read_pairs, "a.csv"),
    ),
    Target("pairs: label first", "a.txt", _lines("a.txt", _ANN), partial(_read_pairs, "a.txt")),
    Target("pairs: two lines", "a.txt", _lines("a.txt", _CALFW), partial(_read_pairs, "a.txt")),
    Target("pairs: RFW", "A/A_pairs.txt", _lines("A/A_pairs.txt", _RFW), partial(_read_pairs, "A")),
    Target("pairs: CFP", "Protocol/Pair_list_F.txt", cfp, partial(_read_pairs, "", form="cfp-ff")),
    Target("pairs: BFW", "a.csv", _lines("a.csv", _BFW), partial(_read_pairs, "a.csv")),
    Target("pairs: Parquet", "a.parquet", partial(parquet_pairs, "a.parquet"), partial(_read_pairs, "a.parquet")),
    Target("pairs: .bin", "a.bin", partial(bin_file, "a.bin", _ANSWERS), partial(_read_pairs, "a.bin")),
    Target("pairs: .bin by numpy", "a.bin", partial(bin_file, "a.bin", _BITS), partial(_read_pairs, "a.bin")),
    Target("scores", "a.csv", _lines("a.csv", _SCORES), lambda folder: len(read_scores(folder / "a.csv").score)),
    Target(
        "labels: CSV", "a.csv", _lines("a.csv", _LABELS), lambda folder: len(read_label_file(folder / "a.csv").rows)
    ),
    Target(
        "labels: Parquet",
        "a.parquet",
        partial(_parquet_labels, "a.parquet"),
        lambda folder: len(read_label_file(folder / "a.parquet").rows),
    ),
    Target(
        "groups: CSV", "a.csv", _lines("a.csv", _LABELS), lambda folder: len(read_attributes(folder / "a.csv").rows)
    ),
    Target(
        "groups: Parquet",
        "a.parquet",
        partial(_parquet_labels, "a.parquet"),
        lambda folder: len(read_attributes(folder / "a.parquet").rows),
    ),
    Target(
        "groups: LFW's",
        "a.csv",
        _lines("a.csv", _LFW_GROUPS),
        lambda folder: len(read_lfw_groups(folder / "a.csv")[0].groups),
    ),
    Target(
        "list: head", "a.csv", _lines("a.csv", _METADATA), lambda folder: len(read_people_list(folder / "a.csv").rows)
    ),
    Target(
        "list: no head", "a.txt", _lines("a.txt", _LIST), lambda folder: len(read_people_list(folder / "a.txt").rows)
    ),
    Target(
        "list: train.lst",
        "train.lst",
        _lines("train.lst", _LST),
        lambda folder: len(read_people_list(folder / "train.lst").rows),
    ),
    Target("decisions", "a.csv", _lines("a.csv", _DECISIONS), lambda folder: len(read_decisions(folder / "a.csv"))),
    Target(
        "UTKFace, zip", "a.zip", partial(utkface, "a.zip"), lambda folder: len(open_labelled(folder / "a.zip").refs)
    ),
    Target("FairFace, table", "fairface_label_val.csv", fairface, lambda folder: len(open_labelled(folder).refs)),
    Target(
        "embeddings",
        "a.npz",
        lambda folder: _embeddings().save(folder / "a.npz"),
        lambda folder: len(Embeddings.load(folder / "a.npz")),
    ),
    Target("work folder, record", "work/align.json", _make_work, _read_work),
    Target("work folder, faces", "work/parts/00000.tar", _make_work, _read_work),
    Target("work folder, table", "work/parts/00000.parquet", _make_work, _read_work),
    Target(
        "work folder, labels",
        "work/labels.parquet",
        _make_work,
        lambda folder: len(read_labels(WorkFolder(folder / "work"))),
    ),
    Target("dataset, manifest", "dataset/dataset.json", _dataset, _read_dataset),
    Target("dataset, identities", "dataset/identities.parquet", _dataset, _read_dataset),
    Target("dataset, faces", "dataset/faces.parquet", _dataset, _read_shards),
    Target("dataset, shard", "dataset/shards/a-000000.tar", _dataset, _read_shards),
    Target("look-alikes, record", "near/look-alikes.json", _look_alikes, _read_look_alikes),
    Target("look-alikes, array", "near/nearest.npy", _look_alikes, _read_look_alikes),
    Target("look-alikes, pairs", "near/apart.parquet", _look_alikes, _read_look_alikes),
    Target("report", "report/report.json", _report, _read_report),
    Target("report, arrays", "report/scores.npz", _report, _read_report),
    Target("run", "run/run.json", _run, _read_run),
    Target("run, batches", "run/batches.parquet", _run, _read_run),
    Target("loader's state", "state.json", _state, _read_state),
)
TARGETS = {target.name: target for target in _ALL}
