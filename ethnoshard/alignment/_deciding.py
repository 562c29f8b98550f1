"""What decides the faces beside the photographs, and is on record in ``align.json``: settings, run-time, versions."""

from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version

from ethnoshard._runtime import Runtime, RuntimeName, choose_runtime
from ethnoshard.alignment._settings import AlignSettings
from ethnoshard.sources import Source, identity_starts
from ethnoshard.work import name_of_list

_PIXEL_DECIDING = ("ethnoshard", "numpy", "pillow")
"""Distributions whose version can change a pixel of a face, whatever found it."""

_FINDING = {"openvino": ("openvino",), "torch": ("torch", "torchvision", "facenet-pytorch")}
"""Those that can move a box, by run-time."""


def pixel_deciding(settings: AlignSettings, runtime: Runtime) -> dict[str, object]:
    """What decides the faces beside photographs and settings: run-time and versions; none where nothing is searched."""
    finding = () if settings.aligned else _FINDING[runtime.name]
    versions = {name: version(name) for name in (*_PIXEL_DECIDING, *finding)}
    return {"versions": versions} if settings.aligned else {"runtime": runtime.name, "versions": versions}


def chosen_runtime(
    settings: AlignSettings, asked: RuntimeName | None, device: str, log: Callable[[str], None] | None
) -> Runtime:
    """See ``choose_runtime``; that one is missing is told only where faces are searched for."""
    return choose_runtime(asked, device, log=None if settings.aligned else log)


def align_record(
    source: Source, digest: str, settings: AlignSettings, device: str, runtime: Runtime, parts: int
) -> dict[str, object]:
    """What decides the parts, for ``align.json``. JSON has no tuples, so that it can be compared with what is read."""
    plain = asdict(settings)
    plain["detector"]["thresholds"] = list(settings.detector.thresholds)
    return {
        "source": {
            "name": source.path.name,
            "kind": source.kind,
            "digest": digest,
            "images": len(source.refs),
            "identities": len(identity_starts(source.refs)),
            "skipped": {reason: len(names) for reason, names in source.skipped.items()},
            "form": source.form,
            "layout": source.reading.layout,
            "list": name_of_list(source.reading.table),
            "columns": dict(source.reading.columns),
            "given_by": {} if source.people is None else source.people.given_by,
        },
        "settings": plain,
        "device": device.partition(":")[0],
        "parts": parts,
        **pixel_deciding(settings, runtime),
    }
