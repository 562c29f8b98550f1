"""``audit`` on a work folder: its report and summary, decisions for ``pack --without``, and what a user does wrong."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ethnoshard._progress import Progress
from ethnoshard.cli import audit
from ethnoshard.cli.audit import Steps
from ethnoshard.embedding import Embeddings
from ethnoshard.reports import read_report
from ethnoshard.shards import FaceDataset
from ethnoshard.synthetic import DrawnSettings, draw_faces
from tests.conftest import Cli
from tests.embedding.stand_in_models import write_flat_onnx

PEOPLE, IMAGES = 60, 4
WRONG, HOME, DOUBLE, FIRST = "p005/001.jpg", "p009", "p059", "p003"
"""An image of ``HOME`` in the folder of somebody else; an identity that is another one's."""
MODEL = {"name": "net", "kind": "onnx", "digest": "0" * 64, "alignment": "crop"}


def write_embeddings(
    path: Path, people: NDArray[np.float64], keys: list[str], name: str, normalise: str = "none"
) -> None:
    """A file as ``embed`` writes it; people are those of the keys' folders, in their order."""
    identities = [key.partition("/")[0] for key in keys]
    rng = np.random.default_rng(1)
    named = {each: row for row, each in enumerate(sorted(set(identities)))}
    vectors = people[[named[each] for each in identities]] + 0.25 * rng.normal(size=(len(keys), people.shape[1])) + 1
    if WRONG in keys:
        vectors[keys.index(WRONG)] += people[named[HOME]] - people[named[WRONG[:4]]]
    facts = {
        "model": {**MODEL, "normalise": normalise},
        "flip": False,
        "place": {"kind": "work folder", "name": name},
        "place_digest": "0" * 64,
    }
    Embeddings(
        vectors=vectors.astype(np.float32), keys=np.array(keys), identities=np.array(identities), facts=facts
    ).save(path)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, make_noise: Callable[..., Path], cli: Cli) -> Path:
    """A labelled work folder with two images of equal bytes; its embeddings; and those of another set, who has p007."""
    folder = make_noise(tmp_path_factory.mktemp("audit"), PEOPLE, IMAGES)
    shutil.copy(folder / "faces" / "p020" / "000.jpg", folder / "faces" / "p020" / "002.jpg")
    for run in (
        cli("align", folder / "faces", folder / "work", "--aligned"),
        cli("label", folder / "work", "--labels", folder / "labels.csv"),
    ):
        assert run.returncode == 0, run.stderr
    people = np.random.default_rng(0).normal(size=(PEOPLE + 40, 24))
    people[int(DOUBLE[1:])] = people[int(FIRST[1:])]
    keys = [f"p{person:03d}/{image:03d}.jpg" for person in range(PEOPLE) for image in range(IMAGES)]
    write_embeddings(folder / "work.npz", people[:PEOPLE], keys, "work")
    there = np.concatenate([people[7:8], people[PEOPLE:]])
    theirs = [f"t{person:03d}/{image}.jpg" for person in range(41) for image in range(3)]
    write_embeddings(folder / "other.npz", there, theirs, "test set")
    return folder


@pytest.fixture(scope="module")
def audited(place: Path, cli: Cli) -> tuple[Path, str, str]:
    """The report, and what was printed."""
    out, given = place / "audit", ("--embeddings", place / "work.npz", "--against", place / "other.npz")
    run = cli("audit", place / "work", *given, "--out", out)
    assert run.returncode == 0, run.stderr
    return out, run.stdout, run.stderr


def test_a_report_has_the_findings_their_faces_and_counts_by_group(audited: tuple[Path, str, str]) -> None:
    out, printed, _ = audited
    report = read_report(out)
    findings = report.findings()
    rows = {(row["kind"], row["identity"]): row for row in findings.iter_rows(named=True)}
    wrong = rows["stranger", WRONG[:4]]
    assert (wrong["image"], wrong["other_identity"]) == (WRONG, HOME)
    assert rows["same-person", FIRST]["other_identity"] == DOUBLE
    assert rows["same-image", "p020"]["how"] == "bytes" and rows["same-image", "p020"]["image"] == "p020/002.jpg"
    shared = rows["shared", "p007"]
    assert (shared["other_identity"], shared["other_set"]) == ("t000", "test set")
    assert shared["faces"] and shared["other_faces"] == []  # of the other set there are embeddings only
    audit = report.audit
    assert set(audit.kinds["stranger"].by_group) == {"A", "B", "C"} and audit.labels == ("file labels.csv",)
    assert [(each.name, each.images, each.people) for each in audit.against] == [("test set", 123, 41)]
    (jpeg,) = report.picture_jpegs(wrong["faces"][:1])
    assert jpeg.startswith(b"\xff\xd8") and len(list(out.glob("faces.tar"))) == 1
    assert printed.splitlines()[0] == "# Audit of work"
    assert f"ethnoshard dashboard {out}" in printed and "findings.parquet, faces.tar" in printed


def test_the_summary_names_nobody_unless_asked(audited: tuple[Path, str, str], place: Path, cli: Cli) -> None:
    out, printed, _ = audited
    for text in (printed, (out / "summary.md").read_text()):
        assert not any(name in text for name in (WRONG, HOME, DOUBLE, FIRST, "t000"))
        assert "person 1" in text
    named = cli("audit", place / "work", "--embeddings", place / "work.npz", "--names")
    assert WRONG in named.stdout and DOUBLE in named.stdout


def test_a_finding_becomes_a_decision_that_pack_carries_out(
    audited: tuple[Path, str, str], place: Path, tmp_path: Path, cli: Cli
) -> None:
    findings = read_report(audited[0]).findings()
    lines = ["kind,identity,image,action,to,reason"]
    for row in findings.iter_rows(named=True):
        if row["kind"] == "stranger" and row["image"] == WRONG:
            lines.append(f"stranger,{row['identity']},{row['image']},move-to,{row['other_identity']},")
        if row["kind"] == "same-person":
            lines.append(f"same-person,{row['identity']},,merge-into,{row['other_identity']},")
        if row["kind"] == "same-image":
            lines.append(f"same-image,{row['identity']},{row['image']},leave-out,,")
    (tmp_path / "decisions.csv").write_text("\n".join(lines) + "\n")
    run = cli("pack", place / "work", tmp_path / "dataset", "--without", tmp_path / "decisions.csv")
    assert run.returncode == 0, run.stderr
    dataset = FaceDataset.open(tmp_path / "dataset")
    counts = dict(zip(dataset.identities["identity"].to_list(), dataset.identities["faces"].to_list(), strict=True))
    assert len(counts) == PEOPLE - 1 and sum(counts.values()) == PEOPLE * IMAGES - 1
    assert (counts[HOME], counts[WRONG[:4]], counts[DOUBLE], counts["p020"]) == (5, 3, 8, 3) and FIRST not in counts


def test_what_is_not_looked_for_says_why(audited: tuple[Path, str, str], place: Path, cli: Cli) -> None:
    assert "embeddings alone, so that images that come twice aren't looked for in it" in audited[2]
    run = cli("audit", place / "work", "--embeddings", place / "work.npz", "--json", "--pictures", 0)
    told = json.loads(run.stdout)
    assert told["kinds"]["shared"]["left_out"] == "no other set was given; --against names one"
    assert told["pictures"] == 0 and told["kinds"]["stranger"]["left_out"] is None


def test_of_one_identity_only_images_are_compared_and_the_rest_says_why(place: Path, tmp_path: Path, cli: Cli) -> None:
    shutil.copytree(place / "faces" / "p020", tmp_path / "faces" / "p020")
    assert cli("align", tmp_path / "faces", tmp_path / "work", "--aligned", "--as-it-is").returncode == 0
    run = cli("audit", tmp_path / "work", "--embeddings", place / "work.npz", environment={"COLUMNS": "400"})
    assert run.returncode == 0, run.stderr
    assert "236 of 240 images of" in run.stderr
    assert "1 identities have two faces or more; to know how one person's faces vary takes 20 at least" in run.stdout
    assert "Looked at: 4 images, 1 people" in run.stdout
    assert "bytes" in run.stdout


def test_each_mistake_is_one_clear_line(place: Path, tmp_path: Path, cli: Cli) -> None:
    people = np.random.default_rng(0).normal(size=(40, 24))
    keys = [f"x{person:03d}/{image}.jpg" for person in range(40) for image in range(2)]
    write_embeddings(tmp_path / "far.npz", people, keys, "far")
    write_embeddings(tmp_path / "short.npz", people[:, :8], keys, "short")
    write_embeddings(tmp_path / "otherwise.npz", people, keys, "otherwise", normalise="imagenet")
    np.savez(tmp_path / "none.npz", embeddings=np.empty((0, 24), np.float32), keys=np.empty(0, "<U4"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    work, given = place / "work", ("--embeddings", place / "work.npz")
    mistakes: list[tuple[tuple[object, ...], str]] = [
        ((work,), "give either --model, which embeds all faces, or --embeddings, a file of them"),
        ((work, *given, "--model", "net.onnx"), "give either --model, which embeds all faces, or --embeddings"),
        ((work, "--embeddings", tmp_path / "far.npz"), "none of the 80 images of"),
        ((work, "--embeddings", tmp_path / "none.npz"), "holds no embedding"),
        ((work, *given, "--against", tmp_path / "short.npz"), "embeddings of short have 8 numbers, those of faces 24"),
        ((work, *given, "--against", tmp_path / "otherwise.npz"), "embed both by the same model"),
        ((work, *given, "--against", work), "needs a --model to embed it"),
        ((work, *given, "--against", tmp_path / "none.npz"), "holds no face with an embedding"),
        ((work, *given, "--out", tmp_path / "full"), "full"),
        ((work, *given, "--sure", 2), "--sure must be between 0 and 1, got 2"),
        ((work, *given, "--pictures", -1), "--pictures must be at least 0, got -1"),
        ((work, *given, "--flip"), "--alignment, --normalise, --crop and --flip go with --model"),
        ((work, "--embeddings", tmp_path / "gone.npz"), "gone.npz"),
        ((tmp_path / "gone", *given), "gone"),
    ]
    for arguments, message in mistakes:
        run = cli("audit", *arguments, environment={"COLUMNS": "1000"})
        assert run.returncode == 1, (arguments, run.stdout, run.stderr)
        assert message in " ".join(run.stderr.split()) and "Traceback" not in run.stderr, (arguments, run.stderr)
    assert [each.name for each in (tmp_path / "full").iterdir()] == ["mine.txt"]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of 24 drawn people; ``there``, those of three of them and of eight others, under other names."""
    folder = tmp_path_factory.mktemp("photographs")
    here = draw_faces(folder / "drawn", DrawnSettings(identities=24, images=3)) / "faces"
    others = draw_faces(folder / "others", DrawnSettings(identities=8, images=3, seed=1)) / "faces"
    here.rename(folder / "here")
    people = [*sorted((folder / "here").iterdir())[:3], *sorted(others.iterdir())]
    for number, person in enumerate(people):
        shutil.copytree(person, folder / "there" / f"t{number:02d}")
    write_flat_onnx(folder / "flat.onnx", (1, 3, 24, 24))
    return folder


def test_photographs_are_embedded_and_compared_with_photographs_of_another_set(
    photographs: Path, tmp_path: Path, cli: Cli
) -> None:
    here, there = photographs / "here", photographs / "there"
    model = ("--model", photographs / "flat.onnx")
    # Drawn people resemble each other too much for a network of pixels to be sure of anybody.
    run = cli("audit", here, *model, "--against", there, "--out", tmp_path / "audit", "--sure", 0, "--pictures", 200)
    assert run.returncode == 0, run.stderr
    report = read_report(tmp_path / "audit")
    assert report.audit.model is not None and report.audit.model.alignment == "five-point"
    (other,) = report.audit.against
    assert (other.name, other.people) == ("there", 11) and report.audit.images.people == 24
    findings = report.findings().filter(other_set="there")
    twice = findings.filter(kind="same-image", how="bytes")
    named = {f"t{number:02d}": person.name for number, person in enumerate(sorted(here.iterdir())[:3])}
    assert dict(twice.select("other_identity", "identity").iter_rows()) == named
    copies = {f"{their}/{image.name}" for their, mine in named.items() for image in (here / mine).iterdir()}
    lost = sum(number for status, number in report.audit.images.statuses.items() if status != "embedded")
    assert set(twice["other_image"]) <= copies and len(copies) - lost <= len(twice) <= len(copies)
    shared = findings.filter(kind="shared").sort("figure")
    nearest = dict(shared.select("other_identity", "identity").iter_rows())
    assert {their: nearest[their] for their in named} == named
    for row in twice.iter_rows(named=True):
        one, other = report.picture_jpegs([*row["faces"], *row["other_faces"]])
        assert one == other and one.startswith(b"\xff\xd8")


def test_cut_faces_of_another_set_that_a_five_point_model_cannot_use_are_refused_with_what_to_do(
    photographs: Path, place: Path, tmp_path: Path, cli: Cli
) -> None:
    model = photographs / "flat.onnx"
    assert cli("align", photographs / "there", tmp_path / "work").returncode == 0
    for other, advice in (
        (tmp_path / "work", f"embed MODEL {tmp_path / 'work'} OTHER.npz --source PHOTOGRAPHS"),
        (place / "work", "embed MODEL PHOTOGRAPHS OTHER.npz"),
    ):
        run = cli("audit", photographs / "here", "--model", model, "--against", other, environment={"COLUMNS": "1000"})
        assert run.returncode == 1 and "Traceback" not in run.stderr
        error = " ".join(run.stderr.split())
        assert f"--against {other} holds faces that are cut out already, and flat needs the five-point" in error
        assert f"Give the photographs themselves by --against, or embed them first, `ethnoshard {advice}`" in error
    embedded = cli("embed", model, tmp_path / "work", tmp_path / "there.npz", "--source", photographs / "there")
    assert embedded.returncode == 0, embedded.stderr
    run = cli("audit", photographs / "here", "--model", model, "--against", tmp_path / "there.npz", "--json")
    assert run.returncode == 0, run.stderr
    assert [each["people"] for each in json.loads(run.stdout)["against"]] == [11]


@pytest.mark.parametrize("begun", [0, 1, 3])
def test_a_bar_of_steps_goes_on_as_each_step_ends_and_is_full_in_the_end(begun: int) -> None:
    totals: list[int] = []
    done: list[int] = [0]
    steps = Steps(
        Progress(begun=lambda number, _: totals.append(number), advance=lambda number: done.append(done[-1] + number)),
        3,
    )
    for number in range(begun):
        steps(f"step {number}")
        assert done[-1] == number
    steps.finish()
    assert totals == [3] and done[-1] == 3


@pytest.mark.parametrize("against", [["other.npz"], []])
def test_the_bar_of_an_audit_is_full_in_the_end(
    place: Path, monkeypatch: pytest.MonkeyPatch, against: list[str]
) -> None:
    bars: dict[str, list[int]] = {}

    @contextmanager
    def watched(what: str, unit: str) -> Iterator[Progress]:
        yield Progress(
            begun=lambda total, done: bars.update({what: [total, done]}),
            advance=lambda number: bars[what].append(number),
        )

    monkeypatch.setattr("ethnoshard.cli.audit.watched", watched)
    audit.run(str(place / "work"), embeddings=place / "work.npz", against=[str(place / each) for each in against])
    total, *advanced = bars["audit"]
    assert sum(advanced) == total == 4 + len(against)
