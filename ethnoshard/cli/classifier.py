"""``ethnoshard classifier``: train, evaluate, info."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ethnoshard._command import command
from ethnoshard._progress import Progress, TrainingWatch
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import progress_output, say, say_json, say_table, tell, warn_of, watched
from ethnoshard.cli._paths import local
from ethnoshard.cli.label import model_folder
from ethnoshard.errors import EthnoshardError
from ethnoshard.results import Reason, from_json

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
    _warn_of_rows(card["data"]["exploration"])
    if as_json:
        say_json(card)
        return
    _say_figures(card["test"])
    say(f"model in {out}: {card['weights_bytes'] / 1e6:.1f} MB; pictures {out / 'report.png'}, {out / 'history.png'}")
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
    _warn_of_rows(report["collection"])
    if as_json:
        say_json(report)
        return
    say(f"{report['collection']['name']}, {report['collection']['part']}; of {report['collection']['listed']:,} usable")
    _say_figures(report)
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
        say_json(card)
        return
    size = f"{card['image_size']} px, {card['weights_bytes'] / 1e6:.1f} MB"
    say(f"{card['network']}, {size}: {', '.join(card['classes'])}")
    data, explored = card["data"], card["data"]["exploration"]
    say(f"trained on {data['collection']}: {explored['total']:,} images, {explored['malformed']} names malformed")
    for remark in (*explored.get("left_out", ()), *explored.get("kept", ())):
        say(f"  {remark['count']:,} x {remark['reason']}")
    split = card["split"]
    counts = ", ".join(f"{part} {sum(classes.values()):,}" for part, classes in split["images"].items())
    say(f"split by seed {split['seed']}: {counts}")
    _say_figures(card["test"])
    say(f"\nfor: {card['intended_use']}")
    say(f"\nlimits: {card['limits']}")


def _warn_of_rows(facts: Mapping[str, Any]) -> None:
    """What a collection left out, and what it read otherwise than it is written."""
    for what, key in (("left out of the collection", "left_out"), ("in the collection", "kept")):
        warn_of(what, [from_json(Reason, remark, "the classifier's card") for remark in facts[key]])


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

    return TrainingWatch(progress=bar, epoch_done=epoch_done, said=tell)


def _say_figures(figures: dict[str, Any]) -> None:
    """Accuracy, and what it is for each class, age and gender."""
    accuracy, error = figures["accuracy"], figures["calibration_error"]
    say(
        f"on {figures['images']:,} images: accuracy {accuracy['rate']:.3f} (95 % interval {accuracy['low']:.3f} to "
        f"{accuracy['high']:.3f}), macro F1 {figures['macro_f1']:.3f}, calibration error {error['after']:.3f} "
        f"({error['before']:.3f} before)"
    )
    names = list(figures["classes"])
    rows = [[name, *(f"{value:,}" for value in row)] for name, row in zip(names, figures["confusion"], strict=True)]
    say_table(["given \\ predicted", *names], rows)
    rates = [(f"class {name}", _error(values["recall"])) for name, values in figures["classes"].items()]
    rates += [(f"age {band}", rate) for band, rate in figures["error_by_age"].items()]
    rates += [(name, rate) for name, rate in figures["error_by_gender"].items()]
    table = [
        [
            name,
            "-" if rate["rate"] is None else f"{rate['rate']:.1%}",
            f"{rate['low']:.1%} to {rate['high']:.1%}",
            f"{rate['of']:,}",
        ]
        for name, rate in rates
    ]
    say_table(["error of", "rate", "95 % interval", "images"], table)


def _error(recall: dict[str, Any]) -> dict[str, Any]:
    """The rate of error that belongs to a recall."""
    rate = recall["rate"]
    return {**recall, "rate": None if rate is None else 1 - rate, "low": 1 - recall["high"], "high": 1 - recall["low"]}
