"""``nearest_of``: the same as by sorting all, whatever the blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ethnoshard._progress import Progress
from ethnoshard.lookalikes import nearest_of
from tests.kit.examples import usual_examples


@settings(max_examples=usual_examples(0.8))
@given(
    st.integers(1, 30), st.integers(1, 90), st.integers(1, 12), st.integers(1, 3000), st.booleans(), st.integers(0, 99)
)
def test_they_are_those_of_sorting_all(
    number: int, others: int, k: int, block_bytes: int, avoiding: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    # Small whole numbers, so that products are exact; those of a vector with itself may tie with others.
    x, y = (rng.integers(-9, 10, (each, 6)).astype(np.float32) for each in (number, others))
    avoided = rng.integers(0, others, number) if avoiding else None
    advanced: list[int] = []
    found, values = nearest_of(
        x, y, k, avoided=avoided, block_bytes=block_bytes, progress=Progress(advance=advanced.append)
    )
    products = x @ y.T
    if avoided is not None:
        products[np.arange(number), avoided] = -np.inf
    wanted = min(k, others - avoiding)
    assert found.shape == values.shape == (number, wanted) and sum(advanced) == number
    assert values.tolist() == (-np.sort(-products, axis=1)[:, :wanted]).tolist()
    assert np.take_along_axis(products, found, axis=1).tolist() == values.tolist()
    assert all(len(set(row)) == wanted for row in found.tolist())
    for row, near in zip(found.tolist(), values.tolist(), strict=True):
        assert list(zip(near, row, strict=True)) == sorted(
            zip(near, row, strict=True), key=lambda each: (-each[0], each[1])
        )


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_cores_changes_nothing(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((each, 8)).astype(np.float32) for each in (500, 300))
    one = nearest_of(x, y, 5, block_bytes=9000)
    monkeypatch.setattr("ethnoshard._blas.available_cores", lambda: threads)
    other = nearest_of(x, y, 5, block_bytes=9000)
    assert [each.tolist() for each in one] == [each.tolist() for each in other]
