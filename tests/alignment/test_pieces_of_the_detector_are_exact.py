"""Strips, summed-area tables and the fast layout change nothing but the speed."""

import numpy as np
import pytest
import torch
from facenet_pytorch.models.mtcnn import PNet
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ethnoshard.alignment import _area_tables, _openvino_stages, _suppression
from ethnoshard.alignment._stages import Level
from ethnoshard.alignment._torch_stages import AreaTables, ProposalNetwork, TorchStages

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


def unshifted(scaled: np.ndarray) -> np.ndarray:
    """What facenet-pytorch's networks are given, of what the tables give: the first layer's bias takes the shift."""
    colours: np.ndarray = scaled[..., :3] - np.float32(127.5 / 128)
    return colours


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
    windows = np.zeros((len(boxes), height, height, 4), np.float32)
    without_torch = _area_tables.AreaTables(images)
    cut = without_torch.windows(np.array(which), np.array(boxes), height)
    for first in range(0, len(boxes), 2):
        cut.cut(slice(first, first + 2), windows[first : first + 2])
    for index, (left, top, right, bottom) in enumerate(boxes):
        crop = torch.from_numpy(images[index][top:bottom, left:right].copy()).permute(2, 0, 1)[None].float()
        wanted = (F.interpolate(crop, (height, width), mode="area") - 127.5) * 0.0078125
        assert torch.allclose(got[index, :3], wanted[0], atol=1e-5)
        square = (F.interpolate(crop, (height, height), mode="area") - 127.5) * 0.0078125
        assert np.allclose(unshifted(windows[index]), square[0].permute(1, 2, 0).numpy(), atol=1e-5)
    for index, image in enumerate(images):
        rows, columns = range(height // 3, height), range(width // 4, width)
        level = np.zeros((len(rows), len(columns), 4), np.float32)
        without_torch.scaled(index, (height, width), rows, columns, level)
        whole = torch.from_numpy(image).permute(2, 0, 1)[None].float()
        wanted = (F.interpolate(whole, (height, width), mode="area") - 127.5) * 0.0078125
        assert np.allclose(
            unshifted(level), wanted[0].permute(1, 2, 0).numpy()[rows.start :, columns.start :], atol=1e-5
        )


def test_sums_that_wrap_around_are_still_right() -> None:
    white = np.full((4000, 4000, 3), 255, np.uint8)  # sums reach 4.08e9; 32 bits hold 2.1e9
    got = AreaTables([white], CPU).shrink(torch.tensor([0]), torch.tensor([[0, 0, 4000, 4000]]), 24, 24)
    assert torch.allclose(got[0, :3], torch.full((3, 24, 24), 127.5 * 0.0078125))
    alone = np.zeros((1, 24, 24, 4), np.float32)
    tables = _area_tables.AreaTables([white])
    tables.windows(np.array([0]), np.array([[0, 0, 4000, 4000]]), 24).cut(slice(0, 1), alone)
    assert np.allclose(unshifted(alone), 127.5 / 128)


@pytest.mark.parametrize("side", range(30, 40))
def test_cells_whose_sums_have_more_than_16_bits_are_white_too(side: int) -> None:
    white = np.full((side, 2 * side, 3), 255, np.uint8)
    tables, level = _area_tables.AreaTables([white]), np.zeros((2, 2, 4), np.float32)
    windows = np.zeros((2, 2, 2, 4), np.float32)
    tables.scaled(0, (2, 2), range(2), range(2), level)
    # Of the second one cells are small: windows of both kinds are cut at the same time.
    tables.windows(np.array([0, 0]), np.array([[0, 0, side, side], [0, 0, 4, 4]]), 2).cut(slice(0, 2), windows)
    assert np.allclose(unshifted(level), 127.5 / 128)
    assert np.allclose(unshifted(windows), 127.5 / 128)


@pytest.mark.parametrize("side", [40, 41, 42, 43, 130])
@pytest.mark.parametrize("alike", [1, 4])
@pytest.mark.parametrize("pixels", [(24, 24), (96, 160), (256, 32)])
def test_levels_that_are_cut_and_filled_up_are_scored_as_a_whole(side: int, alike: int, pixels: int) -> None:
    pytest.importorskip("openvino")
    rng = np.random.default_rng(side)
    images = [rng.integers(0, 256, (150, 90, 3), np.uint8) for _ in range(alike)]
    tables = _area_tables.AreaTables(images)
    network = _openvino_stages.ProposalNetwork(*pixels)
    found, none = network(tables, [Level(range(alike), side + 3, side), Level(range(alike), 12, 12)], 0.0)
    wanted = AreaTables(images, CPU).shrink(
        torch.arange(alike), torch.tensor([[0, 0, 90, 150]]).expand(alike, 4), side + 3, side
    )
    with torch.inference_mode():
        corrections, scores = PNet()(wanted[:, :3].contiguous())
    assert len(none.rows) == alike
    image, row, column = found.images, found.rows, found.columns
    assert len(np.unique(np.stack([image, row, column]), axis=1).T) == len(row) == scores[:, 1].numel()
    assert np.allclose(found.scores, scores.numpy()[image, 1, row, column], atol=1e-5)
    assert np.allclose(found.corrections, corrections.numpy()[image, :, row, column], atol=1e-4)


@settings(max_examples=60)
@given(st.data())
def test_suppression_is_that_of_torchvision(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    number, extent = data.draw(st.integers(0, 700)), data.draw(st.integers(1, 300))
    corner = rng.integers(0, extent, (number, 2))
    boxes = np.concatenate([corner, corner + rng.integers(0, 60, (number, 2))], axis=1).astype(np.float32)
    scores = rng.integers(0, 50, number).astype(np.float32) / 50  # many of them equal
    groups = rng.integers(0, data.draw(st.integers(1, 5)), number)
    threshold = data.draw(st.sampled_from([0.0, 0.3, 0.5, 0.7]))
    wanted = TorchStages().survivors(boxes, scores, groups, threshold)
    assert _suppression.survivors(boxes, scores, groups, threshold).tolist() == wanted.tolist()


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.7])
@pytest.mark.parametrize("seed", range(4))
def test_suppression_of_thousands_of_boxes_is_that_of_torchvision(threshold: float, seed: int) -> None:
    """As a crowd gives them: of several sizes, and each beside others that overlap it more and less."""
    rng = np.random.default_rng(seed)
    side = rng.choice([12, 17, 25, 36, 200, 1500], 4000, p=[0.5, 0.2, 0.15, 0.1, 0.04, 0.01])
    corner = rng.integers(0, 2000 if seed % 2 else 300, (4000, 2)) // 2 * 2
    boxes = np.concatenate([corner, corner + side[:, None] + rng.integers(-3, 4, (4000, 2))], axis=1).astype(np.float32)
    scores = rng.integers(0, 500, 4000).astype(np.float32) / 500
    groups = np.zeros(4000, np.int64)
    wanted = TorchStages().survivors(boxes, scores, groups, threshold)
    assert _suppression.survivors(boxes, scores, groups, threshold).tolist() == wanted.tolist()
