"""``ethnoshard cluster``."""

from pathlib import Path
from typing import Annotated

import typer

from ethnoshard.cli import _embedding as embedding
from ethnoshard.cli import _options as options
from ethnoshard.cli._shown import show_report
from ethnoshard.embedding import Embeddings
from ethnoshard.reports import check_out


def run(
    embeddings: Annotated[Path, typer.Argument(metavar="EMBEDDINGS", help="What embed wrote, or any .npz like it.")],
    people: Annotated[int, typer.Option(help="People in the picture (t-SNE).")] = 10,
    cluster_people: Annotated[
        int | None, typer.Option(help="People in each draw that is clustered; by default 50, or as many as there are.")
    ] = None,
    at_least: Annotated[int, typer.Option(help="Images that a person has to have.")] = 10,
    draws: Annotated[int, typer.Option(help="Draws of people to cluster.")] = 5,
    seed: Annotated[int, typer.Option(help="Chooses people; two models get the same.")] = 0,
    names: Annotated[bool, typer.Option("--names", help="Name the people in the picture; else numbered.")] = False,
    out: options.ReportOption = None,
    as_json: options.AsJson = False,
) -> None:
    """t-SNE of a few people; DBSCAN, k-means and a self-organising map of more, each with metrics of agreement."""
    if out is not None:
        check_out(out)
    from ethnoshard.reports import cluster_embeddings

    with embedding.steps("cluster") as log:
        report = cluster_embeddings(
            Embeddings.load(embeddings), people=people, cluster_people=cluster_people, at_least=at_least, draws=draws,
            seed=seed, names=names, log=log,
        )  # fmt: skip
    show_report(report, out, as_json=as_json, arrays=", picture.npz")
