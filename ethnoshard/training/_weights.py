"""A network's weights: to start from, and to give away."""

import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ethnoshard._command import command
from ethnoshard._downloads import DOWNLOADABLE, downloaded
from ethnoshard._files import whole_file
from ethnoshard._weights_file import copy_weights, first_line, read_tensors
from ethnoshard.errors import EthnoshardError
from ethnoshard.mixing import hashed
from ethnoshard.runs import RunFolder
from ethnoshard.training._checkpoints import Checkpoints
from ethnoshard.training._embedder import FaceEmbedder
from ethnoshard.training._record import TrainingRecord, network_settings, read_record
from ethnoshard.training._settings import TrainingSettings

_PREFIX = "network."
_FACTS = "ethnoshard"
"""Under which the facts lie in a file's metadata, as JSON."""
_CHANCE = 20
"""What the weights at the start use chance for; steps have 21."""


def start_from(embedder: FaceEmbedder, init: str, log: Callable[[str], None] = lambda text: None) -> list[str]:
    """Copy weights into ``embedder``, by names and shapes; what wrappers put before all names is taken off.

    Args:
        embedder: whose weights are changed.
        init: a ``.safetensors`` file, a ``.pt`` file of tensors, or "vggface2" or "casia-webface", which
            facenet-pytorch downloads for ``inception_resnet_v1``.
        log: told what was taken off the names, and how many tensors of the file are not used.

    Returns:
        Names of tensors that ``init`` doesn't give, or gives in another shape: the last layer, where the length of
        the embedding is another one.

    Raises:
        EthnoshardError: it can't be had, fits less than half of the network, or holds numbers that are not finite.
    """
    if init in DOWNLOADABLE:
        if embedder.backbone != "inception_resnet_v1":
            raise EthnoshardError(
                f"{init} are weights of inception_resnet_v1; {embedder.backbone} can't start from them"
            )
        tensors = downloaded(init)
    else:
        tensors = read_weights(Path(init))
    copied = copy_weights(
        embedder, tensors, init, network_name=embedder.backbone, inside=_PREFIX, least_share=0.5, log=log
    )
    return sorted(embedder.state_dict().keys() - copied)


def starting_embedder(settings: TrainingSettings, log: Callable[[str], None]) -> FaceEmbedder:
    """The network with the weights that a seed starts from, whatever the target.

    Args:
        settings: of a training.
        log: told which tensors ``init`` doesn't give, and what :func:`start_from` has to say.

    Raises:
        EthnoshardError: as :func:`start_from`.
    """
    before = torch.get_rng_state()
    torch.manual_seed(int(hashed(settings.seed, _CHANCE)[0] >> np.uint64(1)))
    embedder = FaceEmbedder(settings.backbone, embedding=settings.embedding, side=settings.side or None)
    torch.set_rng_state(before)
    if settings.init:
        missing = start_from(embedder, settings.init, log)
        if missing:
            log(f"{settings.init} does not give {len(missing)} tensors, such as {missing[-1]}; they are random")
    return embedder


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by name, of a ``.safetensors`` file or one that torch saved; no code in it is run.

    Raises:
        EthnoshardError: it is not there, or neither.
    """
    if not path.is_file():
        names = " or ".join(DOWNLOADABLE)
        raise EthnoshardError(f"{path} is not there: give a file of weights, or {names} to have them downloaded")
    return read_tensors(path)


def save_weights(embedder: FaceEmbedder, path: Path, facts: dict[str, str]) -> None:
    """Write ``.safetensors`` whose metadata holds, under "ethnoshard", ``facts`` and the embedder's as JSON.

    Raises:
        EthnoshardError: the disk is full or can't be written.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in embedder.state_dict().items()}
    with whole_file(path) as file:
        # All in one: safetensors writes several in an order that changes.
        file.write(save(tensors, {_FACTS: json.dumps({**embedder.facts, **facts})}))


def facts_of(record: TrainingRecord) -> dict[str, str]:
    """What a run's record says that is good to know with its weights: which part of an aligned face they look at."""
    dataset = record["dataset"]
    crop = network_settings(record).crop or dataset["image_size"]
    return {"fingerprint": str(dataset["fingerprint"]), "face": str(dataset["image_size"]), "crop": str(crop)}


def load_embedder(path: Path) -> FaceEmbedder:
    """The network of a file that :func:`save_weights` wrote, ready to use.

    Raises:
        EthnoshardError: it is not there, or says nothing of its network.
    """
    facts = read_facts(path)
    if not {"backbone", "embedding", "side"} <= facts.keys():
        raise EthnoshardError(f"{path} does not say which network it is of; ethnoshard export writes files that do")
    embedder = FaceEmbedder(facts["backbone"], embedding=int(facts["embedding"]), side=int(facts["side"]))
    missing = start_from(embedder, str(path))
    if missing:
        raise EthnoshardError(f"{path} lacks {len(missing)} tensors of {facts['backbone']}, such as {missing[0]}")
    return embedder.eval()


def read_facts(path: Path) -> dict[str, str]:
    """What a file of :func:`save_weights` says of its network; nothing, if another program wrote it.

    Raises:
        EthnoshardError: it is not there, or no safetensors.
    """
    try:
        with safe_open(path, framework="pt") as file:
            facts: dict[str, str] = json.loads((file.metadata() or {}).get(_FACTS, "{}"))
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise EthnoshardError(f"{path} holds no weights that can be read ({first_line(error)})") from error
    return facts


def run_embedder(folder: Path) -> FaceEmbedder:
    """The network of a run: its last weights if it is finished, else those of the newest checkpoint.

    Raises:
        EthnoshardError: it is not a run, or has no checkpoint yet.
    """
    run = RunFolder(folder)
    settings = network_settings(read_record(run))
    if run.weights_path.exists():
        return load_embedder(run.weights_path)
    checkpoint = Checkpoints(run.checkpoints, keep=1).newest(lambda text: None)
    if checkpoint is None:
        again = command("train", "--resume", "--out", folder)
        raise EthnoshardError(f"{folder} has neither weights nor a checkpoint yet; `{again}` goes on with it")
    embedder = FaceEmbedder(settings.backbone, embedding=settings.embedding, side=settings.side or None)
    embedder.load_state_dict(checkpoint["network"])
    return embedder.eval()


def export(folder: Path, path: Path) -> FaceEmbedder:
    """Write the network of a run as ``.safetensors`` or ``.onnx``.

    The ONNX graph takes (N, 3, S, S) float32 RGB of 0 to 255, and gives (N, E) of length 1; N is free.

    Raises:
        EthnoshardError: the name ends otherwise, the package onnx is missing, or the disk is full.
    """
    if path.suffix not in (".onnx", ".safetensors"):
        raise EthnoshardError(f"{path} should end in .onnx or .safetensors, which says what to write")
    embedder = run_embedder(folder)
    facts = facts_of(read_record(RunFolder(folder)))
    if path.suffix == ".safetensors":
        save_weights(embedder, path, facts)
        return embedder
    content = _onnx(embedder, {**embedder.facts, **facts})
    with whole_file(path) as file:
        file.write(content)
    return embedder


def _onnx(embedder: FaceEmbedder, facts: dict[str, str]) -> bytes:
    try:
        import onnx
    except ImportError as error:
        raise EthnoshardError("writing ONNX needs the package onnx: pip install 'ethnoshard[onnx]'") from error
    buffer = io.BytesIO()
    faces = torch.zeros(2, 3, embedder.side, embedder.side)
    with warnings.catch_warnings():
        # The newer exporter needs one more package, and warns of the older one.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            embedder,
            (faces,),
            buffer,  # type: ignore[arg-type]
            input_names=["faces"],
            output_names=["embeddings"],
            dynamic_axes={"faces": {0: "n"}, "embeddings": {0: "n"}},
            dynamo=False,
        )
    model = onnx.load_from_string(buffer.getvalue())
    onnx.helper.set_model_props(model, facts)
    content: bytes = model.SerializeToString()
    return content
