"""``ethnoshard train``."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ethnoshard.cli import _options as options
from ethnoshard.cli._console import progress_output, say, warn
from ethnoshard.errors import EthnoshardError
from ethnoshard.runs import TrainedOn, replaced_in
from ethnoshard.shards import FaceDataset

if TYPE_CHECKING:
    from ethnoshard.training import TrainingSettings, TrainingWatch, TripletTrainer
    from ethnoshard.training._trainer import Evaluate


def run(
    dataset: options.DatasetOrUrl,
    out: Annotated[Path, typer.Option(help="Run folder to make, or with --resume to go on with.")],
    arm: Annotated[
        str | None,
        typer.Option(help="How batches are composed: base, natural, uniform, placebo, same-group, or shares."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, batches, augmentation and mining.")] = None,
    config: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Ready-made: casia, small, smoke; or a TOML file of settings.")
    ] = "casia",
    epochs: Annotated[int | None, typer.Option(help="How long.")] = None,
    init: Annotated[str | None, typer.Option(help="Weights to start from: a file, vggface2 or casia-webface.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any other setting; may be said repeatedly.")
    ] = None,
    lfw: Annotated[
        Path | None,
        typer.Option(metavar="WORK", help="Work folder of LFW, made by ethnoshard align: evaluate on it now and then."),
    ] = None,
    pairs: Annotated[Path | None, typer.Option(metavar="FILE", help="LFW's pairs.txt.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 ...")] = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print all settings, as a file for --config, and the steps; don't train.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run, if there is one.")] = False,
) -> None:
    """Train a network with triplet loss on stratified batches. Several processes: torchrun -m ethnoshard train ..."""
    from ethnoshard.training import Ranks, TripletTrainer, parse_assignments, read_settings

    settings = read_settings(config).changed(parse_assignments(assignments or ()), "--set")
    said = {"arm": arm, "seed": seed, "epochs": epochs, "init": init}
    settings = settings.changed({name: value for name, value in said.items() if value is not None}, "command line")
    ranks = Ranks.from_environment()
    faces = FaceDataset.open(dataset)
    evaluate = _evaluation(lfw, pairs, settings, faces, visible=ranks.first)
    with _shown(visible=ranks.first) as watch:
        trainer = TripletTrainer(faces, settings, out, ranks=ranks, device=device, evaluate=evaluate, watch=watch)
        if dry_run:
            _describe(trainer)
            return
        try:
            record = trainer.train(resume=resume)
        except KeyboardInterrupt:
            warn(f"the steps since the last checkpoint in {out} are lost; --resume goes on from it")
            raise
    if not ranks.first:
        return
    progress = record["progress"]
    say(f"{progress['step']:,} steps, {record['weights']:,} weights; last epoch's loss {progress['loss']:.4f}")
    _say_replaced(record)
    say(f"run in {out}")
    report = out / "reports" / "lfw"
    say(f"next: ethnoshard evaluate {out} --lfw {lfw or 'WORK'} --pairs {pairs or 'pairs.txt'} --out {report}")
    say(f"next: ethnoshard dashboard {out.parent}")


def _say_replaced(record: dict[str, Any]) -> None:
    replaced = replaced_in(record)
    if not any(replaced.values()):
        return
    draws = sum(group["draws"] for epoch in record["coverage"] for group in epoch["groups"])
    warn(
        f"of {draws:,} draws {sum(replaced.values()):,} got another face in place of a bad one: "
        f"{replaced['identity']:,} of the same person, {replaced['group']:,} of the same group. "
        f"`ethnoshard verify {record['dataset']['path']} --decode` says which faces are bad"
    )


def _describe(trainer: "TripletTrainer") -> None:
    if not trainer.ranks.first:
        return
    settings = trainer.settings
    images = settings.people_per_batch * settings.images_per_person * trainer.ranks.size
    say(f"# {trainer.steps:,} steps of {images:,} images, {trainer.steps_an_epoch:,} an epoch, on {trainer.device}")
    say(settings.as_toml().rstrip())


def _evaluation(
    lfw: Path | None, pairs: Path | None, settings: "TrainingSettings", faces: FaceDataset, *, visible: bool
) -> "Evaluate | None":
    if lfw is None and pairs is None:
        return None
    if lfw is None or pairs is None:
        raise EthnoshardError("--lfw and --pairs go together: aligned faces, and which of them to compare")
    from ethnoshard.embedding import LfwCheck

    said = warn if visible else lambda text: None
    check = LfwCheck(lfw, pairs, crop=settings.crop, said=said)
    shared = TrainedOn.of_names(faces.identities["identity"].to_list(), faces.fingerprint).shared(check.people)
    if shared:
        said(
            f"{len(shared):,} of {len(check.people):,} people of {pairs} have the name of one that it is trained on; "
            "LFW's figures flatter"
        )
    return check


@contextlib.contextmanager
def _shown(*, visible: bool) -> Iterator["TrainingWatch"]:
    """A progress bar, and a line for each epoch."""
    from ethnoshard.training import TrainingWatch

    columns = (
        TextColumn("train"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    terminal = progress_output.is_terminal and visible
    with Progress(*columns, console=progress_output, disable=not terminal) as progress:
        task = progress.add_task("train", total=None, figures="")
        spent = {"images": 0.0, "seconds": 0.0, "waiting": 0.0}

        def begun(steps: int, done: int) -> None:
            progress.update(task, total=steps, completed=done)

        def stepped(row: dict[str, Any]) -> None:
            spent["images"] += row["images"] / row["step"]
            spent["seconds"] += row["seconds"]
            spent["waiting"] += row["waiting"]
            progress.update(
                task,
                advance=1,
                figures=f"loss {row['loss']:.3f}, {spent['images'] / spent['seconds']:,.0f} images/s, "
                f"waiting {spent['waiting'] / spent['seconds']:.1%}",
            )

        def epoch_done(report: dict[str, Any]) -> None:
            line = f"epoch {report['epoch']} of {report['epochs']}: loss {report['loss']:.4f}"
            if spent["seconds"]:
                line += f", {spent['images'] / spent['seconds']:,.0f} images/s"
                line += f", {spent['waiting'] / spent['seconds']:.1%} of the time waiting for data"
            if report["replaced"]:
                line += f"; {report['replaced']:,} draws got another face in place of a bad one"
            if "lfw_accuracy" in report:
                val, reason = report.get("lfw_val"), report.get("lfw_val_reason")
                shown = f"no VAL ({reason})" if val is None else f"VAL {val:.4f} at FAR {report['lfw_far']:.4f}"
                line += f"; LFW accuracy {report['lfw_accuracy']:.4f}, {shown}, AUC {report['lfw_auc']:.4f}"
            progress_output.print(line)

        yield TrainingWatch(begun=begun, stepped=stepped, epoch_done=epoch_done, said=warn)
