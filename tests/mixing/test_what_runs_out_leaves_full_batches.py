"""With ``redistribute`` batches are full, of different people, nobody drawn beyond his cells, many together or not."""

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ethnoshard.mixing import MixingError, Plan, PlanSettings
from ethnoshard.mixing._draws import draw_levelling, nearest_seatable
from tests.kit.examples import usual_examples
from tests.kit.plans import table


@st.composite
def crowded(draw: st.DrawFn) -> tuple[list[list[int]], dict[str, float], int, int]:
    """Few people, some of many cells, in two or three groups; shares in tenths, P of about half of them, together."""
    sizes = draw(st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=8), min_size=2, max_size=3))
    weights = draw(st.lists(st.integers(0, 9), min_size=len(sizes), max_size=len(sizes)).filter(any))
    shares = {name: weight / sum(weights) for name, weight in zip("ABC", weights, strict=False)}
    return sizes, shares, draw(st.integers(2, 8)), draw(st.integers(2, 5))


@settings(max_examples=usual_examples(4))
@given(crowded())
@example(([[1, 1, 1, 3, 3, 3, 3], [1], [1, 2, 5, 2]], {"A": 0.6, "B": 0.0, "C": 0.4}, 7, 2))
def test_batches_are_full_whatever_ran_out(case: tuple[list[list[int]], dict[str, float], int, int]) -> None:
    sizes, shares, people, together = case
    identities = table(sizes)
    try:
        plan = Plan(
            identities,
            PlanSettings(
                people_per_batch=people, images_per_person=1, target=shares, together=together,
                when_exhausted="redistribute", window_mib=1,
            ),
        )  # fmt: skip
    except MixingError:
        return
    epoch = plan.epoch(0)
    came = np.zeros(len(identities.faces), int)
    for number in range(plan.batches):
        batch = epoch.batch(number).identities
        assert len(batch) == len(set(batch.tolist())) == people
        came[batch] += 1
    assert (came <= identities.faces).all()


@given(
    st.lists(st.integers(0, 6), min_size=3, max_size=10),
    st.lists(st.integers(1, 6), min_size=1, max_size=5),
)
def test_draws_are_seatable_within_the_cells_and_what_is_left_depends_on_no_order(
    faces: list[int], seats: list[int]
) -> None:
    cells, quotas = np.array(faces), np.sort(np.array(seats, np.int32))[::-1]
    assume(all(quotas[:s].sum() <= np.minimum(cells, s).sum() for s in range(1, len(quotas) + 1)))
    drawn = draw_levelling(cells, int(quotas.sum()), len(quotas))
    fitted = nearest_seatable(drawn, quotas, cells)
    assert fitted.sum() == drawn.sum() and (fitted >= 0).all() and (fitted <= cells).all()
    ordered = np.sort(fitted)[::-1]
    assert all(ordered[:k].sum() <= np.minimum(quotas, k).sum() for k in range(1, len(ordered) + 1))
    backwards = nearest_seatable(drawn[::-1], quotas, cells[::-1])
    assert sorted(cells - fitted) == sorted(cells[::-1] - backwards)
