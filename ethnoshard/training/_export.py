"""A run's network for other programs: safetensors, and ONNX."""

import io
import warnings
from pathlib import Path

import torch

from ethnoshard._command import command
from ethnoshard._files import whole_file
from ethnoshard.errors import EthnoshardError
from ethnoshard.runs import RunFolder
from ethnoshard.training._checkpoints import Checkpoints
from ethnoshard.training._embedder import FaceEmbedder
from ethnoshard.training._weights import facts_of, load_embedder, save_weights


def run_embedder(folder: Path) -> FaceEmbedder:
    """The network of a run: its last weights if it is finished, else those of the newest checkpoint.

    Raises:
        EthnoshardError: it is no run, or has no checkpoint yet.
    """
    run = RunFolder(folder)
    settings = run.record()["settings"]
    if run.weights_path.exists():
        return load_embedder(run.weights_path)
    checkpoint = Checkpoints(run.checkpoints, keep=1).newest(lambda text: None)
    if checkpoint is None:
        again = command("train", "--resume", "--out", folder)
        raise EthnoshardError(f"{folder} has neither weights nor a checkpoint yet; `{again}` goes on with it")
    embedder = FaceEmbedder(settings["backbone"], embedding=settings["embedding"], side=settings["side"] or None)
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
    facts = facts_of(RunFolder(folder).record())
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
