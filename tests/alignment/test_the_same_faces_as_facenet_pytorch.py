"""Boxes, probabilities and landmarks are facenet_pytorch.MTCNN's, image by image, to a fraction of a pixel."""

import io
import random
import tarfile
from pathlib import Path

import numpy as np
import pytest
from facenet_pytorch import MTCNN
from numpy.typing import NDArray
from PIL import Image

from ethnoshard.alignment import FaceDetector

# facenet-pytorch makes ragged object arrays in a way that NumPy warns of.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module", params=["openvino", "torch"])
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    if request.param == "openvino":
        pytest.importorskip("openvino")
    return FaceDetector(runtime=request.param)


def overlaps(one: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of a box with each of some others."""
    corner, end = np.maximum(one[:2], others[:, :2]), np.minimum(one[2:], others[:, 2:])
    common = np.clip(end - corner, 0, None).prod(1)
    areas = (others[:, 2:] - others[:, :2]).prod(1) + (one[2:] - one[:2]).prod()
    return common / (areas - common)


def compare(detector: FaceDetector, images: list[Image.Image], least_faces: int) -> None:
    reference = MTCNN(keep_all=True, select_largest=False)
    found = detector.detect([np.asarray(image) for image in images])
    same = []
    for image, faces in zip(images, found, strict=True):
        boxes, probabilities, landmarks = reference.detect(image, landmarks=True)
        assert len(faces.boxes) == (0 if boxes is None else len(boxes))
        if boxes is None:
            continue
        for box, probability, points in zip(boxes, probabilities, landmarks, strict=True):
            overlap = overlaps(np.asarray(box, np.float32), faces.boxes)
            nearest = int(overlap.argmax())
            near = np.abs(faces.landmarks[nearest] - points.astype(np.float32)).max()
            same.append((overlap[nearest] >= 0.98, abs(faces.probabilities[nearest] - probability) < 1e-3, near < 0.5))
    assert len(same) >= least_faces
    # Where two candidates for one face are equally probable to seven digits, rounding decides between them.
    assert np.mean(same, axis=0).min() >= 0.99


def test_on_drawn_faces(detector: FaceDetector, drawn: Path) -> None:
    images = [Image.open(path).convert("RGB") for path in sorted(drawn.glob("faces/*/*.jpg"))]
    compare(detector, images, least_faces=25)


@pytest.mark.realdata
@pytest.mark.parametrize("archive", ["lfw/lfw.tar", "celebs/celebs.tar"])
def test_on_real_faces_of_one_size_and_of_many(archive: str, detector: FaceDetector, real_data: Path) -> None:
    with tarfile.open(real_data / archive) as tar:
        members = random.Random(0).sample([member for member in tar.getmembers() if member.isfile()], 150)
        images = []
        for member in members:
            file = tar.extractfile(member)
            assert file is not None
            images.append(Image.open(io.BytesIO(file.read())).convert("RGB"))
    compare(detector, images, least_faces=140)


def test_faces_do_not_depend_on_their_neighbours(detector: FaceDetector, drawn: Path) -> None:
    images = [np.asarray(Image.open(path).convert("RGB")) for path in sorted(drawn.glob("faces/*/*.jpg"))[:20]]
    images[3] = images[3][:150, 10:]  # another size in their midst
    together = detector.detect(images)
    backwards = detector.detect(images[::-1])[::-1]
    assert sum(len(faces.boxes) for faces in together) >= 15
    for image, one, other in zip(images, together, backwards, strict=True):
        alone = detector.detect([image])[0]
        for faces in (one, other):
            assert len(faces.boxes) == len(alone.boxes)
            assert np.allclose(faces.boxes, alone.boxes, atol=1e-2)
            assert np.allclose(faces.landmarks, alone.landmarks, atol=1e-2)


def test_an_image_without_a_face_and_no_image_at_all(detector: FaceDetector) -> None:
    grey = np.full((90, 130, 3), 127, np.uint8)
    assert [len(faces.boxes) for faces in detector.detect([grey, grey[:20, :20], grey[:5, :5]])] == [0, 0, 0]
    assert detector.detect([]) == []
