"""The reader for a pair list, by the name of its form."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import PairList, read_bfw_pairs, read_bin_pairs, read_cfp_pairs, read_lfw_pairs, read_rfw_pairs

_READERS: dict[str, Callable[[Path], PairList]] = {
    "lfw": read_lfw_pairs,
    "cfp-ff": partial(read_cfp_pairs, protocol="FF"),
    "cfp-fp": partial(read_cfp_pairs, protocol="FP"),
    "rfw": partial(read_rfw_pairs, allow_duplicates=True),
    "bfw": partial(read_bfw_pairs, allow_duplicates=True),
    "bin": lambda path: read_bin_pairs(path).pairs,
}
PAIR_FORMATS = tuple(_READERS)
"""LFW's pairs.txt, CFP's Protocol folder (frontal-frontal, frontal-profile), RFW's txts, BFW's table, insightface's
.bin."""


def read_pairs(path: str | Path, form: str = "lfw") -> PairList:
    """Read a pair list.

    Args:
        path: the file or folder.
        form: one of ``PAIR_FORMATS``.

    Raises:
        EthnoshardError: the form is unknown, or the list can't be read or is malformed.
    """
    if form not in _READERS:
        raise EthnoshardError(f"pair lists come as {', '.join(PAIR_FORMATS)}; {form!r} is none of these")
    return _READERS[form](Path(path))
