"""``ethnoshard look-alikes``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from ethnoshard._command import command
from ethnoshard._files import read_table
from ethnoshard.cli import _embedding as embedding
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json, say_table, warn, watched
from ethnoshard.embedding import Embeddings, SomeEmbeddings, embed_some, some_of
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes import LookAlikes as Table
from ethnoshard.lookalikes import TableSummary, check_out, make_look_alikes, summary_of
from ethnoshard.shards import FaceDataset

_MOST_PAIRS = 10
"""Pairs that are printed."""
_WHY = {
    "given": "as given",
    "probable": "by the faces of these people and how far those of one person vary",
    "half-way": "half-way",
    "different people": "the table can't tell them better",
    "few of a group": "the table can't tell them better, and of a group a pair or one in fifty may be apart",
    "nobody": "too few people to tell",
}
"""How the threshold was chosen, in words."""


def run(
    dataset: options.DatasetOrUrl,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Folder to write: the table.")],
    model: Annotated[str | None, typer.Option("--model", metavar="MODEL", help=embedding.MODEL_HELP)] = None,
    embeddings: Annotated[
        Path | None,
        typer.Option(
            "--embeddings",
            metavar="FILE",
            help="Instead of a model: what embed wrote of this dataset, or of the photographs that it was packed from.",
        ),
    ] = None,
    faces: Annotated[int, typer.Option(help="Faces of a person that are looked at, at most.")] = 10,
    k: Annotated[int, typer.Option("--k", help="Nearest others of each person that the table holds.")] = 16,
    apart: Annotated[
        float | None,
        typer.Option(
            help="Similarity (a cosine) above which two people are probably one in two folders, never to be sought. By "
            "default those are kept apart who are more probably one person than not, as in an audit; where fewer than "
            "twenty people have two faces, by third nearest others and by halves of one person's faces."
        ),
    ] = None,
    alignment: embedding.AlignmentChoice = None,
    normalise: embedding.Normalise = None,
    crop: embedding.Crop = None,
    flip: embedding.Flip = False,
    device: embedding.Device = "cpu",
    as_json: options.AsJson = False,
) -> None:
    """Find out who resembles whom: for each person the nearest others, as a network sees them.

    Batches can then hold look-alikes. Pairs that are probably one person in two folders are kept apart and listed.
    """
    if (model is None) == (embeddings is None):
        raise EthnoshardError(
            "give either --model, which embeds some faces of everybody, or --embeddings, a file of them"
        )
    check_out(out)
    given = FaceDataset.open(dataset)
    if embeddings is not None:
        if flip or (alignment, normalise, crop) != (None, None, None):
            raise EthnoshardError("--alignment, --normalise, --crop and --flip go with --model; a file has its own")
        file = Embeddings.load(embeddings)
        found = some_of(given, file, faces=faces)
        facts = {**file.facts.get("model", {"name": embeddings.name}), "flip": file.facts.get("flip")}
    else:
        known = embedding.loaded(str(model), alignment, normalise, crop, device)
        with watched("embed", "faces") as bar:
            found = embed_some(given, known, faces=faces, flip=flip, progress=bar)
        facts = {**known.facts(), "flip": flip}
    if found.left_out:
        warn(f"{found.left_out:,} faces have no embedding, and are left out")
    with watched("compare", "people") as bar:
        table = make_look_alikes(
            out,
            dataset=given,
            vectors=found.vectors,
            owners=found.owners,
            model_facts=facts,
            k=k,
            apart=apart,
            left_out=found.left_out,
            progress=bar,
            log=warn,
        )
    summary, pairs = summary_of(table, given), read_table(out / "apart.parquet")
    if as_json:
        say_json(
            {
                **table.record,
                "path": str(out),
                **asdict(summary),
                "most_similar_apart": pairs.head(_MOST_PAIRS).to_dicts(),
            }
        )
        return
    _say(table, summary, pairs, found, str(dataset))


def _say(table: Table, summary: TableSummary, pairs: pl.DataFrame, found: SomeEmbeddings, dataset: str) -> None:
    record, model = table.record, table.model
    most = record["faces_an_identity"]["most"]
    say(
        f"{table.path}: who resembles whom among {record['identities']:,} people, by {len(found.owners):,} faces, "
        f"{most} each at most; {record['without_embedding']:,} people have none"
    )
    if not record["exact"]:
        say("looked up in an index, which may miss some; see benchmarks/look_alikes.py")
    details = [
        f"{what} {model[key]}" for key, what in (("alignment", "alignment"), ("normalise", "pixels")) if key in model
    ]
    say(", ".join([str(model.get("name", "a network that is not known")), *details]))
    say()
    say_table(
        ["group", "people", "without", "nearest of group", "nearest of all", "of own group", "pairs apart"],
        [
            [
                group.group,
                f"{group.people:,}",
                f"{group.without:,}",
                _number(group.nearest, ".3f"),
                _number(group.nearest_of_all, ".3f"),
                _number(group.own_share, ".1%"),
                f"{group.pairs_apart:,}",
            ]
            for group in summary.groups
        ],
    )
    say("similarities are cosines of centroids without the mean of all; medians over people")
    say()
    _say_apart(table, summary, pairs)
    say()
    following = command("train", dataset, "--look-alikes", table.path, "--hard", "0.5")
    say(f"to train with look-alikes in the batches: {following}")


def _say_apart(table: Table, summary: TableSummary, pairs: pl.DataFrame) -> None:
    chosen = table.record["apart"]
    reached = (
        ("different people reach", chosen["different"]),
        ("halves of one person's faces reach", chosen["same"]),
    )
    values = ", ".join(f"{what} {value:.3f}" for what, value in reached if value is not None)
    why = f"{_WHY[chosen['rule']]}{': ' if values else ''}{values}"
    if chosen["rule"] == "probable":
        which = f"pairs that are probably one person, {_WHY['probable']}"
    else:
        which = f"pairs above {table.apart:.3f} ({why}) are probably one person"
    say(f"{which}: {len(pairs):,}, {summary.across:,} of two groups")
    if not len(pairs):
        return
    say_table(
        ["most similar pairs", "and", "similarity"],
        [
            [row["identity_name"], row["other_name"], f"{row['similarity']:.3f}"]
            for row in pairs.head(_MOST_PAIRS).to_dicts()
        ],
    )
    say(f"all of them are in {table.path / 'apart.parquet'}; look at their photographs, and merge or delete folders")


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
