"""What runs a network: OpenVINO on a CPU where it is installed, else torch. The one place that knows of the choice.

OpenVINO runs our networks faster than torch on a core and needs less memory. Numbers differ by rounding between the
two, so what is made by one says so, and isn't gone on with by the other.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError

if TYPE_CHECKING:
    from openvino import Model

RuntimeName = Literal["openvino", "torch"]

Floats = NDArray[np.float32]

SLOWER = "OpenVINO is not installed: torch takes its place, which is slower; pip install 'ethnoshard[openvino]'"


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What runs a network.

    Attributes:
        name: "openvino" or "torch".
        version: of it.
    """

    name: RuntimeName
    version: str

    def __str__(self) -> str:
        """For records: "openvino 2026.4.1"."""
        return f"{self.name} {self.version}"


def choose_runtime(
    asked: RuntimeName | None = None, device: str = "cpu", *, log: Callable[[str], None] | None = None
) -> Runtime:
    """Decide what runs a network.

    =========  ==============  ================================
    asked      device          run-time
    =========  ==============  ================================
    None       cpu             OpenVINO, torch where it is missing (``log`` is told)
    None       any other       torch
    torch      any             torch
    openvino   cpu             OpenVINO, an error where it is missing
    openvino   any other       an error
    =========  ==============  ================================

    Args:
        asked: for one of them; None for the faster one.
        device: where the network is to run, as torch names it.
        log: told that the faster one is missing.

    Raises:
        EthnoshardError: the one asked for isn't known, isn't installed, or doesn't run there.
    """
    if asked is not None and asked not in get_args(RuntimeName):
        raise EthnoshardError(f"runtime is {' or '.join(get_args(RuntimeName))}; {asked!r} is neither")
    on_cpu, found = device.partition(":")[0] == "cpu", _version_of("openvino")
    if asked == "openvino" and not on_cpu:
        raise EthnoshardError(f"OpenVINO is used on a CPU alone, not on {device!r}; leave out --runtime")
    if asked == "openvino" and found is None:
        raise EthnoshardError("OpenVINO is not installed: pip install 'ethnoshard[openvino]', or say --runtime torch")
    if asked == "torch" or not on_cpu:
        return Runtime(name="torch", version=version("torch"))
    if found is None:
        if log is not None:
            log(SLOWER)
        return Runtime(name="torch", version=version("torch"))
    return Runtime(name="openvino", version=found)


def _version_of(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


_EXACT = {
    # Several processes of ours share the cores.
    "ENABLE_CPU_PINNING": False,
    # Where a processor has bfloat16, OpenVINO would take it by itself, and be off by a hundredth.
    "INFERENCE_PRECISION_HINT": "f32",
}


class Compiled:
    """A graph compiled by OpenVINO for this processor, in single precision.

    A call runs on one thread, so that sums don't depend on how many cores there are. Threads may call at the same time.
    """

    def __init__(self, graph: "Model", *, streams: int = 1) -> None:
        """Compile it, which takes a tenth of a second to a few seconds; ``streams`` calls run at the same time."""
        from ethnoshard._openvino import openvino

        threads = {"NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": streams}
        self._compiled: Any = openvino.Core().compile_model(graph, "CPU", {**_EXACT, **threads})
        self._outputs = len(self._compiled.outputs)
        self._own = threading.local()

    def __call__(self, *arrays: NDArray[np.generic]) -> list[Floats]:
        """Run it on C-contiguous arrays, one for each input.

        Returns:
            Its outputs. They lie in its own memory until this thread calls again: copy what is to be kept.
        """
        from ethnoshard._openvino import openvino

        request = getattr(self._own, "request", None)
        if request is None:
            request = self._own.request = self._compiled.create_infer_request()
            self._own.bound = [None] * len(arrays)
        # Arrays given to infer() itself take 60 us of Python a call, as long as a small network.
        for place, array in enumerate(arrays):
            if self._own.bound[place] is not array:
                request.set_input_tensor(place, openvino.Tensor(array, shared_memory=True))
                self._own.bound[place] = array
        found = request.infer(share_outputs=True)
        return [found[place] for place in range(self._outputs)]
