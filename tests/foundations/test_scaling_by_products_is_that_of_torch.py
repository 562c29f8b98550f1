"""Images scaled without torch are those that networks saw in training, scaled by torch."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ethnoshard._resampling import Weights, averaging, resampled, triangles
from ethnoshard.ethnicity._classifier import preprocess, preprocessed, stacked

SIDES = st.one_of(st.integers(1, 60), st.sampled_from([80, 112, 160, 164, 182]))


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.integers(0, 100))
def test_means_over_areas_and_triangles_are_those_of_torch(before: int, after: int, seed: int) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (2, before, before, 3), np.uint8)
    planes = torch.from_numpy(images).permute(0, 3, 1, 2).float()
    area = F.interpolate(planes, (after, after), mode="area").numpy()
    bilinear = F.interpolate(planes, (after, after), mode="bilinear", antialias=True).numpy()
    np.testing.assert_allclose(resampled(images, after, "area"), area, atol=2e-4)
    np.testing.assert_allclose(resampled(images, after, "triangle"), bilinear, atol=2e-4)


@pytest.mark.parametrize("weights", [averaging, triangles])
def test_weights_of_a_place_are_one_together(weights: Callable[[int, int], Weights]) -> None:
    for before, after in ((182, 160), (160, 112), (17, 40), (5, 5)):
        np.testing.assert_allclose(weights(before, after).sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("side", [182, 160, 97])
def test_the_classifier_sees_the_same_without_torch(side: int) -> None:
    faces = [np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8) for number in range(3)]
    wanted = preprocess(stacked(faces), 80).numpy()
    np.testing.assert_allclose(preprocessed(faces, 80), wanted, atol=5e-6)
