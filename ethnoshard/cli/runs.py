"""``ethnoshard runs``: list."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ethnoshard._command import command
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json, say_table, warn
from ethnoshard.cli._paths import local
from ethnoshard.runs import list_runs

app = typer.Typer(help="Look at runs.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _runs() -> None:
    """Look at runs."""


@app.command("list")
@local
def list_(
    folder: Annotated[Path, typer.Argument(metavar="RUNS", help="Folder that runs are in.")],
    as_json: options.AsJson = False,
) -> None:
    """A line a run: arm, seed, epoch, loss, and LFW's accuracy, VAL and AUC of its last evaluation."""
    runs = list_runs(folder)
    if as_json:
        say_json([asdict(run) for run in runs])
        return
    if not runs:
        say(f"no run in {folder}; {command('train', 'DATASET', '--out', folder / 'NAME')} makes one")
        return

    def shown(value: float | None, digits: int = 4) -> str:
        return "" if value is None else f"{value:.{digits}f}"

    rows = []
    for run in runs:
        lfw = run.lfw or {}
        epoch = "" if run.epoch is None else f"{run.epoch} of {run.epochs}"
        seed = "" if run.seed is None else str(run.seed)
        figures = [
            shown(lfw.get("accuracy")),
            "-" if run.val_reason else shown(lfw.get("val")),
            shown(lfw.get("auc")),
        ]
        rows.append([run.name, run.arm or "", seed, run.status, epoch, shown(run.loss), *figures])
    head = ("run", "arm", "seed", "status", "epoch", "loss", "accuracy", "VAL", "AUC")
    say_table(head, rows, title="accuracy, VAL at FAR 0.001 and AUC are of LFW, as last evaluated")
    for run in runs:
        for text in (run.reason, run.val_reason and f"no VAL: {run.val_reason}", run.collapsed):
            if text:
                warn(f"{run.name}: {text}")
        if run.replaced:
            warn(f"{run.name}: {run.replaced:,} draws got another face in place of a bad one")
