"""Shares of the faces in any order, twice, here and elsewhere: the file of one call; another model is refused."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ethnoshard._part_share import PartShare
from ethnoshard.embedding import (
    Embeddings,
    FaceModel,
    Faces,
    embed_missing,
    embed_share,
    embed_source,
    faces_of_dataset,
    faces_of_work,
)
from ethnoshard.errors import EthnoshardError
from tests.embedding.stand_in_models import means, model_of


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ethnoshard.embedding._embed_source._AT_ONCE", 8)
    monkeypatch.setattr("ethnoshard.embedding._embed_source.PART", 16)


@pytest.fixture(params=["work", "dataset"])
def faces(request: pytest.FixtureRequest, noise_work: Path, noise_dataset: Path) -> Faces:
    return faces_of_work(noise_work) if request.param == "work" else faces_of_dataset(str(noise_dataset))


def model(digest: str = "0" * 64) -> FaceModel:
    return model_of(means, digest=digest)


def saved(found: Embeddings, path: Path) -> bytes:
    found.save(path)
    return path.read_bytes()


def elsewhere(
    work: Callable[[Any], Any], tasks: Iterable[Any], *, setup: Callable[..., None], setup_arguments: Any, **_: object
) -> Iterator[Any]:
    setup(*setup_arguments)
    several = list(tasks)
    return map(work, [*reversed(several), *several])


@pytest.mark.parametrize("of", [2, 3, 20])
def test_shares_in_any_order_and_twice(of: int, faces: Faces, tmp_path: Path) -> None:
    whole = saved(embed_source(model(), faces, flip=True), tmp_path / "whole.npz")
    parts = tmp_path / "parts"
    for number in [*range(of, 0, -1), 1]:
        lacking = embed_share(model(), faces, parts, share=PartShare(number=number, of=of), flip=True)
    assert lacking.parts == 8 and lacking.missing == []
    calls = []

    def counting(images: Any) -> Any:
        calls.append(len(images))
        return means(images)

    found = embed_source(model_of(counting), faces, flip=True, parts=parts)
    assert saved(found, tmp_path / "many.npz") == whole and calls == []


def test_the_last_call_computes_what_lacks(faces: Faces, tmp_path: Path) -> None:
    whole = saved(embed_source(model(), faces), tmp_path / "whole.npz")
    for name, executor in (("here", None), ("there", elsewhere)):
        parts = tmp_path / name
        lacking = embed_share(model(), faces, parts, share=PartShare(number=2, of=3))
        assert lacking.missing == embed_missing(faces, parts).missing == [0, 2, 3, 5, 6] and lacking.array == "1,3"
        found = embed_source(model(), faces, parts=parts, executor=executor, load=model)
        assert saved(found, tmp_path / f"{name}.npz") == whole


def test_a_share_of_another_model_or_of_other_faces_is_refused_by_name(faces: Faces, tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    embed_share(model(), faces, parts, share=PartShare(number=1, of=3))
    with pytest.raises(EthnoshardError, match="was made otherwise: model differ"):
        embed_share(model("1" * 64), faces, parts, share=PartShare(number=1, of=3))
    with pytest.raises(EthnoshardError, match="was made otherwise: flip differ"):
        embed_source(model(), faces, flip=True, parts=parts)
    with pytest.raises(EthnoshardError, match="was made otherwise: faces differ"):
        embed_source(model(), replace(faces, digest="other"), parts=parts)
    with pytest.raises(EthnoshardError, match="is another model here"):
        embed_source(model(), faces, parts=tmp_path / "fresh", executor=elsewhere, load=lambda: model("1" * 64))


def test_pieces_read_what_the_whole_reads(faces: Faces) -> None:
    whole = list(faces.jpegs())
    pieces = [jpeg for start in range(0, len(whole), 7) for jpeg in faces.only(slice(start, start + 7)).jpegs()]
    assert pieces == whole and len(whole) == 120


def test_a_dataset_that_is_another_one_by_now_is_refused(noise_dataset: Path, tmp_path: Path) -> None:
    faces = faces_of_dataset(str(shutil.copytree(noise_dataset, tmp_path / "dataset")))
    with pytest.raises(EthnoshardError, match="is another dataset by now"):
        list(replace(faces.jpegs, fingerprint="other")())


def test_the_command_writes_one_file_from_shares(
    noise_work: Path, tmp_path: Path, cli: Callable[..., Any], contents_of: Callable[[Path], dict[str, bytes]]
) -> None:
    from tests.embedding.stand_in_models import write_flat_onnx

    network = write_flat_onnx(tmp_path / "flat.onnx", ("n", 3, 64, 64))
    line = ["embed", network, noise_work]
    options = ["--alignment", "crop", "--normalise", "unit", "--cache", tmp_path / "cache", "--no-cache"]
    out = tmp_path / "out"
    out.mkdir()
    asked = cli(*line, out / "many.npz", *options, "--missing")
    assert asked.returncode == 1 and asked.stdout == "1\n"
    share = cli(*line, out / "many.npz", *options, "--share", "1/2")
    assert share.returncode == 0 and "0 of all parts lack" in share.stdout, share.stderr
    for name in ("many", "one"):
        assert cli(*line, out / f"{name}.npz", *options).returncode == 0
    made = contents_of(out)
    assert sorted(made) == ["many.npz", "one.npz"] and made["many.npz"] == made["one.npz"]
    assert cli(*line, out / "many.npz", *options, "--missing").returncode == 0
    photographs = cli("embed", network, tmp_path / "nowhere", out / "x.npz", *options, "--share", "1/2")
    assert photographs.returncode == 1 and "photographs are aligned first" in photographs.stderr
    assert np.load(out / "many.npz")["embeddings"].shape == (120, 3 * 64 * 64)
