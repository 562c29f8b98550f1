"""Who is taken for whom, as a title."""

from ethnoshard.charts import share
from ethnoshard.results import ErrorsAtThreshold


def cross_title(rates: ErrorsAtThreshold) -> str:
    """From the least confused two groups to the most."""
    groups = list(rates.cross)
    cells = {(one, other): rates.cross[one][other] for place, one in enumerate(groups) for other in groups[place:]}
    found = {two: cell.rate for two, cell in cells.items() if not cell.too_few and cell.rate is not None}
    if not found:
        return "Too few people or pairs for any two groups"
    low, high = min(found, key=lambda two: found[two]), max(found, key=lambda two: found[two])
    if found[low] == found[high]:
        return f"FMR {share(found[low])} wherever there are people and pairs enough"
    return f"FMR from {share(found[low])} ({_two(*low)}) to {share(found[high])} ({_two(*high)})"


def _two(one: str, other: str) -> str:
    return f"within {one}" if one == other else f"{one} with {other}"
