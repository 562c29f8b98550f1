"""Networks of our own trainer, and facenet-pytorch's."""

from pathlib import Path

import torch

from ethnoshard._runtime import Runtime, choose_runtime
from ethnoshard.embedding._model import FaceModel, Images, Vectors
from ethnoshard.errors import EthnoshardError
from ethnoshard.runs import RunFolder, TrainedOn
from ethnoshard.shards import FaceDataset
from ethnoshard.training import (
    FaceEmbedder,
    facts_of,
    load_embedder,
    read_facts,
    read_record,
    run_embedder,
    start_from,
    weights_digest,
)

_INSIDE = "inside the network"
_FACENET = {"embedding": 512, "side": 160}
"""Of facenet-pytorch's downloadable networks, which saw faces of 182 pixels cut to 160."""


class TorchNetwork:
    """Runs an embedder on a device."""

    def __init__(self, embedder: FaceEmbedder, device: str) -> None:
        """Put it there.

        Raises:
            EthnoshardError: there is no such device.
        """
        try:
            self._device = torch.device(device)
            self._embedder = embedder.eval().to(self._device)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).partition("\n")[0]
            raise EthnoshardError(f"the device {device!r} can't be used ({reason}); cpu always can") from error

    def __call__(self, images: Images) -> Vectors:
        """(B, H, H, 3) uint8 RGB to (B, E) float32."""
        with torch.inference_mode():
            faces = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2)
            vectors: Vectors = self._embedder(faces).float().cpu().numpy()
        return vectors


def run_model(folder: Path, *, crop: int | None = None, runtime: Runtime, device: str = "cpu") -> FaceModel:
    """The network of a run folder: its last weights, or those of the newest checkpoint.

    Raises:
        EthnoshardError: it is not a run, or has no weights yet.
    """
    record = read_record(RunFolder(folder))
    progress = record["progress"]
    about = {
        **facts_of(record),
        "arm": str(record["arm"]),
        "seed": str(record["seed"]),
        "epoch": str(progress["epoch"]),
        "status": str(record["status"]),
    }
    name, people = folder.resolve().name, people_of_run(folder)
    return _model(run_embedder(folder), name, "run", about, crop, runtime, device, trained_on=people)


def weights_model(path: Path, *, crop: int | None = None, runtime: Runtime, device: str = "cpu") -> FaceModel:
    """A ``.safetensors`` file that ``ethnoshard export`` wrote.

    Raises:
        EthnoshardError: it is none.
    """
    run = RunFolder(path.parent)
    people = people_of_run(run.path) if path == run.weights_path and run.exists() else None
    return _model(
        load_embedder(path), path.stem, "safetensors", read_facts(path), crop, runtime, device, trained_on=people
    )


def downloaded_model(name: str, *, crop: int | None = None, runtime: Runtime, device: str = "cpu") -> FaceModel:
    """facenet-pytorch's network, "vggface2" or "casia-webface"; fetched once and kept where torch keeps such.

    Raises:
        EthnoshardError: it can't be fetched.
    """
    embedder = FaceEmbedder("inception_resnet_v1", **_FACENET)
    start_from(embedder, name)
    return _model(embedder, name, "facenet-pytorch", {"crop": str(_FACENET["side"])}, crop, runtime, device)


def _model(
    embedder: FaceEmbedder,
    name: str,
    kind: str,
    about: dict[str, str],
    crop: int | None,
    runtime: Runtime,
    device: str,
    *,
    trained_on: TrainedOn | None = None,
) -> FaceModel:
    broken = embedder.first_broken()
    if broken:
        raise EthnoshardError(f"{name}: the weights {broken} are not finite; the training went wrong")
    cut = int(about.get("crop", 0)) if crop is None else crop
    digest, network = weights_digest(embedder), None
    if runtime.name == "openvino":
        # Imported here: where it isn't installed nobody asks for it.
        from ethnoshard.embedding._openvino_network import OpenvinoNetwork

        network = OpenvinoNetwork.of(embedder)
    if network is None:
        runtime = choose_runtime("torch")
    return FaceModel(
        name=name,
        kind=kind,
        embedding=embedder.embedding,
        side=embedder.side,
        alignment="crop",
        crop=cut,
        normalise=_INSIDE,
        digest=digest,
        network=network or TorchNetwork(embedder, device),
        runtime=str(runtime),
        device=device.partition(":")[0],
        about={"backbone": embedder.backbone, **{key: value for key, value in about.items() if key != "crop"}},
        trained_on=trained_on,
    )


def people_of_run(folder: Path) -> TrainedOn | None:
    """Whose faces a run was trained on: as it keeps them, else those of its dataset, if that is where it was.

    Raises:
        EthnoshardError: it is not a run, or its list of people is damaged.
    """
    run = RunFolder(folder)
    dataset = run.record()["dataset"]
    fingerprint, place = str(dataset["fingerprint"]), dataset.get("path")
    kept = TrainedOn.read(run.people_path, fingerprint)
    # A run of before keeps nobody. Nothing is fetched for this from a remote place.
    if kept is not None or place is None or not (Path(place) / "dataset.json").is_file():
        return kept
    try:
        found = FaceDataset.open(place)
    except EthnoshardError:
        return None
    return (
        TrainedOn.of_names(found.identities["identity"].to_list(), fingerprint)
        if found.fingerprint == fingerprint
        else None
    )
