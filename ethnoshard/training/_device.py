"""Where a rank's network runs."""

import torch

from ethnoshard.errors import EthnoshardError
from ethnoshard.training._ranks import Ranks


def device_of(name: str, ranks: Ranks) -> torch.device:
    """A device by torch's name; "auto" takes a GPU where there is one, each rank its own.

    Raises:
        EthnoshardError: there is no such device.
    """
    if name == "auto":
        name = f"cuda:{ranks.local}" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise EthnoshardError(f"device is auto, cpu, cuda, cuda:1 ...; not {name!r}") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise EthnoshardError(f"device {name} needs a GPU that torch can use; there is none, so say --device cpu")
    return device
