"""What batches were made of, as titles."""

import numpy as np

from ethnoshard.charts import Delivery


def composition_title(made: Delivery) -> str:
    """How far a single step is off."""
    if made.promised:
        return f"{made.run}: no batch is more than {bound(made.off_in_a_batch)} people off its target in any group"
    return f"{made.run}: batches are up to {made.off_in_a_batch:.1f} people off what the dataset holds"


def error_title(made: Delivery) -> str:
    """The worst that was reached."""
    number = len(made.steps) * made.ranks
    batches = f"{number:,} batch{'es' * (number != 1)}"
    if not made.promised:
        return f"{made.run}: up to {farthest(made)} people off the dataset's composition in {batches}"
    if made.farthest <= made.within + 1e-9:
        return f"{made.run}: never more than {farthest(made)} people off the target in {batches}"
    excess = f"{made.farthest:.2f} people off the target in {batches}, more than the {made.within} promised"
    return f"{made.run}: up to {excess}"


def numbers_title(made: Delivery) -> str:
    """By how much batches differ."""
    swings = made.people.max(0) - made.people.min(0)
    widest = int(swings.argmax())
    least, most = int(made.people[:, widest].min()), int(made.people[:, widest].max())
    if swings[widest] <= 1:
        return f"{made.run}: a group's number of people differs by at most 1 between batches"
    return f"{made.run}: {made.groups[widest]} has {least} to {most} people in a batch, the widest swing"


def people(number: int) -> str:
    """``1 person``, ``2 people``."""
    return "1 person" if number == 1 else f"{number} people"


def farthest(made: Delivery) -> str:
    """People that a group was ahead or behind at most, with the digits that a promise needs."""
    return bound(made.farthest) if made.promised else f"{made.farthest:.1f}"


def bound(value: float) -> str:
    """Two digits, rounded away from 0: a bound that is stated has to hold."""
    return f"{np.ceil(value * 100 - 1e-6) / 100:.2f}"
