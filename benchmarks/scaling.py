"""How many decoding processes a loader feeds: ``python -m benchmarks.scaling BEFORE DATASET [--workers N ...]``

BEFORE is a checkout of another version of this repository. In place of decoding, each decoding process sleeps for what
a face was measured to take on a core by itself, so that 32 of them run on two cores; planning, reading, sending and
handing out are the real ones. Each version gives batches of 32 x 4 in a process of its own, in turn. Printed is how
many processes' worth of faces came: 16 of 16 means that none waited. The pixels are of no meaning.
"""

import argparse
import json
import statistics
from pathlib import Path

from benchmarks._table import keep, print_table
from benchmarks._versions import add_before, measured_in, versions_beside, versions_in_turn
from benchmarks.decoding import decode, jpegs_of
from ethnoshard import FaceDataset

_SLEEPER = """
import runpy, signal, socket, sys, time
real = runpy.run_path({real!r}, run_name="decoding")
seconds, owed = {seconds!r}, 0.0

class Sleeping:
    def __init__(self, image_size, size):
        pass
    def decode(self, jpeg, row, view):
        # A sleep is as long as the system likes: what is too much is made up for by the next faces.
        global owed
        owed += seconds
        if owed > 0.002:
            began = time.perf_counter()
            time.sleep(owed)
            owed -= time.perf_counter() - began

real["serve"].__globals__["PixelDecoder"] = Sleeping
signal.signal(signal.SIGINT, signal.SIG_IGN)
try:
    real["serve"](socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3]))
except ConnectionError:
    pass
"""

_MEASURED = """
import json, sys, tempfile, time
from itertools import islice
from pathlib import Path
from ethnoshard import FaceDataset, StratifiedLoader
from ethnoshard.loading import _processes

def forever(loader):
    while True:
        yield from loader

def main():
    options = json.loads(sys.argv[2])
    seconds, least = options.pop("seconds"), options.pop("least")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "sleeper.py"
        script.write_text(options.pop("sleeper").format(real=_processes.other_side.__file__, seconds=seconds))
        _processes.other_side.__file__ = str(script)
        # Nobody but the processes decodes: the others wait until they are there.
        ready = _processes.DecodingProcess.ready.fget
        def wait(process):
            while not ready(process):
                time.sleep(0.01)
            return True
        _processes.DecodingProcess.ready = property(wait)
        dataset = FaceDataset.open(sys.argv[1])
        loader = StratifiedLoader(dataset, people_per_batch=32, images_per_person=4, **options)
        batches = forever(loader)
        for _ in islice(batches, len(loader)):
            pass
        faces, began, used = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - began < least:
            faces += len(next(batches).identities)
        took, used = time.perf_counter() - began, time.process_time() - used
        loader.close()
    print(json.dumps({"images_per_second": faces / took, "worth": faces / took * seconds, "busy": used / took}))

main()
"""


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_before(parser)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4, 8, 16, 32])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--face-us", type=float, help="what decoding a face takes, us; by default it is measured")
    arguments = parser.parse_args()
    dataset = arguments.dataset.resolve()
    cost = (arguments.face_us or 0) / 1e6
    if not cost:
        opened = FaceDataset.open(dataset)
        jpegs = jpegs_of(opened)
        cost = 1 / statistics.median(decode(jpegs, opened.image_size, 1) for _ in range(5))
    print(f"a face is decoded in {cost * 1e6:.0f} us of a core")
    versions = versions_beside(arguments.before)
    rows, kept = [], []
    for workers in arguments.workers:
        # As many batches ahead as let each process have two slices of 64.
        options = {"num_workers": workers, "prefetch": max(3, workers + 1)}
        told = json.dumps({**options, "seconds": cost, "least": arguments.seconds, "sleeper": _SLEEPER})
        found = versions_in_turn(
            versions,
            arguments.rounds,
            lambda version, told=told: measured_in(version, "-c", _MEASURED, dataset, told),
            of=f"{workers} workers",
        )
        row: list[object] = [workers]
        for name, runs in found.items():
            medians = {value: round(statistics.median(run[value] for run in runs), 3) for value in runs[0]}
            kept.append({"workers": workers, "version": name, **medians})
            row += [f"{medians['images_per_second']:,.0f}", f"{medians['worth']:.1f}", f"{medians['busy']:.2f}"]
        rows.append(row)
    head = [f"{what}, {name}" for name in versions for what in ("images/s", "processes' worth", "cores of training")]
    print_table(["processes", *head], rows)
    keep("scaling", {"face_us": round(cost * 1e6, 1), "rounds": arguments.rounds, "rows": kept})


if __name__ == "__main__":
    main()
