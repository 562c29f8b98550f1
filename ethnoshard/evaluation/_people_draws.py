"""A few people out of many, by seed, the same for every model."""

import numpy as np
import numpy.typing as npt

from ethnoshard._checks import check_whole
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Whole, texts_of


def draw_people(people: npt.ArrayLike, number: int, *, at_least: int = 1, draws: int = 1, seed: int = 0) -> list[Whole]:
    """Rows of the images of ``number`` people, drawn without replacement, several times over.

    The draws depend on the people and the seed alone, not on embeddings or the order of rows: two models that were
    tested on the same people get the same.

    Args:
        people: (N,) whose each image is.
        number: of people in a draw.
        at_least: images that a person has to have.
        draws: how many.
        seed: of the draws.

    Returns:
        one array of rows, rising, for each draw.

    Raises:
        EthnoshardError: fewer people have so many images.
    """
    array = np.asarray(people)
    texts = texts_of(array, len(array), "the person")
    for value, least, name in (
        (number, 2, "people"),
        (at_least, 1, "at_least"),
        (draws, 1, "draws"),
        (seed, 0, "seed"),
    ):
        check_whole(name, value, least)
    names, codes, counts = np.unique(texts, return_inverse=True, return_counts=True)
    eligible = np.flatnonzero(counts >= at_least)
    if len(eligible) < number:
        raise EthnoshardError(
            f"{len(eligible):,} of {len(names):,} people have at least {at_least} images; {number} are to be drawn. "
            + (
                "Ask for fewer people or images"
                if len(eligible) > 1
                else "Two are needed at least: ask for fewer images of each, or give embeddings of more people"
            )
        )
    chosen = [np.random.default_rng([seed, draw]).choice(eligible, number, replace=False) for draw in range(draws)]
    return [np.flatnonzero(np.isin(codes, some)) for some in chosen]
