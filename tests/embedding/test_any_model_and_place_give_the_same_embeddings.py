"""One network as a run, as safetensors and as ONNX; one set of faces as a work folder and as a dataset."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from stand_in_models import means, model_of, write_flat_onnx
from threadpoolctl import threadpool_info, threadpool_limits

from ethnoshard._resampling import averaging
from ethnoshard.embedding import (
    NORMALISATIONS,
    AlignedFaces,
    Embeddings,
    embed_faces,
    embed_source,
    faces_of_dataset,
    faces_of_work,
    load_model,
)
from ethnoshard.embedding._model import Images, Vectors, network_input
from ethnoshard.runs import RunFolder
from ethnoshard.training import FaceEmbedder, export, save_weights


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose network sees 32 pixels of the middle 48 of 64."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("runs") / "natural-3"
    folder.mkdir()
    RunFolder(folder).write(
        {
            "arm": "natural", "seed": 3, "status": "finished", "progress": {"epoch": 7, "step": 70},
            "dataset": {"fingerprint": "f" * 64, "image_size": 64},
            "settings": {"crop": 48, "backbone": "mobilefacenet", "embedding": 16, "side": 32},
        }
    )  # fmt: skip
    embedder = FaceEmbedder("mobilefacenet", embedding=16, side=32).eval()
    save_weights(embedder, RunFolder(folder).weights_path, {"crop": "48", "face": "64"})
    return folder


def cosines(one: Embeddings, other: Embeddings) -> NDArray[np.float64]:
    assert one.keys.tolist() == other.keys.tolist()
    return (one.vectors.astype(float) * other.vectors).sum(axis=1)


@pytest.mark.parametrize("flip", [False, True])
def test_a_run_and_what_is_exported_from_it_give_the_same(
    run: Path, noise_work: Path, tmp_path: Path, flip: bool
) -> None:
    faces = faces_of_work(noise_work)
    found = {}
    for end in (".safetensors", ".onnx"):
        export(run, tmp_path / f"model{end}")
        model = load_model(tmp_path / f"model{end}")
        assert (model.alignment, model.crop, model.side, model.embedding) == ("crop", 48, 32, 16)
        found[end] = embed_source(model, faces, flip=flip)
    of_run = load_model(run)
    assert of_run.about["arm"] == "natural" and of_run.about["epoch"] == "7" and of_run.name == "natural-3"
    first = embed_source(of_run, faces, flip=flip)
    np.testing.assert_array_equal(first.vectors, found[".safetensors"].vectors)
    assert cosines(first, found[".onnx"]).min() > 1 - 1e-6
    assert of_run.digest == load_model(tmp_path / "model.safetensors").digest
    work = AlignedFaces(noise_work)
    trained = embed_faces(network_of(run), work.jpegs(first.keys.tolist()), crop=48, flip=flip)
    np.testing.assert_allclose(first.vectors, trained, atol=1e-6)


def network_of(run: Path) -> torch.nn.Module:
    from ethnoshard.training import run_embedder

    return run_embedder(run)


def test_a_work_folder_and_what_is_packed_of_it_give_the_same(noise_work: Path, noise_dataset: Path) -> None:
    model = model_of(means)
    work, packed = (
        embed_source(model, faces) for faces in (faces_of_work(noise_work), faces_of_dataset(str(noise_dataset)))
    )
    rows = work.rows()
    assert sorted(rows) == sorted(packed.keys.tolist())
    order = [rows[key] for key in packed.keys.tolist()]
    np.testing.assert_array_equal(work.vectors[order], packed.vectors)
    assert work.identities[order].tolist() == packed.identities.tolist()
    np.testing.assert_allclose(np.linalg.norm(work.vectors, axis=1), 1, atol=1e-6)


def test_a_fixed_number_of_images_at_a_time_changes_nothing(noise_work: Path, tmp_path: Path) -> None:
    faces = faces_of_work(noise_work)
    found = []
    for number in (1, 7, "n"):
        path = write_flat_onnx(tmp_path / f"{number}.onnx", (number, 3, 16, 16))
        model = load_model(path, alignment="crop", normalise="unit")
        assert model.embedding == 3 * 16 * 16
        found.append(embed_source(model, faces).vectors)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_pixels_are_scaled_as_asked_for_and_colours_come_first(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), np.uint8)
    for name, (mean, deviation) in NORMALISATIONS.items():
        path = write_flat_onnx(tmp_path / f"{name}.onnx", ("n", 3, 16, 16))
        found = load_model(path, normalise=name).network(images).reshape(5, 3, 16, 16)
        expected = (images - np.array(mean)) / np.array(deviation)
        np.testing.assert_allclose(found, expected.transpose(0, 3, 1, 2), rtol=1e-5, atol=1e-5)
    assert load_model(path).normalise == "insightface" and load_model(path).alignment == "five-point"


@pytest.mark.parametrize(("before", "after"), [(48, 32), (160, 112), (32, 48), (5, 5)])
def test_scaling_averages_areas_as_our_own_networks_do(before: int, after: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, before, before, 3), np.uint8)
    ours = network_input(images, after, NORMALISATIONS["none"])
    torchs = torch.nn.functional.interpolate(
        torch.from_numpy(images).permute(0, 3, 1, 2).float(), (after, after), mode="area"
    ).numpy()
    np.testing.assert_allclose(ours, torchs, atol=1e-3)
    np.testing.assert_allclose(averaging(before, after).sum(axis=1), 1, atol=1e-6)


def test_while_faces_are_embedded_blas_has_no_threads_of_its_own(noise_work: Path) -> None:
    seen: set[int] = set()

    def network(images: Images) -> Vectors:
        # Those of the network multiply at once; others would spin beside them.
        seen.update(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return means(images)

    # The tests themselves may have been given one thread.
    with threadpool_limits(2, user_api="blas"):
        embed_source(model_of(network), faces_of_work(noise_work))
    assert seen == {1}


def test_the_mirrored_face_is_added_before_the_length_is_taken_off(noise_work: Path) -> None:
    faces = faces_of_work(noise_work)
    plain, both = (embed_source(model_of(means), faces, flip=flip) for flip in (False, True))
    # The stand-in's halves change places in the mirror.
    np.testing.assert_allclose(both.vectors[:, :3], both.vectors[:, 3:], atol=1e-6)
    assert np.abs(plain.vectors[:, :3] - plain.vectors[:, 3:]).max() > 0.01
