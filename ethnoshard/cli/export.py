"""``ethnoshard export``."""

from pathlib import Path
from typing import Annotated

import typer

from ethnoshard.cli._console import say


def run(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    path: Annotated[Path, typer.Argument(metavar="MODEL", help="File to write: .onnx or .safetensors.")],
) -> None:
    """Write a run's network for other programs: ONNX (faces of 0 to 255 in, unit vectors out), or safetensors."""
    from ethnoshard.training import export

    embedder = export(folder, path)
    say(f"{path}: {embedder.backbone}, faces of {embedder.side} pixels to {embedder.embedding} numbers")
