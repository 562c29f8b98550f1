"""The dataset's README: what it holds, how it was made, what it may be used for."""

import polars as pl

from ethnoshard.shards._format import MARK, SAMPLE_TYPES, SHARDS
from ethnoshard.shards._manifest import Manifest
from ethnoshard.work import BY_CLASSIFIER, SettingsRecord


def dataset_card(manifest: Manifest, identities: pl.DataFrame) -> str:
    """Markdown that stands beside the shards. Deterministic: no date, no path, no name of a person.

    Args:
        manifest: the content of ``dataset.json``.
        identities: the table of identities.
    """
    align, settings = manifest.align, manifest.align.settings
    return f"""{_head()}
# Faces in shards, by group

{manifest.faces:,} faces of {manifest.identities:,} identities, {manifest.image_size} x \
{manifest.image_size} px JPEG, in {len(manifest.shards)} WebDataset shards \
({manifest.bytes / 2**20:,.1f} MiB). Made by ethnoshard {align.versions["ethnoshard"]} from \
`{align.source.name}`.

## Composition

{_composition(manifest, identities)}

A *group* is the tag of an identity {_attributed(manifest.label.sources)}. It is not a fact about a person: an
ethnicity in it is perceived, by whoever made the labels or by whatever a classifier learned from such people.

## How it was made

{_alignment(settings)}

{_statuses(align.statuses)}

{_left_out(manifest)}
{_decided(manifest)}
Versions: {", ".join(f"{name} {version}" for name, version in align.versions.items())}; device {align.device}.
Fingerprint `{manifest.fingerprint}`.

## Use

Read it with ethnoshard (`FaceDataset.open`), with Hugging Face's `datasets.load_dataset(FOLDER)`, or with any
WebDataset reader: each sample is `KEY.jpg` and `KEY.json` (identity, group, confidence, source image).

A shard holds one group, and an identity's faces stand together in one shard. Therefore:

* A reader that doesn't mix shards gets batches of one group and few people, and a shuffle buffer mixes no more than it
  holds. ethnoshard's `StratifiedLoader` mixes groups exactly; with webdataset, `RandomMix` of one pipeline a group does
  so on average.
* A reader that splits a dataset by shard, into training and validation or among workers and ranks, splits it by group.
  Split by identity instead.
* The first {MARK} digits of the fingerprint are in the shards' names, since some readers' caches go by the name alone.

It is meant for research on how the composition of training data changes what a face recogniser confuses.
It is **not** meant for recognising, tracking or sorting people, nor for telling anybody's ethnicity, nor as a measure
of fairness: it says nothing of people who are not in it, and its groups are coarse.

## Licence

Packing changes no rights. The photographs keep the licence and the terms of their source, often non-commercial
research only, and the people in them have rights of their own. Before passing this folder on, find out whether you may.
"""


def _head() -> str:
    """What Hugging Face's ``datasets`` is told, in YAML: which files hold samples, and of which types.

    Left alone it takes the kind of file of which there are most, and types from the first five samples.
    """
    fields = "".join(f"    - name: {name}\n      dtype: {dtype}\n" for name, dtype in SAMPLE_TYPES.items())
    return f"""---
configs:
- config_name: default
  data_files:
  - split: train
    path: {SHARDS}/*.tar
dataset_info:
  features:
  - name: jpg
    dtype: image
  - name: json
    struct:
{fields}  - name: __key__
    dtype: string
  - name: __url__
    dtype: string
---
"""


def _attributed(sources: list[str]) -> str:
    """Who says so, and whether it is a prediction."""
    said = [f"as {'predicted' if source.startswith(BY_CLASSIFIER) else 'given'} by `{source}`" for source in sources]
    return " or ".join(said)


def _composition(manifest: Manifest, identities: pl.DataFrame) -> str:
    faces = manifest.faces
    rows = []
    for group in manifest.groups:
        own = identities.filter(pl.col("group") == group.name)
        confidence = own["confidence"].mean()
        rows.append(
            [
                _cell(group.name),
                f"{group.identities:,}",
                f"{group.faces:,}",
                f"{group.faces / faces:.1%}",
                f"{group.faces / group.identities:.1f}",
                f"{confidence:.3f}" if isinstance(confidence, float) else "not given",
                f"{group.shards}",
            ]
        )
    head = ["group", "identities", "faces", "share of faces", "faces an identity", "mean confidence", "shards"]
    return _table(head, rows)


def _alignment(settings: SettingsRecord) -> str:
    if settings.aligned:
        return "The faces were aligned by the source and taken as they were; one of another size was scaled."
    detector = settings.detector
    thresholds = " / ".join(str(value) for value in detector.thresholds)
    chosen = (
        "every face of an image"
        if settings.faces == "all"
        else "of several faces the one with the largest area less twice its squared distance from the image's centre"
    )
    faceless = "left out" if settings.no_face == "skip" else "replaced by its largest centre square"
    return (
        f"Alignment: MTCNN (thresholds {thresholds}, factor {detector.factor}, smallest face "
        f"{detector.min_face} px), {chosen}, margin {settings.margin} px of the source, bilinear, JPEG quality "
        f"{settings.quality}. An image without a face was {faceless}."
    )


def _statuses(statuses: dict[str, int]) -> str:
    head = ["what became of the source's images", "images"]
    return _table(head, [[status, f"{number:,}"] for status, number in statuses.items()])


def _left_out(manifest: Manifest) -> str:
    if not manifest.left_out:
        return "No identity was left out."
    rows = [[reason, f"{counts.identities:,}", f"{counts.faces:,}"] for reason, counts in manifest.left_out.items()]
    return _table(["left out because of", "identities", "faces"], rows)


def _decided(manifest: Manifest) -> str:
    """What decisions changed, between blank lines; nothing where nothing was decided."""
    record = manifest.decisions
    if record is None:
        return ""
    head = ["number", "identities as a whole", "faces"]
    tables = [
        _table(
            [f"decisions by {name}", *head],
            [
                [_cell(key), f"{own.decisions:,}", f"{own.identities:,}", f"{own.faces:,}"]
                for key, own in counts.items()
            ],
        )
        for name, counts in (("action", record.by_action), ("kind", record.by_kind))
    ]
    text = (
        f"Before packing, {record.decisions:,} decisions of `{record.name}` (digest `{record.digest}`) were carried "
        f"out, which made {record.new_identities:,} new identities. A face counts for one decision."
    )
    return "\n" + "\n\n".join([text, *tables]) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, first column left, the others right."""
    marks = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, marks, *rows])


def _cell(text: str) -> str:
    """A user's string as text in a table: no markup, no line breaks."""
    for mark in "\\`*_[]<>|#":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())
