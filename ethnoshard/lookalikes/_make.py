"""From embeddings of faces to a folder of look-alikes."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._files import sha256_of, whole_file, whole_folder, write_json, write_table
from ethnoshard._progress import SILENT, Progress
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes._apart import NOBODY, RANK, chosen_apart, pairs_above
from ethnoshard.lookalikes._centroids import Numbers, Vectors, centroids_of, halves_of
from ethnoshard.lookalikes._neighbours import EXACT, check_k, neighbours, similarities
from ethnoshard.lookalikes._person_model import PersonModel
from ethnoshard.lookalikes._same_person import same_people
from ethnoshard.lookalikes._table import (
    APART,
    APART_SCHEMA,
    ARRAYS,
    FORMAT,
    RECORD,
    ArrayEntry,
    LookAlikes,
    PairsRecord,
    TableRecord,
    digest_of,
    digest_of_pairs,
)
from ethnoshard.shards import FaceDataset


def make_look_alikes(
    out: str | Path,
    *,
    dataset: FaceDataset,
    vectors: Vectors,
    owners: NDArray[np.integer],
    model_facts: Mapping[str, object],
    k: int = 16,
    apart: float | None = None,
    left_out: int = 0,
    exact_to: int = EXACT,
    progress: Progress = SILENT,
    log: Callable[[str], None] = lambda text: None,
) -> LookAlikes:
    """Write who resembles whom in a dataset.

    The folder appears whole or not at all. Time and place don't enter its digest: the same embeddings give the same.

    Args:
        out: the folder; an older table in the same place is replaced once the new one is whole.
        dataset: whose identities they are.
        vectors: (n, D) float32, embeddings of faces, of length 1.
        owners: (n,) number of the identity of each.
        model_facts: what is known of the network, as JSON holds it: name, digest, alignment, pixels.
        k: neighbours of each identity in the table.
        apart: similarity above which two identities are probably one person; by default as ``chosen_apart`` does.
        left_out: faces that should have had an embedding; only told.
        exact_to: more identities than these are looked up in an index.
        progress: told how many comparisons of an identity there are, and how many are done.
        log: told what goes otherwise than one may think.

    Raises:
        EthnoshardError: vectors and owners don't fit each other or the dataset, k or apart makes no sense, an index is
            needed and not installed, the folder holds something else, or the disk is full or can't be written.
    """
    folder = Path(out)
    check_out(folder)
    check_k(k)
    if vectors.ndim == 2:
        _check_lengths(vectors)
    identities = dataset.identities
    centroids, mean = centroids_of(vectors, owners, len(identities))
    halves = halves_of(vectors, owners, len(identities), mean)[1]
    numbers = {name: number for number, name in enumerate(dataset.groups)}
    group = identities["group"].replace_strict(numbers, return_dtype=pl.Int32).to_numpy()
    most = max(RANK, k)
    found = neighbours(centroids, group, most, exact_to=exact_to, progress=progress)
    chosen = chosen_apart(found, group, halves, apart)
    probable = None if apart is not None else _probable(vectors, owners, len(identities), exact_to)
    if probable is None:
        pairs, similarity = pairs_above(found, chosen.threshold)
        full = int(np.count_nonzero(found.similarity_of_all[:, -1] > np.float32(chosen.threshold)))
    else:
        pairs, full = probable, 0
        similarity = similarities(centroids, pairs[:, 0], pairs[:, 1]).astype(np.float32)
        chosen = replace(chosen, rule="probable", threshold=float(similarity.min()) if len(similarity) else NOBODY)
    if full:
        log(
            f"{full:,} of {len(identities):,} identities have {most} others above {chosen.threshold:.3f}, all "
            "that are looked for: more pairs may have to be kept apart. A larger --k lists them, a higher --apart has "
            "fewer"
        )
    arrays: dict[str, Numbers | Vectors] = {
        "nearest": np.ascontiguousarray(found.nearest[:, :k]),
        "similarity": np.ascontiguousarray(found.similarity[:, :k]),
        "nearest_of_all": np.ascontiguousarray(found.nearest_of_all[:, :k]),
        "similarity_of_all": np.ascontiguousarray(found.similarity_of_all[:, :k]),
        "centroids": centroids,
    }
    counts = np.bincount(owners, minlength=len(identities))
    with whole_folder(folder) as fresh:
        entries = {ARRAYS[name]: _written(fresh / ARRAYS[name], array) for name, array in arrays.items()}
        write_table(fresh / APART, _apart_table(identities, pairs, similarity))
        of_pairs = digest_of_pairs(pairs)
        digests = {file: entry["sha256"] for file, entry in entries.items()}
        record: TableRecord = {
            "format": FORMAT,
            "digest": digest_of(dataset.fingerprint, chosen.threshold, of_pairs, digests),
            "fingerprint": dataset.fingerprint,
            "model": dict(model_facts),
            "identities": len(identities),
            "without_embedding": int(np.count_nonzero(counts == 0)),
            "faces": len(owners),
            "faces_an_identity": {"least": int(counts[counts > 0].min()), "most": int(counts.max())},
            "faces_left_out": left_out,
            "k": k,
            "exact": found.exact,
            "apart": {
                "threshold": chosen.threshold,
                "rule": chosen.rule,
                "different": chosen.different,
                "same": chosen.same,
                "halves": chosen.halves,
            },
            "pairs_apart": _counted(identities, pairs, of_pairs),
            "arrays": entries,
            "versions": {name: version(name) for name in _distributions(exact=found.exact)},
        }
        write_json(fresh / RECORD, dict(record))
    return LookAlikes.open(folder)


def _probable(vectors: Vectors, owners: NDArray[np.integer], identities: int, exact_to: int) -> Numbers | None:
    """Pairs that are more probably one person than not, as in an audit; None where too little is known to tell."""
    try:
        model = PersonModel.fit(vectors, owners, identities)
    except EthnoshardError:
        return None
    same = same_people(model, model.coordinates(vectors), owners, identities, exact_to=exact_to)
    return None if same.recall is None else same.pairs


def check_out(folder: Path) -> None:
    """Refuse to write over something that is not a table, before anything is computed.

    Raises:
        EthnoshardError: there is such a thing.
    """
    if folder.is_dir():
        if any(folder.iterdir()) and not (folder / RECORD).is_file():
            raise EthnoshardError(f"{folder} holds other things than look-alikes; give a new folder for --out")
    elif folder.exists():
        raise EthnoshardError(f"{folder} is a file; give a folder for --out")


def _check_lengths(vectors: Vectors) -> None:
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    wrong = int(np.count_nonzero(~(np.abs(lengths - 1) < 1e-2)))
    if wrong:
        raise EthnoshardError(
            f"{wrong:,} of {len(vectors):,} embeddings are not of length 1 (they have {np.nanmin(lengths):.3g} to "
            f"{np.nanmax(lengths):.3g}), or are NaN; divide each by its length first"
        )


def _written(path: Path, array: Numbers | Vectors) -> ArrayEntry:
    """Write an array; returns what the record says of it."""
    with whole_file(path) as file:
        np.save(file, array, allow_pickle=False)
    return {"shape": [*array.shape], "dtype": str(array.dtype), "sha256": sha256_of(path)}


def _apart_table(identities: pl.DataFrame, pairs: Numbers, similarity: NDArray[np.float32]) -> pl.DataFrame:
    one, other = (identities[pairs[:, place].tolist()] for place in (0, 1))
    columns = {
        "identity": pairs[:, 0],
        "other": pairs[:, 1],
        "identity_name": one["identity"],
        "other_name": other["identity"],
        "group": one["group"],
        "other_group": other["group"],
        "similarity": similarity,
    }
    return pl.DataFrame(columns, APART_SCHEMA)


def _counted(identities: pl.DataFrame, pairs: Numbers, digest: str) -> PairsRecord:
    """How many pairs, by group; those of two groups by themselves."""
    of = list(zip(*(identities["group"][pairs[:, place].tolist()].to_list() for place in (0, 1)), strict=True))
    within = Counter(one for one, other in of if one == other)
    return {
        "sha256": digest,
        "pairs": len(of),
        "within": dict(sorted(within.items())),
        "across": len(of) - within.total(),
    }


def _distributions(*, exact: bool) -> list[str]:
    return ["ethnoshard", "numpy"] if exact else ["ethnoshard", "numpy", "faiss-cpu"]
