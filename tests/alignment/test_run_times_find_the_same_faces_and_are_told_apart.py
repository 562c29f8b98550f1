"""OpenVINO and torch find the same faces; a work folder says which of them did, and is gone on with by it alone."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from PIL import Image
from safetensors.numpy import load_file

from ethnoshard import _runtime
from ethnoshard._runtime import RuntimeName, choose_runtime
from ethnoshard.alignment import AlignSettings, FaceDetector, align
from ethnoshard.alignment._openvino_stages import WEIGHTS
from ethnoshard.errors import EthnoshardError

pytest.importorskip("openvino")

BOTH: tuple[RuntimeName, RuntimeName] = ("openvino", "torch")


@pytest.fixture
def without_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    found: Callable[[str], str | None] = _runtime._version_of
    monkeypatch.setattr(_runtime, "_version_of", lambda name: None if name == "openvino" else found(name))


def test_the_weights_are_facenet_pytorchs() -> None:
    own = load_file(WEIGHTS)
    for name, network in {"pnet": PNet(), "rnet": RNet(), "onet": ONet()}.items():
        for part, values in network.state_dict().items():
            assert np.array_equal(own.pop(f"{name}.{part}"), values.numpy())
    assert not own


def test_boxes_landmarks_and_probabilities_agree(drawn: Path) -> None:
    images = [np.asarray(Image.open(path).convert("RGB")) for path in sorted(drawn.glob("faces/*/*.jpg"))[:20]]
    images += [image[: 120 + 3 * number, number:] for number, image in enumerate(images[:6])]  # of many sizes
    one, other = (FaceDetector(runtime=name).detect(images) for name in BOTH)
    assert sum(len(faces.boxes) for faces in one) >= 20
    for faces, same in zip(one, other, strict=True):
        assert len(faces.boxes) == len(same.boxes)
        assert np.allclose(faces.boxes, same.boxes, atol=0.01)
        assert np.allclose(faces.landmarks, same.landmarks, atol=0.01)
        assert np.allclose(faces.probabilities, same.probabilities, atol=1e-5)


def test_any_number_of_workers_gives_the_same_bytes(drawn: Path, tmp_path: Path) -> None:
    for workers in (1, 3):
        align(drawn / "faces", tmp_path / str(workers), AlignSettings(part_images=10), workers=workers)
    parts = sorted(path.name for path in (tmp_path / "1" / "parts").iterdir())
    assert len(parts) >= 6
    for name in parts:
        assert (tmp_path / "1" / "parts" / name).read_bytes() == (tmp_path / "3" / "parts" / name).read_bytes()


def test_a_work_folder_says_what_found_its_faces_and_refuses_another(drawn: Path, tmp_path: Path) -> None:
    settings = AlignSettings(part_images=1000)
    for name, other in (BOTH, BOTH[::-1]):
        work = tmp_path / name
        align(drawn / "faces", work, settings, workers=1, runtime=name)
        record = json.loads((work / "align.json").read_text())
        assert record["runtime"] == name
        kept = [other_name for other_name in BOTH if record["versions"].get(other_name)]
        assert kept == [name]
        with pytest.raises(EthnoshardError, match=f"runtime was '{name}' and is '{other}' now"):
            align(drawn / "faces", work, settings, workers=1, runtime=other)


def test_faces_that_are_aligned_already_are_no_run_times(noise: Path, tmp_path: Path) -> None:
    settings = AlignSettings(size=None, aligned=True)
    align(noise / "faces", tmp_path / "work", settings, workers=1, runtime="torch")
    assert align(noise / "faces", tmp_path / "work", settings, workers=1, runtime="openvino").made == 0


@pytest.mark.usefixtures("without_openvino")
def test_without_openvino_torch_takes_its_place_and_that_is_said() -> None:
    said: list[str] = []
    assert choose_runtime(log=said.append).name == "torch"
    assert said == [_runtime.SLOWER]
    assert FaceDetector().runtime.name == "torch"
    with pytest.raises(EthnoshardError, match="OpenVINO is not installed: pip install"):
        choose_runtime("openvino")


def test_on_a_gpu_it_is_torch() -> None:
    said: list[str] = []
    assert choose_runtime(device="cuda:1", log=said.append).name == "torch" and not said
    with pytest.raises(EthnoshardError, match="on a CPU alone, not on 'cuda:1'"):
        choose_runtime("openvino", "cuda:1")
    with pytest.raises(EthnoshardError, match="runtime is openvino or torch; 'onnx' is neither"):
        choose_runtime("onnx")  # type: ignore[arg-type]
