"""Names of a door whose modules are loaded when they are first asked for: torch alone takes seconds."""

import importlib
import sys
from collections.abc import Callable, Mapping


def late_names(package: str, modules: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a package some of whose names come later.

    A type checker is told of the names under ``TYPE_CHECKING``; in the ``else`` of it these two are set, so that it
    doesn't take every other name for granted.

    Args:
        package: its ``__name__``.
        modules: the module within the package, by each name.
    """

    def get(name: str) -> object:
        if name in modules:
            return getattr(importlib.import_module(f"{package}.{modules[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *modules})

    return get, names
