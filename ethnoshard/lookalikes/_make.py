"""From embeddings of faces to a folder of look-alikes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._progress import SILENT, Progress
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes._apart import NOBODY, RANK, chosen_apart, pairs_above
from ethnoshard.lookalikes._centroids import Numbers, Vectors, centroids_of, halves_of
from ethnoshard.lookalikes._neighbours import EXACT, check_k, neighbours, similarities
from ethnoshard.lookalikes._person_model import PersonModel
from ethnoshard.lookalikes._same_person import same_people
from ethnoshard.lookalikes._table import LookAlikes
from ethnoshard.lookalikes._write import check_out, write_folder
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
    write_folder(
        folder,
        dataset=dataset,
        model_facts=model_facts,
        counts=np.bincount(owners, minlength=len(identities)),
        left_out=left_out,
        k=k,
        found=found,
        centroids=centroids,
        apart=chosen,
        pairs=pairs,
        similarity=similarity,
    )
    return LookAlikes.open(folder)


def _probable(vectors: Vectors, owners: NDArray[np.integer], identities: int, exact_to: int) -> Numbers | None:
    """Pairs that are more probably one person than not, as in an audit; None where too little is known to tell."""
    try:
        model = PersonModel.fit(vectors, owners, identities)
    except EthnoshardError:
        return None
    same = same_people(model, model.coordinates(vectors), owners, identities, exact_to=exact_to)
    return None if same.recall is None else same.pairs


def _check_lengths(vectors: Vectors) -> None:
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    wrong = int(np.count_nonzero(~(np.abs(lengths - 1) < 1e-2)))
    if wrong:
        raise EthnoshardError(
            f"{wrong:,} of {len(vectors):,} embeddings are not of length 1 (they have {np.nanmin(lengths):.3g} to "
            f"{np.nanmax(lengths):.3g}), or are NaN; divide each by its length first"
        )
