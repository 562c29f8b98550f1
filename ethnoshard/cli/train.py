"""``ethnoshard train``."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ethnoshard._command import command
from ethnoshard._progress import Progress, TrainingWatch
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import Interrupted, progress_output, say, warn
from ethnoshard.errors import EthnoshardError
from ethnoshard.mixing import Target
from ethnoshard.runs import RunFolder, TrainedOn, replaced_in
from ethnoshard.shards import FaceDataset, is_url

if TYPE_CHECKING:
    from ethnoshard.training import Evaluate, Remake, TrainingRecord, TrainingSettings, TripletTrainer

_CONFIG = "casia"


def run(
    out: Annotated[Path, typer.Option(help="Run folder to make, or with --resume to go on with.")],
    dataset: Annotated[
        str | None,
        typer.Argument(
            metavar="DATASET",
            help="Dataset folder, or the URL of one: s3://, gs://, https://. Of a run that is resumed: where it lies "
            "now, if not where it was.",
            show_default=False,
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            help="How batches are composed: base, natural, uniform, placebo, same-group, weighted, or shares such as "
            'asian=0.5,white=0.5 (quoted as "a, b"=0.5 where a name has a comma).'
        ),
    ] = None,
    arm: Annotated[str | None, typer.Option(help="The old word for --target.", hidden=True)] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, batches, augmentation and mining.")] = None,
    config: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Ready-made: casia (the default), small, smoke; or a TOML file of settings.",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="How long. A run resumed may become longer with schedule=constant and warm_up=0."),
    ] = None,
    together: Annotated[
        int | None, typer.Option(help="People of a group come at least so many at a time, or not at all.")
    ] = None,
    look_alikes: options.LookAlikesOption = None,
    hard: options.Hard = None,
    within: Annotated[
        str | None, typer.Option(help="Who comes in a set of look-alikes: people of one group, or of any.")
    ] = None,
    refresh: Annotated[
        int | None,
        typer.Option(help="Epochs after which the network in training makes a new table of look-alikes; 0 for never."),
    ] = None,
    init: Annotated[str | None, typer.Option(help="Weights to start from: a file, vggface2 or casia-webface.")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting; may be given repeatedly."),
    ] = None,
    lfw: Annotated[
        Path | None,
        typer.Option(metavar="WORK", help="Work folder of LFW, made by ethnoshard align: evaluate on it now and then."),
    ] = None,
    pairs: Annotated[Path | None, typer.Option(metavar="FILE", help="LFW's pairs.txt.")] = None,
    device: Annotated[
        str | None, typer.Option(help="auto, cpu, cuda, cuda:1 ...; by default auto, or that of the run resumed.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print all settings, as a file for --config, and the steps; don't train.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with the run in --out, if there is one. What is not given is as it was begun."
        ),
    ] = False,
) -> None:
    """Train a network with triplet loss on stratified batches. Several processes: torchrun -m ethnoshard train ..."""
    from ethnoshard.training import Ranks, TripletTrainer, read_record

    record = read_record(RunFolder(out)) if resume and RunFolder(out).exists() else None
    by_itself = hard is None and record is None and not any(text.startswith("hard=") for text in assignments or ())
    overrides: dict[str, object] = {
        "target": _target(target, arm),
        "seed": seed,
        "epochs": epochs,
        "together": together,
        "look_alikes": None if look_alikes is None else str(look_alikes),
        "hard": options.HARD if by_itself and (look_alikes is not None or refresh) else hard,
        "within": within,
        "refresh": refresh,
        "init": init,
    }
    settings = _settings(config, assignments, overrides, record, out)
    ranks = Ranks.from_environment()
    faces = FaceDataset.open(_dataset(dataset, record, out))
    now = {name: str(path) for name, path in (("lfw", lfw), ("pairs", pairs)) if path is not None}
    evaluated_on = {**_evaluated_before(record, out, now), **now}
    evaluate = _evaluation(evaluated_on, settings, faces, visible=ranks.first)
    with _watch(visible=ranks.first) as watch:
        trainer = TripletTrainer(
            faces,
            settings,
            out,
            ranks=ranks,
            device=device or ("cpu" if record is not None and record.get("device") == "cpu" else "auto"),
            evaluate=evaluate,
            evaluated_on=evaluated_on,
            remake=_remake(settings, faces),
            watch=watch,
        )
        if dry_run:
            _describe(trainer)
            return
        try:
            done = trainer.train(resume=resume)
        except KeyboardInterrupt as error:
            again = command("train", "--resume", "--out", out)
            raise Interrupted(
                f"the steps since the last checkpoint in {out} are lost; {again} goes on from it"
            ) from error
    if not ranks.first:
        return
    progress = done["progress"]
    say(f"{progress['step']:,} steps, {done['weights']:,} weights; last epoch's loss {progress['loss']:.4f}")
    _say_replaced(done)
    say(f"run in {out}")
    report, on = out / "reports" / "lfw", {"lfw": "WORK", "pairs": "pairs.txt", **evaluated_on}
    say(f"next: {command('evaluate', out, '--lfw', on['lfw'], '--pairs', on['pairs'], '--out', report)}")
    say(f"next: {command('dashboard', out.parent)}")


def _target(target: str | None, arm: str | None) -> Target | None:
    """What ``--target`` names, or ``--arm``, as it was once called; None where neither is given."""
    if arm is not None:
        if target is not None:
            raise EthnoshardError("--arm is the old word for --target: give one of them")
        warn("--arm is the old word for --target, and will go; write --target instead")
        target = arm
    return None if target is None else options.target_of(target)


def _settings(
    config: str | None,
    assignments: list[str] | None,
    overrides: dict[str, object],
    record: "TrainingRecord | None",
    out: Path,
) -> "TrainingSettings":
    """Those of the run that goes on, unless a file of them is named, with what the command line sets."""
    from ethnoshard.training import parse_assignments, read_settings, settings_of_run

    if config is None and record is not None:
        settings = settings_of_run(record["settings"], str(RunFolder(out).record_path))
    else:
        settings = read_settings(config or _CONFIG, log=warn)
    settings = settings.changed(parse_assignments(map(options.as_text, assignments or ())), "--set", log=warn)
    return settings.changed({name: value for name, value in overrides.items() if value is not None}, "command line")


def _remake(settings: "TrainingSettings", faces: FaceDataset) -> "Remake | None":
    if not settings.refresh:
        return None
    from ethnoshard.embedding import TableOfTraining

    return TableOfTraining(faces, crop=settings.crop)


def _dataset(dataset: str | None, record: "TrainingRecord | None", out: Path) -> str:
    """The dataset that is named, or that the run learned from.

    Raises:
        EthnoshardError: it is neither named nor where it was.
    """
    if dataset is not None:
        return dataset
    if record is None:
        raise EthnoshardError(f"name the DATASET to train on; {out} holds no run that --resume could go on with")
    path = record["dataset"]["path"]
    if not is_url(path) and not Path(path).exists():
        raise EthnoshardError(
            f"the run in {out} learned from {path}, which is not there (seen from {Path.cwd()}); say where it is now: "
            f"{command('train', 'DATASET', '--resume', '--out', out)}"
        )
    return path


def _say_replaced(record: "TrainingRecord") -> None:
    replaced = replaced_in(dict(record))
    if not any(replaced.values()):
        return
    draws = sum(group["draws"] for epoch in record["coverage"] for group in epoch["groups"])
    warn(
        f"of {draws:,} draws {sum(replaced.values()):,} got another face in place of a bad one: "
        f"{replaced['identity']:,} of the same person, {replaced['group']:,} of the same group. "
        f"{command('verify', record['dataset']['path'], '--decode')} says which faces are bad"
    )


def _describe(trainer: "TripletTrainer") -> None:
    if not trainer.ranks.first:
        return
    settings = trainer.settings
    images = settings.people_per_batch * settings.images_per_person * trainer.ranks.size
    say(f"# {trainer.steps:,} steps of {images:,} images, {trainer.steps_an_epoch:,} an epoch, on {trainer.device}")
    say(settings.to_toml().rstrip())


def _evaluated_before(record: "TrainingRecord | None", out: Path, now: dict[str, str]) -> dict[str, str]:
    """What the run was evaluated on, by name.

    Raises:
        EthnoshardError: it is not where it was, nor given anew.
    """
    before = {} if record is None else record.get("evaluated_on", {})
    for name, path in before.items():
        if name not in now and not Path(path).exists():
            raise EthnoshardError(
                f"the run in {out} was evaluated on {path}, which is not there (seen from {Path.cwd()}); say where it "
                f"is now by --{name}"
            )
    return before


def _evaluation(
    on: dict[str, str], settings: "TrainingSettings", faces: FaceDataset, *, visible: bool
) -> "Evaluate | None":
    if not on:
        return None
    if on.keys() != {"lfw", "pairs"}:
        raise EthnoshardError("--lfw and --pairs go together: aligned faces, and which of them to compare")
    from ethnoshard.embedding import LfwCheck

    log = warn if visible else lambda text: None
    check = LfwCheck(Path(on["lfw"]), Path(on["pairs"]), crop=settings.crop, log=log)
    shared = TrainedOn.of_names(faces.identities["identity"].to_list(), faces.fingerprint).shared(check.people)
    if shared:
        log(
            f"{len(shared):,} of {len(check.people):,} people of {on['pairs']} have the name of one that it is trained "
            "on; LFW's figures flatter"
        )
    return check


@contextlib.contextmanager
def _watch(*, visible: bool) -> Iterator[TrainingWatch]:
    """A progress bar, and a line for each epoch."""
    columns = (
        TextColumn("train"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    terminal = progress_output.is_terminal and visible
    with Bar(*columns, console=progress_output, disable=not terminal) as bar:
        task = bar.add_task("train", total=None, speed="")
        spent = {"images": 0.0, "seconds": 0.0, "waiting": 0.0}

        def begun(steps: int, done: int) -> None:
            bar.update(task, total=steps, completed=done)

        def stepped(row: Mapping[str, float | None]) -> None:
            images, steps = row["images"] or 0, row["step"] or 1
            spent["images"] += images / steps
            spent["seconds"] += row["seconds"] or 0
            spent["waiting"] += row["waiting"] or 0
            bar.update(
                task,
                speed=f"loss {row['loss']:.3f}, {spent['images'] / spent['seconds']:,.0f} images/s, "
                f"waiting {spent['waiting'] / spent['seconds']:.1%}",
            )

        def epoch_done(report: Mapping[str, float | str | None]) -> None:
            line = f"epoch {report['epoch']} of {report['epochs']}: loss {report['loss']:.4f}"
            if spent["seconds"]:
                line += f", {spent['images'] / spent['seconds']:,.0f} images/s"
                line += f", {spent['waiting'] / spent['seconds']:.1%} of the time waiting for data"
            if report["replaced"]:
                line += f"; {report['replaced']:,} draws got another face in place of a bad one"
            if "lfw_accuracy" in report:
                val, reason = report.get("lfw_val"), report.get("lfw_val_reason")
                measured = f"no VAL ({reason})" if val is None else f"VAL {val:.4f} at FAR {report['lfw_far']:.4f}"
                line += f"; LFW accuracy {report['lfw_accuracy']:.4f}, {measured}, AUC {report['lfw_auc']:.4f}"
            progress_output.print(line)

        progress = Progress(begun=begun, advance=lambda number: bar.advance(task, number))
        yield TrainingWatch(progress=progress, stepped=stepped, epoch_done=epoch_done, log=warn)
