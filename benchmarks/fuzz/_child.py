"""The process in which a reader is given damaged files: ``python -m benchmarks.fuzz._child NAME FOLDER FIRST LAST``."""

import resource
import sys
from pathlib import Path

from benchmarks.fuzz._cases import LIMIT_MIB, Guard, run_case
from benchmarks.fuzz._targets import TARGETS
from benchmarks.fuzz._watch import READY, line_of


def main() -> None:
    """Make whole files, read them, then damage one of them again and again."""
    name, folder, first, last = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    target = TARGETS[name]
    folder.mkdir()
    target.make(folder)
    rows = target.read(folder)
    assert rows, f"{name}: the whole file has no row"
    whole = (folder / target.file).read_bytes()
    # What is loaded by now is no case's; one that asks for far more than it may is refused the memory by the system.
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + 2 * LIMIT_MIB * 2**20,) * 2)
    print(READY, flush=True)
    guard = Guard()
    for seed in range(first, last + 1):
        print(line_of(run_case(target, folder, whole, seed, guard)), flush=True)


if __name__ == "__main__":
    main()
