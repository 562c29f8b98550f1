"""Which column, or key, of what holds images says whose they are, of which group, how else the person is called."""

from collections.abc import Iterable, Mapping

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import IDENTITY
from ethnoshard.sources.tables._given import plain_name
from ethnoshard.sources.tables._roles import LIKELY_WITH_IMAGES

_SURE = 2
"""Tiers of names of identities that can hardly mean anything else."""


def column_for(role: str, names: Iterable[str], said: Mapping[str, str], where: object) -> str | None:
    """The column that the user named for a role, or else the likeliest; None where none is likely.

    Args:
        role: ``image``, ``identity``, ``group`` or ``name``.
        names: of all columns.
        said: role -> column, by the user.
        where: the file, for messages.

    Raises:
        EthnoshardError: there is no such column as the user named, or two could both be meant.
    """
    names = list(names)
    if role in said:
        if said[role] in names:
            return said[role]
        raise EthnoshardError(f"{where} has no column {said[role]!r} for the {role}; it has {', '.join(names)}")
    for tier in LIKELY_WITH_IMAGES[role]:
        fitting = [name for name in names if plain_name(name) in tier.split()]
        if len(fitting) > 1:
            raise EthnoshardError(
                f"{where} could mean {' or '.join(fitting)} by {role}; say which by --columns {role}={fitting[0]}"
            )
        if fitting:
            return fitting[0]
    return None


def is_sure(name: str) -> bool:
    """Whether a column that is likely to name people can hardly mean anything else.

    >>> is_sure("person_id"), is_sure("label")
    (True, False)
    """
    return any(plain_name(name) in tier.split() for tier in LIKELY_WITH_IMAGES[IDENTITY][:_SURE])
