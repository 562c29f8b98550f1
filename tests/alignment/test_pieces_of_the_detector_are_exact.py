"""Strips, summed-area tables and the fast layout change nothing but the speed."""

import numpy as np
import pytest
import torch
from facenet_pytorch.models.mtcnn import PNet
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ethnoshard.alignment._detector import AreaTables, ProposalNetwork

CPU = torch.device("cpu")


@pytest.mark.parametrize(("height", "width"), [(12, 12), (13, 12), (31, 40), (40, 31), (75, 77)])
@pytest.mark.parametrize("pixels", [1, 500, 10**9])
def test_strips_of_the_proposal_network_equal_one_pass(height: int, width: int, pixels: int) -> None:
    images = torch.randn(3, 4, height, width, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        network = ProposalNetwork(CPU, rows_pixels=pixels)
        strips = [network(images[:, :, top:bottom]) for top, bottom in network.strips(3, height, width)]
        scores, corrections = (torch.cat(pieces, dim=1) for pieces in zip(*strips, strict=True))
        wanted_corrections, wanted = PNet()(images[:, :3].contiguous())
    assert scores.shape == wanted[:, 1].shape
    assert torch.allclose(scores, wanted[:, 1], atol=1e-5)
    assert torch.allclose(corrections, wanted_corrections.permute(0, 2, 3, 1), atol=1e-4)


@settings(max_examples=60)
@given(st.data())
def test_summed_area_tables_average_as_pooling_does(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    sizes = data.draw(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=1, max_size=3))
    images = [rng.integers(0, 256, (height, width, 3), np.uint8) for height, width in sizes]
    height, width = data.draw(st.integers(1, 50)), data.draw(st.integers(1, 50))
    which, boxes = [], []
    for index, (tall, wide) in enumerate(sizes):
        left, top = data.draw(st.integers(0, wide - 1)), data.draw(st.integers(0, tall - 1))
        right, bottom = data.draw(st.integers(left + 1, wide)), data.draw(st.integers(top + 1, tall))
        which.append(index)
        boxes.append([left, top, right, bottom])
    got = AreaTables(images, CPU).shrink(torch.tensor(which), torch.tensor(boxes), height, width)
    for index, (left, top, right, bottom) in enumerate(boxes):
        crop = torch.from_numpy(images[index][top:bottom, left:right].copy()).permute(2, 0, 1)[None].float()
        wanted = (F.interpolate(crop, (height, width), mode="area") - 127.5) * 0.0078125
        assert torch.allclose(got[index, :3], wanted[0], atol=1e-5)


def test_sums_that_wrap_around_are_still_right() -> None:
    white = np.full((4000, 4000, 3), 255, np.uint8)  # sums reach 4.08e9; 32 bits hold 2.1e9
    got = AreaTables([white], CPU).shrink(torch.tensor([0]), torch.tensor([[0, 0, 4000, 4000]]), 24, 24)
    assert torch.allclose(got[0, :3], torch.full((3, 24, 24), 127.5 * 0.0078125))
