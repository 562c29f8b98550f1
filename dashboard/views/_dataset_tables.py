"""What a dataset is made of, as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from ethnoshard.charts import percent
from ethnoshard.shards import FaceDataset, Manifest

MIB = 1 << 20


def composition(dataset: FaceDataset) -> pl.DataFrame:
    """A row a group, the largest first: people and faces, their number and share, and faces a person."""
    people = dataset.identities
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


def composition_title(rows: pl.DataFrame) -> str:
    """One look tells the skew: the largest group's share, and the smallest's."""
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    said = f"{first['group']} is {percent(first['people_share'])} of the people and {percent(first['faces_share'])} of "
    if len(rows) == 1:
        return f"Everybody is of one group, {first['group']}"
    return f"{said}the faces; {last['group']} {percent(last['people_share'])} and {percent(last['faces_share'])}"


def shards(manifest: Manifest) -> pl.DataFrame:
    """A row a shard, as the manifest lists them."""
    return pl.DataFrame(
        {
            "shard": [shard.name for shard in manifest.shards],
            "group": [shard.group for shard in manifest.shards],
            "MiB": [shard.bytes / MIB for shard in manifest.shards],
            "faces": [shard.faces for shard in manifest.shards],
            "people": [shard.identities for shard in manifest.shards],
        },
        schema={"shard": pl.String, "group": pl.String, "MiB": pl.Float64, "faces": pl.Int64, "people": pl.Int64},
    )


def shards_title(rows: pl.DataFrame) -> str:
    """How even they are: of groups with several shards the one whose largest and smallest differ most."""
    spread = (
        rows.group_by("group")
        .agg(pl.len().alias("shards"), (pl.col("MiB").max() / pl.col("MiB").min()).alias("ratio"))
        .filter(pl.col("shards") > 1)
        .sort(["ratio", "group"], descending=[True, False])
    )
    if rows.is_empty():
        return "No shard"
    said = f"{len(rows):,} {'shard' if len(rows) == 1 else 'shards'} of "
    low, high = _least(rows["MiB"]), _most(rows["MiB"])
    said += f"{low:.1f} to {high:.1f} MiB" if f"{low:.1f}" != f"{high:.1f}" else f"{low:.1f} MiB"
    if spread.is_empty():
        return f"{said}, one a group" if len(rows) > 1 else said
    worst = spread.row(0, named=True)
    return f"{said}; those of {worst['group']} differ most, by {percent(worst['ratio'] - 1)}"


def statuses(manifest: Manifest) -> pl.DataFrame:
    """What became of each image of the source, and of the people that were aligned but not packed."""
    counted = manifest.align.statuses
    images = sum(int(number) for number in counted.values())
    return pl.DataFrame(
        {
            "became": [str(status).replace("_", " ") for status in counted],
            "images": [int(number) for number in counted.values()],
            "share": [int(number) / images if images else None for number in counted.values()],
        },
        schema={"became": pl.String, "images": pl.Int64, "share": pl.Float64},
    )


def statuses_title(manifest: Manifest) -> str:
    """How many images gave a face."""
    counted = manifest.align.statuses
    images = sum(counted.values())
    lost = images - counted.get("aligned", 0)
    if not images:
        return "No image was aligned"
    if not lost:
        return f"All {images:,} images gave a face"
    share = f" ({percent(lost / images)})" if lost / images >= 0.001 else ""
    return f"{lost:,} of {images:,} images gave no face{share}"


def reasons(manifest: Manifest) -> pl.DataFrame:
    """Why images gave no face, and why files of the source were no images; most frequent first."""
    found: dict[str, Any] = {**manifest.align.reasons}
    for reason, number in manifest.align.source.skipped.items():
        found[f"skipped: {reason}"] = number
    rows = sorted(found.items(), key=lambda item: (-int(item[1]), item[0]))
    return pl.DataFrame(
        {"reason": [str(reason) for reason, _ in rows], "images": [int(number) for _, number in rows]},
        schema={"reason": pl.String, "images": pl.Int64},
    )


def left_out(manifest: Manifest) -> pl.DataFrame:
    """People with faces who are not in the dataset, by reason."""
    found = manifest.left_out
    return pl.DataFrame(
        {
            "reason": [str(reason) for reason in found],
            "people": [counts.identities for counts in found.values()],
            "faces": [counts.faces for counts in found.values()],
        },
        schema={"reason": pl.String, "people": pl.Int64, "faces": pl.Int64},
    )


def left_out_title(manifest: Manifest) -> str:
    """How many of the people with faces are missing here."""
    found = manifest.left_out.values()
    people, faces = sum(one.identities for one in found), sum(one.faces for one in found)
    if not people:
        return "Nobody with a face was left out when packing"
    everybody = people + manifest.identities
    return (
        f"{people:,} of {everybody:,} people with faces ({percent(people / everybody)}), {faces:,} faces, were left "
        "out when packing"
    )


def whose_labels(sources: Sequence[str]) -> str:
    """Words for the manifest's sources of labels."""
    return "; ".join(_whose(str(source)) for source in sources) or "of an unknown source"


def _whose(source: str) -> str:
    kind, _, rest = source.partition(" ")
    if kind == "classifier":
        return f"perceived ethnicity as predicted by classifier {rest}"
    return f"as given by {'file ' if kind == 'file' else ''}{rest or kind}"


def settings(manifest: Manifest) -> pl.DataFrame:
    """Everything that decided the dataset, as name and value."""
    align = manifest.align
    rows = [
        ("fingerprint", manifest.fingerprint),
        ("format", manifest.format),
        ("source", f"{align.source.name} ({align.source.kind})"),
        ("digest of the source", align.source.digest),
        ("aligned on", align.device),
        *((f"align: {name}", value) for name, value in _flat(asdict(align.settings))),
        ("labels", "; ".join(manifest.label.sources)),
        *((f"pack: {name}", value) for name, value in _flat(asdict(manifest.pack))),
        *((f"version: {name}", value) for name, value in _flat(align.versions)),
    ]
    return pl.DataFrame(
        {"setting": [str(name) for name, _ in rows], "value": [str(value) for _, value in rows]},
        schema={"setting": pl.String, "value": pl.String},
    )


def _flat(tree: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in tree.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{above}{name}.")
        else:
            rows.append((f"{above}{name}", value))
    return rows


def _least(column: pl.Series) -> float:
    return float(column.to_numpy().min())


def _most(column: pl.Series) -> float:
    return float(column.to_numpy().max())
