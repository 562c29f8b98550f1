"""From what the user calls a model to a model."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from ethnoshard._checks import check_number
from ethnoshard._downloads import DOWNLOADABLE
from ethnoshard._runtime import RuntimeName, choose_runtime
from ethnoshard.embedding._model import Alignment, FaceModel
from ethnoshard.errors import EthnoshardError

_WANTED = f"a run folder, a .safetensors or .onnx file, or one of facenet-pytorch's names ({', '.join(DOWNLOADABLE)})"


def load_model(
    model: str | Path,
    *,
    alignment: Alignment | None = None,
    normalise: str | None = None,
    crop: int | None = None,
    device: str = "cpu",
    runtime: RuntimeName | None = None,
    log: Callable[[str], None] = lambda text: None,
) -> FaceModel:
    """Load any model.

    ==========================  ============================  =====================================
    given                       alignment                     pixels
    ==========================  ============================  =====================================
    run folder, .safetensors    crop, as it was trained       scaled inside
    .onnx of ethnoshard         the same                      scaled inside
    any other .onnx             five-point, or as said        ``normalise``, else as its graph tells
    vggface2, casia-webface     crop of 160                   scaled inside
    ==========================  ============================  =====================================

    Args:
        model: see the table.
        alignment: "crop" or "five-point", for an ONNX file that isn't ours.
        normalise: how such a file's pixels are scaled: one of ``NORMALISATIONS``, with "-bgr" at its end for blue
            first.
        crop: side of the square cut from the middle of a face, if not the one that the model was trained with.
        device: where torch's networks run; ONNX runs on the CPU.
        runtime: what runs them, but for ONNX: by default OpenVINO on a CPU where it is installed, else torch, which
            also runs a network with a layer that isn't translated.
        log: told that OpenVINO is missing, and where ``normalise`` contradicts what an ONNX graph does itself; it is
            obeyed.

    Raises:
        EthnoshardError: there is no such model, it is damaged, or the options don't fit it.
    """
    if crop is not None:
        check_number("crop", crop, at_least=0, unit="px")
    if alignment is not None and alignment not in get_args(Alignment):
        raise EthnoshardError(f"alignment is {' or '.join(get_args(Alignment))}; {alignment!r} is neither")
    path = Path(model)
    if path.suffix == ".onnx" and path.is_file():
        from ethnoshard.embedding._onnx import onnx_model

        return onnx_model(path, alignment=alignment, normalise=normalise, crop=crop, log=log)
    named = str(model) in DOWNLOADABLE and not path.exists()
    if not (named or path.is_dir() or (path.suffix == ".safetensors" and path.is_file())):
        what = "is of an unknown kind" if path.exists() else "is not there"
        raise EthnoshardError(f"the model {model} {what}; give {_WANTED}")
    if alignment == "five-point" or normalise is not None:
        raise EthnoshardError(f"{model} knows how its faces are aligned and scaled; only ONNX files of others are told")
    from ethnoshard.embedding import _torch_model

    chosen = choose_runtime(runtime, device, log=log)
    if named:
        return _torch_model.downloaded_model(str(model), crop=crop, runtime=chosen, device=device)
    if path.is_dir():
        return _torch_model.run_model(path, crop=crop, runtime=chosen, device=device)
    return _torch_model.weights_model(path, crop=crop, runtime=chosen, device=device)
