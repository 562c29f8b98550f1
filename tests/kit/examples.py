"""How many examples of a property are tried."""

from hypothesis import settings


def usual_examples(times: float) -> int:
    """So many times those that are usual: 100, and fewer where only quick tests are asked for."""
    usual = settings().max_examples
    return round(times * usual)
