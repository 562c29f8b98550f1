"""The table of look-alikes: the index beside exact search, and whom the threshold keeps apart.

``python -m benchmarks.look_alikes [--identities N ...]``
    Clustered synthetic centroids: recall of the index's neighbours, seconds, the process's peak memory.
``python -m benchmarks.look_alikes --embeddings FILE.npz [--labels LABELS.csv]``
    What ``ethnoshard embed`` wrote: one in a hundred people is put into two folders of so many faces each, others each
    time; printed is how many of them the table keeps apart, and how many of all it keeps apart from somebody else.
``python -m benchmarks.look_alikes --untrained DATASET``
    The same with a network that has learnt nothing, and with one that has collapsed, both of which see the dataset.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks._table import keep, print_table
from ethnoshard.embedding import Embeddings, embed_some
from ethnoshard.lookalikes import centroids_of, chosen_apart, halves_of, neighbours
from ethnoshard.lookalikes._neighbours import approximate_neighbours
from ethnoshard.mixing import hashed
from ethnoshard.shards import FaceDataset

Vectors = npt.NDArray[np.float32]
Owners = npt.NDArray[np.int64]
DIMENSIONS, NEAREST = 128, 16


def clustered(number: int) -> Vectors:
    """Centroids in clusters within clusters, of about 50 and 5 people; one in a hundred is nearly that of another.

    (N, 128) of length 1. The nearest are about as near as LFW's, and spread over as many dimensions.
    """
    rng = np.random.default_rng(0)
    found = np.zeros((number, DIMENSIONS), np.float32)
    for size, share in ((50, 0.35), (5, 0.35), (1, 0.6)):
        cells = max(1, number // size)
        middles = rng.standard_normal((cells, DIMENSIONS), np.float32)
        found += np.float32(share) * middles[rng.integers(0, cells, number)]
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    few = number // 100
    found[-few:] = found[:few] + np.float32(0.03) * rng.standard_normal((few, DIMENSIONS), np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def measure_index(numbers: list[int]) -> list[dict[str, Any]]:
    """Recall, seconds and memory for so many identities. The exact neighbours are those of a sample of 2,000."""
    rows = []
    for number in numbers:
        centroids, everybody = clustered(number), np.arange(number)
        known = np.full((number, NEAREST), -1, np.int32), np.full((number, NEAREST), -np.inf, np.float32)
        began, used = time.perf_counter(), time.process_time()
        approximate_neighbours(centroids, everybody, NEAREST, known)
        wall, processor = time.perf_counter() - began, time.process_time() - used
        few = number // 100
        twice = (known[0][-few:, 0] == everybody[:few]).mean()
        peak, used = peak_mib(), time.process_time()
        sample = everybody[:: max(1, number // 2_000)][:2_000]
        nearest, best = _exactly(centroids, sample)
        exactly = (time.process_time() - used) * number / len(sample)
        found = known[0][sample]
        rows.append(
            {
                "identities": number,
                "recall of the nearest": f"{(found[:, 0] == nearest[:, 0]).mean():.1%}",
                f"of the {NEAREST} nearest": f"{(found[:, :, None] == nearest[:, None, :]).any(axis=2).mean():.1%}",
                "of two folders of one person": f"{twice:.2%}",
                "nearest, found / exact": f"{known[1][sample, 0].mean():.3f} / {best.mean():.3f}",
                "processor s": round(processor),
                "wall s": round(wall),
                "exact, processor s": round(exactly),
                "peak MiB": peak,
            }
        )
    print_table(list(rows[0]), [list(row.values()) for row in rows])
    return rows


def _exactly(centroids: Vectors, sample: Owners) -> tuple[npt.NDArray[np.int64], Vectors]:
    """The nearest of some identities, nearest first, and how near the first is; a hundred at a time."""
    nearest, best = [], []
    for begin in range(0, len(sample), 100):
        some = sample[begin : begin + 100]
        similar = centroids[some] @ centroids.T
        similar[np.arange(len(some)), some] = -np.inf
        largest = np.argpartition(similar, -NEAREST, axis=1)[:, -NEAREST:]
        values = np.take_along_axis(similar, largest, axis=1)
        order = np.argsort(-values, axis=1)
        nearest.append(np.take_along_axis(largest, order, axis=1))
        best.append(values.max(axis=1))
    return np.concatenate(nearest), np.concatenate(best)


def peak_mib() -> int:
    """The process's peak memory so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def split(
    owners: Owners, faces: int, folders: int, people: int, draw: int
) -> tuple[Owners, npt.NDArray[np.bool_], Owners]:
    """Put one in a hundred people, of those with twice so many faces, into two folders.

    Args:
        owners: (n,) whose face each is.
        faces: of each folder.
        folders: faces of everybody else at most.
        people: how many there are.
        draw: chooses whom.

    Returns:
        New owners, second folders numbered from ``people``; which faces take part; who was split.
    """
    rows = np.arange(len(owners))
    order = np.lexsort((hashed(rows), owners))
    counts = np.bincount(owners, minlength=people)
    place = np.empty(len(owners), np.int64)
    place[order] = rows - (np.cumsum(counts) - counts)[owners[order]]
    able = np.flatnonzero(counts >= 2 * faces)
    chosen = np.sort(able[np.argsort(hashed(draw, able))[: people // 100]])
    mine = np.isin(owners, chosen)
    number = np.searchsorted(chosen, owners)
    new = np.where(mine & (place >= faces), people + number, owners)
    return new, place < np.where(mine, 2 * faces, folders), chosen


class Draw(NamedTuple):
    """What a table made of some split people."""

    threshold: float
    noticed: npt.NDArray[np.bool_]  # of those who were split, that they are one person
    mistaken: npt.NDArray[np.bool_]  # of all, for somebody else
    groups: npt.NDArray[np.int32]
    with_mean_off: npt.NDArray[np.bool_]  # of those who were split, where 2 % of all are mistaken
    with_mean_on: npt.NDArray[np.bool_]


def measure_threshold(
    vectors: Vectors, owners: Owners, group: npt.NDArray[np.int32], sizes: list[int], draws: int
) -> Iterator[dict[str, Any]]:
    """Whom the table keeps apart, of split people and of all, for folders of so many faces."""
    for faces in sizes:
        if np.count_nonzero(np.bincount(owners) >= 2 * faces) < 10:
            continue
        found = [_one_draw(vectors, owners, group, faces, draw) for draw in range(draws)]
        thresholds = [draw.threshold for draw in found]
        noticed, mistaken, groups, off, on = (np.concatenate(parts) for parts in list(zip(*found, strict=True))[1:])
        yield {
            "faces a folder": faces,
            "split people": len(noticed),
            "threshold": f"{min(thresholds):.3f} to {max(thresholds):.3f}",
            "split people kept apart": f"{noticed.mean():.1%}",
            "people apart from somebody else": f"{mistaken.mean():.2%}",
            "by group": " ".join(f"{mistaken[groups == one].mean():.1%}" for one in np.unique(groups)),
            "split people at 2 % apart from somebody else": f"{off.mean():.1%}",
            "the same with the mean left on": f"{on.mean():.1%}",
        }


def _one_draw(vectors: Vectors, owners: Owners, group: npt.NDArray[np.int32], faces: int, draw: int) -> Draw:
    people = len(group)
    new, taken, chosen = split(owners, faces, 10, people, draw)
    of, total = np.r_[group, group[chosen]], people + len(chosen)
    centroids, mean = centroids_of(vectors[taken], new[taken], total)
    found = neighbours(centroids, of, NEAREST)
    apart = chosen_apart(found, of, halves_of(vectors[taken], new[taken], total, mean)[1])
    twin = np.full(total, -2)
    twin[chosen], twin[people:] = np.arange(people, total), chosen
    above, is_twin = found.similarity_of_all > apart.threshold, found.nearest_of_all == twin[:, None]
    plain = np.zeros_like(centroids)
    np.add.at(plain, new[taken], vectors[taken])
    plain /= np.maximum(np.linalg.norm(plain, axis=1, keepdims=True), 1e-6)
    return Draw(
        apart.threshold,
        (above & is_twin).any(axis=1)[chosen],
        (above & ~is_twin).any(axis=1),
        of,
        *(_at_two_percent(each, chosen, people) for each in (centroids, plain)),
    )


def _at_two_percent(centroids: Vectors, chosen: Owners, people: int) -> npt.NDArray[np.bool_]:
    """Of whom the two folders are more alike than any two people are, but for one in fifty's."""
    similar = centroids @ centroids.T
    np.fill_diagonal(similar, -np.inf)
    second = np.arange(people, len(centroids))
    same = similar[chosen, second]
    similar[chosen, second] = similar[second, chosen] = -np.inf
    found: npt.NDArray[np.bool_] = same > np.quantile(similar.max(axis=1), 0.98)
    return found


def of_file(path: Path, labels: Path | None) -> tuple[Vectors, Owners, npt.NDArray[np.int32]]:
    """Vectors, whose they are, and each one's group (all one, without labels)."""
    found = Embeddings.load(path)
    names, owners = np.unique(found.identities, return_inverse=True)
    vectors = found.vectors / np.linalg.norm(found.vectors, axis=1, keepdims=True)
    if labels is None:
        return vectors, owners, np.zeros(len(names), np.int32)
    table = pl.read_csv(labels, schema_overrides={"identity": pl.String})
    of = dict(table.select("identity", "group").iter_rows())
    groups = sorted(set(of.values()))
    return vectors, owners, np.array([groups.index(of[name]) for name in names.tolist()], np.int32)


def unlearnt(place: str, *, collapsed: bool) -> tuple[Vectors, Owners, npt.NDArray[np.int32]]:
    """Embeddings of a network with random weights; collapsed, they are all nearly the same."""
    import torch

    from ethnoshard.training import FaceEmbedder

    dataset = FaceDataset.open(place)
    torch.manual_seed(0)
    network = FaceEmbedder("mobilefacenet", embedding=DIMENSIONS, side=112).eval()

    def embed(images: npt.NDArray[np.uint8]) -> Vectors:
        with torch.inference_mode():
            found: Vectors = network(torch.from_numpy(images).permute(0, 3, 1, 2)).float().numpy()
        return found

    found = embed_some(dataset, embed, crop=min(112, dataset.image_size))
    vectors = found.vectors
    if collapsed:
        rng = np.random.default_rng(0)
        vectors = np.float32(1) + np.float32(0.01) * (vectors + 0.05 * rng.standard_normal(vectors.shape, np.float32))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    numbers = {name: number for number, name in enumerate(dataset.groups)}
    group = np.array([numbers[name] for name in dataset.identities["group"]], np.int32)
    return vectors, found.owners.astype(np.int64), group


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identities", type=int, nargs="+", default=[30_000, 90_000])
    parser.add_argument("--embeddings", type=Path)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--untrained", metavar="DATASET")
    parser.add_argument("--faces", type=int, nargs="+", default=[1, 3, 5, 7])
    parser.add_argument("--draws", type=int, default=5)
    arguments = parser.parse_args()
    given = []
    if arguments.embeddings:
        given.append((arguments.embeddings.stem, of_file(arguments.embeddings, arguments.labels)))
    if arguments.untrained:
        given += [
            ("collapsed" if on else "untrained", unlearnt(arguments.untrained, collapsed=on)) for on in (False, True)
        ]
    for name, content in given:
        rows = list(measure_threshold(*content, arguments.faces, arguments.draws))
        print(f"\n{name}: {len(content[2]):,} people, {len(content[0]):,} faces\n")
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    if not given:
        keep("look-alikes", {"nearest": NEAREST, "rows": measure_index(arguments.identities)})


if __name__ == "__main__":
    main()
