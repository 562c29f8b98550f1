"""Area resampling by summed-area tables (Crow 1984).

MTCNN shrinks the whole image once for each level of its pyramid and then each candidate to a fixed size, by
averaging the pixels that fall under each output pixel. With a summed-area table every such average costs four
look-ups, however large the window, and all candidates of all images are cut in one call.

Sums are exact: whole numbers, and differences of 32-bit sums stay right when the sums themselves wrap around,
as long as one window holds fewer than 8.4 million pixels.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class AreaTables:
    """The summed-area tables of a few images, of any sizes, one after the other in one array."""

    def __init__(self, images: list[NDArray[np.uint8]], device: torch.device) -> None:
        """Sum up ``images``, each (H, W, 3) uint8."""
        self.sizes = [(image.shape[0], image.shape[1]) for image in images]
        self._strides = torch.tensor([width + 1 for _, width in self.sizes], device=device)
        lengths = [(height + 1) * (width + 1) for height, width in self.sizes]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        # Four numbers a pixel, the fourth unused: 16 bytes are fetched as one element.
        sums = np.zeros((int(starts[-1]), 4), np.int32)
        for image, (height, width), start, length in zip(images, self.sizes, starts, lengths, strict=False):
            table = sums[start : start + length].reshape(height + 1, width + 1, 4)
            table[1:, 1:, :3] = image
            np.cumsum(table, axis=0, out=table)
            np.cumsum(table, axis=1, out=table)
        self._starts = torch.from_numpy(starts[:-1].astype(np.int64)).to(device)
        self._sums = torch.from_numpy(sums).to(device).view(torch.complex128).view(-1)

    def shrink(
        self, indices: Tensor, boxes: Tensor, height: int, width: int, rows: tuple[int, int] | None = None
    ) -> Tensor:
        """Resample windows of the images to one size, as adaptive average pooling does, and normalise.

        Args:
            indices: (N,) int64, which image.
            boxes: (N, 4) int64, left, top, right, bottom in pixels, right and bottom exclusive, not empty,
                inside the image.
            height: rows of the result.
            width: columns of the result.
            rows: first and last one, exclusive, to compute; all by default.

        Returns:
            (N, 4, rows, width) float32, channels-last, (mean - 127.5) / 128; the fourth channel means nothing.
        """
        left, top, right, bottom = boxes.unsqueeze(-1).unbind(1)
        wanted = torch.arange(*(rows or (0, height)), device=boxes.device)
        columns = torch.arange(width, device=boxes.device)
        # Output pixel i of n covers input pixels floor(i * size / n) to ceil((i + 1) * size / n).
        tall, wide = bottom - top, right - left
        first_row = top + wanted * tall // height
        last_row = top + ((wanted + 1) * tall + height - 1) // height
        first_column = left + columns * wide // width
        last_column = left + ((columns + 1) * wide + width - 1) // width

        strides = self._strides[indices].unsqueeze(-1)
        starts = self._starts[indices].unsqueeze(-1)
        above = (starts + first_row * strides).unsqueeze(2)
        below = (starts + last_row * strides).unsqueeze(2)
        first_column, last_column = first_column.unsqueeze(1), last_column.unsqueeze(1)
        total = self._at(below + last_column)
        total -= self._at(below + first_column)
        total -= self._at(above + last_column)
        total += self._at(above + first_column)
        area = (last_row - first_row).unsqueeze(2) * (last_column - first_column)
        mean = total.to(torch.float32)
        mean /= area.unsqueeze(-1)
        mean -= 127.5
        mean *= 0.0078125
        return mean.permute(0, 3, 1, 2)

    def _at(self, places: Tensor) -> Tensor:
        """The sums at flat places (...): (..., 4) int32."""
        fetched = self._sums.index_select(0, places.reshape(-1))
        return fetched.view(torch.int32).view(*places.shape, 4)
