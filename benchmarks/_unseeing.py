"""A classifier that looks at nothing, for what labelling takes beside it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Unseeing:
    """Says the same of every face."""

    name, classes, sha256 = "unseeing", ("A", "B", "C", "D"), "0" * 64

    def probabilities(self, faces: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, 4), each row the same."""
        return np.tile(np.array([0.7, 0.2, 0.08, 0.02], np.float32), (len(faces), 1))
