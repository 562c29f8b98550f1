"""What the machine is, and what it lacks."""

import importlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.gpu._checks import Emit, Setting, figure, nothing

MODULES = (
    "torch", "torchvision", "numpy", "scipy", "PIL", "polars", "msgspec", "simplejpeg", "facenet_pytorch",
    "safetensors", "filelock", "fsspec", "indexed_gzip", "fontTools", "threadpoolctl",
)  # fmt: skip
"""What the checks import, by what they import of us."""
_PACKAGES = {"PIL": "pillow", "facenet_pytorch": "facenet-pytorch"}


def machine(setting: Setting, emit: Emit) -> None:
    """Cores, the GPU, its memory, and a row for every module that can't be imported."""
    emit(figure("cores", len(os.sched_getaffinity(0)), ""))
    for name in MODULES:
        try:
            importlib.import_module(name)
        # Whatever a module does when it is imported beside another torch than it was built for.
        except Exception as error:  # noqa: BLE001
            emit(
                nothing(
                    f"module {name}", f"{type(error).__name__}: {error}; make gpu-kit carries what is known to lack"
                )
            )
    import torch

    if not torch.cuda.is_available():
        emit(nothing("GPU memory", "torch sees no GPU"))
        return
    free, total = torch.cuda.mem_get_info()
    emit(figure("GPU memory", total / 2**30, "GiB"))
    emit(figure("of it free", free / 2**30, "GiB"))


def about() -> dict[str, Any]:
    """Names and versions, for the record."""
    import torch

    facts: dict[str, Any] = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }
    # What float32 means in the figures of a step.
    facts["tf32_convolutions"] = torch.backends.cudnn.allow_tf32
    for name in MODULES:
        package = _PACKAGES.get(name, name)
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = None
    if torch.cuda.is_available():
        facts["gpu"] = torch.cuda.get_device_name()
        facts["capability"] = ".".join(map(str, torch.cuda.get_device_capability()))
        facts["nccl"] = ".".join(map(str, torch.cuda.nccl.version()))
    return facts
