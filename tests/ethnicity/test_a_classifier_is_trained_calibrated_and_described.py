"""Train, interrupt, go on, evaluate, describe; and a clear error for each thing that can be wrong with a model."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from ethnoshard.cli._main import app
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity import (
    EthnicityClassifier,
    Progress,
    TrainingWatch,
    TrainSettings,
    evaluate_classifier,
    read_card,
    train_classifier,
)
from ethnoshard.ethnicity._classifier import build_network, input_side
from ethnoshard.ethnicity._metrics import fit_temperature, measure, probabilities_of, reliability
from ethnoshard.evaluation import wilson
from ethnoshard.sources import Remark
from ethnoshard.synthetic import draw_face

# TensorBoard and what it brings use what Python is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")

SETTINGS = TrainSettings(epochs=2, batch=8)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn people under UTKFace's names; the class is the colour of a frame about the picture."""
    folder = tmp_path_factory.mktemp("utkface")
    for label in range(5):
        for image in range(12):
            face = draw_face(0, 12 * label + image, 0, group=image % 4, size=120)
            picture = Image.new(
                "RGB", (160, 160), [(230, 40, 40), (40, 230, 40), (40, 40, 230), (0, 0, 0), (250,) * 3][label]
            )
            picture.paste(Image.fromarray(face), (20, 20))
            picture.save(folder / f"{20 + image}_{image % 2}_{label}_2017{image:04d}.jpg.chip.jpg")
    (folder / "39_1_20170116174525125.jpg.chip.jpg").write_bytes(b"x")
    return folder


@pytest.fixture(scope="module")
def model(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "mine"
    train_classifier(collection, folder, SETTINGS, workers=1)
    return folder


def test_the_card_tells_the_data_the_split_and_the_figures(model: Path) -> None:
    card = json.loads((model / "card.json").read_text())
    assert card["data"]["exploration"]["by_class"] == dict.fromkeys(["White", "Black", "Asian", "Indian", "Others"], 12)
    assert card["data"]["exploration"]["malformed"] == 1
    assert {part: sum(counts.values()) for part, counts in card["split"]["images"].items()} == {
        "train": 35,
        "validation": 5,
        "test": 20,
    }
    assert card["test"]["images"] == 20 == sum(map(sum, card["test"]["confusion"]))
    assert card["weights_bytes"] < 8_000_000
    for name in ("history.json", "history.png", "report.png", "weights.safetensors"):
        assert (model / name).stat().st_size > 100
    assert list((model / "tensorboard").iterdir())
    assert not (model / "checkpoint.pt").exists()


def test_the_cards_metrics_are_reproduced_by_evaluate(model: Path, collection: Path, tmp_path: Path) -> None:
    report = evaluate_classifier(model, collection, tmp_path / "report", workers=1)
    card = json.loads((model / "card.json").read_text())
    assert report.collection.part == "test part of the collection that it was trained on"
    written = json.loads((tmp_path / "report" / "report.json").read_text())
    assert {name: written[name] for name in card["test"]} == card["test"]
    assert report.metrics == read_card(model).test
    everything = evaluate_classifier(model, collection, tmp_path / "all", everything=True, workers=1)
    assert everything.metrics.images == 60


def test_a_report_folder_holds_the_report_and_the_faces_are_in_the_cache(
    model: Path, collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told: list[tuple[int, int]] = []
    watch = TrainingWatch(progress=Progress(begun=lambda images, done: told.append((images, done))))
    command = ["classifier", "evaluate", str(model), str(collection), "--cache", "kept", "--workers", "1"]
    run = CliRunner().invoke(app, command)
    assert run.exit_code == 0, run.output
    assert sorted(
        str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*") if path.name != "digests.sqlite"
    ) == [
        "classifier-report/report.json",
        "classifier-report/report.png",
        "kept/aligned",
    ]
    evaluate_classifier(model, collection, "again", cache=Path("kept"), workers=1, watch=watch)
    assert told == [(60, 60)]
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == ["report.json", "report.png"]
    of_a_model = {"card.json", "history.json", "history.png", "report.png", "tensorboard", "weights.safetensors"}
    assert {path.name for path in model.iterdir()} == of_a_model


def test_an_interrupted_training_does_not_go_on_with_other_photographs(collection: Path, tmp_path: Path) -> None:
    folder, own = tmp_path / "broken", Path(shutil.copytree(collection, tmp_path / "collection"))

    def stop(line: dict[str, float]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_classifier(own, folder, SETTINGS, workers=1, watch=TrainingWatch(epoch_done=stop))
    photograph = min(own.glob("20_*.jpg"))
    photograph.write_bytes(photograph.read_bytes()[:-2] + b"\0\0")  # of the same size
    with pytest.raises(EthnoshardError, match="is of a run with other settings, data or weights"):
        train_classifier(own, folder, SETTINGS, workers=1)


def test_interrupted_training_goes_on_to_the_same_weights(collection: Path, model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "broken"

    def stop(line: dict[str, float]) -> None:
        if line["epoch"] == 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_classifier(collection, folder, SETTINGS, workers=1, watch=TrainingWatch(epoch_done=stop))
    with pytest.raises(EthnoshardError, match="is of a run with other settings"):
        train_classifier(collection, folder, TrainSettings(epochs=3, batch=8), workers=1)
    epochs: list[float] = []
    train_classifier(
        collection,
        folder,
        SETTINGS,
        workers=1,
        watch=TrainingWatch(epoch_done=lambda line: epochs.append(line["epoch"])),
    )
    assert epochs == [1]
    assert (folder / "weights.safetensors").read_bytes() == (model / "weights.safetensors").read_bytes()


def test_a_finished_model_is_not_trained_over(collection: Path, model: Path) -> None:
    with pytest.raises(EthnoshardError, match="holds a finished model"):
        train_classifier(collection, model, SETTINGS, workers=1)


def test_probabilities_are_calibrated_and_do_not_depend_on_the_batch(model: Path) -> None:
    classifier = EthnicityClassifier.load(model)
    faces = [draw_face(3, number, 0, group=number % 4, size=182) for number in range(40)]
    together = classifier.probabilities(faces)
    assert together.shape == (40, 5) and np.allclose(together.sum(1), 1, atol=1e-5)
    assert np.allclose(np.concatenate([classifier.probabilities([face]) for face in faces]), together, atol=1e-4)
    assert classifier.probabilities([]).shape == (0, 5)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda folder: (folder / "card.json").unlink(), "is not a model folder"),
        (lambda folder: (folder / "weights.safetensors").unlink(), "is missing"),
        (lambda folder: (folder / "weights.safetensors").write_bytes(b"\0" * 99), "is damaged, or of another model"),
        (lambda folder: (folder / "card.json").write_text('{"format": 9}'), "is of format 9"),
    ],
)
def test_a_broken_model_is_one_message(harm: Any, words: str, model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    harm(folder)
    with pytest.raises(EthnoshardError, match=words):
        EthnicityClassifier.load(folder)


def test_weights_to_start_from_must_fit(collection: Path, model: Path, tmp_path: Path) -> None:
    torch.save({"other": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(
        EthnoshardError, match=r"other\.pt is of another network: 0 of the \d+ tensors of the classifier"
    ):
        train_classifier(collection, tmp_path / "a", SETTINGS, init=tmp_path / "other.pt", workers=1)
    (tmp_path / "bad.safetensors").write_bytes(b"nonsense")
    with pytest.raises(EthnoshardError, match="holds no weights that can be read"):
        train_classifier(collection, tmp_path / "b", SETTINGS, init=tmp_path / "bad.safetensors", workers=1)
    with pytest.raises(EthnoshardError, match="no network is called 'abacus'"):
        train_classifier(collection, tmp_path / "c", TrainSettings(network="abacus"), workers=1)


def test_a_class_without_images_is_an_error_and_nothing_is_written(collection: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for path in collection.glob("*_[0-3]_2017*"):
        shutil.copy(path, few)
    with pytest.raises(EthnoshardError, match="class Others has no image"):
        train_classifier(few, tmp_path / "model", SETTINGS, workers=1)
    assert not (tmp_path / "model").exists()


def test_the_temperature_makes_confidence_mean_what_it_says() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, (20_000, 4))
    classes = np.array([rng.choice(4, p=row) for row in probabilities_of(honest)])
    assert fit_temperature(3 * honest, classes) == pytest.approx(3, rel=0.05)
    assert reliability(probabilities_of(3 * honest), classes).error > 0.1
    assert reliability(probabilities_of(3 * honest, 3), classes).error < 0.02


def test_the_metrics_are_those_of_the_definitions() -> None:
    logits = np.eye(3)[[0, 0, 1, 2, 2, 1]] * 9.0
    classes = np.array([0, 1, 1, 2, 0, 1])
    metrics = measure(
        logits,
        classes,
        ("a", "b", "c"),
        1.0,
        ages=np.array([5, 15, 15, 95, 40, 41]),
        genders=np.array([0, 1, 0, 1, 0, 1]),
    )
    assert metrics.confusion == ((1, 0, 1), (1, 2, 0), (0, 0, 1))
    assert metrics.accuracy.rate == pytest.approx(4 / 6)
    assert metrics.macro_f1 == pytest.approx(np.mean([1 / 2, 4 / 5, 2 / 3]))
    assert {band: rate.of for band, rate in metrics.error_by_age.items()} == {
        "0-9": 1,
        "10-19": 2,
        "40-49": 2,
        "80+": 1,
    }
    assert metrics.error_by_gender["male"].rate == pytest.approx(1 / 3)
    unknown = measure(
        logits,
        classes,
        ("a", "b", "c"),
        1.0,
        ages=np.array([5, -1, 15, 95, -1, 41]),
        genders=np.array([0, -1, 0, 1, 0, 1]),
    )
    assert (unknown.error_by_age["unknown"].rate, unknown.error_by_age["unknown"].of) == (1, 2)
    assert (unknown.error_by_gender["unknown"].of, unknown.error_by_gender["male"].of) == (1, 3)
    assert sum(rate.of for rate in unknown.error_by_age.values()) == 6
    assert unknown.accuracy == metrics.accuracy
    low, high = wilson(516, 1000)  # as any statistics package gives it
    assert (low, high) == (pytest.approx(0.48503, abs=1e-4), pytest.approx(0.54684, abs=1e-4))


def test_another_collections_classes_are_mapped(model: Path, collection: Path, tmp_path: Path) -> None:
    fairface = tmp_path / "fairface"
    (fairface / "val").mkdir(parents=True)
    races = {"0": "White", "1": "Black", "2": "Southeast Asian", "3": "Indian", "4": "Middle Eastern"}
    rows = ["file,age,gender,race,service_test"]
    for number, path in enumerate(sorted(collection.glob("*_[01]_[0-4]_2017*"))[::4]):
        shutil.copy(path, fairface / "val" / f"{number}.jpg")
        rows.append(f"val/{number}.jpg,20-29,Male,{races[path.name.split('_')[2]]},False")
    rows[1] = rows[1].replace("20-29", "9-Mar").replace("Male", "")
    table = fairface / "fairface_label_val.csv"
    table.write_text("\n".join([*rows, "val/x.jpg,20-29,Male,White,False"]) + "\n")
    report = evaluate_classifier(model, fairface, tmp_path / "report", workers=1)
    given = {name: of.recall.of for name, of in report.metrics.classes.items()}
    races_of = [row.split(",")[3] for row in rows[1:]]
    assert given["Asian"] == races_of.count("Southeast Asian") > 0
    assert given["Others"] == races_of.count("Middle Eastern") > 0
    facts = report.collection
    assert facts.part == "all images of a collection that it was not trained on"
    assert report.metrics.images == facts.listed == len(rows) - 1
    first = f"{table.name}, line {len(rows) + 1}: val/x.jpg"
    assert facts.left_out == (Remark(reason="the row's image is not there", count=1, first=first),)
    assert [(one.count, one.first) for one in facts.kept] == [
        (1, f"{table.name}, line 2: '9-Mar' is 3-9"),
        (1, f"{table.name}, line 2: ''"),
    ]
    assert report.metrics.error_by_gender["unknown"].of == report.metrics.error_by_age["0-9"].of == 1


def test_the_learning_rate_is_searched_on_validation(collection: Path, tmp_path: Path) -> None:
    settings = TrainSettings(epochs=1, batch=32, search=(1e-4, 1e-2))
    card = train_classifier(collection, tmp_path / "model", settings, workers=1)
    tried = card.training["tried_learning_rates"]
    assert isinstance(tried, list)
    assert [line["learning_rate"] for line in tried] == pytest.approx(np.geomspace(1e-4, 1e-2, 5))
    best = max(line["validation_accuracy"] for line in tried)
    chosen = card.training["learning_rate"]
    assert best in [line["validation_accuracy"] for line in tried if line["learning_rate"] == chosen]


def test_the_network_of_kalinga_2020_and_torchvisions_are_there_by_name() -> None:
    with torch.device("meta"):
        vgg = build_network("vgg16", 5)
    assert vgg.classifier[-1].out_features == 5 and input_side("vgg16") == 224
    small = build_network("mobilenet_v3_small", 5).eval()
    with torch.inference_mode():
        assert small(torch.zeros(2, 3, 224, 224)).shape == (2, 5)


def test_an_onnx_file_that_is_none_is_one_message(collection: Path, tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(io.BytesIO(b"nonsense").getvalue() * 20)
    with pytest.raises(EthnoshardError, match=r"x\.onnx is no ONNX file"):
        train_classifier(collection, tmp_path / "model", SETTINGS, init=tmp_path / "x.onnx", workers=1)
