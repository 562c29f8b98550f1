"""From which similarity on a face in a wrong folder is somebody of the set, and not somebody who isn't in it.

``python -m benchmarks.audit_named --embeddings FILE.npz [--worlds 8]``
    What ``ethnoshard embed`` wrote of a set. In each world a tenth of its people are taken out, by a seed. Into the
    folders of the rest 2 % of their own faces are moved, and as many faces of those who were taken out. Of these, as
    far as they are found as strangers, it is told how alike the nearest other identity is, and whether the face is its.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks._table import keep, print_table
from ethnoshard._wilson import wilson
from ethnoshard.audit import PersonModel, strangers
from ethnoshard.embedding import Embeddings

OUT, MOVED = 0.1, 0.02
"""Shares of people who are taken out, and of faces that are moved, from inside and from outside."""
AT = (0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)


def found_in(embeddings: Embeddings, seed: int) -> npt.NDArray[np.float64]:
    """(M, 3) of planted faces that were found: 1 if it is of somebody in the set, 1 if that is the nearest, cosine."""
    rng = np.random.default_rng(seed)
    names, owners = np.unique(embeddings.identities, return_inverse=True)
    gone = np.isin(owners, rng.choice(len(names), int(OUT * len(names)), replace=False))
    inside, outside = np.flatnonzero(~gone), np.flatnonzero(gone)
    number = int(MOVED * len(inside))
    moved = np.concatenate([rng.choice(inside, number, replace=False), rng.choice(outside, number, replace=False)])
    folders = owners.copy()
    people = np.unique(owners[inside])
    for face in moved.tolist():
        folders[face] = rng.choice(people[people != owners[face]])
    there = np.flatnonzero(~gone | np.isin(np.arange(len(owners)), moved))
    vectors = embeddings.vectors[there]
    model = PersonModel.fit(vectors, folders[there], len(names))
    found = strangers(model.directions(model.coordinates(vectors)), folders[there], len(names), seed=seed)
    faces = there[found.faces]
    planted = np.isin(faces, moved)
    return np.stack([~gone[faces], found.nearest == owners[faces], found.other], axis=1).astype(float)[planted]


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embeddings", type=Path, required=True)
    parser.add_argument("--worlds", type=int, default=8)
    parser.add_argument("--keep", metavar="NAME", help="write results/NAME.json")
    given = parser.parse_args()
    embeddings = Embeddings.load(given.embeddings).one_an_image()
    inside, right, cosine = np.concatenate([found_in(embeddings, seed) for seed in range(given.worlds)]).T
    moved, outsiders = inside == 1, inside == 0
    print(f"found: {moved.sum():,} faces of people of the set, {outsiders.sum():,} of others")
    rows: list[dict[str, Any]] = []
    for at in AT:
        named = cosine > at
        rows.append(
            {
                "cosine above": at,
                "of the set: named right": _share(moved & named & (right == 1), moved),
                "named wrong": _share(moved & named & (right == 0), moved),
                "of others: named": _share(outsiders & named, outsiders),
            }
        )
    print_table(list(rows[0]), [list(row.values()) for row in rows])
    if given.keep:
        keep(given.keep, {"found": {"moved": int(moved.sum()), "outsiders": int(outsiders.sum())}, "rows": rows})


def _share(events: npt.NDArray[np.bool_], of: npt.NDArray[np.bool_]) -> str:
    low, high = wilson(int(events.sum()), int(of.sum()))
    return f"{events.sum() / of.sum():.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
