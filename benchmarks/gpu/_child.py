"""One check in a process of its own: ``python -m benchmarks.gpu._child NAME DEVICE SMALL KIT SCRATCH``.

It may crash, hang, or run out of memory; what it printed before counts.
"""

import importlib
import sys
import warnings
from pathlib import Path

from benchmarks.gpu._checks import CHECKS, Row, Setting, nothing, written


def say(row: Row) -> None:
    """Hand a row to the process that waits for it."""
    print(written(row), flush=True)


def main(arguments: list[str]) -> None:
    """Run the check that is named."""
    name, device, small, kit, scratch = arguments
    warnings.simplefilter("ignore")
    check = next(check for check in CHECKS if check.name == name)
    setting = Setting(device=device, small=small == "small", kit=Path(kit), scratch=Path(scratch))
    # What lacks is told with the check that needs it.
    try:
        run = getattr(importlib.import_module(f"benchmarks.gpu.{check.module}"), name)
    except ImportError as error:
        say(nothing(name, f"{error}; see the modules above"))
        return
    run(setting, say)


if __name__ == "__main__":
    main(sys.argv[1:])
