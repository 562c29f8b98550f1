"""The check on LFW that a training makes finds the list's images by the rule of every pair list."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from ethnoshard.alignment import AlignSettings, align
from ethnoshard.embedding import LfwCheck
from ethnoshard.errors import EthnoshardError


class Means(nn.Module):
    """Mean of each colour in each quarter."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, faces: Tensor) -> Tensor:
        return self.scale * nn.functional.adaptive_avg_pool2d(faces.float() - 127.5, 2).flatten(1)


def made(folder: Path, extension: str) -> tuple[Path, Path]:
    """Six people with three images each, aligned; and a list of two folds."""
    rng = np.random.default_rng(0)
    for person in range(6):
        home = folder / "faces" / f"P{person}"
        home.mkdir(parents=True)
        colours = rng.integers(0, 255, (2, 2, 3), np.uint8)
        for image in range(1, 4):
            picture = Image.fromarray(colours).resize((40, 40), Image.Resampling.NEAREST)
            picture.rotate(image).save(home / f"P{person}_{image:04d}.{extension}")
    align(folder / "faces", folder / "work", AlignSettings(aligned=True, size=40), workers=1)
    lines = ["2\t3"]
    for fold in (0, 3):
        lines += [f"P{fold + n}\t1\t{2 + n % 2}" for n in range(3)]
        lines += [f"P{fold + n}\t2\tP{fold + (n + 1) % 3}\t3" for n in range(3)]
    (folder / "pairs.txt").write_text("\n".join(lines) + "\n")
    return folder / "work", folder / "pairs.txt"


def test_the_figures_are_those_of_the_list_and_the_other_names_are_said(tmp_path: Path) -> None:
    said: list[str] = []
    work, pairs = made(tmp_path, "png")
    check = LfwCheck(work, pairs, crop=0, log=said.append)
    assert check(Means())["lfw_auc"] == 1
    assert said == [
        f"{pairs}: 18 x image found under another name than the list's; the first: P0/P0_0001.jpg is P0/P0_0001.png"
    ]


def test_of_another_set_the_nearest_name_is_shown(tmp_path: Path) -> None:
    work, pairs = made(tmp_path, "png")
    pairs.write_text(pairs.read_text().replace("P", "Q"))
    with pytest.raises(EthnoshardError, match=r"only 0 have .* is it LFW\? .* says 'Q0/Q0_0001.jpg'; nearest"):
        LfwCheck(work, pairs, crop=0)
