"""Which names in a table of labels are identities of the faces but for their writing, and what did that."""

from collections import Counter
from collections.abc import Callable, Sequence

from ethnoshard.sources import Remark, Remarks

CUT_ZEROS = "leading zeros cut off, as spreadsheets do; import the column of identities as text"
DECIMALS = "made a decimal number; read the column of identities as text"
CASE = "upper and lower case, or spaces, differ; write identities as the folders are"
ABOVE = "a folder more or less stands before the name; write identities as the faces have them"


def _number(name: str) -> str:
    return name.lstrip("0") or "0" if name.isdecimal() else name


def _whole(name: str) -> str:
    before, point, after = name.partition(".")
    return _number(before) if before.isdecimal() and point and after and not after.strip("0") else _number(name)


_WRITINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (CUT_ZEROS, _number),
    (DECIMALS, _whole),
    (CASE, lambda name: " ".join(name.casefold().split())),
    (ABOVE, lambda name: name.strip("/").rpartition("/")[2]),
)


def resembling(named: Sequence[str], lacking: Sequence[str]) -> tuple[Remark, ...]:
    """Count names of a table that fit nobody but for their writing.

    Args:
        named: names in the table that no identity has.
        lacking: identities that the table doesn't name.

    Returns:
        By the kind of writing; a name counts once, and only if it fits a single identity.

    >>> [(remark.reason[:21], remark.count, remark.first) for remark in resembling(["45", "7"], ["0000045", "p"])]
    [('leading zeros cut off', 1, "'45' for '0000045'")]
    """
    remarks = Remarks()
    rest = list(named)
    for reason, writing in _WRITINGS:
        often = Counter(writing(name) for name in lacking)
        identity = {writing(name): name for name in lacking}
        fits = [name for name in rest if often[writing(name)] == 1]
        for name in fits:
            remarks.add(reason, f"{name!r} for {identity[writing(name)]!r}")
        taken = set(fits)
        rest = [name for name in rest if name not in taken]
    return remarks.by_reason()
