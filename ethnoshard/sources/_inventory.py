"""What a container holds, sorted into images and the rest, before anyone asks which folder is an identity."""

from typing import NamedTuple

from ethnoshard.sources._extensions import no_image_reason

HIDDEN = "hidden file (a name that begins with a dot)"
MACOS = "macOS metadata (__MACOSX)"
LINK = "link inside an archive"
SPECIAL = "device, pipe or socket"
UNSAFE = "absolute path or '..' in the name"
REPLACED = "replaced by a later entry of the same name"


class Found(NamedTuple):
    """An image file: its raw path in the container (undecodable bytes as surrogates), locator and bytes."""

    path: str
    locator: str | int
    size: int


class Inventory:
    """Images found, and the names of everything else by reason, so that nothing disappears silently."""

    def __init__(self) -> None:
        self.images: list[Found] = []
        self.skipped: dict[str, list[str]] = {}

    def skip(self, reason: str, path: str) -> None:
        """Count ``path`` among the entries that are no image of an identity."""
        self.skipped.setdefault(reason, []).append(display(path))

    def summary(self) -> str:
        """Say what was skipped, as ``3 no image extension, 1 hidden file``."""
        return ", ".join(f"{len(names)} x {reason}" for reason, names in sorted(self.skipped.items()))


class ArchiveInventory:
    """Collects the entries of an archive by name, where the last of a name wins, as on extraction."""

    def __init__(self) -> None:
        self._entries: dict[str, Found | str] = {}
        self._inventory = Inventory()

    def add(self, raw: str, locator: int, size: int, reason: str | None = None) -> None:
        """Enter the file ``raw``; with a ``reason`` it is no image that can be had."""
        parts = [part for part in raw.split("/") if part not in ("", ".")]
        # With a NUL in it no file system would take the name.
        if raw.startswith("/") or ".." in parts or "\0" in raw or not parts:
            self._inventory.skip(UNSAFE, raw)
            return
        path = "/".join(parts)
        reason = reason_in_name(parts) or reason
        if path in self._entries:
            self._inventory.skip(REPLACED, path)
        self._entries[path] = reason or Found(path, locator, size)

    def finish(self) -> Inventory:
        """Return what is left once later entries have replaced earlier ones."""
        for path, entry in self._entries.items():
            if isinstance(entry, Found):
                self._inventory.images.append(entry)
            else:
                self._inventory.skip(entry, path)
        return self._inventory


def reason_in_name(parts: list[str]) -> str | None:
    """Say why a file of this path can't be an image of an identity, or None when it can."""
    if "__MACOSX" in parts:
        return MACOS
    if any(part.startswith(".") for part in parts):
        return HIDDEN
    return no_image_reason(parts[-1])


def display(raw: str) -> str:
    r"""Return ``raw`` as valid text: bytes that are not UTF-8 (held as surrogates) appear as ``\xe9``."""
    if raw.isascii():
        return raw
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
