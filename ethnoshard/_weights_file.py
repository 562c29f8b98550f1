"""Weights in files of any program: read without running code, and matched whatever their names begin with."""

import pickle
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ethnoshard.errors import EthnoshardError

_INSIDE = ("state_dict", "model_state_dict", "model", "network", "net", "backbone", "weights")
"""Under which a checkpoint holds the weights beside its optimizer's state, its epoch and so on."""
_COMPILED = "_orig_mod."
"""Put into names by torch.compile, wherever the compiled module is."""
_DEPTH = 4
"""Parts of a name that wrappers may have put before it."""


class Matched(NamedTuple):
    """Which tensors of a file a network takes.

    Attributes:
        tensors: by the network's names; each of the network's shape.
        prefix: what was taken off the names in the file.
        left_over: names in the file that the network has not, or not in this shape.
    """

    tensors: dict[str, Tensor]
    prefix: str
    left_over: list[str]

    def sentence(self, source: str) -> str | None:
        """What a user should know of ``source``; None where all went as its names say."""
        told = [f"{self.prefix!r} is taken off the names"] if self.prefix else []
        if self.left_over:
            told.append(f"{len(self.left_over):,} of its tensors are not used, such as {self.left_over[0]}")
        return f"{source}: {'; '.join(told)}" if told else None


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors by name, of a ``.safetensors`` file or one that torch saved, on the CPU; no code in it is run.

    Raises:
        EthnoshardError: it can't be read, or holds no tensors by name.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise EthnoshardError(
            f"{path} holds no weights that can be read: it holds objects besides tensors, or is not a file of torch's "
            f"({first_line(error)}). Where the network was made, torch.save(network.state_dict(), FILE) writes tensors "
            "alone"
        ) from error
    except (SafetensorError, OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise EthnoshardError(f"{path} holds no weights that can be read ({first_line(error)})") from error
    while inner := _inner(content):
        content = inner
    tensors = (
        {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
        if (isinstance(content, Mapping))
        else {}
    )
    if not tensors:
        raise EthnoshardError(f"{path} holds no tensors by name")
    return tensors


def matched(given: Mapping[str, Tensor], own: Mapping[str, Tensor], inside: str = "") -> Matched:
    """Find a network's tensors among those of a file, whatever wrapper put something before all their names.

    DataParallel writes ``module.``, torch.compile ``_orig_mod.``, Lightning the attribute's name (``model.``), and
    they come together. Of all beginnings the one is taken off with which most of the network's weights are there.

    Args:
        given: of the file, by name.
        own: of the network, by name.
        inside: a beginning of the network's own names that the file's may lack.
    """
    names = {name.replace(_COMPILED, ""): name for name in given}
    best: tuple[int, int, str, dict[str, str]] | None = None
    for prefix in _beginnings(names):
        for added in dict.fromkeys(("", inside)):
            found = {
                added + name[len(prefix) :]: original
                for name, original in names.items()
                if name.startswith(prefix) and _fits(own, added + name[len(prefix) :], given[original])
            }
            weights = sum(own[name].numel() for name in found)
            if best is None or (weights, -len(prefix)) > best[:2]:
                best = (weights, -len(prefix), prefix, found)
    _, _, prefix, found = best or (0, 0, "", {})
    taken = set(found.values())
    compiled = _COMPILED if any(_COMPILED in name for name in taken) else ""
    return Matched(
        tensors={name: given[original] for name, original in found.items()},
        prefix=f"{prefix}{compiled}" if found else "",
        left_over=[name for name in given if name not in taken],
    )


def copy_weights(
    network: nn.Module,
    given: Mapping[str, Tensor],
    source: str,
    *,
    network_name: str,
    inside: str = "",
    least_share: float = 0.0,
    log: Callable[[str], None] = lambda text: None,
) -> set[str]:
    """Copy into a network those weights of a file that fit it, see :func:`matched`.

    Args:
        network: changed in place.
        given: of the file, by name.
        source: what the file is called in messages.
        network_name: what the network is called in messages.
        inside: a beginning of the network's own names that the file's may lack.
        least_share: of the network's weights, 0 to 1, below which the file is of another network.
        log: told what was taken off the names, and how many tensors of the file are not used.

    Returns:
        The network's names of the tensors that were copied.

    Raises:
        EthnoshardError: too few fit, or some are not finite.
    """
    own = network.state_dict()
    found = matched(given, own, inside)
    fitting = sum(own[name].numel() for name in found.tensors)
    if not found.tensors or fitting < least_share * sum(value.numel() for value in own.values()):
        raise EthnoshardError(
            f"{source} is of another network: {len(found.tensors)} of the {len(own)} tensors of {network_name} are in "
            f"it. It names, for example, {next(iter(given), None)}; "
            f"the network has {next(iter(own)).removeprefix(inside)}"
        )
    broken = sum(int((~torch.isfinite(value)).sum()) for value in found.tensors.values())
    if broken:
        raise EthnoshardError(
            f"{source} holds {broken:,} weights that are not finite; nothing can be learned from them"
        )
    network.load_state_dict(found.tensors, strict=False)
    if (sentence := found.sentence(source)) is not None:
        log(sentence)
    return set(found.tensors)


def first_line(error: BaseException) -> str:
    """Of an exception's text."""
    return str(error).partition("\n")[0] or type(error).__name__


def _inner(content: object) -> Mapping[str, object] | None:
    if not isinstance(content, Mapping):
        return None
    return next((content[key] for key in _INSIDE if isinstance(content.get(key), Mapping)), None)


def _beginnings(names: Mapping[str, str]) -> Iterator[str]:
    """All that names begin with up to a dot, nothing first, in the order of the names."""
    found = {"": None}
    for name in names:
        parts = name.split(".")
        for depth in range(1, min(_DEPTH + 1, len(parts))):
            found[".".join(parts[:depth]) + "."] = None
    yield from found


def _fits(own: Mapping[str, Tensor], name: str, value: Tensor) -> bool:
    return name in own and own[name].shape == value.shape
