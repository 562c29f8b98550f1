"""``--init`` with files of DataParallel, torch.compile, Lightning: the same weights, and one line that says so."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ethnoshard._weights_file import matched, read_tensors
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity._classifier import build_network
from ethnoshard.ethnicity._classifier import start_from as start_classifier
from ethnoshard.training import FaceEmbedder, start_from


def embedder(seed: int) -> FaceEmbedder:
    torch.manual_seed(seed)
    return FaceEmbedder("mobilefacenet", embedding=16, side=32)


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    """Of a FaceEmbedder; its names begin with "network."."""
    return embedder(1).state_dict()


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("before", "bare"),
    [("", False), ("", True), ("module.", False), ("module.", True), ("_orig_mod.", False), ("model.", True),
     ("backbone.", True), ("net.", True), ("module._orig_mod.", False), ("model.backbone.", True)],
)  # fmt: skip
@pytest.mark.parametrize("under", ["", "state_dict", "model_state_dict"])
def test_what_wrappers_put_before_all_names_is_taken_off(
    weights: dict[str, Tensor], tmp_path: Path, before: str, bare: bool, under: str
) -> None:
    names = {name.removeprefix("network.") if bare else name: value for name, value in weights.items()}
    content: Any = {before + name: value for name, value in names.items()}
    path = tmp_path / "weights.pt"
    torch.save({under: content, "epoch": 3, "optimizer": {"state": {}}} if under else content, path)
    started, told = embedder(2), list[str]()
    assert start_from(started, str(path), told.append) == []
    assert same(started.state_dict(), weights)
    assert told == ([f"{path}: {before!r} is taken off the names"] if before else [])


def test_torchs_own_wrappers_are_such(weights: dict[str, Tensor], tmp_path: Path) -> None:
    made = embedder(1)
    state = nn.DataParallel(torch.compile(made)).state_dict()
    save_file({name: value.contiguous() for name, value in state.items()}, tmp_path / "weights.safetensors")
    started = embedder(2)
    assert start_from(started, str(tmp_path / "weights.safetensors")) == []
    assert same(started.state_dict(), weights)


def test_a_module_compiled_inside_another_is_found(weights: dict[str, Tensor]) -> None:
    given = {name.replace("network.", "network._orig_mod."): value for name, value in weights.items()}
    found = matched(given, weights)
    assert same(found.tensors, dict(weights)) and found.prefix == "_orig_mod."


def test_what_is_left_over_is_counted_and_shown_and_the_rest_is_taken(
    weights: dict[str, Tensor], tmp_path: Path
) -> None:
    """Lightning's checkpoints hold the loss's weights too, ArcFace's a layer of classes."""
    content = {f"model.{name}": value for name, value in weights.items()}
    lost = list(content)[-1]
    del content[lost]
    content["loss.weight"], content["loss.centres"] = torch.zeros(3, 16), torch.zeros(3)
    torch.save({"state_dict": content}, tmp_path / "last.ckpt")
    started, told = embedder(2), list[str]()
    assert start_from(started, str(tmp_path / "last.ckpt"), told.append) == [lost.removeprefix("model.")]
    (line,) = told
    assert line.endswith("'model.' is taken off the names; 2 of its tensors are not used, such as loss.weight")


def test_of_two_networks_in_a_file_the_one_with_more_of_the_weights_is_taken(weights: dict[str, Tensor]) -> None:
    teacher = {f"teacher.{name}": value + 1 for name, value in list(weights.items())[:-4]}
    student = {f"student.{name}": value for name, value in weights.items()}
    found = matched({**teacher, **student}, weights)
    assert found.prefix == "student." and same(found.tensors, dict(weights)) and len(found.left_over) == len(teacher)


def test_a_layer_of_another_length_stays_random_and_is_named(weights: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({f"module.{name}": value for name, value in weights.items()}, tmp_path / "weights.pt")
    longer, told = FaceEmbedder("mobilefacenet", embedding=24, side=32), list[str]()
    left = start_from(longer, str(tmp_path / "weights.pt"), told.append)
    assert len(left) == 5 and "5 of its tensors are not used, such as module.network.layers" in told[0]


def test_another_network_is_refused_with_names_of_both(tmp_path: Path) -> None:
    torch.save({"module.conv1.weight": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(EthnoshardError, match=r"names, for example, module\.conv1\.weight; the network has layers\.0"):
        start_from(embedder(2), str(tmp_path / "other.pt"))


@pytest.mark.parametrize("before", ["", "module.", "_orig_mod.", "model.module."])
def test_a_classifier_starts_from_such_files_too(tmp_path: Path, before: str) -> None:
    torch.manual_seed(1)
    made = build_network("mobilefacenet", 5).state_dict()
    torch.save({"state_dict": {before + name: value for name, value in made.items()}}, tmp_path / "weights.pt")
    torch.manual_seed(2)
    network, told = build_network("mobilefacenet", 5), list[str]()
    assert start_classifier(network, tmp_path / "weights.pt", told.append) == len(made)
    assert same(network.state_dict(), made) and len(told) == bool(before)


def test_objects_beside_tensors_are_not_loaded_and_the_way_out_is_said(tmp_path: Path) -> None:
    torch.save({"state_dict": {"a": torch.zeros(2)}, "path": Path("x")}, tmp_path / "last.ckpt")
    with pytest.raises(EthnoshardError, match=r"objects besides tensors.*torch\.save\(network\.state_dict\(\), FILE\)"):
        read_tensors(tmp_path / "last.ckpt")
    torch.save({"state_dict": {}}, tmp_path / "empty.ckpt")
    with pytest.raises(EthnoshardError, match="holds no tensors by name"):
        read_tensors(tmp_path / "empty.ckpt")


def test_a_classifier_does_not_start_from_weights_that_are_not_finite(tmp_path: Path) -> None:
    torch.manual_seed(1)
    made = build_network("mobilefacenet", 5).state_dict()
    made["head.bias"][:2] = torch.nan
    torch.save(made, tmp_path / "weights.pt")
    with pytest.raises(EthnoshardError, match=r"weights\.pt holds 2 weights that are not finite"):
        start_classifier(build_network("mobilefacenet", 5), tmp_path / "weights.pt")
