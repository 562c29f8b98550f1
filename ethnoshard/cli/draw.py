"""``ethnoshard draw``."""

from pathlib import Path
from typing import Annotated

import typer

from ethnoshard._command import command
from ethnoshard.cli._console import Interrupted, say
from ethnoshard.synthetic import DrawnSettings, draw_faces


def run(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder for faces/ and tables.")],
    identities: Annotated[int, typer.Option(help="Number of people drawn.")] = 48,
    images: Annotated[int, typer.Option(help="Pictures of a person, on average.")] = 12,
    size: Annotated[int, typer.Option(help="Side of a picture, pixels.")] = 180,
    seed: Annotated[int, typer.Option(help="Another seed, other people.")] = 0,
) -> None:
    """Draw faces of nobody, in groups A to D of unequal size: a source to try everything on without photographs."""
    settings = DrawnSettings(identities=identities, images=images, size=size, seed=seed)
    try:
        draw_faces(folder, settings)
    except KeyboardInterrupt as error:
        raise Interrupted(f"{folder} is not whole: delete it, then run the same command again") from error
    say(f"{identities:,} identities drawn in {folder / 'faces'}, their groups in {folder / 'labels.csv'}")
    faces, pairs = folder / "faces", folder / "pairs.csv"
    verified = command("evaluate", "MODEL", "--lfw", faces, "--pairs", pairs, "--pairs-form", "bfw")
    say(f"pairs to verify in {pairs}: {verified}")
    say(f"next: {command('build', folder / 'faces', 'DATASET', '--labels', folder / 'labels.csv')}")
