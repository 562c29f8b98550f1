"""Copies found by the audit: ``python -m benchmarks.audit_images [--data FOLDER] [--cache FOLDER] [--wrong N]``.

Copies of some photographs are planted into the archives of two halves of celebs' people (``benchmarks/copies.py``),
which are aligned and embedded with ``mobilefacenet.onnx``. On the first half a logistic function is fitted, which says
how sure a pair is, and its constants are printed; on the second is measured, with the constants in the library, how
many copies are tied to their originals, by kind of copy and by group, and how many pairs are found that nobody planted.

Those are looked at: ``--pictures FILE`` writes a sheet of them, most certain first, and ``--wrong N`` says how many of
the second half's aren't one image; without it the precision printed takes all of them for wrong. Keep the pictures to
yourself. In the fit, unplanted pairs with a correlation above 0.965 count for nothing, since celebs holds many an image
twice.
"""

import argparse
import io
import itertools
import os
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps
from sklearn.linear_model import LogisticRegression

from benchmarks._table import keep, print_table
from benchmarks.copies import COPIES, Planted, plant
from ethnoshard._wilson import wilson
from ethnoshard.audit._prints import prints_of
from ethnoshard.audit._same_image import FaceSet, SameImages, compared_pairs, same_images, sureness_terms
from ethnoshard.embedding import Cache, embed_source, load_model, open_faces

_UNKNOWN = 0.965
"""Correlation above which an unplanted pair may well be one image."""


@dataclass(frozen=True, kw_only=True)
class Half:
    """One half of the people, with copies of their photographs.

    Attributes:
        planted: the archive.
        keys: of the faces that were found.
        jpegs: of the aligned faces.
        faces: embeddings, whose they are, prints.
        shows: (n,) number of the photograph that each face shows: a copy's is its original's.
    """

    planted: Planted
    keys: list[str]
    jpegs: list[bytes]
    faces: FaceSet
    shows: NDArray[np.int64]


class Found(NamedTuple):
    """How many of some."""

    found: int
    of: int

    def text(self) -> str:
        """As tables have it."""
        low, high = wilson(self.found, self.of)
        return f"{self.found} of {self.of}: {self.found / max(1, self.of):.3f} ({low:.3f} to {high:.3f})"

    def row(self) -> dict[str, float]:
        """As the file of results has it."""
        low, high = wilson(self.found, self.of)
        return {"found": self.found, "of": self.of, "low": round(low, 4), "high": round(high, 4)}


def half_of(data: Path, folder: Path, cache: Cache, people: slice, seed: int) -> Half:
    """Plant, align, embed, and make the prints."""
    archive = folder / f"people-{people.start}-{people.stop}.tar"
    celebs = data / "celebs"
    planted = plant(
        celebs / "celebs.tar", celebs / "labels.csv", archive, people=people, share=0.3, across=0.3, seed=seed
    )
    faces = open_faces(archive, cache=cache)
    model = load_model(data / "models" / "mobilefacenet.onnx", normalise="imagenet")
    vectors = embed_source(model, faces, flip=True, cache=cache).vectors
    jpegs = list(faces.jpegs())
    original = {copy.image: copy.original for copy in planted.copies}
    owners = np.unique(faces.identities, return_inverse=True)[1]
    shows = np.unique([original.get(key, key) for key in faces.keys], return_inverse=True)[1]
    return Half(
        planted=planted,
        keys=faces.keys,
        jpegs=jpegs,
        faces=FaceSet(vectors, owners, prints_of(jpegs, len(jpegs))),
        shows=shows,
    )


def fitted(half: Half) -> list[float]:
    """Intercept and weights of the logistic function, of correlation and cosine."""
    pairs, correlations, cosines = compared_pairs(half.faces)
    same = half.shows[pairs[:, 0]] == half.shows[pairs[:, 1]]
    taken = (correlations > 0.8) & (same | (correlations <= _UNKNOWN))
    terms = np.stack(sureness_terms(correlations, cosines), axis=1)
    model = LogisticRegression(C=10).fit(terms[taken], same[taken])
    return [float(value) for value in (*model.intercept_, *model.coef_[0])]


def tied(found: SameImages, number: int) -> NDArray[np.int64]:
    """Number of the image that each face is tied to, the same for all that are tied together."""
    image = np.arange(number)
    for one, other in found.pairs.tolist():
        image[image == image[other]] = image[one]
    return image


def unplanted(half: Half, found: SameImages) -> NDArray[np.int64]:
    """Rows of pairs of two different photographs, a pair of photographs once, most certain first."""
    shown = np.sort(half.shows[found.pairs], axis=1)
    rows = np.flatnonzero(shown[:, 0] != shown[:, 1])
    _, first = np.unique(shown[rows], axis=0, return_index=True)
    return rows[np.sort(first)]


def recalls(half: Half, found: SameImages) -> tuple[dict[str, Found], dict[str, Found], int]:
    """By kind of copy and where it is, and by the original's group; and copies in which no face was found."""
    rows = {key: row for row, key in enumerate(half.keys)}
    image = tied(found, len(rows))
    outcomes: list[tuple[str, str, str, bool]] = []
    lost = 0
    for copy in half.planted.copies:
        if copy.image not in rows or copy.original not in rows:
            lost += 1
            continue
        home = copy.original.partition("/")[0]
        where = "in its folder" if copy.image.startswith(f"{home}/") else "in another's folder"
        outcomes.append(
            (copy.kind, where, half.planted.groups[home], image[rows[copy.image]] == image[rows[copy.original]])
        )
    near = [outcome for outcome in outcomes if outcome[0] not in ("bytes", "pixels")]
    by_kind = {kind: _count(good for one, _, _, good in outcomes if one == kind) for kind in COPIES}
    by_kind["all but bytes and pixels"] = _count(good for *_, good in near)
    for where in ("in its folder", "in another's folder"):
        by_kind[f"of these, {where}"] = _count(good for _, one, _, good in near if one == where)
    groups = sorted({group for _, _, group, _ in near})
    by_group = {group: _count(good for _, _, one, good in near if one == group) for group in groups}
    return by_kind, by_group, lost


def _count(outcomes: Iterable[bool]) -> Found:
    given = [bool(outcome) for outcome in outcomes]
    return Found(sum(given), len(given))


def sheet(half: Half, found: SameImages, rows: NDArray[np.int64], path: Path) -> None:
    """Draw pairs side by side, the second mirrored where that was found."""
    across, side = 8, 100
    image = Image.new("RGB", (across * (2 * side + 10), -(-max(1, len(rows)) // across) * (side + 20)), "white")
    pen = ImageDraw.Draw(image)
    for number, row in enumerate(rows.tolist()):
        left, top = number % across * (2 * side + 10), number // across * (side + 20)
        for place, face in enumerate(found.pairs[row].tolist()):
            picture = Image.open(io.BytesIO(half.jpegs[face])).resize((side, side))
            mirrored = place and found.how[row] == "mirrored"
            image.paste(ImageOps.mirror(picture) if mirrored else picture, (left + place * side, top))
        pen.text((left, top + side + 2), f"{number} {found.figure[row]:.3f} {found.sure[row]:.2f}", fill="black")
    image.save(path)


def main() -> None:
    """Plant, fit, measure, print tables and write ``results/audit-images.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("ETHNOSHARD_DATA", "../shared/data")))
    parser.add_argument("--cache", type=Path, help="where aligned faces and embeddings are kept; by default nowhere")
    parser.add_argument("--people", type=int, default=150, help="of each half")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--least", type=float, default=0.5, help="how sure a pair is at least")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--wrong", type=int, help="unplanted pairs that aren't one image, by eye")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(arguments.cache or Path(folder) / "cache")
        ends = 0, arguments.people, 2 * arguments.people
        first, second = (
            half_of(arguments.data, Path(folder), cache, slice(begin, end), arguments.seed)
            for begin, end in itertools.pairwise(ends)
        )
        constants = fitted(first)
        print("fitted on the first half: intercept, by correlation, by cosine:", [round(one, 3) for one in constants])
        began, used = time.perf_counter(), time.process_time()
        found = same_images(*second.faces, least=arguments.least)
        wall, processor = time.perf_counter() - began, time.process_time() - used
        by_kind, by_group, lost = recalls(second, found)
        strange = unplanted(second, found)
        if arguments.pictures:
            sheet(second, found, strange, arguments.pictures)
    right = len(found) - int(np.count_nonzero(np.diff(second.shows[found.pairs], axis=1)))
    wrong = len(strange) if arguments.wrong is None else arguments.wrong
    precision = Found(right + len(strange) - wrong, right + len(strange))
    print(f"\nsecond half: {len(second.keys):,} faces, {lost} copies without a face; {processor:.1f} s of processor\n")
    print_table(["copies", "tied to their original (95 % interval)"], [[key, by_kind[key].text()] for key in by_kind])
    print()
    print_table(["group, as labelled", "near-duplicates"], [[key, by_group[key].text()] for key in by_group])
    print(f"\npairs that nobody planted: {len(strange)}, of which wrong: {wrong}; precision {precision.text()}")
    keep(
        "audit-images",
        {
            "rows": [
                {"copies": key, "recall": value.text(), "planted": value.of}
                for key, value in (*by_kind.items(), *((f"group {key}", value) for key, value in by_group.items()))
            ],
            "people": arguments.people,
            "faces": len(second.keys),
            "copies without a face": lost,
            "least": arguments.least,
            "fitted": [round(one, 3) for one in constants],
            "recall by kind": {key: value.row() for key, value in by_kind.items()},
            "recall by group": {key: value.row() for key, value in by_group.items()},
            "unplanted pairs": len(strange),
            "of them wrong": arguments.wrong,
            "precision": precision.row(),
            "processor s": round(processor, 1),
            "wall s": round(wall, 1),
        },
    )


if __name__ == "__main__":
    main()
