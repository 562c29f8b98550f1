"""As what photographs were last seen: finished parts needn't be compared with files that look as they did then."""

from dataclasses import asdict, dataclass

from ethnoshard._files import read_json, write_json
from ethnoshard.errors import EthnoshardError
from ethnoshard.work._folder import WorkFolder

SEEN = "photographs.json"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Photographs from which all parts that are there were made, or with which they were compared.

    Attributes:
        key: of what their files looked like, and of where which image lies in them.
        digest: hex SHA-256 of the images' names and sizes, which follows from the key.
    """

    key: str
    digest: str


def read_seen(work: WorkFolder) -> Seen | None:
    """What was kept; None where nothing was, or not whole: it only saves reading."""
    try:
        content = read_json(work.path / SEEN)
        return Seen(key=str(content["key"]), digest=str(content["digest"]))
    except (EthnoshardError, KeyError):
        return None


def write_seen(work: WorkFolder, seen: Seen | None) -> None:
    """Keep what the photographs look like, before any part is made of them; None where it can't be told.

    Args:
        work: the work folder, held.
        seen: of the photographs with which all finished parts were compared.
    """
    if seen is None:
        (work.path / SEEN).unlink(missing_ok=True)
    elif seen != read_seen(work):
        write_json(work.path / SEEN, asdict(seen), shared=True)
