"""Images without a face are listed, and whatever else is wrong ends in one message with its number."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from stand_in_models import means, model_of, write_flat_onnx

from ethnoshard.embedding import Cache, Embeddings, Progress, embed_source, faces_of_work, load_model, open_faces
from ethnoshard.errors import EthnoshardError


@pytest.fixture(scope="module")
def photographs(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn photographs of two people, one of nobody, one that is cut short."""
    folder = tmp_path_factory.mktemp("photographs") / "faces"
    for person in sorted((drawn / "faces").iterdir())[:2]:
        (folder / person.name).mkdir(parents=True)
        for image in sorted(person.iterdir()):
            os.link(image, folder / person.name / image.name)
    Image.new("RGB", (200, 200), "grey").save(folder / person.name / "nobody.jpg")
    (folder / person.name / "short.jpg").write_bytes(image.read_bytes()[:100])
    return folder


def test_photographs_are_aligned_once_and_those_without_a_face_are_listed(photographs: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    told: list[tuple[int, int]] = []
    faces = open_faces(
        photographs, cache=cache, workers=1, progress=Progress(begun=lambda *counts: told.append(counts))
    )
    found = embed_source(model_of(means, crop=160), faces)
    assert sorted(status for status in found.statuses()) == ["embedded", "no_face", "unreadable"]
    assert sum(found.statuses().values()) == len(list(photographs.glob("*/*")))
    why = dict(zip(found.missing_keys.tolist(), found.missing_status.tolist(), strict=True))
    assert {"no_face", "unreadable"} == {why[key] for key in why if key.endswith(("/nobody.jpg", "/short.jpg"))}
    open_faces(photographs, cache=cache, workers=1, progress=Progress(begun=lambda *counts: told.append(counts)))
    number = sum(found.statuses().values())
    assert told == [(number, 0), (number, number)]


def test_five_points_are_cut_out_of_the_photographs_themselves(photographs: Path, tmp_path: Path) -> None:
    faces = open_faces(photographs, cache=Cache(tmp_path), workers=1)
    seen: list[NDArray[np.uint8]] = []

    def network(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        seen.append(images)
        return means(images)

    embed_source(model_of(network, alignment="five-point", side=112), faces)
    assert np.concatenate(seen).shape == (len(faces.keys), 112, 112, 3)
    (work,) = (tmp_path / "aligned").iterdir()
    with pytest.raises(EthnoshardError, match=r"needs the five-point alignment.*photographs.*--source"):
        embed_source(model_of(network, alignment="five-point", side=112), faces_of_work(work))


def test_the_source_of_another_work_folder_is_refused(noise_work: Path, photographs: Path) -> None:
    with pytest.raises(EthnoshardError, match=r"is not what .* was made from"):
        faces_of_work(noise_work, photographs)


def test_a_source_of_aligned_faces_has_no_landmarks(noise_work: Path, noise: Path) -> None:
    with pytest.raises(EthnoshardError, match="--aligned, so that nobody looked for landmarks"):
        embed_source(model_of(means, alignment="five-point"), faces_of_work(noise_work, noise / "faces"))


def test_a_model_that_looks_at_more_than_there_is_is_refused(noise_work: Path) -> None:
    with pytest.raises(EthnoshardError, match="looks at 160 pixels of a face, but those of faces have 64"):
        embed_source(model_of(means, crop=160), faces_of_work(noise_work))


@pytest.mark.parametrize(("value", "what"), [(np.nan, "NaN or infinite"), (np.inf, "NaN or infinite"), (0, "zero")])
def test_broken_embeddings_are_refused_with_their_number(noise_work: Path, value: float, what: str) -> None:
    spoilt = iter([3, 0])

    def network(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        vectors = means(images)
        vectors[: next(spoilt)] = value
        return vectors

    with pytest.raises(EthnoshardError, match=f"3 of 120 embeddings of stand-in are {what}"):
        embed_source(model_of(network), faces_of_work(noise_work))


@pytest.mark.parametrize("shape", [(1, 3, 112, 96), (1, 3, 112), (1, 1, 112, 112), (1, 112, 96, 3)])
def test_an_onnx_network_of_something_else_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = write_flat_onnx(tmp_path / "other.onnx", shape)
    with pytest.raises(EthnoshardError, match=r"one input of \(N, 3, S, S\)"):
        load_model(path)


def test_a_file_that_is_no_onnx_or_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.onnx").write_text("<html>404</html>")
    with pytest.raises(EthnoshardError, match="is no ONNX network that can be run"):
        load_model(tmp_path / "page.onnx")
    (tmp_path / "weights.h5").write_text("x")
    with pytest.raises(EthnoshardError, match="is of an unknown kind"):
        load_model(tmp_path / "weights.h5")
    with pytest.raises(EthnoshardError, match="is not there; give a run folder"):
        load_model(tmp_path / "gone.onnx")


def test_a_file_of_embeddings_needs_no_pickle_and_is_read_as_written(tmp_path: Path) -> None:
    written = Embeddings(
        vectors=np.eye(3, 4, dtype=np.float32), keys=np.array(["a/1.jpg", "a/2.jpg", "b/ü.jpg"]),
        identities=np.array(["a", "a", "b"]), missing_keys=np.array(["b/2.jpg"]),
        missing_status=np.array(["no_face"]), facts={"flip": True},
    )  # fmt: skip
    written.save(tmp_path / "one.npz")
    written.save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz", allow_pickle=False) as arrays:
        assert arrays["embeddings"].dtype == np.float32 and arrays["keys"].tolist() == written.keys.tolist()
    read = Embeddings.load(tmp_path / "one.npz")
    assert read.statuses() == {"embedded": 3, "no_face": 1} and read.facts == {"flip": True}
    np.savez(tmp_path / "later.npz", **{**written.arrays(), "format": np.array(2)})
    with pytest.raises(EthnoshardError, match="is of format 2; this version of ethnoshard reads 1"):
        Embeddings.load(tmp_path / "later.npz")
    np.savez(tmp_path / "objects.npz", embeddings=np.array([{}], object), keys=np.array(["a"]))
    with pytest.raises(EthnoshardError, match="pickled objects are not read"):
        Embeddings.load(tmp_path / "objects.npz")
