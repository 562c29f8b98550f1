"""What a dataset is made of, and what of its source is not in it, as tables."""

from collections.abc import Mapping
from dataclasses import asdict

import polars as pl

from ethnoshard.shards._dataset import FaceDataset

_MIB = 1 << 20


def label_words(dataset: FaceDataset) -> str:
    """Whose labels the groups are: ``perceived ethnicity as predicted by classifier ...``, ``as given by file ...``."""
    return "; ".join(map(_whose, dataset.manifest.label.sources)) or "of an unknown source"


def composition(people: pl.DataFrame) -> pl.DataFrame:
    """A row a group, that with the most faces first.

    Args:
        people: ``identities`` of a dataset.

    Returns:
        columns group, people, faces; least, median and most faces of a person; confidence, the mean of those people
        whose label has one, and sure, how many these are; people_share and faces_share, 0 to 1.
    """
    counted = people.group_by("group").agg(
        pl.len().alias("people"),
        pl.col("faces").cast(pl.Int64).sum(),
        pl.col("faces").min().alias("least"),
        pl.col("faces").median().alias("median"),
        pl.col("faces").max().alias("most"),
        pl.col("confidence").mean(),
        pl.col("confidence").count().alias("sure"),
    )
    return counted.with_columns(
        (pl.col("people") / len(people)).alias("people_share"),
        (pl.col("faces") / people["faces"].cast(pl.Int64).sum()).alias("faces_share"),
    ).sort(["faces", "group"], descending=[True, False])


def shard_table(dataset: FaceDataset) -> pl.DataFrame:
    """A row a shard, in the manifest's order: shard, group, MiB, faces, people."""
    rows = [
        {
            "shard": shard.name,
            "group": shard.group,
            "MiB": shard.bytes / _MIB,
            "faces": shard.faces,
            "people": shard.identities,
        }
        for shard in dataset.manifest.shards
    ]
    return pl.DataFrame(
        rows, {"shard": pl.String, "group": pl.String, "MiB": pl.Float64, "faces": pl.Int64, "people": pl.Int64}
    )


def status_table(dataset: FaceDataset) -> pl.DataFrame:
    """What became of each image of the source in alignment: became, images, share (0 to 1)."""
    statuses = dataset.manifest.align.statuses
    images = sum(statuses.values())
    rows = [
        {"became": status.replace("_", " "), "images": number, "share": number / images if images else None}
        for status, number in statuses.items()
    ]
    return pl.DataFrame(rows, {"became": pl.String, "images": pl.Int64, "share": pl.Float64})


def failure_table(dataset: FaceDataset) -> pl.DataFrame:
    """Why images gave no face, and why files of the source were no images, the most frequent first: reason, images."""
    align = dataset.manifest.align
    reasons = {**align.reasons, **{f"skipped: {reason}": number for reason, number in align.source.skipped.items()}}
    rows = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return pl.DataFrame(
        {"reason": [reason for reason, _ in rows], "images": [number for _, number in rows]},
        {"reason": pl.String, "images": pl.Int64},
    )


def left_out_table(dataset: FaceDataset) -> pl.DataFrame:
    """People with faces who are not in the dataset: reason, people, faces."""
    rows = [
        {"reason": reason, "people": counts.identities, "faces": counts.faces}
        for reason, counts in dataset.manifest.left_out.items()
    ]
    return pl.DataFrame(rows, {"reason": pl.String, "people": pl.Int64, "faces": pl.Int64})


def settings_table(dataset: FaceDataset) -> pl.DataFrame:
    """Everything that decided the dataset, a row each: setting, value; both text."""
    manifest, align = dataset.manifest, dataset.manifest.align
    rows: list[tuple[str, object]] = [
        ("fingerprint", manifest.fingerprint),
        ("format", manifest.format),
        ("source", f"{align.source.name} ({align.source.kind})"),
        ("digest of the source", align.source.digest),
        ("aligned on", align.device),
        *((f"align: {name}", value) for name, value in _flat(asdict(align.settings))),
        ("labels", "; ".join(manifest.label.sources)),
        *((f"pack: {name}", value) for name, value in _flat(asdict(manifest.pack))),
        *(
            (f"decisions: {name}", value)
            for name, value in _flat(asdict(manifest.decisions) if manifest.decisions else {})
        ),
        *((f"version: {name}", value) for name, value in _flat(align.versions)),
    ]
    return pl.DataFrame(
        {"setting": [name for name, _ in rows], "value": [str(value) for _, value in rows]},
        {"setting": pl.String, "value": pl.String},
    )


def _whose(source: str) -> str:
    kind, _, rest = source.partition(" ")
    if kind == "classifier":
        return f"perceived ethnicity as predicted by classifier {rest}"
    return f"as given by {'file ' if kind == 'file' else ''}{rest or kind}"


def _flat(tree: Mapping[str, object], above: str = "") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for name, value in tree.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{above}{name}.")
        else:
            # As JSON has it.
            rows.append((f"{above}{name}", list(value) if isinstance(value, tuple) else value))
    return rows
