"""``ethnoshard preview``."""

from pathlib import Path
from typing import Annotated

import typer

from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, warn
from ethnoshard.shards import FaceDataset, contact_sheet


def run(
    dataset: options.DatasetOrUrl,
    picture: Annotated[Path, typer.Argument(metavar="OUT.png", help="The picture to write, .png or .jpg.")],
    per_group: Annotated[int, typer.Option(help="Faces of a group.")] = 12,
    side: Annotated[int, typer.Option(help="Side of a face on the sheet, pixels.")] = 112,
    seed: Annotated[int, typer.Option(help="Chooses the faces.")] = 0,
) -> None:
    """Draw a contact sheet: some faces of each group, nobody named."""
    drawn = contact_sheet(FaceDataset.open(dataset), picture, per_group=per_group, side=side, seed=seed, log=warn)
    say(f"{drawn:,} faces drawn on {picture}")
