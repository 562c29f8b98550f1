"""``ethnoshard classifier``: train, evaluate, info."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ethnoshard._command import command
from ethnoshard._json import as_json as to_json
from ethnoshard._progress import Progress, TrainingWatch
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import progress_output, say, say_json, say_table, tell, warn_of, watched
from ethnoshard.cli._paths import local
from ethnoshard.cli.label import model_folder
from ethnoshard.errors import EthnoshardError

if TYPE_CHECKING:
    from ethnoshard.ethnicity import ClassifierMetrics, CollectionPart
    from ethnoshard.ethnicity._collection import Exploration

app = typer.Typer(
    help="Train, evaluate and describe classifiers of perceived ethnicity.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Collection = Annotated[
    Path,
    typer.Argument(metavar="COLLECTION", help="UTKFace (folder or archive) or FairFace (folder or table)."),
]


@app.command()
@local
def train(
    collection: Collection,
    out: Annotated[Path, typer.Option(help="Model folder to make: card, weights, pictures, TensorBoard's files.")],
    network: Annotated[
        str, typer.Option(help="mobilefacenet, vgg16 (as Kalinga 2020), or torchvision's.")
    ] = "mobilefacenet",
    init: Annotated[Path | None, typer.Option(help="Weights to start from: .safetensors, .pt or .onnx.")] = None,
    seed: Annotated[int, typer.Option(help="Of the split, the weights and the batches.")] = 0,
    epochs: Annotated[int, typer.Option(help="At most.")] = 16,
    patience: Annotated[int, typer.Option(help="Epochs without a better validation accuracy.")] = 20,
    batch: Annotated[int, typer.Option(help="Faces a step.")] = 64,
    learning_rate: Annotated[float, typer.Option(help="Highest of the cycle.")] = 4e-4,
    search: Annotated[
        str | None,
        typer.Option(metavar="LOW,HIGH", help="Choose the learning rate between these (the seed: 0.001,0.1)."),
    ] = None,
    cache: options.AlignedCache = None,
    workers: options.Workers = None,
    device: options.Device = "cpu",
    as_json: options.AsJson = False,
) -> None:
    """Align, split 70/30, train, calibrate, test. Interrupted, run the same command again: it goes on."""
    from ethnoshard.ethnicity import TrainSettings, train_classifier

    settings = TrainSettings(
        network=network,
        seed=seed,
        epochs=epochs,
        patience=patience,
        batch=batch,
        learning_rate=learning_rate,
        search=None if search is None else _range(search),
    )
    with watched("align", "images") as bar:
        watch = _watch(bar)
        card = train_classifier(
            collection, out, settings, init=init, cache=cache, workers=workers, device=device, watch=watch
        )
    if card.data is not None:
        _warn_of_rows(card.data.exploration)
    if as_json:
        say_json(to_json(card))
        return
    if card.test is not None:
        _say_metrics(card.test)
    say(f"model in {out}: {card.weights_bytes / 1e6:.1f} MB; pictures {out / 'report.png'}, {out / 'history.png'}")
    say(f"next: {command('label', 'WORK', '--classifier', out)}")


@app.command()
@local
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help='Model folder, or "shipped".')],
    collection: Collection,
    out: Annotated[Path, typer.Option(help="Folder for report.json and report.png.")] = Path("classifier-report"),
    everything: Annotated[
        bool, typer.Option("--everything", help="All images, even of the collection that it was trained on.")
    ] = False,
    cache: options.AlignedCache = None,
    workers: options.Workers = None,
    device: options.Device = "cpu",
    as_json: options.AsJson = False,
) -> None:
    """Accuracy, confusion, error by class, age and gender, calibration. Of its own collection: the test part alone."""
    from ethnoshard.ethnicity import evaluate_classifier

    with watched("align", "images") as bar:
        watch = _watch(bar)
        report = evaluate_classifier(
            model_folder(model),
            collection,
            out,
            everything=everything,
            cache=cache,
            workers=workers,
            device=device,
            watch=watch,
        )
    _warn_of_rows(report.collection)
    if as_json:
        say_json(report.to_dict())
        return
    part = report.collection
    say(f"{part.name}, {part.part}; of {part.listed:,} usable")
    _say_metrics(report.metrics)
    say(f"report in {out / 'report.json'}, picture in {out / 'report.png'}")


@app.command()
@local
def info(
    model: Annotated[str, typer.Argument(metavar="[MODEL]", help='Model folder, or "shipped".')] = "shipped",
    as_json: options.AsJson = False,
) -> None:
    """Print a classifier's card: what it learned from, how good it is for whom, what it is for."""
    from ethnoshard.ethnicity import SHIPPED, read_card

    folder = model_folder(model)
    card = read_card(SHIPPED if folder is None else folder)
    if as_json:
        say_json(to_json(card))
        return
    size = f"{card.image_size} px, {card.weights_bytes / 1e6:.1f} MB"
    say(f"{card.network}, {size}: {', '.join(card.classes)}")
    if card.data is not None:
        explored = card.data.exploration
        say(f"trained on {card.data.collection}: {explored.total:,} images, {explored.malformed} names malformed")
        for remark in (*explored.left_out, *explored.kept):
            say(f"  {remark.count:,} x {remark.reason}")
    if card.split is not None:
        counts = ", ".join(f"{part} {sum(classes.values()):,}" for part, classes in card.split.images.items())
        say(f"split by seed {card.split.seed}: {counts}")
    if card.test is not None:
        _say_metrics(card.test)
    say(f"\nfor: {card.intended_use}")
    say(f"\nlimits: {card.limits}")


def _warn_of_rows(counts: "Exploration | CollectionPart") -> None:
    """What a collection left out, and what it read otherwise than it is written."""
    warn_of("left out of the collection", counts.left_out)
    warn_of("in the collection", counts.kept)


def _range(text: str) -> tuple[float, float]:
    try:
        low, high = (float(number) for number in text.split(","))
    except ValueError as error:
        raise EthnoshardError(f"--search takes two learning rates, LOW,HIGH, not {text!r}") from error
    return low, high


def _watch(bar: Progress) -> TrainingWatch:
    def epoch_done(line: dict[str, float]) -> None:
        progress_output.print(
            f"epoch {line['epoch'] + 1:3.0f}  loss {line['loss']:.4f}  validation {line['validation_accuracy']:.4f}"
        )

    return TrainingWatch(progress=bar, epoch_done=epoch_done, log=tell)


def _say_metrics(metrics: "ClassifierMetrics") -> None:
    """Accuracy, and what it is for each class, age and gender."""
    accuracy, error = metrics.accuracy, metrics.calibration_error
    say(
        f"on {metrics.images:,} images: accuracy {accuracy.rate:.3f} (95 % interval {accuracy.low:.3f} to "
        f"{accuracy.high:.3f}), macro F1 {metrics.macro_f1:.3f}, calibration error {error.after:.3f} "
        f"({error.before:.3f} before)"
    )
    names = list(metrics.classes)
    rows = [[name, *(f"{value:,}" for value in row)] for name, row in zip(names, metrics.confusion, strict=True)]
    say_table(["given \\ predicted", *names], rows)
    rates = [(f"class {name}", values.recall.complement) for name, values in metrics.classes.items()]
    rates += [(f"age {band}", rate) for band, rate in metrics.error_by_age.items()]
    rates += list(metrics.error_by_gender.items())
    table = [
        [name, "-" if rate.rate is None else f"{rate.rate:.1%}", f"{rate.low:.1%} to {rate.high:.1%}", f"{rate.of:,}"]
        for name, rate in rates
    ]
    say_table(["error of", "rate", "95 % interval", "images"], table)
