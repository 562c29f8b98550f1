"""However tight: everybody comes as often as asked, nobody twice in a batch, every seat is taken."""

from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ethnoshard.mixing._deal import deal
from ethnoshard.mixing._hash import hashed
from tests.kit.examples import usual_examples


class Tight(NamedTuple):
    """Seats of each batch, and how often each person comes, most of them to nearly every batch."""

    seats: list[int]
    counts: list[int]


@st.composite
def tight(draw: st.DrawFn) -> Tight:
    """Batches whose numbers of seats differ by one at most, so that some way to seat everybody exists."""
    batches, least = draw(st.integers(1, 29)), draw(st.integers(1, 5))
    seats = draw(st.lists(st.integers(least, least + 1), min_size=batches, max_size=batches))
    nearly_all, few = st.integers(max(1, batches - 2), batches), st.integers(1, 3)
    left, counts = sum(seats), []
    while left:
        wish = draw(st.one_of(nearly_all, nearly_all, few))
        counts.append(min(wish, batches, left))
        left -= counts[-1]
    return Tight(seats, counts)


@settings(max_examples=usual_examples(3))
@given(tight(), st.integers(1, 3), st.integers(0, 1_000))
def test_people_who_are_in_nearly_every_batch_are_dealt_out_exactly(given: Tight, unit: int, seed: int) -> None:
    people = np.arange(len(given.counts))
    dealt = deal(
        np.array(given.counts, np.int64),
        np.array(given.seats, np.int32),
        people // unit,
        np.zeros(len(people), np.bool_),
        np.empty((0, 2), np.intp),
        hashed(seed, people),
    )
    assert [len(set(chosen.tolist())) for chosen in dealt] == given.seats
    assert np.bincount(np.concatenate(dealt), minlength=len(people)).tolist() == given.counts
