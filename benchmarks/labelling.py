"""Labelling by the shipped classifier: ``python -m benchmarks.labelling WORK [BEFORE] [--rounds R] [--workers W]``.

WORK is a work folder that is aligned; its lookup table is written anew. Reading, decoding and predicting of up to ten
faces of each identity, by the real workers, from their first batch on, so that loading torch is left out. In turn with
it: how many faces a second the same cores could look at if they did nothing but the multiplications of the network's
convolutions, at the rate at which BLAS multiplies large matrices on each of them. With BEFORE, a checkout of another
version of this repository, that version labels in turn with this one; each does so in a process of its own.
"""

import argparse
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks._table import in_turn, keep, print_table, summary
from benchmarks._versions import NOW, add_before, measured_in
from ethnoshard._blas import threads
from ethnoshard._parallel import available_cores
from ethnoshard.ethnicity._classifier import EthnicityClassifier, build_network

_SIDE = 1024
"""Of the matrices, which BLAS multiplies about as fast as it can."""


_LABELLED = """
import json, sys, time
from ethnoshard.ethnicity import Progress, label_by_classifier

counted = []
progress = Progress(advance=lambda number: counted.append((time.perf_counter(), number)))
label_by_classifier(sys.argv[1], workers=int(sys.argv[2]), progress=progress)
faces, seconds = sum(number for _, number in counted[1:]), counted[-1][0] - counted[0][0]
print(json.dumps({"rate": faces / seconds}))
"""


def labelled(version: Path, work: Path, workers: int) -> float:
    """Faces a second of a version."""
    rate: float = measured_in(version, "-c", _LABELLED, work.resolve(), workers)["rate"]
    return rate


def multiplications() -> int:
    """Of the shipped classifier's convolutions, for a face."""
    card = EthnicityClassifier.load(runtime="torch").card
    network, found = build_network(card.network, len(card.classes)).eval(), 0

    def count(layer: nn.Module, given: object, made: Tensor) -> None:
        nonlocal found
        assert isinstance(layer, nn.Conv2d)
        found += made[0].numel() * layer.weight[0].numel()

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(count)
    with torch.inference_mode():
        network(torch.zeros(1, 3, card.image_size, card.image_size))
    return found


def multiplied(of_a_face: int, workers: int) -> float:
    """Faces a second by multiplying alone, on as many cores."""
    matrix = np.random.default_rng(0).random((_SIDE, _SIDE), np.float32)
    times = 20
    with threads() as pool:
        began = time.perf_counter()
        list(pool.map(lambda _: matrix @ matrix, range(times * workers)))
        taken = time.perf_counter() - began
    return times * workers * _SIDE**3 / taken / of_a_face


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    add_before(parser, needed=False)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=available_cores())
    arguments = parser.parse_args()
    of_a_face = multiplications()
    versions = {} if arguments.before is None else {"before": arguments.before.resolve()}
    labelling = {
        name: partial(labelled, version, arguments.work, arguments.workers)
        for name, version in {**versions, "ethnoshard label": NOW}.items()
    }
    rates = in_turn(
        {**labelling, "multiplying alone": lambda: multiplied(of_a_face, arguments.workers)}, arguments.rounds
    )
    print(f"{of_a_face / 1e6:.1f} million multiplications a face")
    figures = summary(rates)
    print_table(
        ["faces a second", "least", "median", "most"],
        [[name, *(f"{value:,.0f}" for value in values.values())] for name, values in figures.items()],
    )
    if versions:
        pairs = zip(rates["ethnoshard label"], rates["before"], strict=True)
        print("now over before, round by round:", ", ".join(f"{now / before:.2f}" for now, before in pairs))
    keep("labelling", {"workers": arguments.workers, "rates": figures})


if __name__ == "__main__":
    main()
