"""Which formats this version reads, and what to do about those it doesn't."""

from pathlib import Path

from ethnoshard.errors import EthnoshardError


def check_format(path: Path, found: object, *readable: int, again: str) -> None:
    """Refuse a file of a format that isn't known.

    Args:
        path: of the file.
        found: the format that it names; None for none.
        readable: formats that this version reads, ascending.
        again: what makes it anew, as an order: what to do about a format that is too old.

    Raises:
        EthnoshardError: it is of none of them.
    """
    if isinstance(found, int) and not isinstance(found, bool):
        if found in readable:
            return
        advice = (
            "a newer version wrote it: update ethnoshard"
            if found > readable[-1]
            else f"an older version wrote it: {again}"
        )
    else:
        advice = "it was not written by ethnoshard"
    raise EthnoshardError(
        f"{path} is of format {found!r}; this version of ethnoshard reads {' and '.join(map(str, readable))}; {advice}"
    )
