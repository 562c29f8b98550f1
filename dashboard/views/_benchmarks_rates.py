"""Files that hold rates of contestants: alignment, packing, labelling."""

from collections.abc import Mapping
from typing import Any

_OURS = "ethnoshard"


def medians(content: Mapping[str, Any]) -> dict[str, tuple[float, float, float]]:
    """Contestant -> least, median and most of its rates."""
    return {str(name): _rate(rate) for name, rate in content["rates"].items()}


def alignment_title(content: Mapping[str, Any]) -> str:
    """Ours beside the best way to run the original."""
    ours, others = _split(content)
    if not ours or not others:
        return f"Alignment of {content['images']:,} images"
    return (
        f"ethnoshard align takes {max(ours) / max(others):.1f} times as many images a second as the best "
        "setting of facenet-pytorch"
    )


def alignment_note(content: Mapping[str, Any]) -> str:
    """Whether both find the same faces."""
    agreement = content.get("agreement")
    said = f"The first {content['images']:,} images; whiskers: least to most of the rounds."
    if agreement:
        said += (
            f" Of {agreement['faces']:,} faces of facenet-pytorch {100 * agreement['iou_0.98']:.2f} % have one of ours "
            "with an intersection over union of 0.98 or more."
        )
    return said


def packing_title(content: Mapping[str, Any]) -> str:
    """Faces and bytes a second."""
    median = float(content["rates"]["ethnoshard pack"]["median"])
    mib = median * float(content["bytes"]) / float(content["faces"]) / (1 << 20)
    return f"ethnoshard pack writes {median:,.0f} faces a second, {mib:,.0f} MiB/s"


def labelling_title(content: Mapping[str, Any]) -> str:
    """Faces a second."""
    return f"ethnoshard label looks at {float(content['rates']['ethnoshard label']['median']):,.0f} faces a second"


def _split(content: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    medians = {str(name): float(rate["median"]) for name, rate in content["rates"].items()}
    ours = [median for name, median in medians.items() if name.startswith(_OURS)]
    return ours, [median for name, median in medians.items() if not name.startswith(_OURS)]


def _rate(rate: Mapping[str, Any]) -> tuple[float, float, float]:
    return float(rate["least"]), float(rate["median"]), float(rate["most"])
