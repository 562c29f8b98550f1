"""``ethnoshard info``."""

from dataclasses import asdict

from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json, say_table, size
from ethnoshard.cli._report import report_decisions
from ethnoshard.shards import FaceDataset, GroupInfo, describe
from ethnoshard.work import BY_CLASSIFIER


def run(dataset: options.DatasetOrUrl, as_json: options.AsJson = False) -> None:
    """Say what is in a dataset: people and faces by group, faces of a person, shards, confidence."""
    info = describe(FaceDataset.open(dataset))
    if as_json:
        say_json(asdict(info))
        return
    head = ["group", "identities", "faces", "share", "faces an identity", "confidence", "shards", "size"]
    say_table(head, [_row(group) for group in [*info.groups, info.whole]])
    for source in info.label_sources:
        say(f"groups as {'predicted' if source.startswith(BY_CLASSIFIER) else 'given'} by {source}")
    say(f"faces {info.image_size} x {info.image_size} px; fingerprint {info.fingerprint}")
    say("images of the source: " + ", ".join(f"{status} {number:,}" for status, number in info.statuses.items()))
    for reason, counts in info.left_out.items():
        say(f"left out, {reason}: {counts.identities:,} identities with {counts.faces:,} faces")
    report_decisions(info.decisions)


def _row(group: GroupInfo) -> list[str]:
    return [
        group.name,
        f"{group.identities:,}",
        f"{group.faces:,}",
        f"{group.share:.1%}",
        f"{group.least:,} / {group.median:,.0f} / {group.most:,}",
        "-" if group.confidence is None else f"{group.confidence:.3f}",
        f"{group.shards:,}",
        size(group.bytes),
    ]
